//! [`Across`]: gradients on their way through the part of a graph that has a different element type.

use std::any::Any;

use gradlet_tensor::{Float, Result, Shape};

use crate::gradients::Gradients;
use crate::part::Contribution;
use crate::record::{Arrival, Node, Origin};
use crate::var::LeafId;

/// The gradient of a node's output or of a leaf, whatever its element type. Only casts make it, so that programs
/// without casts hold no code of the other type.
pub(crate) trait Across: Any {
    /// The id of the node; `None` if this is the gradient of a leaf.
    fn node_id(&self) -> Option<u64>;

    /// The name of the leaf; `None` if this is the gradient of a node.
    fn leaf_id(&self) -> Option<LeafId>;

    /// The shape of the output or leaf.
    fn shape(&self) -> &Shape;

    /// The sum of this and the gradients that came before, as one of the whole output.
    ///
    /// # Errors
    ///
    /// If the shapes differ.
    fn added_to(self: Box<Self>, sum: Option<Box<dyn Across>>) -> Result<Box<dyn Across>>;

    /// Hands the gradients of the node's inputs to `give`.
    fn backward(self: Box<Self>, give: &mut dyn FnMut(Box<dyn Across>) -> Result<()>)
    -> Result<()>;

    /// Adds the gradient of a leaf to gradients of its type: an `Option<Box<Gradients<T>>>`.
    ///
    /// # Errors
    ///
    /// If the shapes differ.
    fn accumulate(self: Box<Self>, gradients: &mut dyn Any) -> Result<()>;
}

struct Typed<T: Float> {
    origin: Origin<Node<T>>,
    g: Contribution<T>,
}

/// A contribution to the gradient of an input of this origin, for a walk of any type.
pub(crate) fn across<T: Float>(origin: Origin<Node<T>>, g: Contribution<T>) -> Box<dyn Across> {
    Box::new(Typed { origin, g })
}

/// What a walk over elements of type `T` makes of a gradient of any type.
pub(crate) fn arrival<T: Float>(g: Box<dyn Across>) -> Arrival<T> {
    if !(&*g as &dyn Any).is::<Typed<T>>() {
        return Arrival::Across(g);
    }
    match (g as Box<dyn Any>).downcast::<Typed<T>>() {
        Ok(typed) => Arrival::Here(typed.origin, typed.g),
        Err(_) => unreachable!("the type was looked at before"),
    }
}

impl<T: Float> Across for Typed<T> {
    fn node_id(&self) -> Option<u64> {
        match &self.origin {
            Origin::Node(node) => Some(node.id()),
            _ => None,
        }
    }

    fn leaf_id(&self) -> Option<LeafId> {
        match &self.origin {
            Origin::Leaf(id) => Some(*id),
            _ => None,
        }
    }

    fn shape(&self) -> &Shape {
        self.g.shape()
    }

    fn added_to(self: Box<Self>, sum: Option<Box<dyn Across>>) -> Result<Box<dyn Across>> {
        let sum = sum.map(|sum| sum as Box<dyn Any>);
        let g = match sum.map(<Box<dyn Any>>::downcast::<Self>) {
            Some(Ok(sum)) => {
                let mut sum = sum.g.whole()?;
                self.g.add_to(&mut sum)?;
                sum
            }
            _ => self.g.whole()?,
        };
        let (origin, g) = (self.origin, g.into());
        Ok(Box::new(Self { origin, g }))
    }

    fn backward(
        self: Box<Self>,
        give: &mut dyn FnMut(Box<dyn Across>) -> Result<()>,
    ) -> Result<()> {
        let Self { origin, g } = *self;
        let Origin::Node(node) = origin else {
            return Ok(());
        };
        node.backward(g.whole()?, &mut |arrival| match arrival {
            Arrival::Here(Origin::Constant, _) => Ok(()),
            Arrival::Here(origin, g) => give(across(origin, g)),
            Arrival::Across(g) => give(g),
        })
    }

    fn accumulate(self: Box<Self>, gradients: &mut dyn Any) -> Result<()> {
        let gradients = gradients.downcast_mut::<Option<Box<Gradients<T>>>>();
        let (Some(gradients), Origin::Leaf(id)) = (gradients, self.origin) else {
            return Ok(());
        };
        let gradients = gradients.get_or_insert_with(|| Box::new(Gradients::new_of()));
        gradients.accumulate(id, self.g)
    }
}
