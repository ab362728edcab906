//! Quantiles over axes.

use gradlet_tensor::{Axes, Float, Interpolation, ReducedAxes, Result, Shape, Tensor, fused};

use crate::var::Var;

impl<T: Float> Var<T> {
    /// The quantile over the axes: the number that the fraction `q` of the elements is below. In sorted order it is at
    /// place `q * (n - 1)` of n elements, counted from 0; NaN if any element is. The axes go away, or stay at size 1
    /// with [`Keep`](crate::Keep).
    ///
    /// # Shape
    ///
    /// `quantile(q, 1, ..)`: `[a, b, c] -> [a, c]`; `quantile(q, Keep(1), ..)`: `[a, b, c] -> [a, 1, c]`
    ///
    /// # Gradient
    ///
    /// `g` to the element that was picked, or in parts to both that the result is between; of equal elements, the
    /// first counts as lower. The indices are saved.
    ///
    /// # Errors
    ///
    /// If an axis is out of range or named twice, or there are no elements to choose from, or q is not in `[0, 1]`.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::{Interpolation, tensor};
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::leaf(tensor![3.0, 1.0, 2.0]);
    /// let y = x.quantile(0.25, 0, Interpolation::Linear)?;
    /// assert_eq!(y.item()?, 1.5);
    /// assert_eq!(y.backward()?.wrt(&x), Some(&tensor![0.0, 0.5, 0.5]));
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
        self.quantile_rows(&[q], axes, interpolation)
            .map_err(|error| error.of("quantile"))?
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
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::{Interpolation, tensor};
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::leaf(tensor![[3.0, 1.0, 2.0], [10.0, 30.0, 20.0]]);
    /// let y = x.quantiles(&[0.0, 0.5], 1, Interpolation::Nearest)?;
    /// assert_eq!(y.tensor(), &tensor![[1.0, 10.0], [2.0, 20.0]]);
    /// assert_eq!(y.sum(..)?.backward()?.wrt(&x), Some(&tensor![[0.0, 1.0, 1.0], [1.0, 0.0, 1.0]]));
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
        self.quantile_rows(q, axes, interpolation)
            .map_err(|error| error.of("quantiles"))?
            .t()?
            .reshape(shape)
    }

    /// The quantiles of each row, as columns.
    #[track_caller]
    fn quantile_rows(
        &self,
        q: &[f64],
        axes: ReducedAxes,
        interpolation: Interpolation,
    ) -> Result<Self> {
        let plan = interpolation.plan("quantile", q, axes.count())?;
        let rows = [axes.output().numel(), axes.count()];
        let rows = self.permute(&axes.order())?.reshape(rows)?;
        if rows.is_empty() {
            // An error if there are no elements to choose from.
            self.tensor().max(axes)?;
            return rows.sum(1)?.unsqueeze(1)?.broadcast_to([0, q.len()]);
        }
        let found = rows.gather(1, &fused::at_ranks(rows.tensor(), &plan.ranks)?)?;
        let Some(weights) = plan.weights else {
            return Ok(found);
        };
        let (low, high) = (
            found.narrow(1, 0, q.len())?,
            found.narrow(1, q.len(), q.len())?,
        );
        let weights: Vec<T> = weights.into_iter().map(T::of).collect();
        let weights = Self::constant(Tensor::from_slice(weights, q.len())?);
        // Equal infinities have a difference of NaN.
        let alike = high
            .tensor()
            .zip(low.tensor(), |high, low| high == low && high.is_infinite())?;
        let gap = high.sub(&low)?.masked_fill(&alike, T::zero())?;
        low.add(&gap.mul(&weights)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{gradcheck, gradgradcheck};
    use Interpolation::{Higher, Linear, Lower, Midpoint, Nearest};
    use gradlet_tensor::{Keep, rng, tensor};

    #[test]
    fn gradients_agree_with_finite_differences() -> Result<()> {
        let x = [Tensor::<f64>::normal([2, 3, 4], 0.0, 1.0, &mut rng(1))?];
        for interpolation in [Linear, Lower, Higher, Midpoint, Nearest] {
            for axes in [vec![0], vec![-1], vec![0, 2], vec![0, 1, 2], vec![]] {
                let axes = axes.as_slice();
                gradcheck(|x| x[0].quantile(0.3, axes, interpolation), &x)?;
                let q = [0.9, 0.0, 0.3];
                gradgradcheck(|x| x[0].square().quantiles(&q, axes, interpolation), &x)?;
            }
        }
        gradcheck(
            |x| x[0].quantile(0.5, 0, Linear),
            &[Tensor::zeros_of([3, 0])?],
        )
    }

    #[test]
    fn values_are_those_of_tensors_and_gradients_go_to_what_was_picked() -> Result<()> {
        let (high, nan) = (f32::INFINITY, f32::NAN);
        let x = Var::leaf(tensor![
            [5.0, 1.0, 3.0, 3.0],
            [high, high, 0.0, high],
            [2.0, nan, 0.0, 1.0]
        ]);
        for interpolation in [Linear, Lower, Higher, Midpoint, Nearest] {
            for q in [vec![0.5, 0.1, 1.0], vec![]] {
                let (y, expected) = (
                    x.quantiles(&q, Keep(1), interpolation)?,
                    x.tensor().quantiles(&q, Keep(1), interpolation)?,
                );
                assert_eq!(y.shape(), expected.shape());
                let same = |(a, b): (f32, f32)| a == b || (a.is_nan() && b.is_nan());
                assert!(
                    y.tensor().iter().zip(expected.iter()).all(same),
                    "{y} {expected}"
                );
            }
        }
        let grads = x
            .quantile(0.5, 1, Linear)?
            .backward_with(tensor![8.0, 2.0, 1.0])?;
        let expected = tensor![
            [0.0, 0.0, 4.0, 4.0],
            [2.0, 0.0, 0.0, 0.0],
            [0.0, 1.0, 0.0, 0.0]
        ];
        assert_eq!(grads.wrt(&x), Some(&expected));
        let none = Var::leaf(Tensor::zeros([2, 0])?);
        assert!(none.quantile(0.5, 1, Lower).is_err() && x.quantile(1.5, 1, Lower).is_err());
        Ok(())
    }
}
