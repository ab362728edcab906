//! Softmax, its logarithm and the logarithm of a sum of exponentials, as `SciPy`'s `special` has them.

use crate::element::Float;
use crate::error::{Error, ErrorKind, Result};
use crate::kernel::{parallel, softmax};
use crate::pick::check_indices;
use crate::shape::Shape;
use crate::tensor::Tensor;

impl<T: Float> Tensor<T> {
    /// `e^x_i / sum_j e^x_j` along an axis, without overflow.
    ///
    /// # Shape
    ///
    /// `[a, n, b] -> [a, n, b]`; a scalar has an axis 0
    ///
    /// # Errors
    ///
    /// An axis out of range.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = tensor![[0.0, 0.0], [1000.0, 0.0], [1.0, -f32::INFINITY]];
    /// assert_eq!(x.softmax(-1)?, tensor![[0.5, 0.5], [1.0, 0.0], [1.0, 0.0]]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.softmax`
    #[track_caller]
    pub fn softmax(&self, axis: isize) -> Result<Self> {
        self.rows("softmax", self, axis, |[x, _], columns, y| {
            softmax::softmax(x, columns, y);
        })
    }

    /// `x_i - ln sum_j e^x_j` along an axis, without overflow.
    ///
    /// # Shape
    ///
    /// `[a, n, b] -> [a, n, b]`; a scalar has an axis 0
    ///
    /// # Errors
    ///
    /// An axis out of range.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = tensor![1000.0, 0.0];
    /// assert_eq!(x.log_softmax(0)?.to_vec(), [0.0, -1000.0]);
    /// assert_eq!(x.softmax(0)?.ln().to_vec(), [0.0, -f32::INFINITY]); // what it avoids
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.log_softmax`
    #[track_caller]
    pub fn log_softmax(&self, axis: isize) -> Result<Self> {
        self.rows("log_softmax", self, axis, |[x, _], columns, y| {
            softmax::log_softmax(x, columns, y);
        })
    }

    /// `y * (g - sum of g * y along an axis)`: the gradient of softmax, given its result y and the gradient of that.
    ///
    /// # Shape
    ///
    /// `y: [a, n, b], g: [a, n, b] -> [a, n, b]`; a scalar has an axis 0
    ///
    /// # Errors
    ///
    /// Shapes that differ, or an axis out of range.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let y = tensor![0.0, 0.0].softmax(0)?;
    /// assert_eq!(y.softmax_gradient(&tensor![1.0, 0.0], 0)?.to_vec(), [0.25, -0.25]);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn softmax_gradient(&self, g: &Self, axis: isize) -> Result<Self> {
        self.rows("softmax_gradient", g, axis, |[y, g], columns, dx| {
            softmax::softmax_gradient(y, g, columns, dx);
        })
    }

    /// `g - e^y * sum of g along an axis`: the gradient of the logarithm of softmax, given its result y and the
    /// gradient of that.
    ///
    /// # Shape
    ///
    /// `y: [a, n, b], g: [a, n, b] -> [a, n, b]`; a scalar has an axis 0
    ///
    /// # Errors
    ///
    /// Shapes that differ, or an axis out of range.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let y = tensor![1000.0, 0.0].log_softmax(0)?;
    /// assert_eq!(y.log_softmax_gradient(&tensor![1.0, 2.0], 0)?.to_vec(), [-2.0, 2.0]);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn log_softmax_gradient(&self, g: &Self, axis: isize) -> Result<Self> {
        self.rows("log_softmax_gradient", g, axis, |[y, g], columns, dx| {
            softmax::log_softmax_gradient(y, g, columns, dx);
        })
    }

    /// Calls `fill` with stretches of rows of both along an axis, their length, and where their results go.
    #[track_caller]
    fn rows(
        &self,
        op: &'static str,
        other: &Self,
        axis: isize,
        fill: impl Fn([&[T]; 2], usize, &mut [T]) + Sync,
    ) -> Result<Self> {
        other.expect_shape(op, self.dims())?;
        if self.rank() == 0 {
            let (rows, other) = (self.reshape([1])?, other.reshape([1])?);
            return rows.rows(op, &other, axis, fill)?.reshape(());
        }
        let at = self.dims().axis(op, axis)?;
        if at + 1 != self.rank() {
            return self
                .transpose(axis, -1)?
                .rows(op, &other.transpose(axis, -1)?, -1, fill)?
                .transpose(axis, -1);
        }
        let columns = self.shape()[at];
        let (x, other) = (self.try_contiguous()?, other.try_contiguous()?);
        let x = x.as_slice().unwrap_or_default();
        let other = other.as_slice().unwrap_or_default();
        Self::build(self.dims(), |out| {
            if out.is_empty() {
                return;
            }
            parallel::for_chunks(out, rows_of_part(columns) * columns, |start, out| {
                let part = start..start + out.len();
                fill([&x[part.clone()], &other[part]], columns, out);
            });
        })
    }

    /// The loss of each row, `ln sum_j e^x_j - x_label`, and what
    /// [`cross_entropy_gradient`](Self::cross_entropy_gradient) needs to know of it: its largest element and the sum of
    /// `e^(x_j - largest)`.
    ///
    /// # Shape
    ///
    /// `x: [n, classes]`, labels `[n] -> [n], [n, 2]`
    ///
    /// # Errors
    ///
    /// A tensor that is no matrix, another number of labels than rows, or a label that is no column.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = tensor![[1000.0, 0.0], [0.0, 0.0]];
    /// let (losses, normalizers) = x.cross_entropy_rows(&tensor![i64; 1, 0])?;
    /// assert_eq!(losses.to_vec(), [1000.0, 2f32.ln()]);
    /// assert_eq!(normalizers, tensor![[1000.0, 1.0], [0.0, 2.0]]);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn cross_entropy_rows(&self, labels: &Tensor<i64>) -> Result<(Self, Self)> {
        let [rows, columns] = self.check_labels(labels)?;
        let (x, labels) = (self.try_contiguous()?, labels.try_contiguous()?);
        let x = x.as_slice().unwrap_or_default();
        let normalizers = Self::build(Shape::from([rows, 2]), |out| {
            let part = |start: usize, out: &mut [T]| {
                let x = &x[start / 2 * columns..][..out.len() / 2 * columns];
                softmax::normalizers(x, columns, out);
            };
            if parallel::pays(x.len()) {
                parallel::for_parts_of(out, 2 * rows_of_part(columns), part);
            } else {
                part(0, out);
            }
        })?;
        let parts = normalizers.as_slice().unwrap_or_default().chunks_exact(2);
        let labels = labels.as_slice().unwrap_or_default();
        let losses = Self::build(Shape::from([rows]), |out| {
            for (i, (y, part)) in out.iter_mut().zip(parts).enumerate() {
                *y = part[1].ln_() - (x[i * columns + labels[i] as usize] - part[0]);
            }
        })?;
        Ok((losses, normalizers))
    }

    /// `scale * (e^x[i, j] / sum_j e^x[i, j] - (1 if j = labels[i] else 0))`, given what
    /// [`cross_entropy_rows`](Self::cross_entropy_rows) returned second for the same rows and labels.
    ///
    /// # Shape
    ///
    /// `x: [n, classes]`, labels `[n]`, normalizers `[n, 2] -> [n, classes]`
    ///
    /// # Errors
    ///
    /// As for the losses, or normalizers of another shape.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let (x, labels) = (tensor![[0.0, 0.0]], tensor![i64; 1]);
    /// let (losses, normalizers) = x.cross_entropy_rows(&labels)?;
    /// assert_eq!(losses.to_vec(), [2f32.ln()]);
    /// let gradient = x.cross_entropy_gradient(&labels, &normalizers, 1.0)?;
    /// assert_eq!(gradient.to_vec(), [0.5, -0.5]);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn cross_entropy_gradient(
        &self,
        labels: &Tensor<i64>,
        normalizers: &Self,
        scale: T,
    ) -> Result<Self> {
        let [rows, columns] = self.check_labels(labels)?;
        normalizers.expect_shape("cross_entropy", [rows, 2])?;
        let (x, labels, normalizers) = (
            self.try_contiguous()?,
            labels.try_contiguous()?,
            normalizers.try_contiguous()?,
        );
        let x = x.as_slice().unwrap_or_default();
        let labels = labels.as_slice().unwrap_or_default();
        let normalizers = normalizers.as_slice().unwrap_or_default();
        Self::build(self.dims(), |out| {
            if out.is_empty() {
                return;
            }
            parallel::for_chunks(out, rows_of_part(columns) * columns, |start, out| {
                let (x, row) = (&x[start..start + out.len()], start / columns);
                softmax::cross_entropy_gradient(
                    x,
                    columns,
                    &labels[row..],
                    &normalizers[2 * row..],
                    scale,
                    out,
                );
            });
        })
    }

    /// The numbers of rows and columns, where each label names a column of its row.
    #[track_caller]
    fn check_labels(&self, labels: &Tensor<i64>) -> Result<[usize; 2]> {
        let &[rows, columns] = self.shape() else {
            let expected = "logits of shape [n, classes]";
            return Err(Error::new(ErrorKind::Rank {
                op: "cross_entropy",
                expected,
                shape: self.dims(),
            }));
        };
        labels.expect_shape("cross_entropy", rows)?;
        check_indices("cross_entropy", self, 1, labels)?;
        Ok([rows, columns])
    }
}

/// Rows that one part of split work has.
fn rows_of_part(columns: usize) -> usize {
    (parallel::PART / columns).max(1)
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
        let (losses, normalizers) = x.cross_entropy_rows(&labels)?;
        assert!(losses.allclose(&-expected, 1e-15, 0.0));
        let mut expected = x.softmax(1)?.mul_scalar(2.0);
        expected.add_to_columns(&labels, &tensor![f64; -2.0, -2.0])?;
        let gradient = x.cross_entropy_gradient(&labels, &normalizers, 2.0)?;
        assert!(gradient.allclose(&expected, 1e-15, 0.0));
        assert!(x.cross_entropy_gradient(&labels, &losses, 2.0).is_err());
        assert!(x.cross_entropy_rows(&tensor![i64; 0, 3]).is_err());
        let none = Tensor::<f64>::zeros_of([0, 0])?;
        let (losses, normalizers) = none.cross_entropy_rows(&Tensor::zeros_of(0)?)?;
        assert_eq!(
            (losses.shape(), normalizers.shape()),
            ([0].as_slice(), [0, 2].as_slice())
        );
        Ok(())
    }

    #[test]
    fn row_losses_and_gradients_of_many_rows_are_each_rows_own() -> Result<()> {
        let x = Tensor::<f64>::normal([3000, 50], 0.0, 2.0, &mut crate::rng(1))?;
        let labels = Tensor::<i64>::from_fn(3000, |i| (i * 7 % 50) as i64)?;
        crate::threads::with(2, || {
            let (losses, normalizers) = x.cross_entropy_rows(&labels)?;
            let gradient = x.cross_entropy_gradient(&labels, &normalizers, 1.0)?;
            for row in [0, 1, 655, 656, 1311, 2999] {
                let (x, label) = (x.narrow(0, row, 1)?, labels.narrow(0, row, 1)?);
                let (loss, normalizer) = x.cross_entropy_rows(&label)?;
                assert_eq!(loss.item()?, losses.at(&[row])?, "{row}");
                let expected = x.cross_entropy_gradient(&label, &normalizer, 1.0)?;
                assert_eq!(gradient.narrow(0, row, 1)?, expected, "{row}");
            }
            Ok(())
        })
    }

    /// Rows of f32 of many lengths: close together, far apart, all large, beyond what e^x can be.
    fn rows() -> Result<Vec<Tensor>> {
        let mut rng = crate::rng(1);
        let mut rows = Vec::new();
        for len in [1, 2, 7, 10, 33, 100, 1000, 4096] {
            for spread in [1e-3, 1.0, 10.0, 100.0, 1e4, 1e30] {
                for middle in [0.0, -50.0, 3e4] {
                    for _ in 0..4 {
                        rows.push(Tensor::normal(len, middle, spread, &mut rng)?);
                    }
                }
            }
        }
        Ok(rows)
    }

    /// The largest element, `x - largest` and `ln sum e^(x - largest)` of f32, in f64.
    fn exact(x: &Tensor) -> (f64, Vec<f64>, f64) {
        let x = x.map(f64::from).to_vec();
        let largest = x.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let below: Vec<f64> = x.iter().map(|x| x - largest).collect();
        let sum: f64 = below.iter().map(|x| x.exp()).sum();
        (largest, below, sum.ln())
    }

    #[test]
    fn softmax_is_exact_but_for_what_rounds_in_the_distance_to_the_largest() -> Result<()> {
        let mut worst = 0f64;
        for x in rows()? {
            let (_, below, ln_sum) = exact(&x);
            for (p, d) in x.softmax(0)?.to_vec().into_iter().zip(below) {
                let exact = (d - ln_sum).exp();
                // Subnormal numbers have fewer digits.
                let error = (f64::from(p) - exact).abs() - f64::from(f32::from_bits(1));
                let bound = (5.0 - d) * f64::from(f32::EPSILON) * exact;
                worst = worst.max(error / bound.max(f64::MIN_POSITIVE));
            }
        }
        assert!((0.5..=1.0).contains(&worst), "{worst} times the bound");
        Ok(())
    }

    #[test]
    fn log_softmax_and_logsumexp_are_exact_beside_their_terms() -> Result<()> {
        let (mut log, mut sum) = (0f64, 0f64);
        for x in rows()? {
            let (largest, below, ln_sum) = exact(&x);
            for (y, d) in x.log_softmax(0)?.to_vec().into_iter().zip(below) {
                let bound = 2.0 * f64::from(f32::EPSILON) * (1.0 - d + ln_sum);
                log = log.max((f64::from(y) - (d - ln_sum)).abs() / bound);
            }
            let bound = f64::from(f32::EPSILON) * (1.0 + largest.abs() + ln_sum);
            let error = (f64::from(x.logsumexp(0)?.item()?) - (largest + ln_sum)).abs();
            sum = sum.max(error / bound);
        }
        assert!(
            (0.5..=1.0).contains(&log),
            "log_softmax: {log} times the bound"
        );
        assert!(
            (0.5..=1.0).contains(&sum),
            "logsumexp: {sum} times the bound"
        );
        Ok(())
    }
}
