//! Products of vectors and matrices, and sums of products.

mod contract;
mod cross;
mod einsum;
mod equation;
pub(crate) mod integers;
mod matmul;
mod products;

pub use contract::Contract;
pub use einsum::einsum;
pub(crate) use matmul::matrix;
pub use products::expect_batches;
