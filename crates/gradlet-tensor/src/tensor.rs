//! [`Tensor`]: a value of many numbers, shared until it is written to.

use std::fmt;

use crate::element::Element;
use crate::error::{Error, ErrorKind, Result, raise};
use crate::shape::Layout;
use crate::shape::Shape;
use crate::storage::{Buffer, Shared};

/// A dense array of numbers with up to 8 axes: a value, cheap to clone, copied when a shared one is written to.
///
/// Views (reshape, transpose, narrow, broadcast) share the elements. The handle is one pointer wide; tensors of one
/// element keep it inline. Tensors are `Send + Sync`.
///
/// # Example
///
/// ```
/// # use gradlet_tensor::{Tensor, tensor};
/// # fn main() -> gradlet_tensor::Result<()> {
/// let x = tensor![[1.0, 2.0], [3.0, 4.0]];
/// assert_eq!(x.matmul(&x.t()?)?.to_vec(), [5.0, 11.0, 11.0, 25.0]);
/// # Ok(())
/// # }
/// ```
pub struct Tensor<T: Element = f32> {
    inner: Shared<Inner<T>>,
}

struct Inner<T: Element> {
    layout: Layout,
    storage: Storage<T>,
}

#[derive(Clone)]
enum Storage<T: Element> {
    /// One element, without a buffer.
    Inline(T),
    Heap(Buffer<T>),
}

impl<T: Element> Storage<T> {
    #[inline]
    fn as_slice(&self) -> &[T] {
        match self {
            Self::Inline(value) => std::slice::from_ref(value),
            Self::Heap(buffer) => buffer.as_slice(),
        }
    }
}

/// A function of its own, so that not every loop over elements contains a copy.
#[cold]
#[inline(never)]
#[track_caller]
pub(crate) fn too_large(shape: Shape, size_bytes: usize) -> Error {
    Error::new(ErrorKind::TooLarge { shape, size_bytes })
}

impl<T: Element> Tensor<T> {
    /// A function of its own, in which alone the layout is copied.
    #[inline(never)]
    fn with(layout: &Layout, storage: Storage<T>) -> Self {
        Self {
            inner: Shared::of(|| Inner {
                layout: *layout,
                storage,
            }),
        }
    }

    /// A tensor of this shape whose elements `fill` writes. It must write all of them: the memory holds old numbers.
    #[track_caller]
    #[inline]
    pub(crate) fn build(shape: Shape, fill: impl FnOnce(&mut [T])) -> Result<Self> {
        Self::build_in(Layout::contiguous(shape), fill)
    }

    /// As `build`, with the elements in the order of a dense layout that starts at offset 0.
    #[track_caller]
    #[inline]
    pub(crate) fn build_in(layout: Layout, fill: impl FnOnce(&mut [T])) -> Result<Self> {
        let len = layout.shape.numel();
        if len == 0 && !layout.shape.is_countable() {
            return Err(too_large(layout.shape, size_of::<T>()));
        }
        if len == 1 {
            let mut value = T::default();
            fill(std::slice::from_mut(&mut value));
            return Ok(Self::with(&layout, Storage::Inline(value)));
        }
        let Some(mut buffer) = Buffer::stale(len) else {
            return Err(too_large(layout.shape, size_of::<T>()));
        };
        if let Some(elements) = buffer.get_mut() {
            fill(elements);
        }
        Ok(Self::with(&layout, Storage::Heap(buffer)))
    }

    /// As `build_in`, for a shape no larger than that of an existing tensor.
    ///
    /// Panics if memory runs out, as a `Vec` would.
    #[track_caller]
    #[inline]
    pub(crate) fn build_like(layout: Layout, fill: impl FnOnce(&mut [T])) -> Self {
        Self::build_in(layout, fill).unwrap_or_else(|error| raise(&error))
    }

    /// A tensor of shape `[]` that holds this value.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::Tensor;
    /// let x = Tensor::scalar(2.5f32);
    /// assert_eq!((x.rank(), x.len()), (0, 1));
    /// ```
    #[inline]
    pub fn scalar(value: T) -> Self {
        Self::with(&Layout::contiguous(Shape::SCALAR), Storage::Inline(value))
    }

    #[inline]
    pub(crate) fn layout(&self) -> &Layout {
        &self.inner.layout
    }

    /// All numbers in the storage; `layout` says which of them are this tensor's elements.
    #[inline]
    pub(crate) fn storage(&self) -> &[T] {
        self.inner.storage.as_slice()
    }

    /// The layout of this tensor broadcast to a shape, with an error if the shape is too large for a tensor.
    #[track_caller]
    pub(crate) fn layout_broadcast_to(&self, shape: Shape) -> Result<Layout> {
        let layout = self.layout().broadcast_to(shape)?;
        if shape.is_countable() {
            return Ok(layout);
        }
        Err(too_large(shape, size_of::<T>()))
    }

    /// A tensor with the same storage and a different layout, which must stay inside the storage.
    #[inline]
    pub(crate) fn view(&self, layout: Layout) -> Self {
        Self::with(&layout, self.inner.storage.clone())
    }

    /// The sizes of the axes, outermost first; empty for a scalar.
    #[inline]
    pub fn shape(&self) -> &Shape {
        &self.inner.layout.shape
    }

    /// The number of axes.
    #[inline]
    pub fn rank(&self) -> usize {
        self.inner.layout.shape.rank()
    }

    /// The number of elements.
    #[inline]
    pub fn len(&self) -> usize {
        self.inner.layout.shape.numel()
    }

    /// The number of elements times the bytes of one: 4 for f32. A view shares the memory of the tensor it views; a
    /// broadcast view takes less memory than this.
    pub fn size_bytes(&self) -> usize {
        self.len() * size_of::<T>()
    }

    /// Whether there are no elements.
    pub fn is_empty(&self) -> bool {
        self.inner.layout.shape.numel() == 0
    }

    /// The size of one axis; a negative axis counts from the end.
    ///
    /// # Errors
    ///
    /// If the axis is outside `-rank..rank`.
    #[track_caller]
    pub fn size(&self, axis: isize) -> Result<usize> {
        let shape = *self.shape();
        Ok(shape[shape.axis_for("size", axis)?])
    }

    /// The elements in row-major order, if memory holds them in that order without gaps; `None` otherwise.
    ///
    /// New tensors are in row-major order; views may not be, nor the results of elementwise operations on transposed or
    /// broadcast tensors. [`contiguous`](Self::contiguous) gives a tensor that is.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = tensor![[1.0, 2.0], [3.0, 4.0]];
    /// assert_eq!(x.as_slice(), Some([1.0, 2.0, 3.0, 4.0].as_slice()));
    /// assert_eq!(x.t()?.as_slice(), None);
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    pub fn as_slice(&self) -> Option<&[T]> {
        let Layout {
            shape,
            offset,
            contiguous,
            ..
        } = &self.inner.layout;
        if *contiguous {
            self.storage().get(*offset..offset + shape.numel())
        } else {
            None
        }
    }

    /// The elements in the order of memory, if they lie there without gaps or repeats; `None` otherwise.
    #[inline]
    pub(crate) fn as_dense_slice(&self) -> Option<&[T]> {
        let layout = &self.inner.layout;
        if layout.is_dense() {
            self.storage()
                .get(layout.offset..layout.offset + layout.shape.numel())
        } else {
            None
        }
    }

    /// Whether no other tensor shares these elements, so that writing needs no copy.
    pub fn is_unshared(&self) -> bool {
        self.inner.is_unique()
            && match &self.inner.storage {
                Storage::Inline(_) => true,
                Storage::Heap(buffer) => buffer.is_unique(),
            }
    }

    /// The elements in row-major order, to write to; they are copied first if they are shared or not in that order.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// let mut x = tensor![1.0, 2.0];
    /// let before = x.clone(); // shares the elements
    /// x.make_mut_slice()[0] = 5.0; // copies them first
    /// assert_eq!((x.to_vec(), before.to_vec()), (vec![5.0, 2.0], vec![1.0, 2.0]));
    /// ```
    #[inline]
    pub fn make_mut_slice(&mut self) -> &mut [T] {
        if !(self.is_unshared() && self.inner.layout.contiguous) {
            *self = self.to_owned_copy();
        }
        self.try_mut().unwrap_or_default()
    }

    /// The elements in row-major order, to write to; `None` if that would need a copy.
    #[inline]
    pub(crate) fn try_mut(&mut self) -> Option<&mut [T]> {
        let Inner { layout, storage } = self.inner.get_mut()?;
        if !layout.contiguous {
            return None;
        }
        match storage {
            // A view without elements may share the one element's storage.
            Storage::Inline(value) => std::slice::from_mut(value).get_mut(..layout.shape.numel()),
            Storage::Heap(buffer) => buffer
                .get_mut()?
                .get_mut(layout.offset..layout.offset + layout.shape.numel()),
        }
    }
}

impl<T: Element> Clone for Tensor<T> {
    /// A second handle on the same elements.
    #[inline]
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
        }
    }
}

/// Tensors are equal if their shapes and all their elements are (so a NaN equals nothing).
impl<T: Element> PartialEq for Tensor<T> {
    fn eq(&self, other: &Self) -> bool {
        self.shape() == other.shape() && self.iter().eq(other.iter())
    }
}

impl<T: Element> fmt::Debug for Tensor<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tensor<{}>{}({self})", T::NAME, *self.shape())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor;

    #[test]
    fn the_handle_is_one_pointer_and_crosses_threads() {
        fn crosses<X: Send + Sync>() {}
        crosses::<Tensor<f64>>();
        assert_eq!(size_of::<Option<Tensor>>(), size_of::<usize>());
    }

    #[test]
    fn writing_to_a_clone_leaves_the_original() {
        let original = tensor![1.0, 2.0, 3.0];
        let mut copy = original.clone();
        assert!(!copy.is_unshared());
        copy.make_mut_slice()[0] = 9.0;
        assert_eq!(original.to_vec(), [1.0, 2.0, 3.0]);
        assert_eq!(copy.to_vec(), [9.0, 2.0, 3.0]);
        assert!(copy.is_unshared() && original.is_unshared());
    }

    #[test]
    fn writing_to_an_unshared_tensor_stays_in_place() {
        let mut x = tensor![1.0, 2.0];
        let before = x.as_slice().map(<[f32]>::as_ptr);
        x.make_mut_slice()[1] = 5.0;
        assert_eq!(x.as_slice().map(<[f32]>::as_ptr), before);
    }

    #[test]
    fn writing_through_a_view_copies_it_and_leaves_its_base() -> Result<()> {
        let base = tensor![[1.0, 2.0], [3.0, 4.0]];
        let mut column = base.select(1, 1)?;
        column.make_mut_slice().fill(0.0);
        assert_eq!(base.to_vec(), [1.0, 2.0, 3.0, 4.0]);
        assert_eq!(column.to_vec(), [0.0, 0.0]);
        Ok(())
    }

    #[test]
    fn one_element_and_none_are_told_apart() -> Result<()> {
        assert_eq!(Tensor::scalar(2.5).item()?, 2.5);
        assert_eq!(tensor![[3.0]].item()?, 3.0);
        assert!(tensor![1.0, 2.0].item().is_err());
        assert!(Tensor::zeros([0])?.item().is_err());
        assert_eq!(Tensor::zeros([0, 3])?.to_vec(), []);
        Ok(())
    }

    #[test]
    fn a_view_without_elements_of_one_element_is_written_to_as_such() -> Result<()> {
        let mut none = Tensor::scalar(1.0f32).broadcast_to([0])?;
        assert_eq!(none.make_mut_slice(), []);
        none.add_assign(&Tensor::zeros([0])?)?;
        assert_eq!(none.shape(), [0]);
        Ok(())
    }

    #[test]
    fn shapes_without_elements_are_limited_too() -> Result<()> {
        let none = Tensor::zeros([0, 1 << 59])?;
        assert_eq!(none.t()?.shape(), [1 << 59, 0]);
        for error in [
            Tensor::zeros([0, usize::MAX]),
            none.reshape([1 << 30, 0, 1 << 30]),
            none.unsqueeze(0)?.broadcast_to([2, 0, 1 << 59]),
            tensor![1.0].broadcast_to([1 << 60]),
            tensor![[1.0]]
                .broadcast_to([1, 1 << 40])?
                .add(&tensor![[1.0]].broadcast_to([1 << 40, 1])?),
        ] {
            let error = error.unwrap_err();
            assert!(
                matches!(error.kind(), ErrorKind::TooLarge { .. }),
                "{error}"
            );
            assert!(error.location().file().ends_with("tensor.rs"), "{error}");
        }
        let message = Tensor::zeros([0, 1 << 60]).unwrap_err().to_string();
        assert!(message.starts_with("shape [0, 1152921504606846976] is too large: its other sizes multiply to more than can be counted (at "), "{message}");
        Ok(())
    }
}
