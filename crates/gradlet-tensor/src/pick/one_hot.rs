//! Classes as vectors of zeros with a single one.

use crate::error::{Error, ErrorKind, Result};
use crate::tensor::Tensor;

impl Tensor<i64> {
    /// A tensor with a new last axis that has a 1 at the class and zeros elsewhere.
    ///
    /// # Shape
    ///
    /// `[...] -> [..., classes]`; for `None`, the number of classes is the largest class plus 1
    ///
    /// # Errors
    ///
    /// If a class is outside `0..classes`, or `classes` is `None` and there are no elements, or the new axis is the
    /// ninth.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// assert_eq!(tensor![i64; 1, 0].one_hot(Some(3))?, tensor![i64; [0, 1, 0], [1, 0, 0]]);
    /// assert_eq!(tensor![i64; 1, 0].one_hot(None)?, tensor![i64; [0, 1], [1, 0]]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.nn.functional.one_hot`
    #[track_caller]
    pub fn one_hot(&self, classes: Option<usize>) -> Result<Self> {
        let mut shape = *self.shape();
        let classes = match (classes, self.iter().max()) {
            (Some(classes), _) => classes,
            (None, Some(largest)) => {
                usize::try_from(largest).map_or(0, |largest| largest.saturating_add(1))
            }
            (None, None) => {
                return Err(Error::new(ErrorKind::Empty {
                    op: "one_hot",
                    shape,
                }));
            }
        };
        shape.push(classes)?;
        for index in self.iter() {
            if usize::try_from(index).map_or(true, |index| index >= classes) {
                return Err(Error::new(ErrorKind::IndexOutOfRange {
                    op: "one_hot",
                    index,
                    axis: self.rank(),
                    size: classes,
                    shape,
                }));
            }
        }
        Self::build(shape, |out| {
            out.fill(0);
            // Without classes there are no rows to write to.
            for (row, class) in out.chunks_exact_mut(classes.max(1)).zip(self.iter()) {
                row[class as usize] = 1;
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor;

    #[test]
    fn any_shape_gets_a_last_axis() -> Result<()> {
        assert_eq!(Tensor::scalar(2).one_hot(None)?, tensor![i64; 0, 0, 1]);
        let x = tensor![i64; [0, 1], [2, 0]].t()?;
        assert_eq!(x.one_hot(None)?.shape(), [2, 2, 3]);
        assert_eq!(
            x.one_hot(None)?.to_vec(),
            [1, 0, 0, 0, 0, 1, 0, 1, 0, 1, 0, 0]
        );
        assert_eq!(tensor![i64; 0, 0].one_hot(None)?.to_vec(), [1, 1]);
        assert_eq!(
            Tensor::<i64>::zeros_of([2, 0])?.one_hot(Some(4))?.shape(),
            [2, 0, 4]
        );
        Ok(())
    }

    #[test]
    fn classes_that_do_not_exist_are_errors() -> Result<()> {
        for (class, classes) in [(-1, None), (-1, Some(3)), (3, Some(3)), (0, Some(0))] {
            let error = Tensor::from_slice([class], 1)?
                .one_hot(classes)
                .unwrap_err();
            assert!(
                matches!(error.kind(), ErrorKind::IndexOutOfRange { axis: 1, .. }),
                "{error}"
            );
        }
        assert!(matches!(
            Tensor::<i64>::zeros_of(0)?
                .one_hot(None)
                .unwrap_err()
                .kind(),
            ErrorKind::Empty { .. }
        ));
        assert!(matches!(
            tensor![i64; 0, i64::MAX].one_hot(None).unwrap_err().kind(),
            ErrorKind::TooLarge { .. }
        ));
        assert!(Tensor::<i64>::zeros_of([1; 8])?.one_hot(None).is_err());
        Ok(())
    }
}
