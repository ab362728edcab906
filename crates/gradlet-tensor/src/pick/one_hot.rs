//! Classes as vectors of zeros with a single one.

use crate::element::Element;
use crate::error::{Error, ErrorKind, Result};
use crate::kernel::parallel;
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
    #[inline]
    #[track_caller]
    pub fn one_hot(&self, classes: Option<usize>) -> Result<Self> {
        self.one_hot_of(classes, 1, 0, -1)
            .map_err(|error| error.of("one_hot"))
    }

    /// A tensor with a new axis, at the place `axis` of the result, that has `on` at the class and `off` elsewhere.
    ///
    /// # Shape
    ///
    /// `one_hot_of(Some(classes), on, off, 1)`: `[a, b] -> [a, classes, b]`; for `None`, the number of classes is the
    /// largest class plus 1
    ///
    /// # Errors
    ///
    /// If a class is outside `0..classes`, or `classes` is `None` and there are no elements, or the axis is out of range
    /// for the result, or is the ninth.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let classes = tensor![i64; 1, 0];
    /// assert_eq!(classes.one_hot_of(Some(3), 1.0, 0.0, 0)?, tensor![f64; [0.0, 1.0], [1.0, 0.0], [0.0, 0.0]]);
    /// assert_eq!(classes.one_hot_of(None, 0.9f32, 0.1, -1)?, tensor![[0.1, 0.9], [0.9, 0.1]]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `tf.one_hot`
    #[track_caller]
    pub fn one_hot_of<T: Element>(
        &self,
        classes: Option<usize>,
        on: T,
        off: T,
        axis: isize,
    ) -> Result<Tensor<T>> {
        let (op, mut shape, places) = ("one_hot_of", *self.shape(), self.rank() as isize + 1);
        if !(-places..places).contains(&axis) {
            return Err(Error::new(ErrorKind::AxisOutOfRange { op, axis, shape }));
        }
        let axis = axis.rem_euclid(places) as usize;
        let labels = self.try_contiguous()?;
        let labels = labels.as_slice().unwrap_or_default();
        let classes = match (classes, labels.iter().max()) {
            (Some(classes), _) => classes,
            (None, Some(&largest)) => {
                usize::try_from(largest).map_or(0, |largest| largest.saturating_add(1))
            }
            (None, None) => return Err(Error::new(ErrorKind::Empty { op, shape })),
        };
        // The number of classes that follow each other without a step along the axes before the new one.
        let inner = shape[axis..].iter().product::<usize>();
        shape.insert(axis, classes)?;
        let outside = |&class: &i64| usize::try_from(class).map_or(true, |class| class >= classes);
        if let Some(&index) = labels.iter().find(|class| outside(class)) {
            let size = classes;
            return Err(Error::new(ErrorKind::IndexOutOfRange {
                op,
                index,
                axis,
                size,
                shape,
            }));
        }
        Tensor::build(shape, |out| {
            let work = out.len();
            parallel::for_rows(out, labels.len() / inner.max(1), work, |first, out| {
                out.fill(off);
                let labels = labels[first * inner..].chunks_exact(inner);
                for (out, labels) in out.chunks_exact_mut(classes * inner).zip(labels) {
                    for (i, &class) in labels.iter().enumerate() {
                        out[class as usize * inner + i] = on;
                    }
                }
            });
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
    fn the_new_axis_may_be_anywhere_and_hold_any_two_values() -> Result<()> {
        let x = tensor![i64; [0, 2, 1], [1, 1, 0]];
        let last = x.one_hot(Some(4))?;
        for axis in -3..3 {
            let y = x.one_hot_of(Some(4), 7, -1, axis)?;
            let place = axis.rem_euclid(3);
            let mut axes = vec![0, 1];
            axes.insert(place as usize, 2);
            let expected = last
                .permute(&axes)?
                .map(|hot| if hot == 1 { 7 } else { -1 });
            assert_eq!(y, expected, "{axis}");
        }
        assert_eq!(
            Tensor::scalar(1).one_hot_of(None, true, false, 0)?,
            tensor![bool; false, true]
        );
        assert_eq!(
            Tensor::<i64>::zeros_of([2, 0])?
                .one_hot_of(Some(0), 1u8, 0, 1)?
                .shape(),
            [2, 0, 0]
        );
        for axis in [-4, 3] {
            assert!(matches!(
                x.one_hot_of(None, 1.0, 0.0, axis).unwrap_err().kind(),
                ErrorKind::AxisOutOfRange { .. }
            ));
        }
        Ok(())
    }

    #[test]
    fn large_results_are_the_same_on_any_number_of_threads() -> Result<()> {
        let x = Tensor::<i64>::from_fn([500, 31], |i| (i * i % 7) as i64)?.t()?;
        for threads in 1..4 {
            let y = crate::threads::with(threads, || x.one_hot_of(Some(7), 1.0f32, 0.0, 1))?;
            for (class, row) in (0..).zip(0..7) {
                let expected = x.map(|x| if x == class { 1.0f32 } else { 0.0 });
                assert_eq!(y.select(1, row)?, expected);
            }
        }
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
