//! [`Var`]: a tensor with a history.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use gradlet_tensor::{Float, Result, Shape, Tensor};

use crate::record::{History, Origin};

/// A tensor that remembers how it was computed, so that gradients can flow back through it.
///
/// A constant has no history. A leaf is a Var that gradients are computed for; everything computed from a leaf is
/// tracked, unless recording is off. Clones are cheap. A graph belongs to the thread that recorded it, so a `Var` is
/// not `Send`.
///
/// # Example
///
/// ```
/// # use gradlet_autograd::Var;
/// # use gradlet_tensor::tensor;
/// # fn main() -> gradlet_tensor::Result<()> {
/// let x = Var::leaf(tensor![1.0, 2.0, 3.0]);
/// let loss = x.powi(2).sum(..)?;
/// let grads = loss.backward()?;
/// assert_eq!(grads.wrt(&x).map(|g| g.to_vec()), Some(vec![2.0, 4.0, 6.0]));
/// # Ok(())
/// # }
/// ```
pub struct Var<T: Float = f32> {
    pub(crate) tensor: Tensor<T>,
    pub(crate) history: History<T>,
}

/// The name of a leaf, under which its gradient is found; unique in this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LeafId(u64);

impl LeafId {
    /// A name that no leaf has yet.
    pub fn fresh() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

impl<T: Float> Var<T> {
    /// A Var without a history, which gets no gradient.
    #[inline]
    pub fn constant(tensor: Tensor<T>) -> Self {
        Self {
            tensor,
            history: History::CONSTANT,
        }
    }

    /// A new leaf: a Var that gets a gradient.
    pub fn leaf(tensor: Tensor<T>) -> Self {
        Self::with_id(tensor, LeafId::fresh())
    }

    /// A leaf with a given name: a parameter keeps its name from step to step.
    #[inline]
    pub fn with_id(tensor: Tensor<T>, id: LeafId) -> Self {
        Self {
            tensor,
            history: History::leaf(id),
        }
    }

    /// The value.
    #[inline]
    pub fn tensor(&self) -> &Tensor<T> {
        &self.tensor
    }

    /// The value, without the history.
    #[inline]
    pub fn into_tensor(self) -> Tensor<T> {
        self.tensor
    }

    /// The sizes of the axes, outermost first.
    #[inline]
    pub fn shape(&self) -> &Shape {
        self.tensor.shape()
    }

    /// The number of axes.
    #[inline]
    pub fn rank(&self) -> usize {
        self.tensor.rank()
    }

    /// The number of elements.
    #[inline]
    pub fn len(&self) -> usize {
        self.tensor.len()
    }

    /// Whether there are no elements.
    pub fn is_empty(&self) -> bool {
        self.tensor.is_empty()
    }

    /// The elements in row-major order.
    pub fn to_vec(&self) -> Vec<T> {
        self.tensor.to_vec()
    }

    /// The value of a Var of one element.
    ///
    /// # Errors
    ///
    /// If this does not have exactly one element.
    #[track_caller]
    pub fn item(&self) -> Result<T> {
        self.tensor.item()
    }

    /// Whether a gradient can flow into this.
    #[inline]
    pub fn is_tracked(&self) -> bool {
        self.history.is_tracked()
    }

    /// The name under which the gradient of this leaf is found; `None` if this is not a leaf.
    pub fn leaf_id(&self) -> Option<LeafId> {
        match self.history.origin() {
            Origin::Leaf(id) => Some(*id),
            _ => None,
        }
    }

    /// The same value without a history: gradients stop here.
    #[inline]
    pub fn detach(&self) -> Self {
        Self::constant(self.tensor.clone())
    }
}

impl<T: Float> Clone for Var<T> {
    /// A second handle to the same value and history.
    #[inline]
    fn clone(&self) -> Self {
        Self {
            tensor: self.tensor.clone(),
            history: self.history.clone(),
        }
    }
}

impl<T: Float> From<Tensor<T>> for Var<T> {
    /// A constant.
    fn from(tensor: Tensor<T>) -> Self {
        Self::constant(tensor)
    }
}

impl<T: Float> fmt::Display for Var<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.tensor, f)
    }
}

impl<T: Float> fmt::Debug for Var<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Var({:?}, {:?})", self.tensor, self.history)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gradlet_tensor::tensor;

    #[test]
    fn a_var_is_four_words() {
        assert_eq!(size_of::<Var>(), 4 * size_of::<usize>());
    }

    #[test]
    fn only_leaves_and_what_they_lead_to_are_tracked() {
        let (x, c) = (Var::leaf(tensor![1.0]), Var::constant(tensor![2.0]));
        assert!(x.is_tracked() && (&x * &c).is_tracked());
        assert!(!c.is_tracked() && !(&c + &c).is_tracked() && !(&x + &c).detach().is_tracked());
        assert_ne!(x.leaf_id(), Var::leaf(tensor![1.0]).leaf_id());
        assert_eq!((&x * 2.0).leaf_id(), None);
    }

    #[test]
    fn printing_shows_the_value_and_debugging_the_history() {
        let x = Var::leaf(tensor![1.0]);
        assert_eq!(x.to_string(), "[1.]");
        assert_eq!(
            format!("{:?}", &x * 2.0),
            "Var(Tensor<f32>[1]([2.]), MulScalar { factor: 2.0 })"
        );
        assert!(format!("{x:?}").ends_with(", leaf)"));
    }
}
