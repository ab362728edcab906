//! [`DropConnect`]: a linear layer that drops weights, not inputs.

use gradlet_autograd::{Float, Result, Var, dropout_with};
use gradlet_tensor::Mask;
use rand::Rng;

use super::elements::Scaling;
use super::source::Source;
use crate::forward::Forward;
use crate::layer::Linear;
use crate::mode::Mode;
use crate::module::Module;
use crate::parameter::Parameter;

/// A [`Linear`] layer that in training zeroes each weight with probability p and scales the others by 1/(1 - p); in
/// eval mode it is the plain layer.
///
/// Each forward pass draws one mask for the whole batch. The bias is not dropped.
///
/// # Shape
///
/// `x: [..., in_features] -> [..., out_features]`
///
/// # Example
///
/// ```
/// # use gradlet_nn::{DropConnect, Forward, Linear};
/// # use gradlet_autograd::Var;
/// # use gradlet_tensor::{Tensor, rng};
/// # fn main() -> gradlet_tensor::Result<()> {
/// let mut rng = rng(1);
/// let layer = DropConnect::new(Linear::new(64, 10, &mut rng)?, 0.5, &mut rng)?;
/// let x = Var::constant(Tensor::ones([8, 64])?);
/// assert_ne!(layer.forward(&x)?.tensor(), layer.forward(&x)?.tensor());
/// # Ok(())
/// # }
/// ```
///
/// # Source
///
/// L. Wan and others, "Regularization of Neural Networks using `DropConnect`", 2013; scales in training, while the
/// paper samples at test time.
#[derive(Clone, Debug, Module)]
#[module(describe = Self::setting)]
pub struct DropConnect<T: Float = f32> {
    /// The layer whose weights are dropped.
    pub linear: Linear<T>,
    source: Source,
    mode: Mode,
}

impl<T: Float> DropConnect<T> {
    /// A layer that drops each weight of `linear` with probability `p`, in [0, 1]; takes one number from the generator.
    ///
    /// # Errors
    ///
    /// If `p` is outside [0, 1].
    #[track_caller]
    pub fn new(linear: Linear<T>, p: f64, rng: &mut (impl Rng + ?Sized)) -> Result<Self> {
        Ok(Self {
            linear,
            source: Source::new("DropConnect", p, rng)?,
            mode: Mode::Train,
        })
    }

    fn setting(&self) -> String {
        format!("p={}, {}", self.source.p(), self.mode)
    }
}

impl<T: Float> Forward<T> for DropConnect<T> {
    fn forward(&self, x: &Var<T>) -> Result<Var<T>> {
        let p = self.source.p();
        if p == 0.0 || !self.mode.drops() {
            return self.linear.forward(x);
        }
        let weight = self.linear.weight.leaf();
        let mask = Mask::draw(weight.shape(), p, self.source.next_key())?;
        let weight = dropout_with(&weight, mask, T::of(Scaling::Training.of_kept(p)))?;
        let bias = self.linear.bias.as_ref().map(Parameter::leaf);
        x.linear(&weight, bias.as_ref())
            .map_err(|error| self.name_in(error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::module::Children;
    use gradlet_tensor::{Tensor, rng};

    #[test]
    fn weights_are_dropped_and_their_gradients_with_them() -> Result<()> {
        let mut rng = rng(1);
        let mut layer = DropConnect::new(Linear::new(20, 30, &mut rng)?, 0.5, &mut rng)?;
        layer.linear.bias = None;
        let x = Var::constant(Tensor::eye(20)?);
        let y = layer.forward(&x)?;
        let weight = layer.linear.weight.tensor().t()?;
        let dropped = y.to_vec().iter().filter(|y| **y == 0.0).count();
        // Six standard deviations around half of 600.
        assert!((227..=373).contains(&dropped), "{dropped}");
        let mut kept = y.tensor().iter().zip(weight.iter());
        assert!(kept.all(|(y, w)| y == 0.0 || y == 2.0 * w));
        let expected = y.tensor().map(|y| if y == 0.0 { 0.0 } else { 2.0 });
        let grads = y.sum(..)?.backward()?;
        let dw = grads.get(layer.linear.weight.id());
        assert_eq!(dw.map(Tensor::t).transpose()?, Some(expected));
        Ok(())
    }

    #[test]
    fn eval_is_the_plain_layer() -> Result<()> {
        let mut rng = rng(1);
        let mut layer = DropConnect::new(Linear::new(5, 3, &mut rng)?, 0.5, &mut rng)?;
        layer.eval();
        let x = Var::constant(Tensor::ones([2, 5])?);
        assert_eq!(
            layer.forward(&x)?.tensor(),
            layer.linear.forward(&x)?.tensor()
        );
        assert_eq!(layer.describe(), "p=0.5, eval");
        assert_eq!(layer.named_parameters()[0].0, "linear.weight");
        assert!(DropConnect::new(layer.linear, 1.5, &mut rng).is_err());
        Ok(())
    }
}
