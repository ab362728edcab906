//! Products of vectors and matrices: inner, outer, batched, and one added to a matrix.

use gradlet_tensor::{Error, ErrorKind, Float, Result, Shape, fused};

use crate::var::Var;

impl<T: Float> Var<T> {
    /// `beta * self + alpha * lhs * rhs`; if beta is 0, the first term is left out, even if it is NaN.
    ///
    /// # Shape
    ///
    /// `self` broadcasts to `[m, n]`, `lhs: [m, k], rhs: [k, n] -> [m, n]`
    ///
    /// # Gradient
    ///
    /// `beta * g`, summed where self was repeated, and the gradients of [`matmul`](Self::matmul) times alpha; each
    /// factor is saved if the other is tracked.
    ///
    /// # Errors
    ///
    /// If the factors are not matrices, their inner sizes differ, or `self` does not broadcast to their product.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let (x, w) = (Var::leaf(tensor![[1.0, 2.0]]), Var::leaf(tensor![[3.0], [4.0]]));
    /// let bias = Var::leaf(tensor![100.0]);
    /// assert_eq!(bias.addmm(&x, &w, 1.0, 2.0)?.tensor(), &tensor![[122.0]]);
    /// let unknown = Var::constant(tensor![f32::NAN]);
    /// assert_eq!(unknown.addmm(&x, &w, 0.0, 1.0)?.tensor(), &tensor![[11.0]]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.addmm`
    #[track_caller]
    pub fn addmm(&self, lhs: &Self, rhs: &Self, beta: T, alpha: T) -> Result<Self> {
        expect_rank("addmm", lhs.shape(), 2, "matrices")?;
        expect_rank("addmm", rhs.shape(), 2, "matrices")?;
        let product = lhs
            .matmul(rhs)
            .map_err(|error| error.of("addmm"))?
            .mul_scalar(alpha);
        let term = self
            .broadcast_to(product.shape())
            .map_err(|error| error.of("addmm"))?;
        if beta == T::of(0.0) {
            return Ok(product);
        }
        product.add(&term.mul_scalar(beta))
    }

    /// The sum of the products of the elements of two vectors.
    ///
    /// # Shape
    ///
    /// `[k], [k] -> []`
    ///
    /// # Gradient
    ///
    /// `g * rhs` and `g * self`; each is saved if the other is tracked.
    ///
    /// # Errors
    ///
    /// If these are not two vectors of the same size.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let (x, w) = (Var::leaf(tensor![1.0, 2.0]), Var::constant(tensor![3.0, 4.0]));
    /// let y = x.dot(&w)?;
    /// assert_eq!(y.item()?, 11.0);
    /// assert_eq!(y.backward()?.wrt(&x), Some(&tensor![3.0, 4.0]));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.dot`
    #[track_caller]
    pub fn dot(&self, rhs: &Self) -> Result<Self> {
        expect_rank("dot", self.shape(), 1, "vectors")?;
        expect_rank("dot", rhs.shape(), 1, "vectors")?;
        self.matmul(rhs).map_err(|error| error.of("dot"))
    }

    /// The product of each element of one vector with each of the other: `y[i, j] = self[i] * rhs[j]`.
    ///
    /// # Shape
    ///
    /// `[m], [n] -> [m, n]`
    ///
    /// # Gradient
    ///
    /// `g * rhs` summed over the columns and `g * self` over the rows; each is saved if the other is tracked.
    ///
    /// # Errors
    ///
    /// If these are not two vectors.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let (x, y) = (Var::leaf(tensor![1.0, 2.0]), Var::leaf(tensor![10.0, 100.0, 1000.0]));
    /// assert_eq!(x.outer(&y)?.tensor(), &tensor![[10.0, 100.0, 1000.0], [20.0, 200.0, 2000.0]]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.outer`
    #[track_caller]
    pub fn outer(&self, rhs: &Self) -> Result<Self> {
        expect_rank("outer", self.shape(), 1, "vectors")?;
        expect_rank("outer", rhs.shape(), 1, "vectors")?;
        self.unsqueeze(1)?.mul(rhs)
    }

    /// The matrix products of two batches, one by one: [`matmul`](Self::matmul) without broadcasting.
    ///
    /// # Shape
    ///
    /// `[b, m, k], [b, k, n] -> [b, m, n]`
    ///
    /// # Gradient
    ///
    /// `g * rhs^T` and `self^T * g` for each pair; each batch is saved if the other is tracked.
    ///
    /// # Errors
    ///
    /// If these are not two batches of the same number of matrices, or the inner sizes differ.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::leaf(tensor![[[1.0, 2.0]], [[3.0, 4.0]]]);
    /// let w = Var::leaf(tensor![[[1.0], [1.0]], [[10.0], [10.0]]]);
    /// assert_eq!(x.bmm(&w)?.tensor(), &tensor![[[3.0]], [[70.0]]]);
    /// assert!(x.bmm(&w.narrow(0, 0, 1)?).is_err());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.bmm`
    #[track_caller]
    pub fn bmm(&self, rhs: &Self) -> Result<Self> {
        fused::expect_batches(self.shape(), rhs.shape())?;
        self.matmul(rhs).map_err(|error| error.of("bmm"))
    }
}

/// An error unless there are `rank` axes; `expected` is what the message asks for, such as "matrices".
#[track_caller]
fn expect_rank(op: &'static str, shape: &Shape, rank: usize, expected: &'static str) -> Result<()> {
    if shape.rank() == rank {
        return Ok(());
    }
    let shape = *shape;
    Err(Error::new(ErrorKind::Rank {
        op,
        expected,
        shape,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{gradcheck, gradgradcheck};
    use gradlet_tensor::{ErrorKind, Tensor, rng, tensor};

    type Product = fn(&Var<f64>, &Var<f64>) -> Result<Var<f64>>;

    fn make<const N: usize>(shapes: [&[usize]; N]) -> Result<Vec<Tensor<f64>>> {
        let mut rng = rng(5);
        shapes
            .iter()
            .map(|shape| Tensor::normal(*shape, 0.0, 1.0, &mut rng))
            .collect()
    }

    #[test]
    fn gradients_agree_with_finite_differences() -> Result<()> {
        for term in [[2, 4].as_slice(), &[4], &[], &[2, 1]] {
            let inputs = make([term, &[2, 3], &[3, 4]])?;
            let f = |x: &[Var<f64>]| x[0].addmm(&x[1], &x[2], 0.5, 2.0);
            gradcheck(f, &inputs)?;
            gradgradcheck(f, &inputs)?;
        }
        let cases: [(Product, [&[usize]; 2]); 5] = [
            (Var::dot, [&[3], &[3]]),
            (Var::dot, [&[0], &[0]]),
            (Var::outer, [&[2], &[3]]),
            (Var::bmm, [&[2, 1, 3], &[2, 3, 2]]),
            (Var::bmm, [&[2, 1, 0], &[2, 0, 2]]),
        ];
        for (f, shapes) in cases {
            let inputs = make(shapes)?;
            gradcheck(|x| f(&x[0], &x[1]), &inputs)?;
            gradgradcheck(|x| f(&x[0], &x[1]), &inputs)?;
        }
        Ok(())
    }

    #[test]
    fn a_beta_of_0_hides_nan() -> Result<()> {
        let (x, one) = (
            Var::constant(tensor![f32::NAN]),
            Var::constant(tensor![[2.0]]),
        );
        assert_eq!(x.addmm(&one, &one, 0.0, 3.0)?.to_vec(), [12.0]);
        Ok(())
    }

    #[test]
    fn other_ranks_are_refused_by_name() -> Result<()> {
        let (v, m) = (
            Var::constant(tensor![1.0, 2.0]),
            Var::constant(tensor![[1.0, 2.0]]),
        );
        for (error, op) in [
            (v.dot(&m), "dot"),
            (m.outer(&v), "outer"),
            (m.bmm(&m), "bmm"),
            (v.addmm(&v, &m, 1.0, 1.0), "addmm"),
        ] {
            let error = error.unwrap_err();
            assert!(
                matches!(error.kind(), ErrorKind::Rank { op: name, .. } if *name == op),
                "{error}"
            );
        }
        let (a, b) = (Tensor::ones([1, 2, 2])?, Tensor::ones([3, 2, 2])?);
        assert!(Var::constant(a).bmm(&Var::constant(b)).is_err());
        Ok(())
    }
}
