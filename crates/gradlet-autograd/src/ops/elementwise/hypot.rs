//! The distance of a point from 0, by its two sides.

use gradlet_tensor::{Float, Result, Shape, Tensor};

use crate::op::{Fixed, Op, Want};
use crate::saves::Inputs;
use crate::var::Var;

/// y = sqrt(a^2 + b^2), both of one shape
#[derive(Debug)]
struct Hypot;

impl<T: Float> Op<T> for Hypot {
    type Arity = Fixed<2>;
    type Saves = Inputs;

    fn forward(&self, [a, b]: [&Tensor<T>; 2]) -> Result<Tensor<T>> {
        a.hypot(b)
    }

    /// da = g a / y, db = g b / y
    fn backward(
        &self,
        g: Var<T>,
        ([a, b], [want_a, want_b]): ([Var<T>; 2], [Want; 2]),
    ) -> Result<[Option<Var<T>>; 2]> {
        let y = a.hypot(&b)?;
        // The ratio first: it is at most 1.
        let part = |side: &Var<T>| side.div(&y)?.mul(&g);
        Ok([want_a.then(|| part(&a))?, want_b.then(|| part(&b))?])
    }
}

impl<T: Float> Var<T> {
    /// `sqrt(self^2 + rhs^2)` after broadcasting, also where the squares leave the range of the element type; infinite
    /// where either is, even beside NaN.
    ///
    /// # Shape
    ///
    /// `[..., n], [..., n] -> [..., n]`; sizes of 1 and missing leading axes are repeated.
    ///
    /// # Gradient
    ///
    /// `g * self / y` and `g * rhs / y`, NaN where both are 0; both inputs are saved.
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
    /// let (a, b) = (Var::leaf(tensor![3.0, 3e30]), Var::leaf(tensor![4.0]));
    /// let y = a.hypot(&b)?;
    /// assert_eq!(y.to_vec(), [5.0, 3e30]);
    /// assert_eq!(y.sum(..)?.backward()?.wrt(&a), Some(&tensor![0.6, 1.0]));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.hypot`
    #[track_caller]
    pub fn hypot(&self, rhs: &Self) -> Result<Self> {
        let shape =
            Shape::broadcast(self.shape(), rhs.shape()).map_err(|error| error.of("hypot"))?;
        Hypot.apply([
            &*self.broadcast_if_needed(shape)?,
            &*rhs.broadcast_if_needed(shape)?,
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::gradcheck_pairs;
    use gradlet_tensor::tensor;

    #[test]
    fn gradients_agree_with_finite_differences() {
        gradcheck_pairs(|x| x + 0.1f64.copysign(x), Var::hypot);
    }

    #[test]
    fn large_sides_have_gradients() -> Result<()> {
        let (a, b) = (
            Var::leaf(tensor![f64; 3e200, 3e-200]),
            Var::leaf(tensor![f64; -4e200, 4e-200]),
        );
        let y = a.hypot(&b)?;
        assert!(
            y.tensor()
                .allclose(&tensor![f64; 5e200, 5e-200], 1e-15, 0.0),
            "{y}"
        );
        let grads = y.backward_with(tensor![f64; 1.0, 10.0])?;
        for (x, expected) in [(&a, [0.6, 6.0]), (&b, [-0.8, 8.0])] {
            let expected = Tensor::from_slice(expected, [2])?;
            assert!(
                grads
                    .wrt(x)
                    .is_some_and(|dx| dx.allclose(&expected, 1e-15, 0.0)),
                "{grads:?}"
            );
        }
        Ok(())
    }
}
