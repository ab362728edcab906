//! [`Lambda`]: a layer made of a closure.

use std::fmt;
use std::marker::PhantomData;

use gradlet_autograd::{Float, Result, Var};

use crate::forward::Forward;
use crate::mode::Mode;
use crate::module::{Children, Module, Name};

/// A closure as a layer, for a step that needs no layer of its own.
///
/// The closure returns a `Var` or a `Result` of one. It may own settings, but no parameters: they would not be found.
/// In [`sequential!`](crate::sequential) a closure is enough: it becomes a `Lambda` there.
///
/// # Example
///
/// ```
/// # use gradlet_nn::{Forward, Lambda, Linear, sequential};
/// # use gradlet_autograd::Var;
/// # use gradlet_tensor::{Tensor, rng};
/// # fn main() -> gradlet_tensor::Result<()> {
/// let factor = 0.5;
/// let model = sequential![
///     |x| x.flatten(1..),
///     Linear::new(6, 4, &mut rng(1))?,
///     move |x| x.tanh() * factor,
/// ];
/// assert_eq!(model.forward(&Var::constant(Tensor::ones([8, 2, 3])?))?.shape(), [8, 4]);
/// let square = Lambda::new(|x| x.square());
/// assert_eq!(square.forward(&Var::constant(Tensor::full([2], 3.0)?))?.to_vec(), [9.0, 9.0]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Lambda<F: Clone + Send + Sync, T: Float = f32> {
    f: F,
    element: PhantomData<fn(T)>,
    mode: Mode,
}

// By hand, so that the compiler does not name a closure's layer beside every type that is no module.
#[diagnostic::do_not_recommend]
impl<F: Clone + Send + Sync, T: Float> Children for Lambda<F, T> {
    fn children<'a>(&'a self, visit: &mut dyn FnMut(Name<'a>, &'a dyn Module)) {
        visit(Name::Field("mode"), &self.mode);
    }

    fn children_mut<'a>(&'a mut self, visit: &mut dyn FnMut(Name<'a>, &'a mut dyn Module)) {
        visit(Name::Field("mode"), &mut self.mode);
    }

    fn kind(&self) -> &'static str {
        "Lambda"
    }
}

/// The output of a closure in a [`Lambda`]: a `Var`, or a `Result` of one.
pub trait LambdaOutput<T: Float> {
    /// As a result.
    ///
    /// # Errors
    ///
    /// If it is one.
    fn into_result(self) -> Result<Var<T>>;
}

impl<T: Float> LambdaOutput<T> for Var<T> {
    fn into_result(self) -> Result<Var<T>> {
        Ok(self)
    }
}

impl<T: Float> LambdaOutput<T> for Result<Var<T>> {
    fn into_result(self) -> Result<Var<T>> {
        self
    }
}

impl<F: Clone + Send + Sync> Lambda<F> {
    /// A layer that computes `f`.
    pub fn new<O: LambdaOutput<f32>>(f: F) -> Self
    where
        F: Fn(&Var) -> O,
    {
        Self::new_of(f)
    }
}

impl<F: Clone + Send + Sync, T: Float> Lambda<F, T> {
    /// As `new`, for any element type: `Lambda::<_, f64>::new_of(|x| x.square())`.
    pub fn new_of<O: LambdaOutput<T>>(f: F) -> Self
    where
        F: Fn(&Var<T>) -> O,
    {
        let (element, mode) = (PhantomData, Mode::Train);
        Self { f, element, mode }
    }
}

impl<F: Clone + Send + Sync, T: Float, O: LambdaOutput<T>> Forward<T> for Lambda<F, T>
where
    F: Fn(&Var<T>) -> O,
{
    fn forward(&self, x: &Var<T>) -> Result<Var<T>> {
        let y = (self.f)(x).into_result();
        y.map_err(|error| self.name_in(error))
    }
}

impl<F: Clone + Send + Sync, T: Float> fmt::Debug for Lambda<F, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lambda")
            .field("mode", &self.mode)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Linear, Relu, sequential};
    use gradlet_tensor::{rng, tensor};

    #[test]
    fn closures_run_between_layers_in_both_types() -> Result<()> {
        fn crosses<X: Clone + Send + Sync>(_: &X) {}
        let mut linear = Linear::new(2, 1, &mut rng(1))?.without_bias();
        *linear.weight.tensor_mut() = tensor![[1.0, 10.0]];
        let (offset, half) = (tensor![1.0, 2.0], 0.5);
        let model = sequential![
            |x| x.square(),
            Relu::new(),
            move |x| x.add(&Var::constant(offset.clone())),
            linear,
            move |x: &Var| { x * half },
        ];
        let x = Var::constant(tensor![[-1.0, 2.0], [0.0, 1.0]]);
        assert_eq!(model.forward(&x)?.to_vec(), [31.0, 15.5]);
        assert_eq!(model.clone().forward(&x)?.to_vec(), [31.0, 15.5]);
        assert_eq!((model.len(), sequential![|x| x.neg()].len()), (5, 1));
        assert!(model.to_string().contains("\n  0: Lambda\n"), "{model}");
        let model = sequential![f64; |x| x.square(), |x| x.sum(..)];
        let x = Var::leaf(tensor![f64; 3.0, 4.0]);
        assert_eq!(model.forward(&x)?.item()?, 25.0);
        crosses(&Lambda::new(|x| x.tanh() * half));
        Ok(())
    }

    #[test]
    fn an_error_in_a_closure_is_that_of_the_layer() {
        let model = sequential![Relu::new(), |x| x.flatten(2..)];
        let error = model.forward(&Var::constant(tensor![[1.0]])).unwrap_err();
        let expected =
            "layer 1 of a Sequential, Lambda: flatten: axis 2 is out of range for shape [1, 1]";
        assert!(error.to_string().starts_with(expected), "{error}");
    }
}
