//! [`Sequential`]: a chain of layers.

use std::fmt;

use gradlet_autograd::{Float, Result, Var};

use crate::forward::Forward;
use crate::mode::Mode;
use crate::module::{Children, Module, Name, in_chain};

/// A chain of layers: each one takes the output of the layer before it.
///
/// [`sequential!`](crate::sequential) is shorter. Children are named by index, as in PyTorch: `0.weight`.
///
/// Each layer is `Clone`, and so is the chain: a clone has copies of all layers, to keep the best model, or as a target
/// network. A chain of one layer has the same type as any other, so it does where the layer is chosen at run time; a
/// `Box<dyn Forward>` cannot be cloned, so it cannot be in a chain.
///
/// # Example
///
/// ```
/// # use gradlet_nn::{Dropout, Linear, Module, Relu, Sequential, sequential};
/// # use gradlet_tensor::rng;
/// # fn main() -> gradlet_tensor::Result<()> {
/// let mut rng = rng(42);
/// let mut model = sequential![
///     Linear::new(64, 128, &mut rng)?,
///     Relu::new(),
///     Dropout::new(0.5, &mut rng)?,
///     Linear::new(128, 10, &mut rng)?,
/// ];
/// model.eval();
/// assert!(!model.training());
/// assert_eq!(model.named_parameters()[2].0, "3.weight");
/// # Ok(())
/// # }
/// ```
pub struct Sequential<T: Float = f32> {
    layers: Vec<Box<dyn Layer<T>>>,
    mode: Mode,
}

/// A layer behind a pointer that can be copied.
trait Layer<T: Float>: Forward<T> {
    fn boxed_clone(&self) -> Box<dyn Layer<T>>;
}

impl<T: Float, F: Forward<T> + Clone + 'static> Layer<T> for F {
    fn boxed_clone(&self) -> Box<dyn Layer<T>> {
        Box::new(self.clone())
    }
}

impl Sequential {
    /// A chain without layers, which is the identity.
    pub fn new() -> Self {
        Self::new_of()
    }
}

impl<T: Float> Sequential<T> {
    /// A chain without layers, for any element type: `Sequential::<f64>::new_of()`.
    pub fn new_of() -> Self {
        Self {
            layers: Vec::new(),
            mode: Mode::Train,
        }
    }

    /// The same chain with one more layer at the end.
    pub fn push(mut self, layer: impl Forward<T> + Clone + 'static) -> Self {
        self.layers.push(Box::new(layer));
        self
    }

    /// The number of layers.
    pub fn len(&self) -> usize {
        self.layers.len()
    }

    /// Whether it has no layers.
    pub fn is_empty(&self) -> bool {
        self.layers.is_empty()
    }
}

/// A [`Sequential`] of these layers: `sequential![Linear::new(2, 3, &mut rng)?, Relu::new()]`; for f64 it begins with
/// `f64;`.
#[macro_export]
macro_rules! sequential {
    ($element:ident; $($layer:expr),* $(,)?) => {
        $crate::Sequential::<$element>::new_of()$(.push($layer))*
    };
    ($($layer:expr),* $(,)?) => {
        $crate::Sequential::new()$(.push($layer))*
    };
}

impl<T: Float> Clone for Sequential<T> {
    fn clone(&self) -> Self {
        let layers = self.layers.iter();
        Self {
            layers: layers.map(|layer| (**layer).boxed_clone()).collect(),
            mode: self.mode,
        }
    }
}

impl Default for Sequential {
    fn default() -> Self {
        Self::new()
    }
}

#[diagnostic::do_not_recommend]
impl<T: Float> Children for Sequential<T> {
    fn children<'a>(&'a self, visit: &mut dyn FnMut(Name<'a>, &'a dyn Module)) {
        visit(Name::Field("mode"), &self.mode);
        for (i, layer) in self.layers.iter().enumerate() {
            visit(Name::Index(i), layer);
        }
    }

    fn children_mut<'a>(&'a mut self, visit: &mut dyn FnMut(Name<'a>, &'a mut dyn Module)) {
        visit(Name::Field("mode"), &mut self.mode);
        for (i, layer) in self.layers.iter_mut().enumerate() {
            visit(Name::Index(i), layer);
        }
    }
}

impl<T: Float> Forward<T> for Sequential<T> {
    fn forward(&self, x: &Var<T>) -> Result<Var<T>> {
        let Some((first, others)) = self.layers.split_first() else {
            return Ok(x.clone());
        };
        let mut y = match first.forward(x) {
            Ok(y) => y,
            Err(error) => return Err(in_chain(error, 0, first)),
        };
        for (i, layer) in others.iter().enumerate() {
            y = match layer.forward(&y) {
                Ok(y) => y,
                Err(error) => return Err(in_chain(error, i + 1, layer)),
            };
        }
        Ok(y)
    }
}

impl<T: Float> fmt::Debug for Sequential<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.layers.iter().map(Children::kind))
            .finish()
    }
}

/// Prints the tree of [`Module::summary`].
impl<T: Float> fmt::Display for Sequential<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.summary().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dropout::{AlphaDropout, Dropout1d, GaussianDropout};
    use crate::{Conv2d, DropConnect, Dropout, Flatten, Linear, MaxPool2d, Relu};
    use gradlet_tensor::{Tensor, rng, tensor};

    #[test]
    fn layers_run_in_order_and_an_empty_one_is_the_identity() -> Result<()> {
        let mut rng = rng(1);
        let (a, b) = (Linear::new(6, 3, &mut rng)?, Linear::new(3, 2, &mut rng)?);
        let x = Var::constant(Tensor::<f32>::normal([4, 2, 3], 0.0, 1.0, &mut rng)?);
        let expected = b.forward(&a.forward(&x.flatten(1..)?)?.relu())?;
        let model = sequential![Flatten::new(), a, Relu::new(), b];
        assert_eq!(model.forward(&x)?.tensor(), expected.tensor());
        let empty = Sequential::new();
        assert_eq!(empty.forward(&x)?.tensor(), x.tensor());
        assert!(empty.is_empty() && empty.training());
        Ok(())
    }

    #[test]
    fn a_clone_has_the_same_values_and_is_independent() -> Result<()> {
        let mut rng = rng(1);
        let mut model = sequential![
            Conv2d::new(1, 2, 3, &mut rng)?,
            MaxPool2d::new(2),
            Flatten::new(),
            sequential![Linear::new(8, 8, &mut rng)?, Relu::new()],
            Dropout::new(0.5, &mut rng)?,
            GaussianDropout::new(0.5, &mut rng)?,
            AlphaDropout::new(0.5, &mut rng)?,
            Dropout1d::new(0.5, &mut rng)?,
            DropConnect::new(Linear::new(8, 1, &mut rng)?, 0.5, &mut rng)?,
        ];
        model.eval();
        let copy = model.clone();
        let x = Var::constant(Tensor::<f32>::normal([2, 1, 6, 6], 0.0, 1.0, &mut rng)?);
        let before = model.forward(&x)?;
        assert_eq!(copy.summary().to_string(), model.summary().to_string());
        let ids = |model: &Sequential| -> Vec<_> {
            let parameters = model.named_parameters().into_iter();
            parameters.map(|(_, parameter)| parameter.id()).collect()
        };
        assert!(ids(&model).iter().all(|id| !ids(&copy).contains(id)));
        model.visit_parameters_mut(&mut |_, parameter| {
            if let Some(parameter) = parameter.downcast_mut::<f32>() {
                parameter.tensor_mut().make_mut_slice().fill(0.0);
            }
            Ok(())
        })?;
        assert_eq!(copy.forward(&x)?.tensor(), before.tensor());
        assert_ne!(model.forward(&x)?.tensor(), before.tensor());
        Ok(())
    }

    #[test]
    fn dropout_inside_obeys_eval() -> Result<()> {
        let mut model =
            sequential![f64; sequential![f64; Dropout::new(0.5, &mut rng(1))?], Relu::new()];
        let x = Var::constant(Tensor::<f64>::ones_of([100])?);
        assert_ne!(model.forward(&x)?.tensor(), x.tensor());
        model.eval();
        assert_eq!(model.forward(&x)?.tensor(), x.tensor());
        Ok(())
    }

    #[test]
    fn an_error_names_the_layer_and_this_line() -> Result<()> {
        let mut rng = rng(1);
        let model = sequential![
            Relu::new(),
            sequential![Linear::new(2, 3, &mut rng)?, Linear::new(2, 3, &mut rng)?]
        ];
        let x = Var::constant(tensor![[1.0, 2.0]]);
        let error = model.forward(&x).unwrap_err().to_string();
        let here = format!("(at {}:{})", file!(), line!() - 1);
        assert!(
            error.starts_with(
                "layer 1.1 of a Sequential, Linear(2 -> 3): inner sizes differ: [1, 3] x [3, 2]"
            ),
            "{error}"
        );
        assert!(error.ends_with(&here), "{error}");
        Ok(())
    }
}
