//! `peer-fma [--threads N]` prints the rate of fused multiply-adds in registers, of one thread and of N at once.
//!
//! No product of matrices is faster. Where N threads together reach less than N times one thread's rate, a different
//! program or machine has part of the processors, and figures taken meanwhile say nothing.

use std::arch::x86_64::{
    __m256, __m512, _mm256_cvtss_f32, _mm256_fmadd_ps, _mm256_set1_ps, _mm512_cvtss_f32,
    _mm512_fmadd_ps, _mm512_set1_ps,
};
use std::hint::black_box;
use std::sync::Barrier;
use std::time::{Duration, Instant};

/// Each number of threads computes for this long.
const TIMED: Duration = Duration::from_millis(250);

/// Iterations between two looks at the clock: some 100 us.
const STEPS: usize = 20_000;

/// Without avx512vl, LLVM keeps what it later splits into parts of 128 bits in zmm0-15, and spills.
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

/// A loop of multiply-adds and their number of floating-point operations.
type Work = (fn() -> f32, usize);

fn widest() -> Option<(&'static str, Work)> {
    if is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512vl") {
        // SAFETY: the processor has the features.
        Some(("avx512", (|| unsafe { avx512() }, 2 * 16 * 16 * STEPS)))
    } else if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
        // SAFETY: the processor has the features.
        Some(("avx2", (|| unsafe { avx2() }, 2 * 12 * 8 * STEPS)))
    } else {
        None
    }
}

/// Billions of floating-point operations a second, of all threads together.
fn rate((work, flops): Work, threads: usize) -> f64 {
    let barrier = Barrier::new(threads);
    let on_one = || {
        black_box(work());
        barrier.wait();
        let (start, mut calls) = (Instant::now(), 0);
        while start.elapsed() < TIMED {
            black_box(work());
            calls += 1;
        }
        (calls * flops) as f64 / start.elapsed().as_nanos() as f64
    };
    std::thread::scope(|scope| {
        let all: Vec<_> = (0..threads).map(|_| scope.spawn(on_one)).collect();
        all.into_iter()
            .map(|thread| thread.join().expect("a thread that does not panic"))
            .sum()
    })
}

fn main() {
    let mut args = std::env::args().skip(1);
    let threads: usize = match (args.next().as_deref(), args.next()) {
        (None, None) => 2,
        (Some("--threads"), Some(n)) => n.parse().expect("a number of threads"),
        _ => panic!("[--threads N]"),
    };
    let (vectors, work) = widest().expect("a processor with AVX2 or AVX-512");
    let one = rate(work, 1);
    let all = if threads == 1 {
        one
    } else {
        rate(work, threads)
    };
    println!(
        "{{\"vectors\":\"{vectors}\",\"threads\":{threads},\"one_gflops\":{one:.1},\"all_gflops\":{all:.1}}}"
    );
}
