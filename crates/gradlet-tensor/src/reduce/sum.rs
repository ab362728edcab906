//! Sums and means over chosen axes, and the order of elements that all reductions use.

use crate::element::{Element, Float};
use crate::error::Result;
use crate::kernel::{few, fold, parallel};
use crate::number::Number;
use crate::shape::{Axes, MAX_RANK, Nest, ReducedAxes, Shape};
use crate::tensor::Tensor;

/// The elements of a tensor, ordered so that a reduction runs over the middle one of three axes.
pub(crate) struct Blocks<T: Element> {
    pub(super) x: Tensor<T>,
    to: Shape,
    pub(super) outer: usize,
    middle: usize,
    pub(super) inner: usize,
}

impl<T: Element> Blocks<T> {
    #[track_caller]
    pub(crate) fn new(x: &Tensor<T>, reduction: ReducedAxes) -> Result<Self> {
        let (shape, reduced, to) = (reduction.input(), reduction.marks(), reduction.output());
        let sizes = &shape;
        let first = (0..sizes.len())
            .find(|&axis| reduced[axis])
            .unwrap_or(sizes.len());
        let last = (0..sizes.len())
            .rfind(|&axis| reduced[axis])
            .map_or(first, |axis| axis + 1);
        if x.as_slice().is_some() && reduced[first..last].iter().all(|&reduced| reduced) {
            let [outer, middle, inner] = [&sizes[..first], &sizes[first..last], &sizes[last..]]
                .map(|part| part.iter().product());
            return Ok(Self {
                x: x.clone(),
                to,
                outer,
                middle,
                inner,
            });
        }
        // Otherwise the reduced axes are moved to the end, and the elements are copied in that order.
        let outer = (0..sizes.len())
            .filter(|&axis| !reduced[axis])
            .map(|axis| sizes[axis])
            .product();
        Ok(Self {
            x: x.permute(&reduction.order())?.try_contiguous()?,
            to,
            outer,
            middle: reduction.count(),
            inner: 1,
        })
    }

    /// Computes each result by `row` if its elements are adjacent, and `inner` results at a time by `rows` otherwise.
    #[track_caller]
    pub(crate) fn reduce<U: Element>(
        &self,
        row: impl Fn(&[T]) -> U + Sync,
        rows: impl Fn(&[T], &mut [U]) + Sync,
    ) -> Result<Tensor<U>> {
        let x = self.x.as_slice().unwrap_or_default();
        let &Self {
            outer,
            middle,
            inner,
            ..
        } = self;
        let size = middle * inner;
        Tensor::build(self.to, |out| {
            if out.is_empty() {
                return;
            }
            let part = |start: usize, out: &mut [U]| {
                if inner == 1 {
                    out.iter_mut()
                        .enumerate()
                        .for_each(|(i, y)| *y = row(&x[(start + i) * size..][..size]));
                } else {
                    let first = start / inner;
                    let blocks = out.chunks_exact_mut(inner).enumerate();
                    blocks.for_each(|(i, out)| rows(&x[(first + i) * size..][..size], out));
                }
            };
            if outer > 1 && parallel::pays(x.len()) {
                let parts = (x.len() / parallel::PART).min(outer);
                parallel::for_parts_of(out, outer.div_ceil(parts) * inner, part);
            } else {
                part(0, out);
            }
        })
    }
}

impl<T: Number> Tensor<T> {
    /// The sum over the axes; 0 if there are no elements.
    /// The axes go away, or stay at size 1 with [`Keep`](crate::Keep).
    ///
    /// Blocks are summed in a fixed order, which gives the same bits on any number of threads and any processor. An
    /// element that a broadcast view repeats is summed once and multiplied by its number. Integers are summed exactly, to
    /// an `i64` or `u64`.
    ///
    /// # Shape
    ///
    /// `sum(1)`: `[a, b, c] -> [a, c]`; `sum(Keep(1))`: `[a, b, c] -> [a, 1, c]`; `sum(..)`: `[...] -> []`
    ///
    /// # Errors
    ///
    /// If an axis is out of range or named twice, or a sum of integers overflows.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::{Keep, tensor};
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = tensor![[1.0, 3.0], [4.0, 4.0]];
    /// assert_eq!(x.sum(..)?.item()?, 12.0);
    /// assert_eq!(x.sum(0)?, tensor![5.0, 7.0]);
    /// assert_eq!(x.sum(Keep(1))?, tensor![[4.0], [8.0]]);
    /// assert_eq!(x.div(&x.sum(Keep(1))?)?, tensor![[0.25, 0.75], [0.5, 0.5]]); // rows that sum to 1
    /// assert_eq!(tensor![u8; 200, 100].sum(..)?.item()?, 300u64);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn sum(&self, axes: impl Axes) -> Result<Tensor<T::Sum>> {
        T::sum_(self, ReducedAxes::new("sum", *self.shape(), &axes)?)
    }
}

impl<T: Float> Tensor<T> {
    #[track_caller]
    pub(crate) fn sum_over(&self, axes: ReducedAxes) -> Result<Self> {
        let to = axes.output();
        if to.numel() == 1
            && let Some(x) = self.as_dense_slice()
        {
            return Self::build(to, |out| out.fill(sum_all(x)));
        }
        if let Some(repeats) = self.layout().repeats_with(self.layout()) {
            // An element that repeats along a reduced axis is summed once and multiplied.
            let reducible: [bool; MAX_RANK] =
                std::array::from_fn(|axis| repeats[axis] && axes.marks()[axis]);
            let times = ReducedAxes::marked(*self.shape(), reducible).count();
            if times > 1 {
                let once = self.view(self.layout().once(&reducible));
                return Ok(once.sum_over(axes.of(*once.shape()))? * T::of(times as f64));
            }
        }
        let blocks = Blocks::new(self, axes)?;
        let columns = blocks.inner;
        if blocks.outer == 1 && columns > 1 {
            let x = blocks.x.as_slice().unwrap_or_default();
            return Self::build(to, |out| sum_rows(x, out));
        }
        blocks.reduce(fold::sum, |x, out| fold::sum_rows(x, columns, out))
    }

    /// As `sum_over`, bit for bit: sums of a few elements each from where these lie, for a copy of short rows is slow.
    #[track_caller]
    pub(crate) fn sum_of_few_over(&self, axes: ReducedAxes) -> Result<Self> {
        if self.as_slice().is_some() || !(1..=few::FEW).contains(&axes.count()) {
            return self.sum_over(axes);
        }
        let (mut rest, mut places) = (*self.layout(), vec![0]);
        for axis in (0..self.rank()).filter(|&axis| axes.marks()[axis]).rev() {
            let (size, stride) = (rest.shape[axis], rest.strides()[axis]);
            // The last axis is the first here, and runs fastest.
            places = (0..size)
                .flat_map(|i| places.iter().map(move |place| place + i * stride))
                .collect();
            rest = rest.remove(axis, 0);
        }
        let nest = Nest::new(&rest.shape, [&rest]);
        if nest.row().1 != [1] {
            return self.sum_over(axes);
        }
        Self::build(axes.output(), |out| {
            nest.for_pieces(out, |[place], y| {
                few::sums(&self.storage()[place..], &places, y);
            });
        })
    }

    /// The mean over the axes; NaN if there are no elements.
    /// The axes go away, or stay at size 1 with [`Keep`](crate::Keep).
    ///
    /// # Shape
    ///
    /// `mean(1)`: `[a, b, c] -> [a, c]`; `mean(Keep(1))`: `[a, b, c] -> [a, 1, c]`; `mean(..)`: `[...] -> []`
    ///
    /// # Errors
    ///
    /// If an axis is out of range or named twice.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::{Keep, Tensor, tensor};
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = tensor![[1.0, 3.0], [5.0, 7.0]];
    /// assert_eq!(x.mean(0)?, tensor![3.0, 5.0]);
    /// assert_eq!(x.sub(&x.mean(Keep(0))?)?, tensor![[-2.0, -2.0], [2.0, 2.0]]); // columns around 0
    /// assert_eq!(x.mean([0, 1])?.item()?, 4.0);
    /// assert!(Tensor::zeros(0)?.mean(0)?.item()?.is_nan());
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn mean(&self, axes: impl Axes) -> Result<Self> {
        let axes = ReducedAxes::new("mean", *self.shape(), &axes)?;
        Ok(self.sum_over(axes)? / T::of(axes.count() as f64))
    }
}

/// The sum of a slice, block by block on several threads if it is large.
fn sum_all<T: Float>(x: &[T]) -> T {
    if !parallel::pays(x.len()) {
        return fold::sum(x);
    }
    let mut sums = vec![T::of(0.0); x.len().div_ceil(fold::BLOCK)];
    let per_part = parallel::PART / fold::BLOCK;
    parallel::for_parts_of(&mut sums, per_part, |first, sums| {
        for (i, sum) in sums.iter_mut().enumerate() {
            let start = (first + i) * fold::BLOCK;
            *sum = fold::sum(&x[start..x.len().min(start + fold::BLOCK)]);
        }
    });
    pair(&sums)
}

/// The sum of the rows of a slice, which are as long as `out`; if it is large, each thread sums some of the columns.
pub(super) fn sum_rows<T: Float>(x: &[T], out: &mut [T]) {
    let columns = out.len();
    if !parallel::pays(x.len()) {
        return fold::sum_rows(x, columns, out);
    }
    parallel::for_parts_of(out, columns_of_part(columns), |first, out| {
        fold::sum_columns(x, columns, first, out);
    });
}

/// The number of columns in a part: whole cache lines, and at least four parts if there are enough columns.
pub(crate) fn columns_of_part(columns: usize) -> usize {
    columns.div_ceil(4).next_multiple_of(16)
}

/// The sum of the blocks' sums, by the same balanced tree as in `fold::sum`.
fn pair<T: Float>(sums: &[T]) -> T {
    if let [sum] = *sums {
        return sum;
    }
    let (left, right) = sums.split_at(sums.len().next_power_of_two() / 2);
    pair(left) + pair(right)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;
    use crate::shape::Keep;
    use proptest::prelude::*;

    #[test]
    fn axes_are_all_one_or_several() -> Result<()> {
        let x = Tensor::arange(0.0, 24.0, 1.0)?.reshape([2, 3, 4])?;
        assert_eq!(x.sum(..)?.item()?, 276.0);
        assert_eq!(x.sum(-1)?.to_vec(), [6.0, 22.0, 38.0, 54.0, 70.0, 86.0]);
        assert_eq!(x.sum([0, 2])?.to_vec(), [60.0, 92.0, 124.0]);
        assert_eq!(x.sum(Keep(1))?.shape(), [2, 1, 4]);
        assert_eq!(x.mean([0, 1])?.to_vec(), [10.0, 11.0, 12.0, 13.0]);
        assert!(matches!(
            x.sum([1, -2]).unwrap_err().kind(),
            ErrorKind::AxisRepeated { axis: 1, .. }
        ));
        assert!(x.sum(3).is_err());
        assert_eq!(x.sum_to(Shape::from([3, 1]))?.to_vec(), [60.0, 92.0, 124.0]);
        assert!(x.sum_to(Shape::from([5])).is_err());
        Ok(())
    }

    #[test]
    fn reductions_of_nothing_have_a_value_or_an_error() -> Result<()> {
        let x = Tensor::zeros([0, 3])?;
        assert_eq!(x.sum(0)?.to_vec(), [0.0; 3]);
        assert!(x.mean(..)?.item()?.is_nan());
        assert!(matches!(
            x.max(0).unwrap_err().kind(),
            ErrorKind::Empty { .. }
        ));
        assert_eq!(x.max(1)?.len(), 0);
        assert!(x.argmax(0).is_err());
        Ok(())
    }

    #[test]
    fn large_reductions_have_the_same_bits_on_any_number_of_threads() -> Result<()> {
        let x = Tensor::<f32>::uniform([700, 500], -1.0, 1.0, &mut crate::rng(3))?;
        let run = || -> Result<_> {
            Ok([
                x.sum(..)?,
                x.sum(0)?,
                x.sum(1)?,
                x.max(1)?,
                x.reshape([7, 100, 500])?.sum(1)?,
            ])
        };
        let one = crate::threads::with(1, run)?;
        for threads in [2, 3] {
            assert_eq!(one, crate::threads::with(threads, run)?);
        }
        Ok(())
    }

    #[test]
    fn repeated_elements_are_multiplied_and_not_added_up() -> Result<()> {
        let x = Tensor::scalar(0.1f32).broadcast_to([1000, 3])?;
        assert_eq!(x.sum(0)?.to_vec(), [0.1f32 * 1000.0; 3]);
        assert_eq!(x.sum(..)?.item()?, 0.1f32 * 3000.0);
        let rows = Tensor::arange(0.0, 4.0, 1.0)?.broadcast_to([2, 4])?;
        assert_eq!(
            (rows.sum(0)?.to_vec(), rows.sum(1)?.to_vec()),
            (vec![0.0, 2.0, 4.0, 6.0], vec![6.0; 2])
        );
        Ok(())
    }

    proptest! {
        #[test]
        fn reductions_agree_with_a_naive_fold(
            sizes in prop::array::uniform4(1..4usize), order in Just([0isize, 1, 2, 3]).prop_shuffle(), mask in 0..16u32,
        ) {
            let x = Tensor::<f64>::normal(sizes, 0.0, 1.0, &mut crate::rng(u64::from(mask)))?.permute(&order)?;
            let axes: Vec<isize> = (0..4).filter(|axis| mask >> axis & 1 == 1).collect();
            let shape = ReducedAxes::new("test", *x.shape(), axes.as_slice())?.kept();
            let (mut sums, mut maxima) = (vec![0.0; shape.numel()], vec![f64::NEG_INFINITY; shape.numel()]);
            let positions = Tensor::from_fn(shape, |i| i as i64)?.broadcast_to(x.shape())?;
            for (place, x) in positions.iter().zip(x.iter()) {
                sums[place as usize] += x;
                maxima[place as usize] = maxima[place as usize].max(x);
            }
            prop_assert!(x.sum(Keep(axes.as_slice()))?.allclose(&Tensor::from_slice(sums, shape)?, 1e-12, 1e-12));
            prop_assert_eq!(x.max(Keep(axes.as_slice()))?.to_vec(), maxima);
        }
    }
}
