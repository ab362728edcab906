//! Distances and angles of points in the plane.

use crate::element::Float;
use crate::error::Result;
use crate::math;
use crate::tensor::Tensor;

impl<T: Float> Tensor<T> {
    /// The angle of the point `(rhs, self)` from the positive horizontal axis, in `[-pi, pi]`, after broadcasting: the
    /// arc tangent of `self / rhs` in the quadrant that the signs say.
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
    /// let (y, x) = (tensor![0.0, 1.0, -1.0], tensor![-2.0, 0.0, 0.0]);
    /// let pi = std::f32::consts::PI;
    /// assert_eq!(y.atan2(&x)?.to_vec(), [pi, pi / 2.0, -pi / 2.0]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.atan2`
    #[track_caller]
    pub fn atan2(&self, rhs: &Self) -> Result<Self> {
        self.zip_for("atan2", rhs, math::atan2)
    }

    /// `sqrt(self^2 + rhs^2)` after broadcasting, also where the squares leave the range of the element type; infinite
    /// where either is, even beside NaN.
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
    /// assert_eq!(tensor![3.0, 3e38].hypot(&tensor![4.0, 0.0])?.to_vec(), [5.0, 3e38]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.hypot`
    #[track_caller]
    pub fn hypot(&self, rhs: &Self) -> Result<Self> {
        self.zip_for("hypot", rhs, math::hypot)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor;

    #[test]
    fn distances_and_angles_broadcast() -> Result<()> {
        let (y, x) = (tensor![f64; [0.0], [4e200]], tensor![f64; 3e200, -3e200]);
        let distances = tensor![f64; [3e200, 3e200], [5e200, 5e200]];
        assert!(y.hypot(&x)?.allclose(&distances, 1e-15, 0.0));
        let angle = f64::atan2(4.0, 3.0);
        let pi = std::f64::consts::PI;
        let expected = tensor![f64; [0.0, pi], [angle, pi - angle]];
        assert!(y.atan2(&x)?.allclose(&expected, 1e-15, 0.0));
        assert!(x.atan2(&tensor![f64; 1.0, 2.0, 3.0]).is_err());
        assert!(x.hypot(&tensor![f64; 1.0, 2.0, 3.0]).is_err());
        Ok(())
    }
}
