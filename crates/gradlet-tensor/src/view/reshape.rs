//! Axes merged, split, dropped and repeated: what becomes of a shape, and of a tensor with it.

use crate::element::Element;
use crate::error::Result;
use crate::tensor::Tensor;
use crate::view::shapes;

impl<T: Element> Tensor<T> {
    /// Without those of the axes that have size 1. A view.
    ///
    /// # Shape
    ///
    /// `squeeze_axes(&[0, 1])`: `[1, 3, 1] -> [3, 1]`
    ///
    /// # Errors
    ///
    /// An axis out of range, or named twice.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::Tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Tensor::zeros([1, 3, 1])?;
    /// assert_eq!(x.squeeze_axes(&[0, -1])?.shape(), [3]);
    /// assert_eq!(x.squeeze_axes(&[0, 1])?.shape(), [3, 1]); // 3 is not 1: it stays
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn squeeze_axes(&self, axes: &[isize]) -> Result<Self> {
        self.reshape(shapes::squeezed(&self.dims(), axes)?)
    }

    /// Without all axes of size 1. A view.
    ///
    /// # Shape
    ///
    /// `[1, a, 1, b] -> [a, b]`
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// assert_eq!(tensor![[[1.0], [2.0]]].squeeze_all().to_vec(), [1.0, 2.0]);
    /// assert_eq!(tensor![[5.0]].squeeze_all().rank(), 0);
    /// ```
    ///
    /// # Source
    ///
    /// `torch.squeeze` without a `dim`
    pub fn squeeze_all(&self) -> Self {
        let axes: Vec<isize> = (0..self.rank() as isize).collect();
        match self.squeeze_axes(&axes) {
            Ok(squeezed) => squeezed,
            Err(error) => crate::error::raise(&error),
        }
    }

    /// The axes from `start` to `end`, both included, merged into one; copies only where strides do not allow a view.
    ///
    /// # Shape
    ///
    /// `flatten_axes(1, 2)`: `[n, c, h, w] -> [n, c * h, w]`; `[] -> [1]`
    ///
    /// # Errors
    ///
    /// An axis out of range, an end before the start, or a broadcast view of more elements than memory holds a copy of.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::Tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Tensor::zeros([8, 3, 4, 4])?;
    /// assert_eq!(x.flatten_axes(1, 2)?.shape(), [8, 12, 4]);
    /// assert_eq!(x.flatten_axes(-2, -1)?.shape(), [8, 3, 16]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.flatten`
    #[track_caller]
    pub fn flatten_axes(&self, start: isize, end: isize) -> Result<Self> {
        self.reshape(shapes::flattened(&self.dims(), start, end)?)
    }

    /// An axis split into several of the given sizes. A view.
    ///
    /// # Shape
    ///
    /// `unflatten(1, &[3, 4])`: `[n, 12] -> [n, 3, 4]`
    ///
    /// # Errors
    ///
    /// An axis out of range, sizes whose product is another than the axis', none, or more than eight axes.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = tensor![[1.0, 2.0, 3.0, 4.0]];
    /// assert_eq!(x.unflatten(1, &[2, 2])?, tensor![[[1.0, 2.0], [3.0, 4.0]]]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.unflatten`, without a size of -1
    #[track_caller]
    pub fn unflatten(&self, axis: isize, sizes: &[usize]) -> Result<Self> {
        self.reshape(shapes::unflattened(&self.dims(), axis, sizes)?)
    }

    /// Repeated along axes of size 1 and new leading axes; -1 keeps a size. A view.
    ///
    /// # Shape
    ///
    /// `expand(&[-1, 3])`: `[n, 1] -> [n, 3]`; `expand(&[4, -1, -1])`: `[n, m] -> [4, n, m]`
    ///
    /// # Errors
    ///
    /// Fewer sizes than axes, another size for an axis whose size is not 1, a size below -1, or -1 for a new axis.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = tensor![[1.0], [2.0]];
    /// assert_eq!(x.expand(&[-1, 3])?.to_vec(), [1.0, 1.0, 1.0, 2.0, 2.0, 2.0]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.Tensor.expand`
    #[track_caller]
    pub fn expand(&self, sizes: &[isize]) -> Result<Self> {
        self.broadcast_to(shapes::expanded(&self.dims(), sizes)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    fn zeros(shape: &[usize]) -> Result<Tensor> {
        Tensor::zeros(shape)
    }

    #[test]
    fn squeezing_drops_only_chosen_axes_of_size_one() -> Result<()> {
        let x = zeros(&[5, 1, 4, 1])?;
        assert_eq!(x.squeeze_axes(&[1, -1])?.shape(), [5, 4]);
        assert_eq!(x.squeeze_axes(&[0, 1])?.shape(), [5, 4, 1]);
        assert_eq!(x.squeeze_axes(&[])?.shape(), [5, 1, 4, 1]);
        assert_eq!(x.squeeze_all().shape(), [5, 4]);
        assert_eq!(zeros(&[0, 1])?.squeeze_all().shape(), [0]);
        assert_eq!(zeros(&[])?.squeeze_axes(&[-1])?.shape(), [0; 0]);
        assert!(matches!(
            x.squeeze_axes(&[1, -3]).unwrap_err().kind(),
            ErrorKind::AxisRepeated { axis: 1, .. }
        ));
        assert!(x.squeeze_axes(&[4]).is_err());
        Ok(())
    }

    #[test]
    fn axes_merge_and_split() -> Result<()> {
        let x = Tensor::arange(0.0, 24.0, 1.0)?.reshape([2, 3, 4])?;
        assert_eq!(x.flatten_axes(0, 1)?.shape(), [6, 4]);
        assert_eq!(x.flatten_axes(-2, -1)?.shape(), [2, 12]);
        assert_eq!(x.flatten_axes(1, 1)?.shape(), [2, 3, 4]);
        assert_eq!(
            x.transpose(0, 1)?
                .flatten_axes(0, 1)?
                .narrow(0, 1, 1)?
                .to_vec(),
            [12.0, 13.0, 14.0, 15.0]
        );
        assert_eq!(zeros(&[])?.flatten_axes(0, -1)?.shape(), [1]);
        assert_eq!(x.unflatten(-1, &[2, 1, 2])?.shape(), [2, 3, 2, 1, 2]);
        assert_eq!(zeros(&[3, 0])?.unflatten(1, &[0, 5])?.shape(), [3, 0, 5]);
        Ok(())
    }

    #[test]
    fn wrong_splits_and_merges_are_errors() -> Result<()> {
        let x = zeros(&[2, 3, 4])?;
        for error in [
            x.flatten_axes(2, 1),
            x.unflatten(1, &[2, 2]),
            x.unflatten(1, &[usize::MAX, 3]),
            zeros(&[0, 6])?.unflatten(1, &[4, 2]),
            zeros(&[1])?.unflatten(0, &[]),
        ] {
            let error = error.unwrap_err();
            assert!(
                matches!(error.kind(), ErrorKind::OutOfRange { .. }),
                "{error}"
            );
        }
        assert!(x.flatten_axes(0, 3).is_err() && x.unflatten(3, &[4]).is_err());
        assert!(matches!(
            x.unflatten(0, &[1, 1, 1, 1, 1, 1, 2]).unwrap_err().kind(),
            ErrorKind::TooManyAxes { .. }
        ));
        Ok(())
    }

    #[test]
    fn expanding_keeps_sizes_and_adds_axes_in_front() -> Result<()> {
        let x = zeros(&[3, 1])?;
        assert_eq!(x.expand(&[-1, 4])?.shape(), [3, 4]);
        assert_eq!(x.expand(&[2, 3, -1])?.shape(), [2, 3, 1]);
        assert_eq!(x.expand(&[3, 0])?.shape(), [3, 0]);
        assert_eq!(zeros(&[])?.expand(&[])?.shape(), [0; 0]);
        for sizes in [&[-1, 3, 1][..], &[3, -2], &[isize::MIN, 1]] {
            let error = x.expand(sizes).unwrap_err();
            assert!(
                matches!(error.kind(), ErrorKind::OutOfRange { .. }),
                "{error}"
            );
        }
        assert!(matches!(
            x.expand(&[2, 1]).unwrap_err().kind(),
            ErrorKind::Broadcast { op: "expand", .. }
        ));
        assert!(matches!(
            x.expand(&[1, 1]).unwrap_err().kind(),
            ErrorKind::ShapeMismatch { .. }
        ));
        assert!(matches!(
            x.expand(&[3]).unwrap_err().kind(),
            ErrorKind::Rank { .. }
        ));
        Ok(())
    }
}
