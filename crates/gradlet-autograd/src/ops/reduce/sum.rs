//! The sum over axes.

use gradlet_tensor::{Axes, Float, Result, Shape, Tensor};

use crate::op::{One, Op};
use crate::saves::Nothing;
use crate::var::Var;

/// y = sum of x over the reduced axes, which stay with size 1 in `kept`
#[derive(Debug)]
struct Sum {
    from: Shape,
    kept: Shape,
    to: Shape,
}

impl<T: Float> Op<T> for Sum {
    type Arity = One;
    type Saves = Nothing;

    fn forward(&self, x: &Tensor<T>) -> Result<Tensor<T>> {
        x.sum_to(self.kept)?.reshape(self.to)
    }

    /// dx = g, repeated over the reduced axes
    fn backward(&self, g: Var<T>, (): ()) -> Result<Var<T>> {
        g.reshape(self.kept)?.broadcast_to(self.from)
    }
}

/// The shape with the reduced axes kept at size 1, and without them.
#[track_caller]
pub(crate) fn reduced_shapes(
    op: &'static str,
    shape: Shape,
    axes: &impl Axes,
) -> Result<(Shape, Shape)> {
    let reduced = axes.select(op, &shape)?;
    let sizes = || shape.dims().iter().zip(reduced);
    let kept: Vec<usize> = sizes()
        .map(|(&size, reduced)| if reduced { 1 } else { size })
        .collect();
    let without: Vec<usize> = sizes()
        .filter(|(_, reduced)| !reduced)
        .map(|(&size, _)| size)
        .collect();
    Ok((Shape::new(&kept)?, Shape::new(&without)?))
}

impl<T: Float> Var<T> {
    /// The sum over the axes, which go away; 0 where there are no elements.
    ///
    /// # Shape
    ///
    /// `sum(1)`: `[a, b, c] -> [a, c]`; `sum(..)`: `[...] -> []`
    ///
    /// # Gradient
    ///
    /// `g`, repeated over the reduced axes; nothing is saved.
    ///
    /// # Errors
    ///
    /// An axis out of range, or named twice.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::leaf(tensor![[1.0, 2.0], [3.0, 4.0]]);
    /// assert_eq!(x.sum(0)?.to_vec(), [4.0, 6.0]);
    /// assert_eq!(x.sum(-1)?.to_vec(), [3.0, 7.0]);
    /// assert_eq!(x.sum([0, 1])?.item()?, 10.0); // as x.sum(..)
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn sum(&self, axes: impl Axes) -> Result<Self> {
        let (kept, to) = reduced_shapes("sum", self.dims(), &axes)?;
        Sum {
            from: self.dims(),
            kept,
            to,
        }
        .apply(self)
    }

    /// As [`sum`](Self::sum), with the axes kept at size 1.
    ///
    /// # Shape
    ///
    /// `sum_keepdim(1)`: `[a, b, c] -> [a, 1, c]`
    ///
    /// # Errors
    ///
    /// An axis out of range, or named twice.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::leaf(tensor![[1.0, 3.0], [5.0, 5.0]]);
    /// let shares = x.div(&x.sum_keepdim(1)?)?;
    /// assert_eq!(shares.tensor(), &tensor![[0.25, 0.75], [0.5, 0.5]]);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn sum_keepdim(&self, axes: impl Axes) -> Result<Self> {
        let (kept, _) = reduced_shapes("sum_keepdim", self.dims(), &axes)?;
        Sum {
            from: self.dims(),
            kept,
            to: kept,
        }
        .apply(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{gradcheck, gradcheck_everywhere, gradgradcheck};
    use gradlet_tensor::{rng, tensor};

    #[test]
    fn gradients_agree_with_finite_differences() -> Result<()> {
        gradcheck_everywhere(|x| x, |x| x.sum(..));
        let x = [Tensor::<f64>::normal([2, 3, 4], 0.0, 1.0, &mut rng(1))?];
        for axes in [vec![0], vec![-1], vec![0, 2], vec![]] {
            gradcheck(|x| x[0].sum(axes.as_slice()), &x)?;
            gradgradcheck(|x| x[0].sum_keepdim(axes.as_slice()), &x)?;
        }
        Ok(())
    }

    #[test]
    fn every_summand_gets_the_gradient_of_its_sum() -> Result<()> {
        let x = Var::leaf(tensor![[1.0, 2.0], [3.0, 4.0]]);
        let y = x.sum(1)?;
        assert_eq!(y.to_vec(), [3.0, 7.0]);
        let grads = y.backward_with(tensor![10.0, 20.0])?;
        assert_eq!(
            grads.wrt(&x).map(Tensor::to_vec),
            Some(vec![10.0, 10.0, 20.0, 20.0])
        );
        assert!(x.sum(2).is_err() && x.sum([0, 0]).is_err());
        Ok(())
    }
}
