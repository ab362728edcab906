//! Modules, layers, optimizers and data for gradlet.
//!
//! This crate has no loops over elements: they are in the tensor crate. Metrics alone, which are not part of a training
//! step, read one element after the other.
#![forbid(unsafe_code)]
#![warn(clippy::expect_used, clippy::print_stdout, clippy::unwrap_used)]

// The derive writes paths that begin with `::gradlet`.
extern crate self as gradlet;

mod buffer;
mod checkpoint;
pub mod data;
pub mod dropout;
mod forward;
pub mod init;
mod layer;
pub mod loss;
pub mod metric;
mod mode;
pub mod module;
pub mod optim;
mod parameter;
mod require;
pub mod schedule;

pub use buffer::{AnyBuffer, Buffer};
pub use checkpoint::checkpoint_module;
pub use data::{Batches, Dataset, idx};
pub use dropout::functional;
pub use dropout::{
    AlphaDropout, DropConnect, Dropout, Dropout1d, Dropout2d, Dropout3d, FeatureAlphaDropout,
    GaussianDropout, Scaling, monte_carlo,
};
pub use forward::Forward;
pub use layer::*;
pub use loss::*;
pub use metric::{
    Accuracy, AveragePrecision, ConfusionMatrix, LogLoss, MaxError, MeanAbsoluteError,
    MeanSquaredError, R2, RocAuc, TopK,
};
pub use mode::Mode;
pub use module::{AlwaysEval, Module, Summary};
pub use optim::{
    Adadelta, Adagrad, Adam, AdamW, Adamax, Lbfgs, MaxNorm, NAdam, Optimizer, RAdam, RmsProp, Sgd,
};
pub use parameter::{AnyParameter, Parameter};
