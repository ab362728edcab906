//! The names that most programs need: `use gradlet::prelude::*;`.

#[cfg(feature = "io")]
pub use crate::io::idx;
pub use crate::nn::{
    Adam, AdamW, Conv2d, Dataset, Dropout, Flatten, Forward, Linear, MaxPool2d, Mode, Module,
    Parameter, Relu, RmsProp, Sequential, Sgd, sequential,
};
pub use crate::{
    Error, Gradients, Keep, Pcg64, Reduction, Result, Tensor, Var, cross_entropy, mse_loss,
    no_grad, tensor,
};
