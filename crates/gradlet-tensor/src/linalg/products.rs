//! Products of vectors and matrices with names of their own: inner, outer, batched, and one that adds a matrix.

use crate::element::Float;
use crate::error::{Error, ErrorKind, Result};
use crate::number::Number;
use crate::shape::Shape;
use crate::tensor::Tensor;

impl<T: Number> Tensor<T> {
    /// The inner product of two vectors; of integers exact, as an `i64` or `u64`.
    ///
    /// # Shape
    ///
    /// `[k], [k] -> []`
    ///
    /// # Errors
    ///
    /// If the tensors are not two vectors of the same size, or the sum of integers overflows.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// assert_eq!(tensor![1.0, 2.0, 3.0].dot(&tensor![4.0, 5.0, 6.0])?.item()?, 32.0);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.dot`
    #[track_caller]
    pub fn dot(&self, rhs: &Self) -> Result<Tensor<T::Sum>> {
        self.shape().expect_rank("dot", 1, "vectors")?;
        rhs.shape().expect_rank("dot", 1, "vectors")?;
        self.matmul(rhs).map_err(|error| error.of("dot"))
    }

    /// The outer product of two vectors: `y[i, j] = self[i] * rhs[j]`.
    ///
    /// # Shape
    ///
    /// `[m], [n] -> [m, n]`
    ///
    /// # Errors
    ///
    /// If the tensors are not two vectors, or a product of integers overflows, or memory does not hold the result.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let y = tensor![1.0, 2.0].outer(&tensor![10.0, 100.0, 1000.0])?;
    /// assert_eq!(y, tensor![[10.0, 100.0, 1000.0], [20.0, 200.0, 2000.0]]);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn outer(&self, rhs: &Self) -> Result<Self> {
        self.shape().expect_rank("outer", 1, "vectors")?;
        rhs.shape().expect_rank("outer", 1, "vectors")?;
        self.unsqueeze(1)?
            .mul(rhs)
            .map_err(|error| error.of("outer"))
    }

    /// The matrix products of two batches, pair by pair: [`matmul`](Self::matmul) without broadcasting.
    ///
    /// # Shape
    ///
    /// `[b, m, k], [b, k, n] -> [b, m, n]`
    ///
    /// # Errors
    ///
    /// If the tensors are not two batches of equally many matrices, or the inner sizes differ, or a sum of integers
    /// overflows.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let (x, y) = (tensor![[[1.0, 2.0]], [[3.0, 4.0]]], tensor![[[1.0], [1.0]], [[10.0], [1.0]]]);
    /// assert_eq!(x.bmm(&y)?, tensor![[[3.0]], [[34.0]]]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.bmm`
    #[track_caller]
    pub fn bmm(&self, rhs: &Self) -> Result<Tensor<T::Sum>> {
        expect_batches(self.shape(), rhs.shape())?;
        self.matmul(rhs).map_err(|error| error.of("bmm"))
    }
}

impl<T: Float> Tensor<T> {
    /// `beta * self + alpha * lhs * rhs`; if beta is 0, the first term is left out, even if it is NaN.
    ///
    /// # Shape
    ///
    /// `self` broadcasts to `[m, n]`, `lhs: [m, k], rhs: [k, n] -> [m, n]`
    ///
    /// # Errors
    ///
    /// If the factors are not matrices, or their inner sizes differ, or `self` does not broadcast to their product.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let (x, w) = (tensor![[1.0, 2.0]], tensor![[3.0], [4.0]]);
    /// assert_eq!(tensor![100.0].addmm(&x, &w, 1.0, 2.0)?, tensor![[122.0]]);
    /// assert_eq!(tensor![f32::NAN].addmm(&x, &w, 0.0, 1.0)?, tensor![[11.0]]);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn addmm(&self, lhs: &Self, rhs: &Self, beta: T, alpha: T) -> Result<Self> {
        lhs.shape().expect_rank("addmm", 2, "matrices")?;
        rhs.shape().expect_rank("addmm", 2, "matrices")?;
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
        product.zip_for("addmm", &term, |product, term| product + term * beta)
    }
}

/// Returns an error unless these are the shapes of two batches of equally many matrices, as [`bmm`](Tensor::bmm) needs.
///
/// # Errors
///
/// If a shape does not have three axes, or the first sizes differ; the message begins with `bmm`.
///
/// # Example
///
/// ```
/// # use gradlet_tensor::{Shape, fused};
/// let (x, y) = (Shape::from([5, 2, 3]), Shape::from([5, 3, 4]));
/// assert!(fused::expect_batches(&x, &y).is_ok() && fused::expect_batches(&x, &Shape::from([3, 4])).is_err());
/// ```
#[track_caller]
pub fn expect_batches(lhs: &Shape, rhs: &Shape) -> Result<()> {
    lhs.expect_rank("bmm", 3, "batches of matrices, [b, m, k]")?;
    rhs.expect_rank("bmm", 3, "batches of matrices, [b, m, k]")?;
    if lhs[0] == rhs[0] {
        return Ok(());
    }
    let (op, expected, found) = ("bmm", *lhs, *rhs);
    Err(Error::new(ErrorKind::ShapeMismatch {
        op,
        expected,
        found,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor;

    #[test]
    fn products_have_their_shapes_and_values() -> Result<()> {
        let (x, y) = (tensor![1.0, 2.0], tensor![3.0, 4.0]);
        assert_eq!(x.dot(&y)?.item()?, 11.0);
        assert_eq!(x.outer(&y)?.to_vec(), [3.0, 4.0, 6.0, 8.0]);
        let m = x.outer(&y)?;
        assert_eq!(
            m.unsqueeze(0)?.bmm(&m.unsqueeze(0)?)?.select(0, 0)?,
            m.matmul(&m)?
        );
        assert_eq!(
            x.addmm(&m, &m, 10.0, 2.0)?,
            (m.matmul(&m)? * 2.0).add(&(x * 10.0))?
        );
        Ok(())
    }

    #[test]
    fn a_beta_of_0_hides_nan_but_not_a_wrong_shape() -> Result<()> {
        let one = tensor![[2.0]];
        assert_eq!(
            tensor![f32::NAN].addmm(&one, &one, 0.0, 3.0)?.to_vec(),
            [12.0]
        );
        assert!(tensor![1.0, 2.0].addmm(&one, &one, 0.0, 1.0).is_err());
        Ok(())
    }

    #[test]
    fn other_ranks_are_refused_by_name() -> Result<()> {
        let (v, m) = (tensor![1.0, 2.0], tensor![[1.0, 2.0]]);
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
        assert!(
            Tensor::ones([1, 2, 2])?
                .bmm(&Tensor::ones([3, 2, 2])?)
                .is_err()
        );
        Ok(())
    }
}
