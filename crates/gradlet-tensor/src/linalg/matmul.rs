//! Matrix, vector and batched products.

use crate::element::Float;
use crate::error::{Error, ErrorKind, Result};
use crate::kernel::matmul::{Matrix, Start, matmul};
use crate::kernel::parallel;
use crate::number::Number;
use crate::shape::Shape;
use crate::tensor::Tensor;
use crate::threads;

/// Multiplications that make a part of a batch.
const MULTIPLICATIONS: usize = 1 << 20;

impl<T: Number> Tensor<T> {
    /// The matrix product; a vector counts as a row on the left and as a column on the right. Leading axes are
    /// broadcast.
    ///
    /// It works on strides, so a transposed operand of floats is not copied. The products of integers are summed exactly,
    /// to an `i64` or `u64`.
    ///
    /// # Shape
    ///
    /// `[m, k] x [k, n] -> [m, n]`, `[k] x [k] -> []`, `[m, k] x [k] -> [m]`, `[k] x [k, n] -> [n]`,
    /// `[..., m, k] x [..., k, n] -> [..., m, n]`
    ///
    /// # Errors
    ///
    /// If an operand is a scalar, or the inner sizes differ, or the leading axes do not broadcast, or a sum of integers
    /// overflows.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let (a, b) = (tensor![[1.0, 2.0], [3.0, 4.0]], tensor![10.0, 1.0]);
    /// assert_eq!(a.matmul(&b)?.to_vec(), [12.0, 34.0]);
    /// assert_eq!(tensor![u8; [200]].matmul(&tensor![u8; 100])?.to_vec(), [20_000u64]);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn matmul(&self, rhs: &Self) -> Result<Tensor<T::Sum>> {
        for x in [self, rhs] {
            if x.rank() == 0 {
                let expected = "vectors or matrices";
                return Err(Error::new(ErrorKind::Rank {
                    op: "matmul",
                    expected,
                    shape: *x.shape(),
                }));
            }
        }
        let columns = self.shape()[self.rank() - 1];
        let rows = rhs.shape()[rhs.rank().saturating_sub(2)];
        if columns != rows {
            return Err(inner_sizes("matmul", self, rhs, columns, rows));
        }
        T::matmul_(self, rhs)
    }
}

impl<T: Float> Tensor<T> {
    /// The matrix product of tensors that are no scalars and whose inner sizes agree.
    #[track_caller]
    pub(crate) fn product(&self, rhs: &Self) -> Result<Self> {
        match (self.rank(), rhs.rank()) {
            (2, 2) => product(all_of(self), all_of(rhs), None),
            (1, 1) => self.unsqueeze(0)?.matmul(&rhs.unsqueeze(1)?)?.reshape(()),
            (1, _) => self.unsqueeze(0)?.matmul(rhs)?.squeeze(-2),
            (_, 1) => self.matmul(&rhs.unsqueeze(1)?)?.squeeze(-1),
            // One matrix on the right: all rows on the left are multiplied by it at once.
            (rank, 2) if self.as_slice().is_some() => {
                let mut shape = *self.shape();
                let (columns, n) = (rhs.shape()[0], rhs.shape()[1]);
                shape[rank - 1] = n;
                let rows = self.shape()[..rank - 1].iter().product();
                let lhs = self.reshape([rows, columns])?;
                product(all_of(&lhs), all_of(rhs), None)?.reshape(shape)
            }
            _ => self.batched(rhs),
        }
    }

    /// `x * weight^T + bias` in one pass, for a weight as layers store it.
    ///
    /// # Shape
    ///
    /// `x: [..., k], weight: [n, k], bias: [n] -> [..., n]`
    ///
    /// # Errors
    ///
    /// If the weight is not a matrix, or `x` is a scalar, or the sizes do not fit.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let (x, weight) = (tensor![[1.0, 2.0]], tensor![[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]);
    /// let bias = tensor![10.0, 20.0, 30.0];
    /// assert_eq!(x.linear(&weight, Some(&bias))?, tensor![[11.0, 22.0, 33.0]]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.nn.functional.linear`
    #[track_caller]
    pub fn linear(&self, weight: &Self, bias: Option<&Self>) -> Result<Self> {
        let [n, k] = weight.shape()[..] else {
            return Err(Error::new(ErrorKind::Rank {
                op: "linear",
                expected: "a matrix",
                shape: *weight.shape(),
            }));
        };
        if let Some(bias) = bias {
            bias.expect_shape("linear", n)?;
        }
        let mut shape = *self.shape();
        match shape.last_mut() {
            Some(last) if *last == k => *last = n,
            _ => {
                let columns = self.shape().last().copied().unwrap_or(1);
                let remedy = "; the weight is [out_features, in_features]";
                let (op, lhs, rhs) = ("linear", *self.shape(), *weight.shape());
                return Err(Error::new(ErrorKind::InnerSizes {
                    op,
                    lhs,
                    rhs,
                    columns,
                    rows: k,
                    remedy,
                }));
            }
        }
        let weight = ([k, n], transposed(matrix(weight, weight.layout().offset)));
        if shape.rank() == 2 {
            return product(all_of(self), weight, bias);
        }
        let rows = self.shape()[..self.rank() - 1].iter().product();
        let x = self.reshape([rows, k])?;
        product(all_of(&x), weight, bias)?.reshape(shape)
    }

    #[track_caller]
    fn batched(&self, rhs: &Self) -> Result<Self> {
        let lead = |x: &Self| Shape::new(&x.shape()[..x.rank() - 2]);
        let batch = Shape::broadcast_for("matmul", &lead(self)?, &lead(rhs)?)?;
        // Not in a closure, which would lose the caller's line.
        let mut shapes = [batch; 2];
        for (shape, x) in shapes.iter_mut().zip([self, rhs]) {
            for &size in &x.shape()[x.rank() - 2..] {
                shape.push(size)?;
            }
        }
        let (lhs, rhs) = (self.broadcast_to(shapes[0])?, rhs.broadcast_to(shapes[1])?);
        let (m, k, n) = (lhs.size(-2)?, lhs.size(-1)?, rhs.size(-1)?);
        let mut shape = batch;
        shape.push(m)?;
        shape.push(n)?;
        let places = |x: &Self| -> Vec<usize> {
            let (layout, rank) = (x.layout(), x.rank());
            let mut places = vec![layout.offset];
            for axis in 0..rank - 2 {
                let (size, stride) = (layout.shape[axis], layout.strides()[axis]);
                places = places
                    .iter()
                    .flat_map(|place| (0..size).map(move |i| place + i * stride))
                    .collect();
            }
            places
        };
        Self::build(shape, |out| {
            // Without elements, there may be more matrices than memory holds places for.
            if out.is_empty() {
                return;
            }
            let (left, right) = (places(&lhs), places(&rhs));
            let products = |first: usize, out: &mut [T]| {
                let places = left[first..].iter().zip(&right[first..]);
                for (out, (&left, &right)) in out.chunks_exact_mut(m * n).zip(places) {
                    let (left, right) = (matrix(&lhs, left), matrix(&rhs, right));
                    matmul([m, k, n], left, right, out, Start::Zero);
                }
            };
            // Many products are split between threads; few are computed in turn, each of them by all threads.
            let (count, work) = (left.len(), out.len().saturating_mul(k));
            let parts = (work / MULTIPLICATIONS).min(count);
            if parts < 2 || count < 4 * threads::count() {
                return products(0, out);
            }
            parallel::for_parts_of(out, count.div_ceil(parts) * m * n, |start, out| {
                products(start / (m * n), out);
            });
        })
    }
}

/// The product of two matrices whose sizes agree, with a bias added to each row.
#[track_caller]
fn product<T: Float>(
    ([m, k], lhs): ([usize; 2], Matrix<'_, T>),
    ([_, n], rhs): ([usize; 2], Matrix<'_, T>),
    bias: Option<&Tensor<T>>,
) -> Result<Tensor<T>> {
    let bias = bias.map(Tensor::row_major).transpose()?;
    let bias = bias.as_deref().and_then(Tensor::as_slice);
    Tensor::build(Shape::from([m, n]), |out| {
        matmul(
            [m, k, n],
            lhs,
            rhs,
            out,
            bias.map_or(Start::Zero, Start::Row),
        );
    })
}

/// The rows and columns of a tensor of two axes, and its matrix.
#[inline]
fn all_of<T: Float>(x: &Tensor<T>) -> ([usize; 2], Matrix<'_, T>) {
    ([x.shape()[0], x.shape()[1]], matrix(x, x.layout().offset))
}

/// The matrix with rows and columns swapped.
#[inline]
fn transposed<T>(x: Matrix<'_, T>) -> Matrix<'_, T> {
    Matrix {
        row_stride: x.column_stride,
        column_stride: x.row_stride,
        ..x
    }
}

/// The matrix of the last two axes whose first element is at `offset` in the storage.
pub(crate) fn matrix<T: Float>(x: &Tensor<T>, offset: usize) -> Matrix<'_, T> {
    let strides = &x.layout().strides()[x.rank() - 2..];
    Matrix {
        data: x.storage(),
        offset,
        row_stride: strides[0],
        column_stride: strides[1],
    }
}

#[track_caller]
fn inner_sizes<T: Number>(
    op: &'static str,
    lhs: &Tensor<T>,
    rhs: &Tensor<T>,
    columns: usize,
    rows: usize,
) -> Error {
    let fits = rhs.rank() == 2 && rhs.shape()[1] == columns;
    let remedy = if fits { "; did you mean rhs.t()?" } else { "" };
    Error::new(ErrorKind::InnerSizes {
        op,
        lhs: *lhs.shape(),
        rhs: *rhs.shape(),
        columns,
        rows,
        remedy,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor;
    use proptest::prelude::*;

    #[test]
    fn ranks_combine_as_documented() -> Result<()> {
        let (a, v) = (tensor![[1.0, 2.0], [3.0, 4.0]], tensor![1.0, -1.0]);
        assert_eq!(v.matmul(&v)?.item()?, 2.0);
        assert_eq!(a.matmul(&v)?.to_vec(), [-1.0, -1.0]);
        assert_eq!(v.matmul(&a)?.to_vec(), [-2.0, -2.0]);
        let batch = Tensor::stack(&[&a, &a.t()?], 0)?;
        assert_eq!(batch.matmul(&a)?.select(0, 1)?, a.t()?.matmul(&a)?);
        assert_eq!(a.matmul(&batch)?.select(0, 1)?, a.matmul(&a.t()?)?);
        assert_eq!(batch.unsqueeze(1)?.matmul(&batch)?.shape(), [2, 2, 2, 2]);
        assert_eq!(batch.matmul(&v)?.shape(), [2, 2]);
        Ok(())
    }

    #[test]
    fn many_products_are_those_of_each_pair_on_any_number_of_threads() -> Result<()> {
        let mut rng = crate::rng(1);
        let x = Tensor::<f32>::normal([17, 60, 50], 0.0, 1.0, &mut rng)?;
        let y = Tensor::<f32>::normal([17, 50, 70], 0.0, 1.0, &mut rng)?;
        for n in 1..4 {
            let all = threads::with(n, || x.matmul(&y))?;
            for i in 0..17 {
                let one = x.select(0, i)?.matmul(&y.select(0, i)?)?;
                assert_eq!(all.select(0, i)?, one, "{i} of {n} threads");
            }
        }
        Ok(())
    }

    #[test]
    fn empty_products_are_zero_or_empty() -> Result<()> {
        let (a, b) = (Tensor::zeros([2, 0])?, Tensor::zeros([0, 3])?);
        assert_eq!(a.matmul(&b)?, Tensor::zeros([2, 3])?);
        assert_eq!(b.matmul(&Tensor::zeros([3, 4])?)?.shape(), [0, 4]);
        assert_eq!(
            Tensor::zeros([2, 2, 0])?.matmul(&Tensor::zeros([2, 0, 1])?)?,
            Tensor::zeros([2, 2, 1])?
        );
        assert_eq!(
            a.linear(&Tensor::zeros([2, 0])?, Some(&tensor![1.0, 2.0]))?
                .to_vec(),
            [1.0, 2.0, 1.0, 2.0]
        );
        Ok(())
    }

    #[test]
    fn mistakes_show_both_shapes_and_the_remedy() -> Result<()> {
        let (a, b) = (Tensor::zeros([2, 3])?, Tensor::zeros([4, 3])?);
        let error = a.matmul(&b).unwrap_err();
        let line = line!() - 1;
        assert_eq!(
            error.to_string(),
            format!(
                "matmul: inner sizes differ: [2, 3] x [4, 3] (3 columns, 4 rows); did you mean rhs.t()? (at {}:{line})",
                file!()
            )
        );
        assert!(
            a.matmul(&Tensor::scalar(1.0)).is_err() && a.matmul(&Tensor::zeros([2, 3, 4])?).is_ok()
        );
        assert!(
            Tensor::zeros([2, 3, 4])?
                .matmul(&Tensor::zeros([3, 4, 2])?)
                .is_err()
        );
        assert!(a.linear(&Tensor::zeros([2, 2])?, None).is_err());
        assert!(a.linear(&b, Some(&tensor![1.0])).is_err());
        Ok(())
    }

    #[test]
    fn linear_adds_its_bias_to_every_row() -> Result<()> {
        let (x, w) = (
            tensor![[1.0, 2.0], [3.0, 4.0]],
            tensor![[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]],
        );
        let y = x.linear(&w, Some(&tensor![10.0, 20.0, 30.0]))?;
        assert_eq!(y.to_vec(), [11.0, 22.0, 33.0, 13.0, 24.0, 37.0]);
        assert_eq!(x.reshape([2, 1, 2])?.linear(&w, None)?.shape(), [2, 1, 3]);
        assert_eq!(
            tensor![1.0, 2.0].linear(&w, None)?.to_vec(),
            [1.0, 2.0, 3.0]
        );
        Ok(())
    }

    proptest! {
        #[test]
        fn strided_products_agree_with_a_naive_one(m in 0..6usize, k in 0..6usize, n in 0..6usize, kind in 0..16u32) {
            let mut rng = crate::rng(u64::from(kind));
            let mut make = |rows: usize, columns: usize, bits: u32| -> Result<Tensor<f64>> {
                let x = Tensor::<f64>::normal([columns, rows], 0.0, 1.0, &mut rng)?;
                let x = if bits & 1 == 1 { x.t()? } else { x.t()?.contiguous() };
                // A part of a larger matrix has gaps between its rows.
                Ok(if bits & 2 == 2 { Tensor::cat(&[&x, &x], 1)?.narrow(1, columns, columns)? } else { x })
            };
            let (a, b) = (make(m, k, kind)?, make(k, n, kind >> 2)?);
            let naive = Tensor::<f64>::from_fn([m, n], |i| {
                (0..k).map(|l| a.at(&[i / n, l]).unwrap() * b.at(&[l, i % n]).unwrap()).sum()
            })?;
            prop_assert!(a.matmul(&b)?.allclose(&naive, 1e-12, 1e-12));
        }
    }

    #[test]
    fn matrices_without_elements_are_not_counted() -> Result<()> {
        let none = Tensor::zeros([1 << 50, 2, 0, 3])?;
        assert_eq!(
            none.matmul(&Tensor::zeros([1, 2, 3, 4])?)?.shape(),
            [1 << 50, 2, 0, 4]
        );
        let many = Tensor::zeros([3, 4])?.broadcast_to([1 << 20, 1, 1, 3, 4])?;
        let error = none.matmul(&many).unwrap_err();
        assert!(
            matches!(error.kind(), ErrorKind::TooLarge { .. }),
            "{error}"
        );
        assert!(error.location().file().ends_with("matmul.rs") && error.location().line() > 200);
        Ok(())
    }
}
