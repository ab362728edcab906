//! A value with elements of the other type of floats.

use std::any::Any;
use std::fmt;
use std::rc::Rc;

use gradlet_tensor::{Float, Result};

use crate::across::across;
use crate::no_grad::is_recording;
use crate::record::{AnyNode, AnyRecorded, Arrival, Description, Give, History, Recorded, next_id};
use crate::var::Var;

/// y = x, rounded. A record of its own: those of operations have inputs and outputs of one type.
struct Cast<T: Float> {
    id: u64,
    input: History<T>,
}

impl<T: Float> AnyRecorded for Cast<T> {
    fn id(&self) -> u64 {
        self.id
    }

    fn dismantle(self: Rc<Self>, held: &mut Vec<AnyNode>) {
        if let Ok(mut cast) = Rc::try_unwrap(self) {
            cast.input.hold(held);
        }
    }

    fn op(&self) -> &dyn Any {
        self
    }

    fn describe(&self) -> Description {
        Description {
            name: "cast".to_owned(),
            inputs: vec![self.input.to_any()],
            saved: Vec::new(),
            attribute_bytes: 0,
        }
    }
}

impl<T: Float, U: Float> Recorded<U> for Cast<T> {
    /// dx = g
    fn backward(self: Rc<Self>, g: Var<U>, give: &mut Give<'_, U>) -> Result<()> {
        let g = g.cast::<T>();
        give(Arrival::Across(across(
            self.input.origin().clone(),
            g.into(),
        )))
    }
}

impl<T: Float> fmt::Debug for Cast<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cast")
    }
}

impl<T: Float> Var<T> {
    /// The values as elements of type `U`: sums of many terms, or one delicate step, in f64 within a net in f32. A cast
    /// to the type that it has is a second handle to the same value.
    ///
    /// Of a loss of either type, [`Gradients::wrt`](crate::Gradients::wrt) has the gradients of leaves of both;
    /// optimizers take those of the loss's type, so a loss in f64 of a net in f32 is cast back before its backward pass.
    ///
    /// # Shape
    ///
    /// `[...] -> [...]`
    ///
    /// # Gradient
    ///
    /// `dx = g`, rounded to the element type of `x`.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::leaf(tensor![1e30, 2.0]);
    /// // In f32 the square of 1e30 would be infinite.
    /// let norm = x.cast::<f64>().powi(2).sum(..)?.sqrt().cast::<f32>();
    /// assert_eq!(norm.item()?, 1e30);
    /// assert_eq!(norm.backward()?.wrt(&x).map(|g| g.to_vec()), Some(vec![1.0, 2e-30]));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.Tensor.to` with a dtype
    pub fn cast<U: Float>(&self) -> Var<U> {
        if let Some(same) = (self as &dyn Any).downcast_ref::<Var<U>>() {
            return same.clone();
        }
        let tensor = self.tensor.cast();
        if !(is_recording() && self.is_tracked()) {
            return Var::constant(tensor);
        }
        let (id, input) = (next_id(), self.history.clone());
        Var {
            tensor,
            history: History::node(Rc::new(Cast { id, input })),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        CreateGraph, GraphInput, Tensor, checkpoint, grad, gradcheck, gradgradcheck, no_grad,
    };
    use gradlet_tensor::tensor;
    use std::cell::Cell;

    /// x, as the sum of what f32 holds of it and of the rest: differences of f32 alone would be too coarse.
    fn split(x: &Var<f64>) -> Result<Var<f64>> {
        let high = x.cast::<f32>().cast();
        let low = x.sub(&high)?.cast::<f32>().cast();
        high.add(&low)
    }

    #[test]
    fn gradients_agree_with_finite_differences() -> Result<()> {
        let (f, x) = (
            |x: &[Var<f64>]| Ok(split(&x[0])?.powi(3)),
            [tensor![f64; 0.1, -2.3, 4.5]],
        );
        gradcheck(f, &x)?;
        gradgradcheck(f, &x)
    }

    #[test]
    fn leaves_of_both_types_get_gradients_in_their_own() -> Result<()> {
        let (x, w) = (
            Var::leaf(tensor![1.0, 2.0]),
            Var::leaf(tensor![f64; 3.0, 0.1]),
        );
        let loss = x.cast::<f64>().mul(&w)?.sum(..)?;
        let grads = loss.clone().backward()?;
        assert_eq!(grads.wrt(&w), Some(&tensor![f64; 1.0, 2.0]));
        assert_eq!(grads.wrt(&x), Some(&tensor![3.0, 0.1]));
        let grads = loss.cast::<f32>().backward()?;
        assert_eq!(grads.get(x.leaf_id().unwrap()), Some(&tensor![3.0, 0.1]));
        assert_eq!(grads.wrt(&w), Some(&tensor![f64; 1.0, 2.0]));
        Ok(())
    }

    #[test]
    fn what_several_casts_share_is_visited_once_with_their_sum() -> Result<()> {
        let calls = Rc::new(Cell::new(0));
        let x = Var::leaf(tensor![1.0, 2.0, 3.0]);
        let count = calls.clone();
        let h = x.powi(2).hook(move |g| {
            count.set(count.get() + 1);
            assert_eq!(g.to_vec(), [11.0, 11.0, 2.0]);
            Ok(None)
        });
        let wide = h.cast::<f64>();
        let part = h.cast::<f64>().narrow(0, 0, 2)?.cast::<f32>();
        // 1 + 3 + 5 for all but the last, 2 for all
        let back = wide.narrow(0, 0, 2)?.sum(..)? + wide.narrow(0, 0, 2)?.sum(..)? * 3.0;
        let y = back.cast::<f32>() + part.sum(..)? * 5.0 + h.sum(..)? * 2.0;
        let grads = y.backward()?;
        assert_eq!(grads.wrt(&x), Some(&tensor![22.0, 44.0, 12.0]));
        assert_eq!(calls.get(), 1);
        Ok(())
    }

    #[test]
    fn nodes_behind_casts_wait_for_all_newer_ones() -> Result<()> {
        let calls = Rc::new(Cell::new(0));
        let x = Var::leaf(tensor![f64; 1.0, 2.0]);
        let count = calls.clone();
        let h = x.powi(2).hook(move |_| {
            count.set(count.get() + 1);
            Ok(None)
        });
        let (first, second) = (h.cast::<f32>(), h.cast::<f32>() * 3.0);
        let y = first.add(&second)?.sum(..)?;
        let captured = h.clone();
        let inside = checkpoint(move |x| x[0].add(&captured.cast::<f32>()), &[&y])?;
        let grads = inside.sum(..)?.backward()?;
        // y is in both rows.
        assert_eq!(grads.wrt(&x), Some(&tensor![f64; 18.0, 36.0]));
        assert_eq!(calls.get(), 1);
        Ok(())
    }

    #[test]
    fn derivatives_of_any_order_pass() -> Result<()> {
        let x = Var::leaf(tensor![2.0]);
        let mut y = x.cast::<f64>().powi(3).cast::<f32>() * &x;
        for expected in [32.0, 48.0, 48.0, 24.0] {
            y = grad(&y, &[&x], CreateGraph::Yes)?.remove(0);
            assert_eq!(y.item()?, expected);
        }
        Ok(())
    }

    #[test]
    fn a_value_between_two_casts_gets_its_gradient() -> Result<()> {
        let x = Var::leaf(tensor![3.0]);
        let h = x.powi(2);
        let y = h.cast::<f64>().powi(2).cast::<f32>();
        let grads = grad(&y, &[&h, &x], CreateGraph::No)?;
        assert_eq!((grads[0].item()?, grads[1].item()?), (18.0, 108.0));
        let kept = h.retain();
        let grads = kept.cast::<f64>().powi(2).backward()?;
        assert_eq!(grads.wrt(&kept), Some(&tensor![18.0]));
        Ok(())
    }

    #[test]
    fn many_casts_need_no_recursion() -> Result<()> {
        let x = Var::leaf(Tensor::scalar(1.0f32));
        let y = (0..100_000).fold(x.clone(), |y, _| y.cast::<f64>().cast::<f32>());
        assert_eq!(y.graph().nodes.len(), 200_000);
        let dropped = y.clone().cast::<f64>();
        drop(dropped);
        let grads = y.clone().backward()?;
        drop(y);
        assert_eq!(grads.wrt(&x).map(Tensor::item).transpose()?, Some(1.0));
        Ok(())
    }

    #[test]
    fn checkpoints_capture_values_of_either_type() -> Result<()> {
        let (x, w) = (
            Var::leaf(tensor![1.0, 2.0]),
            Var::leaf(tensor![f64; 3.0, 4.0]),
        );
        let (narrow, wide) = (&x * 2.0, &w * 2.0);
        let (captured, captured_too) = (narrow.clone(), wide.clone());
        let f = move |x: &[Var]| {
            let y = x[0].cast::<f64>().mul(&captured_too)?.cast::<f32>();
            y.mul(&captured)
        };
        let inside = checkpoint(f.clone(), &[&narrow])?.sum(..)?;
        let outside = f(&[narrow])?.sum(..)?;
        let value = tensor![48.0, 128.0]; // d(2x 2w 2x)/dx = 16 w x
        for y in [inside, outside] {
            let loss = y.cast::<f64>();
            for grads in [
                y.backward()?.of::<f32>().cloned(),
                loss.backward()?.of().cloned(),
            ] {
                assert_eq!(grads.unwrap_or_default().wrt(&x), Some(&value));
            }
        }
        Ok(())
    }

    #[test]
    fn graphs_list_both_types() -> Result<()> {
        let (x, w) = (Var::leaf(tensor![1.0, 2.0]), Var::leaf(tensor![f64; 3.0]));
        let graph = x.exp().cast::<f64>().mul(&w)?.sum(..)?.graph();
        let ops: Vec<_> = graph.nodes.iter().map(|node| node.op.as_str()).collect();
        assert_eq!(ops, ["exp", "cast", "mul", "sum"]);
        assert_eq!(graph.nodes[1].inputs, [GraphInput::Node(0)]);
        let shapes = graph
            .nodes
            .iter()
            .map(|node| node.shape.map(|s| s.to_vec()));
        let expected = [vec![2], vec![2], vec![2], vec![]].map(Some);
        assert_eq!(shapes.collect::<Vec<_>>(), expected);
        let shapes: Vec<_> = graph.leaves.iter().map(|leaf| leaf.shape).collect();
        assert_eq!(shapes, [Some(*x.shape()), Some(*w.shape())]);
        Ok(())
    }

    #[test]
    fn leaves_in_two_shapes_are_refused_across_types() -> Result<()> {
        let id = crate::LeafId::fresh();
        let used = |size: usize| -> Result<Var<f64>> {
            let x = Var::with_id(Tensor::<f32>::ones([size])?, id);
            x.cast::<f64>().sum(..)
        };
        let y = used(1)?.add(&used(2)?)?;
        let (line, error) = (line!(), y.backward().unwrap_err());
        assert!(
            error.to_string().starts_with("backward: shapes differ"),
            "{error}"
        );
        assert_eq!(
            (error.location().file(), error.location().line()),
            (file!(), line)
        );
        Ok(())
    }

    #[test]
    fn gradients_of_both_types_accumulate_or_none_does() -> Result<()> {
        let (x, w) = (
            Var::leaf(tensor![1.0, 2.0]),
            Var::leaf(tensor![f64; 3.0, 4.0]),
        );
        let mut sum = w.sum(..)?.backward()?;
        let both = x.cast::<f64>().mul(&w)?.sum(..)?.backward()?;
        sum.add(&both)?;
        sum.add(&both)?;
        assert_eq!(sum.wrt(&w), Some(&tensor![f64; 3.0, 5.0]));
        assert_eq!(sum.wrt(&x), Some(&tensor![6.0, 8.0]));
        let reshaped = Var::with_id(tensor![1.0, 2.0, 3.0], x.leaf_id().unwrap());
        let other = (reshaped.cast::<f64>().sum(..)? + w.sum(..)?).backward()?;
        assert!(sum.add(&other).is_err());
        assert_eq!(sum.wrt(&w), Some(&tensor![f64; 3.0, 5.0]));
        Ok(())
    }

    #[test]
    fn casts_record_only_what_is_tracked_and_changes() {
        let x = Var::leaf(tensor![1.0]);
        assert_eq!(x.cast::<f32>().leaf_id(), x.leaf_id());
        assert!(!x.detach().cast::<f64>().is_tracked());
        assert!(!no_grad(|| x.cast::<f64>()).is_tracked());
    }
}
