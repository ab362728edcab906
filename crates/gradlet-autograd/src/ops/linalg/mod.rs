//! Products of vectors and matrices, and sums of products.

mod bilinear;
mod cross;
mod einsum;
mod linear;
mod matmul;
mod products;
mod recurrent;
mod scaled_dot_product_attention;

pub use einsum::einsum;
