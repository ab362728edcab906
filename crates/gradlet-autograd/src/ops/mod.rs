//! The operations, one a file: formula, attributes, value, directly below it the gradient, the public method, tests.

mod add;
mod add_scalar;
mod broadcast;
mod cat;
mod conv2d;
mod cross_entropy;
mod div;
mod div_scalar;
mod dropout;
mod exp;
mod index_select;
mod linear;
mod ln;
mod log_softmax;
mod matmul;
mod max;
mod max_pool2d;
mod mean;
mod mse;
mod mul;
mod mul_scalar;
mod narrow;
mod neg;
mod nll;
mod permute;
mod powf;
mod powi;
mod relu;
mod reshape;
mod sigmoid;
mod sqrt;
mod sub;
mod sum;
mod tanh;

pub use cross_entropy::cross_entropy;
pub use dropout::{dropout_into, dropout_with};
