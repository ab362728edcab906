//! One vector register of the processor that this is compiled for, for loops that have to keep sums in registers.

use std::arch::x86_64::*;

#[cfg(target_feature = "avx512f")]
type Register = __m512;
#[cfg(not(target_feature = "avx512f"))]
type Register = __m256;

pub const LANES: usize = size_of::<Register>() / size_of::<f32>();

#[derive(Clone, Copy)]
pub struct Lanes(Register);

macro_rules! intrinsic {
    ($wide:ident, $narrow:ident ( $($argument:expr),* )) => {{
        // SAFETY: the program is compiled for processors that have the instructions, which it checks when it starts.
        // Pointers come from slices of LANES elements or more.
        #[cfg(target_feature = "avx512f")]
        let register = unsafe { $wide($($argument),*) };
        // SAFETY: as above.
        #[cfg(not(target_feature = "avx512f"))]
        let register = unsafe { $narrow($($argument),*) };
        register
    }};
}

impl Lanes {
    #[inline(always)]
    pub fn splat(x: f32) -> Self {
        Self(intrinsic!(_mm512_set1_ps, _mm256_set1_ps(x)))
    }

    #[inline(always)]
    pub fn load(from: &[f32]) -> Self {
        debug_assert!(from.len() >= LANES);
        Self(intrinsic!(_mm512_loadu_ps, _mm256_loadu_ps(from.as_ptr())))
    }

    #[inline(always)]
    pub fn store(self, to: &mut [f32]) {
        debug_assert!(to.len() >= LANES);
        intrinsic!(_mm512_storeu_ps, _mm256_storeu_ps(to.as_mut_ptr(), self.0));
    }

    /// self * factor + term
    #[inline(always)]
    pub fn mul_add(self, factor: Self, term: Self) -> Self {
        Self(intrinsic!(
            _mm512_fmadd_ps,
            _mm256_fmadd_ps(self.0, factor.0, term.0)
        ))
    }

    #[inline(always)]
    pub fn max(self, other: Self) -> Self {
        Self(intrinsic!(_mm512_max_ps, _mm256_max_ps(self.0, other.0)))
    }

    /// The lanes whose bit is set, counted from the lowest; 0 in the others.
    #[inline(always)]
    pub fn where_set(self, bits: u64) -> Self {
        #[cfg(target_feature = "avx512f")]
        // SAFETY: as in `intrinsic`.
        let kept = unsafe { _mm512_maskz_mov_ps(bits as u16, self.0) };
        #[cfg(not(target_feature = "avx512f"))]
        // SAFETY: as in `intrinsic`.
        let kept = unsafe {
            let each = _mm256_setr_epi32(1, 2, 4, 8, 16, 32, 64, 128);
            let own = _mm256_and_si256(_mm256_set1_epi32(bits as i32), each);
            _mm256_and_ps(self.0, _mm256_castsi256_ps(_mm256_cmpeq_epi32(own, each)))
        };
        Self(kept)
    }

    #[inline(always)]
    pub fn sum(self) -> f32 {
        let mut each = [0.0; LANES];
        self.store(&mut each);
        let mut half = LANES / 2;
        while half > 0 {
            for i in 0..half {
                each[i] += each[i + half];
            }
            half /= 2;
        }
        each[0]
    }
}
