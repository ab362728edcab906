//! Matrix products on strides: small and thin ones from where the operands lie, large ones through packed copies, in
//! parts that do not depend on the number of threads.

#![expect(
    unsafe_code,
    reason = "the kernels read and write matrices through pointers"
)]

mod bands;
mod beside;
mod dots;
mod fma;
mod gemm;
mod lanes;
#[cfg(test)]
mod order;
mod packed;
mod panels;
mod problem;
mod product;
mod small;
mod tile;
#[cfg(target_arch = "x86_64")]
mod x86;

pub(crate) use gemm::Gemm;
pub(crate) use panels::Panels;
pub(crate) use problem::{Matrix, Start};
pub(crate) use product::matmul;
