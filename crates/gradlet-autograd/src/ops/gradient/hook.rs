//! The identity, with a function that sees or replaces the gradient.

use std::fmt;
use std::panic::Location;
use std::rc::Rc;

use gradlet_tensor::{Float, Result, Tensor};

use crate::checkpoint::Closure;
use crate::graph::is_inspecting;
use crate::op::{One, Op};
use crate::operators::infallible;
use crate::saves::Nothing;
use crate::var::Var;

type Function<T> = dyn Fn(&Var<T>) -> Result<Option<Var<T>>>;

/// y = x
struct Hook<T: Float> {
    f: Closure<Function<T>>,
    /// Where the hook was made, for errors in backward.
    location: &'static Location<'static>,
}

impl<T: Float> Op<T> for Hook<T> {
    type Arity = One;
    type Saves = Nothing;

    fn forward(&self, x: &Tensor<T>) -> Result<Tensor<T>> {
        Ok(x.clone())
    }

    /// dx = f(g), or g if f returns `None`
    fn backward(&self, g: Var<T>, (): ()) -> Result<Var<T>> {
        if is_inspecting() {
            return Ok(g);
        }
        let replacement = self.f.get().map(|f| f(&g)).transpose()?.flatten();
        if let Some(replacement) = &replacement {
            let fits = replacement.tensor().expect_shape("hook", g.shape());
            fits.map_err(|error| error.at(self.location))?;
        }
        Ok(replacement.unwrap_or(g))
    }
}

impl<T: Float> fmt::Debug for Hook<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hook")
    }
}

impl<T: Float> Var<T> {
    /// The same value; `f` is called with its gradient when a backward pass reaches it.
    ///
    /// By then the gradient is complete: everything that was computed from the returned Var has added its part.
    /// Gradients of values computed from `self` go past the hook. `f` returns `None` to look only, or a gradient of the
    /// same shape to pass on instead: to clip it, reverse it, or add noise. Hooks on hooks run from the last to the
    /// first.
    ///
    /// `f` is called in each backward pass, also in those that differentiate a gradient. With
    /// [`CreateGraph::Yes`](crate::CreateGraph) the gradient is tracked, and so is everything computed from it.
    ///
    /// To keep the gradient, store `g.tensor().clone()` or `g.detach()`. With `CreateGraph::Yes` the graph of `g`
    /// itself leads back to this hook: if `f` stored `g` in a place that it holds, such as an `Rc<RefCell<Vec<Var>>>`,
    /// the hook and the gradient would hold each other, and the whole graph would not be freed until that place is
    /// emptied.
    ///
    /// A constant, and anything while recording is off, comes back without a hook.
    ///
    /// # Shape
    ///
    /// `[...] -> [...]`
    ///
    /// # Gradient
    ///
    /// `f(g)`, or `g` if that is `None`; nothing is saved.
    ///
    /// # Errors
    ///
    /// If `f` returns an error, or a gradient of a different shape, backward fails; `hook` itself does not.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::leaf(tensor![1.0, 2.0]);
    /// let reversed = x.hook(|g| Ok(Some(-g)));
    /// let grads = reversed.powi(2).sum(..)?.backward()?;
    /// assert_eq!(grads.wrt(&x).map(|g| g.to_vec()), Some(vec![-2.0, -4.0]));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.Tensor.register_hook`, except that it returns a new handle.
    #[must_use = "the hook is on the Var that comes back"]
    #[track_caller]
    pub fn hook(&self, f: impl Fn(&Self) -> Result<Option<Self>> + 'static) -> Self {
        let f = Closure::new(Rc::new(f) as Rc<Function<T>>);
        let location = Location::caller();
        infallible(Hook { f, location }.apply(self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::gradcheck_everywhere;
    use crate::{CreateGraph, Error, ErrorKind, grad, no_grad};
    use gradlet_tensor::tensor;
    use std::cell::{Cell, RefCell};

    type Seen = Rc<RefCell<Vec<Vec<f32>>>>;

    fn watched(x: &Var, seen: &Seen) -> Var {
        let seen = Rc::clone(seen);
        x.hook(move |g| {
            seen.borrow_mut().push(g.to_vec());
            Ok(None)
        })
    }

    #[test]
    fn gradients_agree_with_finite_differences_where_the_hook_only_looks() {
        gradcheck_everywhere(|x| x, |x| Ok(x.powi(3).hook(|_| Ok(None)).powi(2)));
    }

    #[test]
    fn a_hook_sees_the_complete_gradient_once() -> Result<()> {
        let seen = Seen::default();
        let x = Var::leaf(tensor![1.0, 2.0]);
        let h = watched(&(&x * 2.0), &seen);
        let y = h.powi(2) + &(&h * 3.0) + &h;
        let grads = y.backward_with(tensor![1.0, 10.0])?;
        // dy/dh = 2h + 4, h = [2, 4]
        assert_eq!(*seen.borrow(), [[8.0, 120.0]]);
        assert_eq!(grads.wrt(&x).map(Tensor::to_vec), Some(vec![16.0, 240.0]));
        Ok(())
    }

    #[test]
    fn the_hook_on_a_leaf_leaves_other_uses_alone() -> Result<()> {
        let x = Var::leaf(tensor![3.0]);
        let y = x.hook(|g| Ok(Some(g * 100.0))) + &x;
        assert_eq!(y.backward()?.wrt(&x).map(Tensor::to_vec), Some(vec![101.0]));
        Ok(())
    }

    #[test]
    fn hooks_run_from_the_last_to_the_first() -> Result<()> {
        let x = Var::leaf(tensor![1.0]);
        let y = x.hook(|g| Ok(Some(g * 10.0))).hook(|g| Ok(Some(g + 1.0)));
        assert_eq!(y.backward()?.wrt(&x).map(Tensor::to_vec), Some(vec![20.0]));
        Ok(())
    }

    #[test]
    fn a_replaced_gradient_is_differentiated_too() -> Result<()> {
        let x = Var::leaf(tensor![f64; 3.0]);
        let squared = |x: &Var<f64>| x.hook(|g| Ok(Some(g.powi(2)))).powi(2).sum(..);
        // The hook squares 2x to 36. The derivative 8x = 24 of (2x)^2 comes through the same hook, which squares it too.
        let first = grad(&squared(&x)?, &[&x], CreateGraph::Yes)?;
        assert_eq!(first[0].item()?, 36.0);
        let second = grad(&first[0].sum(..)?, &[&x], CreateGraph::No)?;
        assert_eq!(second[0].item()?, 24.0 * 24.0);
        Ok(())
    }

    #[test]
    fn errors_and_other_shapes_end_the_pass() {
        let x = Var::leaf(tensor![1.0, 2.0]);
        let failing = x.hook(|_| Err(Error::new(ErrorKind::NoTensors { op: "mine" })));
        let error = failing.sum(..).and_then(Var::backward).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::NoTensors { op: "mine" }));
        let reshaping = x.hook(|g| Ok(Some(g.unsqueeze(0)?)));
        let error = reshaping.sum(..).and_then(Var::backward).unwrap_err();
        let kind = error.kind();
        assert!(
            matches!(kind, ErrorKind::ShapeMismatch { op: "hook", .. }),
            "{error}"
        );
    }

    #[test]
    fn constants_and_what_is_not_recorded_get_no_hook() {
        let calls = Rc::new(Cell::new(0));
        let count = || {
            let calls = Rc::clone(&calls);
            move |_: &Var| {
                calls.set(calls.get() + 1);
                Ok(None)
            }
        };
        assert!(!Var::constant(tensor![1.0]).hook(count()).is_tracked());
        let x = Var::leaf(tensor![1.0]);
        assert!(!no_grad(|| x.hook(count())).is_tracked());
        assert!(x.hook(count()).backward().is_ok());
        assert_eq!(calls.get(), 1);
    }

    #[test]
    fn a_hook_that_keeps_its_gradient_as_a_tensor_is_freed_with_its_graph() -> Result<()> {
        let x = Var::leaf(tensor![2.0]);
        let kept = Rc::new(RefCell::new(Vec::new()));
        let seen = Rc::clone(&kept);
        let y = x.hook(move |g| {
            assert!(g.is_tracked());
            seen.borrow_mut().push(g.tensor().clone());
            Ok(None)
        });
        drop(grad(&y.powi(3), &[&x], CreateGraph::Yes)?);
        assert_eq!(Rc::strong_count(&kept), 2);
        drop(y);
        assert_eq!(Rc::strong_count(&kept), 1);
        assert_eq!(*kept.borrow(), [tensor![12.0]]);
        Ok(())
    }

    #[test]
    fn a_hundred_thousand_hooks_that_hold_each_others_graphs_are_freed() {
        let x = Var::leaf(tensor![1.0]);
        let mut last = x.clone();
        for _ in 0..100_000 {
            let held = last;
            last = x.hook(move |_| {
                let _ = &held;
                Ok(None)
            });
        }
        drop(last);
    }

    #[test]
    fn a_gradient_of_another_shape_is_reported_where_the_hook_was_put_on() {
        let x = Var::leaf(tensor![1.0, 2.0]);
        let (line, y) = (line!(), x.hook(|g| Ok(Some(g.narrow(0, 0, 1)?))));
        let error = y.square().backward_with(tensor![1.0, 1.0]).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("hook: shapes differ: expected [2], got [1] (at "),
            "{error}"
        );
        assert_eq!(
            (error.location().file(), error.location().line()),
            (file!(), line)
        );
    }
}
