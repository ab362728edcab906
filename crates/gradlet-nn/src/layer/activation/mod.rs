//! Activations.

mod axis;
mod plain;
mod prelu;
mod relu;
mod tuned;

pub use axis::{Glu, LogSoftmax, Softmax, Softmin};
pub use plain::{
    Gelu, GeluTanh, Hardsigmoid, Hardswish, LogSigmoid, Mish, Relu6, Selu, Sigmoid, Silu, Softsign,
    Tanh, Tanhshrink,
};
pub use prelu::Prelu;
pub use relu::Relu;
pub use tuned::{Celu, Elu, Hardshrink, Hardtanh, LeakyRelu, Softplus, Softshrink, Threshold};
