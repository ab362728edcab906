//! Dropout with a given mask: linear, so that its gradient is the same function.

use gradlet_tensor::{Float, Mask, Result, Tensor};

use crate::op::{One, Op};
use crate::saves::Nothing;
use crate::var::Var;

/// `y_i` = scale * `x_i` where the mask keeps i, else +0
#[derive(Debug)]
struct Dropout<T> {
    mask: Mask,
    scale: T,
}

impl<T: Float> Op<T> for Dropout<T> {
    type Arity = One;
    type Saves = Nothing;

    fn forward(&self, x: &Tensor<T>) -> Result<Tensor<T>> {
        self.mask.apply(x, self.scale)
    }

    fn forward_owned(&self, x: Tensor<T>) -> Result<Tensor<T>> {
        self.mask.apply_owned(x, self.scale)
    }

    /// `dx_i` = scale * `g_i` where the mask keeps i, else +0
    fn backward(&self, g: Var<T>, (): ()) -> Result<Var<T>> {
        let (mask, scale) = (self.mask.clone(), self.scale);
        Self { mask, scale }.apply_owned(g)
    }

    fn attribute_bytes(&self) -> usize {
        self.mask.size_bytes()
    }
}

/// `x * scale` where the mask keeps an element, +0 elsewhere. Elements are selected, so that a dropped NaN or infinity
/// is 0 too.
///
/// # Shape
///
/// `x: [...]`, a mask of the same shape `-> [...]`
///
/// # Gradient
///
/// The same function of `g`, with the same mask; the mask is saved, with one bit per element.
///
/// # Errors
///
/// If the mask does not have the shape of `x`.
///
/// # Example
///
/// ```
/// # use gradlet_autograd::{Var, dropout_with};
/// # use gradlet_tensor::{Mask, tensor};
/// # fn main() -> gradlet_tensor::Result<()> {
/// let x = Var::leaf(tensor![1.0, 2.0]);
/// let y = dropout_with(&x, Mask::from_kept(&tensor![bool; true, false])?, 2.0)?;
/// assert_eq!(y.to_vec(), [2.0, 0.0]);
/// # Ok(())
/// # }
/// ```
#[track_caller]
pub fn dropout_with<T: Float>(x: &Var<T>, mask: Mask, scale: T) -> Result<Var<T>> {
    Dropout { mask, scale }.apply(x)
}

/// As [`dropout_with`], into the memory of `x` if nothing else holds it: PyTorch's `inplace`, but it cannot overwrite
/// tensors that a graph saved.
///
/// # Shape
///
/// `x: [...]`, a mask of the same shape `-> [...]`
///
/// # Gradient
///
/// The same function of `g`, with the same mask.
///
/// # Errors
///
/// If the mask does not have the shape of `x`.
///
/// # Example
///
/// ```
/// # use gradlet_autograd::{Var, dropout_owned};
/// # use gradlet_tensor::{Mask, tensor};
/// # fn main() -> gradlet_tensor::Result<()> {
/// let mask = Mask::from_kept(&tensor![bool; true, false])?;
/// assert_eq!(dropout_owned(Var::leaf(tensor![1.0, 2.0]), mask, 2.0)?.to_vec(), [2.0, 0.0]);
/// # Ok(())
/// # }
/// ```
#[track_caller]
pub fn dropout_owned<T: Float>(x: Var<T>, mask: Mask, scale: T) -> Result<Var<T>> {
    Dropout { mask, scale }.apply_owned(x)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::gradcheck_everywhere;
    use gradlet_tensor::{DrawKey, tensor};

    #[test]
    fn gradients_agree_with_finite_differences_with_the_mask_held() {
        let key = DrawKey { seed: 1, call: 2 };
        gradcheck_everywhere(
            |x| x,
            |x| dropout_with(x, Mask::draw(x.shape(), 0.4, key)?, 1.0 / 0.6),
        );
    }

    #[test]
    fn dropout_backward_reuses_the_mask() -> Result<()> {
        let mask = Mask::draw([1000], 0.3, DrawKey { seed: 1, call: 2 })?;
        let x = Var::leaf(Tensor::ones([1000])?);
        let y = dropout_with(&x, mask.clone(), 1.5)?;
        let g = Tensor::arange(1.0, 1001.0, 1.0)?;
        let grads = y.clone().backward_with(g.clone())?;
        assert_eq!(grads.wrt(&x), Some(&mask.apply(&g, 1.5)?));
        assert!(
            y.tensor()
                .iter()
                .zip(mask.iter())
                .all(|(y, kept)| y == if kept { 1.5 } else { 0.0 })
        );
        Ok(())
    }

    #[test]
    fn dropping_in_place_reuses_unshared_memory_alone() -> Result<()> {
        let mask = Mask::draw([100], 0.5, DrawKey { seed: 1, call: 2 })?;
        let ones = || Tensor::<f32>::ones([100]);
        let at = |x: &Var| x.tensor().as_slice().map(<[f32]>::as_ptr);
        let x = Var::constant(ones()?);
        let place = at(&x);
        let y = dropout_owned(x, mask.clone(), 2.0)?;
        assert_eq!((at(&y), y.tensor()), (place, &mask.apply(&ones()?, 2.0)?));
        // Squaring saves its input, which must survive.
        let leaf = Var::leaf(ones()?);
        let h = &leaf * 3.0;
        let square = h.powi(2);
        let y = dropout_owned(h, mask.clone(), 2.0)?;
        let grads = (square + y).sum(..)?.backward()?;
        let expected = mask.apply(&ones()?, 6.0)?.add_scalar(18.0);
        assert_eq!(grads.wrt(&leaf), Some(&expected));
        Ok(())
    }

    #[test]
    fn dropped_infinities_are_zero_both_ways() -> Result<()> {
        let x = Var::leaf(tensor![f32::INFINITY, 1.0, f32::NAN]);
        let y = dropout_with(
            &x,
            Mask::from_kept(&tensor![bool; false, true, false])?,
            2.0,
        )?;
        assert_eq!(y.to_vec(), [0.0, 2.0, 0.0]);
        let grads = y.backward_with(tensor![f32::NAN, 1.0, f32::NEG_INFINITY])?;
        assert_eq!(grads.wrt(&x).map(Tensor::to_vec), Some(vec![0.0, 2.0, 0.0]));
        assert!(
            dropout_with(&x, Mask::draw([2], 0.5, DrawKey { seed: 0, call: 0 })?, 2.0).is_err()
        );
        Ok(())
    }
}
