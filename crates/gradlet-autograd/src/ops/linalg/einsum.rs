//! Sums of products by Einstein's convention.

use gradlet_tensor::{Contract, Float, Result, Tensor};

use crate::var::Var;

impl<T: Float> Contract for Var<T> {
    fn sizes(&self) -> &[usize] {
        self.shape()
    }

    fn permuted(&self, axes: &[isize]) -> Result<Self> {
        self.permute(axes)
    }

    fn reshaped(&self, sizes: &[usize]) -> Result<Self> {
        self.reshape(sizes)
    }

    fn summed(&self, axes: &[isize]) -> Result<Self> {
        self.sum(axes)
    }

    fn picked(&self, indices: &Tensor<i64>) -> Result<Self> {
        self.index_select(0, indices)
    }

    fn multiplied(&self, rhs: &Self) -> Result<Self> {
        self.matmul(rhs)
    }

    fn scaled(&self, rhs: &Self) -> Result<Self> {
        self.mul(rhs)
    }
}

/// The sum of products that the equation names: `ij,jk->ik` is the matrix product. See
/// [`gradlet_tensor::einsum`] for the language of equations.
///
/// # Shape
///
/// The output has an axis for each letter after `->`, and those of the ellipsis.
///
/// # Gradient
///
/// The gradients of the sums, diagonals and matrix products that compute it; each factor is saved if the other is
/// tracked.
///
/// # Errors
///
/// If the equation cannot be read, or the operands do not fit it.
///
/// # Example
///
/// ```
/// # use gradlet_autograd::{Var, einsum};
/// # use gradlet_tensor::tensor;
/// # fn main() -> gradlet_tensor::Result<()> {
/// let (x, w) = (Var::leaf(tensor![[1.0, 2.0], [3.0, 4.0]]), Var::leaf(tensor![10.0, 100.0]));
/// assert_eq!(einsum("ij,j->i", &[&x, &w])?.to_vec(), [210.0, 430.0]);
/// # Ok(())
/// # }
/// ```
///
/// # Source
///
/// `torch.einsum`
#[track_caller]
pub fn einsum<T: Float>(equation: &str, operands: &[&Var<T>]) -> Result<Var<T>> {
    gradlet_tensor::einsum(equation, operands)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{gradcheck, gradgradcheck};
    use gradlet_tensor::{ErrorKind, rng, tensor};

    #[test]
    fn gradients_agree_with_finite_differences() -> Result<()> {
        let cases: [(&str, &[&[usize]]); 14] = [
            ("ij,jk->ik", &[&[2, 3], &[3, 2]]),
            ("bij,bjk->kb", &[&[2, 2, 3], &[2, 3, 2]]),
            ("ij->ji", &[&[2, 3]]),
            ("ii", &[&[3, 3]]),
            ("iji->j", &[&[2, 3, 2]]),
            ("i,j,i->ij", &[&[2], &[3], &[2]]),
            ("ij,kl->", &[&[2, 2], &[1, 3]]),
            (",i->i", &[&[], &[3]]),
            ("ij,jk->ik", &[&[2, 0], &[0, 2]]),
            ("...ij,...jk->...ik", &[&[2, 1, 2, 3], &[2, 3, 2]]),
            ("...i,i...", &[&[2, 3], &[3]]),
            ("b...,b...->b", &[&[2, 1, 3], &[2, 2, 1]]),
            ("i...i->...", &[&[2, 3, 2]]),
            ("ij,ij->ij", &[&[1, 3], &[2, 1]]),
        ];
        for (equation, shapes) in cases {
            let mut rng = rng(5);
            let inputs = shapes
                .iter()
                .map(|shape| Tensor::normal(*shape, 0.0, 1.0, &mut rng));
            let inputs = inputs.collect::<Result<Vec<_>>>()?;
            let f = |x: &[Var<f64>]| einsum(equation, &x.iter().collect::<Vec<_>>());
            gradcheck(f, &inputs)?;
            gradgradcheck(f, &inputs)?;
        }
        Ok(())
    }

    #[test]
    fn a_mistake_names_this_line() {
        let x = Var::constant(tensor![1.0, 2.0]);
        let error = einsum("i->j", &[&x]).unwrap_err();
        let here = format!("(at {}:{})", file!(), line!() - 1);
        assert!(error.to_string().ends_with(&here), "{error}");
        assert!(matches!(error.kind(), ErrorKind::Equation { .. }));
        let none: &[&Var] = &[];
        assert!(einsum("", none).is_err());
    }
}
