//! Remainders of divisions of floats, with the sign of the divisor or of the dividend.

use crate::element::Float;
use crate::error::Result;
use crate::tensor::Tensor;

/// The remainder with the sign of b.
#[inline(always)]
fn floored<T: Float>(a: T, b: T) -> T {
    let rest = a % b;
    if rest != T::zero() && (b < T::zero()) != (rest < T::zero()) {
        rest + b
    } else {
        rest
    }
}

impl<T: Float> Tensor<T> {
    /// The remainder of the quotient rounded down, `self - rhs * floor(self / rhs)`, after broadcasting. It has the
    /// sign of `rhs`; NaN where `rhs` is 0 or `self` infinite.
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
    /// let y = tensor![7.0, -7.0, 7.5].remainder(&tensor![3.0, 3.0, -3.0])?;
    /// assert_eq!(y.to_vec(), [1.0, 2.0, -1.5]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.remainder`, `numpy.mod`, `%` of Python
    #[track_caller]
    pub fn remainder(&self, rhs: &Self) -> Result<Self> {
        self.zip_for("remainder", rhs, floored)
    }

    /// As [`remainder`](Self::remainder), for a number on the right.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// assert_eq!(tensor![7.0, -7.0].remainder_scalar(3.0).to_vec(), [1.0, 2.0]);
    /// ```
    pub fn remainder_scalar(&self, rhs: T) -> Self {
        self.map(|a| floored(a, rhs))
    }

    /// The remainder of the quotient rounded toward 0, `self - rhs * trunc(self / rhs)`, exactly, after broadcasting.
    /// It has the sign of `self`; NaN where `rhs` is 0 or `self` infinite.
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
    /// let y = tensor![7.0, -7.0, 7.5].fmod(&tensor![3.0, 3.0, -3.0])?;
    /// assert_eq!(y.to_vec(), [1.0, -1.0, 1.5]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.fmod`, `numpy.fmod`, `%` of Rust
    #[track_caller]
    pub fn fmod(&self, rhs: &Self) -> Result<Self> {
        self.zip_for("fmod", rhs, |a, b| a % b)
    }

    /// As [`fmod`](Self::fmod), for a number on the right.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// assert_eq!(tensor![7.0, -7.0].fmod_scalar(3.0).to_vec(), [1.0, -1.0]);
    /// ```
    pub fn fmod_scalar(&self, rhs: T) -> Self {
        self.map(|a| a % rhs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor;

    #[test]
    fn remainders_have_the_sign_of_the_divisor_or_of_the_dividend() -> Result<()> {
        let (a, b) = (tensor![5.5, -5.5], tensor![[2.0], [-2.0]]);
        assert_eq!(a.remainder(&b)?, tensor![[1.5, 0.5], [-0.5, -1.5]]);
        assert_eq!(a.fmod(&b)?, tensor![[1.5, -1.5], [1.5, -1.5]]);
        assert_eq!(a.remainder_scalar(-2.0).to_vec(), [-0.5, -1.5]);
        assert_eq!(a.fmod_scalar(-2.0).to_vec(), [1.5, -1.5]);
        let odd = tensor![1.0, f32::INFINITY, f32::NAN];
        let divisor = tensor![0.0, 1.0, 1.0];
        for y in [odd.remainder(&divisor)?, odd.fmod(&divisor)?] {
            assert!(y.iter().all(f32::is_nan), "{y}");
        }
        assert_eq!(
            a.remainder_scalar(f32::INFINITY).to_vec(),
            [5.5, f32::INFINITY]
        );
        assert_eq!(a.fmod_scalar(f32::INFINITY).to_vec(), [5.5, -5.5]);
        assert!(a.fmod(&tensor![1.0, 2.0, 3.0]).is_err());
        Ok(())
    }

    #[test]
    fn a_large_quotient_leaves_an_exact_remainder() {
        // 2^60 mod 3 = 1, and 2^61 mod 3 = 2.
        let x = tensor![f64; 1_152_921_504_606_846_976.0, -2_305_843_009_213_693_952.0];
        assert_eq!(x.fmod_scalar(3.0).to_vec(), [1.0, -2.0]);
        assert_eq!(x.remainder_scalar(3.0).to_vec(), [1.0, 1.0]);
    }
}
