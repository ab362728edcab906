//! Tensors of evenly spaced numbers.

use crate::element::Element;
use crate::error::{Error, ErrorKind, Result};
use crate::tensor::Tensor;

impl Tensor {
    /// The numbers `start, start + step, ..` before `end`: element i is `start + i * step`, computed in `f64`.
    ///
    /// The number of elements is `(end - start) / step`, rounded up. Rounding errors of the quotient can make it one
    /// more or less, as in PyTorch and NumPy; [`linspace`](Self::linspace) takes the number itself.
    ///
    /// # Errors
    ///
    /// If the step is 0, not finite or leads away from `end`, or an end is not finite, or memory does not hold that
    /// many elements.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::Tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// assert_eq!(Tensor::arange(0.0, 1.0, 0.25)?.to_vec(), [0.0, 0.25, 0.5, 0.75]);
    /// assert_eq!(Tensor::arange(3.0, 0.0, -1.0)?.to_vec(), [3.0, 2.0, 1.0]);
    /// assert_eq!(Tensor::arange(1.0, 1.3, 0.1)?.to_vec(), [1.0, 1.1, 1.2, 1.3]); // 0.3 / 0.1 is above 3
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.arange`, for floats
    #[track_caller]
    pub fn arange(start: f64, end: f64, step: f64) -> Result<Self> {
        Self::arange_of(start, end, step)
    }

    /// `count` numbers at equal distances, from `start` to `end`, both included; only `start` if `count` is 1.
    ///
    /// # Errors
    ///
    /// If an end is not finite, or memory does not hold that many elements.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::Tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// assert_eq!(Tensor::linspace(0.0, 1.0, 5)?.to_vec(), [0.0, 0.25, 0.5, 0.75, 1.0]);
    /// assert_eq!(Tensor::linspace(0.0, 1.0, 1)?.to_vec(), [0.0]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.linspace`
    #[track_caller]
    pub fn linspace(start: f64, end: f64, count: usize) -> Result<Self> {
        Self::linspace_of(start, end, count)
    }
}

impl<T: Element> Tensor<T> {
    /// As [`arange`](Tensor::arange), for every element type; integers are rounded toward 0.
    ///
    /// # Errors
    ///
    /// If `arange` would give an error.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::Tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// assert_eq!(Tensor::<i64>::arange_of(0.0, 6.0, 2.0)?.to_vec(), [0, 2, 4]);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn arange_of(start: f64, end: f64, step: f64) -> Result<Self> {
        let count = ((end - start) / step).ceil();
        if !(step.is_finite() && start.is_finite() && count >= 0.0) {
            let (expected, remedy) = (
                "not zero and lead from start to end",
                format!(" for {start}..{end}"),
            );
            return Err(Error::new(ErrorKind::OutOfRange {
                op: "arange",
                name: "step",
                expected,
                value: step,
                remedy,
            }));
        }
        Self::from_fn(count as usize, |i| T::from_f64(start + i as f64 * step))
    }

    /// As [`linspace`](Tensor::linspace), for every element type; integers are rounded toward 0.
    ///
    /// # Errors
    ///
    /// If `linspace` would give an error.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::Tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// assert_eq!(Tensor::<f64>::linspace_of(0.0, 1.0, 3)?.to_vec(), [0.0, 0.5, 1.0]);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn linspace_of(start: f64, end: f64, count: usize) -> Result<Self> {
        for (name, value) in [("start", start), ("end", end)] {
            if !value.is_finite() {
                return Err(Error::new(ErrorKind::OutOfRange {
                    op: "linspace",
                    name,
                    expected: "finite",
                    value,
                    remedy: String::new(),
                }));
            }
        }
        let last = count.saturating_sub(1);
        let step = (end - start) / last.max(1) as f64;
        // Counting from the nearer end makes both ends exact.
        Self::from_fn(count, |i| {
            T::from_f64(if i == 0 || i * 2 < last {
                start + i as f64 * step
            } else {
                end - (last - i) as f64 * step
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor;

    #[test]
    fn ranges_end_where_they_should() -> Result<()> {
        assert_eq!(
            Tensor::arange(0.0, 1.0, 0.25)?.to_vec(),
            [0.0, 0.25, 0.5, 0.75]
        );
        assert_eq!(Tensor::arange(3.0, 0.0, -2.0)?.to_vec(), [3.0, 1.0]);
        assert_eq!(Tensor::arange(1.0, 1.0, 1.0)?.len(), 0);
        assert!(Tensor::arange(0.0, 1.0, 0.0).is_err() && Tensor::arange(0.0, 1.0, -1.0).is_err());
        assert!(Tensor::arange(0.0, f64::NAN, 1.0).is_err());
        assert_eq!(
            Tensor::linspace(-1.0, 1.0, 5)?.to_vec(),
            [-1.0, -0.5, 0.0, 0.5, 1.0]
        );
        assert_eq!(Tensor::linspace(2.0, 3.0, 1)?.to_vec(), [2.0]);
        assert!(
            Tensor::linspace(0.0, f64::INFINITY, 3).is_err()
                && Tensor::linspace(f64::NAN, 1.0, 1).is_err()
        );
        assert_eq!(Tensor::eye(2)?, tensor![[1.0, 0.0], [0.0, 1.0]]);
        Ok(())
    }
}
