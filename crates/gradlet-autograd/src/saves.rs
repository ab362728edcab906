//! [`Saves`]: the tensors that an operation may keep for its gradient.

use gradlet_tensor::{Float, Tensor};

use crate::op::{Arity, Of, Op, Want};
use crate::record::History;
use crate::var::Var;

/// The tensors that an operation keeps for its gradient; all others may be freed.
pub trait Saves: 'static {
    /// The tensors that are kept.
    type Stored<T: Float, A: Arity>;
    /// The same tensors as `backward` gets them: with their histories, if the gradient is recorded too.
    type View<T: Float, A: Arity>;

    /// Picks the tensors to keep.
    #[doc(hidden)]
    fn store<T: Float, O: Op<T, Saves = Self>>(
        op: &O,
        inputs: &Of<O::Arity, &Var<T>>,
        output: &Tensor<T>,
    ) -> Self::Stored<T, O::Arity>;

    /// Second handles to the same tensors, for a graph that stays after it is walked.
    #[doc(hidden)]
    fn share<T: Float, A: Arity>(stored: &Self::Stored<T, A>) -> Self::Stored<T, A>;

    /// Calls `see` with each tensor that is kept.
    #[doc(hidden)]
    fn each<T: Float, A: Arity>(stored: &Self::Stored<T, A>, see: &mut dyn FnMut(&Tensor<T>));

    /// The kept tensors as Vars with these histories.
    #[doc(hidden)]
    fn view<T: Float, A: Arity>(
        stored: Self::Stored<T, A>,
        input: impl FnMut(usize) -> History<T>,
        output: impl FnOnce() -> History<T>,
    ) -> Self::View<T, A>;
}

/// [`Saves`] that keep no input, so that inputs may be given away: [`Nothing`], or the [`Output`].
pub trait SavesNoInput: Saves {
    /// Picks the tensors to keep.
    #[doc(hidden)]
    fn store_output<T: Float, A: Arity>(output: &Tensor<T>) -> Self::Stored<T, A>;
}

/// Keeps nothing.
#[derive(Debug)]
pub struct Nothing;

impl SavesNoInput for Nothing {
    #[inline]
    fn store_output<T: Float, A: Arity>(_: &Tensor<T>) {}
}

impl Saves for Nothing {
    type Stored<T: Float, A: Arity> = ();
    type View<T: Float, A: Arity> = ();

    #[inline]
    fn store<T: Float, O: Op<T, Saves = Self>>(_: &O, _: &Of<O::Arity, &Var<T>>, _: &Tensor<T>) {}

    fn share<T: Float, A: Arity>((): &()) {}

    fn each<T: Float, A: Arity>((): &(), _: &mut dyn FnMut(&Tensor<T>)) {}

    #[inline]
    fn view<T: Float, A: Arity>(
        (): (),
        _: impl FnMut(usize) -> History<T>,
        _: impl FnOnce() -> History<T>,
    ) {
    }
}

/// Keeps all inputs.
#[derive(Debug)]
pub struct Inputs;

impl Saves for Inputs {
    type Stored<T: Float, A: Arity> = Of<A, Tensor<T>>;
    type View<T: Float, A: Arity> = Of<A, Var<T>>;

    #[inline]
    fn store<T: Float, O: Op<T, Saves = Self>>(
        _: &O,
        inputs: &Of<O::Arity, &Var<T>>,
        _: &Tensor<T>,
    ) -> Of<O::Arity, Tensor<T>> {
        let inputs = O::Arity::as_slice(inputs);
        O::Arity::from_fn(inputs.len(), |i| inputs[i].tensor.clone())
    }

    fn share<T: Float, A: Arity>(stored: &Of<A, Tensor<T>>) -> Of<A, Tensor<T>> {
        let stored = A::as_slice(stored);
        A::from_fn(stored.len(), |i| stored[i].clone())
    }

    fn each<T: Float, A: Arity>(stored: &Of<A, Tensor<T>>, see: &mut dyn FnMut(&Tensor<T>)) {
        A::as_slice(stored).iter().for_each(see);
    }

    #[inline]
    fn view<T: Float, A: Arity>(
        stored: Of<A, Tensor<T>>,
        mut input: impl FnMut(usize) -> History<T>,
        _: impl FnOnce() -> History<T>,
    ) -> Of<A, Var<T>> {
        let mut i = 0;
        A::map(stored, |tensor| {
            i += 1;
            Var {
                tensor,
                history: input(i - 1),
            }
        })
    }
}

/// Keeps the inputs that [`Op::keeps`] names.
#[derive(Debug)]
pub struct SomeInputs;

impl Saves for SomeInputs {
    type Stored<T: Float, A: Arity> = Of<A, Option<Tensor<T>>>;
    type View<T: Float, A: Arity> = Of<A, Option<Var<T>>>;

    #[inline]
    fn store<T: Float, O: Op<T, Saves = Self>>(
        op: &O,
        inputs: &Of<O::Arity, &Var<T>>,
        _: &Tensor<T>,
    ) -> Of<O::Arity, Option<Tensor<T>>> {
        let inputs = O::Arity::as_slice(inputs);
        let wants = O::Arity::from_fn(inputs.len(), |i| Want(inputs[i].is_tracked()));
        let keeps = op.keeps(&wants);
        let keeps = O::Arity::as_slice(&keeps);
        O::Arity::from_fn(inputs.len(), |i| keeps[i].then(|| inputs[i].tensor.clone()))
    }

    fn share<T: Float, A: Arity>(stored: &Of<A, Option<Tensor<T>>>) -> Of<A, Option<Tensor<T>>> {
        let stored = A::as_slice(stored);
        A::from_fn(stored.len(), |i| stored[i].clone())
    }

    fn each<T: Float, A: Arity>(
        stored: &Of<A, Option<Tensor<T>>>,
        see: &mut dyn FnMut(&Tensor<T>),
    ) {
        A::as_slice(stored).iter().flatten().for_each(see);
    }

    #[inline]
    fn view<T: Float, A: Arity>(
        stored: Of<A, Option<Tensor<T>>>,
        mut input: impl FnMut(usize) -> History<T>,
        _: impl FnOnce() -> History<T>,
    ) -> Of<A, Option<Var<T>>> {
        let mut i = 0;
        A::map(stored, |tensor| {
            i += 1;
            tensor.map(|tensor| Var {
                tensor,
                history: input(i - 1),
            })
        })
    }
}

/// Keeps the output.
#[derive(Debug)]
pub struct Output;

impl SavesNoInput for Output {
    #[inline]
    fn store_output<T: Float, A: Arity>(output: &Tensor<T>) -> Tensor<T> {
        output.clone()
    }
}

impl Saves for Output {
    type Stored<T: Float, A: Arity> = Tensor<T>;
    type View<T: Float, A: Arity> = Var<T>;

    #[inline]
    fn store<T: Float, O: Op<T, Saves = Self>>(
        _: &O,
        _: &Of<O::Arity, &Var<T>>,
        output: &Tensor<T>,
    ) -> Tensor<T> {
        Self::store_output::<T, O::Arity>(output)
    }

    fn share<T: Float, A: Arity>(stored: &Tensor<T>) -> Tensor<T> {
        stored.clone()
    }

    fn each<T: Float, A: Arity>(stored: &Tensor<T>, see: &mut dyn FnMut(&Tensor<T>)) {
        see(stored);
    }

    #[inline]
    fn view<T: Float, A: Arity>(
        tensor: Tensor<T>,
        _: impl FnMut(usize) -> History<T>,
        output: impl FnOnce() -> History<T>,
    ) -> Var<T> {
        Var {
            tensor,
            history: output(),
        }
    }
}
