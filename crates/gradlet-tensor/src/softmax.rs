//! Softmax, its logarithm and the logarithm of a sum of exponentials, as `SciPy`'s `special` has them.

use crate::element::Float;
use crate::error::{Error, ErrorKind, Result};
use crate::kernel::{parallel, softmax};
use crate::tensor::Tensor;

impl<T: Float> Tensor<T> {
    /// `scale * e^x_i / sum_j e^x_j` along an axis, without overflow.
    ///
    /// # Errors
    ///
    /// An axis out of range.
    #[track_caller]
    pub fn softmax_scaled(&self, axis: isize, scale: T) -> Result<Self> {
        self.rows("softmax", axis, |x, y| softmax::softmax(x, scale, y))
    }

    /// `e^x_i / sum_j e^x_j` along an axis, without overflow.
    ///
    /// # Errors
    ///
    /// An axis out of range.
    #[track_caller]
    pub fn softmax(&self, axis: isize) -> Result<Self> {
        self.softmax_scaled(axis, T::of(1.0))
    }

    /// `x_i - ln sum_j e^x_j` along an axis, without overflow.
    ///
    /// # Errors
    ///
    /// An axis out of range.
    #[track_caller]
    pub fn log_softmax(&self, axis: isize) -> Result<Self> {
        self.rows("log_softmax", axis, softmax::log_softmax)
    }

    /// Calls `row` with each row along an axis and where its result goes.
    #[track_caller]
    fn rows(
        &self,
        op: &'static str,
        axis: isize,
        row: impl Fn(&[T], &mut [T]) + Sync,
    ) -> Result<Self> {
        if self.rank() == 0 {
            return self.reshape([1])?.rows(op, axis, row)?.reshape(());
        }
        let at = self.dims().axis(op, axis)?;
        if at + 1 != self.rank() {
            return self
                .transpose(axis, -1)?
                .rows(op, -1, row)?
                .transpose(axis, -1);
        }
        let columns = self.shape()[at];
        let x = self.contiguous();
        let x = x.as_slice().unwrap_or_default();
        Self::build(self.dims(), |out| {
            if out.is_empty() {
                return;
            }
            let rows_per_part = (parallel::PART / columns).max(1);
            parallel::for_chunks(out, rows_per_part * columns, |start, out| {
                let x = x[start..].chunks_exact(columns);
                x.zip(out.chunks_exact_mut(columns))
                    .for_each(|(x, y)| row(x, y));
            });
        })
    }

    /// The loss of each row, `ln sum_j e^x_j - x_label`.
    ///
    /// # Shape
    ///
    /// `x: [n, classes]`, labels `[n] -> [n]`
    ///
    /// # Errors
    ///
    /// A tensor that is no matrix, another number of labels than rows, or a label that is no column.
    #[track_caller]
    pub fn cross_entropy_rows(&self, labels: &Tensor<i64>) -> Result<Self> {
        if self.rank() != 2 {
            let expected = "logits of shape [n, classes]";
            return Err(Error::new(ErrorKind::Rank {
                op: "cross_entropy",
                expected,
                shape: self.dims(),
            }));
        }
        let picked = self.pick_columns(labels)?;
        let picked = picked.as_slice().unwrap_or_default();
        let columns = self.shape()[1];
        let x = self.contiguous();
        let x = x.as_slice().unwrap_or_default();
        Self::build(labels.dims(), |out| {
            let rows = |start: usize, out: &mut [T]| {
                for (i, y) in out.iter_mut().enumerate() {
                    let (largest, rest) =
                        softmax::log_sum_exp(&x[(start + i) * columns..][..columns]);
                    *y = rest - (picked[start + i] - largest);
                }
            };
            if parallel::pays(x.len()) {
                parallel::for_parts_of(out, (parallel::PART / columns).max(1), rows);
            } else {
                rows(0, out);
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor;

    #[test]
    fn any_axis_and_shape_works() -> Result<()> {
        let x = Tensor::<f64>::normal([3, 4, 2], 0.0, 1.0, &mut crate::rng(1))?;
        for axis in [-3, 1, 2] {
            let p = x.softmax(axis)?;
            assert!(
                p.sum(axis)?
                    .allclose(&Tensor::ones_of(p.sum(axis)?.dims())?, 1e-14, 0.0)
            );
            assert!(x.log_softmax(axis)?.exp().allclose(&p, 1e-13, 0.0));
        }
        assert_eq!(Tensor::scalar(3.0f32).softmax(0)?.item()?, 1.0);
        assert_eq!(Tensor::zeros([0, 3])?.softmax(1)?.shape(), [0, 3]);
        assert_eq!(Tensor::zeros([3, 0])?.log_softmax(1)?.shape(), [3, 0]);
        assert!(x.softmax(3).is_err());
        Ok(())
    }

    #[test]
    fn row_losses_are_the_negative_logarithms() -> Result<()> {
        let (x, labels) = (
            tensor![f64; [1.0, 2.0, 3.0], [0.0, 0.0, 1000.0]],
            tensor![i64; 0, 1],
        );
        let expected = x.log_softmax(1)?.pick_columns(&labels)?;
        assert!(
            x.cross_entropy_rows(&labels)?
                .allclose(&-expected, 1e-15, 0.0)
        );
        assert!(x.cross_entropy_rows(&tensor![i64; 0, 3]).is_err());
        Ok(())
    }
}
