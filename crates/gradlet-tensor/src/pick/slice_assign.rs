//! Replacing a slice of a tensor.

use std::ops::RangeBounds;

use crate::element::Element;
use crate::error::{Error, Result};
use crate::kernel::{gather as kernel, parallel};
use crate::shape::{Layout, Nest};
use crate::tensor::Tensor;

impl<T: Element> Tensor<T> {
    /// Replaces the elements that [`slice`](Self::slice) with the same axis, range and step would return by those of
    /// `source`, which is broadcast to them.
    ///
    /// # Shape
    ///
    /// `slice_assign(1, 2..-1, 3, &source)`: `self: [a, n, b]`, source `[a, ceil((n - 3) / 3), b]`, whose sizes of 1
    /// and missing leading axes are repeated
    ///
    /// # Errors
    ///
    /// If the axis is out of range, the step is 0, or `source` does not broadcast to the slice. The elements are then
    /// unchanged.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::{Tensor, tensor};
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let mut x = Tensor::zeros([2, 3])?;
    /// x.slice_assign(1, 1.., 1, &tensor![[1.0, 2.0], [3.0, 4.0]])?;
    /// assert_eq!(x, tensor![[0.0, 1.0, 2.0], [0.0, 3.0, 4.0]]);
    /// x.slice_assign(0, -1..=-1, 1, &Tensor::scalar(9.0))?; // the last row
    /// assert_eq!(x, tensor![[0.0, 1.0, 2.0], [9.0, 9.0, 9.0]]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.slice_scatter`; with one index and `source.unsqueeze(axis)`, `torch.select_scatter`
    #[track_caller]
    pub fn slice_assign(
        &mut self,
        axis: isize,
        range: impl RangeBounds<isize>,
        step: isize,
        source: &Self,
    ) -> Result<()> {
        let name = |error: Error| error.of("slice_assign");
        let (start, length) = self.shape().span(axis, range).map_err(name)?;
        let to = Layout::contiguous(*self.shape()).slice(axis, start, length, step);
        let to = to.map_err(name)?;
        let mut source = source.broadcast_to(to.shape).map_err(name)?;
        if step < 0 {
            source = source.flip(axis)?;
        }
        let from = *source.layout();
        if to.shape.numel() > 0 {
            assign(self.make_mut_slice(), to, source.storage(), from);
        }
        Ok(())
    }
}

/// Writes the elements of `from` to those of `to`, which lie in `y` in row-major order, maybe with gaps between them.
fn assign<T: Element>(y: &mut [T], mut to: Layout, source: &[T], mut from: Layout) {
    // Split along the first axis that has several indices.
    while to.shape.rank() > 1 && to.shape[0] == 1 {
        (to, from) = (to.remove(0, 0), from.remove(0, 0));
    }
    let (count, stride) = (to.shape[0], to.strides()[0]);
    let end = y.len().min(to.offset + count * stride);
    let rows = parallel::PART.div_ceil(to.shape.numel() / count);
    parallel::for_chunks(&mut y[to.offset..end], rows * stride, |start, y| {
        let (first, rows) = (start / stride, y.len().div_ceil(stride));
        let parts = [(to.at_start(), 0), (from, first)];
        let [Ok(to), Ok(from)] = parts.map(|(layout, first)| layout.narrow(0, first, rows)) else {
            return;
        };
        let nest = Nest::new(&to.shape, [&to, &from]);
        let (length, [step_to, step_from]) = nest.row();
        nest.for_rows(0..nest.rows(), |[place, place_from]| {
            let y = (&mut y[place..], step_to);
            let x = (&source[place_from..], step_from);
            kernel::combine(y, x, length, &|_, x| x);
        });
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;
    use crate::{tensor, threads};
    use proptest::prelude::*;

    #[test]
    fn slices_are_replaced_and_other_handles_keep_the_old_elements() -> Result<()> {
        let mut x = tensor![i64; [1, 2, 3], [4, 5, 6]];
        let before = x.clone();
        x.slice_assign(1, .., 2, &tensor![i64; [10], [20]])?;
        assert_eq!(x, tensor![i64; [10, 2, 10], [20, 5, 20]]);
        assert_eq!(before, tensor![i64; [1, 2, 3], [4, 5, 6]]);
        x.slice_assign(-2, 2.., 1, &Tensor::zeros_of([0, 3])?)?;
        x.slice_assign(0, 1..=1, isize::MAX, &before.slice(0, ..1, 1)?)?;
        assert_eq!(x, tensor![i64; [10, 2, 10], [1, 2, 3]]);
        let mut turned = x.t()?;
        turned.slice_assign(0, ..2, 1, &tensor![i64; 7, 8])?;
        assert_eq!(turned, tensor![i64; [7, 8], [7, 8], [10, 3]]);
        Ok(())
    }

    #[test]
    fn bad_slices_and_sources_are_errors_and_change_nothing() {
        let mut x = tensor![[1.0, 2.0], [3.0, 4.0]];
        for error in [
            x.slice_assign(0, .., 0, &tensor![0.0]),
            x.slice_assign(2, .., 1, &tensor![0.0]),
            x.slice_assign(0, .., 1, &tensor![0.0, 0.0, 0.0]),
            x.slice_assign(0, .., 1, &tensor![[[0.0]]]),
            Tensor::scalar(1.0).slice_assign(0, .., 1, &tensor![0.0]),
        ] {
            let error = error.unwrap_err();
            assert!(error.to_string().starts_with("slice_assign: "), "{error}");
        }
        let error = x.slice_assign(0, ..1, 1, &tensor![[0.0], [0.0]]);
        assert!(matches!(
            error.unwrap_err().kind(),
            ErrorKind::Broadcast { axis: 0, .. }
        ));
        assert_eq!(x, tensor![[1.0, 2.0], [3.0, 4.0]]);
    }

    proptest! {
        #[test]
        fn replacing_agrees_with_a_naive_loop_and_on_any_number_of_threads(
            sizes in prop::array::uniform3(0..5usize), axis in 0..3usize, long in 0..9usize, bounds in prop::array::uniform2(-6..6isize),
            step in prop::sample::select(vec![1isize, 2, 3, -1, -2, -3]), once in prop::array::uniform3(any::<bool>()),
        ) {
            let mut sizes = sizes;
            if long < 3 {
                sizes[long] = 70_000;
            }
            let range = bounds[0]..bounds[1];
            let x = Tensor::<i64>::from_fn([sizes[2], sizes[1], sizes[0]], |i| i as i64)?.transpose(0, 2)?;
            // Not by `slice`, which `slice_assign` is built on.
            let size = sizes[axis] as isize;
            let [first, end] = bounds.map(|bound| if bound < 0 { (bound + size).max(0) } else { bound.min(size) });
            let all = first as usize..end.max(first) as usize;
            let picked: Vec<usize> = if step > 0 {
                all.step_by(step as usize).collect()
            } else {
                all.rev().step_by(step.unsigned_abs()).collect()
            };
            let mut whole = sizes;
            whole[axis] = picked.len();
            let mut to = whole;
            for (size, once) in to.iter_mut().zip(once) {
                *size = if once { (*size).min(1) } else { *size };
            }
            if to.iter().zip(&whole).any(|(once, size)| once > size) {
                return Ok(());
            }
            let source = Tensor::<i64>::from_fn(to, |i| -1 - i as i64)?;
            let mut expected = x.to_vec();
            for (i, value) in source.broadcast_to(whole)?.iter().enumerate() {
                let mut at = [i / (whole[1] * whole[2]), i / whole[2] % whole[1], i % whole[2]];
                at[axis] = picked[at[axis]];
                expected[(at[0] * sizes[1] + at[1]) * sizes[2] + at[2]] = value;
            }
            for n in 1..4 {
                let mut y = x.clone();
                threads::with(n, || y.slice_assign(axis as isize, range.clone(), step, &source))?;
                prop_assert!(y.to_vec() == expected);
                let mut truths = x.map(|x| x % 2 == 0);
                let of = source.map(|x| x % 3 == 0);
                threads::with(n, || truths.slice_assign(axis as isize, range.clone(), step, &of))?;
                let naive = expected.iter().map(|&x| if x < 0 { x % 3 == 0 } else { x % 2 == 0 });
                prop_assert!(truths.iter().eq(naive));
            }
        }
    }
}
