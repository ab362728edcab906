//! The traits and types for writing an operation of your own: `use gradlet::op::*;`.

pub use gradlet_autograd::{
    Arity, Fixed, Given, Inputs, Many, Nothing, Of, One, Op, Output, Saves, SavesNoInput,
    SomeInputs, View, Want,
};
