//! A number in place of masked elements.

use gradlet_tensor::{Float, Result, Tensor};

use crate::op::{One, Op};
use crate::saves::Nothing;
use crate::var::Var;

/// y = value where the mask holds, else x; both of one shape
#[derive(Debug)]
struct MaskedFill<T> {
    mask: Tensor<bool>,
    value: T,
}

impl<T: Float> Op<T> for MaskedFill<T> {
    type Arity = One;
    type Saves = Nothing;

    fn forward(&self, x: &Tensor<T>) -> Result<Tensor<T>> {
        x.masked_fill(&self.mask, self.value)
    }

    /// dx = 0 where the mask holds, else g
    fn backward(&self, g: Var<T>, (): ()) -> Result<Var<T>> {
        g.masked_fill(&self.mask, T::of(0.0))
    }

    fn attribute_bytes(&self) -> usize {
        self.mask.size_bytes()
    }
}

impl<T: Float> Var<T> {
    /// `value` where the mask holds, x elsewhere, after broadcasting.
    ///
    /// # Shape
    ///
    /// `self: [..., n]`, mask `[..., n] -> [..., n]`; sizes of 1 and missing leading axes are repeated.
    ///
    /// # Gradient
    ///
    /// `g` where the mask does not hold, 0 elsewhere whatever `g` is there; the mask is saved. If x is the output of a
    /// function with an infinite derivative at a masked element, fill the function's input too: see
    /// [`where_cond`](Self::where_cond).
    ///
    /// # Errors
    ///
    /// If the shapes do not broadcast.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let scores = Var::leaf(tensor![[1.0, 2.0], [3.0, 4.0]]);
    /// let y = scores.masked_fill(&tensor![bool; false, true], -f32::INFINITY)?;
    /// assert_eq!(y.softmax(1)?.tensor(), &tensor![[1.0, 0.0], [1.0, 0.0]]);
    /// let grads = y.narrow(1, 0, 1)?.sum(..)?.backward()?;
    /// assert_eq!(grads.wrt(&scores), Some(&tensor![[1.0, 0.0], [1.0, 0.0]]));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.Tensor.masked_fill`
    #[track_caller]
    pub fn masked_fill(&self, mask: &Tensor<bool>, value: T) -> Result<Self> {
        let shape = gradlet_tensor::Shape::broadcast(self.shape(), mask.shape())
            .map_err(|error| error.of("masked_fill"))?;
        let op = MaskedFill {
            mask: mask.broadcast_to(shape)?,
            value,
        };
        op.apply(&*self.broadcast_if_needed(shape)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::gradcheck_everywhere;
    use gradlet_tensor::{ErrorKind, tensor};

    #[test]
    fn gradients_agree_with_finite_differences() {
        gradcheck_everywhere(
            |x| x,
            |x| x.square().masked_fill(&x.tensor().map(|x| x > 0.3), 2.0),
        );
        let mask = tensor![bool; [true], [false]];
        gradcheck_everywhere(|x| x, |x| x.sum(..)?.square().masked_fill(&mask, 2.0));
    }

    #[test]
    fn masked_gradients_are_0_even_where_g_is_nan() -> Result<()> {
        let x = Var::leaf(tensor![1.0, f32::NAN]);
        let y = x.masked_fill(&tensor![bool; false, true], 7.0)?;
        assert_eq!(y.to_vec(), [1.0, 7.0]);
        let grads = y.backward_with(tensor![3.0, f32::NAN])?;
        assert_eq!(grads.wrt(&x).map(Tensor::to_vec), Some(vec![3.0, 0.0]));
        let error = x
            .masked_fill(&tensor![bool; true, true, true], 0.0)
            .unwrap_err();
        assert!(matches!(
            error.kind(),
            ErrorKind::Broadcast {
                op: "masked_fill",
                ..
            }
        ));
        Ok(())
    }
}
