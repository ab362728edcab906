//! The recorded graph: one reference-counted record a node, freed without recursion.

use std::any::{Any, type_name};
use std::cell::Cell;
use std::fmt;
use std::rc::Rc;

use gradlet_tensor::{Float, Result, Tensor};

use crate::graph::Saved;
use crate::no_grad::is_recording;
use crate::op::{Arity, Of, Op, Saves, SavesNoInput, Want};
use crate::part::Part;
use crate::var::{LeafId, Var};

/// Where a value came from; frees what it alone holds without recursion.
#[doc(hidden)]
pub struct History<T: Float>(Origin<T>);

#[derive(Default)]
pub(crate) enum Origin<T: Float> {
    /// Nothing to differentiate by.
    #[default]
    Constant,
    /// Where gradients end.
    Leaf(LeafId),
    /// The output of a recorded operation.
    Node(Node<T>),
}

pub(crate) type Node<T> = Rc<dyn Recorded<T>>;

/// Takes the gradient of an input, or of a part of it, and where that input came from.
pub(crate) type Give<'a, T> = dyn FnMut(Origin<T>, Var<T>, Option<&Part>) -> Result<()> + 'a;

/// A recorded operation, whatever its type.
pub(crate) trait Recorded<T: Float>: fmt::Debug {
    /// Counts up on each thread: larger than the ids of the inputs.
    fn id(&self) -> u64;

    /// Hands the gradient of each wanted input to `give`, with the input's origin. Frees the record on the way, where
    /// nobody else holds it and recording is off.
    fn backward(self: Rc<Self>, g: Var<T>, give: &mut Give<'_, T>) -> Result<()>;

    /// Drops the record if nobody else holds it, leaving the nodes it held to the caller.
    fn dismantle(self: Rc<Self>, held: &mut Vec<Node<T>>);

    /// The operation, for a downcast.
    fn op(&self) -> &dyn Any;

    /// What the record holds, for who looks at the graph.
    fn describe(&self) -> Description<T>;
}

/// What a record holds.
pub(crate) struct Description<T: Float> {
    /// The full name of the operation's type.
    pub(crate) type_name: &'static str,
    pub(crate) inputs: Vec<History<T>>,
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

/// The operation's output, with a record of it where a gradient may be asked for.
#[track_caller]
#[inline]
pub(crate) fn record<T: Float, O: Op<T>>(
    mut op: O,
    inputs: Of<O::Arity, &Var<T>>,
) -> Result<Var<T>> {
    let tensor = op.forward(O::Arity::from_fn(inputs.as_ref().len(), |i| {
        &inputs.as_ref()[i].tensor
    }))?;
    if !is_recorded(inputs.as_ref().iter().copied()) {
        return Ok(Var::constant(tensor));
    }
    let saved = O::Saves::store(&op, &inputs, &tensor);
    let histories = O::Arity::from_fn(inputs.as_ref().len(), |i| {
        inputs.as_ref()[i].history.clone()
    });
    Ok(recorded(op, saved, histories, tensor))
}

/// As `record`, for inputs given away.
#[track_caller]
#[inline]
pub(crate) fn record_owned<T: Float, O: Op<T, Saves: SavesNoInput>>(
    mut op: O,
    mut inputs: Of<O::Arity, Var<T>>,
) -> Result<Var<T>> {
    if !is_recorded(inputs.as_ref()) {
        let tensor = op.forward_owned(O::Arity::map(inputs, Var::into_tensor))?;
        return Ok(Var::constant(tensor));
    }
    let count = inputs.as_ref().len();
    let histories = O::Arity::from_fn(count, |i| History(inputs.as_mut()[i].history.take()));
    let tensor = op.forward_owned(O::Arity::map(inputs, Var::into_tensor))?;
    let saved = O::Saves::store_output::<T, O::Arity>(&tensor);
    Ok(recorded(op, saved, histories, tensor))
}

fn is_recorded<'a, T: Float>(inputs: impl IntoIterator<Item = &'a Var<T>>) -> bool {
    is_recording() && inputs.into_iter().any(Var::is_tracked)
}

/// The id of a record that is being made.
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
    fn wants(&self) -> Of<O::Arity, Want> {
        let inputs = self.inputs.as_ref();
        O::Arity::from_fn(inputs.len(), |i| Want(inputs[i].is_tracked()))
    }

    fn share_inputs(&self) -> Of<O::Arity, History<T>> {
        let inputs = self.inputs.as_ref();
        O::Arity::from_fn(inputs.len(), |i| inputs[i].clone())
    }
}

/// Hands over each gradient with its input's origin.
#[inline]
fn give_all<T: Float, A: Arity>(
    mut inputs: Of<A, History<T>>,
    mut gradients: Of<A, Option<Var<T>>>,
    give: &mut Give<'_, T>,
) -> Result<()> {
    // Items are taken out in place: moving whole arrays costs more than all else here.
    for (input, gradient) in inputs.as_mut().iter_mut().zip(gradients.as_mut()) {
        if let Some(gradient) = gradient.take() {
            give(input.take(), gradient, None)?;
        }
    }
    Ok(())
}

impl<T: Float, O: Op<T>> Recorded<T> for Record<T, O> {
    fn id(&self) -> u64 {
        self.id
    }

    fn backward(self: Rc<Self>, g: Var<T>, give: &mut Give<'_, T>) -> Result<()> {
        let wants = self.wants();
        if is_recording() {
            let node = || History::node(Rc::clone(&self) as Node<T>);
            let input = |i: usize| self.inputs.as_ref()[i].clone();
            let saved = O::Saves::view(O::Saves::share(&self.saved), input, node);
            let gradients = self.op.backward(g, saved, wants)?;
            return give_all::<T, O::Arity>(self.share_inputs(), gradients, give);
        }
        if let (Some(part), [input]) = (self.op.part(), self.inputs.as_ref()) {
            return give(input.clone().take(), g, Some(&part));
        }
        match Rc::try_unwrap(self) {
            Ok(Self {
                op, saved, inputs, ..
            }) => {
                let saved = O::Saves::view(saved, |_| History::CONSTANT, || History::CONSTANT);
                give_all::<T, O::Arity>(inputs, op.backward(g, saved, wants)?, give)
            }
            Err(shared) => {
                let saved = O::Saves::view(
                    O::Saves::share(&shared.saved),
                    |_| History::CONSTANT,
                    || History::CONSTANT,
                );
                let gradients = shared.op.backward(g, saved, wants)?;
                give_all::<T, O::Arity>(shared.share_inputs(), gradients, give)
            }
        }
    }

    fn dismantle(self: Rc<Self>, held: &mut Vec<Node<T>>) {
        if let Ok(record) = Rc::try_unwrap(self) {
            for mut history in record.inputs {
                if let Origin::Node(node) = history.take() {
                    held.push(node);
                }
            }
        }
    }

    fn op(&self) -> &dyn Any {
        &self.op
    }

    fn describe(&self) -> Description<T> {
        let mut saved = Vec::new();
        O::Saves::each(&self.saved, &mut |tensor| saved.push(Saved::of(tensor)));
        Description {
            type_name: type_name::<O>(),
            inputs: self.inputs.as_ref().to_vec(),
            saved,
            attribute_bytes: self.op.attribute_bytes(),
        }
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
    pub(crate) fn origin(&self) -> &Origin<T> {
        &self.0
    }

    #[inline]
    pub(crate) fn take(&mut self) -> Origin<T> {
        std::mem::take(&mut self.0)
    }

    #[inline]
    pub(crate) fn is_tracked(&self) -> bool {
        !matches!(self.0, Origin::Constant)
    }
}

impl<T: Float> Clone for History<T> {
    #[inline]
    fn clone(&self) -> Self {
        match &self.0 {
            Origin::Constant => Self::CONSTANT,
            Origin::Leaf(id) => Self::leaf(*id),
            Origin::Node(node) => Self::node(Rc::clone(node)),
        }
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

fn release<T: Float>(node: Node<T>) {
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
