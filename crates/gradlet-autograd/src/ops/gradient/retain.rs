//! The identity; its gradient is kept with the gradients of the leaves.

use gradlet_tensor::{Float, Result, Tensor};

use crate::op::{Fixed, Op, Want};
use crate::operators::infallible;
use crate::record::Origin;
use crate::saves::Nothing;
use crate::var::{LeafId, Var};

/// y = x + tap, where the tap is a leaf that is always 0 and so never added
#[derive(Debug)]
pub(crate) struct Retain {
    tap: LeafId,
}

impl<T: Float> Op<T> for Retain {
    type Arity = Fixed<2>;
    type Saves = Nothing;

    fn forward(&self, [x, _]: [&Tensor<T>; 2]) -> Result<Tensor<T>> {
        Ok(x.clone())
    }

    /// dx = g, dtap = g
    fn backward(&self, g: Var<T>, ((), _): ((), [Want; 2])) -> Result<[Option<Var<T>>; 2]> {
        Ok([Some(g.clone()), Some(g)])
    }
}

impl<T: Float> Var<T> {
    /// The same value; [`backward`](Var::backward) returns its gradient too, as if it were a leaf:
    /// [`grads.wrt(&h)`](crate::Gradients::wrt).
    ///
    /// It is an entry of [`Gradients`](crate::Gradients) like any other: a sum over all of them, such as a norm,
    /// includes it.
    ///
    /// A leaf, a constant and a retained value come back as they are; while recording is off, everything else comes
    /// back as a constant.
    ///
    /// # Shape
    ///
    /// `[...] -> [...]`
    ///
    /// # Gradient
    ///
    /// `g`; nothing is saved. A kept handle keeps the graph below it: to have the graph freed during the walk, keep
    /// only the [`retained_id`](Var::retained_id).
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::leaf(tensor![1.0, 2.0]);
    /// let h = (&x * 3.0).retain();
    /// let grads = h.powi(2).sum(..)?.backward()?;
    /// assert_eq!(grads.wrt(&h).map(|g| g.to_vec()), Some(vec![6.0, 12.0]));
    /// assert_eq!(grads.wrt(&x).map(|g| g.to_vec()), Some(vec![18.0, 36.0]));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.Tensor.retain_grad`, except that it returns a new handle.
    #[must_use = "the retained value is the Var that comes back"]
    pub fn retain(&self) -> Self {
        if !self.is_tracked() || self.leaf_id().or_else(|| self.retained_id()).is_some() {
            return self.clone();
        }
        let tap = LeafId::fresh();
        infallible(Retain { tap }.apply([self, &Self::with_id(self.tensor.clone(), tap)]))
    }

    /// The name under which [`Gradients`](crate::Gradients) has the gradient of this [retained](Var::retain) value;
    /// `None` if it is not one.
    pub fn retained_id(&self) -> Option<LeafId> {
        match self.history.origin() {
            Origin::Node(node) => Some(node.op().downcast_ref::<Retain>()?.tap),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::gradcheck_everywhere;
    use crate::{CreateGraph, grad, no_grad};
    use gradlet_tensor::tensor;

    #[test]
    fn gradients_agree_with_finite_differences() {
        gradcheck_everywhere(|x| x, |x| Ok(x.powi(2).retain().powi(2)));
    }

    #[test]
    fn gradients_of_intermediate_values_are_complete() -> Result<()> {
        let x = Var::leaf(tensor![1.0, 2.0]);
        let h = (&x * 2.0).retain();
        let last = (h.powi(2) + &h).retain();
        let other = (&x + 1.0).retain();
        let grads = last.clone().backward_with(tensor![1.0, 10.0])?;
        let of = |x: &Var| grads.wrt(x).map(Tensor::to_vec);
        assert_eq!(of(&h), Some(vec![5.0, 90.0]));
        assert_eq!(of(&last), Some(vec![1.0, 10.0]));
        assert_eq!(of(&x), Some(vec![10.0, 180.0]));
        assert_eq!((of(&other), grads.len()), (None, 3));
        Ok(())
    }

    #[test]
    fn what_needs_no_mark_comes_back_as_it_is() {
        let x = Var::leaf(tensor![1.0]);
        assert_eq!((x.retain().leaf_id(), x.retained_id()), (x.leaf_id(), None));
        let h = (&x * 2.0).retain();
        assert!(h.retained_id().is_some() && h.leaf_id().is_none());
        assert_eq!(h.retain().retained_id(), h.retained_id());
        assert!(!Var::constant(tensor![1.0]).retain().is_tracked());
        let plain = &x * 2.0;
        assert_eq!(no_grad(|| plain.retain()).retained_id(), None);
    }

    #[test]
    fn the_name_alone_keeps_no_graph() -> Result<()> {
        let x = Var::leaf(tensor![1.0, 2.0]);
        let (square, exp) = (x.powi(2), x.exp());
        let saved = exp.tensor().clone();
        let h = (square + exp).retain();
        let id = h.retained_id();
        let loss = h.sum(..)?;
        drop(h);
        let grads = loss.backward()?;
        let gradient = id.and_then(|id| grads.get(id)).map(Tensor::to_vec);
        assert_eq!(gradient, Some(vec![1.0, 1.0]));
        assert!(saved.is_unshared());
        Ok(())
    }

    #[test]
    fn a_retained_value_can_be_differentiated_by_twice() -> Result<()> {
        let x = Var::leaf(tensor![f64; 2.0]);
        let h = x.powi(2).retain();
        let y = h.powi(3).sum(..)?;
        let first = grad(&y, &[&h, &x], CreateGraph::Yes)?;
        // dy/dh = 3 h^2 = 48, d2y/dh2 = 6 h = 24; y = x^6.
        assert_eq!((first[0].item()?, first[1].item()?), (48.0, 192.0));
        let second = grad(&first[0].sum(..)?, &[&h], CreateGraph::No)?;
        assert_eq!(second[0].item()?, 24.0);
        let second = grad(&first[1].sum(..)?, &[&x], CreateGraph::No)?;
        assert_eq!(second[0].item()?, 480.0);
        Ok(())
    }
}
