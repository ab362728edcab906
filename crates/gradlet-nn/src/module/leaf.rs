//! The kinds of leaves that a model can have.

use crate::buffer::AnyBuffer;
use crate::dropout::Source;
use crate::mode::Mode;
use crate::parameter::AnyParameter;

/// The leaf that a module is, if it is one.
#[derive(Clone, Copy, Debug)]
pub enum Leaf<'a> {
    /// Not a leaf: a composite module, or an absent `Option`.
    None,
    /// A tensor that is trained.
    Parameter(&'a dyn AnyParameter),
    /// A tensor that is kept but not trained.
    Buffer(&'a dyn AnyBuffer),
    /// A layer's mode.
    Mode(Mode),
    /// A dropout's probability and stream.
    Source(&'a Source),
}

/// The leaf that a module is, mutably, if it is one.
#[derive(Debug)]
pub enum LeafMut<'a> {
    /// Not a leaf: a composite module, or an absent `Option`.
    None,
    /// A tensor that is trained.
    Parameter(&'a mut dyn AnyParameter),
    /// A tensor that is kept but not trained.
    Buffer(&'a mut dyn AnyBuffer),
    /// A layer's mode.
    Mode(&'a mut Mode),
    /// A dropout's probability and stream.
    Source(&'a mut Source),
}
