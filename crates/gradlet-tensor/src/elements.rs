//! Reading the elements of a tensor: all at once, one after the other, or one by its indices.

use std::borrow::Cow;

use crate::element::Element;
use crate::error::{Error, ErrorKind, Result};
use crate::shape::{IntoShape, Layout, walk};
use crate::tensor::Tensor;
use crate::view::number;

impl<T: Element> Tensor<T> {
    /// The same elements in row-major order: a cheap clone if memory holds them in that order, a copy otherwise.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = tensor![[1.0, 2.0], [3.0, 4.0]].t()?;
    /// assert_eq!(x.contiguous().as_slice(), Some([1.0, 3.0, 2.0, 4.0].as_slice()));
    /// # Ok(())
    /// # }
    /// ```
    pub fn contiguous(&self) -> Self {
        if self.layout().contiguous {
            return self.clone();
        }
        self.to_owned_copy()
    }

    /// As [`contiguous`](Self::contiguous), with an error if memory does not hold the copy, as for a broadcast view.
    #[track_caller]
    pub(crate) fn try_contiguous(&self) -> Result<Self> {
        Ok(self.row_major()?.into_owned())
    }

    /// As `try_contiguous`, without a new handle where nothing is copied: counting handles takes time.
    #[track_caller]
    #[inline]
    pub(crate) fn row_major(&self) -> Result<Cow<'_, Self>> {
        if self.layout().contiguous {
            return Ok(Cow::Borrowed(self));
        }
        Ok(Cow::Owned(self.row_major_copy()?))
    }

    #[track_caller]
    #[inline(never)]
    fn row_major_copy(&self) -> Result<Self> {
        Self::build(*self.shape(), |out| {
            walk::copy(self.storage(), self.layout(), out);
        })
    }

    /// A copy that shares no memory with this tensor.
    pub(crate) fn to_owned_copy(&self) -> Self {
        Self::build_like(Layout::contiguous(*self.shape()), |out| {
            walk::copy(self.storage(), self.layout(), out);
        })
    }

    /// The elements in row-major order.
    pub fn to_vec(&self) -> Vec<T> {
        self.iter().collect()
    }

    /// An iterator over the elements in row-major order.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// assert_eq!(tensor![[1.0, 5.0], [3.0, 4.0]].iter().position(|x| x == 3.0), Some(2));
    /// ```
    pub fn iter(&self) -> impl ExactSizeIterator<Item = T> + '_ {
        walk::Elements::new(self.storage(), self.layout())
    }

    /// The value of a tensor that has one element.
    ///
    /// # Errors
    ///
    /// If the number of elements is not 1.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// assert_eq!(tensor![[1.0, 2.0]].sum(..)?.item()?, 3.0);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    #[inline]
    pub fn item(&self) -> Result<T> {
        if let (1, Some(&value)) = (self.len(), self.storage().get(self.layout().offset)) {
            Ok(value)
        } else {
            let remedy = "; index it, or reduce it first, for example with .mean(..)";
            Err(Error::new(ErrorKind::NotOneElement {
                op: "item",
                shape: *self.shape(),
                remedy,
            }))
        }
    }

    /// The element at these indices, one for each axis; negative ones count from the end.
    ///
    /// # Errors
    ///
    /// If the number of indices is not the number of axes, or an index is out of range.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = tensor![[1.0, 2.0], [3.0, 4.0]];
    /// assert_eq!((x.at(&[1, 0])?, x.at(&[-1, -1])?), (3.0, 4.0));
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn at<I: TryInto<i64> + Copy>(&self, indices: &[I]) -> Result<T> {
        let layout = self.layout();
        let shape = *self.shape();
        if indices.len() != shape.rank() {
            return Err(Error::new(ErrorKind::Rank {
                op: "at",
                expected: "one index for each axis",
                shape,
            }));
        }
        let mut place = layout.offset;
        for (axis, &index) in indices.iter().enumerate() {
            let index = shape.within_for("at", axis as isize, number(index))?;
            place += index * layout.strides()[axis];
        }
        Ok(self.storage()[place])
    }

    /// Returns an error unless the shape is the expected one; the message begins with `op`.
    ///
    /// # Errors
    ///
    /// If the shape is not the expected one, or `expected` has too many axes.
    #[track_caller]
    pub fn expect_shape(&self, op: &'static str, expected: impl IntoShape) -> Result<()> {
        let expected = expected.into_shape()?;
        if *self.shape() == expected {
            return Ok(());
        }
        Err(Error::new(ErrorKind::ShapeMismatch {
            op,
            expected,
            found: *self.shape(),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor;

    #[test]
    fn indices_are_checked() -> Result<()> {
        let x = tensor![[1.0, 2.0], [3.0, 4.0]].t()?;
        assert_eq!(x.at(&[0, 1])?, 3.0);
        assert!(x.at(&[0]).is_err() && x.at(&[2, 0]).is_err());
        Ok(())
    }
}
