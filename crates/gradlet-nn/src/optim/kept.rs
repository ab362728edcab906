//! The average of one tensor of a model, in either type of floats.

use std::fmt::{self, Write};
use std::mem;

use gradlet_tensor::{Float, Result, Tensor, fused};

use super::rule::lerp;
use crate::buffer::Buffer;
use crate::module::{Leaf, LeafMut, Path};
use crate::parameter::Parameter;

/// The average of one tensor.
#[derive(Clone)]
pub(super) enum Kept {
    Single(Tensor<f32>),
    Double(Tensor<f64>),
}

impl Kept {
    /// A handle of a leaf's tensor, if it is one that is averaged.
    pub(super) fn of(leaf: Leaf<'_>, buffers: bool) -> Option<Self> {
        match leaf {
            Leaf::Parameter(leaf) => {
                let single = leaf
                    .downcast_ref()
                    .map(|p| Self::Single(p.tensor().clone()));
                single.or_else(|| Some(Self::Double(leaf.downcast_ref()?.tensor().clone())))
            }
            Leaf::Buffer(leaf) if buffers => {
                let single = leaf.downcast_ref().map(|b| Self::Single(b.tensor()));
                single.or_else(|| Some(Self::Double(leaf.downcast_ref()?.tensor())))
            }
            _ => None,
        }
    }

    /// A copy that shares no memory, so that the optimizer's next step need not copy.
    pub(super) fn apart(mut self) -> Self {
        match &mut self {
            Self::Single(tensor) => _ = tensor.make_mut_slice(),
            Self::Double(tensor) => _ = tensor.make_mut_slice(),
        }
        self
    }

    /// Whether the other has the same shape and element type.
    pub(super) fn fits(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Single(a), Self::Single(b)) => a.shape() == b.shape(),
            (Self::Double(a), Self::Double(b)) => a.shape() == b.shape(),
            _ => false,
        }
    }

    /// The element type and the shape.
    pub(super) fn describe(&self) -> String {
        match self {
            Self::Single(tensor) => format!("f32 {:?}", tensor.shape()),
            Self::Double(tensor) => format!("f64 {:?}", tensor.shape()),
        }
    }

    /// Moves this towards the other.
    pub(super) fn approach(&mut self, other: &Self, weight: f64) -> Result<()> {
        match (self, other) {
            (Self::Single(a), Self::Single(b)) => approach(a, b, weight),
            (Self::Double(a), Self::Double(b)) => approach(a, b, weight),
            _ => Ok(()),
        }
    }

    /// Exchanges this and a leaf's tensor.
    pub(super) fn swap(&mut self, leaf: LeafMut<'_>) {
        match self {
            Self::Single(tensor) => swap(tensor, leaf),
            Self::Double(tensor) => swap(tensor, leaf),
        }
    }
}

fn swap<T: Float>(tensor: &mut Tensor<T>, leaf: LeafMut<'_>) {
    let own = match leaf {
        LeafMut::Parameter(leaf) => leaf.downcast_mut().map(Parameter::tensor_mut),
        LeafMut::Buffer(leaf) => leaf.downcast_mut().map(Buffer::tensor_mut),
        _ => None,
    };
    if let Some(own) = own {
        mem::swap(tensor, own);
    }
}

fn approach<T: Float>(a: &mut Tensor<T>, b: &Tensor<T>, weight: f64) -> Result<()> {
    let weight = T::of(weight);
    fused::update([a], b, |[a], b| [lerp(a, b, weight)])
}

/// Whether the path prints as this text.
pub(super) fn is_at(path: &Path<'_>, text: &str) -> bool {
    struct Rest<'a>(&'a str);
    impl Write for Rest<'_> {
        fn write_str(&mut self, part: &str) -> fmt::Result {
            self.0 = self.0.strip_prefix(part).ok_or(fmt::Error)?;
            Ok(())
        }
    }
    let mut rest = Rest(text);
    write!(rest, "{path}").is_ok() && rest.0.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::module::Name;

    #[test]
    fn a_path_is_compared_as_it_prints() {
        let layers = Path::Root.child(Name::Field("layers"));
        let tenth = layers.child(Name::Index(10));
        assert!(is_at(&tenth, "layers.10") && is_at(&Path::Root, ""));
        for other in ["layers.1", "layers.100", "layers", "ayers.10", ""] {
            assert!(!is_at(&tenth, other), "{other}");
        }
    }
}
