//! The workloads, written as a user would write them, for whoever runs them.

#[path = "layers.rs"] // beside this file also where a test includes it
mod layers;

use gradlet::prelude::*;
use gradlet::{BatchNorm2d, Optimizer};

/// What is done with each workload.
pub(crate) trait Harness {
    /// Whether a workload is asked for.
    fn wants(&self, name: &str) -> bool;
    /// The number of samples of a workload on a single layer: a test takes fewer.
    fn samples(&self, usual: usize) -> usize {
        usual
    }
    /// Runs it, as often as the harness likes.
    fn run<R: Bits>(&mut self, name: &str, iteration: impl FnMut() -> Result<R>) -> Result<()>;
}

/// What a workload's iteration leaves behind.
pub(crate) trait Bits {
    #[allow(dead_code, reason = "the benchmark drops them, a test compares them")]
    fn bits(&self) -> Vec<u32>;
}

impl Bits for Tensor {
    fn bits(&self) -> Vec<u32> {
        self.iter().map(f32::to_bits).collect()
    }
}

impl Bits for Var {
    fn bits(&self) -> Vec<u32> {
        self.tensor().bits()
    }
}

impl Bits for gradlet::Gradients {
    fn bits(&self) -> Vec<u32> {
        self.iter().flat_map(|(_, g)| g.bits()).collect()
    }
}

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
    bench: &mut impl Harness,
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
        let loss = cross_entropy(&model.forward(&x)?, &labels)?;
        let grads = loss.backward()?;
        optimizer.step(&mut model, &grads)?;
        Ok(grads)
    })
}

fn steps(bench: &mut impl Harness) -> Result<()> {
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
    let target = Var::constant(Tensor::<f32>::normal([64, 256], 0.0, 1.0, &mut rng)?);
    let mut optimizer = Sgd::new(0.01);
    bench.run("step_two_layer", || {
        let loss = mse_loss(&model.forward(&x)?, &target, Reduction::Mean)?;
        let grads = loss.backward()?;
        optimizer.step(&mut model, &grads)?;
        Ok(grads)
    })
}

fn inference(bench: &mut impl Harness) -> Result<()> {
    for batch in [1, 128] {
        let name = format!("infer_{batch}");
        if bench.wants(&name) {
            let mut rng = gradlet::rng(0);
            let mut model = Mlp::new(&[784, 512, 10], None, &mut rng)?;
            model.eval();
            let x = Var::constant(Tensor::<f32>::normal([batch, 784], 0.0, 1.0, &mut rng)?);
            bench.run(&name, || no_grad(|| model.forward(&x)))?;
        }
    }
    Ok(())
}

fn dropout(bench: &mut impl Harness) -> Result<()> {
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
                bench.run(&name, || layer.forward(&leaf)?.backward_with(ones.clone()))?;
            } else {
                bench.run(&name, || layer.forward(&constant))?;
            }
        }
    }
    Ok(())
}

fn elementwise(bench: &mut impl Harness) -> Result<()> {
    let mut rng = gradlet::rng(0);
    let mut leaf = |shape: &[usize]| {
        Ok(Var::leaf(Tensor::<f32>::uniform(
            shape, -1.0, 1.0, &mut rng,
        )?))
    };
    if bench.wants("ew_fb_1m") {
        let (a, b, c) = (leaf(&[1 << 20])?, leaf(&[1 << 20])?, leaf(&[1 << 20])?);
        bench.run("ew_fb_1m", || (&a * &b + &c).relu().sum(..)?.backward())?;
    }
    if bench.wants("bcast_fb") {
        let (x, bias, scale) = (leaf(&[1024, 1024])?, leaf(&[1024])?, leaf(&[1024])?);
        bench.run("bcast_fb", || ((&x + &bias) * &scale).sum(..)?.backward())?;
    }
    if bench.wants("softmax_fb") {
        let (x, labels) = (leaf(&[4096, 1000])?, labels(4096, 1000)?);
        bench.run("softmax_fb", || cross_entropy(&x, &labels)?.backward())?;
    }
    if bench.wants("chain_1000") {
        let start = Var::leaf(Tensor::scalar(1.0f32));
        bench.run("chain_1000", || {
            let mut x = start.clone();
            for _ in 0..1000 {
                x = x * 1.0001 + 0.0001;
            }
            x.backward()
        })?;
    }
    Ok(())
}

/// One training step of a classifier of images.
fn classify(
    bench: &mut impl Harness,
    name: &str,
    mut model: Sequential,
    rng: &mut Pcg64,
) -> Result<()> {
    let x = Var::constant(Tensor::<f32>::normal([64, 1, 28, 28], 0.0, 1.0, rng)?);
    let labels = labels(64, 10)?;
    let mut optimizer = Sgd::new(0.01);
    bench.run(name, || {
        let loss = cross_entropy(&model.forward(&x)?, &labels)?;
        let grads = loss.backward()?;
        optimizer.step(&mut model, &grads)?;
        Ok(grads)
    })
}

fn convolution(bench: &mut impl Harness) -> Result<()> {
    let mut rng = gradlet::rng(0);
    if bench.wants("conv_fb") {
        let model = sequential![
            Conv2d::new(1, 16, 3, &mut rng)?.padding(1),
            Relu::new(),
            MaxPool2d::new(2),
            Conv2d::new(16, 32, 3, &mut rng)?.padding(1),
            Relu::new(),
            MaxPool2d::new(2),
            Flatten::new(),
            Linear::new(1568, 10, &mut rng)?,
        ];
        classify(bench, "conv_fb", model, &mut rng)?;
    }
    if bench.wants("conv_bn") {
        let model = sequential![
            Conv2d::new(1, 16, 3, &mut rng)?.padding(1),
            BatchNorm2d::new(16)?,
            Relu::new(),
            MaxPool2d::new(2),
            Conv2d::new(16, 32, 3, &mut rng)?.padding(1),
            BatchNorm2d::new(32)?,
            Relu::new(),
            MaxPool2d::new(2),
            Flatten::new(),
            Linear::new(1568, 10, &mut rng)?,
        ];
        classify(bench, "conv_bn", model, &mut rng)?;
    }
    Ok(())
}

fn products(bench: &mut impl Harness) -> Result<()> {
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
            bench.run(&name, || a.matmul(&b))?;
        }
    }
    Ok(())
}

/// All workloads in turn.
pub(crate) fn run(bench: &mut impl Harness) -> Result<()> {
    steps(bench)?;
    inference(bench)?;
    dropout(bench)?;
    elementwise(bench)?;
    convolution(bench)?;
    layers::run(bench)?;
    products(bench)
}
