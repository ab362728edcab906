//! Tensors of given values, and of values that a function gives.
//!
//! The constructors with short names are for `f32`, so that no bare literal turns a net into `f64`; those that end in
//! `_of` or take values are for every element type.

use crate::element::Element;
use crate::error::{Error, ErrorKind, Result};
use crate::shape::IntoShape;
use crate::tensor::Tensor;

impl<T: Element> Tensor<T> {
    /// The tensor that holds these values in row-major order.
    ///
    /// # Errors
    ///
    /// If the number of values is not the number of elements in the shape.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::Tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Tensor::from_slice(vec![1.0f32, 2.0, 3.0, 4.0], [2, 2])?;
    /// assert_eq!(x.at(&[1, 0])?, 3.0);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn from_slice(values: impl AsRef<[T]>, shape: impl IntoShape) -> Result<Self> {
        let (shape, values) = (shape.into_shape()?, values.as_ref());
        if shape.numel() != values.len() {
            return Err(Error::new(ErrorKind::ValueCount {
                shape,
                found: values.len(),
            }));
        }
        Self::build(shape, |out| out.copy_from_slice(values))
    }

    /// The tensor whose elements are the values of `f` at their row-major indices.
    ///
    /// # Errors
    ///
    /// If memory does not hold that many elements.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::{Tensor, tensor};
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let squares = Tensor::from_fn([2, 3], |i| (i * i) as f32)?;
    /// assert_eq!(squares, tensor![[0.0, 1.0, 4.0], [9.0, 16.0, 25.0]]);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn from_fn(shape: impl IntoShape, mut f: impl FnMut(usize) -> T) -> Result<Self> {
        Self::build(shape.into_shape()?, |out| {
            out.iter_mut().enumerate().for_each(|(i, x)| *x = f(i));
        })
    }

    /// A tensor whose elements all have the same value.
    ///
    /// # Errors
    ///
    /// If memory does not hold that many elements.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::{Tensor, tensor};
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// assert_eq!(Tensor::full_of([1, 2], 7i64)?, tensor![i64; [7, 7]]);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn full_of(shape: impl IntoShape, value: T) -> Result<Self> {
        Self::build(shape.into_shape()?, |out| out.fill(value))
    }

    /// A tensor whose elements are all 0 (or `false`).
    ///
    /// # Errors
    ///
    /// If memory does not hold that many elements.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::Tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// assert_eq!(Tensor::<bool>::zeros_of(2)?.to_vec(), [false, false]);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn zeros_of(shape: impl IntoShape) -> Result<Self> {
        Self::full_of(shape, T::default())
    }

    /// A tensor whose elements are all 1 (or `true`).
    ///
    /// # Errors
    ///
    /// If memory does not hold that many elements.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::{Tensor, tensor};
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// assert_eq!(Tensor::<f64>::ones_of([2, 1])?, tensor![f64; [1.0], [1.0]]);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn ones_of(shape: impl IntoShape) -> Result<Self> {
        Self::full_of(shape, T::from_f64(1.0))
    }

    /// The identity matrix with `n` rows and columns.
    ///
    /// # Errors
    ///
    /// If memory does not hold that many elements.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::{Tensor, tensor};
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// assert_eq!(Tensor::<f64>::eye_of(2)?, tensor![f64; [1.0, 0.0], [0.0, 1.0]]);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn eye_of(n: usize) -> Result<Self> {
        let mut x = Self::zeros_of([n, n])?;
        x.make_mut_slice()
            .iter_mut()
            .step_by(n + 1)
            .for_each(|x| *x = T::from_f64(1.0));
        Ok(x)
    }

    /// A tensor of zeros with the shape of this one.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// assert_eq!(tensor![[1.0, f32::NAN]].zeros_like(), tensor![[0.0, 0.0]]);
    /// ```
    pub fn zeros_like(&self) -> Self {
        Self::build_like(crate::shape::Layout::contiguous(*self.shape()), |out| {
            out.fill(T::default());
        })
    }

    /// A tensor of ones with the shape of this one.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// assert_eq!(tensor![i64; 5, -6].ones_like().to_vec(), [1, 1]);
    /// ```
    pub fn ones_like(&self) -> Self {
        Self::build_like(crate::shape::Layout::contiguous(*self.shape()), |out| {
            out.fill(T::from_f64(1.0));
        })
    }
}

impl Tensor {
    /// A tensor whose elements are all 0, in `f32`; [`zeros_of`](Self::zeros_of) is for other types.
    ///
    /// # Errors
    ///
    /// If memory does not hold that many elements.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::{Tensor, tensor};
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// assert_eq!(Tensor::zeros([1, 2])?, tensor![[0.0, 0.0]]);
    /// assert_eq!(Tensor::zeros(())?.item()?, 0.0); // a scalar
    /// assert!(Tensor::zeros([0, 2])?.is_empty());
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn zeros(shape: impl IntoShape) -> Result<Self> {
        Self::full_of(shape, 0.0)
    }

    /// A tensor whose elements are all 1, in `f32`; [`ones_of`](Self::ones_of) is for other types.
    ///
    /// # Errors
    ///
    /// If memory does not hold that many elements.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::{Tensor, tensor};
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// assert_eq!(Tensor::ones([2, 1])?, tensor![[1.0], [1.0]]);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn ones(shape: impl IntoShape) -> Result<Self> {
        Self::full_of(shape, 1.0)
    }

    /// A tensor whose elements all have the same value, in `f32`; [`full_of`](Self::full_of) is for other types.
    ///
    /// # Errors
    ///
    /// If memory does not hold that many elements.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::Tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// assert_eq!(Tensor::full(3, 0.5)?.to_vec(), [0.5, 0.5, 0.5]);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn full(shape: impl IntoShape, value: f32) -> Result<Self> {
        Self::full_of(shape, value)
    }

    /// The identity matrix with `n` rows and columns, in `f32`; [`eye_of`](Self::eye_of) is for other types.
    ///
    /// # Errors
    ///
    /// If memory does not hold that many elements.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::{Tensor, tensor};
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// assert_eq!(Tensor::eye(2)?, tensor![[1.0, 0.0], [0.0, 1.0]]);
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    #[track_caller]
    pub fn eye(n: usize) -> Result<Self> {
        Self::eye_of(n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor;

    #[test]
    fn literals_nest_and_keep_their_type() {
        assert_eq!(tensor![[[1.0], [2.0]]].shape(), [1, 2, 1]);
        assert_eq!(tensor![i64; 3, -1].to_vec(), [3i64, -1]);
        assert_eq!(tensor![bool; [true], [false]].shape(), [2, 1]);
    }

    #[test]
    fn value_counts_and_impossible_sizes_are_errors() {
        assert!(matches!(
            Tensor::from_slice([1.0f32, 2.0], [3]).unwrap_err().kind(),
            ErrorKind::ValueCount { found: 2, .. }
        ));
        assert!(matches!(
            Tensor::zeros([usize::MAX, 2]).unwrap_err().kind(),
            ErrorKind::TooLarge { .. }
        ));
        assert!(matches!(
            Tensor::<f64>::zeros_of([1 << 45]).unwrap_err().kind(),
            ErrorKind::TooLarge { .. }
        ));
    }
}
