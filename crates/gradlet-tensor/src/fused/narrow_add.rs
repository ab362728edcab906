//! Sums into a part of a tensor, which put the gradients of parts together.

use crate::element::Float;
use crate::error::{Error, ErrorKind, Result};
use crate::kernel::elementwise::zip_in_place;
use crate::kernel::parallel;
use crate::tensor::Tensor;

/// Adds `source` to the part of the tensor that begins at index `start` of an axis.
///
/// # Shape
///
/// `y: [a, n, b]`, source `[a, m, b]`, with `start + m <= n`
///
/// # Errors
///
/// If the axis or the range is out of range, or the source has a different size along one of the other axes.
///
/// # Example
///
/// ```
/// # use gradlet_tensor::{fused, tensor};
/// # fn main() -> gradlet_tensor::Result<()> {
/// let mut y = tensor![1.0, 2.0, 3.0];
/// fused::narrow_add(&mut y, 0, 1, &tensor![10.0, 20.0])?;
/// assert_eq!(y.to_vec(), [1.0, 12.0, 23.0]);
/// # Ok(())
/// # }
/// ```
#[track_caller]
pub fn narrow_add<T: Float>(
    y: &mut Tensor<T>,
    axis: isize,
    start: usize,
    source: &Tensor<T>,
) -> Result<()> {
    let mut shape = *y.shape();
    let at = shape.axis_for("narrow_add", axis)?;
    let length = source.shape().get(at).copied().unwrap_or(0);
    shape[at] = length;
    source.expect_shape("narrow_add", shape)?;
    let (shape, size) = (*y.shape(), y.shape()[at]);
    if start.checked_add(length).is_none_or(|end| end > size) {
        return Err(Error::new(ErrorKind::RangeOutOfRange {
            op: "narrow_add",
            start,
            length,
            axis: at,
            size,
            shape,
        }));
    }
    if source.is_empty() {
        return Ok(());
    }
    let (outer, _, inner) = split(y.shape(), at);
    let source = source.try_contiguous()?;
    let source = source.as_slice().unwrap_or_default();
    parallel::for_rows(y.make_mut_slice(), outer, source.len(), |first, out| {
        let sources = source[first * length * inner..].chunks_exact(length * inner);
        for (row, source) in out.chunks_exact_mut(size * inner).zip(sources) {
            zip_in_place(
                &mut row[start * inner..][..source.len()],
                source,
                &|y, x| y + x,
            );
        }
    });
    Ok(())
}

/// Products of the sizes before, at and behind an axis.
fn split(sizes: &[usize], axis: usize) -> (usize, usize, usize) {
    (
        sizes[..axis].iter().product(),
        sizes[axis],
        sizes[axis + 1..].iter().product(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor;

    #[test]
    fn parts_are_added_along_each_axis() -> Result<()> {
        let x = Tensor::arange(0.0, 24.0, 1.0)?.reshape([2, 3, 4])?;
        for (axis, start, length) in [(0, 1, 1), (1, 1, 2), (-1, 0, 3), (2, 4, 0)] {
            let mut y = x.transpose(0, 2)?.contiguous().transpose(0, 2)?;
            let source = x.narrow(axis, 0, length)?.map(|x| 100.0 * x);
            narrow_add(&mut y, axis, start, &source)?;
            let indices = Tensor::from_fn(length, |i| (start + i) as i64)?;
            let mut expected = x.clone();
            expected.index_add(axis, &indices, &source)?;
            assert_eq!(y, expected, "{axis}");
            assert!(narrow_add(&mut y, axis, 5, &source).is_err());
        }
        let mut large = Tensor::zeros([3, 2, 40_000])?;
        let row = Tensor::arange(0.0, 40_000.0, 1.0)?.expand(&[3, 1, 40_000])?;
        narrow_add(&mut large, 1, 1, &row)?;
        assert_eq!(large, Tensor::cat(&[&row.zeros_like(), &row], 1)?);
        assert!(narrow_add(&mut large, 3, 0, &row).is_err());
        assert!(narrow_add(&mut large, 0, 0, &tensor![1.0]).is_err());
        Ok(())
    }
}
