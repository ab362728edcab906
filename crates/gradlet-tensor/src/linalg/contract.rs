//! [`Contract`]: what `einsum` needs of its operands.

use crate::element::Float;
use crate::error::Result;
use crate::tensor::Tensor;

/// The operations that [`einsum`](crate::einsum) needs of its operands: tensors, and the autograd crate's Vars. It is not part of the
/// public interface.
#[doc(hidden)]
pub trait Contract: Clone {
    /// The sizes of the axes.
    fn sizes(&self) -> &[usize];
    /// The axes in a different order.
    ///
    /// # Errors
    ///
    /// If `axes` does not name each axis exactly once.
    #[track_caller]
    fn permuted(&self, axes: &[isize]) -> Result<Self>;
    /// The same elements in a different shape.
    ///
    /// # Errors
    ///
    /// If the numbers of elements differ.
    #[track_caller]
    fn reshaped(&self, sizes: &[usize]) -> Result<Self>;
    /// The sum over axes, which go away.
    ///
    /// # Errors
    ///
    /// If an axis is out of range or named twice.
    #[track_caller]
    fn summed(&self, axes: &[isize]) -> Result<Self>;
    /// The slices along the first axis that the indices name.
    ///
    /// # Errors
    ///
    /// If an index is out of range.
    #[track_caller]
    fn picked(&self, indices: &Tensor<i64>) -> Result<Self>;
    /// `[b, m, k] x [b, k, n] -> [b, m, n]`
    ///
    /// # Errors
    ///
    /// If the sizes do not fit.
    #[track_caller]
    fn multiplied(&self, rhs: &Self) -> Result<Self>;
    /// The elementwise product, after broadcasting.
    ///
    /// # Errors
    ///
    /// If the shapes do not broadcast.
    #[track_caller]
    fn scaled(&self, rhs: &Self) -> Result<Self>;
}

impl<T: Float> Contract for Tensor<T> {
    fn sizes(&self) -> &[usize] {
        self.shape()
    }

    fn permuted(&self, axes: &[isize]) -> Result<Self> {
        self.permute(axes)
    }

    fn reshaped(&self, sizes: &[usize]) -> Result<Self> {
        self.reshape(sizes)
    }

    fn summed(&self, axes: &[isize]) -> Result<Self> {
        self.sum(axes)
    }

    fn picked(&self, indices: &Tensor<i64>) -> Result<Self> {
        self.index_select(0, indices)
    }

    fn multiplied(&self, rhs: &Self) -> Result<Self> {
        self.matmul(rhs)
    }

    fn scaled(&self, rhs: &Self) -> Result<Self> {
        self.mul(rhs)
    }
}
