//! The elements of planes by their places, from which pooling took the largest and to which their gradients go.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::element::{Element, Float};
use crate::error::{Error, ErrorKind, Result};
use crate::fused::window::expect_planes;
use crate::kernel::parallel::{PART, for_chunks};
use crate::shape::Shape;
use crate::tensor::Tensor;

/// The elements of each plane whose places the indices name.
///
/// # Shape
///
/// `x: [..., h, w]`, indices `[..., p, q] -> [..., p, q]`; an index is `row * w + column`
///
/// # Errors
///
/// If the shapes do not fit, or an index is out of range.
///
/// # Example
///
/// ```
/// # use gradlet_tensor::{fused, tensor};
/// # fn main() -> gradlet_tensor::Result<()> {
/// let x = tensor![[1.0, 5.0, 2.0, 0.0], [3.0, 4.0, 9.0, 8.0]];
/// assert_eq!(fused::pick_in_planes(&x, &tensor![i64; [1, 6]])?, tensor![[5.0, 9.0]]);
/// # Ok(())
/// # }
/// ```
#[track_caller]
pub fn pick_in_planes<T: Element>(x: &Tensor<T>, indices: &Tensor<i64>) -> Result<Tensor<T>> {
    let op = "pick_in_planes";
    let [from, to] = plane_sizes(op, *x.shape(), *indices.shape())?;
    let shape = *x.shape();
    let (x, places) = (x.try_contiguous()?, indices.try_contiguous()?);
    let x = x.as_slice().unwrap_or_default();
    let places = places.as_slice().unwrap_or_default();
    let missed = AtomicBool::new(false);
    let y = Tensor::build(*indices.shape(), |y| {
        if y.is_empty() {
            return;
        }
        for_chunks(y, PART.div_ceil(to) * to, |start, y| {
            for (plane, y) in y.chunks_exact_mut(to).enumerate() {
                let plane = start / to + plane;
                let x = &x[plane * from..][..from];
                for (y, &place) in y.iter_mut().zip(&places[plane * to..]) {
                    *y = x.get(place as usize).copied().unwrap_or_else(|| {
                        missed.store(true, Ordering::Relaxed);
                        T::default()
                    });
                }
            }
        });
    })?;
    check_missed(op, missed, indices, shape, from)?;
    Ok(y)
}

/// Zeros, with each element added, in order, to the place of its plane that its index names: the transpose of
/// [`pick_in_planes`].
///
/// # Shape
///
/// `x` and indices `[..., p, q]`, planes `[..., h, w] -> [..., h, w]`; an index is `row * w + column`
///
/// # Errors
///
/// If the shapes do not fit, or an index is out of range.
///
/// # Example
///
/// ```
/// # use gradlet_tensor::{Shape, fused, tensor};
/// # fn main() -> gradlet_tensor::Result<()> {
/// let (g, indices) = (tensor![[5.0, 9.0]], tensor![i64; [1, 6]]);
/// let dx = fused::spread_in_planes(&g, &indices, Shape::from([2, 4]))?;
/// assert_eq!(dx, tensor![[0.0, 5.0, 0.0, 0.0], [0.0, 0.0, 9.0, 0.0]]);
/// # Ok(())
/// # }
/// ```
///
/// # Source
///
/// `torch.nn.functional.max_unpool2d`, which keeps one of several elements for a place instead of adding them
#[track_caller]
pub fn spread_in_planes<T: Float>(
    x: &Tensor<T>,
    indices: &Tensor<i64>,
    planes: Shape,
) -> Result<Tensor<T>> {
    let op = "spread_in_planes";
    let [to, from] = plane_sizes(op, planes, *indices.shape())?;
    x.expect_shape(op, indices.shape())?;
    let (x, places) = (x.try_contiguous()?, indices.try_contiguous()?);
    let x = x.as_slice().unwrap_or_default();
    let places = places.as_slice().unwrap_or_default();
    let missed = AtomicBool::new(to == 0 && !places.is_empty());
    let y = Tensor::build(planes, |y| {
        if y.is_empty() {
            return;
        }
        for_chunks(y, PART.div_ceil(to) * to, |start, y| {
            for (plane, y) in y.chunks_exact_mut(to).enumerate() {
                let start = (start / to + plane) * from;
                y.fill(T::zero());
                for (&place, &x) in places[start..start + from].iter().zip(&x[start..]) {
                    match y.get_mut(place as usize) {
                        Some(y) => *y = *y + x,
                        None => missed.store(true, Ordering::Relaxed),
                    }
                }
            }
        });
    })?;
    check_missed(op, missed, indices, planes, to)?;
    Ok(y)
}

/// The numbers of elements of a plane and of a plane's indices.
#[track_caller]
fn plane_sizes(op: &'static str, shape: Shape, indices: Shape) -> Result<[usize; 2]> {
    let rank = expect_planes(op, shape)?;
    let mut expected = shape;
    if indices.rank() == rank {
        expected[rank - 2..].copy_from_slice(&indices[rank - 2..]);
    }
    if indices != expected {
        return Err(Error::new(ErrorKind::ShapeMismatch {
            op,
            expected,
            found: indices,
        }));
    }
    // The shape need not be one that a tensor has.
    let size = |[h, w]: [usize; 2]| h.saturating_mul(w);
    Ok([shape, indices].map(|shape| size([shape[rank - 2], shape[rank - 1]])))
}

/// Returns an error that names the first index out of range, if a loop found that there is one.
#[track_caller]
fn check_missed(
    op: &'static str,
    missed: AtomicBool,
    indices: &Tensor<i64>,
    shape: Shape,
    size: usize,
) -> Result<()> {
    let wrong = |&index: &i64| usize::try_from(index).map_or(true, |index| index >= size);
    match missed
        .into_inner()
        .then(|| indices.iter().find(wrong))
        .flatten()
    {
        Some(index) => Err(Error::new(ErrorKind::IndexOutOfRange {
            op,
            index,
            axis: shape.rank() - 1,
            size,
            shape,
        })),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor;

    #[test]
    fn places_outside_a_plane_are_errors() -> Result<()> {
        let x = tensor![[1.0, 2.0], [3.0, 4.0]];
        let picked = pick_in_planes(&x, &tensor![i64; [3, 0, 3]])?;
        assert_eq!(picked.to_vec(), [4.0, 1.0, 4.0]);
        let (two, places) = (tensor![[10.0, 20.0]], tensor![i64; [1, 1]]);
        // Leaves old numbers in the memory that the result will use.
        drop(x.map(|x| x + 0.5));
        let spread = spread_in_planes(&two, &places, *x.shape())?;
        assert_eq!(spread.to_vec(), [0.0, 30.0, 0.0, 0.0]);
        for index in [4, -1] {
            let error = pick_in_planes(&x, &tensor![i64; [0, index]])
                .unwrap_err()
                .to_string();
            let start =
                format!("pick_in_planes: index {index} is out of range for axis 1 of size 4");
            assert!(error.starts_with(&start), "{error}");
            let spread = spread_in_planes(&tensor![[1.0]], &tensor![i64; [index]], *x.shape());
            assert!(spread.is_err());
        }
        let (none, one) = (Tensor::zeros([0, 2])?, tensor![i64; [0]]);
        assert!(
            pick_in_planes(&none, &one).is_err() && pick_in_planes(&x, &tensor![i64; 1]).is_err()
        );
        assert!(spread_in_planes(&tensor![[1.0]], &one, *none.shape()).is_err());
        assert!(spread_in_planes(&tensor![1.0], &one, *x.shape()).is_err());
        Ok(())
    }
}
