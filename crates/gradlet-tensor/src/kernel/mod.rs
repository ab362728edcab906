//! Loops over slices, without shapes or tensors.

/// Compiles functions for AVX-512, AVX2 and the baseline, and picks one when it is first called.
///
/// `avx512vl` goes with `avx512f`, or the compiler spills; AVX-512 is chosen on any processor that has it.
macro_rules! vectorized {
    ($($item:item)*) => {$(
        #[multiversion::multiversion(targets(
            "x86_64+avx512f+avx512bw+avx512cd+avx512dq+avx512vl+avx2+fma+bmi1+bmi2+lzcnt+popcnt",
            "x86_64+avx2+fma+bmi1+bmi2+lzcnt+popcnt"
        ))]
        $item
    )*};
}

pub(crate) mod attention;
pub(crate) mod average;
pub(crate) mod bernoulli;
pub(crate) mod conv;
pub(crate) mod elementwise;
pub(crate) mod few;
pub(crate) mod fold;
pub(crate) mod gates;
pub(crate) mod gather;
pub(crate) mod integer;
pub(crate) mod interpolate;
pub(crate) mod masked;
pub(crate) mod math;
pub(crate) mod matmul;
pub(crate) mod normalize;
pub(crate) mod parallel;
mod partial;
pub(crate) mod planes;
pub(crate) mod pool;
pub(crate) mod remainder;
pub(crate) mod scan;
pub(crate) mod scratch;
pub(crate) mod select_scale;
pub(crate) mod softmax;
pub(crate) mod unfold;
pub(crate) mod unrolled;
pub(crate) mod window;
