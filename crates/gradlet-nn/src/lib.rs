//! Modules, layers, optimizers and data for gradlet.
//!
//! This crate has no loops over elements: they are in the tensor crate. Metrics alone, which are not part of a training
//! step, read one element after the other.
#![forbid(unsafe_code)]
#![cfg_attr(
    test,
    allow(
        clippy::disallowed_methods,
        reason = "a test may compare with the system's functions"
    )
)]
#![warn(clippy::expect_used, clippy::print_stdout, clippy::unwrap_used)]

// The derive writes paths that begin with `::gradlet`.
extern crate self as gradlet;

mod buffer;
mod checkpoint;
pub mod data;
pub mod dropout;
mod forward;
pub mod init;
pub mod layer;
pub mod loss;
pub mod metric;
mod mode;
pub mod module;
pub mod optim;
mod parameter;
mod require;
pub mod schedule;
mod state;
pub mod trainer;

pub use buffer::Buffer;
pub use checkpoint::checkpoint_module;
pub use data::{Batches, Dataset};
pub use dropout::{
    AlphaDropout, DropConnect, Dropout, Dropout1d, Dropout2d, Dropout3d, FeatureAlphaDropout,
    GaussianDropout, monte_carlo,
};
pub use forward::Forward;
pub use layer::{
    AdaptiveAvgPool1d, AdaptiveAvgPool2d, AdaptiveMaxPool1d, AdaptiveMaxPool2d, AvgPool1d,
    AvgPool2d, BatchNorm1d, BatchNorm2d, Bilinear, Celu, Conv1d, Conv2d, ConvTranspose1d,
    ConvTranspose2d, Elu, Embedding, Flatten, Gelu, GeluTanh, Glu, GroupNorm, Gru, GruCell,
    Hardshrink, Hardsigmoid, Hardswish, Hardtanh, Identity, InstanceNorm1d, InstanceNorm2d, Lambda,
    LayerNorm, LeakyRelu, LearnedPositions, Linear, LogSigmoid, LogSoftmax, Lstm, LstmCell,
    MaxPool1d, MaxPool2d, Mish, MultiheadAttention, Normalizer, Prelu, ReflectionPad1d,
    ReflectionPad2d, Relu, Relu6, ReplicationPad1d, ReplicationPad2d, RmsNorm, Rnn, RnnCell, Selu,
    Sequential, Sigmoid, Silu, SinusoidalPositions, Softmax, Softmin, Softplus, Softshrink,
    Softsign, Tanh, Tanhshrink, Threshold, TransformerEncoder, TransformerEncoderLayer, Unflatten,
    Upsample, ZeroPad1d, ZeroPad2d,
};
pub use loss::*;
pub use metric::{
    Accuracy, AveragePrecision, ConfusionMatrix, LogLoss, MaxError, MeanAbsoluteError,
    MeanSquaredError, R2, RocAuc, TopK,
};
pub use mode::Mode;
pub use module::{AlwaysEval, Module};
pub use optim::{
    Adadelta, Adagrad, Adam, AdamW, Adamax, Lbfgs, MaxNorm, NAdam, Optimizer, RAdam, RmsProp, Sgd,
};
pub use parameter::Parameter;
pub use state::{AnyTensor, State, Stateful, Unmatched};
