//! Negatives, absolute values and signs.

use std::ops::Neg;

use crate::error::raise;
use crate::number::Number;
use crate::tensor::Tensor;

impl<T: Number> Tensor<T> {
    /// `-x`, for each element; an error if integers overflow: 0 is the only unsigned number that has its negative.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// assert_eq!(tensor![1.0, -2.0].neg().to_vec(), [-1.0, 2.0]);
    /// assert_eq!(tensor![i64; 1, -2].neg()?.to_vec(), [-1, 2]);
    /// assert!(tensor![i64; i64::MIN].neg().is_err());
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn neg(&self) -> T::Checked {
        T::checked_(T::map_("neg", self, T::default(), |x, _| x.neg_()))
    }

    /// The absolute value; of floats, -0 becomes 0 and NaN stays; an error if integers overflow, as the smallest one
    /// does.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// assert_eq!(tensor![-1.5, 2.0].abs().to_vec(), [1.5, 2.0]);
    /// assert_eq!(tensor![i32; -7, 2].abs()?.to_vec(), [7, 2]);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn abs(&self) -> T::Checked {
        T::checked_(T::map_("abs", self, T::default(), |x, _| x.abs_()))
    }

    /// The sign: -1 if x is below 0, 0 at 0, 1 above; 0 for NaN.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// assert_eq!(tensor![-3.0, 0.0, 0.5, f32::NAN].sign().to_vec(), [-1.0, 0.0, 1.0, 0.0]);
    /// assert_eq!(tensor![i64; -3, 0, 5].sign().to_vec(), [-1, 0, 1]);
    /// ```
    pub fn sign(&self) -> Self {
        let [minus_one, zero, one] = [-1.0, 0.0, 1.0].map(T::from_f64);
        self.map(|x| {
            if x > zero {
                one
            } else if x < zero {
                minus_one
            } else {
                zero
            }
        })
    }
}

impl<T: Number> Neg for &Tensor<T> {
    type Output = Tensor<T>;
    #[track_caller]
    fn neg(self) -> Tensor<T> {
        T::map_("neg", self, T::default(), |x, _| x.neg_()).unwrap_or_else(|error| raise(&error))
    }
}

impl<T: Number> Neg for Tensor<T> {
    type Output = Self;
    #[track_caller]
    fn neg(mut self) -> Self {
        T::map_assign_("neg", &mut self, T::default(), |x, _| x.neg_())
            .unwrap_or_else(|error| raise(&error));
        self
    }
}
