//! One function for each crate.

use std::ptr::null;

use crate::Product;

/// Takes its number of threads from MATMUL_NUM_THREADS, which the harness has set.
pub fn with_matrixmultiply(p: &mut Product, _threads: usize) {
    let (row, column) = p.right_strides();
    let (n, step) = (p.n, p.n as isize);
    let (a, b, c) = (p.a.as_ptr(), p.b.as_ptr(), p.c.as_mut_ptr());
    // SAFETY: each matrix has n * n elements, laid out as its strides say.
    unsafe { matrixmultiply::sgemm(n, n, n, 1.0, a, step, 1, b, row, column, 0.0, c, step, 1) }
}

pub fn with_gemm(p: &mut Product, threads: usize) {
    let (row, column) = p.right_strides();
    let (n, step) = (p.n, p.n as isize);
    let (a, b, c) = (p.a.as_ptr(), p.b.as_ptr(), p.c.as_mut_ptr());
    let parallelism = match threads {
        1 => gemm::Parallelism::None,
        n => gemm::Parallelism::Rayon(n),
    };
    // SAFETY: each matrix has n * n elements, laid out as its strides (columns, then rows) say.
    unsafe {
        gemm::gemm(
            n,
            n,
            n,
            c,
            1,
            step,
            false,
            a,
            1,
            step,
            b,
            column,
            row,
            0.0,
            1.0,
            false,
            false,
            false,
            parallelism,
        );
    }
}

pub fn with_faer(p: &mut Product, threads: usize) {
    use faer::{Accum, MatMut, MatRef, Par, linalg::matmul::matmul};
    let n = p.n;
    let parallelism = match threads {
        1 => Par::Seq,
        n => Par::rayon(n),
    };
    let b = if p.transposed {
        MatRef::from_column_major_slice(p.b, n, n)
    } else {
        MatRef::from_row_major_slice(p.b, n, n)
    };
    let a = MatRef::from_row_major_slice(p.a, n, n);
    let c = MatMut::from_row_major_slice_mut(p.c, n, n);
    matmul(c, Accum::Replace, a, b, 1.0, parallelism);
}

pub fn with_private_gemm(p: &mut Product, threads: usize) {
    use private_gemm_x86::{Accum, DType, DstKind, IType, InstrSet, gemm};
    let instructions = if is_x86_feature_detected!("avx512f") {
        InstrSet::Avx512
    } else {
        InstrSet::Avx256
    };
    let (row, column) = p.right_strides();
    let (n, step, alpha) = (p.n, p.n as isize, 1f32);
    // SAFETY: each matrix has n * n elements, laid out as its strides say; no index or diagonal is given.
    unsafe {
        gemm(
            DType::F32,
            IType::U64,
            instructions,
            n,
            n,
            n,
            p.c.as_mut_ptr().cast(),
            step,
            1,
            null(),
            null(),
            DstKind::Full,
            Accum::Replace,
            p.a.as_ptr().cast(),
            step,
            1,
            false,
            null(),
            0,
            p.b.as_ptr().cast(),
            row,
            column,
            false,
            (&raw const alpha).cast(),
            threads,
        );
    }
}
