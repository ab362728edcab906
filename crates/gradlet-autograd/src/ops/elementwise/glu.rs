//! Gated linear units: half of the elements as gates of the other half.

use gradlet_tensor::{Error, ErrorKind, Float, Result};

use crate::var::Var;

impl<T: Float> Var<T> {
    /// `a * sigmoid(b)`, where a is the first half along an axis and b the second.
    ///
    /// # Shape
    ///
    /// `[..., 2 * n, ...] -> [..., n, ...]`
    ///
    /// # Gradient
    ///
    /// `g * s` for a and `g * a * s * (1 - s)` for b, where s is `sigmoid(b)`; a and s are saved.
    ///
    /// # Errors
    ///
    /// If the axis is out of range, or its size is odd.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::leaf(tensor![[3.0, 5.0, 0.0, 1000.0]]);
    /// assert_eq!(x.glu(-1)?.tensor(), &tensor![[1.5, 5.0]]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// Y. N. Dauphin and others, "Language Modeling with Gated Convolutional Networks", 2017;
    /// `torch.nn.functional.glu`
    #[track_caller]
    pub fn glu(&self, axis: isize) -> Result<Self> {
        let op = "glu";
        let name = |error: Error| error.of(op);
        let size = self.tensor().size(axis).map_err(name)?;
        if self.rank() == 0 || !size.is_multiple_of(2) {
            return Err(Error::new(ErrorKind::OutOfRange {
                op,
                name: "the size of the axis",
                expected: "even",
                value: size as f64,
                remedy: format!(" for axis {axis} of {}", self.shape()),
            }));
        }
        let half = |start| self.narrow(axis, start, size / 2).map_err(name);
        half(0)?.mul(&half(size / 2)?.sigmoid())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{gradcheck, gradgradcheck};
    use gradlet_tensor::{Tensor, rng, tensor};

    #[test]
    fn gradients_agree_with_finite_differences() -> Result<()> {
        for (shape, axis) in [
            (vec![4], 0),
            (vec![2, 6], 1),
            (vec![2, 3], -2),
            (vec![0, 2], 0),
        ] {
            let x = [Tensor::<f64>::normal(
                shape.as_slice(),
                0.0,
                1.0,
                &mut rng(1),
            )?];
            gradcheck(|x| x[0].glu(axis), &x)?;
            gradgradcheck(|x| x[0].glu(axis), &x)?;
        }
        let x = [Tensor::<f64>::normal([2, 3], 0.0, 1.0, &mut rng(1))?];
        gradcheck(|x| x[0].t()?.glu(1), &x)
    }

    #[test]
    fn an_odd_size_is_shown_with_the_shape() {
        let x = Var::leaf(tensor![[1.0, 2.0, 3.0]]);
        let error = x.glu(-1).unwrap_err().to_string();
        let expected = "glu: the size of the axis must be even, got 3 for axis -1 of [1, 3] (at ";
        assert!(error.starts_with(expected), "{error}");
        let error = x.glu(2).unwrap_err().to_string();
        assert!(error.starts_with("glu: axis 2 is out of range"), "{error}");
        assert!(Var::leaf(Tensor::scalar(1.0f32)).glu(0).is_err());
    }
}
