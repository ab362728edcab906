//! The nearest elements that images of a different size are made of.

use crate::element::Element;
use crate::error::{Error, ErrorKind, Result};
use crate::fused::interpolate::resized;
use crate::fused::require::require;
use crate::shape::Shape;
use crate::tensor::Tensor;

impl<T: Element> Tensor<T> {
    /// The last axes with new sizes, made of the nearest elements before: output i of n is element `i * size / n`, rounded
    /// down.
    ///
    /// # Shape
    ///
    /// `interpolate_nearest(&[p, q])`: `[..., h, w] -> [..., p, q]`; `interpolate_nearest(&[p])`: `[..., l] -> [..., p]`
    ///
    /// # Errors
    ///
    /// If there are more sizes than axes, or an axis has no elements to take, or memory does not hold the result.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = tensor![[1.0, 2.0, 3.0]];
    /// let y = x.interpolate_nearest(&[2, 4])?;
    /// assert_eq!(y, tensor![[1.0, 1.0, 2.0, 3.0], [1.0, 1.0, 2.0, 3.0]]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.nn.functional.interpolate` with mode "nearest" and a size
    #[track_caller]
    pub fn interpolate_nearest(&self, sizes: &[usize]) -> Result<Self> {
        let to = resized("interpolate_nearest", *self.shape(), sizes)?;
        if to.numel() == 0 {
            return Self::build(to, |_| {});
        }
        let mut y = self.clone();
        for axis in (0..to.rank()).rev() {
            let (size, n) = (self.shape()[axis], to[axis]);
            if size != n {
                y = y.index_select(axis as isize, &nearest_indices(size, n)?)?;
            }
        }
        Ok(y)
    }
}

/// The index of the nearest element before each of `to` outputs that are spread over `from` elements.
///
/// # Errors
///
/// If there are outputs but no elements, or memory does not hold the indices.
///
/// # Example
///
/// ```
/// # use gradlet_tensor::fused;
/// # fn main() -> gradlet_tensor::Result<()> {
/// assert_eq!(fused::nearest_indices(3, 4)?.to_vec(), [0, 0, 1, 2]);
/// # Ok(())
/// # }
/// ```
#[track_caller]
pub fn nearest_indices(from: usize, to: usize) -> Result<Tensor<i64>> {
    if from == 0 && to > 0 {
        let (op, shape) = ("nearest_indices", Shape::from([from]));
        return Err(Error::new(ErrorKind::Empty { op, shape }));
    }
    Tensor::from_fn(to, |i| (i as u128 * from as u128 / to as u128) as i64)
}

/// The indices of elements of an axis that gets `factor` times as many, rounded down: output i is element
/// `i * (1 / factor)`, rounded down.
///
/// # Errors
///
/// If the factor is not positive and finite, or memory does not hold the indices; the message begins with `op`.
///
/// # Example
///
/// ```
/// # use gradlet_tensor::fused;
/// # fn main() -> gradlet_tensor::Result<()> {
/// assert_eq!(fused::scaled_indices("resize", 3, 1.5)?.to_vec(), [0, 0, 1, 2]);
/// assert_eq!(fused::scaled_indices("resize", 5, 0.7)?.to_vec(), [0, 1, 2]);
/// # Ok(())
/// # }
/// ```
///
/// # Source
///
/// `torch.nn.functional.interpolate` with mode "nearest" and a scale factor, which is not recomputed
#[track_caller]
pub fn scaled_indices(op: &'static str, from: usize, factor: f64) -> Result<Tensor<i64>> {
    let to = scaled_size(op, from, factor)?;
    let last = from.saturating_sub(1) as i64;
    let step = 1.0 / factor;
    Tensor::from_fn(to, |i| ((i as f64 * step) as i64).min(last))
}

/// The size times the factor, rounded down.
///
/// # Errors
///
/// If the factor is not positive and finite; the message begins with `op`.
///
/// # Example
///
/// ```
/// # use gradlet_tensor::fused;
/// # fn main() -> gradlet_tensor::Result<()> {
/// assert_eq!(fused::scaled_size("resize", 5, 1.5)?, 7);
/// # Ok(())
/// # }
/// ```
#[track_caller]
pub fn scaled_size(op: &'static str, from: usize, factor: f64) -> Result<usize> {
    let valid = factor > 0.0 && factor.is_finite();
    require(valid, op, "factor", "positive and finite", factor)?;
    Ok((from as f64 * factor) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor;

    #[test]
    fn nearest_elements_are_those_before() -> Result<()> {
        let x = tensor![i64; [1, 2, 3], [4, 5, 6]];
        let y = x.interpolate_nearest(&[3, 2])?;
        assert_eq!(y, tensor![i64; [1, 2], [1, 2], [4, 5]]);
        assert_eq!(
            x.interpolate_nearest(&[6])?.select(0, 1)?.to_vec(),
            [4, 4, 5, 5, 6, 6]
        );
        assert_eq!(x.interpolate_nearest(&[])?, x);
        assert_eq!(x.interpolate_nearest(&[0, 9])?.shape(), [0, 9]);
        // 49 * (1 / 49) is below 1 in binary.
        assert_eq!(nearest_indices(3, 147)?.at(&[49])?, 1);
        let huge = 1 << 40;
        assert_eq!(
            Tensor::zeros([0, 2])?
                .interpolate_nearest(&[0, huge])?
                .shape(),
            [0, huge]
        );
        assert!(x.interpolate_nearest(&[1; 3]).is_err());
        let none = Tensor::zeros([2, 0])?;
        let message = none.interpolate_nearest(&[1]).unwrap_err().to_string();
        assert!(
            message.starts_with("interpolate_nearest: shape [2, 0] has no elements"),
            "{message}"
        );
        Ok(())
    }

    #[test]
    fn factors_step_by_their_reciprocal() -> Result<()> {
        let indices = |from, factor| scaled_indices("test", from, factor).map(|i| i.to_vec());
        assert_eq!(indices(3, 2.0)?, [0, 0, 1, 1, 2, 2]);
        assert_eq!(indices(4, 1.3)?, [0, 0, 1, 2, 3]);
        // 49 * (1 / 49) is below 1 in binary, and PyTorch's index too.
        assert_eq!(indices(2, 49.0)?[48..51], [0, 0, 1]);
        assert!(indices(0, 3.0)?.is_empty() && indices(4, 0.2)?.is_empty());
        for factor in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e300] {
            assert!(indices(4, factor).is_err());
        }
        Ok(())
    }
}
