//! The matrix product.

use gradlet_tensor::{Float, Result, Shape, Tensor};

use crate::op::{Fixed, Op, Want};
use crate::saves::SomeInputs;
use crate::var::Var;

/// y[.., i, j] = `sum_k` lhs[.., i, k] * rhs[.., k, j], with equal leading axes
#[derive(Debug)]
struct Matmul;

impl<T: Float> Op<T> for Matmul {
    type Arity = Fixed<2>;
    type Saves = SomeInputs;

    fn forward(&self, [lhs, rhs]: [&Tensor<T>; 2]) -> Result<Tensor<T>> {
        lhs.matmul(rhs)
    }

    /// dlhs = g * rhs^T, drhs = lhs^T * g
    fn backward(
        &self,
        g: Var<T>,
        ([lhs, rhs], _): ([Option<Var<T>>; 2], [Want; 2]),
    ) -> Result<[Option<Var<T>>; 2]> {
        let left = rhs.map(|rhs| g.matmul(&rhs.transpose(-2, -1)?));
        let right = lhs.map(|lhs| lhs.transpose(-2, -1)?.matmul(&g));
        Ok([left.transpose()?, right.transpose()?])
    }

    fn keeps(&self, [want_lhs, want_rhs]: &[Want; 2]) -> [bool; 2] {
        [want_rhs.is_wanted(), want_lhs.is_wanted()]
    }
}

impl<T: Float> Var<T> {
    /// The matrix product; vectors count as a row on the left and a column on the right, leading axes are broadcast.
    ///
    /// # Shape
    ///
    /// `[m, k] x [k, n] -> [m, n]`, `[k] x [k] -> []`, `[m, k] x [k] -> [m]`, `[k] x [k, n] -> [n]`,
    /// `[..., m, k] x [..., k, n] -> [..., m, n]`
    ///
    /// # Gradient
    ///
    /// `g * rhs^T` and `self^T * g`, transposed as views; each input is saved if the other is tracked.
    ///
    /// # Errors
    ///
    /// If an input is a scalar, the inner sizes differ, or the leading axes do not broadcast.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::{Tensor, tensor};
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::leaf(tensor![[1.0, 2.0], [3.0, 4.0]]);
    /// let v = Var::leaf(tensor![1.0, 10.0]);
    /// assert_eq!(x.matmul(&v)?.to_vec(), [21.0, 43.0]);
    /// assert_eq!(v.matmul(&x)?.to_vec(), [31.0, 42.0]);
    /// let batch = Var::constant(Tensor::ones([5, 3, 2])?);
    /// assert_eq!(batch.matmul(&x)?.shape(), [5, 3, 2]); // each with the same x
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.matmul`
    #[track_caller]
    pub fn matmul(&self, rhs: &Self) -> Result<Self> {
        let (left, right) = (self.rank(), rhs.rank());
        let lead = |x: &Self| Shape::new(&x.shape()[..x.rank().saturating_sub(2)]);
        if left == 0 || right == 0 || inner_sizes(self, rhs) || (left == 2 && right == 2) {
            // The tensor's method returns the errors.
            return Matmul.apply([self, rhs]);
        }
        if left == 1 {
            return self
                .unsqueeze(0)?
                .matmul(rhs)?
                .squeeze(if right == 1 { 0 } else { -2 });
        }
        if right == 1 {
            return self.matmul(&rhs.unsqueeze(1)?)?.squeeze(-1);
        }
        if right == 2 {
            let mut shape = self.shape().to_vec();
            let columns = shape.pop().unwrap_or(0);
            let rows = shape.iter().product();
            shape.push(rhs.shape()[1]);
            return Matmul
                .apply([&self.reshape([rows, columns])?, rhs])?
                .reshape(&shape);
        }
        let batch =
            Shape::broadcast(&lead(self)?, &lead(rhs)?).map_err(|error| error.of("matmul"))?;
        let with = |x: &Self| -> Result<Shape> {
            Shape::new(&[&batch, &x.shape()[x.rank() - 2..]].concat())
        };
        Matmul.apply([
            &*self.broadcast_if_needed(with(self)?)?,
            &*rhs.broadcast_if_needed(with(rhs)?)?,
        ])
    }
}

/// Whether the sizes that are summed over differ.
fn inner_sizes<T: Float>(lhs: &Var<T>, rhs: &Var<T>) -> bool {
    let rows = rhs.shape()[rhs.rank().saturating_sub(2)];
    lhs.shape().last() != Some(&rows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{gradcheck, gradgradcheck};
    use gradlet_tensor::{rng, tensor};

    #[test]
    fn gradients_agree_with_finite_differences_in_all_rank_combinations() -> Result<()> {
        let shapes: [(&[usize], &[usize]); 10] = [
            (&[2, 3], &[3, 4]),
            (&[3], &[3]),
            (&[2, 3], &[3]),
            (&[3], &[3, 2]),
            (&[2, 2, 3], &[3, 2]),
            (&[2, 3], &[2, 3, 2]),
            (&[2, 1, 2, 3], &[2, 3, 1]),
            (&[2, 2, 3], &[3]),
            (&[0, 3], &[3, 2]),
            (&[2, 0], &[0, 2]),
        ];
        for (left, right) in shapes {
            let mut rng = rng(3);
            let mut make = |shape| Tensor::<f64>::normal(shape, 0.0, 1.0, &mut rng);
            let inputs = [make(left)?, make(right)?];
            gradcheck(|x| x[0].matmul(&x[1]), &inputs)?;
            gradgradcheck(|x| x[0].matmul(&x[1]), &inputs)?;
        }
        let inputs = [Tensor::<f64>::normal([3, 2], 0.0, 1.0, &mut rng(4))?];
        gradcheck(|x| x[0].t()?.matmul(&x[0]), &inputs)?;
        gradgradcheck(|x| x[0].t()?.matmul(&x[0]), &inputs)
    }

    #[test]
    fn gradients_are_products_with_the_other_transposed() -> Result<()> {
        let (a, b) = (
            Var::leaf(tensor![[1.0, 2.0]]),
            Var::leaf(tensor![[3.0], [4.0]]),
        );
        let y = a.matmul(&b)?;
        assert_eq!(y.to_vec(), [11.0]);
        let grads = y.backward_with(tensor![[10.0]])?;
        assert_eq!(grads.wrt(&a).map(Tensor::to_vec), Some(vec![30.0, 40.0]));
        assert_eq!(grads.wrt(&b).map(Tensor::to_vec), Some(vec![10.0, 20.0]));
        Ok(())
    }

    #[test]
    fn mistakes_name_this_line() {
        let (a, b) = (
            Var::leaf(tensor![[1.0, 2.0]]),
            Var::leaf(tensor![[3.0, 4.0]]),
        );
        let error = a.matmul(&b).unwrap_err().to_string();
        let here = format!("(at {}:{})", file!(), line!() - 1);
        assert!(
            error.starts_with("matmul: inner sizes differ: [1, 2] x [1, 2]")
                && error.ends_with(&here),
            "{error}"
        );
        assert!(a.matmul(&Var::constant(Tensor::scalar(1.0))).is_err());
    }
}
