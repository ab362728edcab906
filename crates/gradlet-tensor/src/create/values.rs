//! Making tensors: from values, by rule, at random.
//!
//! Plain constructors exist for `f32` alone, so that no bare literal turns a net into `f64`; those that end in `_of` or
//! take values are for every element type.

use rand::{Rng, RngExt};

use crate::element::{Element, Float};
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
    /// let x = Tensor::from_vec(vec![1.0f32, 2.0, 3.0, 4.0], [2, 2])?;
    /// assert_eq!(x.at(&[1, 0])?, 3.0);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn from_vec(values: impl AsRef<[T]>, shape: impl IntoShape) -> Result<Self> {
        let (shape, values) = (shape.into_shape()?, values.as_ref());
        if shape.len() != values.len() {
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

    /// Zeros in the shape of this tensor.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// assert_eq!(tensor![[1.0, f32::NAN]].zeros_like(), tensor![[0.0, 0.0]]);
    /// ```
    pub fn zeros_like(&self) -> Self {
        Self::build_like(crate::shape::Layout::contiguous(self.dims()), |out| {
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
        Self::build_like(crate::shape::Layout::contiguous(self.dims()), |out| {
            out.fill(T::from_f64(1.0));
        })
    }
}

impl<T: Float> Tensor<T> {
    /// Independent uniform numbers in `[low, high)`, drawn from the caller's generator in row-major order; computed in
    /// `f64`, then rounded, which can give `high` itself.
    ///
    /// # Errors
    ///
    /// Bounds that are not finite or not in order, or more elements than memory holds.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::{Tensor, rng};
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Tensor::<f32>::uniform([1000], -2.0, 3.0, &mut rng(7))?;
    /// assert!(x.min(..)?.item()? >= -2.0 && x.max(..)?.item()? <= 3.0);
    /// assert_eq!(x, Tensor::uniform([1000], -2.0, 3.0, &mut rng(7))?); // the same seed, the same numbers
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn uniform(
        shape: impl IntoShape,
        low: f64,
        high: f64,
        rng: &mut (impl Rng + ?Sized),
    ) -> Result<Self> {
        if !(low.is_finite() && high.is_finite() && low <= high) {
            let (expected, remedy) = ("finite and at least low", format!(" with low = {low}"));
            return Err(Error::new(ErrorKind::OutOfRange {
                op: "uniform",
                name: "high",
                expected,
                value: high,
                remedy,
            }));
        }
        Self::from_fn(shape, |_| T::of(low + (high - low) * rng.random::<f64>()))
    }

    /// Independent normal numbers of this mean and standard deviation, drawn from the caller's generator in row-major
    /// order, two at a time.
    ///
    /// # Errors
    ///
    /// A standard deviation that is negative or not finite, a mean that is not finite, or more elements than memory
    /// holds.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::{Tensor, rng};
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Tensor::<f64>::normal([10_000], 5.0, 2.0, &mut rng(7))?;
    /// assert!((x.mean(..)?.item()? - 5.0).abs() < 0.1 && (x.std(.., 1.0)?.item()? - 2.0).abs() < 0.1);
    /// assert_eq!(Tensor::<f32>::normal(2, 5.0, 0.0, &mut rng(7))?.to_vec(), [5.0, 5.0]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// G. Box, M. Muller, "A Note on the Generation of Random Normal Deviates", 1958.
    #[track_caller]
    pub fn normal(
        shape: impl IntoShape,
        mean: f64,
        std: f64,
        rng: &mut (impl Rng + ?Sized),
    ) -> Result<Self> {
        for (name, value, ok) in [
            ("mean", mean, mean.is_finite()),
            ("std", std, std.is_finite() && std >= 0.0),
        ] {
            if !ok {
                let expected = if name == "std" {
                    "finite and not negative"
                } else {
                    "finite"
                };
                let remedy = String::new();
                return Err(Error::new(ErrorKind::OutOfRange {
                    op: "normal",
                    name,
                    expected,
                    value,
                    remedy,
                }));
            }
        }
        let mut spare = None;
        Self::from_fn(shape, |_| {
            let z = spare.take().unwrap_or_else(|| {
                // 1 - u lies in (0, 1], where the logarithm is finite.
                let radius = (-2.0 * (1.0 - rng.random::<f64>()).ln()).sqrt();
                let (sin, cos) = (std::f64::consts::TAU * rng.random::<f64>()).sin_cos();
                spare = Some(radius * sin);
                radius * cos
            });
            T::of(mean + std * z)
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

    /// The identity matrix of `n` rows and columns.
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
        let mut x = Self::zeros([n, n])?;
        x.as_mut_slice()
            .iter_mut()
            .step_by(n + 1)
            .for_each(|x| *x = 1.0);
        Ok(x)
    }

    /// `start, start + step, ..` up to, and not with, `end`: element i is `start + i * step`, computed in `f64`.
    ///
    /// There are `(end - start) / step` elements, rounded up; where that is not exact, one more or fewer can come out,
    /// as in PyTorch and NumPy. [`linspace`](Self::linspace) takes the number itself.
    ///
    /// # Errors
    ///
    /// A step that is 0, points away from `end` or is not finite, or more elements than memory holds.
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
    /// `torch.arange`, of floats alone
    #[track_caller]
    pub fn arange(start: f64, end: f64, step: f64) -> Result<Self> {
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
        Self::from_fn(count as usize, |i| (start + i as f64 * step) as f32)
    }

    /// `count` numbers at equal distances, with `start` first and `end` last; of one number, `start`.
    ///
    /// # Errors
    ///
    /// An end that is not finite, or more elements than memory holds.
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
            (if i == 0 || i * 2 < last {
                start + i as f64 * step
            } else {
                end - (last - i) as f64 * step
            }) as f32
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{rng, tensor};

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

    #[test]
    fn literals_nest_and_keep_their_type() {
        assert_eq!(tensor![[[1.0], [2.0]]].shape(), [1, 2, 1]);
        assert_eq!(tensor![i64; 3, -1].to_vec(), [3i64, -1]);
        assert_eq!(tensor![bool; [true], [false]].shape(), [2, 1]);
    }

    #[test]
    fn value_counts_and_impossible_sizes_are_errors() {
        assert!(matches!(
            Tensor::from_vec([1.0f32, 2.0], [3]).unwrap_err().kind(),
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

    #[test]
    fn random_numbers_have_the_stated_moments_and_repeat() -> Result<()> {
        let n = 100_000;
        let u = Tensor::<f64>::uniform([n], -1.0, 3.0, &mut rng(1))?;
        let z = Tensor::<f64>::normal([n], 5.0, 2.0, &mut rng(1))?;
        let moments = |x: &Tensor<f64>| {
            let mean = x.iter().sum::<f64>() / n as f64;
            (
                mean,
                x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n as f64,
            )
        };
        // Bounds are six standard errors of each moment.
        let ((mean, variance), bound) = (moments(&u), 6.0 / (n as f64).sqrt());
        assert!((mean - 1.0).abs() < bound * 1.16 && (variance - 4.0 / 3.0).abs() < bound * 1.2);
        assert!(u.iter().all(|x| (-1.0..3.0).contains(&x)));
        let (mean, variance) = moments(&z);
        assert!((mean - 5.0).abs() < bound * 2.0 && (variance - 4.0).abs() < bound * 5.7);
        assert_eq!(z, Tensor::<f64>::normal([n], 5.0, 2.0, &mut rng(1))?);
        assert_ne!(z, Tensor::<f64>::normal([n], 5.0, 2.0, &mut rng(2))?);
        assert!(Tensor::<f32>::normal(3, 0.0, -1.0, &mut rng(0)).is_err());
        assert!(Tensor::<f32>::uniform(3, 1.0, 0.0, &mut rng(0)).is_err());
        Ok(())
    }
}
