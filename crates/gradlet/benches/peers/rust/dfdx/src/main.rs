//! The workloads in dfdx.

mod nets;

use std::hint::black_box;

use dfdx::optim::{Adam, AdamConfig, Momentum, Sgd, SgdConfig};
use dfdx::prelude::*;
use harness::{Args, Bench, classes, uniform};
use nets::{Classifier, TwoLayer, Wide};

type Matrix<const R: usize, const C: usize> = Tensor<Rank2<R, C>, f32, Cpu>;
type Vector<const N: usize> = Tensor<Rank1<N>, f32, Cpu>;

fn matrix<const R: usize, const C: usize>(device: &Cpu, seed: u64) -> Matrix<R, C> {
    device.tensor_from_vec(uniform(seed, R * C), (Const::<R>, Const::<C>))
}

fn vector<const N: usize>(device: &Cpu, seed: u64) -> Vector<N> {
    device.tensor_from_vec(uniform(seed, N), (Const::<N>,))
}

/// dfdx's cross-entropy takes probabilities, so class indices become rows that are one-hot.
fn one_hot<const R: usize, const C: usize>(device: &Cpu) -> Matrix<R, C> {
    let mut rows = vec![0f32; R * C];
    for (row, class) in classes(2, R, C).into_iter().enumerate() {
        rows[row * C + class as usize] = 1.0;
    }
    device.tensor_from_vec(rows, (Const::<R>, Const::<C>))
}

/// Times one training step; `$loss` makes the loss of the net's output.
macro_rules! train {
    ($bench:expr, $name:expr, $model:ident, $optimizer:expr, $x:expr, |$y:ident| $loss:expr) => {{
        let mut optimizer = $optimizer;
        let x = $x;
        let mut grads = Some($model.alloc_grads());
        $bench.run($name, || {
            let $y = $model.forward_mut(x.trace(grads.take().unwrap()));
            let loss = $loss;
            let mut g = loss.backward();
            optimizer.update(&mut $model, &g).unwrap();
            $model.zero_grads(&mut g);
            grads = Some(g);
        });
    }};
}

macro_rules! classifier_step {
    ($bench:expr, $device:expr, $name:expr, $i:literal, $h:literal, $o:literal, $batch:literal) => {
        if $bench.wants($name) {
            let mut model = $device.build_module::<Classifier<$i, $h, $o>, f32>();
            let optimizer = Sgd::new(&model, sgd(None));
            let target = one_hot::<$batch, $o>($device);
            let x = matrix::<$batch, $i>($device, 1);
            train!($bench, $name, model, optimizer, x, |y| {
                cross_entropy_with_logits_loss(y, target.clone())
            });
        }
    };
}

macro_rules! wide_step {
    ($bench:expr, $device:expr, $name:expr, $optimizer:expr) => {
        if $bench.wants($name) {
            let mut model = $device.build_module::<Wide, f32>();
            model.0.p = 0.2;
            let optimizer = $optimizer(&model);
            let target = one_hot::<128, 10>($device);
            let x = matrix::<128, 784>($device, 1);
            train!($bench, $name, model, optimizer, x, |y| {
                cross_entropy_with_logits_loss(y, target.clone())
            });
        }
    };
}

fn sgd(momentum: Option<Momentum>) -> SgdConfig {
    SgdConfig {
        lr: 1e-2,
        momentum,
        weight_decay: None,
    }
}

fn steps(bench: &Bench, device: &Cpu) {
    classifier_step!(bench, device, "step_tiny", 16, 32, 4, 8);
    classifier_step!(bench, device, "step_digits", 64, 128, 10, 32);
    classifier_step!(bench, device, "step_mnist", 784, 512, 10, 128);
    let momentum = sgd(Some(Momentum::Classic(0.9)));
    wide_step!(bench, device, "step_wide", |m| Sgd::new(m, momentum));
    wide_step!(bench, device, "step_wide_plain_sgd", |m| {
        Sgd::new(m, sgd(None))
    });
    let adam = AdamConfig {
        lr: 1e-3,
        ..Default::default()
    };
    wide_step!(bench, device, "step_wide_adam", |m| Adam::new(m, adam));
    if bench.wants("step_two_layer") {
        let mut model = device.build_module::<TwoLayer, f32>();
        let optimizer = Sgd::new(&model, sgd(None));
        let target = matrix::<64, 256>(device, 2);
        let x = matrix::<64, 256>(device, 1);
        train!(bench, "step_two_layer", model, optimizer, x, |y| mse_loss(
            y,
            target.clone()
        ));
    }
    bench.skip(
        "conv_fb",
        "Conv2D needs dfdx's nightly feature and a nightly compiler",
    );
}

fn inference(bench: &Bench, device: &Cpu) {
    let model = device.build_module::<Classifier<784, 512, 10>, f32>();
    let x = matrix::<1, 784>(device, 1);
    bench.run("infer_1", || {
        black_box(model.forward(x.clone()));
    });
    let x = matrix::<128, 784>(device, 1);
    bench.run("infer_128", || {
        black_box(model.forward(x.clone()));
    });
}

/// A backward starts at one number in dfdx, so a sum follows the dropout.
fn dropout<const N: usize>(bench: &Bench, device: &Cpu, size: &str) {
    let kinds = ["fwd", "fb", "fb_p10", "eval"];
    if !kinds
        .iter()
        .any(|kind| bench.wants(&format!("dropout_{kind}_{size}")))
    {
        return;
    }
    let x = vector::<N>(device, 1);
    bench.run(&format!("dropout_fwd_{size}"), || {
        black_box(x.clone().dropout(0.5f32));
    });
    bench.run(&format!("dropout_fb_{size}"), || {
        black_box(x.leaky_trace().dropout(0.5f32).sum().backward());
    });
    if size == "1m" {
        bench.run("dropout_fb_p10_1m", || {
            black_box(x.leaky_trace().dropout(0.1f32).sum().backward());
        });
        let layer = Dropout { p: 0.5 };
        bench.run("dropout_eval_1m", || {
            black_box(layer.forward(x.clone()));
        });
    }
}

fn elementwise(bench: &Bench, device: &Cpu) {
    if bench.wants("ew_fb_1m") {
        let [a, b, c] = [1, 2, 3].map(|seed| vector::<{ 1 << 20 }>(device, seed));
        bench.run("ew_fb_1m", || {
            let y = (a.leaky_trace() * b.clone() + c.clone()).relu().sum();
            black_box(y.backward());
        });
    }
    if bench.wants("bcast_fb") {
        let x = matrix::<1024, 1024>(device, 1);
        let (bias, scale) = (vector::<1024>(device, 2), vector::<1024>(device, 3));
        let rows = |v: &Vector<1024>| v.leaky_trace().broadcast::<Rank2<1024, 1024>, Axis<0>>();
        bench.run("bcast_fb", || {
            let y = (x.leaky_trace() + rows(&bias)) * rows(&scale);
            black_box(y.sum().backward());
        });
    }
    if bench.wants("softmax_fb") {
        let (x, y) = (
            matrix::<4096, 1000>(device, 1),
            one_hot::<4096, 1000>(device),
        );
        bench.run("softmax_fb", || {
            black_box(cross_entropy_with_logits_loss(x.leaky_trace(), y.clone()).backward());
        });
    }
    let start: Tensor<Rank0, f32, Cpu> = device.tensor(0.5f32);
    bench.run("chain_1000", || {
        let mut x = start.leaky_trace();
        for _ in 0..1000 {
            x = x * 1.0001 + 0.0001;
        }
        black_box(x.backward());
    });
}

fn product<const N: usize>(bench: &Bench, device: &Cpu) {
    let names = [format!("matmul_{N}"), format!("matmul_nt_{N}")];
    if !names.iter().any(|name| bench.wants(name)) {
        return;
    }
    let (a, b) = (matrix::<N, N>(device, 1), matrix::<N, N>(device, 2));
    bench.run(&format!("matmul_{N}"), || {
        black_box(a.clone().matmul(b.clone()));
    });
    if N == 512 || N == 1024 {
        bench.run(&format!("matmul_nt_{N}"), || {
            let b = b.clone().permute::<Rank2<N, N>, Axes2<1, 0>>();
            black_box(a.clone().matmul(b));
        });
    }
}

fn main() {
    let args = Args::parse();
    dfdx::flush_denormals_to_zero();
    let bench = &Bench::new("dfdx", "0.13.0", args);
    let device = &Cpu::default();
    steps(bench, device);
    inference(bench, device);
    dropout::<{ 1 << 20 }>(bench, device, "1m");
    dropout::<{ 1 << 24 }>(bench, device, "16m");
    elementwise(bench, device);
    product::<64>(bench, device);
    product::<256>(bench, device);
    product::<512>(bench, device);
    product::<1024>(bench, device);
    product::<2048>(bench, device);
}
