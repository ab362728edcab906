//! The workloads in candle.

mod layers;
mod nets;

use std::hint::black_box;

use candle_core::{DType, Device, Result, Tensor, Var};
use candle_nn::rnn::{GRUConfig, LSTMConfig, gru, lstm};
use candle_nn::{AdamW, Dropout, ModuleT, Optimizer, ParamsAdamW, SGD, VarBuilder, VarMap, loss};
use harness::{Args, Bench, classes, uniform};
use nets::{Classifier, Cnn, Mlp, TwoLayer};

type Loss = fn(&Tensor, &Tensor) -> Result<Tensor>;

fn tensor(seed: u64, shape: &[usize]) -> Result<Tensor> {
    Tensor::from_vec(uniform(seed, shape.iter().product()), shape, &Device::Cpu)
}

fn var(seed: u64, shape: &[usize]) -> Result<Var> {
    Var::from_tensor(&tensor(seed, shape)?)
}

fn labels(n: usize, count: usize) -> Result<Tensor> {
    Tensor::from_vec(classes(2, n, count), n, &Device::Cpu)
}

fn variables(varmap: &VarMap) -> VarBuilder<'static> {
    VarBuilder::from_varmap(varmap, DType::F32, &Device::Cpu)
}

/// Times one training step of the net that `build` makes.
fn train<O: Optimizer, M: ModuleT>(
    bench: &Bench,
    name: &str,
    build: impl Fn(VarBuilder) -> Result<M>,
    config: O::Config,
    loss: Loss,
    (x, target): (Tensor, Tensor),
) -> Result<()> {
    if !bench.wants(name) {
        return Ok(());
    }
    let varmap = VarMap::new();
    let model = build(variables(&varmap))?;
    let mut optimizer = O::new(varmap.all_vars(), config)?;
    bench.run(name, || {
        let mut step = || optimizer.backward_step(&loss(&model.forward_t(&x, true)?, &target)?);
        step().unwrap();
    });
    Ok(())
}

fn classifier<O: Optimizer>(
    bench: &Bench,
    name: &str,
    sizes: &[usize],
    batch: usize,
    config: O::Config,
) -> Result<()> {
    let input_dropout = name.starts_with("step_wide").then_some(0.2);
    let data = (
        tensor(1, &[batch, sizes[0]])?,
        labels(batch, sizes[sizes.len() - 1])?,
    );
    let build = |vb: VarBuilder| Mlp::new(vb, sizes, input_dropout);
    train::<O, _>(bench, name, build, config, loss::cross_entropy, data)
}

fn steps(bench: &Bench) -> Result<()> {
    let wide = [784, 1024, 1024, 10];
    classifier::<SGD>(bench, "step_tiny", &[16, 32, 4], 8, 0.01)?;
    classifier::<SGD>(bench, "step_digits", &[64, 128, 10], 32, 0.01)?;
    classifier::<SGD>(bench, "step_mnist", &[784, 512, 10], 128, 0.01)?;
    bench.skip(
        "step_wide",
        "candle_nn::SGD has no momentum; see step_wide_plain_sgd",
    );
    classifier::<SGD>(bench, "step_wide_plain_sgd", &wide, 128, 0.01)?;
    let adam = ParamsAdamW {
        lr: 1e-3,
        weight_decay: 0.0,
        ..Default::default()
    };
    classifier::<AdamW>(bench, "step_wide_adam", &wide, 128, adam)?;
    let data = (tensor(1, &[64, 256])?, tensor(2, &[64, 256])?);
    train::<SGD, _>(
        bench,
        "step_two_layer",
        TwoLayer::new,
        0.01,
        loss::mse,
        data,
    )?;
    let data = (tensor(1, &[64, 1, 28, 28])?, labels(64, 10)?);
    let loss = loss::cross_entropy;
    train::<SGD, _>(bench, "conv_fb", Cnn::plain, 0.01, loss, data.clone())?;
    train::<SGD, _>(bench, "conv_bn", Cnn::normed, 0.01, loss, data)?;
    let data = (tensor(1, &[32, 64, 64])?, labels(32, 10)?);
    let lstm = |vb: VarBuilder| {
        let layer = lstm(64, 128, LSTMConfig::default(), vb.pp("lstm"))?;
        Classifier::new(layer, vb)
    };
    train::<SGD, _>(bench, "lstm", lstm, 0.01, loss, data.clone())?;
    let gru = |vb: VarBuilder| {
        let layer = gru(64, 128, GRUConfig::default(), vb.pp("gru"))?;
        Classifier::new(layer, vb)
    };
    train::<SGD, _>(bench, "gru", gru, 0.01, loss, data)
}

/// Weights that are not variables record no graph: candle's way to have no gradient.
fn inference(bench: &Bench) -> Result<()> {
    let varmap = VarMap::new();
    Mlp::new(variables(&varmap), &[784, 512, 10], None)?;
    let weights = varmap.data().lock().unwrap();
    let detached = weights
        .iter()
        .map(|(name, var)| (name.clone(), var.as_detached_tensor()))
        .collect();
    let vb = VarBuilder::from_tensors(detached, DType::F32, &Device::Cpu);
    let model = Mlp::new(vb, &[784, 512, 10], None)?;
    for batch in [1, 128] {
        let x = tensor(1, &[batch, 784])?;
        bench.run(&format!("infer_{batch}"), || {
            black_box(model.forward_t(&x, false).unwrap());
        });
    }
    Ok(())
}

fn dropout(bench: &Bench) -> Result<()> {
    for (size, n) in [("1m", 1 << 20), ("16m", 1 << 24)] {
        for (kind, p) in [("fwd", 0.5), ("fb", 0.5), ("fb_p10", 0.1), ("eval", 0.5)] {
            let name = format!("dropout_{kind}_{size}");
            if !bench.wants(&name) || (size == "16m" && ["fb_p10", "eval"].contains(&kind)) {
                continue;
            }
            let x = tensor(1, &[n])?;
            let leaf = Var::from_tensor(&x)?;
            let layer = Dropout::new(p);
            if kind.starts_with("fb") {
                // A backward from more than one number starts with ones.
                bench.run(&name, || {
                    let y = layer.forward(&leaf, true).unwrap();
                    black_box(y.backward().unwrap());
                });
            } else {
                bench.run(&name, || {
                    black_box(layer.forward(&x, kind != "eval").unwrap());
                });
            }
        }
    }
    Ok(())
}

fn elementwise(bench: &Bench) -> Result<()> {
    if bench.wants("ew_fb_1m") {
        let n = &[1 << 20];
        let (a, b, c) = (var(1, n)?, var(2, n)?, var(3, n)?);
        bench.run("ew_fb_1m", || {
            let y = || {
                ((a.as_tensor() * b.as_tensor())? + c.as_tensor())?
                    .relu()?
                    .sum_all()
            };
            black_box(y().and_then(|y| y.backward()).unwrap());
        });
    }
    if bench.wants("bcast_fb") {
        let (x, bias, scale) = (var(1, &[1024, 1024])?, var(2, &[1024])?, var(3, &[1024])?);
        bench.run("bcast_fb", || {
            let y = || x.broadcast_add(&bias)?.broadcast_mul(&scale)?.sum_all();
            black_box(y().and_then(|y| y.backward()).unwrap());
        });
    }
    if bench.wants("softmax_fb") {
        let (x, y) = (var(1, &[4096, 1000])?, labels(4096, 1000)?);
        bench.run("softmax_fb", || {
            black_box(loss::cross_entropy(&x, &y).unwrap().backward().unwrap());
        });
    }
    if bench.wants("chain_1000") {
        let start = Var::new(1f32, &Device::Cpu)?;
        let chain = || {
            let mut x = start.as_tensor().clone();
            for _ in 0..1000 {
                x = ((x * 1.0001)? + 0.0001)?;
            }
            x.backward()
        };
        bench.run("chain_1000", || {
            black_box(chain().unwrap());
        });
    }
    Ok(())
}

fn products(bench: &Bench) -> Result<()> {
    for n in [64, 256, 512, 1024, 2048] {
        let (a, b) = (tensor(1, &[n, n])?, tensor(2, &[n, n])?);
        bench.run(&format!("matmul_{n}"), || {
            black_box(a.matmul(&b).unwrap());
        });
        if n == 512 || n == 1024 {
            bench.run(&format!("matmul_nt_{n}"), || {
                black_box(a.matmul(&b.t().unwrap()).unwrap());
            });
        }
    }
    Ok(())
}

fn main() -> Result<()> {
    let bench = Bench::new("candle", "0.11.1", Args::parse());
    steps(&bench)?;
    inference(&bench)?;
    dropout(&bench)?;
    elementwise(&bench)?;
    layers::run(&bench)?;
    products(&bench)
}
