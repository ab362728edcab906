//! What an operation of your own is written with: `use gradlet::op::*;`.

pub use gradlet_autograd::{
    Arity, Fixed, Inputs, Many, Nothing, Of, Op, Output, Saves, SavesNoInput, SomeInputs, View,
    Want,
};
