//! Adding to single elements by index, and changing them in other ways.

use crate::element::{Element, Float};
use crate::error::{Error, ErrorKind, Result};
use crate::kernel::{gather as kernel, parallel};
use crate::pick::{expect_fitting, expect_inside, first_along};
use crate::shape::{Layout, Nest, Shape, walk};
use crate::tensor::Tensor;
use crate::threads;

/// The fewest sources along the axis, and for an element on average, that are added up apart from others.
const STRETCH: usize = 1024;
const REPEATS: usize = 256;

impl<T: Float> Tensor<T> {
    /// Adds the elements of `source` to the elements of this tensor that the indices name:
    /// `y[i, indices[i, j, k], k] += source[i, j, k]` for axis 1, in row-major order.
    ///
    /// If the elements get 512 sources and more on average, halves of the sources are added up apart, and so on: the
    /// rounding errors of a million equal indices do not pile up. Otherwise the error of an element is at most the
    /// number of its sources times half a unit in the last place of its largest partial sum.
    ///
    /// # Shape
    ///
    /// `self: [a, n, b]`, indices `[c, m, d]`, source at least that large in each axis, with c <= a and d <= b; a
    /// scalar counts as `[1]`
    ///
    /// # Errors
    ///
    /// If [`gather`](Self::gather) with this axis and these indices would give an error, or `source` has fewer elements
    /// along an axis than the indices. The elements are then unchanged.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let mut x = tensor![0.0, 0.5, 0.0];
    /// x.scatter_add(0, &tensor![i64; 2, 2, 0], &tensor![1.0, 10.0, 100.0])?;
    /// assert_eq!(x.to_vec(), [100.0, 0.5, 11.0]);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn scatter_add(&mut self, axis: isize, indices: &Tensor<i64>, source: &Self) -> Result<()> {
        let (axis, indices, source) = self.picked("scatter_add", axis, indices, source)?;
        self.add_picked(axis, &indices, &source)
    }

    /// As `scatter_add`, for arguments that fit; the indices may repeat in a broadcast view.
    #[track_caller]
    pub(crate) fn add_picked(
        &mut self,
        axis: usize,
        indices: &Tensor<i64>,
        source: &Self,
    ) -> Result<()> {
        if indices.is_empty() {
            return Ok(());
        }
        let along = indices.shape()[axis];
        if along >= 2 * STRETCH && indices.len() / (2 * REPEATS) >= self.len() {
            let half = |start: usize, length: usize| {
                let mut sum = Self::zeros_of(self.shape())?;
                let indices = indices.narrow(axis as isize, start, length)?;
                sum.add_picked(
                    axis,
                    &indices,
                    &source.narrow(axis as isize, start, length)?,
                )?;
                Ok(sum)
            };
            let (middle, mut sum) = (along / 2, half(0, along / 2)?);
            sum.add_assign(&half(middle, along - middle)?)?;
            return self.add_assign(&sum);
        }
        self.combine_picked(axis, indices, source, |y, x| y + x)
    }
}

impl<T: Element> Tensor<T> {
    /// The axis, the indices and as many sources, none of them scalars; an error, which begins with `op`, unless they
    /// fit this tensor.
    #[track_caller]
    pub(crate) fn picked(
        &self,
        op: &'static str,
        axis: isize,
        indices: &Tensor<i64>,
        source: &Self,
    ) -> Result<(usize, Tensor<i64>, Self)> {
        let axis = expect_fitting(op, *self.shape(), axis, *indices.shape())?;
        let source = corner_for(op, source, *indices.shape())?;
        expect_inside(op, *self.shape(), axis, indices)?;
        Ok((
            axis,
            indices.vector_if_scalar()?,
            source.vector_if_scalar()?,
        ))
    }

    /// Replaces each element that the indices name by `f` of it and its source, in row-major order, for arguments that
    /// fit; the indices may repeat in a broadcast view.
    #[track_caller]
    pub(crate) fn combine_picked(
        &mut self,
        axis: usize,
        indices: &Tensor<i64>,
        source: &Self,
        f: impl Fn(T, T) -> T + Sync,
    ) -> Result<()> {
        if indices.is_empty() {
            return Ok(());
        }
        let all = Layout::contiguous(self.shape().vector_if_scalar());
        let (sizes, count) = (&all.shape, indices.shape()[0]);
        let mut layouts = [
            first_along(&all, axis, *indices.shape())?,
            *indices.layout(),
            *source.layout(),
        ];
        let steps = layouts.map(|layout| layout.strides()[0]);
        if axis > 0 {
            for layout in &mut layouts {
                *layout = layout.narrow(0, 0, 1)?;
            }
        }
        let nest = Nest::new(&layouts[1].shape, layouts.each_ref());
        let (length, [step_y, step_i, step_s]) = nest.row();
        // Split along the first axis. If indices refer to it, every part reads all of them, so there must be few, and
        // few parts.
        let rows = if axis > 0 || step_i == 0 { sizes[0] } else { 1 };
        let most = if axis > 0 {
            usize::MAX
        } else {
            2 * threads::count()
        };
        let combine = |first: usize, y: &mut [T]| {
            let end = first + y.len() / all.strides()[0];
            let (passes, places) = if axis > 0 {
                (first..end.min(count), 0..sizes[axis])
            } else {
                (0..1, first..end)
            };
            for (i, row) in passes.enumerate() {
                nest.for_rows(0..nest.rows(), |[place, place_i, place_s]| {
                    kernel::scatter(
                        (&mut y[place + i * steps[0]..], step_y),
                        (&indices.storage()[place_i + row * steps[1]..], step_i),
                        (&source.storage()[place_s + row * steps[2]..], step_s),
                        (places.clone(), all.strides()[axis]),
                        length,
                        &f,
                    );
                });
            }
        };
        if rows == 1 {
            combine(0, self.make_mut_slice());
            return Ok(());
        }
        self.change_rows(
            rows,
            [indices.len(), most.saturating_mul(parallel::PART)],
            &combine,
        )
    }

    /// Calls `change` with the number of a first row and with whole rows from there on, split by the work, and for at
    /// `most` as much. A copy that is necessary because something else holds the elements, or because a view repeats
    /// them, is made part by part.
    #[track_caller]
    fn change_rows(
        &mut self,
        rows: usize,
        [work, most]: [usize; 2],
        change: &(dyn Fn(usize, &mut [T]) + Sync),
    ) -> Result<()> {
        if let Some(y) = self.try_mut() {
            parallel::for_rows(y, rows, work.min(most), change);
            return Ok(());
        }
        let (x, row) = (self.clone(), self.len() / rows);
        *self = Self::build(*self.shape(), |y| {
            let work = work.max(y.len()).min(most);
            parallel::for_rows(y, rows, work, |first, y| {
                if let Ok(part) = x.layout().narrow(0, first, y.len() / row) {
                    walk::copy(x.storage(), &part, y);
                }
                change(first, y);
            });
        })?;
        Ok(())
    }
}

/// A view of the first elements along each axis, as many as `shape` says; a scalar counts as `[1]`.
///
/// # Shape
///
/// `x: [n, m], shape: [a, b] -> [a, b]`, with a <= n and b <= m
///
/// # Errors
///
/// If `x` has fewer elements along an axis, or the numbers of axes differ; the message begins with `scatter_add`.
///
/// # Example
///
/// ```
/// # use gradlet_tensor::{Shape, fused, tensor};
/// # fn main() -> gradlet_tensor::Result<()> {
/// let x = tensor![[1.0, 2.0], [3.0, 4.0]];
/// assert_eq!(fused::corner(&x, Shape::from([2, 1]))?, tensor![[1.0], [3.0]]);
/// # Ok(())
/// # }
/// ```
#[track_caller]
pub fn corner<T: Float>(x: &Tensor<T>, shape: Shape) -> Result<Tensor<T>> {
    corner_for("scatter_add", x, shape)
}

/// As `corner`; the message begins with `op`.
#[track_caller]
fn corner_for<T: Element>(op: &'static str, x: &Tensor<T>, shape: Shape) -> Result<Tensor<T>> {
    let fits = |(&size, &wanted): (&usize, &usize)| wanted <= size;
    let mut corner = x.vector_if_scalar()?;
    let wanted = shape.vector_if_scalar();
    if corner.rank() != wanted.rank() || !corner.shape().iter().zip(&wanted).all(fits) {
        return Err(Error::new(ErrorKind::ShapeMismatch {
            op,
            expected: shape,
            found: *x.shape(),
        }));
    }
    for (axis, &size) in wanted.iter().enumerate() {
        corner = corner.narrow(axis as isize, 0, size)?;
    }
    corner.reshape(shape)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor;
    use proptest::prelude::*;

    #[test]
    fn a_scalar_counts_as_one_element() -> Result<()> {
        let mut x = Tensor::scalar(2.0f32);
        x.scatter_add(0, &tensor![i64; 0, 0], &tensor![1.0, 10.0])?;
        x.scatter_add(0, &Tensor::scalar(0), &Tensor::scalar(100.0))?;
        assert_eq!(x, Tensor::scalar(113.0));
        Ok(())
    }

    #[test]
    fn repeated_indices_add_up_and_surplus_sources_are_left_out() -> Result<()> {
        let mut x = Tensor::zeros([2, 3])?;
        let source = tensor![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]];
        x.scatter_add(1, &tensor![i64; [0, 0], [2, 1]], &source)?;
        assert_eq!(x, tensor![[3.0, 0.0, 0.0], [0.0, 5.0, 4.0]]);
        let copy = x.clone();
        x.scatter_add(0, &tensor![i64; [1, 1]], &source)?;
        assert_eq!(x, tensor![[3.0, 0.0, 0.0], [1.0, 7.0, 4.0]]);
        assert_eq!(copy, tensor![[3.0, 0.0, 0.0], [0.0, 5.0, 4.0]]);
        Ok(())
    }

    #[test]
    fn bad_indices_and_shapes_are_errors_and_change_nothing() {
        let mut x = tensor![[1.0, 2.0], [3.0, 4.0]];
        for (indices, source) in [
            (tensor![i64; [0, 0]], tensor![[1.0]]),
            (tensor![i64; [0, 5]], tensor![[1.0, 1.0]]),
            (tensor![i64; [0, -1]], tensor![[1.0, 1.0]]),
            (tensor![i64; 0, 0], tensor![1.0, 1.0]),
        ] {
            assert!(x.scatter_add(0, &indices, &source).is_err());
        }
        assert_eq!(x, tensor![[1.0, 2.0], [3.0, 4.0]]);
    }

    /// The f32 nearest 0.1, exactly.
    const TENTH: f64 = 0.100_000_001_490_116_12;

    #[test]
    fn sums_of_many_sources_do_not_drift() -> Result<()> {
        let m = 1 << 20;
        let (tenth, indices) = (
            Tensor::scalar(0.1f32),
            Tensor::from_fn(m, |i| (i % 2) as i64)?,
        );
        let near = |x: f32, times: usize| {
            let exact = TENTH * times as f64;
            assert!(
                (f64::from(x) / exact - 1.0).abs() < 2e-5,
                "{x}, not {exact}"
            );
        };
        for threads in [1, 2] {
            crate::threads::with(threads, || {
                let mut x = Tensor::zeros(2)?;
                x.scatter_add(0, &indices, &tenth.broadcast_to(m)?)?;
                x.iter().for_each(|x| near(x, m / 2));
                let mut scalar = Tensor::scalar(0.0);
                scalar.scatter_add(0, &Tensor::zeros_of(m)?, &tenth.broadcast_to(m)?)?;
                near(scalar.item()?, m);
                let mut columns = Tensor::zeros([3, 2])?;
                columns.index_add(1, &indices, &tenth.broadcast_to([3, m])?)?;
                columns.iter().for_each(|x| near(x, m / 2));
                Ok(())
            })?;
        }
        Ok(())
    }

    /// 511 sources for an element, on average, are added one after the other.
    #[test]
    fn few_sources_are_added_in_their_order() -> Result<()> {
        let (n, m) = (8, 8 * 511);
        let indices = Tensor::from_fn(m, |i| (i * i % n) as i64)?;
        let source = Tensor::<f32>::normal(m, 0.0, 1.0, &mut crate::rng(1))?;
        let mut expected = vec![0.5f32; n];
        for (index, x) in indices.iter().zip(source.iter()) {
            expected[index as usize] += x;
        }
        let mut x = Tensor::full(n, 0.5)?;
        x.scatter_add(0, &indices, &source)?;
        assert_eq!(x.to_vec(), expected);
        Ok(())
    }

    proptest! {
        #[test]
        fn adding_agrees_with_a_naive_loop_and_on_any_number_of_threads(
            sizes in prop::array::uniform3(1..5usize), cut in 0..3usize, m in 1..6usize, axis in 0..3usize,
            long in 0..40usize, seed in 0..100u64,
        ) {
            let (mut sizes, mut shape) = (sizes, sizes);
            shape[axis] = m;
            // Not more indices than elements along an axis that they do not refer to; sometimes enough to split the
            // work.
            shape[cut] = if cut == axis { m } else { sizes[cut].min(m) };
            if long < 3 {
                (sizes[long], shape[long]) = (30_000, 29_999);
            }
            let size = sizes[axis] as u64;
            let indices = Tensor::<i64>::from_fn(shape, |i| ((i as u64 * 7919 + seed) % size) as i64)?;
            let turned = [shape[2], shape[1], shape[0]];
            let source = Tensor::<f64>::from_fn(turned, |i| (i % 1000) as f64)?.transpose(0, 2)?;
            let mut expected = vec![1.0; sizes.iter().product()];
            for (i, (&index, x)) in indices.to_vec().iter().zip(source.iter()).enumerate() {
                let mut at = [i / (shape[1] * shape[2]), i / shape[2] % shape[1], i % shape[2]];
                at[axis] = index as usize;
                expected[(at[0] * sizes[1] + at[1]) * sizes[2] + at[2]] += x;
            }
            for threads in [1, 3] {
                let mut y = Tensor::<f64>::full_of(sizes, 1.0)?;
                crate::threads::with(threads, || y.scatter_add(axis as isize, &indices, &source))?;
                prop_assert!(y.to_vec() == expected);
            }
        }
    }
}
