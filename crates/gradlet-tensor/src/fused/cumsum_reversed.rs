//! Running sums from the last element on: the gradient of running sums.

use crate::element::Float;
use crate::error::Result;
use crate::kernel::scan;
use crate::tensor::Tensor;

/// The sum of the elements from each one on along an axis, `y_i = x_i + .. + x_(n-1)`: [`Tensor::cumsum`] from the end.
///
/// # Shape
///
/// `[a, n, b] -> [a, n, b]`; a scalar has an axis 0
///
/// # Errors
///
/// If the axis is out of range.
///
/// # Example
///
/// ```
/// # use gradlet_tensor::{fused, tensor};
/// # fn main() -> gradlet_tensor::Result<()> {
/// assert_eq!(fused::cumsum_reversed(&tensor![1.0, 2.0, 3.0], 0)?.to_vec(), [6.0, 5.0, 3.0]);
/// # Ok(())
/// # }
/// ```
#[track_caller]
pub fn cumsum_reversed<T: Float>(x: &Tensor<T>, axis: isize) -> Result<Tensor<T>> {
    x.scan("cumsum_reversed", axis, scan::sums_reversed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor;

    #[test]
    fn sums_from_the_other_end_are_those_of_flipped_elements() -> Result<()> {
        let x = Tensor::<f32>::normal([3, 50, 7], 0.0, 1.0, &mut crate::rng(1))?;
        for x in [
            x.clone(),
            x.transpose(0, 2)?,
            x.narrow(1, 3, 40)?,
            x.narrow(1, 0, 1)?,
        ] {
            for axis in 0..3 {
                let flipped = x.flip(axis)?.cumsum(axis)?.flip(axis)?;
                assert_eq!(cumsum_reversed(&x, axis)?, flipped);
            }
        }
        assert_eq!(
            cumsum_reversed(&tensor![1.0, 2.0, 3.0], 0)?.to_vec(),
            [6.0, 5.0, 3.0]
        );
        assert_eq!(
            cumsum_reversed(&Tensor::scalar(2.0f32), 0)?,
            Tensor::scalar(2.0)
        );
        assert!(cumsum_reversed(&tensor![1.0], 1).is_err());
        Ok(())
    }
}
