//! What an operation of your own is written with: `use gradlet::op::*;`.

pub use gradlet_autograd::{
    Arity, Fixed, Given, Inputs, Many, Nothing, Of, One, Op, Output, Saves, SavesNoInput,
    SomeInputs, View, Want,
};
