//! Elementwise choices by a condition, by size or by bounds, and powers.

use crate::element::{Element, Float};
use crate::error::Result;
use crate::kernel::elementwise as kernel;
use crate::math;
use crate::number::Number;
use crate::shape::Nest;
use crate::shape::Shape;
use crate::tensor::Tensor;

impl<T: Element> Tensor<T> {
    /// `x` where the condition is true, `y` elsewhere, after broadcasting.
    ///
    /// # Shape
    ///
    /// condition `[..., n]`, `x: [..., n], y: [..., n] -> [..., n]`; sizes of 1 and missing leading axes are repeated.
    ///
    /// # Errors
    ///
    /// If the shapes do not broadcast.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::{Tensor, tensor};
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let (x, y) = (tensor![1.0, 2.0], tensor![-1.0]);
    /// assert_eq!(Tensor::where_cond(&tensor![bool; true, false], &x, &y)?.to_vec(), [1.0, -1.0]);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn where_cond(condition: &Tensor<bool>, x: &Self, y: &Self) -> Result<Self> {
        let shape = Shape::broadcast_for("where_cond", x.shape(), y.shape())?;
        let shape = Shape::broadcast_for("where_cond", condition.shape(), &shape)?;
        let layouts = [
            condition.layout_broadcast_to(shape)?,
            x.layout_broadcast_to(shape)?,
            y.layout_broadcast_to(shape)?,
        ];
        let nest = Nest::new(&shape, layouts.each_ref());
        let (_, [step, step_x, step_y]) = nest.row();
        Self::build(shape, |out| {
            nest.for_pieces(out, |[place, place_x, place_y], out| {
                kernel::choose(
                    (&condition.storage()[place..], step),
                    (&x.storage()[place_x..], step_x),
                    (&y.storage()[place_y..], step_y),
                    out,
                );
            });
        })
    }

    /// `value` where the mask is true, x elsewhere, after broadcasting.
    ///
    /// # Shape
    ///
    /// `self: [..., n]`, mask `[..., n] -> [..., n]`; sizes of 1 and missing leading axes are repeated.
    ///
    /// # Errors
    ///
    /// If the shapes do not broadcast.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = tensor![[1.0, 2.0], [3.0, 4.0]];
    /// let y = x.masked_fill(&tensor![bool; false, true], 0.0)?;
    /// assert_eq!(y, tensor![[1.0, 0.0], [3.0, 0.0]]);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn masked_fill(&self, mask: &Tensor<bool>, value: T) -> Result<Self> {
        self.zip_for(
            "masked_fill",
            mask,
            |x, masked| if masked { value } else { x },
        )
    }

    /// The larger of each pair of elements, after broadcasting; NaN where either is NaN.
    ///
    /// # Shape
    ///
    /// `[..., n], [..., n] -> [..., n]`; sizes of 1 and missing leading axes are repeated.
    ///
    /// # Errors
    ///
    /// If the shapes do not broadcast.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let y = tensor![1.0, 3.0, f32::NAN].maximum(&tensor![2.0])?.to_vec();
    /// assert!(y[0] == 2.0 && y[1] == 3.0 && y[2].is_nan());
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn maximum(&self, rhs: &Self) -> Result<Self> {
        self.zip_for("maximum", rhs, |a, b| if a > b || a != a { a } else { b })
    }

    /// The smaller of each pair of elements, after broadcasting; NaN where either is NaN.
    ///
    /// # Shape
    ///
    /// `[..., n], [..., n] -> [..., n]`; sizes of 1 and missing leading axes are repeated.
    ///
    /// # Errors
    ///
    /// If the shapes do not broadcast.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// assert_eq!(tensor![1.0, 3.0].minimum(&tensor![[2.0], [0.0]])?, tensor![[1.0, 2.0], [0.0, 0.0]]);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn minimum(&self, rhs: &Self) -> Result<Self> {
        self.zip_for("minimum", rhs, |a, b| if a < b || a != a { a } else { b })
    }
}

impl<T: Number> Tensor<T> {
    /// x raised to at least `low`, then lowered to at most `high`, for the bounds that are given; NaN stays NaN, and a
    /// bound that is NaN makes all elements NaN.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// let x = tensor![-2.0, 0.5, 3.0];
    /// assert_eq!(x.clamp(Some(-1.0), None).to_vec(), [-1.0, 0.5, 3.0]);
    /// assert_eq!(x.clamp(Some(2.0), Some(1.0)).to_vec(), [1.0, 1.0, 1.0]); // the upper bound wins
    /// ```
    pub fn clamp(&self, low: Option<T>, high: Option<T>) -> Self {
        let [least, greatest] = T::ENDS;
        let (low, high) = (low.unwrap_or(least), high.unwrap_or(greatest));
        self.map(|x| {
            let x = if x < low || low != low { low } else { x };
            if x > high || high != high { high } else { x }
        })
    }
}

impl<T: Float> Tensor<T> {
    /// x to the power of each exponent, after broadcasting; NaN where x is negative and the exponent is not an integer,
    /// 1 where the exponent is 0.
    ///
    /// # Shape
    ///
    /// `[..., n], [..., n] -> [..., n]`; sizes of 1 and missing leading axes are repeated.
    ///
    /// # Errors
    ///
    /// If the shapes do not broadcast.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let y = tensor![2.0, 0.0, -8.0].pow(&tensor![-1.0, 0.0, 0.5])?.to_vec();
    /// assert!(y[0] == 0.5 && y[1] == 1.0 && y[2].is_nan());
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn pow(&self, exponent: &Self) -> Result<Self> {
        self.zip_for("pow", exponent, math::pow)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor;
    use proptest::prelude::*;

    #[test]
    fn a_condition_chooses_after_broadcasting() -> Result<()> {
        let condition = tensor![bool; [true], [false]];
        let y = Tensor::where_cond(&condition, &tensor![1.0, 2.0], &Tensor::scalar(9.0))?;
        assert_eq!(
            (y.shape(), y.to_vec()),
            (&Shape::from([2, 2]), vec![1.0, 2.0, 9.0, 9.0])
        );
        assert!(
            Tensor::where_cond(&condition, &tensor![1.0, 2.0], &tensor![1.0, 2.0, 3.0]).is_err()
        );
        let none = Tensor::zeros([0, 2])?;
        assert_eq!(
            Tensor::where_cond(&tensor![bool; true], &none, &none)?.shape(),
            [0, 2]
        );
        Ok(())
    }

    #[test]
    fn a_mask_hides_nan() -> Result<()> {
        let x = tensor![f32::NAN, 2.0];
        let y = x.masked_fill(&tensor![bool; true, false], -1.0)?;
        assert_eq!(y.to_vec(), [-1.0, 2.0]);
        Ok(())
    }

    #[test]
    fn nan_is_the_larger_and_the_smaller_on_either_side() -> Result<()> {
        let (x, y) = (tensor![f32::NAN, 1.0, 3.0], tensor![1.0, f32::NAN, 2.0]);
        let (high, low) = (x.maximum(&y)?.to_vec(), x.minimum(&y)?.to_vec());
        assert!(high[..2].iter().chain(&low[..2]).all(|x| x.is_nan()));
        assert_eq!((high[2], low[2]), (3.0, 2.0));
        Ok(())
    }

    #[test]
    fn bounds_that_cross_give_the_upper_one() {
        let x = tensor![-5.0, 0.0, 5.0, f32::NAN];
        assert_eq!(x.clamp(Some(-1.0), None).to_vec()[..3], [-1.0, 0.0, 5.0]);
        assert_eq!(x.clamp(None, Some(1.0)).to_vec()[..3], [-5.0, 0.0, 1.0]);
        assert_eq!(x.clamp(Some(1.0), Some(-1.0)).to_vec()[..3], [-1.0; 3]);
        assert!(x.clamp(Some(-1.0), Some(1.0)).to_vec()[3].is_nan());
        for (low, high) in [(Some(f32::NAN), None), (None, Some(f32::NAN))] {
            assert!(x.clamp(low, high).iter().all(f32::is_nan));
        }
    }

    proptest! {
        #[test]
        fn choices_agree_with_a_naive_loop_over_shapes_and_strides(
            holds in prop::collection::vec(any::<bool>(), 60),
            kinds in prop::collection::vec(0..4usize, 3),
            long in 0..12usize,
        ) {
            // Unchanged, transposed, one row or one number repeated; rows that are split between threads.
            let columns = if long == 0 { 70_000 } else { 4 };
            let view = |i: usize, kind: usize| -> Result<Tensor<i64>> {
                let x = Tensor::<i64>::from_fn([5, columns], |n| (n * 3 + i) as i64)?;
                match kind {
                    0 => Ok(x),
                    1 => x.reshape([columns, 5])?.transpose(0, 1),
                    2 => x.narrow(0, 1, 1),
                    _ => Ok(Tensor::scalar(i as i64)),
                }
            };
            let (x, y) = (view(1, kinds[0])?, view(2, kinds[1])?);
            let condition = view(0, kinds[2])?.map(|n| holds[n as usize % 60]);
            let z = Tensor::where_cond(&condition, &x, &y)?;
            let all = *z.shape();
            let (x, y) = (x.broadcast_to(all)?.to_vec(), y.broadcast_to(all)?.to_vec());
            let condition = condition.broadcast_to(all)?.to_vec();
            let naive = condition.iter().zip(x.iter().zip(&y));
            let naive: Vec<i64> = naive.map(|(&holds, (&x, &y))| if holds { x } else { y }).collect();
            prop_assert!(z.to_vec() == naive);
        }
    }
}
