//! Images of a different size, made of their nearest pixels or of weighted sums of neighbours.

use crate::element::Float;
use crate::error::{Error, ErrorKind, Result};
use crate::fused::nearest::scaled_size;
use crate::fused::settings::{Align, PerAxis};
use crate::fused::window::expect_planes;
use crate::kernel::interpolate::{self as kernel, Tap};
use crate::kernel::parallel::for_rows;
use crate::shape::Shape;
use crate::tensor::Tensor;

/// The shape with new sizes of the last axes.
///
/// # Shape
///
/// `[..., h, w]`, sizes `[p, q]` -> `[..., p, q]`
///
/// # Errors
///
/// If there are more sizes than axes, or an axis without elements gets some; the message begins with `op`.
///
/// # Example
///
/// ```
/// # use gradlet_tensor::{Shape, fused};
/// # fn main() -> gradlet_tensor::Result<()> {
/// assert_eq!(fused::resized("resize", Shape::from([2, 3, 4]), &[5, 6])?, [2, 5, 6]);
/// # Ok(())
/// # }
/// ```
#[track_caller]
pub fn resized(op: &'static str, shape: Shape, sizes: &[usize]) -> Result<Shape> {
    let Some(first) = shape.rank().checked_sub(sizes.len()) else {
        let expected = "an axis for each size";
        return Err(Error::new(ErrorKind::Rank {
            op,
            expected,
            shape,
        }));
    };
    let pairs = || shape[first..].iter().zip(sizes);
    if pairs().any(|(&from, &to)| from == 0 && to > 0) {
        return Err(Error::new(ErrorKind::Empty { op, shape }));
    }
    let mut resized = shape;
    resized[first..].copy_from_slice(sizes);
    Ok(resized)
}

/// New sizes of the last two axes, and the positions that outputs are read at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Resizing {
    sizes: [usize; 2],
    align: Align,
    /// The distance along each axis between the positions of two outputs, if it is not the ratio of the sizes.
    steps: Option<[f64; 2]>,
}

impl Resizing {
    /// To these sizes.
    pub fn to(sizes: [usize; 2], align: Align) -> Self {
        let steps = None;
        Self {
            sizes,
            align,
            steps,
        }
    }

    /// By these factors to sizes that are rounded down. If edges are aligned, the positions of two outputs are
    /// `1 / factor` apart, however the size was rounded.
    ///
    /// # Shape
    ///
    /// `planes: [..., h, w]`
    ///
    /// # Errors
    ///
    /// If there are fewer than two axes, or a factor is not positive and finite; the message begins with `op`.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::fused::{self, Resizing};
    /// # use gradlet_tensor::{Align, tensor};
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = tensor![[0.0, 5.0]];
    /// let by = Resizing::by("resize", *x.shape(), [1.0, 1.25], Align::Edges)?;
    /// assert_eq!(fused::interpolate_bilinear(&x, by)?, tensor![[0.0, 3.5]]);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn by(op: &'static str, planes: Shape, factors: [f64; 2], align: Align) -> Result<Self> {
        expect_planes(op, planes)?;
        let mut sizes = [0; 2];
        for (i, size) in sizes.iter_mut().enumerate() {
            *size = scaled_size(op, planes[planes.rank() - 2 + i], factors[i])?;
        }
        let steps = Some(factors.map(|factor| 1.0 / factor));
        Ok(Self {
            sizes,
            align,
            steps,
        })
    }

    /// The position of output `i` along one of the axes, counted in its `from` elements.
    fn position(self, axis: usize, i: usize, from: usize) -> f64 {
        let (to, last) = (self.sizes[axis], (from - 1) as f64);
        let ratio = from as f64 / to as f64;
        let position = match self.align {
            Align::Corners if to > 1 => i as f64 * (last / (to - 1) as f64),
            Align::Corners => 0.0,
            Align::Edges => (i as f64 + 0.5) * self.steps.map_or(ratio, |steps| steps[axis]) - 0.5,
        };
        position.clamp(0.0, last)
    }
}

impl<T: Float> Tensor<T> {
    /// The last two axes with new sizes, one for both or one for each: each output is the sum of the four elements around
    /// its position, weighted by how near they are along each axis.
    ///
    /// # Shape
    ///
    /// `interpolate_bilinear([p, q], align)`: `[..., h, w] -> [..., p, q]`
    ///
    /// # Errors
    ///
    /// If there are fewer than two axes, or an axis has no elements to take, or memory does not hold the result.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::{Align, tensor};
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = tensor![[0.0, 4.0]];
    /// assert_eq!(x.interpolate_bilinear([1, 4], Align::Edges)?.to_vec(), [0.0, 1.0, 3.0, 4.0]);
    /// assert_eq!(x.interpolate_bilinear([1, 5], Align::Corners)?.to_vec(), [0.0, 1.0, 2.0, 3.0, 4.0]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.nn.functional.interpolate` with mode "bilinear" and a size
    #[track_caller]
    pub fn interpolate_bilinear(&self, sizes: impl PerAxis<2>, align: Align) -> Result<Self> {
        interpolate_bilinear(self, Resizing::to(sizes.per_axis(), align))
    }
}

/// The planes of a tensor with new sizes; see [`Tensor::interpolate_bilinear`].
///
/// # Shape
///
/// `x: [..., h, w] -> [..., p, q]`
///
/// # Errors
///
/// As for [`Tensor::interpolate_bilinear`].
///
/// # Example
///
/// ```
/// # use gradlet_tensor::fused::{self, Resizing};
/// # use gradlet_tensor::{Align, tensor};
/// # fn main() -> gradlet_tensor::Result<()> {
/// let to = Resizing::to([1, 3], Align::Corners);
/// assert_eq!(fused::interpolate_bilinear(&tensor![[0.0, 4.0]], to)?, tensor![[0.0, 2.0, 4.0]]);
/// # Ok(())
/// # }
/// ```
#[track_caller]
pub fn interpolate_bilinear<T: Float>(x: &Tensor<T>, resizing: Resizing) -> Result<Tensor<T>> {
    let from = *x.shape();
    let to = bilinear_shape("interpolate_bilinear", from, resizing.sizes)?;
    let x = x.try_contiguous()?;
    let x = x.as_slice().unwrap_or_default();
    Tensor::build(to, |y| {
        if y.is_empty() {
            return;
        }
        let planes = Planes::new(from, resizing);
        let [h, w] = planes.from;
        for_rows(y, y.len() / planes.to[1], y.len(), |first, y| {
            let mut line = vec![T::zero(); w];
            for (row, y) in (first..).zip(y.chunks_exact_mut(planes.to[1])) {
                let (plane, row) = (row / planes.to[0], row % planes.to[0]);
                let x = &x[plane * h * w..][..h * w];
                kernel::interpolate(&planes.down[row], &planes.along, x, &mut line, y);
            }
        });
    })
}

/// The gradient of planes of this shape that were interpolated, given the gradient of the result: the transpose of
/// [`interpolate_bilinear`].
///
/// # Shape
///
/// `g: [..., p, q] -> planes`, that is `[..., h, w]`
///
/// # Errors
///
/// If [`interpolate_bilinear`] would fail, or the gradient does not have the shape of its result.
///
/// # Example
///
/// ```
/// # use gradlet_tensor::fused::{self, Resizing};
/// # use gradlet_tensor::{Align, Shape, tensor};
/// # fn main() -> gradlet_tensor::Result<()> {
/// let g = tensor![[4.0, 4.0, 8.0, 8.0]];
/// let to = Resizing::to([1, 4], Align::Edges);
/// let dx = fused::interpolate_bilinear_gradient(&g, Shape::from([1, 2]), to)?;
/// assert_eq!(dx, tensor![[9.0, 15.0]]);
/// # Ok(())
/// # }
/// ```
#[track_caller]
pub fn interpolate_bilinear_gradient<T: Float>(
    g: &Tensor<T>,
    planes: Shape,
    resizing: Resizing,
) -> Result<Tensor<T>> {
    let op = "interpolate_bilinear_gradient";
    g.expect_shape(op, bilinear_shape(op, planes, resizing.sizes)?)?;
    let g = g.try_contiguous()?;
    let g = g.as_slice().unwrap_or_default();
    Tensor::build(planes, |dx| {
        if dx.is_empty() {
            return;
        }
        dx.fill(T::zero());
        if g.is_empty() {
            return;
        }
        let planes = Planes::new(planes, resizing);
        let ([h, w], [p, q]) = (planes.from, planes.to);
        for_rows(dx, dx.len() / (h * w), g.len(), |first, dx| {
            let mut line = vec![T::zero(); w];
            for (plane, dx) in (first..).zip(dx.chunks_exact_mut(h * w)) {
                let rows = g[plane * p * q..][..p * q].chunks_exact(q);
                for (g, down) in rows.zip(&planes.down) {
                    kernel::spread(down, &planes.along, g, &mut line, dx);
                }
            }
        });
    })
}

/// The shape with new sizes of the last two axes.
#[track_caller]
fn bilinear_shape(op: &'static str, shape: Shape, sizes: [usize; 2]) -> Result<Shape> {
    expect_planes(op, shape)?;
    resized(op, shape, &sizes)
}

/// The sizes of planes before and after, and what each row and column is made of.
struct Planes<T> {
    from: [usize; 2],
    to: [usize; 2],
    down: Vec<Tap<T>>,
    along: Vec<Tap<T>>,
}

impl<T: Float> Planes<T> {
    fn new(from: Shape, resizing: Resizing) -> Self {
        let (from, to) = (
            [from[from.rank() - 2], from[from.rank() - 1]],
            resizing.sizes,
        );
        let [down, along] = [0, 1].map(|i| {
            let taps = (0..to[i]).map(|at| Tap::at(resizing.position(i, at, from[i]), from[i]));
            taps.collect()
        });
        Self {
            from,
            to,
            down,
            along,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{tensor, threads};
    use proptest::prelude::*;

    #[test]
    fn positions_are_aligned_by_edges_or_corners() -> Result<()> {
        let x = tensor![[0.0, 4.0], [8.0, 12.0]];
        let edges = x.interpolate_bilinear(3, Align::Edges)?;
        assert_eq!(
            edges,
            tensor![[0.0, 2.0, 4.0], [4.0, 6.0, 8.0], [8.0, 10.0, 12.0]]
        );
        assert_eq!(x.interpolate_bilinear(3, Align::Corners)?, edges);
        assert_eq!(
            x.interpolate_bilinear([1, 2], Align::Edges)?,
            tensor![[4.0, 8.0]]
        );
        assert_eq!(
            x.interpolate_bilinear([1, 2], Align::Corners)?,
            tensor![[0.0, 4.0]]
        );
        let down = Tensor::arange(0.0, 6.0, 1.0)?.reshape([1, 6])?;
        assert_eq!(
            down.interpolate_bilinear([1, 3], Align::Edges)?.to_vec(),
            [0.5, 2.5, 4.5]
        );
        assert_eq!(x.interpolate_bilinear(2, Align::Edges)?, x);
        assert_eq!(
            x.interpolate_bilinear([0, 3], Align::Edges)?.shape(),
            [0, 3]
        );
        Ok(())
    }

    #[test]
    fn what_does_not_fit_is_an_error() -> Result<()> {
        let none = Tensor::zeros([2, 0, 3])?;
        let kind = |result: Result<Tensor>| result.unwrap_err().to_string();
        let message = kind(none.interpolate_bilinear(2, Align::Edges));
        assert!(
            message.starts_with("interpolate_bilinear: shape [2, 0, 3]"),
            "{message}"
        );
        let message = kind(tensor![1.0].interpolate_bilinear(2, Align::Edges));
        assert!(
            message.starts_with("interpolate_bilinear: expected planes"),
            "{message}"
        );
        let message = kind(Tensor::zeros([1, 1])?.interpolate_bilinear(1 << 40, Align::Edges));
        assert!(
            message.contains("too large") || message.contains("too many"),
            "{message}"
        );
        let g = Tensor::zeros([3, 2, 2])?;
        let to = Resizing::to([2, 2], Align::Edges);
        assert!(interpolate_bilinear_gradient(&g, Shape::from([2, 5, 5]), to).is_err());
        let by = |factor| Resizing::by("test", Shape::from([2, 3]), [1.0, factor], Align::Edges);
        for factor in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            let message = by(factor).unwrap_err().to_string();
            let start = "test: factor must be positive and finite, got ";
            assert!(message.starts_with(start), "{message}");
        }
        assert!(interpolate_bilinear(&Tensor::zeros([2, 3])?, by(1e300)?).is_err());
        assert!(Resizing::by("test", Shape::from([2]), [1.0; 2], Align::Edges).is_err());
        Ok(())
    }

    proptest! {
        #[test]
        fn spreading_is_the_transpose_of_interpolating(
            from in prop::array::uniform3(1..60usize),
            to in prop::array::uniform2(1..60usize),
            corners in 0..2u8,
            rounded in 0..3u8,
        ) {
            let align = if corners == 1 { Align::Corners } else { Align::Edges };
            let mut resizing = Resizing::to(to, align);
            if rounded > 0 {
                // Factors that give these sizes, which are rounded down.
                let factors = [0, 1].map(|i| (to[i] as f64 + 0.7) / from[i + 1] as f64);
                resizing = Resizing::by("test", from.into(), factors, align)?;
                prop_assert_eq!(resizing.sizes, to);
            }
            let x = Tensor::<f64>::from_fn(from, |i| (i * 7 % 11) as f64)?;
            let y = interpolate_bilinear(&x, resizing)?;
            let g = Tensor::<f64>::from_fn(y.shape(), |i| (i * 5 % 13) as f64)?;
            let dx = interpolate_bilinear_gradient(&g, *x.shape(), resizing)?;
            let [a, b] = [x.mul(&dx)?.sum(..)?, y.mul(&g)?.sum(..)?];
            prop_assert!(a.allclose(&b, 1e-12, 0.0), "{} {}", a, b);
            let alone = || -> Result<_> {
                let dx = interpolate_bilinear_gradient(&g, *x.shape(), resizing)?;
                Ok((interpolate_bilinear(&x, resizing)?, dx))
            };
            prop_assert!(threads::with(1, alone)? == (y, dx));
            // On a plane of one slope, an element is its position.
            let height = |i| (i / from[2]) as f64 - 2.0 * (i % from[2]) as f64;
            let slope = Tensor::<f64>::from_fn([from[1], from[2]], height)?;
            let z = interpolate_bilinear(&slope, resizing)?;
            for (i, z) in z.iter().enumerate() {
                let row = resizing.position(0, i / to[1], from[1]);
                let expected = row - 2.0 * resizing.position(1, i % to[1], from[2]);
                prop_assert!((z - expected).abs() < 1e-10, "{} {}", z, expected);
            }
        }
    }
}
