//! [`AdaptiveMaxPool`] and [`AdaptiveAvgPool`]: the largest element or the average of each of that many parts.

use std::array::from_fn;

use gradlet_autograd::{Float, Result, Tensor, Var};

use super::describe;
use crate::forward::Forward;
use crate::mode::Mode;
use crate::module::Module;

/// The numbers of parts that N axes are cut into: one number for all axes, `3`, or one for each, `[3, 5]`, where `None`
/// keeps an axis as it is, `[Some(3), None]`.
pub trait Parts<const N: usize> {
    /// Returns the number for each axis.
    fn parts(self) -> [Option<usize>; N];
}

impl<const N: usize> Parts<N> for usize {
    fn parts(self) -> [Option<usize>; N] {
        [Some(self); N]
    }
}

impl<const N: usize> Parts<N> for [usize; N] {
    fn parts(self) -> [Option<usize>; N] {
        self.map(Some)
    }
}

impl<const N: usize> Parts<N> for [Option<usize>; N] {
    fn parts(self) -> [Option<usize>; N] {
        self
    }
}

/// The largest element of each of that many parts of each plane, whatever its size.
///
/// Part i of n covers the elements from `i * size / n`, rounded down, to `(i + 1) * size / n`, rounded up.
///
/// # Shape
///
/// `[..., h, w] -> [..., p, q]` for sizes `[p, q]`
///
/// # Example
///
/// ```
/// # use gradlet_nn::{AdaptiveMaxPool2d, Forward};
/// # use gradlet_autograd::Var;
/// # use gradlet_tensor::Tensor;
/// # fn main() -> gradlet_tensor::Result<()> {
/// let x = Var::constant(Tensor::arange(0.0, 12.0, 1.0)?.reshape([1, 3, 4])?);
/// assert_eq!(AdaptiveMaxPool2d::new(2).forward(&x)?.to_vec(), [5.0, 7.0, 9.0, 11.0]);
/// assert_eq!(AdaptiveMaxPool2d::new([Some(1), None]).forward(&x)?.shape(), [1, 1, 4]);
/// # Ok(())
/// # }
/// ```
///
/// # Source
///
/// `torch.nn.AdaptiveMaxPool2d`
pub type AdaptiveMaxPool2d = AdaptiveMaxPool<2>;

/// The largest element of each of that many parts of each sequence, whatever its length; the parts are as for
/// [`AdaptiveMaxPool2d`].
///
/// # Shape
///
/// `[..., l] -> [..., size]`
///
/// # Example
///
/// ```
/// # use gradlet_nn::AdaptiveMaxPool1d;
/// # use gradlet_autograd::Var;
/// # use gradlet_tensor::tensor;
/// # fn main() -> gradlet_tensor::Result<()> {
/// let x = Var::constant(tensor![[1.0, 5.0, 2.0]]);
/// let (y, indices) = AdaptiveMaxPool1d::new(1).forward_with_indices(&x)?;
/// assert_eq!((y.to_vec(), indices.to_vec()), (vec![5.0], vec![1]));
/// # Ok(())
/// # }
/// ```
///
/// # Source
///
/// `torch.nn.AdaptiveMaxPool1d`
pub type AdaptiveMaxPool1d = AdaptiveMaxPool<1>;

/// The average of each of that many parts of each plane, whatever its size; the parts are as for [`AdaptiveMaxPool2d`].
///
/// # Shape
///
/// `[..., h, w] -> [..., p, q]` for sizes `[p, q]`
///
/// # Example
///
/// ```
/// # use gradlet_nn::{AdaptiveAvgPool2d, Forward};
/// # use gradlet_autograd::Var;
/// # use gradlet_tensor::Tensor;
/// # fn main() -> gradlet_tensor::Result<()> {
/// let x = Var::constant(Tensor::ones([8, 64, 7, 7])?);
/// assert_eq!(AdaptiveAvgPool2d::new(1).forward(&x)?.shape(), [8, 64, 1, 1]);
/// # Ok(())
/// # }
/// ```
///
/// # Source
///
/// `torch.nn.AdaptiveAvgPool2d`
pub type AdaptiveAvgPool2d = AdaptiveAvgPool<2>;

/// The average of each of that many parts of each sequence, whatever its length; the parts are as for
/// [`AdaptiveMaxPool2d`].
///
/// # Shape
///
/// `[..., l] -> [..., size]`
///
/// # Example
///
/// ```
/// # use gradlet_nn::{AdaptiveAvgPool1d, Forward};
/// # use gradlet_autograd::Var;
/// # use gradlet_tensor::tensor;
/// # fn main() -> gradlet_tensor::Result<()> {
/// let x = Var::constant(tensor![[1.0, 5.0, 3.0]]);
/// assert_eq!(AdaptiveAvgPool1d::new(2).forward(&x)?.to_vec(), [3.0, 4.0]);
/// # Ok(())
/// # }
/// ```
///
/// # Source
///
/// `torch.nn.AdaptiveAvgPool1d`
pub type AdaptiveAvgPool1d = AdaptiveAvgPool<1>;

macro_rules! adaptive {
    ($(#[$docs:meta])* $layer:ident, $one:ident, $two:ident: $operation_1d:ident, $operation_2d:ident) => {
        $(#[$docs])*
        #[derive(Clone, Debug, Module)]
        #[module(kind = Self::KIND, describe = Self::setting)]
        pub struct $layer<const N: usize> {
            #[module(skip)]
            parts: [Option<usize>; N],
            mode: Mode,
        }

        impl<const N: usize> $layer<N> {
            const KIND: &'static str = describe::kind(N, [stringify!($one), stringify!($two)]);

            /// This number of parts: one for all axes or one for each, such as `[height, width]`, where `None` keeps an
            /// axis as it is.
            pub fn new(parts: impl Parts<N>) -> Self {
                let (parts, mode) = (parts.parts(), Mode::Train);
                Self { parts, mode }
            }

            /// The numbers of parts for an input of this shape.
            fn parts_of(&self, x: &[usize]) -> [usize; N] {
                // The operation refuses an input with too few axes.
                let first = x.len().saturating_sub(N);
                let kept = |i: usize| x.get(first + i).copied().unwrap_or(0);
                from_fn(|i| self.parts[i].unwrap_or_else(|| kept(i)))
            }

            fn setting(&self) -> String {
                let text = |size: &Option<usize>| size.map_or("keep".to_owned(), |size| size.to_string());
                self.parts.iter().map(text).collect::<Vec<_>>().join("x")
            }
        }

        adaptive!(@forward $layer, 1, $operation_1d);
        adaptive!(@forward $layer, 2, $operation_2d);
    };
    (@forward $layer:ident, $n:literal, $operation:ident) => {
        impl<T: Float> Forward<T> for $layer<$n> {
            fn forward(&self, x: &Var<T>) -> Result<Var<T>> {
                x.$operation(self.parts_of(x.shape()))
                    .map_err(|error| self.name_in(error))
            }
        }
    };
}

adaptive! {
    /// The largest element of each part of N axes: [`AdaptiveMaxPool1d`] and [`AdaptiveMaxPool2d`].
    AdaptiveMaxPool, AdaptiveMaxPool1d, AdaptiveMaxPool2d: adaptive_max_pool1d, adaptive_max_pool2d
}

adaptive! {
    /// The average of each part of N axes: [`AdaptiveAvgPool1d`] and [`AdaptiveAvgPool2d`].
    AdaptiveAvgPool, AdaptiveAvgPool1d, AdaptiveAvgPool2d: adaptive_avg_pool1d, adaptive_avg_pool2d
}

macro_rules! with_indices {
    ($n:literal, $operation:ident) => {
        impl AdaptiveMaxPool<$n> {
            /// As `forward`, and the place of each result among the elements of its last axes, as if these were one.
            ///
            /// # Errors
            ///
            /// If `forward` would fail.
            #[track_caller]
            pub fn forward_with_indices<T: Float>(
                &self,
                x: &Var<T>,
            ) -> Result<(Var<T>, Tensor<i64>)> {
                x.$operation(self.parts_of(x.shape()))
                    .map_err(|error| self.name_in(error))
            }
        }
    };
}
with_indices!(1, adaptive_max_pool1d_with_indices);
with_indices!(2, adaptive_max_pool2d_with_indices);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::module::Children;
    use gradlet_tensor::tensor;

    #[test]
    fn axes_are_cut_or_kept() -> Result<()> {
        let x = Var::constant(tensor![f64; [1.0, 2.0, 6.0], [3.0, 4.0, 8.0]]);
        let averages = |parts: [Option<usize>; 2]| {
            let layer = AdaptiveAvgPool2d::new(parts);
            Ok((layer.forward(&x)?.to_vec(), layer.describe()))
        };
        let kept = averages([Some(1), None])?;
        assert_eq!(kept, (vec![2.0, 3.0, 7.0], "1xkeep".to_owned()));
        let cut = averages([Some(1), Some(2)])?;
        assert_eq!(cut, (vec![2.5, 5.0], "1x2".to_owned()));
        let max = AdaptiveMaxPool2d::new([2, 1]);
        let (y, indices) = max.forward_with_indices(&x)?;
        assert_eq!((y.to_vec(), indices.to_vec()), (vec![6.0, 8.0], vec![2, 5]));
        assert_eq!(
            (max.kind(), max.describe().as_str()),
            ("AdaptiveMaxPool2d", "2x1")
        );
        let rows = AdaptiveAvgPool1d::new(1);
        assert_eq!(rows.forward(&x)?.tensor(), &tensor![f64; [3.0], [5.0]]);
        let (_, indices) = AdaptiveMaxPool1d::new([None]).forward_with_indices(&x)?;
        assert_eq!(indices, tensor![i64; [0, 1, 2], [0, 1, 2]]);
        Ok(())
    }

    #[test]
    fn what_does_not_fit_names_the_layer() -> Result<()> {
        let none = Var::constant(Tensor::zeros([3, 0])?);
        let error = AdaptiveMaxPool2d::new(2).forward(&none).unwrap_err();
        let start = "AdaptiveMaxPool2d(2x2): shape [3, 0] has no elements";
        assert!(error.to_string().starts_with(start), "{error}");
        let flat = Var::constant(tensor![1.0, 2.0]);
        let error = AdaptiveAvgPool2d::new([None, None])
            .forward(&flat)
            .unwrap_err();
        let start = "AdaptiveAvgPool2d(keepxkeep): expected planes [..., h, w], got shape [2]";
        assert!(error.to_string().starts_with(start), "{error}");
        let empty = Var::constant(Tensor::zeros([0, 2, 3])?);
        assert_eq!(
            AdaptiveAvgPool1d::new(5).forward(&empty)?.shape(),
            [0, 2, 5]
        );
        Ok(())
    }
}
