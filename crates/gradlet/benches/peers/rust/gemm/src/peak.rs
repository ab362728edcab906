//! Fused multiply-adds in registers alone: no product is faster than this.

use std::arch::x86_64::{
    __m256, __m512, _mm256_cvtss_f32, _mm256_fmadd_ps, _mm256_set1_ps, _mm512_cvtss_f32,
    _mm512_fmadd_ps, _mm512_set1_ps,
};
use std::hint::black_box;

use harness::Bench;

const STEPS: usize = 1_000_000;

/// 2 * 16 registers * 16 lanes * STEPS = 512 Mflop. Without avx512vl, LLVM keeps what it later splits into parts of 128
/// bits in zmm0-15, and spills.
#[target_feature(enable = "avx512f,avx512vl")]
fn avx512() -> f32 {
    let (factor, term) = (black_box(0.999), black_box(0.001));
    let (factor, term) = (_mm512_set1_ps(factor), _mm512_set1_ps(term));
    let mut registers: [__m512; 16] = std::array::from_fn(|i| _mm512_set1_ps(black_box(i as f32)));
    for _ in 0..black_box(STEPS) {
        for x in &mut registers {
            *x = _mm512_fmadd_ps(*x, factor, term);
        }
    }
    registers.iter().map(|x| _mm512_cvtss_f32(*x)).sum()
}

/// 2 * 12 registers * 8 lanes * STEPS = 192 Mflop.
#[target_feature(enable = "avx2,fma")]
fn avx2() -> f32 {
    let (factor, term) = (black_box(0.999), black_box(0.001));
    let (factor, term) = (_mm256_set1_ps(factor), _mm256_set1_ps(term));
    let mut registers: [__m256; 12] = std::array::from_fn(|i| _mm256_set1_ps(black_box(i as f32)));
    for _ in 0..black_box(STEPS) {
        for x in &mut registers {
            *x = _mm256_fmadd_ps(*x, factor, term);
        }
    }
    registers.iter().map(|x| _mm256_cvtss_f32(*x)).sum()
}

fn on_all_threads(bench: &Bench, name: &str, work: fn() -> f32) {
    bench.run(name, || {
        std::thread::scope(|scope| {
            for _ in 0..bench.args.threads {
                scope.spawn(|| black_box(work()));
            }
        });
    });
}

pub fn run(bench: &Bench) {
    if is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512vl") {
        // SAFETY: the processor has the features.
        on_all_threads(bench, "peak_avx512_512mflop", || unsafe { avx512() });
    }
    if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
        // SAFETY: the processor has the features.
        on_all_threads(bench, "peak_avx2_192mflop", || unsafe { avx2() });
    }
}
