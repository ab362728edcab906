//! [`ZeroPad`], [`ReflectionPad`] and [`ReplicationPad`]: borders around the last axes.

use gradlet_autograd::{Float, Result, Var};

use super::describe;
use crate::forward::Forward;
use crate::mode::Mode;
use crate::module::Module;

macro_rules! pad {
    ($(#[$docs:meta])* $layer:ident, $one:ident, $two:ident, $size:ident: |$x:ident, $pairs:ident| $padded:expr) => {
        $(#[$docs])*
        #[derive(Clone, Debug, Module)]
        #[module(kind = Self::KIND, describe = Self::setting)]
        pub struct $layer<const N: usize> {
            #[module(skip)]
            pairs: [($size, $size); N],
            mode: Mode,
        }

        #[doc = concat!("[`", stringify!($layer), "`] of the last axis: `torch.nn.", stringify!($one), "`.")]
        pub type $one = $layer<1>;

        #[doc = concat!("[`", stringify!($layer), "`] of the last two axes: `torch.nn.", stringify!($two), "`.")]
        pub type $two = $layer<2>;

        impl<const N: usize> $layer<N> {
            const KIND: &'static str = describe::kind(N, [stringify!($one), stringify!($two)]);

            /// A border of this width on every side.
            pub fn new(width: $size) -> Self {
                Self::uneven([(width, width); N])
            }

            /// A border of a width before and one behind, for each axis from the last one on: `[(left, right)]`, or
            /// `[(left, right), (top, bottom)]`.
            pub fn uneven(pairs: [($size, $size); N]) -> Self {
                let mode = Mode::Train;
                Self { pairs, mode }
            }

            fn setting(&self) -> String {
                let first = self.pairs[0].0;
                if self.pairs == [(first, first); N] {
                    return first.to_string();
                }
                let text = |(before, behind): &($size, $size)| format!("{before}+{behind}");
                self.pairs.iter().map(text).collect::<Vec<_>>().join(", ")
            }
        }

        impl<T: Float, const N: usize> Forward<T> for $layer<N> {
            fn forward(&self, $x: &Var<T>) -> Result<Var<T>> {
                let $pairs = &self.pairs;
                $padded.map_err(|error| self.name_in(error))
            }
        }
    };
}

pad! {
    /// Zeros around the last N axes; a negative width takes elements away.
    ///
    /// # Shape
    ///
    /// `[..., h, w] -> [..., top + h + bottom, left + w + right]`
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_nn::{Forward, ZeroPad1d, ZeroPad2d};
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::constant(tensor![[1.0, 2.0]]);
    /// assert_eq!(ZeroPad1d::new(1).forward(&x)?.tensor(), &tensor![[0.0, 1.0, 2.0, 0.0]]);
    /// let y = ZeroPad2d::uneven([(2, -1), (0, 1)]).forward(&x)?;
    /// assert_eq!(y.tensor(), &tensor![[0.0, 0.0, 1.0], [0.0, 0.0, 0.0]]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.nn.ZeroPad1d`, `torch.nn.ZeroPad2d`
    ZeroPad, ZeroPad1d, ZeroPad2d, isize: |x, pairs| x.pad(pairs, T::zero())
}

pad! {
    /// The elements reflected at the first and the last one of each of the last N axes: `3 2 [1 2 3] 2 1`.
    ///
    /// # Shape
    ///
    /// `[..., h, w] -> [..., top + h + bottom, left + w + right]`; each width is smaller than its axis
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_nn::{Forward, ReflectionPad1d};
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::constant(tensor![[1.0, 2.0, 3.0]]);
    /// let y = ReflectionPad1d::uneven([(2, 1)]).forward(&x)?;
    /// assert_eq!(y.tensor(), &tensor![[3.0, 2.0, 1.0, 2.0, 3.0, 2.0]]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.nn.ReflectionPad1d`, `torch.nn.ReflectionPad2d`
    ReflectionPad, ReflectionPad1d, ReflectionPad2d, usize: |x, pairs| x.pad_reflect(pairs)
}

pad! {
    /// The first and the last element of each of the last N axes repeated: `1 1 [1 2 3] 3 3`.
    ///
    /// # Shape
    ///
    /// `[..., h, w] -> [..., top + h + bottom, left + w + right]`
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_nn::{Forward, ReplicationPad2d};
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::constant(tensor![[1.0, 2.0]]);
    /// let y = ReplicationPad2d::new(1).forward(&x)?;
    /// assert_eq!(y.tensor(), &tensor![[1.0, 1.0, 2.0, 2.0], [1.0, 1.0, 2.0, 2.0], [1.0, 1.0, 2.0, 2.0]]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.nn.ReplicationPad1d`, `torch.nn.ReplicationPad2d`
    ReplicationPad, ReplicationPad1d, ReplicationPad2d, usize: |x, pairs| x.pad_replicate(pairs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::module::Children;
    use gradlet_tensor::{Tensor, tensor};

    #[test]
    fn borders_count_from_the_last_axis() -> Result<()> {
        let x = Var::leaf(tensor![f64; [1.0, 2.0], [3.0, 4.0]]);
        let layer = ZeroPad2d::uneven([(1, 0), (0, -1)]);
        let y = layer.forward(&x)?;
        assert_eq!(y.tensor(), &tensor![f64; [0.0, 1.0, 2.0]]);
        let grads = y.backward_with(tensor![f64; [7.0, 8.0, 9.0]])?;
        assert_eq!(grads.wrt(&x), Some(&tensor![f64; [8.0, 9.0], [0.0, 0.0]]));
        assert_eq!(
            (layer.kind(), layer.describe().as_str()),
            ("ZeroPad2d", "1+0, 0+-1")
        );
        let y = ReplicationPad1d::uneven([(0, 2)]).forward(&x)?;
        assert_eq!(
            y.tensor(),
            &tensor![f64; [1.0, 2.0, 2.0, 2.0], [3.0, 4.0, 4.0, 4.0]]
        );
        let y = ReflectionPad2d::new(1).forward(&x)?;
        assert_eq!(y.to_vec()[..4], [4.0, 3.0, 4.0, 3.0]);
        let none = Var::constant(Tensor::zeros([0, 2, 3])?);
        assert_eq!(ReflectionPad1d::new(2).forward(&none)?.shape(), [0, 2, 7]);
        Ok(())
    }

    #[test]
    fn what_does_not_fit_names_the_layer() -> Result<()> {
        let x = Var::constant(Tensor::zeros([2, 3])?);
        let error = ReflectionPad1d::new(3).forward(&x).unwrap_err().to_string();
        assert!(error.starts_with("ReflectionPad1d(3): "), "{error}");
        let flat = Var::constant(Tensor::zeros([3])?);
        assert!(ZeroPad2d::new(1).forward(&flat).is_err());
        assert!(ZeroPad1d::new(-2).forward(&flat).is_err());
        Ok(())
    }
}
