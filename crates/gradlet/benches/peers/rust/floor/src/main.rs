//! The steps of ../../../WORKLOADS.md by hand in plain Rust, without a framework, and copies of what others read and
//! write: how fast this machine can be.
//!
//! It is compiled for the processor that it runs on (`-C target-cpu=native`), so that every loop is.

mod copy;
#[cfg(test)]
mod differences;
mod gemm;
mod infer;
mod lanes;
mod layer;
mod loss;
mod net;
mod random;
mod small;
mod team;
mod tiles;

#[cfg(not(target_feature = "fma"))]
compile_error!("RUSTFLAGS=\"-C target-cpu=native\" compiles it for this processor");

use std::hint::black_box;

use harness::{Args, Bench, uniform};

use layer::Optimizer;
use net::{Net, Target};
use small::{Mlp, batch};

/// Of the same kind as PyTorch's: uniform in +- 1 / sqrt(inputs).
fn weights(seed: u64, inputs: usize, n: usize) -> Vec<f32> {
    let bound = 1.0 / (inputs as f32).sqrt();
    uniform(seed + 100, n).iter().map(|x| x * bound).collect()
}

fn inputs(n: usize) -> Vec<f32> {
    uniform(7, n)
}

/// Times the step, and panics unless the loss has fallen meanwhile.
fn train(bench: &Bench, name: &str, mut step: impl FnMut() -> f32) {
    if bench.wants(name) {
        let first = step();
        let mut last = first;
        bench.run(name, || last = black_box(step()));
        assert!(last < first, "{name}: the loss went from {first} to {last}");
    }
}

fn small_step<const B: usize, const I: usize, const H: usize, const O: usize>(
    bench: &Bench,
    name: &str,
) {
    let ((x, labels), mut net) = (batch::<B, I>(O), Mlp::<I, H, O>::new(0));
    train(bench, name, || net.step(&x, &labels, 0.01));
}

/// A net of those with labels, before and after.
fn large_step(bench: &Bench, name: &str, sizes: &[usize], batch: usize, optimizer: Optimizer) {
    if bench.wants(name) {
        let mut net = Net::new(sizes, batch, optimizer, bench.args.threads);
        if name.starts_with("step_wide") {
            net = net.with_input_dropout(0.2);
        }
        let (mut target, last) = (
            Target::Labels(harness::classes(3, batch, 10)),
            sizes[sizes.len() - 1],
        );
        if name == "step_two_layer" {
            net = net.with_relu_last();
            target = Target::Values(uniform(3, batch * last));
        }
        let x = inputs(batch * sizes[0]);
        train(bench, name, || net.step(&x, &target));
    }
}

fn infer(bench: &Bench) {
    if bench.wants("infer_1") {
        let net = infer::Row::new(bench.args.threads);
        let x = inputs(784)
            .try_into()
            .expect("as many numbers as asked for");
        bench.run("infer_1", || {
            black_box(net.forward(black_box(&x)));
        });
    }
    if bench.wants("infer_128") {
        let none = Optimizer::Sgd { rate: 0.0 };
        let mut net = Net::new(&[784, 512, 10], 128, none, bench.args.threads);
        let x = inputs(128 * 784);
        bench.run("infer_128", || {
            black_box(net.forward(black_box(&x), false));
        });
    }
}

fn main() {
    if cfg!(target_feature = "avx512f") {
        assert!(
            is_x86_feature_detected!("avx512f"),
            "compiled for a different processor"
        );
    }
    let bench = &Bench::new("floor", "0", Args::parse());
    // One thread's work: a second one would cost more than it gains.
    small_step::<8, 16, 32, 4>(bench, "step_tiny");
    small_step::<32, 64, 128, 10>(bench, "step_digits");
    let (sgd, adam) = (
        Optimizer::Sgd { rate: 0.01 },
        Optimizer::Adam { rate: 1e-3 },
    );
    let momentum = Optimizer::Momentum {
        rate: 0.01,
        momentum: 0.9,
    };
    large_step(bench, "step_mnist", &[784, 512, 10], 128, sgd);
    large_step(bench, "step_wide", &[784, 1024, 1024, 10], 128, momentum);
    large_step(bench, "step_wide_adam", &[784, 1024, 1024, 10], 128, adam);
    large_step(bench, "step_two_layer", &[256, 512, 256], 64, sgd);
    infer(bench);
    for (name, n) in copy::SIZES {
        if bench.wants(name) {
            let mut copy = copy::Copy::new(n, bench.args.threads);
            bench.run(name, || {
                black_box(copy.run());
            });
        }
    }
}
