//! The walk back through a graph, from the newest node to the oldest.

use std::collections::BTreeMap;
use std::panic::Location;

use gradlet_tensor::{Error, ErrorKind, Float, Result, Shape, Tensor};

use crate::across::arrival;
use crate::checkpoint::is_first_run;
use crate::gradients::Gradients;
use crate::no_grad::{is_recording, set_recording};
use crate::pending::{Next, Pending};
use crate::record::{Arrival, Give, History, Origin, next_id};
use crate::var::{LeafId, Var};

/// Whether gradients are recorded, so that they can be differentiated again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CreateGraph {
    /// Gradients are constants.
    No,
    /// Gradients are tracked.
    Yes,
}

impl<T: Float> Var<T> {
    /// The gradients of this scalar with respect to every leaf it depends on.
    ///
    /// This consumes the Var: nodes that nothing else holds are freed, with the tensors they saved, as the walk passes
    /// them. Clone the Var first to walk again.
    ///
    /// # Errors
    ///
    /// If this does not have exactly one element, or does not depend on a tracked Var, or if uses of one leaf differ in
    /// shape.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let w = Var::leaf(tensor![2.0, 3.0]);
    /// let grads = (&w * &w).sum(..)?.backward()?;
    /// assert_eq!(grads.wrt(&w).map(|g| g.to_vec()), Some(vec![4.0, 6.0]));
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn backward(self) -> Result<Gradients<T>> {
        if self.len() != 1 {
            let remedy = "; reduce it first, for example with .mean(..), or give its gradient to .backward_with(..)";
            return Err(Error::new(ErrorKind::NotOneElement {
                op: "backward",
                shape: *self.shape(),
                remedy,
            }));
        }
        let seed = self.tensor.ones_like();
        self.backward_with(seed)
    }

    /// The gradients with respect to every leaf, given the gradient `g` of this Var: the vector-Jacobian product.
    ///
    /// # Errors
    ///
    /// If `g` does not have the shape of this Var, or this Var does not depend on a tracked one, or if uses of one leaf
    /// differ in shape.
    #[track_caller]
    pub fn backward_with(mut self, g: Tensor<T>) -> Result<Gradients<T>> {
        g.expect_shape("backward", self.shape())?;
        if !self.is_tracked() {
            return Err(untracked("backward"));
        }
        let history = std::mem::replace(&mut self.history, History::CONSTANT);
        drop(self);
        let (mut gradients, here) = (Gradients::new_of(), Location::caller());
        let _restore = set_recording(false);
        walk(0, history, Var::constant(g), &mut |_| {}, &mut |arrival| {
            let added = match arrival {
                Arrival::Here(Origin::Leaf(id), g) => gradients.accumulate(id, g),
                Arrival::Here(..) => Ok(()),
                Arrival::Across(g) => g.accumulate(gradients.place_across()),
            };
            added.map_err(|error| error.at(here))
        })?;
        Ok(gradients)
    }
}

/// The gradients of a scalar `y` with respect to each of `xs`, leaves or not; zeros for those that `y` does not depend
/// on.
///
/// With [`CreateGraph::Yes`] they are tracked and can be differentiated again, to any order. The graph is kept.
///
/// # Errors
///
/// If `y` does not have exactly one element, or does not depend on a tracked Var, or if uses of one leaf differ in
/// shape.
///
/// # Example
///
/// The second derivative of x^3 is 6x:
///
/// ```
/// # use gradlet_autograd::{CreateGraph, Var, grad};
/// # use gradlet_tensor::tensor;
/// # fn main() -> gradlet_tensor::Result<()> {
/// let x = Var::leaf(tensor![2.0]);
/// let first = grad(&x.powi(3), &[&x], CreateGraph::Yes)?;
/// let second = grad(&first[0], &[&x], CreateGraph::No)?;
/// assert_eq!((first[0].item()?, second[0].item()?), (12.0, 12.0));
/// # Ok(())
/// # }
/// ```
#[track_caller]
pub fn grad<T: Float>(
    y: &Var<T>,
    xs: &[&Var<T>],
    create_graph: CreateGraph,
) -> Result<Vec<Var<T>>> {
    if y.len() != 1 {
        let remedy = "; reduce it first, for example with .sum(..)";
        return Err(Error::new(ErrorKind::NotOneElement {
            op: "grad",
            shape: *y.shape(),
            remedy,
        }));
    }
    grad_with(y, Var::constant(y.tensor.ones_like()), xs, create_graph)
}

/// As `grad`, for a `y` of any shape and its gradient `g`.
#[track_caller]
pub(crate) fn grad_with<T: Float>(
    y: &Var<T>,
    g: Var<T>,
    xs: &[&Var<T>],
    create_graph: CreateGraph,
) -> Result<Vec<Var<T>>> {
    if !y.is_tracked() {
        return Err(untracked("grad"));
    }
    let (_restore, here) = (
        set_recording(create_graph == CreateGraph::Yes),
        Location::caller(),
    );
    let mut nodes: Vec<Option<Var<T>>> = vec![None; xs.len()];
    let mut leaves: BTreeMap<LeafId, Var<T>> = BTreeMap::new();
    let mut see_node = |seen: Seen<'_, T>| {
        for (x, slot) in xs.iter().zip(&mut nodes) {
            if matches!(x.history.origin(), Origin::Node(node) if node.id() == seen.id) {
                *slot = seen.g.cloned();
            }
        }
    };
    walk(0, y.history.clone(), g, &mut see_node, &mut |arrival| {
        let Arrival::Here(Origin::Leaf(id), g) = arrival else {
            return Ok(());
        };
        if let Some(sum) = leaves.get_mut(&id) {
            return g.add_to(sum).map_err(|error| error.of("grad").at(here));
        }
        leaves.insert(id, g.whole()?);
        Ok(())
    })?;
    let zeros = |x: &Var<T>| Var::constant(x.tensor.zeros_like());
    Ok(xs
        .iter()
        .zip(nodes)
        .map(|(x, node)| match x.leaf_id() {
            Some(id) => leaves.get(&id).cloned().unwrap_or_else(|| zeros(x)),
            None => node.unwrap_or_else(|| zeros(x)),
        })
        .collect())
}

/// The error of a value that does not depend on a tracked one, or only because it was computed in a checkpoint's first
/// run.
#[track_caller]
#[cold]
fn untracked(op: &'static str) -> Error {
    Error::new(if !is_recording() && is_first_run() {
        ErrorKind::InsideCheckpoint { op }
    } else {
        ErrorKind::Untracked
    })
}

/// A node that a walk visits, whose gradient is complete.
pub(crate) struct Seen<'a, T: Float> {
    pub(crate) id: u64,
    /// The shape of its output.
    pub(crate) shape: &'a Shape,
    /// The gradient of its output, if that has the walk's element type.
    pub(crate) g: Option<&'a Var<T>>,
}

/// Visits the nodes with ids of at least `from` that lead to `history`, by descending id, so that a node's gradient is
/// complete when it is reached and sums are always in the same order. Gradients of leaves and of older nodes go to
/// `give`.
#[track_caller]
pub(crate) fn walk<T: Float>(
    from: u64,
    mut history: History<T>,
    g: Var<T>,
    see_node: &mut dyn FnMut(Seen<'_, T>),
    give: &mut Give<'_, T>,
) -> Result<()> {
    let mut pending = Pending::default();
    let here = Location::caller();
    let mut sort = |pending: &mut Pending<T>, g| match g {
        Arrival::Here(Origin::Node(node), g) => {
            let id = node.id();
            if id < from {
                return give(Arrival::Here(Origin::Node(node), g));
            }
            pending.add(id, node, g).map_err(|error| error.at(here))
        }
        Arrival::Here(Origin::Constant, _) => Ok(()),
        Arrival::Across(g) => match g.node_id() {
            Some(id) if id >= from => pending.add_across(id, g).map_err(|error| error.at(here)),
            _ => give(Arrival::Across(g)),
        },
        end @ Arrival::Here(..) => give(end),
    };
    sort(&mut pending, Arrival::Here(history.take(), g.into()))?;
    while let Some(next) = pending.pop() {
        match next {
            Next::Here(id, node, g) => {
                let (shape, seen) = (g.shape(), Some(&g));
                see_node(Seen { id, shape, g: seen });
                node.backward(g, &mut |arrival| sort(&mut pending, arrival))?;
            }
            Next::Across(id, node) => {
                let shape = node.shape();
                see_node(Seen { id, shape, g: None });
                node.backward(&mut |g| sort(&mut pending, arrival(g)))?;
            }
        }
    }
    Ok(())
}

/// The gradients of `f(xs)` with respect to `xs`, given that of its value, recorded as operations on `xs` and `g`: for an
/// operation whose own gradient is not made of Vars. If several of `xs` are the same Var, the first gets the sum.
pub(crate) fn pull_back<T: Float>(
    f: impl Fn(&[Var<T>]) -> Result<Var<T>>,
    xs: &[Var<T>],
    g: Var<T>,
) -> Result<Vec<Option<Var<T>>>> {
    // The call records newer nodes; those behind `xs` are older.
    let from = next_id();
    let y = f(xs)?;
    let mut dxs = vec![None; xs.len()];
    walk(from, y.history, g, &mut |_| {}, &mut |arrival| {
        let Arrival::Here(origin, g) = arrival else {
            return Ok(());
        };
        let place = xs.iter().position(|x| match (x.history.origin(), &origin) {
            (Origin::Leaf(x), Origin::Leaf(origin)) => x == origin,
            (Origin::Node(x), Origin::Node(origin)) => x.id() == origin.id(),
            _ => false,
        });
        match place.map(|place| &mut dxs[place]) {
            Some(Some(sum)) => g.add_to(sum)?,
            Some(dx) => *dx = Some(g.whole()?),
            None => {}
        }
        Ok(())
    })?;
    Ok(dxs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use gradlet_tensor::tensor;

    #[test]
    fn a_trunk_shared_by_two_losses_gets_both_gradients() -> Result<()> {
        let x = Var::leaf(tensor![1.0, 2.0]);
        let trunk = &x * &x;
        let (first, second) = (trunk.sum(..)?, trunk.mul(&trunk)?.sum(..)?);
        assert_eq!(
            first.backward()?.wrt(&x).map(Tensor::to_vec),
            Some(vec![2.0, 4.0])
        );
        assert_eq!(
            second.backward()?.wrt(&x).map(Tensor::to_vec),
            Some(vec![4.0, 32.0])
        );
        Ok(())
    }

    #[test]
    fn a_cloned_loss_can_be_walked_again() -> Result<()> {
        let x = Var::leaf(tensor![3.0]);
        let loss = x.powi(2).sum(..)?;
        let first = loss.clone().backward()?;
        assert_eq!(first.wrt(&x), loss.backward()?.wrt(&x));
        Ok(())
    }

    #[test]
    fn paths_that_meet_again_add_up_whatever_their_length() -> Result<()> {
        let x = Var::leaf(tensor![f64; 2.0]);
        let a = &x * 3.0;
        let b = &(&(&a + 1.0) * 5.0) + &a;
        let y = &(&b * &a) + &(&x * &b);
        // a = 3x, b = 18x + 5, y = 72x^2 + 20x
        assert_eq!(y.backward()?.wrt(&x).map(Tensor::to_vec), Some(vec![308.0]));
        Ok(())
    }

    #[test]
    fn freed_nodes_leave_their_tensors_unshared_before_the_walk_ends() -> Result<()> {
        let x = Var::leaf(tensor![1.0, 2.0]);
        let y = x.exp();
        let saved = y.tensor().clone();
        let loss = y.sum(..)?;
        drop(y);
        assert!(!saved.is_unshared());
        let grads = loss.backward()?;
        assert!(saved.is_unshared());
        assert_eq!(grads.wrt(&x), Some(&saved));
        Ok(())
    }

    #[test]
    fn mistakes_are_told_apart() {
        let x = Var::leaf(tensor![1.0, 2.0]);
        let error = (&x * 2.0).backward().unwrap_err().to_string();
        assert!(
            error.starts_with("backward: expected one element, got shape [2]; reduce it first"),
            "{error}"
        );
        assert!(matches!(
            Var::constant(tensor![1.0]).backward().unwrap_err().kind(),
            ErrorKind::Untracked
        ));
        assert!((&x * 2.0).backward_with(tensor![1.0]).is_err());
        assert!(grad(&x, &[&x], CreateGraph::No).is_err());
    }

    #[test]
    fn gradients_by_intermediate_values_and_unrelated_ones() -> Result<()> {
        let (x, other) = (Var::leaf(tensor![2.0]), Var::leaf(tensor![1.0, 1.0]));
        let h = x.powi(2);
        let y = h.powi(3).sum(..)?;
        let grads = grad(&y, &[&h, &other, &x], CreateGraph::No)?;
        assert_eq!(grads[0].item()?, 48.0);
        assert_eq!(grads[1].to_vec(), [0.0, 0.0]);
        assert_eq!(grads[2].item()?, 192.0);
        assert!(!grads[2].is_tracked());
        Ok(())
    }

    #[test]
    fn derivatives_of_any_order() -> Result<()> {
        let x = Var::leaf(tensor![f64; 2.0]);
        let mut y = x.powi(5).sum(..)?;
        for expected in [80.0, 160.0, 240.0, 240.0, 120.0] {
            y = grad(&y, &[&x], CreateGraph::Yes)?[0].sum(..)?;
            assert_eq!(y.item()?, expected);
        }
        Ok(())
    }

    #[test]
    fn a_chain_of_a_million_runs_backward() -> Result<()> {
        let x = Var::leaf(Tensor::scalar(1.0f64));
        let mut y = x.clone();
        for _ in 0..1_000_000 {
            y = y * 1.000_001;
        }
        let slope = y.item()?;
        let gradient = y.backward()?.wrt(&x).map(Tensor::item).transpose()?;
        assert!(gradient.is_some_and(|g| (g - slope).abs() < 1e-9));
        Ok(())
    }

    #[test]
    fn a_wide_graph_runs_backward() -> Result<()> {
        let x = Var::leaf(Tensor::scalar(1.0f64));
        let parts: Vec<_> = (0..10_000).map(|i| &x * f64::from(i)).collect();
        let y = Var::stack(&parts.iter().collect::<Vec<_>>(), 0)?.sum(..)?;
        drop(parts);
        assert_eq!(
            y.backward()?.wrt(&x).map(Tensor::to_vec),
            Some(vec![49_995_000.0])
        );
        Ok(())
    }
}
