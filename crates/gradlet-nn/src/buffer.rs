//! [`Buffer`]: a tensor that a model owns and that is not trained.

use std::any::{Any, type_name};
use std::fmt;
use std::mem;
use std::sync::{Mutex, PoisonError, RwLock};

use gradlet_autograd::{Result, replayable};
use gradlet_tensor::{Element, Shape, Tensor};

use crate::module::{Children, Leaf, LeafMut, Module, Name};

/// A tensor that belongs to a model's state but is not trained, such as a running mean.
///
/// `forward` may change it, although it takes `&self`: [`set`](Buffer::set) and [`update`](Buffer::update) replace the
/// whole tensor, so that other threads read the old one or the new one and never a mixture. A clone has the same tensor
/// and is independent afterwards.
///
/// In a [`checkpoint`](gradlet_autograd::checkpoint), which runs a function again in the backward pass, the second run
/// reads what the first one read and changes nothing.
///
/// # Example
///
/// ```
/// use gradlet_autograd::{Result, Var};
/// use gradlet_nn::{Buffer, Forward, Mode, Module};
/// use gradlet_tensor::{Tensor, tensor};
///
/// /// Subtracts the mean of each feature: that of the batch in training, the running mean otherwise.
/// #[derive(Clone, Module)]
/// # #[module(crate = gradlet_nn)]
/// struct Center {
///     mean: Buffer,
///     mode: Mode,
/// }
///
/// impl Forward for Center {
///     fn forward(&self, x: &Var) -> Result<Var> {
///         if self.mode != Mode::Train {
///             return x.sub(&Var::constant(self.mean.tensor()));
///         }
///         let mean = x.mean(0)?;
///         self.mean.update(|old| old.mul_scalar(0.75).add(&mean.tensor().mul_scalar(0.25)))?;
///         x.sub(&mean)
///     }
/// }
///
/// let mut model = Center { mean: Buffer::new(Tensor::zeros([2])?), mode: Mode::Train };
/// let x = Var::constant(tensor![[1.0, 2.0], [3.0, 6.0]]);
/// assert_eq!(model.forward(&x)?.to_vec(), [-1.0, -2.0, 1.0, 2.0]);
/// model.eval();
/// assert_eq!(model.forward(&x)?.to_vec(), [0.5, 1.0, 2.5, 5.0]);
/// assert_eq!(model.named_buffers()[0].0, "mean");
/// # Ok::<(), gradlet_tensor::Error>(())
/// ```
pub struct Buffer<T: Element = f32> {
    tensor: RwLock<Tensor<T>>,
    /// Held from the reading to the writing of a change. Readers do not wait for it.
    changing: Mutex<()>,
}

// A lock that a panic poisoned is taken all the same: the tensor is replaced as a whole, so it is never half written.
impl<T: Element> Buffer<T> {
    /// A buffer that holds `tensor`.
    pub fn new(tensor: Tensor<T>) -> Self {
        Self {
            tensor: RwLock::new(tensor),
            changing: Mutex::new(()),
        }
    }

    /// The tensor as it is now; later changes do not reach it. It shares its memory, so nothing is copied.
    pub fn tensor(&self) -> Tensor<T> {
        replayable(|| self.read(Tensor::clone))
    }

    /// The tensor, to be changed in place.
    pub fn tensor_mut(&mut self) -> &mut Tensor<T> {
        self.tensor
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Replaces the tensor with one of the same shape.
    ///
    /// # Errors
    ///
    /// If the shapes differ; the old tensor stays.
    #[track_caller]
    pub fn set(&self, tensor: Tensor<T>) -> Result<()> {
        let _changing = self.changing.lock();
        self.replace(tensor)
    }

    /// Replaces the tensor with what `f` makes of it.
    ///
    /// No change on a different thread comes in between, so none is lost. `f` may read this buffer, but must not change
    /// it: it would wait for itself.
    ///
    /// # Errors
    ///
    /// If `f` returns one, or its result has a different shape; the old tensor stays, as it does if `f` panics.
    #[track_caller]
    pub fn update(&self, f: impl FnOnce(&Tensor<T>) -> Result<Tensor<T>>) -> Result<()> {
        let _changing = self.changing.lock();
        self.replace(f(&self.tensor())?)
    }

    /// The size of each axis.
    pub fn shape(&self) -> Shape {
        self.read(|tensor| *tensor.shape())
    }

    fn read<R>(&self, f: impl FnOnce(&Tensor<T>) -> R) -> R {
        f(&self.tensor.read().unwrap_or_else(PoisonError::into_inner))
    }

    #[track_caller]
    fn replace(&self, tensor: Tensor<T>) -> Result<()> {
        tensor.expect_shape("buffer", self.shape())?;
        replayable(|| {
            let mut place = self.tensor.write().unwrap_or_else(PoisonError::into_inner);
            let old = mem::replace(&mut *place, tensor);
            // Readers need not wait until its memory is freed.
            drop(place);
            drop(old);
        });
        Ok(())
    }
}

impl<T: Element> Clone for Buffer<T> {
    fn clone(&self) -> Self {
        Self::new(self.read(Tensor::clone))
    }
}

impl<T: Element> From<Tensor<T>> for Buffer<T> {
    fn from(tensor: Tensor<T>) -> Self {
        Self::new(tensor)
    }
}

/// Shows the shape instead of the numbers, as for [`Parameter`](crate::Parameter).
impl<T: Element> fmt::Debug for Buffer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Buffer")
            .field("shape", &format_args!("{:?}", self.shape()))
            .finish_non_exhaustive()
    }
}

#[diagnostic::do_not_recommend]
impl<T: Element> Children for Buffer<T> {
    fn children<'a>(&'a self, _visit: &mut dyn FnMut(Name<'a>, &'a dyn Module)) {}

    fn children_mut<'a>(&'a mut self, _visit: &mut dyn FnMut(Name<'a>, &'a mut dyn Module)) {}

    fn as_leaf(&self) -> Leaf<'_> {
        Leaf::Buffer(self)
    }

    fn as_leaf_mut(&mut self) -> LeafMut<'_> {
        LeafMut::Buffer(self)
    }
}

/// A [`Buffer`] of any element type, as visitors of a [`Module`] see it.
pub trait AnyBuffer: Any + fmt::Debug + Send + Sync {
    /// The size of each axis.
    fn shape(&self) -> Shape;

    /// The number of elements.
    fn len(&self) -> usize {
        self.shape().numel()
    }

    /// Whether it has no elements.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The element type's name: `f32`, `i64`, ...
    fn element(&self) -> &'static str;

    /// The buffer as `Any`, for a downcast to `Buffer<T>`.
    fn as_any(&self) -> &dyn Any;

    /// The buffer as `Any`, mutably, for a downcast to `Buffer<T>`.
    fn as_any_mut(&mut self) -> &mut dyn Any;
}

impl<T: Element> AnyBuffer for Buffer<T> {
    fn shape(&self) -> Shape {
        self.shape()
    }

    fn element(&self) -> &'static str {
        type_name::<T>()
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn as_any_mut(&mut self) -> &mut dyn Any {
        self
    }
}

impl dyn AnyBuffer + '_ {
    /// The buffer, if its elements are `T`.
    pub fn downcast_ref<T: Element>(&self) -> Option<&Buffer<T>> {
        self.as_any().downcast_ref()
    }

    /// The buffer, mutably, if its elements are `T`.
    pub fn downcast_mut<T: Element>(&mut self) -> Option<&mut Buffer<T>> {
        self.as_any_mut().downcast_mut()
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::rc::Rc;
    use std::thread;

    use super::*;
    use crate::{Forward, checkpoint_module};
    use gradlet_autograd::{Var, checkpoint};
    use gradlet_tensor::tensor;

    /// Scales by what its buffer holds after a step of 0.2 towards 1.
    #[derive(Clone, Module)]
    struct Scale(Buffer<f64>);

    impl Forward<f64> for Scale {
        fn forward(&self, x: &Var<f64>) -> Result<Var<f64>> {
            self.0
                .update(|old| Ok(old.map(|old| old + 0.2 * (1.0 - old))))?;
            x.mul(&Var::constant(self.0.tensor()))
        }
    }

    fn value(buffer: &Buffer<f64>) -> f64 {
        buffer.tensor().to_vec()[0]
    }

    #[test]
    fn a_checkpoint_changes_it_once_and_reads_the_same_again() -> Result<()> {
        let layer = Rc::new(Scale(Buffer::new(tensor![f64; 0.0])));
        let x = Var::leaf(tensor![f64; 3.0]);
        let kept = Rc::clone(&layer);
        let y = checkpoint(move |x| kept.forward(&x[0]), &[&x])?;
        let z = checkpoint_module(&*layer, &x)?;
        assert!((value(&layer.0) - 0.36).abs() < 1e-15);
        let grads = (y + &z).backward()?;
        // Two steps are 0.2 and 0.2 + 0.2 * 0.8, and the second run of each takes its own.
        assert_eq!(
            grads.wrt(&x).map(Tensor::to_vec),
            Some(vec![0.2 + value(&layer.0)])
        );
        assert!((value(&layer.0) - 0.36).abs() < 1e-15);
        layer.forward(&x)?;
        assert!((value(&layer.0) - 0.488).abs() < 1e-15);
        Ok(())
    }

    #[test]
    fn readers_see_whole_tensors_and_no_change_is_lost() -> Result<()> {
        let counts = Buffer::new(Tensor::<i64>::zeros_of([1000])?);
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    for _ in 0..200 {
                        counts.update(|old| Ok(old.map(|old| old + 1))).unwrap();
                    }
                });
            }
            for _ in 0..400 {
                let seen = counts.tensor().to_vec();
                assert!(seen.iter().all(|&count| count == seen[0]));
            }
        });
        assert_eq!(counts.tensor().to_vec(), [400; 1000]);
        Ok(())
    }

    #[test]
    fn a_clone_is_independent() -> Result<()> {
        let mut mean = Buffer::new(tensor![f64; 1.0]);
        let (before, copy) = (mean.tensor(), mean.clone());
        copy.set(tensor![f64; 2.0])?;
        mean.tensor_mut().make_mut_slice().fill(3.0);
        assert_eq!((value(&mean), value(&copy)), (3.0, 2.0));
        assert_eq!(before.to_vec(), [1.0]);
        Ok(())
    }

    #[test]
    fn errors_and_panics_keep_the_old_tensor() -> Result<()> {
        let mean = Buffer::new(tensor![f64; 1.0]);
        let (line, error) = (line!(), mean.set(tensor![f64; 1.0, 2.0]).unwrap_err());
        let expected = format!(
            "buffer: shapes differ: expected [1], got [2] (at {}:{line})",
            file!()
        );
        assert_eq!(error.to_string(), expected);
        assert!(mean.update(|old| old.unsqueeze(0)).is_err());
        assert!(mean.update(|old| old.reshape([5])).is_err());
        let panics = || mean.update(|_| panic!("on purpose"));
        assert!(catch_unwind(AssertUnwindSafe(panics)).is_err());
        assert_eq!(value(&mean), 1.0);
        mean.update(|old| old.add(&mean.tensor()))?;
        assert_eq!(value(&mean), 2.0);
        Ok(())
    }

    #[test]
    fn a_visitor_downcasts_to_the_right_element_type_only() {
        fn crosses<T: Send + Sync>() {}
        crosses::<Buffer<bool>>();
        let mut counts = Buffer::new(Tensor::<i64>::zeros_of([5]).unwrap());
        assert_eq!(format!("{counts:?}"), "Buffer { shape: [5], .. }");
        let any: &mut dyn AnyBuffer = &mut counts;
        assert_eq!(
            (any.shape(), any.len(), any.element()),
            (Shape::from([5]), 5, "i64")
        );
        assert!(any.downcast_ref::<f32>().is_none());
        assert!(any.downcast_mut::<i64>().is_some());
    }
}
