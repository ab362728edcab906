//! [`Op`]: an operation with its value and its gradient, and what it may keep for the latter.

use std::fmt::Debug;

use gradlet_tensor::{Float, Result, Tensor};

use crate::part::Part;
use crate::record::{self, History};
use crate::var::Var;

/// A differentiable operation: its value, and directly below it its gradient.
///
/// The gradient is written in `Var`s, so that it can be differentiated again. It is linear in `g`, and has for each
/// input the gradient in that input's shape. Implement it for a type that holds the operation's attributes and call
/// [`apply`](Op::apply).
///
/// # Example
///
/// ```
/// use gradlet_autograd::{Fixed, Inputs, Op, Result, Tensor, Var, Want, gradcheck};
///
/// /// y = x^3
/// #[derive(Debug)]
/// struct Cube;
///
/// impl Op<f64> for Cube {
///     type Arity = Fixed<1>;
///     type Saves = Inputs;
///
///     fn forward(&mut self, [x]: [&Tensor<f64>; 1]) -> Result<Tensor<f64>> {
///         Ok(x.powi(3))
///     }
///
///     /// dx = 3 x^2 g
///     fn backward(&self, g: Var<f64>, [x]: [Var<f64>; 1], _: [Want; 1]) -> Result<[Option<Var<f64>>; 1]> {
///         Ok([Some(g * x.powi(2) * 3.0)])
///     }
/// }
///
/// # fn main() -> Result<()> {
/// let x = Tensor::from_vec([1.0, -2.0], [2])?;
/// gradcheck(|x| Cube.apply([&x[0]]), &[x])?;
/// # Ok(())
/// # }
/// ```
pub trait Op<T: Float>: Debug + Sized + 'static {
    /// How many inputs there are: [`Fixed`] or [`Many`].
    type Arity: Arity;
    /// What the gradient needs: [`Nothing`], [`Inputs`], [`SomeInputs`] or the [`Output`].
    type Saves: Saves;

    /// The value; may keep in `self` what it computed on the way.
    #[track_caller]
    fn forward(&mut self, inputs: Of<Self::Arity, &Tensor<T>>) -> Result<Tensor<T>>;

    /// The value, for inputs that the caller gives away: where one's memory is not shared, the value may be written there.
    ///
    /// # Errors
    ///
    /// What `forward` returns.
    #[track_caller]
    #[inline]
    fn forward_owned(&mut self, inputs: Of<Self::Arity, Tensor<T>>) -> Result<Tensor<T>> {
        self.forward(Self::Arity::from_fn(inputs.as_ref().len(), |i| {
            &inputs.as_ref()[i]
        }))
    }

    /// The gradient of each wanted input, given the gradient `g` of the output and what was saved.
    fn backward(
        &self,
        g: Var<T>,
        saved: View<Self, T>,
        wants: Of<Self::Arity, Want>,
    ) -> Result<Of<Self::Arity, Option<Var<T>>>>;

    /// Where `g` stands in the input's gradient, for an operation whose value is a part of its only input. With recording
    /// off, `g` is added there to what other operations gave, and `backward` is not called: many parts of one input then
    /// cost as much as the input, not each of them.
    #[doc(hidden)]
    fn part(&self) -> Option<Part> {
        None
    }

    /// For [`SomeInputs`]: which inputs to keep, given whose gradients are wanted.
    fn keeps(&self, wants: &Of<Self::Arity, Want>) -> Of<Self::Arity, bool> {
        Self::Arity::from_fn(wants.as_ref().len(), |_| true)
    }

    /// The bytes that the operation's own attributes keep for the gradient, such as those of a mask or of indices, beside
    /// what [`Saves`](Op::Saves) names. Only [`Var::graph`] asks.
    fn attribute_bytes(&self) -> usize {
        0
    }

    /// The operation on these inputs, recorded if one of them is tracked and recording is on.
    ///
    /// # Errors
    ///
    /// What `forward` returns.
    #[track_caller]
    #[inline]
    fn apply(self, inputs: Of<Self::Arity, &Var<T>>) -> Result<Var<T>> {
        record::record(self, inputs)
    }

    /// As [`apply`](Op::apply), for inputs that nobody needs any more: see [`forward_owned`](Op::forward_owned).
    /// For an operation that keeps an input this does not compile.
    ///
    /// # Errors
    ///
    /// What `forward` returns.
    #[track_caller]
    #[inline]
    fn apply_owned(self, inputs: Of<Self::Arity, Var<T>>) -> Result<Var<T>>
    where
        Self::Saves: SavesNoInput,
    {
        record::record_owned(self, inputs)
    }
}

/// What an operation's gradient sees of what it saved.
pub type View<O, T> = <<O as Op<T>>::Saves as Saves>::View<T, <O as Op<T>>::Arity>;

/// One `X` for each input of an operation of arity `A`: an array or a `Vec`.
pub type Of<A, X> = <A as Arity>::Of<X>;

/// Whether the gradient of an input is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Want(pub(crate) bool);

impl Want {
    /// Whether it is.
    #[inline]
    pub fn is_wanted(self) -> bool {
        self.0
    }

    /// What `f` gives, where wanted.
    ///
    /// # Errors
    ///
    /// What `f` returns.
    #[inline]
    pub fn then<X>(self, f: impl FnOnce() -> Result<X>) -> Result<Option<X>> {
        if self.0 { f().map(Some) } else { Ok(None) }
    }
}

/// The number of inputs of an operation.
pub trait Arity: 'static {
    /// A collection of one item for each input.
    type Of<X>: IntoIterator<Item = X> + AsRef<[X]> + AsMut<[X]>;

    /// A collection from its items' places; `inputs` is the number of inputs, which a fixed arity knows anyway.
    fn from_fn<X>(inputs: usize, f: impl FnMut(usize) -> X) -> Self::Of<X>;
    /// Each item replaced.
    fn map<X, Y>(of: Self::Of<X>, f: impl FnMut(X) -> Y) -> Self::Of<Y>;
}

/// A fixed number of inputs, handed over as an array.
#[derive(Debug)]
pub struct Fixed<const N: usize>;

impl<const N: usize> Arity for Fixed<N> {
    type Of<X> = [X; N];

    #[inline]
    fn from_fn<X>(_: usize, f: impl FnMut(usize) -> X) -> [X; N] {
        std::array::from_fn(f)
    }

    #[inline]
    fn map<X, Y>(of: [X; N], f: impl FnMut(X) -> Y) -> [Y; N] {
        of.map(f)
    }
}

/// Any number of inputs, handed over as a `Vec`.
#[derive(Debug)]
pub struct Many;

impl Arity for Many {
    type Of<X> = Vec<X>;

    fn from_fn<X>(inputs: usize, f: impl FnMut(usize) -> X) -> Vec<X> {
        (0..inputs).map(f).collect()
    }

    fn map<X, Y>(of: Vec<X>, f: impl FnMut(X) -> Y) -> Vec<Y> {
        of.into_iter().map(f).collect()
    }
}

/// What an operation keeps for its gradient; everything else may be freed.
pub trait Saves: 'static {
    /// The tensors kept.
    type Stored<T: Float, A: Arity>;
    /// The same as `backward` sees them: with their histories, where the gradient is recorded too.
    type View<T: Float, A: Arity>;

    /// Picks what to keep.
    #[doc(hidden)]
    fn store<T: Float, O: Op<T, Saves = Self>>(
        op: &O,
        inputs: &Of<O::Arity, &Var<T>>,
        output: &Tensor<T>,
    ) -> Self::Stored<T, O::Arity>;

    /// The same tensors once more, for a graph that is walked and stays.
    #[doc(hidden)]
    fn share<T: Float, A: Arity>(stored: &Self::Stored<T, A>) -> Self::Stored<T, A>;

    /// Shows each tensor that is kept.
    #[doc(hidden)]
    fn each<T: Float, A: Arity>(stored: &Self::Stored<T, A>, see: &mut dyn FnMut(&Tensor<T>));

    /// Gives back what was kept.
    #[doc(hidden)]
    fn view<T: Float, A: Arity>(
        stored: Self::Stored<T, A>,
        input: impl FnMut(usize) -> History<T>,
        output: impl FnOnce() -> History<T>,
    ) -> Self::View<T, A>;
}

/// What an operation keeps whose inputs may be given away: [`Nothing`], or the [`Output`].
pub trait SavesNoInput: Saves {
    /// Picks what to keep.
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
        O::Arity::from_fn(inputs.as_ref().len(), |i| inputs.as_ref()[i].tensor.clone())
    }

    fn share<T: Float, A: Arity>(stored: &Of<A, Tensor<T>>) -> Of<A, Tensor<T>> {
        A::from_fn(stored.as_ref().len(), |i| stored.as_ref()[i].clone())
    }

    fn each<T: Float, A: Arity>(stored: &Of<A, Tensor<T>>, see: &mut dyn FnMut(&Tensor<T>)) {
        stored.as_ref().iter().for_each(see);
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
        let wants = O::Arity::from_fn(inputs.as_ref().len(), |i| {
            Want(inputs.as_ref()[i].is_tracked())
        });
        let keeps = op.keeps(&wants);
        O::Arity::from_fn(inputs.as_ref().len(), |i| {
            keeps.as_ref()[i].then(|| inputs.as_ref()[i].tensor.clone())
        })
    }

    fn share<T: Float, A: Arity>(stored: &Of<A, Option<Tensor<T>>>) -> Of<A, Option<Tensor<T>>> {
        A::from_fn(stored.as_ref().len(), |i| stored.as_ref()[i].clone())
    }

    fn each<T: Float, A: Arity>(
        stored: &Of<A, Option<Tensor<T>>>,
        see: &mut dyn FnMut(&Tensor<T>),
    ) {
        stored.as_ref().iter().flatten().for_each(see);
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
