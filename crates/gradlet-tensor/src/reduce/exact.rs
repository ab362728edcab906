//! Sums, products and means of integers, which are exact before they are rounded once or refused.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::element::{Element, Float};
use crate::error::{Error, ErrorKind, Result};
use crate::kernel::integer as kernel;
use crate::kernel::parallel::{PART, for_parts_of, pays};
use crate::math;
use crate::number::{Integer, Number};
use crate::reduce::{Blocks, columns_of_part};
use crate::shape::{Axes, MAX_RANK, ReducedAxes};
use crate::tensor::Tensor;

impl<T: Integer> Tensor<T> {
    /// The mean over the axes, as a float: the quotient of the exact sum, rounded once; NaN if there are no elements.
    /// The axes go away, or stay at size 1 with [`Keep`](crate::Keep).
    ///
    /// # Shape
    ///
    /// `mean_as::<f64>(1)`: `[a, b, c] -> [a, c]`; with `Keep(1)`: `[a, b, c] -> [a, 1, c]`; with `..`: `[...] -> []`
    ///
    /// # Errors
    ///
    /// If an axis is out of range or named twice.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = tensor![i64; [1, 2], [i64::MAX, i64::MAX]];
    /// assert_eq!(x.narrow(0, 0, 1)?.mean_as::<f32>(1)?.to_vec(), [1.5]);
    /// assert_eq!(x.mean_as::<f64>(1)?.to_vec(), [1.5, 2f64.powi(63)]);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn mean_as<F: Float>(&self, axes: impl Axes) -> Result<Tensor<F>> {
        let axes = ReducedAxes::new("mean_as", *self.shape(), &axes)?;
        let count = axes.count();
        self.exact_sums(axes, |sum| nearest(sum, count))
    }

    /// The sums over the axes, with an error unless their type holds them.
    #[track_caller]
    pub(crate) fn checked_sum(&self, axes: ReducedAxes) -> Result<Tensor<T::Sum>> {
        let missed = AtomicBool::new(false);
        let y = self.exact_sums(axes, |sum| {
            T::Sum::exactly(sum).unwrap_or_else(|| {
                missed.store(true, Ordering::Relaxed);
                T::Sum::default()
            })
        })?;
        if missed.into_inner() {
            let held = self.exact_sums(axes, |sum| T::Sum::exactly(sum).is_some())?;
            return Err(overflow::<T::Sum>("sum", "the sum", &held));
        }
        Ok(y)
    }

    /// `finish` of the exact sums over the axes.
    #[track_caller]
    fn exact_sums<U: Element>(
        &self,
        axes: ReducedAxes,
        finish: impl Fn(i128) -> U + Sync,
    ) -> Result<Tensor<U>> {
        let repeats = self.layout().repeats_with(self.layout());
        let reducible: [bool; MAX_RANK] = std::array::from_fn(|axis| {
            repeats.is_some_and(|repeats| repeats[axis]) && axes.marks()[axis]
        });
        let once = self.view(self.layout().once(&reducible));
        let times = ReducedAxes::marked(*self.shape(), reducible).count() as i128;
        let finish = |sum: i128| finish(sum * times);
        let blocks = Blocks::new(&once, axes.of(*once.shape()))?;
        let (x, columns) = (blocks.x.as_slice().unwrap_or_default(), blocks.inner);
        if blocks.outer != 1 || !pays(x.len()) {
            return blocks.reduce(
                |x| finish(kernel::total(x)),
                |x, out| kernel::column_totals(x, columns, 0, out, &finish),
            );
        }
        let mut sums = vec![
            0;
            if columns == 1 {
                x.len().div_ceil(PART)
            } else {
                0
            }
        ];
        for_parts_of(&mut sums, 1, |part, sums| {
            let x = &x[part * PART..];
            sums.fill(kernel::total(&x[..x.len().min(PART)]));
        });
        Tensor::build(axes.output(), |out| {
            if columns == 1 {
                return out.fill(finish(sums.iter().sum()));
            }
            for_parts_of(out, columns_of_part(columns), |first, out| {
                kernel::column_totals(x, columns, first, out, &finish);
            });
        })
    }

    /// The products over the axes, with an error unless their type holds them.
    #[track_caller]
    pub(crate) fn checked_prod(&self, axes: ReducedAxes) -> Result<Tensor<T::Sum>> {
        let missed = AtomicBool::new(false);
        let blocks = Blocks::new(self, axes)?;
        let held = |product: Option<T::Sum>| {
            product.unwrap_or_else(|| {
                missed.store(true, Ordering::Relaxed);
                T::Sum::default()
            })
        };
        let y = blocks.reduce(
            |x| held(kernel::product(x)),
            |x, out| kernel::column_products(x, out, &held),
        )?;
        if missed.into_inner() {
            let held = blocks.reduce(
                |x| kernel::product(x).is_some(),
                |x, out| kernel::column_products(x, out, &|product| product.is_some()),
            )?;
            return Err(overflow::<T::Sum>("prod", "the product", &held));
        }
        Ok(y)
    }

    /// The running sums along an axis, with an error unless their type holds them.
    #[track_caller]
    pub(crate) fn checked_cumsum(&self, axis: isize) -> Result<Tensor<T::Sum>> {
        let flagged = AtomicBool::new(false);
        let y: Tensor<T::Sum> = self.scan("cumsum", axis, |x, sizes, y| {
            if kernel::running_sums(x, sizes, y) != T::Sum::default() {
                flagged.store(true, Ordering::Relaxed);
            }
        })?;
        if !flagged.into_inner() {
            return Ok(y);
        }
        // The first sum, in row-major order, that is not the one before it and its element.
        let axis = self.shape().axis_or_scalar_for("cumsum", axis)?;
        let columns: usize = self.shape()[axis + 1..].iter().product();
        let (shape, sums) = (*self.shape(), y.to_vec());
        let held = Tensor::<bool>::from_fn(shape, |at| {
            let before = if (at / columns).is_multiple_of(shape[axis]) {
                T::Sum::default()
            } else {
                sums[at - columns]
            };
            before.add_(sums[at].sub_(before).0).1 == T::Sum::default()
        })?;
        Err(overflow::<T::Sum>("cumsum", "the sum", &held))
    }
}

/// The float nearest to a quotient.
fn nearest<F: Float>(sum: i128, count: usize) -> F {
    if count == 0 {
        return F::nan();
    }
    // A quotient of at least 55 digits, the last of which says whether others follow, is rounded as the whole one is.
    let (size, count) = (sum.unsigned_abs(), count as u128);
    let shift = (56 + size.leading_zeros()).saturating_sub(count.leading_zeros());
    let size = size << shift;
    let quotient = ((size / count) | u128::from(size % count != 0)) as i128;
    F::from_integer(quotient * sum.signum()) * math::powi(F::of(0.5), shift as i32)
}

/// The error for the first result that is not held.
#[track_caller]
#[cold]
pub(crate) fn overflow<T: Element>(op: &'static str, term: &str, held: &Tensor<bool>) -> Error {
    let at = held.iter().position(|held| !held).unwrap_or_default();
    Error::new(ErrorKind::Overflow {
        op,
        element: T::NAME,
        term: term.to_owned(),
        indices: held.shape().indices(at),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::Keep;
    use crate::tensor;
    use proptest::prelude::*;
    use proptest::test_runner::TestCaseError;
    use rand::RngExt;

    fn exact<T: Element>(x: T) -> i128 {
        x.to_integer().unwrap_or_default()
    }

    /// Small numbers, and among them some of the largest if `wild`; some views of other tensors.
    fn numbers<T: Integer>(
        sizes: [usize; 3],
        kind: u32,
        wild: bool,
        seed: u64,
    ) -> Result<Tensor<T>> {
        let mut rng = crate::rng(seed);
        let x = Tensor::from_fn(sizes, |_| {
            if wild && rng.random_range(0..3u32) == 0 {
                T::ENDS[rng.random_range(0..2usize)]
            } else {
                T::from_integer(rng.random_range(-3..4i32).into())
            }
        })?;
        match kind {
            0 => Ok(x),
            1 => x.transpose(0, 2),
            2 => x
                .unsqueeze(1)?
                .broadcast_to([sizes[0], 3, sizes[1], sizes[2]]),
            _ => x.flatten(..),
        }
    }

    fn agrees<T: Integer>(x: &Tensor<T>, axis: isize, mask: u32) -> Result<(), TestCaseError> {
        let axes: Vec<isize> = (0..x.rank() as isize)
            .filter(|axis| mask >> axis & 1 == 1)
            .collect();
        let axes = Keep(axes.as_slice());
        let shape = ReducedAxes::new("test", *x.shape(), &axes)?.kept();
        let places = Tensor::from_fn(shape, |i| i as i64)?.broadcast_to(x.shape())?;
        let ends = T::Sum::default()
            .to_integer()
            .map(|_| <T::Sum as crate::Number>::ENDS.map(exact));
        let [low, high] = ends.unwrap_or_default();
        let count = x.len() / shape.numel().max(1);
        let (mut sums, mut products) =
            (vec![0i128; shape.numel()], vec![Some(1i128); shape.numel()]);
        for (place, x) in places.iter().zip(x.iter().map(exact)) {
            sums[place as usize] += x;
            // Too large a product stays so until a 0 follows.
            let product = &mut products[place as usize];
            *product = if x == 0 {
                Some(0)
            } else {
                product.and_then(|y| y.checked_mul(x))
            };
        }
        let check = |result: Result<Tensor<T::Sum>>, expected: &[Option<i128>]| {
            let fits = |y: &Option<i128>| y.is_some_and(|y| (low..=high).contains(&y));
            match expected.iter().position(|y| !fits(y)) {
                None => {
                    let result: Vec<_> = result?.iter().map(|y| Some(exact(y))).collect();
                    prop_assert!(result == expected, "{x:?} {axes:?}");
                }
                Some(at) => {
                    let text = result.map_err(|error| error.to_string()).unwrap_err();
                    let end = format!(" at {:?} (at ", shape.indices(at));
                    prop_assert!(
                        text.contains(" overflows: the ") && text.contains(&end),
                        "{text}"
                    );
                }
            }
            Ok(())
        };
        check(x.prod(axes), &products)?;
        check(
            x.sum(axes),
            &sums.iter().map(|&sum| Some(sum)).collect::<Vec<_>>(),
        )?;
        for (mean, sum) in x.mean_as::<f64>(axes)?.iter().zip(sums) {
            if sum.abs() < 1 << 53 {
                prop_assert!(mean == sum as f64 / count as f64 || (mean.is_nan() && count == 0));
            } else if mean.abs() >= 2f64.powi(53) {
                // Whole numbers: the distance is at most half of that to the next one.
                let distance = (mean as i128 * count as i128 - sum).abs();
                let next = (mean.abs().next_up() as i128 - mean.abs() as i128) * count as i128;
                prop_assert!(2 * distance <= next, "{mean} of {sum} / {count}");
            }
        }
        running_sums_agree(x, axis % x.rank() as isize, low..=high)
    }

    fn running_sums_agree<T: Integer>(
        x: &Tensor<T>,
        axis: isize,
        range: std::ops::RangeInclusive<i128>,
    ) -> Result<(), TestCaseError> {
        // The axis first, so that each row is added to the one before.
        let turned = x.transpose(0, axis)?;
        let row = turned.len() / turned.shape()[0].max(1);
        let mut sums: Vec<i128> = turned.iter().map(exact).collect();
        for i in row..sums.len() {
            sums[i] += sums[i - row];
        }
        match x.cumsum(axis) {
            Ok(y) => {
                let found: Vec<_> = y.transpose(0, axis)?.iter().map(exact).collect();
                prop_assert_eq!(found, sums);
            }
            Err(error) => {
                prop_assert!(sums.iter().any(|sum| !range.contains(sum)), "{}", error);
                let before = |indices: &[usize]| {
                    let mut turned_indices = indices.to_vec();
                    turned_indices.swap(0, axis as usize);
                    let place = turned_indices.iter().zip(turned.shape());
                    sums[place.fold(0, |place, (index, size)| place * size + index)]
                };
                let ErrorKind::Overflow { indices, .. } = error.kind() else {
                    return Err(TestCaseError::fail(error.to_string()));
                };
                prop_assert!(!range.contains(&before(indices)));
            }
        }
        Ok(())
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn reductions_agree_with_exact_arithmetic(
            sizes in prop_oneof![
                1 => prop::array::uniform3(0..3usize), 8 => prop::array::uniform3(1..5usize),
                1 => prop::sample::select(vec![[1, 70_000, 1], [70, 1, 1000], [3, 30_000, 2]]),
            ],
            kind in 0..4u32, axis in 0..4isize, mask in 0..16u32, wild: bool, seed: u64,
        ) {
            macro_rules! check {
                ($($t:ty)*) => {$(
                    agrees(&numbers::<$t>(sizes, kind, wild, seed)?, axis, mask)?;
                )*};
            }
            check! { u8 i32 i64 u64 }
        }
    }

    #[test]
    fn means_are_rounded_once() -> Result<()> {
        let two_53 = 1i64 << 53;
        // The sum of three needs 55 digits; a third of it is 2^53 + 4/3.
        let x = tensor![i64; two_53 + 1, two_53 + 1, two_53 + 2];
        assert_eq!(x.mean_as::<f64>(0)?.item()?, (two_53 + 2) as f64);
        // Rounded to f64 first, it would be halfway between two numbers of f32, and become the lower one.
        let x = tensor![i64; (1 << 54) + (1 << 30) + 1];
        assert_eq!(x.mean_as::<f32>(0)?.item()?, 18_014_400_656_965_632.0);
        let x = tensor![u64; u64::MAX, u64::MAX, 0, 1];
        assert_eq!(x.mean_as::<f64>(..)?.item()?, 2f64.powi(63));
        assert_eq!(
            tensor![i32; -1, 0, 0].mean_as::<f32>(0)?.item()?,
            -1.0 / 3.0
        );
        assert!(
            Tensor::<u8>::zeros_of([0])?
                .mean_as::<f32>(0)?
                .item()?
                .is_nan()
        );
        Ok(())
    }

    #[test]
    fn partial_results_may_leave_the_type() -> Result<()> {
        let x = tensor![i64; i64::MAX, i64::MAX, -i64::MAX, -i64::MAX, 5];
        assert_eq!(x.sum(..)?.item()?, 5);
        assert!(x.cumsum(0).is_err());
        // The lowest number has no magnitude in its type.
        let low = tensor![i64; i64::MIN, i64::MAX, i64::MIN, i64::MIN];
        assert!(low.cumsum(0).is_err() && low.narrow(0, 0, 2)?.cumsum(0).is_ok());
        assert_eq!(tensor![i64; 1 << 62, 2, -1].prod(0)?.item()?, i64::MIN);
        assert_eq!(
            tensor![i64; [1 << 62, 1], [2, 1], [-1, 1]]
                .prod(0)?
                .to_vec(),
            [i64::MIN, 1]
        );
        assert_eq!(tensor![u64; u64::MAX, u64::MAX, 0].prod(0)?.item()?, 0);
        let many = Tensor::scalar(1i64 << 20).broadcast_to([1 << 42])?;
        assert_eq!(many.sum(..)?.item()?, 1 << 62);
        let text = many
            .broadcast_to([2, 1 << 42])?
            .sum(..)
            .unwrap_err()
            .to_string();
        assert!(
            text.starts_with("sum: i64 overflows: the sum at [] (at "),
            "{text}"
        );
        Ok(())
    }
}
