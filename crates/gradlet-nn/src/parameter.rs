//! [`Parameter`]: a tensor that a model owns and that is trained.

use std::any::{Any, type_name};
use std::fmt;
use std::sync::{Arc, OnceLock};

use gradlet_autograd::{LeafId, Var};
use gradlet_tensor::{Float, Shape, Tensor};

use crate::module::{Children, Leaf, LeafMut, Module, Name};

/// A tensor that is trained: gradients and optimizer state are kept under its id.
///
/// A clone gets a new id, so that no optimizer mixes up the two.
///
/// A parameter that is used in two places (tied weights) is in one of them; the other takes its
/// [`leaf`](Parameter::leaf), as here the last line of `forward`. It has one gradient, the sum of both, gets one update,
/// and is listed once.
///
/// ```
/// use gradlet_autograd::{Result, Var};
/// use gradlet_nn::{Forward, Linear, Module, Parameter};
///
/// #[derive(Clone, Module)]
/// # #[module(crate = gradlet_nn)]
/// struct Autoencoder {
///     encoder: Linear,
///     bias: Parameter,
/// }
///
/// impl Forward for Autoencoder {
///     fn forward(&self, x: &Var) -> Result<Var> {
///         let code = self.encoder.forward(x)?.tanh();
///         code.linear(&self.encoder.weight.leaf().t()?, Some(&self.bias.leaf()))
///     }
/// }
/// ```
///
/// # Example
///
/// ```
/// use gradlet_nn::Parameter;
/// use gradlet_tensor::Tensor;
///
/// let mut weight = Parameter::new(Tensor::zeros([3, 2])?);
/// assert!(weight.leaf().is_tracked());
/// assert_ne!(weight.id(), weight.clone().id());
/// weight.freeze();
/// assert!(!weight.leaf().is_tracked());
/// # Ok::<(), gradlet_tensor::Error>(())
/// ```
pub struct Parameter<T: Float = f32> {
    tensor: Tensor<T>,
    id: LeafId,
    frozen: bool,
    /// Lives as long as the parameter; made when an optimizer asks for it.
    pub(crate) life: OnceLock<Arc<()>>,
}

impl<T: Float> Parameter<T> {
    /// A parameter with a fresh id, not frozen.
    pub fn new(tensor: Tensor<T>) -> Self {
        Self {
            tensor,
            id: LeafId::fresh(),
            frozen: false,
            life: OnceLock::new(),
        }
    }

    /// The values.
    pub fn tensor(&self) -> &Tensor<T> {
        &self.tensor
    }

    /// The values, to be changed in place; the id stays the same.
    pub fn tensor_mut(&mut self) -> &mut Tensor<T> {
        &mut self.tensor
    }

    /// The values as a tracked leaf with this parameter's id, or as a constant if the parameter is frozen.
    #[inline]
    pub fn leaf(&self) -> Var<T> {
        if self.frozen {
            Var::constant(self.tensor.clone())
        } else {
            Var::with_id(self.tensor.clone(), self.id)
        }
    }

    /// Gives the parameter this id: for a copy of a model that passes its gradients to the original.
    pub(crate) fn rename(&mut self, id: LeafId) {
        self.id = id;
    }

    /// The size of each axis.
    pub fn shape(&self) -> &Shape {
        self.tensor.shape()
    }

    /// The key of this parameter's gradient and optimizer state.
    pub fn id(&self) -> LeafId {
        self.id
    }

    /// Whether training leaves the parameter unchanged.
    pub fn is_frozen(&self) -> bool {
        self.frozen
    }

    /// Takes the parameter out of training: [`Parameter::leaf`] returns a constant from now on.
    pub fn freeze(&mut self) {
        self.frozen = true;
    }

    /// Puts the parameter back into training.
    pub fn unfreeze(&mut self) {
        self.frozen = false;
    }
}

impl<T: Float> Clone for Parameter<T> {
    fn clone(&self) -> Self {
        let mut copy = Self::new(self.tensor.clone());
        copy.frozen = self.frozen;
        copy
    }
}

impl<T: Float> From<Tensor<T>> for Parameter<T> {
    fn from(tensor: Tensor<T>) -> Self {
        Self::new(tensor)
    }
}

/// Shows the shape instead of the numbers, so that a model of a million weights can be printed.
impl<T: Float> fmt::Debug for Parameter<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parameter")
            .field("shape", &format_args!("{:?}", self.shape()))
            .field("id", &format_args!("{:?}", self.id))
            .field("frozen", &self.frozen)
            .finish_non_exhaustive()
    }
}

#[diagnostic::do_not_recommend]
impl<T: Float> Children for Parameter<T> {
    fn children<'a>(&'a self, _visit: &mut dyn FnMut(Name<'a>, &'a dyn Module)) {}

    fn children_mut<'a>(&'a mut self, _visit: &mut dyn FnMut(Name<'a>, &'a mut dyn Module)) {}

    fn as_leaf(&self) -> Leaf<'_> {
        Leaf::Parameter(self)
    }

    fn as_leaf_mut(&mut self) -> LeafMut<'_> {
        LeafMut::Parameter(self)
    }
}

/// A [`Parameter`] of any element type, as visitors of a [`Module`] see it.
///
/// `downcast_ref::<f32>()` returns the `Parameter<f32>` if it is one.
pub trait AnyParameter: Any + fmt::Debug + Send + Sync {
    /// The size of each axis.
    fn shape(&self) -> &Shape;

    /// The number of elements.
    fn len(&self) -> usize;

    /// Whether it has no elements.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The key of its gradient and optimizer state.
    fn id(&self) -> LeafId;

    /// Whether training leaves the parameter unchanged.
    fn is_frozen(&self) -> bool;

    /// Takes the parameter out of training.
    fn freeze(&mut self);

    /// Puts the parameter back into training.
    fn unfreeze(&mut self);

    /// The element type's name: `f32` or `f64`.
    fn element(&self) -> &'static str;

    /// The parameter as `Any`, for a downcast to `Parameter<T>`.
    fn as_any(&self) -> &dyn Any;

    /// The parameter as `Any`, mutably, for a downcast to `Parameter<T>`.
    fn as_any_mut(&mut self) -> &mut dyn Any;
}

impl<T: Float> AnyParameter for Parameter<T> {
    fn shape(&self) -> &Shape {
        self.tensor.shape()
    }

    fn len(&self) -> usize {
        self.tensor.len()
    }

    fn id(&self) -> LeafId {
        self.id
    }

    fn is_frozen(&self) -> bool {
        self.frozen
    }

    fn freeze(&mut self) {
        self.frozen = true;
    }

    fn unfreeze(&mut self) {
        self.frozen = false;
    }

    fn element(&self) -> &'static str {
        type_name::<T>()
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn as_any_mut(&mut self) -> &mut dyn Any {
        self
    }
}

impl dyn AnyParameter + '_ {
    /// The parameter, if its elements are `T`.
    pub fn downcast_ref<T: Float>(&self) -> Option<&Parameter<T>> {
        self.as_any().downcast_ref()
    }

    /// The parameter, mutably, if its elements are `T`.
    pub fn downcast_mut<T: Float>(&mut self) -> Option<&mut Parameter<T>> {
        self.as_any_mut().downcast_mut()
    }
}

#[cfg(test)]
mod tests {
    use gradlet_autograd::{Reduction, Result, mse_loss};
    use gradlet_tensor::rng;

    use super::*;
    use crate::{Adam, Forward, Linear, Sgd};

    #[test]
    fn a_clone_has_an_id_of_its_own_and_stays_frozen() {
        let mut weight = Parameter::new(Tensor::zeros([2, 3]).unwrap());
        weight.freeze();
        let copy = weight.clone();
        assert!(copy.id() != weight.id() && copy.is_frozen());
    }

    #[test]
    fn freezing_turns_the_leaf_into_a_constant_and_back() {
        let mut weight = Parameter::new(Tensor::zeros([2]).unwrap());
        assert!(weight.leaf().is_tracked());
        weight.freeze();
        assert!(!weight.leaf().is_tracked());
        weight.unfreeze();
        assert!(weight.leaf().is_tracked());
    }

    #[test]
    fn a_visitor_downcasts_to_the_right_element_type_only() {
        let mut wide = Parameter::new(Tensor::<f64>::zeros_of([4, 2]).unwrap());
        let any: &mut dyn AnyParameter = &mut wide;
        assert_eq!(
            (any.shape(), any.len(), any.element()),
            (&Shape::from([4, 2]), 8, "f64")
        );
        assert!(any.downcast_ref::<f32>().is_none());
        assert!(any.downcast_mut::<f64>().is_some());
    }

    #[test]
    fn debug_shows_the_shape_and_no_numbers() {
        let text = format!("{:?}", Parameter::new(Tensor::zeros([100, 100]).unwrap()));
        assert!(
            text.starts_with("Parameter { shape: [100, 100], "),
            "{text}"
        );
        assert!(text.len() < 120, "{text}");
    }

    #[test]
    fn parameters_cross_threads() {
        fn crosses<T: Send + Sync>() {}
        crosses::<Parameter<f64>>();
    }

    /// The second layer of an autoencoder, whose weight is that of the first.
    #[derive(Clone, Module)]
    struct Decoder {
        bias: Parameter<f64>,
    }

    #[derive(Clone, Module)]
    struct Autoencoder {
        encoder: Linear<f64>,
        decoder: Decoder,
    }

    impl Autoencoder {
        /// The output, with this weight in the decoder.
        fn run(&self, x: &Var<f64>, weight: &Var<f64>) -> Result<Var<f64>> {
            let code = self.encoder.forward(x)?.tanh();
            code.linear(&weight.t()?, Some(&self.decoder.bias.leaf()))
        }

        fn loss(&self, x: &Var<f64>, weight: &Var<f64>) -> Result<Var<f64>> {
            mse_loss(&self.run(x, weight)?, x, Reduction::Mean)
        }
    }

    #[test]
    fn a_tied_weight_is_listed_once_and_updated_once_by_the_sum_of_its_gradients() -> Result<()> {
        let mut model = Autoencoder {
            encoder: Linear::new_of(8, 3, &mut rng(1))?,
            decoder: Decoder {
                bias: Tensor::zeros_of(8)?.into(),
            },
        };
        let names = model.named_parameters().into_iter();
        let names: Vec<_> = names.map(|(path, _)| path).collect();
        assert_eq!(names, ["encoder.weight", "encoder.bias", "decoder.bias"]);
        let x = Var::constant(Tensor::eye_of(8)?);
        // The gradients of the two places, apart.
        let tensor = |model: &Autoencoder| model.encoder.weight.tensor().clone();
        let (before, other) = (tensor(&model), Var::leaf(tensor(&model)));
        let apart = model.loss(&x, &other)?.backward()?;
        let [first, second] = [apart.get(model.encoder.weight.id()), apart.wrt(&other)];
        let sum = first.unwrap().add(second.unwrap())?;
        let mut sgd = Sgd::new(0.5);
        let grads = model.loss(&x, &model.encoder.weight.leaf())?.backward()?;
        sgd.step(&mut model, &grads)?;
        let expected = before.sub(&sum.mul_scalar(0.5))?;
        assert!(tensor(&model).allclose(&expected, 1e-12, 1e-15));
        let mut adam = Adam::new(0.03);
        for _ in 0..500 {
            let grads = model.loss(&x, &model.encoder.weight.leaf())?.backward()?;
            adam.step(&mut model, &grads)?;
        }
        assert_eq!(adam.state_count(), 3);
        // Outputs of rank 3 and a bias leave 4 / 64 at best, zeros 1 / 8.
        let loss = model.loss(&x, &model.encoder.weight.leaf())?.item()?;
        assert!(loss < 0.075, "{loss}");
        Ok(())
    }
}
