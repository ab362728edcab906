//! [`Op`]: an operation with its value and its gradient, and how many inputs it has.

use std::any::type_name;
use std::fmt::Debug;
use std::slice;

use gradlet_tensor::{Float, Result, Tensor};

use crate::part::Part;
use crate::record;
use crate::saves::{Saves, SavesNoInput};
use crate::var::Var;

/// A differentiable operation: its value, and directly below it its gradient.
///
/// The gradient is written in `Var`s, so that it can be differentiated again. It is linear in `g`, and the gradient of
/// each input has that input's shape. Implement it for a type that holds the operation's attributes and call
/// [`apply`](Op::apply).
///
/// # Example
///
/// ```
/// use gradlet_autograd::{Inputs, One, Op, Result, Tensor, Var, gradcheck};
///
/// /// y = x^3
/// #[derive(Debug)]
/// struct Cube;
///
/// impl Op<f64> for Cube {
///     type Arity = One;
///     type Saves = Inputs;
///
///     fn forward(&self, x: &Tensor<f64>) -> Result<Tensor<f64>> {
///         Ok(x.powi(3))
///     }
///
///     /// dx = 3 x^2 g
///     fn backward(&self, g: Var<f64>, x: Var<f64>) -> Result<Var<f64>> {
///         Ok(g * x.powi(2) * 3.0)
///     }
/// }
///
/// # fn main() -> Result<()> {
/// let x = Tensor::from_slice([1.0, -2.0], [2])?;
/// gradcheck(|x| Cube.apply(&x[0]), &[x])?;
/// # Ok(())
/// # }
/// ```
///
/// An operation of two inputs has `type Arity = Fixed<2>`: its inputs come as an array. Its `backward` gets the saved
/// tensors and which gradients are wanted, and returns an array of gradients:
///
/// ```
/// # use gradlet_autograd::{Fixed, Inputs, Op, Result, Tensor, Var, Want, gradcheck};
/// /// y = a b
/// #[derive(Debug)]
/// struct Product;
///
/// impl Op<f64> for Product {
///     type Arity = Fixed<2>;
///     type Saves = Inputs;
///
///     fn forward(&self, [a, b]: [&Tensor<f64>; 2]) -> Result<Tensor<f64>> {
///         a.mul(b)
///     }
///
///     /// da = g b, db = g a
///     fn backward(
///         &self,
///         g: Var<f64>,
///         ([a, b], [want_a, want_b]): ([Var<f64>; 2], [Want; 2]),
///     ) -> Result<[Option<Var<f64>>; 2]> {
///         Ok([want_a.then(|| g.mul(&b))?, want_b.then(|| g.mul(&a))?])
///     }
/// }
/// # let x = [Tensor::from_slice([1.0, -2.0], [2])?, Tensor::from_slice([3.0, 0.5], [2])?];
/// # gradcheck(|x| Product.apply([&x[0], &x[1]]), &x)?;
/// # Ok::<(), gradlet_autograd::Error>(())
/// ```
pub trait Op<T: Float>: Debug + Sized + 'static {
    /// The number of inputs: [`One`], [`Fixed`] or [`Many`].
    type Arity: Arity;
    /// The tensors that the gradient needs: [`Nothing`](crate::Nothing), [`Inputs`](crate::Inputs),
    /// [`SomeInputs`](crate::SomeInputs) or the [`Output`](crate::Output).
    type Saves: Saves;

    /// The value.
    #[track_caller]
    fn forward(&self, inputs: Of<Self::Arity, &Tensor<T>>) -> Result<Tensor<T>>;

    /// The value, for inputs that the caller gives away: if the memory of one is not shared, the value may be written
    /// into it.
    ///
    /// # Errors
    ///
    /// If `forward` returns one.
    #[track_caller]
    #[inline]
    fn forward_owned(&self, inputs: Of<Self::Arity, Tensor<T>>) -> Result<Tensor<T>> {
        let inputs = Self::Arity::as_slice(&inputs);
        self.forward(Self::Arity::from_fn(inputs.len(), |i| &inputs[i]))
    }

    /// The gradients of the inputs, given the gradient `g` of the output and the saved tensors; for several inputs also
    /// given which gradients are wanted.
    fn backward(&self, g: Var<T>, saved: View<Self, T>) -> Result<Given<Self::Arity, T>>;

    /// The place of `g` in the input's gradient, for an operation whose value is a part of its only input. With
    /// recording off, `g` is added there to the sum of the input's gradients, and `backward` is not called: many parts
    /// of one input then cost as much as the input once, not once for each part.
    #[doc(hidden)]
    fn part(&self) -> Option<Part> {
        None
    }

    /// Which inputs [`SomeInputs`](crate::SomeInputs) keeps, given which gradients are wanted.
    fn keeps(&self, wants: &Of<Self::Arity, Want>) -> Of<Self::Arity, bool> {
        Self::Arity::from_fn(Self::Arity::as_slice(wants).len(), |_| true)
    }

    /// The bytes that the operation's attributes hold for the gradient, such as a mask or indices, besides the tensors
    /// of [`Saves`]. Only [`Var::graph`] calls this.
    fn attribute_bytes(&self) -> usize {
        0
    }

    /// The operation's name in graphs and pictures: the type's name spelt as a method, `max_pool2d` for `MaxPool2d`.
    /// Only [`Var::graph`] calls this.
    fn name(&self) -> String {
        method_name(type_name::<Self>())
    }

    /// The output for these inputs, recorded if one of them is tracked and recording is on.
    ///
    /// # Errors
    ///
    /// If `forward` returns one.
    #[track_caller]
    #[inline]
    fn apply(self, inputs: Of<Self::Arity, &Var<T>>) -> Result<Var<T>> {
        let value = {
            let inputs = Self::Arity::as_slice(&inputs);
            self.forward(Self::Arity::from_fn(inputs.len(), |i| &inputs[i].tensor))?
        };
        Ok(self.record(inputs, value))
    }

    /// The output with a value that is known already, recorded as in [`apply`](Op::apply): for an operation that finds
    /// something its gradient needs while it computes its value, and holds it as an attribute.
    #[inline]
    fn record(self, inputs: Of<Self::Arity, &Var<T>>, value: Tensor<T>) -> Var<T> {
        record::record(self, inputs, value)
    }

    /// As [`apply`](Op::apply), for inputs that the caller gives away: see [`forward_owned`](Op::forward_owned). It
    /// does not compile for an operation that keeps an input.
    ///
    /// # Errors
    ///
    /// If `forward` returns one.
    #[track_caller]
    #[inline]
    fn apply_owned(self, inputs: Of<Self::Arity, Var<T>>) -> Result<Var<T>>
    where
        Self::Saves: SavesNoInput,
    {
        record::apply_owned(self, inputs)
    }
}

/// The name of a type without its path and parameters, spelt as a method: `mul_scalar` for `MulScalar`.
pub(crate) fn method_name(type_name: &str) -> String {
    let path = type_name.split('<').next().unwrap_or(type_name);
    let mut name = String::new();
    for letter in path.rsplit("::").next().unwrap_or(path).chars() {
        if letter.is_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.extend(letter.to_lowercase());
    }
    name
}

/// The second argument of [`Op::backward`]: the saved tensors, and for several inputs which gradients are wanted.
pub type View<O, T> = <<O as Op<T>>::Arity as Arity>::Seen<
    <<O as Op<T>>::Saves as Saves>::View<T, <O as Op<T>>::Arity>,
>;

/// One `X` for each input of an operation of arity `A`: the `X` itself, an array or a `Vec`.
pub type Of<A, X> = <A as Arity>::Of<X>;

/// The result of `backward` for an operation of arity `A`: the gradient of its one input, or of each wanted one.
pub type Given<A, T> = <A as Arity>::Given<Var<T>>;

/// Whether the gradient of an input is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Want(pub(crate) bool);

impl Want {
    /// Whether this gradient is needed.
    #[inline]
    pub fn is_wanted(self) -> bool {
        self.0
    }

    /// The gradient that `f` computes, or `None` if it is not wanted.
    ///
    /// # Errors
    ///
    /// If `f` returns one.
    #[inline]
    pub fn then<X>(self, f: impl FnOnce() -> Result<X>) -> Result<Option<X>> {
        if self.0 { f().map(Some) } else { Ok(None) }
    }
}

/// The number of inputs of an operation.
pub trait Arity: 'static {
    /// A collection of one item for each input.
    type Of<X>;
    /// The second argument of `backward`, where `V` holds the saved tensors.
    type Seen<V>;
    /// The result of `backward`, where `G` is a gradient.
    type Given<G>;

    /// The collection of `f(i)` for each input `i`; a fixed arity does not need the number of `inputs`.
    fn from_fn<X>(inputs: usize, f: impl FnMut(usize) -> X) -> Self::Of<X>;
    /// The collection of `f` of each item.
    fn map<X, Y>(of: Self::Of<X>, f: impl FnMut(X) -> Y) -> Self::Of<Y>;
    /// The items as a slice.
    fn as_slice<X>(of: &Self::Of<X>) -> &[X];
    /// The items as a slice, to change.
    fn as_mut_slice<X>(of: &mut Self::Of<X>) -> &mut [X];
    /// The second argument of `backward`, from the saved tensors.
    #[doc(hidden)]
    fn see<V>(saved: V, wants: impl FnOnce() -> Self::Of<Want>) -> Self::Seen<V>;
    /// Calls `give` with each gradient and the place of its input.
    #[doc(hidden)]
    fn give<G>(given: Self::Given<G>, give: impl FnMut(usize, G) -> Result<()>) -> Result<()>;
}

/// One input; its gradient is wanted whenever `backward` is called.
#[derive(Debug)]
pub struct One;

impl Arity for One {
    type Of<X> = X;
    type Seen<V> = V;
    type Given<G> = G;

    #[inline]
    fn from_fn<X>(_: usize, mut f: impl FnMut(usize) -> X) -> X {
        f(0)
    }

    #[inline]
    fn map<X, Y>(of: X, mut f: impl FnMut(X) -> Y) -> Y {
        f(of)
    }

    #[inline]
    fn as_slice<X>(of: &X) -> &[X] {
        slice::from_ref(of)
    }

    #[inline]
    fn as_mut_slice<X>(of: &mut X) -> &mut [X] {
        slice::from_mut(of)
    }

    #[inline]
    fn see<V>(saved: V, _: impl FnOnce() -> Want) -> V {
        saved
    }

    #[inline]
    fn give<G>(given: G, mut give: impl FnMut(usize, G) -> Result<()>) -> Result<()> {
        give(0, given)
    }
}

/// A fixed number of inputs, handed over as an array.
#[derive(Debug)]
pub struct Fixed<const N: usize>;

impl<const N: usize> Arity for Fixed<N> {
    type Of<X> = [X; N];
    type Seen<V> = (V, [Want; N]);
    type Given<G> = [Option<G>; N];

    #[inline]
    fn from_fn<X>(_: usize, f: impl FnMut(usize) -> X) -> [X; N] {
        std::array::from_fn(f)
    }

    #[inline]
    fn map<X, Y>(of: [X; N], f: impl FnMut(X) -> Y) -> [Y; N] {
        of.map(f)
    }

    #[inline]
    fn as_slice<X>(of: &[X; N]) -> &[X] {
        of
    }

    #[inline]
    fn as_mut_slice<X>(of: &mut [X; N]) -> &mut [X] {
        of
    }

    #[inline]
    fn see<V>(saved: V, wants: impl FnOnce() -> [Want; N]) -> (V, [Want; N]) {
        (saved, wants())
    }

    #[inline]
    fn give<G>(mut given: [Option<G>; N], give: impl FnMut(usize, G) -> Result<()>) -> Result<()> {
        give_each(&mut given, give)
    }
}

/// Any number of inputs, handed over as a `Vec`.
#[derive(Debug)]
pub struct Many;

impl Arity for Many {
    type Of<X> = Vec<X>;
    type Seen<V> = (V, Vec<Want>);
    type Given<G> = Vec<Option<G>>;

    fn from_fn<X>(inputs: usize, f: impl FnMut(usize) -> X) -> Vec<X> {
        (0..inputs).map(f).collect()
    }

    fn map<X, Y>(of: Vec<X>, f: impl FnMut(X) -> Y) -> Vec<Y> {
        of.into_iter().map(f).collect()
    }

    fn as_slice<X>(of: &Vec<X>) -> &[X] {
        of
    }

    fn as_mut_slice<X>(of: &mut Vec<X>) -> &mut [X] {
        of
    }

    fn see<V>(saved: V, wants: impl FnOnce() -> Vec<Want>) -> (V, Vec<Want>) {
        (saved, wants())
    }

    fn give<G>(mut given: Vec<Option<G>>, give: impl FnMut(usize, G) -> Result<()>) -> Result<()> {
        give_each(&mut given, give)
    }
}

/// Hands over the gradients that are there. They are taken out in place: moving whole arrays costs more than all else
/// here.
#[inline]
fn give_each<G>(
    given: &mut [Option<G>],
    mut give: impl FnMut(usize, G) -> Result<()>,
) -> Result<()> {
    for (i, gradient) in given.iter_mut().enumerate() {
        if let Some(gradient) = gradient.take() {
            give(i, gradient)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn type_names_are_spelt_as_methods() {
        for (type_name, name) in [
            ("a::b::MaxPool2d<f32>", "max_pool2d"),
            ("gradlet::ops::Slope<a::Silu>", "slope"),
            ("Exp", "exp"),
        ] {
            assert_eq!(method_name(type_name), name);
        }
    }
}
