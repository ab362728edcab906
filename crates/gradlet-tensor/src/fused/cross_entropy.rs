//! The cross-entropy of logits and labels, and its gradient, without a matrix of probabilities.

use crate::element::Float;
use crate::error::{Error, ErrorKind, Result};
use crate::fused::softmax::rows_of_part;
use crate::kernel::{parallel, softmax};
use crate::math;
use crate::pick::check_indices;
use crate::shape::Shape;
use crate::tensor::Tensor;

/// The loss of each row, `ln sum_j e^x_j - x_label`, and the two numbers that
/// [`cross_entropy_gradient`] needs: the row's largest element and the sum of
/// `e^(x_j - largest)`.
///
/// # Shape
///
/// `x: [n, classes]`, labels `[n] -> [n], [n, 2]`
///
/// # Errors
///
/// If `x` is not a matrix, the number of labels is not that of rows, or a label is not a column.
///
/// # Example
///
/// ```
/// # use gradlet_tensor::{fused, tensor};
/// # fn main() -> gradlet_tensor::Result<()> {
/// let x = tensor![[1000.0, 0.0], [0.0, 0.0]];
/// let (losses, normalizers) = fused::cross_entropy_rows(&x, &tensor![i64; 1, 0])?;
/// assert_eq!(losses.to_vec(), [1000.0, 2f32.ln()]);
/// assert_eq!(normalizers, tensor![[1000.0, 1.0], [0.0, 2.0]]);
/// # Ok(())
/// # }
/// ```
#[track_caller]
pub fn cross_entropy_rows<T: Float>(
    x: &Tensor<T>,
    labels: &Tensor<i64>,
) -> Result<(Tensor<T>, Tensor<T>)> {
    let [rows, columns] = check_labels(x, labels)?;
    let (logits, labels) = (x.row_major()?, labels.row_major()?);
    let x = logits.as_slice().unwrap_or_default();
    let normalizers = Tensor::build(Shape::from([rows, 2]), |out| {
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
    let losses = Tensor::build(Shape::from([rows]), |out| {
        for (i, (y, part)) in out.iter_mut().zip(parts).enumerate() {
            *y = math::ln(part[1]) - (x[i * columns + labels[i] as usize] - part[0]);
        }
    })?;
    Ok((losses, normalizers))
}

/// `scale * (e^x[i, j] / sum_j e^x[i, j] - (1 if j = labels[i] else 0))`, given the
/// second result of [`cross_entropy_rows`] for the same rows and labels.
///
/// # Shape
///
/// `x: [n, classes]`, labels `[n]`, normalizers `[n, 2] -> [n, classes]`
///
/// # Errors
///
/// If [`cross_entropy_rows`] would fail, or the normalizers have a different shape.
///
/// # Example
///
/// ```
/// # use gradlet_tensor::{fused, tensor};
/// # fn main() -> gradlet_tensor::Result<()> {
/// let (x, labels) = (tensor![[0.0, 0.0]], tensor![i64; 1]);
/// let (losses, normalizers) = fused::cross_entropy_rows(&x, &labels)?;
/// assert_eq!(losses.to_vec(), [2f32.ln()]);
/// let gradient = fused::cross_entropy_gradient(&x, &labels, &normalizers, 1.0)?;
/// assert_eq!(gradient.to_vec(), [0.5, -0.5]);
/// # Ok(())
/// # }
/// ```
#[track_caller]
pub fn cross_entropy_gradient<T: Float>(
    x: &Tensor<T>,
    labels: &Tensor<i64>,
    normalizers: &Tensor<T>,
    scale: T,
) -> Result<Tensor<T>> {
    let [rows, columns] = check_labels(x, labels)?;
    normalizers.expect_shape("cross_entropy", [rows, 2])?;
    let shape = *x.shape();
    let (x, labels, normalizers) = (
        x.row_major()?,
        labels.row_major()?,
        normalizers.row_major()?,
    );
    let x = x.as_slice().unwrap_or_default();
    let labels = labels.as_slice().unwrap_or_default();
    let normalizers = normalizers.as_slice().unwrap_or_default();
    Tensor::build(shape, |out| {
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
fn check_labels<T: Float>(x: &Tensor<T>, labels: &Tensor<i64>) -> Result<[usize; 2]> {
    let [rows, columns] = x.shape()[..] else {
        let expected = "logits of shape [n, classes]";
        return Err(Error::new(ErrorKind::Rank {
            op: "cross_entropy",
            expected,
            shape: *x.shape(),
        }));
    };
    labels.expect_shape("cross_entropy", rows)?;
    check_indices("cross_entropy", x, 1, labels)?;
    Ok([rows, columns])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{fused, tensor};

    #[test]
    fn row_losses_are_the_negative_logarithms() -> Result<()> {
        let (x, labels) = (
            tensor![f64; [1.0, 2.0, 3.0], [0.0, 0.0, 1000.0]],
            tensor![i64; 0, 1],
        );
        let expected = fused::pick_columns(&x.log_softmax(1)?, &labels)?;
        let (losses, normalizers) = cross_entropy_rows(&x, &labels)?;
        assert!(losses.allclose(&-expected, 1e-15, 0.0));
        let mut expected = x.softmax(1)?.mul_scalar(2.0);
        fused::add_to_columns(&mut expected, &labels, &tensor![f64; -2.0, -2.0])?;
        let gradient = cross_entropy_gradient(&x, &labels, &normalizers, 2.0)?;
        assert!(gradient.allclose(&expected, 1e-15, 0.0));
        assert!(cross_entropy_gradient(&x, &labels, &losses, 2.0).is_err());
        assert!(cross_entropy_rows(&x, &tensor![i64; 0, 3]).is_err());
        let none = Tensor::<f64>::zeros_of([0, 0])?;
        let (losses, normalizers) = cross_entropy_rows(&none, &Tensor::zeros_of(0)?)?;
        assert_eq!(
            (losses.shape(), normalizers.shape()),
            (&Shape::from([0]), &Shape::from([0, 2]))
        );
        Ok(())
    }

    #[test]
    fn row_losses_and_gradients_of_many_rows_are_each_rows_own() -> Result<()> {
        let x = Tensor::<f64>::normal([3000, 50], 0.0, 2.0, &mut crate::rng(1))?;
        let labels = Tensor::<i64>::from_fn(3000, |i| (i * 7 % 50) as i64)?;
        crate::threads::with(2, || {
            let (losses, normalizers) = cross_entropy_rows(&x, &labels)?;
            let gradient = cross_entropy_gradient(&x, &labels, &normalizers, 1.0)?;
            for row in [0, 1, 655, 656, 1311, 2999] {
                let (x, label) = (x.narrow(0, row, 1)?, labels.narrow(0, row, 1)?);
                let (loss, normalizer) = cross_entropy_rows(&x, &label)?;
                assert_eq!(loss.item()?, losses.at(&[row])?, "{row}");
                let expected = cross_entropy_gradient(&x, &label, &normalizer, 1.0)?;
                assert_eq!(gradient.narrow(0, row, 1)?, expected, "{row}");
            }
            Ok(())
        })
    }
}
