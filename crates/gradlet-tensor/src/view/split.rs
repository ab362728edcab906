//! Cutting an axis into parts.

use crate::element::Element;
use crate::error::{Result, out_of_range};
use crate::tensor::Tensor;

impl<T: Element> Tensor<T> {
    /// Views of parts of an axis, all of the same size but the last, which may be smaller.
    ///
    /// # Shape
    ///
    /// `split(3, 1)`: `[a, 7, b] -> [a, 3, b], [a, 3, b], [a, 1, b]`; an axis of size 0 gives one part
    ///
    /// # Errors
    ///
    /// If the axis is out of range, or `size` is 0 and the size of the axis is not.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let parts = tensor![1.0, 2.0, 3.0].split(2, 0)?;
    /// assert_eq!((parts[0].to_vec(), parts[1].to_vec()), (vec![1.0, 2.0], vec![3.0]));
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn split(&self, size: usize, axis: isize) -> Result<Vec<Self>> {
        let axis = self.shape().axis_for("split", axis)?;
        let whole = self.shape()[axis];
        if size == 0 && whole > 0 {
            return Err(out_of_range(
                "split",
                "the size",
                "at least 1",
                0,
                String::new(),
            ));
        }
        if whole == 0 {
            return Ok(vec![self.clone()]);
        }
        let mut parts = room("split", whole.div_ceil(size))?;
        for start in (0..whole).step_by(size) {
            parts.push(self.narrow(axis as isize, start, size.min(whole - start))?);
        }
        Ok(parts)
    }

    /// Views of parts of an axis that have the given sizes.
    ///
    /// # Shape
    ///
    /// `split_sizes(&[3, 4], 1)`: `[a, 7, b] -> [a, 3, b], [a, 4, b]`
    ///
    /// # Errors
    ///
    /// If the axis is out of range, or the sum of the sizes is not the size of the axis.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let parts = tensor![1.0, 2.0, 3.0].split_sizes(&[1, 2], -1)?;
    /// assert_eq!((parts[0].to_vec(), parts[1].to_vec()), (vec![1.0], vec![2.0, 3.0]));
    /// assert!(tensor![1.0, 2.0, 3.0].split_sizes(&[2, 2], 0).is_err());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.split` with a list of sizes
    #[track_caller]
    pub fn split_sizes(&self, sizes: &[usize], axis: isize) -> Result<Vec<Self>> {
        let axis = self.shape().axis_for("split_sizes", axis)?;
        let sum = sizes
            .iter()
            .fold(0, |sum: usize, &size| sum.saturating_add(size));
        if sum != self.shape()[axis] {
            let remedy = format!("; sizes {sizes:?}, axis {axis} of shape {}", self.shape());
            let (name, expected) = ("the sum of the sizes", "the size of the axis");
            return Err(out_of_range("split_sizes", name, expected, sum, remedy));
        }
        let mut start = 0;
        let mut parts = Vec::with_capacity(sizes.len());
        for &size in sizes {
            parts.push(self.narrow(axis as isize, start, size)?);
            start += size;
        }
        Ok(parts)
    }

    /// Views of at most `count` parts of an axis, all of the same size but the last, which may be smaller.
    ///
    /// # Shape
    ///
    /// `chunk(4, 0)`: `[9] -> [3], [3], [3]`; an axis of size 0 gives `count` empty parts
    ///
    /// # Errors
    ///
    /// If the axis is out of range, or `count` is 0.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = tensor![1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
    /// assert_eq!(x.chunk(3, 0)?[1].to_vec(), [3.0, 4.0]);
    /// assert_eq!(x.chunk(4, 0)?.len(), 3); // parts of ceil(6 / 4)
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.chunk`, whose parts have size `ceil(n / count)`, so that there can be fewer than `count`.
    #[track_caller]
    pub fn chunk(&self, count: usize, axis: isize) -> Result<Vec<Self>> {
        let at = self.shape().axis_for("chunk", axis)?;
        if count == 0 {
            return Err(out_of_range(
                "chunk",
                "the count",
                "at least 1",
                0,
                String::new(),
            ));
        }
        let size = self.shape()[at];
        if size > 0 {
            return self
                .split(size.div_ceil(count), axis)
                .map_err(|error| error.of("chunk"));
        }
        let mut parts = room("chunk", count)?;
        parts.resize(count, self.clone());
        Ok(parts)
    }
}

/// An empty list with room for `count` parts.
#[track_caller]
fn room<X>(op: &'static str, count: usize) -> Result<Vec<X>> {
    let mut parts = Vec::new();
    if parts.try_reserve_exact(count).is_err() {
        let remedy = "; memory does not hold that many".to_owned();
        return Err(out_of_range(
            op,
            "the number of parts",
            "smaller",
            count,
            remedy,
        ));
    }
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    fn counted(n: usize) -> Result<Tensor<i64>> {
        Tensor::from_fn(n, |i| i as i64)
    }

    #[test]
    fn parts_cover_the_axis() -> Result<()> {
        let x = counted(14)?.reshape([7, 2])?;
        let sizes = |parts: Vec<Tensor<i64>>| -> Vec<usize> {
            parts.iter().map(|part| part.shape()[0]).collect()
        };
        assert_eq!(sizes(x.split(3, 0)?), [3, 3, 1]);
        assert_eq!(sizes(x.split(usize::MAX, -2)?), [7]);
        assert_eq!(sizes(x.chunk(3, 0)?), [3, 3, 1]);
        assert_eq!(sizes(x.chunk(5, 0)?), [2, 2, 2, 1]);
        assert_eq!(sizes(x.split_sizes(&[2, 0, 5], 0)?), [2, 0, 5]);
        assert_eq!(x.split(3, 0)?[2].to_vec(), [12, 13]);
        assert_eq!(
            x.split_sizes(&[1, 1], 1)?[1].to_vec(),
            [1, 3, 5, 7, 9, 11, 13]
        );
        let empty = counted(0)?;
        assert_eq!(sizes(empty.split(0, 0)?), [0]);
        assert_eq!(sizes(empty.chunk(2, 0)?), [0, 0]);
        Ok(())
    }

    #[test]
    fn parts_that_do_not_fit_are_errors() -> Result<()> {
        let x = counted(4)?;
        for error in [
            x.split(0, 0),
            x.chunk(0, 0),
            x.split_sizes(&[1, 2], 0),
            x.split_sizes(&[usize::MAX, 5], 0),
            counted(0)?.chunk(usize::MAX, 0),
        ] {
            let error = error.unwrap_err();
            assert!(
                matches!(error.kind(), ErrorKind::OutOfRange { .. }),
                "{error}"
            );
        }
        assert!(
            x.split(1, 1).is_err() && x.chunk(1, 1).is_err() && x.split_sizes(&[4], 1).is_err()
        );
        assert!(Tensor::scalar(1.0f32).split(1, 0).is_err());
        Ok(())
    }

    #[test]
    fn more_parts_than_memory_holds_are_an_error() -> Result<()> {
        let error = counted(0)?.reshape([1 << 50, 0])?.split(1, 0).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("split: the number of parts must be smaller, got 1125899906842624; "),
            "{error}"
        );
        Ok(())
    }
}
