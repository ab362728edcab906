//! Products of vectors and matrices, and sums of products.

mod einsum;
mod equation;
pub(crate) mod integers;
mod matmul;
mod products;

pub use einsum::{Contract, einsum};
pub use products::expect_batches;
