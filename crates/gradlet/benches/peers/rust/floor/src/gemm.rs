//! Products of matrices by a crate, on one thread or shared out.

use std::ptr::null;

use crate::team::{Pieces, Team, piece};

/// A factor: element (i, j) is `data[i * row + j * column]`.
#[derive(Clone, Copy)]
pub struct Factor<'a> {
    pub data: &'a [f32],
    pub row: usize,
    pub column: usize,
}

impl<'a> Factor<'a> {
    pub fn new(data: &'a [f32], width: usize) -> Self {
        Self {
            data,
            row: width,
            column: 1,
        }
    }

    pub fn transposed(self) -> Self {
        Self {
            row: self.column,
            column: self.row,
            ..self
        }
    }
}

/// y = scale * a b, or added to y: y is [m, n] within rows of `width`, a has k columns.
pub fn gemm(
    [m, n, k]: [usize; 3],
    a: Factor,
    b: Factor,
    y: *mut f32,
    width: usize,
    scale: f32,
    add: bool,
) {
    use private_gemm_x86::{Accum, DType, DstKind, IType, InstrSet};
    assert!((m - 1) * a.row + (k - 1) * a.column < a.data.len());
    assert!((k - 1) * b.row + (n - 1) * b.column < b.data.len());
    let vectors = if cfg!(target_feature = "avx512f") {
        InstrSet::Avx512
    } else {
        InstrSet::Avx256
    };
    let strides = |f: Factor| (f.row as isize, f.column as isize);
    let ((a_row, a_column), (b_row, b_column)) = (strides(a), strides(b));
    // SAFETY: the factors' sizes were compared; the caller owns y. No index or diagonal is given.
    unsafe {
        private_gemm_x86::gemm(
            DType::F32,
            IType::U64,
            vectors,
            m,
            n,
            k,
            y.cast(),
            width as isize,
            1,
            null(),
            null(),
            DstKind::Full,
            if add { Accum::Add } else { Accum::Replace },
            a.data.as_ptr().cast(),
            a_row,
            a_column,
            false,
            null(),
            0,
            b.data.as_ptr().cast(),
            b_row,
            b_column,
            false,
            (&raw const scale).cast(),
            1,
        );
    }
}

/// y = a b on the team's threads, which share out the longer of y's sides.
pub fn product(team: &Team, [m, n, k]: [usize; 3], a: Factor, b: Factor, y: &mut [f32]) {
    assert!(y.len() >= m * n);
    let y = Pieces(y.as_mut_ptr());
    team.share(|part| {
        if m >= n {
            let own = piece(part, team.parts(), m);
            let a = Factor {
                data: &a.data[own.start * a.row..],
                ..a
            };
            gemm([own.len(), n, k], a, b, y.at(own.start * n), n, 1.0, false);
        } else {
            let own = piece(part, team.parts(), n);
            let b = Factor {
                data: &b.data[own.start * b.column..],
                ..b
            };
            gemm([m, own.len(), k], a, b, y.at(own.start), n, 1.0, false);
        }
    });
}
