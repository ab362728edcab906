//! Settings of kernels of convolutions and windows of pooling, which slide over axes.

/// A setting for N axes: one size for all of them, `3`, or one for each, `[3, 5]`.
pub trait PerAxis<const N: usize> {
    /// Returns the size for each axis.
    fn per_axis(self) -> [usize; N];
}

impl<const N: usize> PerAxis<N> for usize {
    fn per_axis(self) -> [usize; N] {
        [self; N]
    }
}

impl<const N: usize> PerAxis<N> for [usize; N] {
    fn per_axis(self) -> [usize; N] {
        self
    }
}

/// How a kernel or a window moves over N axes.
///
/// # Example
///
/// ```
/// # use gradlet_tensor::{Convolution, Sliding};
/// let sliding = Sliding { padding: [1, 1], ..Sliding::default() };
/// assert_eq!(Convolution::default().padding(1).sliding, sliding);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Sliding<const N: usize> {
    /// The distance between its positions for neighbouring outputs: 1 by default.
    pub stride: [usize; N],
    /// The distance that it may reach beyond both ends of each axis: 0 by default.
    pub padding: [usize; N],
    /// The distance between neighbouring elements that it reads: 1 by default.
    pub dilation: [usize; N],
}

impl<const N: usize> Default for Sliding<N> {
    fn default() -> Self {
        Self {
            stride: [1; N],
            padding: [0; N],
            dilation: [1; N],
        }
    }
}

impl From<Sliding<1>> for Sliding<2> {
    /// The same along the rows of images one element high.
    fn from(along: Sliding<1>) -> Self {
        Self {
            stride: [1, along.stride[0]],
            padding: [0, along.padding[0]],
            dilation: [1, along.dilation[0]],
        }
    }
}

/// Writes the methods that change the named settings, for N axes, of a type that holds them itself (`[]`) or in a field
/// (`[field]`), with the docs that all such types share.
#[doc(hidden)]
#[macro_export]
macro_rules! sliding_settings {
    ($n:tt, $place:tt: $($name:ident),*) => {
        $($crate::sliding_settings!(@$name $n $place);)*
    };
    (@stride $n:tt [$($field:ident)?]) => {
        /// With this stride, one size for all axes or one for each.
        pub fn stride(mut self, stride: impl $crate::PerAxis<$n>) -> Self {
            self.$($field.)?sliding.stride = stride.per_axis();
            self
        }
    };
    (@padding $n:tt [$($field:ident)?]) => {
        /// With this padding on both ends of each axis, one size for all axes or one for each.
        pub fn padding(mut self, padding: impl $crate::PerAxis<$n>) -> Self {
            self.$($field.)?sliding.padding = padding.per_axis();
            self
        }
    };
    (@dilation $n:tt [$($field:ident)?]) => {
        /// With this distance between neighbouring elements that are read, one size for all axes or one for each.
        pub fn dilation(mut self, dilation: impl $crate::PerAxis<$n>) -> Self {
            self.$($field.)?sliding.dilation = dilation.per_axis();
            self
        }
    };
    (@rounding $n:tt [$($field:ident)?]) => {
        /// With this treatment of windows that are not whole.
        pub fn rounding(mut self, rounding: $crate::Rounding) -> Self {
            self.$($field.)?rounding = rounding;
            self
        }
    };
}

/// How many outputs a convolution has along each axis.
///
/// # Example
///
/// ```
/// # use gradlet_tensor::{Convolution, Outputs, tensor};
/// # fn main() -> gradlet_tensor::Result<()> {
/// let (x, weight) = (tensor![[[[1.0, 2.0, 4.0]]]], tensor![[[[1.0, 1.0]]]]);
/// let with = |outputs| Convolution { outputs, ..Convolution::default() };
/// assert_eq!(x.conv2d(&weight, None, with(Outputs::Fit))?.to_vec(), [3.0, 6.0]);
/// assert_eq!(x.conv2d(&weight, None, with(Outputs::Same))?.to_vec(), [3.0, 6.0, 4.0]);
/// assert_eq!(x.conv2d(&weight, None, with(Outputs::First([1, 1])))?.to_vec(), [3.0]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Outputs<const N: usize> {
    /// As many as fit into the padded input, as by default.
    #[default]
    Fit,
    /// As many as the input has elements, whatever the padding is set to: there are zeros on both ends, the odd one at
    /// the second end. The stride must be 1. `padding="same"` in PyTorch.
    Same,
    /// These numbers, of those that fit: the first ones. The input of a transposed convolution may be shorter than the
    /// outputs that fit into its result.
    First([usize; N]),
}

/// How a convolution over N axes reads its input; the kernel's size is that of the weight.
///
/// # Example
///
/// ```
/// # use gradlet_tensor::Convolution;
/// let options = Convolution::default().stride([2, 1]).padding(1);
/// assert_eq!((options.sliding.stride, options.sliding.padding), ([2, 1], [1, 1]));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Convolution<const N: usize> {
    /// How the kernel moves; the padding is zeros.
    pub sliding: Sliding<N>,
    /// The number of groups of channels, where each output sees the inputs of its own group: 1 by default.
    pub groups: usize,
    /// How many outputs there are.
    pub outputs: Outputs<N>,
}

impl<const N: usize> Default for Convolution<N> {
    fn default() -> Self {
        Self {
            sliding: Sliding::default(),
            groups: 1,
            outputs: Outputs::Fit,
        }
    }
}

impl<const N: usize> Convolution<N> {
    crate::sliding_settings!(N, []: stride, dilation);

    /// With this padding on both ends of each axis, one size for all axes or one for each, and as many outputs as fit.
    pub fn padding(mut self, padding: impl PerAxis<N>) -> Self {
        self.sliding.padding = padding.per_axis();
        self.outputs = Outputs::Fit;
        self
    }

    /// With the padding that gives as many outputs as there are inputs; see [`Outputs::Same`].
    pub fn padding_same(self) -> Self {
        let outputs = Outputs::Same;
        Self { outputs, ..self }
    }

    /// With this number of groups.
    pub fn groups(self, groups: usize) -> Self {
        Self { groups, ..self }
    }
}

impl From<Convolution<1>> for Convolution<2> {
    /// The same along the rows of images one element high.
    fn from(along: Convolution<1>) -> Self {
        Self {
            sliding: along.sliding.into(),
            groups: along.groups,
            outputs: match along.outputs {
                Outputs::Fit => Outputs::Fit,
                Outputs::Same => Outputs::Same,
                Outputs::First([length]) => Outputs::First([1, length]),
            },
        }
    }
}

/// The windows over N axes that pooling takes its values from.
///
/// # Example
///
/// ```
/// # use gradlet_tensor::Window;
/// assert_eq!(Window::<2>::new(3).sliding.stride, [3, 3]);
/// assert_eq!(Window::new([3, 2]).stride(1).sliding.stride, [1, 1]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Window<const N: usize> {
    /// The size of a window.
    pub kernel: [usize; N],
    /// How windows move; the stride is the kernel's size by default.
    pub sliding: Sliding<N>,
    /// What happens to a last window that is not whole: left out by default.
    pub rounding: Rounding,
}

impl<const N: usize> Window<N> {
    /// Windows of this size, side by side: one size for all axes or one for each.
    pub fn new(kernel: impl PerAxis<N>) -> Self {
        let kernel = kernel.per_axis();
        Self {
            kernel,
            sliding: Sliding::default(),
            rounding: Rounding::Floor,
        }
        .stride(kernel)
    }

    crate::sliding_settings!(N, []: stride, padding, dilation, rounding);
}

impl From<Window<1>> for Window<2> {
    /// The same along the rows of images one element high.
    fn from(along: Window<1>) -> Self {
        Self {
            kernel: [1, along.kernel[0]],
            sliding: along.sliding.into(),
            rounding: along.rounding,
        }
    }
}

/// The treatment of a last window that is not whole.
///
/// # Example
///
/// ```
/// # use gradlet_tensor::{Divisor, Rounding, Window, tensor};
/// # fn main() -> gradlet_tensor::Result<()> {
/// let (x, window) = (tensor![[1.0, 2.0, 3.0]], Window::new([1, 2]));
/// assert_eq!(x.avg_pool2d(window, Divisor::default())?, tensor![[1.5]]);
/// assert_eq!(x.avg_pool2d(window.rounding(Rounding::Ceil), Divisor::default())?, tensor![[1.5, 3.0]]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Rounding {
    /// Windows that reach beyond the padded input are left out.
    #[default]
    Floor,
    /// They are kept where they begin inside the input or the padding before it: `ceil_mode` in PyTorch.
    Ceil,
}

/// The divisor of a window's sum.
///
/// # Example
///
/// ```
/// # use gradlet_tensor::{Divisor, Window, tensor};
/// # fn main() -> gradlet_tensor::Result<()> {
/// let (x, window) = (tensor![[4.0, 8.0]], Window::new([1, 2]).padding([0, 1]));
/// assert_eq!(x.avg_pool2d(window, Divisor::default())?, tensor![[2.0, 4.0]]);
/// assert_eq!(x.avg_pool2d(window, Divisor::WithoutPadding)?, tensor![[4.0, 8.0]]);
/// assert_eq!(x.avg_pool2d(window, Divisor::Fixed(4))?, tensor![[1.0, 2.0]]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Divisor {
    /// The number of places it covers, those in the padding included, as by default: `count_include_pad=True` in
    /// PyTorch.
    #[default]
    WithPadding,
    /// The number of elements it covers: `count_include_pad=False`.
    WithoutPadding,
    /// A number that is not 0: `divisor_override`.
    Fixed(i64),
}

/// Which points of two images of different sizes are laid upon each other when one is interpolated to the other.
///
/// # Example
///
/// ```
/// # use gradlet_tensor::{Align, tensor};
/// # fn main() -> gradlet_tensor::Result<()> {
/// let x = tensor![[0.0, 6.0]];
/// assert_eq!(x.interpolate_bilinear([1, 4], Align::Edges)?, tensor![[0.0, 1.5, 4.5, 6.0]]);
/// assert_eq!(x.interpolate_bilinear([1, 4], Align::Corners)?, tensor![[0.0, 2.0, 4.0, 6.0]]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Align {
    /// Their edges, where pixels are squares: `align_corners=False` in PyTorch.
    #[default]
    Edges,
    /// The centers of their first and last pixels: `align_corners=True`.
    Corners,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sequences_are_images_one_element_high() {
        let along = Convolution::default().stride([2]).padding([3]).dilation(4);
        let expected = Convolution::default()
            .stride([1, 2])
            .padding([0, 3])
            .dilation([1, 4]);
        assert_eq!(Convolution::from(along.groups(5)), expected.groups(5));
    }
}
