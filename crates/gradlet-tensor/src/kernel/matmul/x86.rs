//! [`Lanes`] in AVX2 and AVX-512.

#[allow(
    clippy::wildcard_imports,
    reason = "thirty intrinsics are listed below, where they are used"
)]
use std::arch::x86_64::*;

use super::lanes::Lanes;

macro_rules! lanes {
    ($($v:ident: $t:ident * $count:literal, $block:literal, $transpose:ident,
        $load:ident, $store:ident, $splat:ident, $mul_add:ident;)*) => {$(
        // SAFETY: of each method: the caller's promise is all that the intrinsic asks for.
        impl Lanes for $v {
            type T = $t;
            const COUNT: usize = $count;
            const BLOCK: usize = $block;

            // SAFETY: see above.
            #[inline(always)]
            unsafe fn load(from: *const $t) -> Self {
                // SAFETY: see above.
                unsafe { $load(from) }
            }
            // SAFETY: see above.
            #[inline(always)]
            unsafe fn store(self, to: *mut $t) {
                // SAFETY: see above.
                unsafe { $store(to, self) }
            }
            // SAFETY: see above.
            #[inline(always)]
            unsafe fn splat(x: $t) -> Self {
                // SAFETY: see above.
                unsafe { $splat(x) }
            }
            // SAFETY: see above.
            #[inline(always)]
            unsafe fn mul_add(self, x: Self, y: Self) -> Self {
                // SAFETY: see above.
                unsafe { $mul_add(self, x, y) }
            }
            // SAFETY: see above.
            #[inline(always)]
            unsafe fn prefetch(at: *const $t) {
                // SAFETY: see above.
                unsafe { _mm_prefetch::<_MM_HINT_T0>(at.cast()) }
            }
            // SAFETY: see above.
            #[inline(always)]
            unsafe fn transpose(from: *const $t, from_stride: usize, to: *mut $t, to_stride: usize) {
                // SAFETY: see above.
                unsafe { $transpose(from, from_stride, to, to_stride) }
            }
        }
    )*};
}

lanes! {
    __m256: f32 * 8, 8, transpose_f32,
        _mm256_loadu_ps, _mm256_storeu_ps, _mm256_set1_ps, _mm256_fmadd_ps;
    __m256d: f64 * 4, 4, transpose_f64,
        _mm256_loadu_pd, _mm256_storeu_pd, _mm256_set1_pd, _mm256_fmadd_pd;
    __m512: f32 * 16, 8, transpose_f32,
        _mm512_loadu_ps, _mm512_storeu_ps, _mm512_set1_ps, _mm512_fmadd_ps;
    __m512d: f64 * 8, 4, transpose_f64,
        _mm512_loadu_pd, _mm512_storeu_pd, _mm512_set1_pd, _mm512_fmadd_pd;
}

/// Eight rows of eight numbers, turned: pairs, then fours, then eights change places.
// SAFETY: the caller's promise, as `Lanes` words it.
#[inline(always)]
unsafe fn transpose_f32(from: *const f32, from_stride: usize, to: *mut f32, to_stride: usize) {
    // SAFETY: eight numbers from each of eight places are read and written, which the caller allows.
    unsafe {
        let mut rows = [_mm256_setzero_ps(); 8];
        for (i, row) in rows.iter_mut().enumerate() {
            *row = _mm256_loadu_ps(from.add(i * from_stride));
        }
        let mut pairs = rows;
        for i in 0..4 {
            pairs[2 * i] = _mm256_unpacklo_ps(rows[2 * i], rows[2 * i + 1]);
            pairs[2 * i + 1] = _mm256_unpackhi_ps(rows[2 * i], rows[2 * i + 1]);
        }
        let mut fours = pairs;
        for half in [0, 4] {
            for i in 0..2 {
                let (a, b) = (pairs[half + i], pairs[half + i + 2]);
                fours[half + 2 * i] = _mm256_shuffle_ps::<0b01_00_01_00>(a, b);
                fours[half + 2 * i + 1] = _mm256_shuffle_ps::<0b11_10_11_10>(a, b);
            }
        }
        for i in 0..4 {
            let row = _mm256_permute2f128_ps::<0x20>(fours[i], fours[i + 4]);
            _mm256_storeu_ps(to.add(i * to_stride), row);
        }
        for i in 0..4 {
            let row = _mm256_permute2f128_ps::<0x31>(fours[i], fours[i + 4]);
            _mm256_storeu_ps(to.add((i + 4) * to_stride), row);
        }
    }
}

/// Four rows of four numbers, turned.
// SAFETY: the caller's promise, as `Lanes` words it.
#[inline(always)]
unsafe fn transpose_f64(from: *const f64, from_stride: usize, to: *mut f64, to_stride: usize) {
    // SAFETY: four numbers from each of four places are read and written, which the caller allows.
    unsafe {
        let mut rows = [_mm256_setzero_pd(); 4];
        for (i, row) in rows.iter_mut().enumerate() {
            *row = _mm256_loadu_pd(from.add(i * from_stride));
        }
        let low = [0, 2].map(|i| _mm256_unpacklo_pd(rows[i], rows[i + 1]));
        let high = [0, 2].map(|i| _mm256_unpackhi_pd(rows[i], rows[i + 1]));
        for (i, [a, b]) in [low, high].into_iter().enumerate() {
            _mm256_storeu_pd(to.add(i * to_stride), _mm256_permute2f128_pd::<0x20>(a, b));
            _mm256_storeu_pd(
                to.add((i + 2) * to_stride),
                _mm256_permute2f128_pd::<0x31>(a, b),
            );
        }
    }
}
