//! Medians and quantiles over chosen axes, by selection.

use crate::element::{Element, Float};
use crate::error::Result;
use crate::fused::{at_ranks, require};
use crate::shape::{Axes, ReducedAxes, Shape};
use crate::tensor::Tensor;

/// What a quantile is where its place is between two elements.
///
/// # Example
///
/// ```
/// # use gradlet_tensor::{Interpolation, tensor};
/// # fn main() -> gradlet_tensor::Result<()> {
/// let x = tensor![1.0, 2.0, 4.0, 8.0];
/// assert_eq!(x.quantile(0.5, 0, Interpolation::Linear)?.item()?, 3.0);
/// assert_eq!(x.quantile(0.5, 0, Interpolation::Lower)?.item()?, 2.0);
/// # Ok(())
/// # }
/// ```
///
/// # Source
///
/// `torch.quantile`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interpolation {
    /// A number between the two, as near to each as the place is.
    Linear,
    /// The lower element.
    Lower,
    /// The higher element.
    Higher,
    /// The mean of the two.
    Midpoint,
    /// The nearer element; if both are equally near, the one at an even place, counted from 0.
    Nearest,
}

/// The ranks of the elements that quantiles are made from, and how.
#[doc(hidden)]
#[derive(Debug)]
pub struct QuantilePlan {
    /// The ranks of the lower elements; with weights, those of the higher ones too.
    pub ranks: Vec<usize>,
    /// The part of the way from the lower element to the higher one.
    pub weights: Option<Vec<f64>>,
}

impl Interpolation {
    /// The elements that quantiles of n elements are made from.
    ///
    /// # Errors
    ///
    /// If a number is not in `[0, 1]`.
    #[doc(hidden)]
    #[track_caller]
    pub fn plan(self, op: &'static str, q: &[f64], n: usize) -> Result<QuantilePlan> {
        for &q in q {
            require((0.0..=1.0).contains(&q), op, "q", "in [0, 1]", q)?;
        }
        let last = n.saturating_sub(1) as f64;
        let places = q.iter().map(|q| q * last);
        let ranks = |round: fn(f64) -> f64| places.clone().map(move |place| round(place) as usize);
        let weight = |place: f64| match self {
            Self::Midpoint if place.fract() != 0.0 => 0.5,
            _ => place.fract(),
        };
        Ok(match self {
            Self::Lower => QuantilePlan {
                ranks: ranks(f64::floor).collect(),
                weights: None,
            },
            Self::Higher => QuantilePlan {
                ranks: ranks(f64::ceil).collect(),
                weights: None,
            },
            Self::Nearest => QuantilePlan {
                ranks: ranks(f64::round_ties_even).collect(),
                weights: None,
            },
            Self::Linear | Self::Midpoint => QuantilePlan {
                ranks: ranks(f64::floor).chain(ranks(f64::ceil)).collect(),
                weights: Some(places.map(weight).collect()),
            },
        })
    }
}

impl<T: Element> Tensor<T> {
    /// The median over the axes: the element in the middle, the lower one of two; NaN if any element is.
    /// The axes go away, or stay at size 1 with [`Keep`](crate::Keep).
    ///
    /// # Shape
    ///
    /// `median(1)`: `[a, b, c] -> [a, c]`; `median(Keep(1))`: `[a, b, c] -> [a, 1, c]`; `median(..)`: `[...] -> []`
    ///
    /// # Errors
    ///
    /// If an axis is out of range or named twice, or there are no elements to choose from.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::{Keep, tensor};
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = tensor![[5.0, 1.0, 3.0], [0.0, f32::NAN, 2.0]];
    /// assert_eq!(x.median(0)?.to_vec()[0], 0.0);
    /// assert_eq!(x.select(0, 0)?.median(..)?.item()?, 3.0);
    /// assert!(x.median(Keep(..))?.at(&[0, 0])?.is_nan());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.median`; the median that is the mean of two elements is [`quantile`](Self::quantile) of 0.5
    #[track_caller]
    pub fn median(&self, axes: impl Axes) -> Result<Self> {
        let (values, _) = self
            .median_with_indices(axes)
            .map_err(|error| error.of("median"))?;
        Ok(values)
    }

    /// The median over the axes, as [`median`](Self::median), and its index: of equal elements, the index of the one
    /// that is in the middle after a stable sort; that of the first NaN if there is one. Over several axes, elements
    /// are numbered in row-major order. The axes go away, or stay at size 1 with [`Keep`](crate::Keep).
    ///
    /// # Shape
    ///
    /// `median_with_indices(1)`: `[a, b, c] -> [a, c], [a, c]`
    ///
    /// # Errors
    ///
    /// If an axis is out of range or named twice, or there are no elements to choose from.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let (values, indices) = tensor![[5.0, 1.0, 3.0, 4.0]].median_with_indices(1)?;
    /// assert_eq!((values.to_vec(), indices.to_vec()), (vec![3.0], vec![2]));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.median` with an axis; it takes only one
    #[track_caller]
    pub fn median_with_indices(&self, axes: impl Axes) -> Result<(Self, Tensor<i64>)> {
        const NAME: &str = "median_with_indices";
        let axes = ReducedAxes::new(NAME, *self.shape(), &axes)?;
        let (rows, indices) = self.ranked(NAME, axes, &[axes.count().saturating_sub(1) / 2])?;
        let values = rows.gather(1, &indices)?;
        Ok((
            values.reshape(axes.output())?,
            indices.reshape(axes.output())?,
        ))
    }

    /// The elements over the axes as rows, and the index of each of these ranks in each row.
    #[track_caller]
    fn ranked(
        &self,
        op: &'static str,
        axes: ReducedAxes,
        ranks: &[usize],
    ) -> Result<(Self, Tensor<i64>)> {
        self.expect_choice(op, axes)?;
        let (rows, columns) = (axes.output().numel(), axes.count());
        let rows = self.permute(&axes.order())?.reshape([rows, columns])?;
        let indices = at_ranks(&rows, if rows.is_empty() { &[] } else { ranks })?;
        Ok((rows, indices))
    }
}

impl<T: Float> Tensor<T> {
    /// The quantile over the axes: the number that the fraction `q` of the elements is below. In sorted order it is at
    /// place `q * (n - 1)` of n elements, counted from 0; NaN if any element is. The axes go away, or stay at size 1
    /// with [`Keep`](crate::Keep).
    ///
    /// # Shape
    ///
    /// `quantile(q, 1, ..)`: `[a, b, c] -> [a, c]`; `quantile(q, Keep(1), ..)`: `[a, b, c] -> [a, 1, c]`
    ///
    /// # Errors
    ///
    /// If an axis is out of range or named twice, or there are no elements to choose from, or q is not in `[0, 1]`.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::{Interpolation, tensor};
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = tensor![[3.0, 1.0, 2.0], [10.0, 30.0, 20.0]];
    /// assert_eq!(x.quantile(0.25, 1, Interpolation::Linear)?, tensor![1.5, 15.0]);
    /// assert_eq!(x.quantile(0.25, 1, Interpolation::Higher)?, tensor![2.0, 20.0]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.quantile`
    #[track_caller]
    pub fn quantile(&self, q: f64, axes: impl Axes, interpolation: Interpolation) -> Result<Self> {
        let axes = ReducedAxes::new("quantile", *self.shape(), &axes)?;
        self.quantile_rows("quantile", &[q], axes, interpolation)?
            .reshape(axes.output())
    }

    /// As [`quantile`](Self::quantile), for several numbers, each of which has its part of a new first axis.
    ///
    /// # Shape
    ///
    /// k numbers: `quantiles(q, 1, ..)`: `[a, b, c] -> [k, a, c]`
    ///
    /// # Errors
    ///
    /// If an axis is out of range or named twice, or there are no elements to choose from, or a number is not in
    /// `[0, 1]`, or the result would have too many axes.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::{Interpolation, tensor};
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = tensor![[3.0, 1.0, 2.0], [10.0, 30.0, 20.0]];
    /// assert_eq!(x.quantiles(&[0.0, 0.5], 1, Interpolation::Linear)?, tensor![[1.0, 10.0], [2.0, 20.0]]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.quantile` with a tensor of numbers
    #[track_caller]
    pub fn quantiles(
        &self,
        q: &[f64],
        axes: impl Axes,
        interpolation: Interpolation,
    ) -> Result<Self> {
        let axes = ReducedAxes::new("quantiles", *self.shape(), &axes)?;
        let shape = Shape::new(&[&[q.len()], &axes.output()[..]].concat())?;
        self.quantile_rows("quantiles", q, axes, interpolation)?
            .t()?
            .reshape(shape)
    }

    /// The quantiles of each row, as columns.
    #[track_caller]
    fn quantile_rows(
        &self,
        op: &'static str,
        q: &[f64],
        axes: ReducedAxes,
        interpolation: Interpolation,
    ) -> Result<Self> {
        let plan = interpolation.plan(op, q, axes.count())?;
        let (rows, indices) = self.ranked(op, axes, &plan.ranks)?;
        let found = rows.gather(1, &indices)?;
        let Some(weights) = plan.weights else {
            return Ok(found);
        };
        if found.is_empty() {
            return Self::zeros_of([axes.output().numel(), q.len()]);
        }
        let [low, high] = [0, q.len()].map(|start| found.narrow(1, start, q.len()));
        let weights =
            Self::from_slice(weights.into_iter().map(T::of).collect::<Vec<_>>(), q.len())?;
        let (low, high) = (low?, high?);
        // Equal infinities have a difference of NaN.
        let gap = high.zip(
            &low,
            |high, low| if high == low { T::zero() } else { high - low },
        )?;
        low.add(&gap.mul(&weights)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::Keep;
    use crate::tensor;
    use Interpolation::{Higher, Linear, Lower, Midpoint, Nearest};

    #[test]
    fn medians_take_the_lower_of_two_and_the_first_nan() -> Result<()> {
        let x = tensor![[4.0, 1.0, 3.0, 2.0], [f32::NAN, 1.0, f32::NAN, 0.0]];
        let (values, indices) = x.median_with_indices(1)?;
        assert_eq!(indices.to_vec(), [3, 0]);
        assert!(values.to_vec()[0] == 2.0 && values.to_vec()[1].is_nan());
        let (values, indices) = x.narrow(0, 0, 1)?.median_with_indices(Keep(..))?;
        assert_eq!(
            (values, indices),
            (tensor![[2.0]], tensor![i64; [3]].reshape([1, 1])?)
        );
        let whole = tensor![i64; [[7, 1], [5, 3]], [[2, 2], [2, 9]]];
        assert_eq!(whole.median([1, 2])?.to_vec(), [3, 2]);
        assert_eq!(whole.median_with_indices([0, 2])?.1.to_vec(), [2, 1]);
        assert_eq!(Tensor::scalar(5.0f32).median(0)?.item()?, 5.0);
        assert_eq!(Tensor::zeros([0, 2])?.median(1)?.shape(), [0]);
        assert_eq!(
            Tensor::zeros([0, 2])?.quantile(0.5, 1, Linear)?.shape(),
            [0]
        );
        assert_eq!(
            Tensor::zeros([0, 2])?.quantiles(&[0.5], 1, Lower)?.shape(),
            [1, 0]
        );
        assert!(Tensor::zeros([2, 0])?.median(1).is_err());
        assert!(x.median(2).is_err());
        Ok(())
    }

    #[test]
    fn quantiles_between_two_elements_are_made_as_named() -> Result<()> {
        // At places 0, 0.3, 0.75, 1.5, 2.25 and 3.
        let q = [0.0, 0.1, 0.25, 0.5, 0.75, 1.0];
        let x = tensor![f64; 8.0, 1.0, 4.0, 2.0];
        for (interpolation, expected) in [
            (Linear, [1.0, 1.3, 1.75, 3.0, 5.0, 8.0]),
            (Lower, [1.0, 1.0, 1.0, 2.0, 4.0, 8.0]),
            (Higher, [1.0, 2.0, 2.0, 4.0, 8.0, 8.0]),
            (Midpoint, [1.0, 1.5, 1.5, 3.0, 6.0, 8.0]),
            (Nearest, [1.0, 1.0, 2.0, 4.0, 4.0, 8.0]),
        ] {
            let found = x.quantiles(&q, 0, interpolation)?;
            let expected = Tensor::from_slice(expected, [6])?;
            assert!(
                found.allclose(&expected, 1e-15, 0.0),
                "{interpolation:?}: {found}"
            );
            for (i, &q) in q.iter().enumerate() {
                assert_eq!(x.quantile(q, .., interpolation)?, found.select(0, i)?);
            }
        }
        Ok(())
    }

    #[test]
    fn infinite_elements_are_quantiles_and_nan_is_of_its_row() -> Result<()> {
        let (high, nan) = (f32::INFINITY, f32::NAN);
        let x = tensor![[high, 1.0, high], [-high, -high, 0.0], [nan, 1.0, 2.0]];
        let y = x.quantiles(&[0.75, 0.25], Keep(1), Linear)?;
        assert_eq!(y.shape(), [2, 3, 1]);
        let y = y.to_vec();
        assert_eq!((y[0], y[4]), (high, -high));
        assert!(y[2].is_nan() && y[5].is_nan());
        for q in [-0.1, 1.1, f64::NAN] {
            assert!(x.quantile(q, 0, Linear).is_err() && x.quantiles(&[0.0, q], 0, Lower).is_err());
        }
        assert_eq!(x.quantiles(&[], 0, Midpoint)?.shape(), [0, 3]);
        Ok(())
    }
}
