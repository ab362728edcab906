//! Comparisons, and whether numbers are close, infinite or NaN.

use crate::element::{Element, Float};
use crate::error::Result;
use crate::tensor::Tensor;

impl<T: Float> Tensor<T> {
    /// Whether the shapes agree and all elements have `|self - other| <= atol + rtol * |other|`; NaN is close to
    /// nothing, and an infinity only to itself.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// let (x, y) = (tensor![1.0, 100.0], tensor![1.0, 101.0]);
    /// assert!(x.allclose(&y, 0.02, 0.0) && !x.allclose(&y, 0.0, 0.5));
    /// ```
    pub fn allclose(&self, other: &Self, rtol: f64, atol: f64) -> bool {
        self.shape() == other.shape()
            && self.iter().zip(other.iter()).all(|(a, b)| {
                let (a, b) = (a.to_f64(), b.to_f64());
                let distance = (a - b).abs();
                a == b || (distance.is_finite() && distance <= atol + rtol * b.abs())
            })
    }

    /// Whether x is NaN, for each element.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// assert_eq!(tensor![1.0, f32::NAN, f32::INFINITY].is_nan().to_vec(), [false, true, false]);
    /// ```
    pub fn is_nan(&self) -> Tensor<bool> {
        self.map(num_traits::Float::is_nan)
    }

    /// Whether x is neither infinite nor NaN, for each element.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// assert_eq!(tensor![1.0, f32::NAN, f32::INFINITY].is_finite().to_vec(), [true, false, false]);
    /// ```
    pub fn is_finite(&self) -> Tensor<bool> {
        self.map(num_traits::Float::is_finite)
    }

    /// Whether x is infinite, with either sign, for each element.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// assert_eq!(tensor![1.0, f32::NAN, -f32::INFINITY].is_infinite().to_vec(), [false, false, true]);
    /// ```
    pub fn is_infinite(&self) -> Tensor<bool> {
        self.map(num_traits::Float::is_infinite)
    }
}

macro_rules! comparison {
    ($($method:ident, $scalar:ident, $op:tt;)*) => {
        /// Comparisons, elementwise after broadcasting; all of them but `ne` are false for a NaN.
        #[allow(clippy::should_implement_trait, reason = "`==` compares whole tensors, `eq` elements, as in NumPy")]
        impl<T: Element> Tensor<T> {$(
            #[doc = concat!("Whether `self ", stringify!($op), " rhs`, for each element.")]
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
            #[doc = concat!("let y = tensor![1.0, 2.0, 3.0].", stringify!($method), "(&tensor![2.0])?;")]
            #[doc = concat!(
                "assert_eq!(y.to_vec(), [1.0 ", stringify!($op), " 2.0, 2.0 ", stringify!($op), " 2.0, 3.0 ",
                stringify!($op), " 2.0]);",
            )]
            /// # Ok(())
            /// # }
            /// ```
            #[track_caller]
            pub fn $method(&self, rhs: &Self) -> Result<Tensor<bool>> {
                self.zip_for(stringify!($method), rhs, |a, b| a $op b)
            }

            #[doc = concat!("Whether `self ", stringify!($op), " rhs`, for each element and a number.")]
            ///
            /// # Example
            ///
            /// ```
            /// # use gradlet_tensor::tensor;
            #[doc = concat!("let y = tensor![i64; 1, 2, 3].", stringify!($scalar), "(2);")]
            #[doc = concat!(
                "assert_eq!(y.to_vec(), [1 ", stringify!($op), " 2, 2 ", stringify!($op), " 2, 3 ", stringify!($op),
                " 2]);",
            )]
            /// ```
            pub fn $scalar(&self, rhs: T) -> Tensor<bool> {
                self.map(|a| a $op rhs)
            }
        )*}
    };
}

comparison! {
    eq, eq_scalar, ==;
    ne, ne_scalar, !=;
    lt, lt_scalar, <;
    le, le_scalar, <=;
    gt, gt_scalar, >;
    ge, ge_scalar, >=;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor;

    #[test]
    fn allclose_wants_equal_shapes_equal_infinities_and_no_nan() {
        let x = tensor![1.0, f32::INFINITY];
        assert!(x.allclose(&x, 0.0, 0.0));
        assert!(!x.allclose(&tensor![1.1, f32::INFINITY], 0.01, 0.0));
        for far in [[1.0, f32::NEG_INFINITY], [f32::INFINITY; 2], [1.0, 1e38]] {
            let far = tensor![far[0], far[1]];
            assert!(
                !x.allclose(&far, 0.5, 0.0) && !far.allclose(&x, 0.5, 0.0),
                "{far:?}"
            );
        }
        assert!(!tensor![f32::NAN].allclose(&tensor![f32::NAN], 1.0, 1.0));
        assert!(!x.allclose(&tensor![[1.0, f32::INFINITY]], 0.0, 0.0));
    }

    #[test]
    fn kinds_of_numbers_are_told_apart() {
        let x = tensor![1.0, f32::NAN, f32::NEG_INFINITY];
        assert_eq!(x.is_nan().to_vec(), [false, true, false]);
        assert_eq!(x.is_finite().to_vec(), [true, false, false]);
        assert_eq!(x.is_infinite().to_vec(), [false, false, true]);
    }

    #[test]
    fn comparisons_follow_ieee() -> Result<()> {
        let (x, nan) = (tensor![0.0, 1.0, f32::NAN], tensor![-0.0, 2.0, f32::NAN]);
        assert_eq!(x.eq(&nan)?.to_vec(), [true, false, false]);
        assert_eq!(x.ne(&nan)?.to_vec(), [false, true, true]);
        assert_eq!(x.lt(&nan)?.to_vec(), [false, true, false]);
        assert_eq!(x.ge(&nan)?.to_vec(), [true, false, false]);
        assert_eq!(
            tensor![i64; 3, 4].gt(&tensor![i64; 3])?.to_vec(),
            [false, true]
        );
        assert_eq!(
            tensor![i64; 3, 4].le(&tensor![i64; 3])?.to_vec(),
            [true, false]
        );
        Ok(())
    }
}
