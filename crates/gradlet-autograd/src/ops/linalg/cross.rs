//! The cross product of vectors in space.

use gradlet_tensor::{Float, Result, Shape, Tensor};

use crate::op::{Fixed, Op, Want};
use crate::saves::SomeInputs;
use crate::var::Var;

/// y = lhs x rhs along an axis, for equal shapes
#[derive(Debug)]
struct Cross {
    axis: isize,
}

impl<T: Float> Op<T> for Cross {
    type Arity = Fixed<2>;
    type Saves = SomeInputs;

    fn forward(&self, [lhs, rhs]: [&Tensor<T>; 2]) -> Result<Tensor<T>> {
        lhs.cross(rhs, self.axis)
    }

    /// dlhs = rhs x g, drhs = g x lhs
    fn backward(
        &self,
        g: Var<T>,
        ([lhs, rhs], _): ([Option<Var<T>>; 2], [Want; 2]),
    ) -> Result<[Option<Var<T>>; 2]> {
        let left = rhs.map(|rhs| rhs.cross(&g, self.axis));
        let right = lhs.map(|lhs| g.cross(&lhs, self.axis));
        Ok([left.transpose()?, right.transpose()?])
    }

    fn keeps(&self, [want_lhs, want_rhs]: &[Want; 2]) -> [bool; 2] {
        [want_rhs.is_wanted(), want_lhs.is_wanted()]
    }
}

impl<T: Float> Var<T> {
    /// The cross products of vectors of three elements along an axis, after broadcasting: `y[0] = a[1] b[2] - a[2] b[1]`,
    /// and so on around. The axis is one of the broadcast shape.
    ///
    /// # Shape
    ///
    /// `cross(&rhs, -1)`: `[m, 1, 3], [n, 3] -> [m, n, 3]`
    ///
    /// # Gradient
    ///
    /// `rhs x g` and `g x self`, each summed over the axes along which that input was repeated; each input is saved if the
    /// other is tracked.
    ///
    /// # Errors
    ///
    /// If the shapes do not broadcast, the axis is out of range, or its size is not 3 in both.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let (x, y) = (Var::leaf(tensor![1.0, 0.0, 0.0]), Var::leaf(tensor![0.0, 1.0, 0.0]));
    /// assert_eq!(x.cross(&y, 0)?.to_vec(), [0.0, 0.0, 1.0]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.linalg.cross`
    #[track_caller]
    pub fn cross(&self, rhs: &Self, axis: isize) -> Result<Self> {
        if self.shape() == rhs.shape() {
            return Cross { axis }.apply([self, rhs]);
        }
        let y = self.tensor().cross(rhs.tensor(), axis)?;
        let shape: Shape = *y.shape();
        let factors = [self.broadcast_to(shape)?, rhs.broadcast_to(shape)?];
        Ok(Cross { axis }.record(factors.each_ref(), y))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{gradcheck, gradgradcheck};
    use gradlet_tensor::{rng, tensor};

    #[test]
    fn gradients_agree_with_finite_differences() -> Result<()> {
        let mut rng = rng(1);
        let mut make = |shape: &[usize]| Tensor::<f64>::normal(shape, 0.0, 1.0, &mut rng);
        for (left, right, axis) in [
            (&[3][..], &[3][..], 0),
            (&[2, 3], &[2, 3], 1),
            (&[3, 2], &[3, 1], 0),
            (&[2, 1, 3], &[2, 3], -1),
            (&[0, 3], &[3], 1),
        ] {
            let x = [make(left)?, make(right)?];
            gradcheck(|x| x[0].cross(&x[1], axis), &x)?;
            gradgradcheck(|x| x[0].cross(&x[1], axis), &x)?;
        }
        let x = [make(&[3, 3])?];
        gradcheck(|x| x[0].cross(&x[0].t()?, 0), &x)?;
        gradgradcheck(|x| x[0].cross(&x[0].t()?, 1), &x)
    }

    #[test]
    fn each_factor_gets_the_product_with_the_other() -> Result<()> {
        let (x, y) = (
            Var::leaf(tensor![1.0, 2.0, 3.0]),
            Var::leaf(tensor![4.0, 5.0, 6.0]),
        );
        let grads = x.cross(&y, 0)?.backward_with(tensor![1.0, 0.0, 0.0])?;
        // The first element is 2 * 6 - 3 * 5.
        assert_eq!(grads.wrt(&x), Some(&tensor![0.0, 6.0, -5.0]));
        assert_eq!(grads.wrt(&y), Some(&tensor![0.0, -3.0, 2.0]));
        assert!(x.cross(&y.narrow(0, 0, 2)?, 0).is_err());
        Ok(())
    }
}
