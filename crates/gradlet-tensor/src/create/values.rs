//! Tensors of given values, or made by a rule.
//!
//! Plain constructors exist for `f32` alone, so that no bare literal turns a net into `f64`; those that end in `_of` or
//! take values are for every element type.

use crate::element::Element;
use crate::error::{Error, ErrorKind, Result};
use crate::shape::IntoShape;
use crate::tensor::Tensor;

impl<T: Element> Tensor<T> {
    /// The tensor of these values in row-major order.
    ///
    /// # Errors
    ///
    /// Another number of values than the shape has elements.
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

    /// The tensor of the values that `f` gives for the row-major index of each element.
    ///
    /// # Errors
    ///
    /// More elements than memory holds.
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

    /// Every element the same value.
    ///
    /// # Errors
    ///
    /// More elements than memory holds.
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

    /// Every element 0 (or `false`).
    ///
    /// # Errors
    ///
    /// More elements than memory holds.
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

    /// Every element 1 (or `true`).
    ///
    /// # Errors
    ///
    /// More elements than memory holds.
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

    /// The identity matrix of `n` rows and columns.
    ///
    /// # Errors
    ///
    /// If memory does not hold the elements.
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

    /// Zeros in the shape of this tensor.
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

    /// Ones in the shape of this tensor.
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
    /// Every element 0, of `f32`; [`zeros_of`](Self::zeros_of) for other types.
    ///
    /// # Errors
    ///
    /// More elements than memory holds.
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

    /// Every element 1, of `f32`; [`ones_of`](Self::ones_of) for other types.
    ///
    /// # Errors
    ///
    /// More elements than memory holds.
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

    /// Every element the same value, of `f32`; [`full_of`](Self::full_of) for other types.
    ///
    /// # Errors
    ///
    /// More elements than memory holds.
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

    /// The identity matrix of `n` rows and columns, of `f32`; [`eye_of`](Self::eye_of) for other types.
    ///
    /// # Errors
    ///
    /// More elements than memory holds.
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
