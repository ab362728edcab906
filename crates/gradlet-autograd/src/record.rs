//! The recorded graph: one reference-counted record for each node, freed without recursion.

use std::any::Any;
use std::cell::Cell;
use std::fmt;
use std::rc::Rc;

use gradlet_tensor::{Float, Result, Tensor};

use crate::across::Across;
use crate::graph::Saved;
use crate::no_grad::is_recording;
use crate::op::{Arity, Given, Of, Op, View, Want};
use crate::part::Contribution;
use crate::saves::{Saves, SavesNoInput};
use crate::var::{LeafId, Var};

/// Where a value came from. Nodes that only it holds are freed without recursion.
#[doc(hidden)]
pub struct History<T: Float>(Origin<Node<T>>);

#[derive(Clone, Default)]
pub(crate) enum Origin<N> {
    /// A constant, which gets no gradient.
    #[default]
    Constant,
    /// A leaf, where gradients end.
    Leaf(LeafId),
    /// The output of a recorded operation.
    Node(N),
}

/// A record whose output has elements of type `T`.
pub(crate) type Node<T> = Rc<dyn Recorded<T>>;

/// A record whose output has elements of any type.
pub(crate) type AnyNode = Rc<dyn AnyRecorded>;

/// Takes an operation's contribution to the gradient of an input.
pub(crate) type Give<'a, T> = dyn FnMut(Arrival<T>) -> Result<()> + 'a;

/// A contribution to the gradient of an operation's input.
pub(crate) enum Arrival<T: Float> {
    /// With the origin of an input of the output's element type.
    Here(Origin<Node<T>>, Contribution<T>),
    /// Of an input of a different element type.
    Across(Box<dyn Across>),
}

/// A recorded operation of any kind and element type.
pub(crate) trait AnyRecorded: fmt::Debug {
    /// The number of this record on its thread, larger than the ids of its inputs.
    fn id(&self) -> u64;

    /// Drops the record if nothing else holds it; the nodes that it held go to `held`.
    fn dismantle(self: Rc<Self>, held: &mut Vec<AnyNode>);

    /// The operation, for a downcast.
    fn op(&self) -> &dyn Any;

    /// The contents of the record, for [`Var::graph`].
    fn describe(&self) -> Description;
}

/// A recorded operation of any kind.
pub(crate) trait Recorded<T: Float>: AnyRecorded {
    /// Hands the gradient of each wanted input to `give`. Frees the record on the way, if nothing else holds it and
    /// recording is off.
    fn backward(self: Rc<Self>, g: Var<T>, give: &mut Give<'_, T>) -> Result<()>;
}

/// The contents of a record.
pub(crate) struct Description {
    pub(crate) name: String,
    pub(crate) inputs: Vec<Origin<AnyNode>>,
    pub(crate) saved: Vec<Saved>,
    pub(crate) attribute_bytes: usize,
}

struct Record<T: Float, O: Op<T>> {
    id: u64,
    op: O,
    saved: <O::Saves as Saves>::Stored<T, O::Arity>,
    inputs: Of<O::Arity, History<T>>,
}

thread_local! {
    static NEXT_ID: Cell<u64> = const { Cell::new(0) };
}

/// The output with this value, recorded if an input is tracked and recording is on.
#[inline]
pub(crate) fn record<T: Float, O: Op<T>>(
    op: O,
    inputs: Of<O::Arity, &Var<T>>,
    value: Tensor<T>,
) -> Var<T> {
    let vars = O::Arity::as_slice(&inputs);
    if !is_recorded(vars.iter().copied()) {
        return Var::constant(value);
    }
    let histories = O::Arity::from_fn(vars.len(), |i| vars[i].history.clone());
    let saved = O::Saves::store(&op, &inputs, &value);
    recorded(op, saved, histories, value)
}

/// The output for inputs that are given away.
#[track_caller]
#[inline]
pub(crate) fn apply_owned<T: Float, O: Op<T, Saves: SavesNoInput>>(
    op: O,
    mut inputs: Of<O::Arity, Var<T>>,
) -> Result<Var<T>> {
    let vars = O::Arity::as_mut_slice(&mut inputs);
    if !is_recorded(vars.iter()) {
        let value = op.forward_owned(O::Arity::map(inputs, Var::into_tensor))?;
        return Ok(Var::constant(value));
    }
    let histories = O::Arity::from_fn(vars.len(), |i| History(vars[i].history.take()));
    let value = op.forward_owned(O::Arity::map(inputs, Var::into_tensor))?;
    let saved = O::Saves::store_output::<T, O::Arity>(&value);
    Ok(recorded(op, saved, histories, value))
}

fn is_recorded<'a, T: Float>(inputs: impl IntoIterator<Item = &'a Var<T>>) -> bool {
    is_recording() && inputs.into_iter().any(Var::is_tracked)
}

/// The id for a new record.
#[inline]
pub(crate) fn next_id() -> u64 {
    let id = NEXT_ID.get();
    NEXT_ID.set(id + 1);
    id
}

#[inline]
fn recorded<T: Float, O: Op<T>>(
    op: O,
    saved: <O::Saves as Saves>::Stored<T, O::Arity>,
    inputs: Of<O::Arity, History<T>>,
    tensor: Tensor<T>,
) -> Var<T> {
    Var {
        tensor,
        history: History::node(Rc::new(Record {
            id: next_id(),
            op,
            saved,
            inputs,
        })),
    }
}

impl<T: Float, O: Op<T>> Record<T, O> {
    /// The second argument of `backward`: the saved tensors, and which gradients are wanted.
    #[inline]
    fn seen(
        saved: <O::Saves as Saves>::View<T, O::Arity>,
        inputs: &Of<O::Arity, History<T>>,
    ) -> View<O, T> {
        let inputs = O::Arity::as_slice(inputs);
        O::Arity::see(saved, || {
            O::Arity::from_fn(inputs.len(), |i| Want(inputs[i].is_tracked()))
        })
    }

    /// The gradients of the inputs, from a record that stays.
    fn gradients_kept(self: &Rc<Self>, g: Var<T>) -> Result<Given<O::Arity, T>> {
        let stored = O::Saves::share(&self.saved);
        let view = if is_recording() {
            let node = || History::node(Rc::clone(self) as Node<T>);
            let input = |i: usize| O::Arity::as_slice(&self.inputs)[i].clone();
            O::Saves::view(stored, input, node)
        } else {
            O::Saves::view(stored, |_| History::CONSTANT, || History::CONSTANT)
        };
        self.op.backward(g, Self::seen(view, &self.inputs))
    }
}

impl<T: Float, O: Op<T>> AnyRecorded for Record<T, O> {
    fn id(&self) -> u64 {
        self.id
    }

    fn dismantle(self: Rc<Self>, held: &mut Vec<AnyNode>) {
        if let Ok(record) = Rc::try_unwrap(self) {
            let mut inputs = record.inputs;
            for history in O::Arity::as_mut_slice(&mut inputs) {
                history.hold(held);
            }
        }
    }

    fn op(&self) -> &dyn Any {
        &self.op
    }

    fn describe(&self) -> Description {
        let mut saved = Vec::new();
        O::Saves::each(&self.saved, &mut |tensor| saved.push(Saved::of(tensor)));
        Description {
            name: self.op.name(),
            inputs: O::Arity::as_slice(&self.inputs)
                .iter()
                .map(History::to_any)
                .collect(),
            saved,
            attribute_bytes: self.op.attribute_bytes(),
        }
    }
}

impl<T: Float, O: Op<T>> Recorded<T> for Record<T, O> {
    fn backward(self: Rc<Self>, g: Var<T>, give: &mut Give<'_, T>) -> Result<()> {
        let recording = is_recording();
        if !recording
            && let (Some(part), [input]) = (self.op.part(), O::Arity::as_slice(&self.inputs))
        {
            return give(Arrival::Here(
                input.origin().clone(),
                Contribution::part(g, part),
            ));
        }
        let unshared = if recording {
            Err(self)
        } else {
            Rc::try_unwrap(self)
        };
        let shared = match unshared {
            Ok(Self {
                op,
                saved,
                mut inputs,
                ..
            }) => {
                let view = O::Saves::view(saved, |_| History::CONSTANT, || History::CONSTANT);
                let given = op.backward(g, Self::seen(view, &inputs))?;
                let inputs = O::Arity::as_mut_slice(&mut inputs);
                return O::Arity::give(given, |i, g| {
                    give(Arrival::Here(inputs[i].take(), g.into()))
                });
            }
            Err(shared) => shared,
        };
        let given = shared.gradients_kept(g)?;
        let inputs = O::Arity::as_slice(&shared.inputs);
        O::Arity::give(given, |i, g| {
            give(Arrival::Here(inputs[i].origin().clone(), g.into()))
        })
    }
}

impl<T: Float, O: Op<T>> fmt::Debug for Record<T, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.op.fmt(f)
    }
}

impl<T: Float> History<T> {
    pub(crate) const CONSTANT: Self = Self(Origin::Constant);

    #[inline]
    pub(crate) fn leaf(id: LeafId) -> Self {
        Self(Origin::Leaf(id))
    }

    #[inline]
    pub(crate) fn node(node: Node<T>) -> Self {
        Self(Origin::Node(node))
    }

    #[inline]
    pub(crate) fn origin(&self) -> &Origin<Node<T>> {
        &self.0
    }

    #[inline]
    pub(crate) fn take(&mut self) -> Origin<Node<T>> {
        std::mem::take(&mut self.0)
    }

    /// The origin, whatever its element type.
    pub(crate) fn to_any(&self) -> Origin<AnyNode> {
        match &self.0 {
            Origin::Constant => Origin::Constant,
            Origin::Leaf(id) => Origin::Leaf(*id),
            Origin::Node(node) => Origin::Node(Rc::<dyn Recorded<T>>::clone(node)),
        }
    }

    /// Puts the node, if this is one, to those that may be freed.
    pub(crate) fn hold(&mut self, held: &mut Vec<AnyNode>) {
        if let Origin::Node(node) = self.take() {
            held.push(node);
        }
    }

    #[inline]
    pub(crate) fn is_tracked(&self) -> bool {
        !matches!(self.0, Origin::Constant)
    }
}

impl<T: Float> Clone for History<T> {
    #[inline]
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

/// Frees chains of nodes in a loop: recursion would overflow the stack on long ones.
impl<T: Float> Drop for History<T> {
    #[inline]
    fn drop(&mut self) {
        if let Origin::Node(node) = self.take() {
            release(node);
        }
    }
}

fn release(node: AnyNode) {
    if Rc::strong_count(&node) > 1 {
        return;
    }
    let mut held = Vec::new();
    node.dismantle(&mut held);
    while let Some(node) = held.pop() {
        node.dismantle(&mut held);
    }
}

impl<T: Float> fmt::Debug for History<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Origin::Constant => f.write_str("constant"),
            Origin::Leaf(_) => f.write_str("leaf"),
            Origin::Node(node) => node.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::{Result, Tensor, Var};
    use gradlet_tensor::tensor;

    #[test]
    fn a_graph_keeps_alive_only_what_its_gradients_need() -> Result<()> {
        let x = Var::leaf(tensor![1.0, 2.0]);
        let a = &x + 1.0;
        let value = a.tensor().clone();
        let b = &a * 3.0;
        drop(a);
        assert!(value.is_unshared(), "multiplying by a number saves nothing");
        let c = b.powi(2);
        drop(b);
        let b = c.sum(..)?;
        drop(c);
        assert_eq!(
            b.backward()?.wrt(&x).map(Tensor::to_vec),
            Some(vec![36.0, 54.0])
        );
        Ok(())
    }

    #[test]
    fn a_constant_factor_is_saved_and_the_other_input_is_not() {
        let (x, c) = (
            Var::leaf(tensor![1.0, 2.0]),
            Var::constant(tensor![3.0, 4.0]),
        );
        let h = &x + 1.0;
        let value = h.tensor().clone();
        let y = &h * &c;
        drop(h);
        assert!(value.is_unshared());
        assert!(!c.tensor().is_unshared());
        drop(y);
        assert!(c.tensor().is_unshared());
    }

    #[test]
    fn a_million_nodes_are_dropped_without_recursion() {
        let mut x = Var::leaf(Tensor::scalar(1.0f32));
        for _ in 0..1_000_000 {
            x = x + 1.0;
        }
        assert_eq!(x.item().ok(), Some(1_000_001.0));
    }
}
