//! What most programs need: `use gradlet::prelude::*;`.

pub use crate::nn::{
    Dropout, Flatten, Forward, Linear, Mode, Module, Parameter, Relu, Sequential, cross_entropy,
    mse_loss, sequential,
};
pub use crate::{Error, Gradients, Pcg64, Result, Tensor, Var, no_grad, tensor};
