//! [`Graph`]: the recorded operations, as data to look at.

use std::cell::Cell;
use std::collections::BTreeMap;

use gradlet_tensor::{Float, Shape, Tensor};

use crate::backward::{Seen, walk};
use crate::no_grad::set_recording;
use crate::ops::Retain;
use crate::record::{AnyNode, Arrival, Description, Origin};
use crate::var::{LeafId, Var};

/// The operations that led to a Var, as far as they were recorded. Made by [`Var::graph`].
#[derive(Clone, Debug, Default)]
pub struct Graph {
    /// The operations; each comes after those whose outputs it takes.
    pub nodes: Vec<GraphNode>,
    /// The leaves that the Var was computed from, oldest first.
    pub leaves: Vec<GraphLeaf>,
}

/// One recorded operation.
#[derive(Clone, Debug)]
pub struct GraphNode {
    /// Its place in [`Graph::nodes`].
    pub id: usize,
    /// The operation's name: [`Op::name`](crate::Op::name).
    pub op: String,
    /// The shape of the output; `None` if no gradient arrives.
    pub shape: Option<Shape>,
    /// Where each input came from.
    pub inputs: Vec<GraphInput>,
    /// The tensors kept for the gradient.
    pub saved: Vec<Saved>,
    /// The bytes that the operation keeps besides them: [`Op::attribute_bytes`](crate::Op::attribute_bytes).
    pub attribute_bytes: usize,
}

/// A leaf of a graph.
#[derive(Clone, Debug)]
pub struct GraphLeaf {
    /// The name under which its gradient is found.
    pub id: LeafId,
    /// Its shape; `None` if no gradient arrives.
    pub shape: Option<Shape>,
    /// The name that [`Graph::to_dot`] writes; see [`Graph::name`].
    pub name: Option<String>,
}

/// Where the input of an operation came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GraphInput {
    /// A constant, which gets no gradient.
    Constant,
    /// A leaf.
    Leaf(LeafId),
    /// The output of the node at this place.
    Node(usize),
}

/// A tensor that is kept for a gradient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Saved {
    /// Its shape.
    pub shape: Shape,
    /// The size of all its elements; a view or a shared tensor takes up less memory.
    pub size_bytes: usize,
}

impl Saved {
    pub(crate) fn of<T: Float>(tensor: &Tensor<T>) -> Self {
        Self {
            shape: *tensor.shape(),
            size_bytes: tensor.size_bytes(),
        }
    }
}

impl GraphNode {
    /// The number of bytes kept for the gradient.
    pub fn saved_bytes(&self) -> usize {
        let tensors: usize = self.saved.iter().map(|saved| saved.size_bytes).sum();
        tensors + self.attribute_bytes
    }
}

impl Graph {
    /// The number of bytes kept for the gradients. A tensor that several operations keep is counted for each.
    pub fn saved_bytes(&self) -> usize {
        self.nodes.iter().map(GraphNode::saved_bytes).sum()
    }

    /// The leaf with this name, if it is part of the graph.
    pub fn leaf(&self, id: LeafId) -> Option<&GraphLeaf> {
        let place = self.leaves.binary_search_by_key(&id, |leaf| leaf.id).ok()?;
        self.leaves.get(place)
    }

    /// Gives a leaf a name for [`to_dot`](Graph::to_dot): for a parameter, its path. A leaf that is not in this graph
    /// is ignored.
    pub fn name(&mut self, id: LeafId, name: impl Into<String>) {
        if let Ok(place) = self.leaves.binary_search_by_key(&id, |leaf| leaf.id) {
            self.leaves[place].name = Some(name.into());
        }
    }
}

impl<T: Float> Var<T> {
    /// The operations that led to this Var, and the tensors that they keep for their gradients.
    ///
    /// Records do not hold the shapes of outputs: these come from a backward pass with a gradient of zeros, in which
    /// hooks and checkpoints are not called.
    ///
    /// A [checkpoint](crate::checkpoint) is one node with the inputs it was given: tensors that its function captured,
    /// such as the weights of a layer, are neither among the leaves nor in [`saved_bytes`](Graph::saved_bytes).
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::{GraphInput, Var};
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::leaf(tensor![1.0, 2.0, 3.0]);
    /// let graph = (&x * 2.0).exp().graph();
    /// let ops: Vec<_> = graph.nodes.iter().map(|node| node.op.as_str()).collect();
    /// assert_eq!(ops, ["mul_scalar", "exp"]);
    /// assert_eq!(graph.nodes[1].inputs, [GraphInput::Node(0)]);
    /// assert_eq!(graph.saved_bytes(), 12); // the output of exp
    /// assert!(graph.to_dot().starts_with("digraph"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn graph(&self) -> Graph {
        let (nodes, mut leaves) = recorded(self.history.to_any());
        let mut shapes = BTreeMap::new();
        {
            let _looking = Inspecting::begin();
            let _restore = set_recording(false);
            let mut see_node = |seen: Seen<'_, T>| {
                shapes.insert(seen.id, *seen.shape);
            };
            let mut see_leaf = |arrival| {
                let (id, shape) = match &arrival {
                    Arrival::Here(Origin::Leaf(id), g) => (Some(*id), g.shape()),
                    Arrival::Here(_, g) => (None, g.shape()),
                    Arrival::Across(g) => (g.leaf_id(), g.shape()),
                };
                if let Some(known) = id.and_then(|id| leaves.get_mut(&id)) {
                    *known = Some(*shape);
                }
                Ok(())
            };
            let g = Var::constant(self.tensor.zeros_like());
            // If an operation fails to compute its gradient, shapes stay unknown, which the fields allow for.
            let _ = walk(0, self.history.clone(), g, &mut see_node, &mut see_leaf);
        }
        let places: BTreeMap<u64, usize> = nodes.keys().copied().zip(0..).collect();
        let node = |(id, (recorded, description)): (usize, (u64, Description))| GraphNode {
            id,
            op: description.name,
            shape: shapes.get(&recorded).copied(),
            inputs: description
                .inputs
                .iter()
                .map(|input| origin(input, &places))
                .collect(),
            saved: description.saved,
            attribute_bytes: description.attribute_bytes,
        };
        let leaf = |(id, shape)| GraphLeaf {
            id,
            shape,
            name: None,
        };
        Graph {
            nodes: nodes.into_iter().enumerate().map(node).collect(),
            leaves: leaves.into_iter().map(leaf).collect(),
        }
    }
}

type Descriptions = BTreeMap<u64, Description>;

/// All records behind an origin, by their ids, and the leaves behind them. Found in a loop: recursion would overflow
/// the stack.
fn recorded(end: Origin<AnyNode>) -> (Descriptions, BTreeMap<LeafId, Option<Shape>>) {
    let (mut nodes, mut leaves) = (BTreeMap::new(), BTreeMap::new());
    let mut open = vec![end];
    while let Some(origin) = open.pop() {
        let node = match origin {
            Origin::Constant => continue,
            Origin::Leaf(id) => {
                leaves.insert(id, None);
                continue;
            }
            Origin::Node(node) if nodes.contains_key(&node.id()) => continue,
            Origin::Node(node) => node,
        };
        let mut description = node.describe();
        if node.op().is::<Retain>() {
            // The second is the leaf that the gradient is returned for: nothing was computed from it.
            description.inputs.truncate(1);
        }
        open.extend(description.inputs.iter().cloned());
        nodes.insert(node.id(), description);
    }
    (nodes, leaves)
}

fn origin(origin: &Origin<AnyNode>, places: &BTreeMap<u64, usize>) -> GraphInput {
    match origin {
        Origin::Constant => GraphInput::Constant,
        Origin::Leaf(id) => GraphInput::Leaf(*id),
        Origin::Node(node) => places
            .get(&node.id())
            .map_or(GraphInput::Constant, |&place| GraphInput::Node(place)),
    }
}

thread_local! {
    static INSPECTING: Cell<bool> = const { Cell::new(false) };
}

/// Whether this backward pass only looks for shapes, so that no function of the user's may be called.
pub(crate) fn is_inspecting() -> bool {
    INSPECTING.get()
}

/// A guard: backward passes only look for shapes until it is dropped, even by a panic.
struct Inspecting;

impl Inspecting {
    fn begin() -> Self {
        INSPECTING.set(true);
        Self
    }
}

impl Drop for Inspecting {
    fn drop(&mut self) {
        INSPECTING.set(false);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Result, checkpoint, dropout_with};
    use gradlet_tensor::{DrawKey, Mask, Order, tensor};

    fn shape(node: &GraphNode) -> &[usize] {
        node.shape.as_ref().unwrap()
    }

    #[test]
    fn a_graph_tells_names_shapes_inputs_and_what_is_saved() -> Result<()> {
        let (x, w) = (
            Var::leaf(tensor![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]),
            Var::leaf(tensor![1.0, 2.0, 3.0]),
        );
        let h = x.mul(&w)?;
        let y = h.exp().mul(&Var::constant(tensor![2.0]))?.add(&h)?;
        let graph = y.sum(1)?.graph();
        let ops: Vec<_> = graph.nodes.iter().map(|node| node.op.as_str()).collect();
        assert_eq!(ops, ["mul", "exp", "mul", "add", "sum"]);
        let shapes: Vec<_> = graph.nodes.iter().map(shape).collect();
        assert_eq!(shapes, [&[2, 3][..], &[2, 3], &[2, 3], &[2, 3], &[2]]);
        let leaf = |x: &Var| GraphInput::Leaf(x.leaf_id().unwrap());
        let inputs: Vec<_> = graph.nodes.iter().map(|node| &node.inputs[..]).collect();
        let [first, second, third, fourth, last] = inputs[..] else {
            panic!("{inputs:?}")
        };
        assert_eq!(first, [leaf(&x), leaf(&w)]);
        assert_eq!(second, [GraphInput::Node(0)]);
        assert_eq!(third, [GraphInput::Node(1), GraphInput::Constant]);
        assert_eq!(fourth, [GraphInput::Node(2), GraphInput::Node(0)]);
        assert_eq!(last, [GraphInput::Node(3)]);
        let bytes: Vec<_> = graph.nodes.iter().map(GraphNode::saved_bytes).collect();
        assert_eq!(bytes, [24 + 12, 24, 4, 0, 0]);
        assert_eq!(graph.saved_bytes(), 64);
        assert_eq!(graph.nodes[0].saved[1].shape, Shape::from(3));
        let leaves: Vec<_> = graph.leaves.iter().map(|leaf| leaf.shape).collect();
        assert_eq!(leaves, [Some(Shape::from([2, 3])), Some(Shape::from(3))]);
        Ok(())
    }

    #[test]
    fn what_attributes_keep_is_counted() -> Result<()> {
        let x = Var::leaf(Tensor::ones([100])?);
        let mask = Mask::draw([100], 0.5, DrawKey { seed: 1, call: 2 })?;
        let graph = dropout_with(&x, mask, 2.0)?.graph();
        assert_eq!(graph.nodes[0].op, "dropout");
        assert_eq!(
            (graph.nodes[0].attribute_bytes, graph.saved_bytes()),
            (16, 16)
        );
        let kept = |y: Var| {
            let nodes = y.graph().nodes;
            nodes.iter().map(|node| node.attribute_bytes).sum::<usize>()
        };
        let truths = x.tensor().map(|x| x > 0.5);
        let places = Tensor::from_fn([3], |i| i as i64)?;
        assert_eq!(kept(x.masked_fill(&truths, 2.0)?), 100);
        assert_eq!(kept(Var::where_cond(&truths, &x, &x)?), 100);
        assert_eq!(kept(x.gather(0, &places)?), 24);
        assert_eq!(kept(x.scatter_add(0, &places, &x)?), 24);
        assert_eq!(kept(x.sort(0, Order::Ascending)?.0), 800);
        // The mean and the scale.
        assert_eq!(kept(x.layer_norm(100, None, None, 1e-5)?), 8);
        Ok(())
    }

    #[test]
    fn leaves_and_constants_have_no_operations() {
        let x = Var::leaf(tensor![1.0]);
        let graph = x.graph();
        assert_eq!((graph.nodes.len(), graph.leaves.len()), (0, 1));
        assert_eq!(
            graph.leaf(x.leaf_id().unwrap()).unwrap().shape,
            Some(*x.shape())
        );
        let graph = x.detach().graph();
        assert_eq!((graph.nodes.len(), graph.leaves.len()), (0, 0));
    }

    #[test]
    fn a_retained_value_shows_one_input_and_no_leaf_of_its_own() {
        let x = Var::leaf(tensor![1.0, 2.0]);
        let graph = x.exp().retain().graph();
        assert_eq!(graph.nodes[1].inputs, [GraphInput::Node(0)]);
        assert_eq!(graph.leaves.len(), 1);
        assert_eq!(graph.leaves[0].shape, Some(Shape::from(2)));
    }

    #[test]
    fn looking_calls_no_hook_and_no_checkpoint_and_changes_nothing() -> Result<()> {
        let calls = std::rc::Rc::new(Cell::new(0));
        let count = || {
            let calls = calls.clone();
            move || calls.set(calls.get() + 1)
        };
        let (hooked, computed) = (count(), count());
        let x = Var::leaf(tensor![1.0, 2.0]);
        let h = x.powi(2).hook(move |_| {
            hooked();
            Ok(None)
        });
        let f = move |x: &[Var]| {
            computed();
            x[0].sum(..)
        };
        let y = checkpoint(f, &[&h])?;
        assert_eq!(calls.get(), 1);
        let graph = y.graph();
        assert_eq!(calls.get(), 1);
        let ops: Vec<_> = graph.nodes.iter().map(|node| node.op.as_str()).collect();
        assert_eq!(ops, ["powi", "hook", "checkpoint"]);
        assert_eq!(graph.leaves[0].shape, Some(Shape::from(2)));
        assert_eq!(
            y.backward()?.wrt(&x).map(Tensor::to_vec),
            Some(vec![2.0, 4.0])
        );
        assert_eq!(calls.get(), 3);
        Ok(())
    }

    #[test]
    fn what_a_checkpoint_captured_is_not_listed() -> Result<()> {
        let (x, w) = (Var::leaf(tensor![1.0, 2.0]), Var::leaf(tensor![3.0, 4.0]));
        let graph = checkpoint(move |x: &[Var]| x[0].mul(&w), &[&x])?.graph();
        let leaves: Vec<_> = graph.leaves.iter().map(|leaf| leaf.id).collect();
        assert_eq!(leaves, [x.leaf_id().unwrap()]);
        assert_eq!(graph.saved_bytes(), 8);
        Ok(())
    }

    #[test]
    fn a_million_operations_are_listed_without_recursion() {
        let x = Var::leaf(Tensor::scalar(1.0f32));
        let y = (0..1_000_000).fold(x, |y, _| y + 1.0);
        let graph = y.graph();
        assert_eq!(graph.nodes.len(), 1_000_000);
        assert_eq!(graph.nodes[999_999].inputs, [GraphInput::Node(999_998)]);
    }
}
