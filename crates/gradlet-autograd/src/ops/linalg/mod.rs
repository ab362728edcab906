//! Products of vectors and matrices, and sums of products.

mod cross;
mod einsum;
mod linear;
mod matmul;
mod products;
mod recurrent;

pub use einsum::einsum;
