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
        impl Lanes for $v {
            type T = $t;
            const COUNT: usize = $count;
            const BLOCK: usize = $block;

            #[inline(always)]
            unsafe fn load(from: *const $t) -> Self {
                // SAFETY: the processor has the instruction, and `COUNT` numbers can be read at `from`: the caller's promise.
                // The intrinsic asks for no alignment.
                unsafe { $load(from) }
            }
            #[inline(always)]
            unsafe fn store(self, to: *mut $t) {
                // SAFETY: the processor has the instruction, and `COUNT` numbers can be written at `to`: the caller's promise.
                // The intrinsic asks for no alignment.
                unsafe { $store(to, self) }
            }
            #[inline(always)]
            unsafe fn splat(x: $t) -> Self {
                // SAFETY: the processor has the instruction: the caller's promise.
                unsafe { $splat(x) }
            }
            #[inline(always)]
            unsafe fn mul_add(self, x: Self, y: Self) -> Self {
                // SAFETY: the processor has the instruction: the caller's promise.
                unsafe { $mul_add(self, x, y) }
            }
            #[inline(always)]
            unsafe fn prefetch(at: *const $t) {
                // SAFETY: every x86-64 processor has the instruction, which reads nothing that a program sees.
                unsafe { _mm_prefetch::<_MM_HINT_T0>(at.cast()) }
            }
            #[inline(always)]
            unsafe fn transpose(from: *const $t, from_stride: usize, to: *mut $t, to_stride: usize) {
                // SAFETY: the processor has the instructions, and `BLOCK` numbers can be read and written at `BLOCK` places:
                // the caller's promise. `$transpose` turns a block of `$block`, as the list below pairs them.
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
///
/// # Safety
///
/// The processor has AVX, and the rest is that of `Lanes::transpose` for a block of eight.
#[inline(always)]
unsafe fn transpose_f32(from: *const f32, from_stride: usize, to: *mut f32, to_stride: usize) {
    // SAFETY: the processor has AVX, and every row index `i` is below eight: eight numbers from each of eight places are read
    // and written, which is the caller's promise. The intrinsics ask for no alignment.
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
///
/// # Safety
///
/// The processor has AVX, and the rest is that of `Lanes::transpose` for a block of four.
#[inline(always)]
unsafe fn transpose_f64(from: *const f64, from_stride: usize, to: *mut f64, to_stride: usize) {
    // SAFETY: the processor has AVX, and every row index `i` is below four: four numbers from each of four places are read
    // and written, which is the caller's promise. The intrinsics ask for no alignment.
    unsafe {
        let mut rows = [_mm256_setzero_pd(); 4];
        for (i, row) in rows.iter_mut().enumerate() {
            *row = _mm256_loadu_pd(from.add(i * from_stride));
        }
        let mut pairs = rows;
        for i in 0..2 {
            pairs[2 * i] = _mm256_unpacklo_pd(rows[2 * i], rows[2 * i + 1]);
            pairs[2 * i + 1] = _mm256_unpackhi_pd(rows[2 * i], rows[2 * i + 1]);
        }
        for i in 0..2 {
            let row = _mm256_permute2f128_pd::<0x20>(pairs[i], pairs[i + 2]);
            _mm256_storeu_pd(to.add(i * to_stride), row);
        }
        for i in 0..2 {
            let row = _mm256_permute2f128_pd::<0x31>(pairs[i], pairs[i + 2]);
            _mm256_storeu_pd(to.add((i + 2) * to_stride), row);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each row of the result begins where the one before has its last number, which so is written over.
    #[test]
    fn blocks_are_turned_row_after_row() {
        fn check<V: Lanes<T: From<u8> + PartialEq + std::fmt::Debug>>() {
            let (size, step) = (V::BLOCK, V::BLOCK - 1);
            let from: Vec<V::T> = (0..(size * size) as u8).map(Into::into).collect();
            let mut to = vec![V::T::from(0); step * size + 1];
            // SAFETY: the caller has the instructions, and the vectors hold these numbers at these steps.
            unsafe { V::transpose(from.as_ptr(), size, to.as_mut_ptr(), step) };
            for (place, &found) in to.iter().enumerate() {
                let i = (place / step).min(size - 1);
                assert_eq!(found, from[(place - i * step) * size + i], "{place}");
            }
        }
        if is_x86_feature_detected!("avx2") {
            check::<__m256>();
            check::<__m256d>();
        }
    }
}
