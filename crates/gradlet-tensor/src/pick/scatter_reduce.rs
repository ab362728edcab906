//! Reducing elements and sources by index: sums, products, extremes, means.

use crate::element::Float;
use crate::error::Result;
use crate::tensor::Tensor;

/// How [`Tensor::scatter_reduce`] combines an element and its sources.
///
/// # Example
///
/// ```
/// # use gradlet_tensor::{Scatter, tensor};
/// # fn main() -> gradlet_tensor::Result<()> {
/// for (how, expected) in [(Scatter::Add, 9.0), (Scatter::Max, 4.0), (Scatter::Mean, 3.0)] {
///     let mut x = tensor![2.0];
///     x.scatter_reduce(0, &tensor![i64; 0, 0], &tensor![3.0, 4.0], how)?;
///     assert_eq!(x.item()?, expected);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scatter {
    /// The sum, as by [`Tensor::scatter_add`].
    Add,
    /// The product.
    Mul,
    /// The largest, or NaN if one is NaN.
    Max,
    /// The smallest, or NaN if one is NaN.
    Min,
    /// The sum divided by the number of summands.
    Mean,
}

impl<T: Float> Tensor<T> {
    /// Replaces each element that the indices name by the sum, product, largest, smallest or mean of itself and its
    /// sources: for axis 1, `source[i, j, k]` is one for the element `[i, indices[i, j, k], k]`.
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
    /// # use gradlet_tensor::{Scatter, tensor};
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let mut x = tensor![0.0, 0.5, 0.0];
    /// x.scatter_reduce(0, &tensor![i64; 2, 2, 1], &tensor![3.0, 5.0, -1.0], Scatter::Max)?;
    /// assert_eq!(x.to_vec(), [0.0, 0.5, 5.0]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.Tensor.scatter_reduce_`
    #[track_caller]
    pub fn scatter_reduce(
        &mut self,
        axis: isize,
        indices: &Tensor<i64>,
        source: &Self,
        how: Scatter,
    ) -> Result<()> {
        let (axis, indices, source) = self.picked("scatter_reduce", axis, indices, source)?;
        self.reduce_picked(axis, &indices, &source, how, T::one())
    }

    /// As [`scatter_reduce`](Self::scatter_reduce), of the sources alone: the old value of an element that an index names
    /// is left out.
    ///
    /// # Shape
    ///
    /// `self: [a, n, b]`, indices `[c, m, d]`, source at least that large in each axis, with c <= a and d <= b; a
    /// scalar counts as `[1]`
    ///
    /// # Errors
    ///
    /// If [`scatter_reduce`](Self::scatter_reduce) would give an error. The elements are then unchanged.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::{Scatter, tensor};
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let mut x = tensor![9.0, 9.0];
    /// x.scatter_reduce_anew(0, &tensor![i64; 1, 1], &tensor![3.0, 5.0], Scatter::Mean)?;
    /// assert_eq!(x.to_vec(), [9.0, 4.0]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.Tensor.scatter_reduce_` with `include_self=False`
    #[track_caller]
    pub fn scatter_reduce_anew(
        &mut self,
        axis: isize,
        indices: &Tensor<i64>,
        source: &Self,
        how: Scatter,
    ) -> Result<()> {
        let (axis, indices, source) = self.picked("scatter_reduce_anew", axis, indices, source)?;
        let identity = match how {
            Scatter::Add | Scatter::Mean => T::zero(),
            Scatter::Mul => T::one(),
            Scatter::Max => T::neg_infinity(),
            Scatter::Min => T::infinity(),
        };
        let fill = Tensor::scalar(identity).broadcast_to(indices.shape())?;
        self.combine_picked(axis, &indices, &fill, |_, x| x)?;
        self.reduce_picked(axis, &indices, &source, how, T::zero())
    }

    /// The reduction for arguments that fit, where each old value counts as `old` summands of a mean.
    #[track_caller]
    fn reduce_picked(
        &mut self,
        axis: usize,
        indices: &Tensor<i64>,
        source: &Self,
        how: Scatter,
        old: T,
    ) -> Result<()> {
        match how {
            Scatter::Add => self.add_picked(axis, indices, source),
            Scatter::Mul => self.combine_picked(axis, indices, source, |y, x| y * x),
            Scatter::Max => {
                self.combine_picked(
                    axis,
                    indices,
                    source,
                    |y, x| {
                        if y > x || y != y { y } else { x }
                    },
                )
            }
            Scatter::Min => {
                self.combine_picked(
                    axis,
                    indices,
                    source,
                    |y, x| {
                        if y < x || y != y { y } else { x }
                    },
                )
            }
            Scatter::Mean => {
                let mut counts = Tensor::full_of(self.shape(), old)?;
                let one = Tensor::scalar(T::one()).broadcast_to(indices.shape())?;
                counts.add_picked(axis, indices, &one)?;
                self.add_picked(axis, indices, source)?;
                // Where no index refers to, the count may be 0.
                self.div_assign(&counts.maximum_scalar(T::one()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{tensor, threads};
    use proptest::prelude::*;

    const ALL: [Scatter; 5] = [
        Scatter::Add,
        Scatter::Mul,
        Scatter::Max,
        Scatter::Min,
        Scatter::Mean,
    ];

    #[test]
    fn old_values_count_or_are_left_out() -> Result<()> {
        let (indices, source) = (tensor![i64; 2, 0, 2], tensor![4.0, 3.0, 6.0]);
        for (how, with, alone) in [
            (Scatter::Add, [-2.0, 7.0, 11.0], [3.0, 7.0, 10.0]),
            (Scatter::Mul, [-15.0, 7.0, 24.0], [3.0, 7.0, 24.0]),
            (Scatter::Max, [3.0, 7.0, 6.0], [3.0, 7.0, 6.0]),
            (Scatter::Min, [-5.0, 7.0, 1.0], [3.0, 7.0, 4.0]),
            (Scatter::Mean, [-1.0, 7.0, 11.0 / 3.0], [3.0, 7.0, 5.0]),
        ] {
            let mut x = tensor![-5.0, 7.0, 1.0];
            let mut y = x.clone();
            x.scatter_reduce(0, &indices, &source, how)?;
            y.scatter_reduce_anew(0, &indices, &source, how)?;
            assert_eq!(
                (x.to_vec(), y.to_vec()),
                (with.to_vec(), alone.to_vec()),
                "{how:?}"
            );
        }
        Ok(())
    }

    #[test]
    fn nan_is_the_largest_and_the_smallest_and_stays() -> Result<()> {
        for how in [Scatter::Max, Scatter::Min] {
            let mut x = tensor![f32::NAN, 1.0];
            x.scatter_reduce(0, &tensor![i64; 0, 1, 1], &tensor![2.0, f32::NAN, 3.0], how)?;
            assert!(x.iter().all(f32::is_nan), "{how:?}");
        }
        Ok(())
    }

    #[test]
    fn scalars_reduce_and_bad_arguments_change_nothing() -> Result<()> {
        for how in ALL {
            let mut x = Tensor::scalar(2.0f32);
            x.scatter_reduce_anew(-1, &tensor![i64; 0], &tensor![5.0, 6.0], how)?;
            assert_eq!(x.item()?, 5.0);
            for (indices, source) in [
                (tensor![i64; 1], tensor![5.0]),
                (tensor![i64; -1], tensor![5.0]),
                (tensor![i64; 0, 0], tensor![5.0]),
                (tensor![i64; [0]], tensor![[5.0]]),
            ] {
                assert!(x.scatter_reduce(0, &indices, &source, how).is_err());
                assert!(x.scatter_reduce_anew(0, &indices, &source, how).is_err());
            }
            assert_eq!(x.item()?, 5.0);
        }
        Ok(())
    }

    proptest! {
        #[test]
        fn reducing_agrees_with_a_naive_loop_and_on_any_number_of_threads(
            sizes in prop::array::uniform3(1..5usize), m in 0..6usize, axis in 0..3usize, long in 0..30usize, seed in 0..100u64,
            how in prop::sample::select(ALL.to_vec()), anew in any::<bool>(),
        ) {
            let mut sizes = sizes;
            if long < 3 {
                sizes[long] = 30_000;
            }
            let mut shape = sizes;
            shape[axis] = if long == axis { 29_999 } else { m };
            let size = sizes[axis] as u64;
            let turned = [shape[2], shape[1], shape[0]];
            let indices = Tensor::<i64>::from_fn(turned, |i| ((i as u64 * 7919 + seed) % size) as i64)?.transpose(0, 2)?;
            // Sums and products of few of them are exact.
            let source = Tensor::<f64>::from_fn(turned, |i| (i % 5) as f64 - 2.0)?.transpose(0, 2)?;
            let mut groups = vec![Vec::new(); sizes.iter().product()];
            for (i, (index, x)) in indices.iter().zip(source.iter()).enumerate() {
                let mut at = [i / (shape[1] * shape[2]), i / shape[2] % shape[1], i % shape[2]];
                at[axis] = index as usize;
                groups[(at[0] * sizes[1] + at[1]) * sizes[2] + at[2]].push(x);
            }
            let reduced = groups.iter().map(|group| {
                let old = if anew && !group.is_empty() { None } else { Some(1.5) };
                let all = || old.into_iter().chain(group.iter().copied());
                match how {
                    Scatter::Add => all().sum(),
                    Scatter::Mul => all().product(),
                    Scatter::Max => all().fold(f64::NEG_INFINITY, f64::max),
                    Scatter::Min => all().fold(f64::INFINITY, f64::min),
                    Scatter::Mean => all().sum::<f64>() / all().count() as f64,
                }
            });
            let expected: Vec<f64> = reduced.collect();
            for n in 1..4 {
                let mut y = Tensor::<f64>::full_of(sizes, 1.5)?;
                let reduce = if anew { Tensor::scatter_reduce_anew } else { Tensor::scatter_reduce };
                threads::with(n, || reduce(&mut y, axis as isize, &indices, &source, how))?;
                prop_assert!(y.to_vec() == expected);
            }
        }
    }
}
