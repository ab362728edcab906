//! Elements repeated along axes.

use gradlet_tensor::{Float, Result, Shape, Tensor};

use crate::op::{One, Op};
use crate::saves::Nothing;
use crate::var::Var;

/// y[.., j n + i, ..] = x[.., i, ..] for each j < count, along each axis of size n
#[derive(Debug)]
struct Repeat {
    counts: Vec<usize>,
    shape: Shape,
}

impl<T: Float> Op<T> for Repeat {
    type Arity = One;
    type Saves = Nothing;

    fn forward(&self, x: &Tensor<T>) -> Result<Tensor<T>> {
        x.repeat(&self.counts)
    }

    /// dx = sum of g over the repeats
    fn backward(&self, g: Var<T>, (): ()) -> Result<Var<T>> {
        let new = self.counts.len() - self.shape.rank();
        let mut dx = g;
        for (axis, &count) in self.counts.iter().enumerate() {
            if count == 1 {
                continue;
            }
            let mut sizes = dx.shape().to_vec();
            sizes[axis] = if axis < new {
                1
            } else {
                self.shape[axis - new]
            };
            let outer = Shape::new(&sizes[..axis])?.numel();
            let inner = Shape::new(&sizes[axis..])?.numel();
            dx = dx.reshape([outer, count, inner])?.sum(1)?.reshape(&sizes)?;
        }
        dx.reshape(self.shape)
    }
}

impl<T: Float> Var<T> {
    /// The elements repeated along each axis as often as its count says; extra counts in front make new axes.
    ///
    /// # Shape
    ///
    /// `repeat(&[2, 1, 3])`: `[m, n] -> [2, m, 3 n]`
    ///
    /// # Gradient
    ///
    /// `g` summed over the repeats; nothing is saved.
    ///
    /// # Errors
    ///
    /// If there are fewer counts than axes, or memory does not hold that many elements.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::leaf(tensor![1.0, 2.0]);
    /// let y = x.repeat(&[2, 2])?;
    /// assert_eq!(y.tensor(), &tensor![[1.0, 2.0, 1.0, 2.0], [1.0, 2.0, 1.0, 2.0]]);
    /// assert_eq!(y.sum(..)?.backward()?.wrt(&x), Some(&tensor![4.0, 4.0]));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.Tensor.repeat`, which is `numpy.tile`
    #[track_caller]
    pub fn repeat(&self, counts: &[usize]) -> Result<Self> {
        Repeat {
            counts: counts.to_vec(),
            shape: *self.shape(),
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
        gradcheck_everywhere(|x| x, |x| x.repeat(&vec![2; x.rank() + 1]));
        let x = [Tensor::<f64>::normal([2, 1, 3], 0.0, 1.0, &mut rng(1))?];
        for counts in [&[1, 1, 1][..], &[2, 3, 1], &[3, 1, 2, 2], &[0, 2, 1]] {
            gradcheck(|x| x[0].repeat(counts), &x)?;
            gradgradcheck(|x| x[0].transpose(0, 2)?.repeat(counts), &x)?;
        }
        Ok(())
    }

    #[test]
    fn the_gradient_is_summed_over_the_repeats() -> Result<()> {
        let x = Var::leaf(tensor![1.0, 2.0]);
        let y = x.repeat(&[2, 2])?;
        assert_eq!(
            y.tensor(),
            &tensor![[1.0, 2.0, 1.0, 2.0], [1.0, 2.0, 1.0, 2.0]]
        );
        let grads = y.backward_with(tensor![[1.0, 2.0, 3.0, 4.0], [10.0, 20.0, 30.0, 40.0]])?;
        assert_eq!(grads.wrt(&x).map(Tensor::to_vec), Some(vec![44.0, 66.0]));
        assert!(x.repeat(&[]).is_err());
        Ok(())
    }
}
