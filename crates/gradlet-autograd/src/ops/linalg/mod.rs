//! Products of vectors and matrices, and sums of products.

mod addmm;
mod einsum;
mod linear;
mod matmul;

pub use einsum::einsum;
