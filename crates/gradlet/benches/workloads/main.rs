//! The workloads that gradlet is compared with other frameworks on, written as a user would write them.
//!
//! `cargo bench --bench workloads -- [--threads N] [PREFIX...]` prints one JSON line for each: microseconds an iteration.

#![allow(missing_docs)]

mod timing;

use std::hint::black_box;

use gradlet::Optimizer;
use gradlet::prelude::*;
use timing::Bench;

/// Hidden layers with ReLU and dropout behind each, and a linear output.
#[derive(Module)]
struct Mlp {
    input_dropout: Option<Dropout>,
    hidden: Vec<Linear>,
    dropout: Dropout,
    output: Linear,
}

impl Mlp {
    fn new(sizes: &[usize], input_dropout: Option<f64>, rng: &mut Pcg64) -> Result<Self> {
        let last = sizes.len() - 2;
        Ok(Self {
            input_dropout: input_dropout.map(|p| Dropout::new(p, rng)).transpose()?,
            hidden: (0..last)
                .map(|i| Linear::new(sizes[i], sizes[i + 1], rng))
                .collect::<Result<_>>()?,
            dropout: Dropout::new(0.5, rng)?,
            output: Linear::new(sizes[last], sizes[last + 1], rng)?,
        })
    }
}

impl Forward for Mlp {
    fn forward(&self, x: &Var) -> Result<Var> {
        let mut h = match &self.input_dropout {
            Some(dropout) => dropout.forward(x)?,
            None => x.clone(),
        };
        for layer in &self.hidden {
            h = self.dropout.forward(&layer.forward(&h)?.relu())?;
        }
        self.output.forward(&h)
    }
}

fn labels(n: usize, classes: usize) -> Result<Tensor<i64>> {
    Tensor::from_fn(n, |i| (i * 7 % classes) as i64)
}

fn step(
    bench: &Bench,
    name: &str,
    sizes: &[usize],
    batch: usize,
    mut optimizer: impl Optimizer,
) -> Result<()> {
    if !bench.wants(name) {
        return Ok(());
    }
    let mut rng = gradlet::rng(0);
    let input_dropout = name.starts_with("step_wide").then_some(0.2);
    let mut model = Mlp::new(sizes, input_dropout, &mut rng)?;
    let x = Var::constant(Tensor::<f32>::normal(
        [batch, sizes[0]],
        0.0,
        1.0,
        &mut rng,
    )?);
    let labels = labels(batch, sizes[sizes.len() - 1])?;
    bench.run(name, || {
        let mut step = || -> Result<()> {
            let loss = cross_entropy(&model.forward(&x)?, &labels)?;
            let grads = loss.backward()?;
            optimizer.step(&mut model, &grads)
        };
        step().expect("a step");
    });
    Ok(())
}

fn steps(bench: &Bench) -> Result<()> {
    step(bench, "step_tiny", &[16, 32, 4], 8, Sgd::new(0.01))?;
    step(bench, "step_digits", &[64, 128, 10], 32, Sgd::new(0.01))?;
    step(bench, "step_mnist", &[784, 512, 10], 128, Sgd::new(0.01))?;
    step(
        bench,
        "step_wide",
        &[784, 1024, 1024, 10],
        128,
        Sgd::new(0.01).momentum(0.9),
    )?;
    step(
        bench,
        "step_wide_adam",
        &[784, 1024, 1024, 10],
        128,
        Adam::new(1e-3),
    )?;
    if !bench.wants("step_two_layer") {
        return Ok(());
    }
    let mut rng = gradlet::rng(0);
    let mut model = sequential![
        Linear::new(256, 512, &mut rng)?,
        Relu::new(),
        Dropout::new(0.5, &mut rng)?,
        Linear::new(512, 256, &mut rng)?,
        Relu::new(),
        Dropout::new(0.5, &mut rng)?,
    ];
    let x = Var::constant(Tensor::<f32>::normal([64, 256], 0.0, 1.0, &mut rng)?);
    let target = Tensor::<f32>::normal([64, 256], 0.0, 1.0, &mut rng)?;
    let mut optimizer = Sgd::new(0.01);
    bench.run("step_two_layer", || {
        let mut step = || -> Result<()> {
            let loss = mse_loss(&model.forward(&x)?, &target)?;
            let grads = loss.backward()?;
            optimizer.step(&mut model, &grads)
        };
        step().expect("a step");
    });
    Ok(())
}

fn inference(bench: &Bench) -> Result<()> {
    for batch in [1, 128] {
        let name = format!("infer_{batch}");
        if bench.wants(&name) {
            let mut rng = gradlet::rng(0);
            let mut model = Mlp::new(&[784, 512, 10], None, &mut rng)?;
            model.eval();
            let x = Var::constant(Tensor::<f32>::normal([batch, 784], 0.0, 1.0, &mut rng)?);
            bench.run(&name, || {
                drop(black_box(no_grad(|| model.forward(&x)).expect("a pass")));
            });
        }
    }
    Ok(())
}

fn dropout(bench: &Bench) -> Result<()> {
    for (size, n) in [("1m", 1 << 20), ("16m", 1 << 24)] {
        for (kind, p) in [("fwd", 0.5), ("fb", 0.5), ("fb_p10", 0.1), ("eval", 0.5)] {
            let name = format!("dropout_{kind}_{size}");
            if !bench.wants(&name) || (size == "16m" && p != 0.5) || name == "dropout_eval_16m" {
                continue;
            }
            let mut layer = Dropout::new(p, &mut gradlet::rng(0))?;
            if kind == "eval" {
                layer.eval();
            }
            let x = Tensor::<f32>::uniform(n, -1.0, 1.0, &mut gradlet::rng(1))?;
            let ones = Tensor::ones(n)?;
            let constant = Var::constant(x.clone());
            let leaf = Var::leaf(x);
            if kind.starts_with("fb") {
                bench.run(&name, || {
                    let y = layer.forward(&leaf).expect("dropout");
                    drop(black_box(y.backward_with(ones.clone()).expect("gradients")));
                });
            } else {
                bench.run(&name, || {
                    drop(black_box(layer.forward(&constant).expect("dropout")));
                });
            }
        }
    }
    Ok(())
}

fn elementwise(bench: &Bench) -> Result<()> {
    let mut rng = gradlet::rng(0);
    let mut leaf = |shape: &[usize]| {
        Ok(Var::leaf(Tensor::<f32>::uniform(
            shape, -1.0, 1.0, &mut rng,
        )?))
    };
    if bench.wants("ew_fb_1m") {
        let (a, b, c) = (leaf(&[1 << 20])?, leaf(&[1 << 20])?, leaf(&[1 << 20])?);
        bench.run("ew_fb_1m", || {
            let y = (&a * &b + &c).relu().sum(..).and_then(Var::backward);
            drop(black_box(y.expect("gradients")));
        });
    }
    if bench.wants("bcast_fb") {
        let (x, bias, scale) = (leaf(&[1024, 1024])?, leaf(&[1024])?, leaf(&[1024])?);
        bench.run("bcast_fb", || {
            let y = ((&x + &bias) * &scale).sum(..).and_then(Var::backward);
            drop(black_box(y.expect("gradients")));
        });
    }
    if bench.wants("softmax_fb") {
        let (x, labels) = (leaf(&[4096, 1000])?, labels(4096, 1000)?);
        bench.run("softmax_fb", || {
            let y = cross_entropy(&x, &labels).and_then(Var::backward);
            drop(black_box(y.expect("gradients")));
        });
    }
    if bench.wants("chain_1000") {
        let start = Var::leaf(Tensor::scalar(1.0f32));
        let median_us = bench.run("chain_1000", || {
            let mut x = start.clone();
            for _ in 0..1000 {
                x = x * 1.0001 + 0.0001;
            }
            drop(black_box(x.backward().expect("gradients")));
        });
        // 2,000 nodes, forward and backward.
        if let Some(median_us) = median_us {
            eprintln!("a recorded node costs {:.0} ns", median_us * 1e3 / 2e3);
        }
    }
    Ok(())
}

fn convolution(bench: &Bench) -> Result<()> {
    if !bench.wants("conv_fb") {
        return Ok(());
    }
    let mut rng = gradlet::rng(0);
    let mut model = sequential![
        Conv2d::new(1, 16, 3, &mut rng)?.padding(1),
        Relu::new(),
        MaxPool2d::new(2),
        Conv2d::new(16, 32, 3, &mut rng)?.padding(1),
        Relu::new(),
        MaxPool2d::new(2),
        Flatten::new(),
        Linear::new(1568, 10, &mut rng)?,
    ];
    let x = Var::constant(Tensor::<f32>::normal([64, 1, 28, 28], 0.0, 1.0, &mut rng)?);
    let labels = labels(64, 10)?;
    let mut optimizer = Sgd::new(0.01);
    bench.run("conv_fb", || {
        let mut step = || -> Result<()> {
            let loss = cross_entropy(&model.forward(&x)?, &labels)?;
            let grads = loss.backward()?;
            optimizer.step(&mut model, &grads)
        };
        step().expect("a step");
    });
    Ok(())
}

fn products(bench: &Bench) -> Result<()> {
    let mut rng = gradlet::rng(0);
    for n in [64, 256, 512, 1024, 2048] {
        for kind in ["matmul", "matmul_nt"] {
            let name = format!("{kind}_{n}");
            if !bench.wants(&name) || (kind == "matmul_nt" && n != 512 && n != 1024) {
                continue;
            }
            let (a, b) = (
                Tensor::uniform([n, n], -1.0, 1.0, &mut rng)?,
                Tensor::uniform([n, n], -1.0, 1.0, &mut rng)?,
            );
            let b: Tensor = if kind == "matmul" { b } else { b.t()? };
            bench.run(&name, || drop(black_box(a.matmul(&b).expect("a product"))));
        }
    }
    Ok(())
}

fn main() -> Result<()> {
    let bench = Bench::from_args();
    gradlet::threads::with(bench.threads, || run(&bench))
}

fn run(bench: &Bench) -> Result<()> {
    steps(bench)?;
    inference(bench)?;
    dropout(bench)?;
    elementwise(bench)?;
    convolution(bench)?;
    products(bench)
}
