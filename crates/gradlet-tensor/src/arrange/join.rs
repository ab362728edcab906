//! Joining tensors.

use crate::element::Element;
use crate::error::{Error, ErrorKind, Result};
use crate::kernel::parallel::{PART, for_chunks, for_rows};
use crate::tensor::Tensor;

impl<T: Element> Tensor<T> {
    /// The tensors joined along an axis; their other sizes must agree.
    ///
    /// # Shape
    ///
    /// `[a, n, b], [a, m, b] -> [a, n + m, b]`
    ///
    /// # Errors
    ///
    /// If there are no tensors, or the axis is out of range (a scalar has none), or sizes differ along any axis but
    /// that one.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::{Tensor, tensor};
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let (a, b) = (tensor![[1.0, 2.0]], tensor![[3.0, 4.0], [5.0, 6.0]]);
    /// assert_eq!(Tensor::cat(&[&a, &b], 0)?, tensor![[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]);
    /// assert_eq!(Tensor::cat(&[&a, &a], -1)?, tensor![[1.0, 2.0, 1.0, 2.0]]);
    /// assert!(Tensor::cat(&[&a, &b], 1).is_err()); // one row beside two
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.cat`
    #[track_caller]
    pub fn cat(tensors: &[&Self], axis: isize) -> Result<Self> {
        let Some(first) = tensors.first() else {
            return Err(Error::new(ErrorKind::NoTensors { op: "cat" }));
        };
        let mut shape = *first.shape();
        let axis = shape.axis_for("cat", axis)?;
        let mut size = 0usize;
        for tensor in tensors {
            let mut expected = *first.shape();
            if tensor.rank() == expected.rank() {
                expected[axis] = tensor.shape()[axis];
            }
            tensor.expect_shape("cat", expected)?;
            size = size.saturating_add(tensor.shape()[axis]);
        }
        shape[axis] = size;
        let outer: usize = shape[..axis].iter().product();
        let mut parts = Vec::with_capacity(tensors.len());
        for tensor in tensors {
            parts.push(tensor.try_contiguous()?);
        }
        let parts = || {
            parts
                .iter()
                .map(|part: &Self| part.as_slice().unwrap_or_default())
        };
        Self::build(shape, |mut out| {
            if outer == 1 {
                for part in parts() {
                    let (to, rest) = out.split_at_mut(part.len());
                    for_chunks(to, PART, |start, to| {
                        to.copy_from_slice(&part[start..][..to.len()]);
                    });
                    out = rest;
                }
                return;
            }
            let (length, work) = (out.len() / outer.max(1), out.len());
            for_rows(out, outer, work, |first, out| {
                for (row, mut out) in (first..).zip(out.chunks_exact_mut(length)) {
                    for part in parts() {
                        let length = part.len() / outer;
                        let (to, rest) = out.split_at_mut(length);
                        to.copy_from_slice(&part[row * length..][..length]);
                        out = rest;
                    }
                }
            });
        })
    }

    /// The tensors, which must have the same shape, joined along a new axis.
    ///
    /// # Shape
    ///
    /// `stack(&[x, y], 0)`: `[a, b], [a, b] -> [2, a, b]`; `stack(&[x, y], -1)`: `[a, b], [a, b] -> [a, b, 2]`
    ///
    /// # Errors
    ///
    /// If there are no tensors, or the axis is outside `-rank - 1..=rank` or would be the ninth, or shapes differ.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::{Tensor, tensor};
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let (a, b) = (tensor![1.0, 2.0], tensor![3.0, 4.0]);
    /// assert_eq!(Tensor::stack(&[&a, &b], 0)?, tensor![[1.0, 2.0], [3.0, 4.0]]);
    /// assert_eq!(Tensor::stack(&[&a, &b], -1)?, tensor![[1.0, 3.0], [2.0, 4.0]]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.stack`
    #[track_caller]
    pub fn stack(tensors: &[&Self], axis: isize) -> Result<Self> {
        let mut parts = Vec::with_capacity(tensors.len());
        for tensor in tensors {
            tensor.expect_shape("stack", tensors[0].shape())?;
            parts.push(tensor.unsqueeze(axis).map_err(|error| error.of("stack"))?);
        }
        Self::cat(&parts.iter().collect::<Vec<_>>(), axis).map_err(|error| error.of("stack"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor;

    #[test]
    fn tensors_join_along_any_axis() -> Result<()> {
        let (a, b) = (tensor![[1.0, 2.0], [3.0, 4.0]], tensor![[5.0], [6.0]]);
        assert_eq!(
            Tensor::cat(&[&a, &b], 1)?.to_vec(),
            [1.0, 2.0, 5.0, 3.0, 4.0, 6.0]
        );
        assert_eq!(
            Tensor::cat(&[&a, &b.t()?], 0)?.to_vec(),
            [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]
        );
        assert_eq!(
            Tensor::cat(&[&a.t()?, &Tensor::zeros([2, 0])?], -1)?.to_vec(),
            [1.0, 3.0, 2.0, 4.0]
        );
        Ok(())
    }

    #[test]
    fn large_parts_join_as_their_slices_do() -> Result<()> {
        let x = Tensor::<i64>::from_fn([3, 5, 7000], |i| i as i64)?;
        for axis in 0..3 {
            let size = x.size(axis)?;
            let parts = [
                x.narrow(axis, 0, 1)?,
                x.narrow(axis, 1, 0)?,
                x.narrow(axis, 1, size - 1)?,
            ];
            let parts: Vec<&Tensor<i64>> = parts.iter().collect();
            assert!(Tensor::cat(&parts, axis)? == x, "{axis}");
        }
        Ok(())
    }

    #[test]
    fn stacking_makes_an_axis() -> Result<()> {
        let (a, b) = (tensor![1.0, 2.0], tensor![3.0, 4.0]);
        assert_eq!(
            Tensor::stack(&[&a, &b], 0)?,
            tensor![[1.0, 2.0], [3.0, 4.0]]
        );
        assert_eq!(
            Tensor::stack(&[&a, &b], -1)?,
            tensor![[1.0, 3.0], [2.0, 4.0]]
        );
        Ok(())
    }

    #[test]
    fn sizes_that_differ_are_errors() {
        let (a, b) = (tensor![[1.0, 2.0]], tensor![1.0]);
        assert!(Tensor::cat(&[&a, &b], 0).is_err() && Tensor::stack(&[&a, &b], 0).is_err());
        assert!(matches!(
            Tensor::<f32>::cat(&[], 0).unwrap_err().kind(),
            ErrorKind::NoTensors { .. }
        ));
        assert!(Tensor::cat(&[&a], 2).is_err());
    }

    #[test]
    fn rows_without_elements_are_not_counted() -> Result<()> {
        let none = Tensor::zeros([1 << 50, 0])?;
        assert_eq!(Tensor::cat(&[&none, &none], 1)?.shape(), [1 << 50, 0]);
        Ok(())
    }
}
