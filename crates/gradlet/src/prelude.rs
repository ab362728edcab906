//! What most programs need: `use gradlet::prelude::*;`.

pub use crate::nn::{
    Adam, Conv2d, Dataset, Dropout, Flatten, Forward, Linear, MaxPool2d, Mode, Module, Parameter,
    Relu, Sequential, Sgd, cross_entropy, idx, mse_loss, sequential,
};
pub use crate::{Error, Gradients, Pcg64, Result, Tensor, Var, no_grad, tensor};
