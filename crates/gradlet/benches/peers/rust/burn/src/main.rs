//! The workloads in burn, on the backend that `--backend` names.

mod layers;
mod nets;

use std::hint::black_box;

use burn::module::Module;
use burn::nn::loss::{CrossEntropyLossConfig, MseLoss, Reduction};
use burn::nn::{DropoutConfig, Relu};
use burn::optim::momentum::MomentumConfig;
use burn::optim::{AdamConfig, AdamWConfig, GradientsParams, ModuleOptimizer, SgdConfig};
use burn::tensor::{Device, Int, Tensor, TensorData};
use harness::{Args, Bench, classes, uniform};
use nets::{CharLm, Cnn, GruClassifier, LstmClassifier, Mlp, TwoLayer};

fn tensor<const D: usize>(seed: u64, shape: [usize; D], device: &Device) -> Tensor<D> {
    let data = TensorData::new(uniform(seed, shape.iter().product()), shape);
    Tensor::from_data(data, device)
}

fn labels(n: usize, count: usize, device: &Device) -> Tensor<1, Int> {
    let indices: Vec<i32> = classes(2, n, count).iter().map(|&c| c as i32).collect();
    Tensor::from_data(TensorData::new(indices, [n]), device)
}

fn sgd() -> ModuleOptimizer {
    SgdConfig::new().init()
}

struct Env {
    bench: Bench,
    plain: Device,
    /// Records gradients.
    device: Device,
}

impl Env {
    /// An iteration ends when the device has finished its work.
    fn run(&self, name: &str, mut f: impl FnMut()) {
        self.bench.run(name, || {
            f();
            self.device.sync().unwrap();
        });
    }

    /// Times one training step.
    fn train<M: Module>(
        &self,
        name: &str,
        model: M,
        mut optimizer: ModuleOptimizer,
        learning_rate: f64,
        loss: impl Fn(&M) -> Tensor<1>,
    ) {
        let mut model = Some(model);
        self.run(name, || {
            let m = model.take().unwrap();
            let grads = GradientsParams::from_grads(loss(&m).backward(), &m);
            model = Some(optimizer.step(learning_rate, m, grads));
        });
    }

    fn classifier(
        &self,
        name: &str,
        sizes: &[usize],
        batch: usize,
        optimizer: ModuleOptimizer,
        learning_rate: f64,
    ) {
        if !self.bench.wants(name) {
            return;
        }
        let input_dropout = name.starts_with("step_wide").then_some(0.2);
        let model = Mlp::new(&self.device, sizes, input_dropout);
        let cross_entropy = CrossEntropyLossConfig::new().init(&self.device);
        let x = tensor(1, [batch, sizes[0]], &self.device);
        let y = labels(batch, sizes[sizes.len() - 1], &self.device);
        self.train(name, model, optimizer, learning_rate, |model| {
            cross_entropy.forward(model.forward(x.clone()), y.clone())
        });
    }

    fn steps(&self) {
        let wide = [784, 1024, 1024, 10];
        self.classifier("step_tiny", &[16, 32, 4], 8, sgd(), 0.01);
        self.classifier("step_digits", &[64, 128, 10], 32, sgd(), 0.01);
        self.classifier("step_mnist", &[784, 512, 10], 128, sgd(), 0.01);
        let momentum = MomentumConfig::new().with_momentum(0.9).with_dampening(0.0);
        let heavy = SgdConfig::new().with_momentum(Some(momentum)).init();
        self.classifier("step_wide", &wide, 128, heavy, 0.01);
        self.classifier("step_wide_plain_sgd", &wide, 128, sgd(), 0.01);
        let adam = AdamConfig::new().init();
        self.classifier("step_wide_adam", &wide, 128, adam, 1e-3);
        if self.bench.wants("step_two_layer") {
            let x = tensor(1, [64, 256], &self.device);
            let target = tensor(2, [64, 256], &self.device);
            let model = TwoLayer::new(&self.device);
            self.train("step_two_layer", model, sgd(), 0.01, |model| {
                let y = model.forward(x.clone());
                MseLoss::new().forward(y, target.clone(), Reduction::Mean)
            });
        }
        for (name, normed) in [("conv_fb", false), ("conv_bn", true)] {
            if self.bench.wants(name) {
                let x = tensor(1, [64, 1, 28, 28], &self.device);
                let y = labels(64, 10, &self.device);
                let cross_entropy = CrossEntropyLossConfig::new().init(&self.device);
                let model = Cnn::new(&self.device, normed);
                self.train(name, model, sgd(), 0.01, |model| {
                    cross_entropy.forward(model.forward(x.clone()), y.clone())
                });
            }
        }
    }

    fn sequences(&self) {
        let cross_entropy = CrossEntropyLossConfig::new().init(&self.device);
        let x: Tensor<3> = tensor(1, [32, 64, 64], &self.device);
        let y = labels(32, 10, &self.device);
        if self.bench.wants("lstm") {
            let model = LstmClassifier::new(&self.device);
            self.train("lstm", model, sgd(), 0.01, |model| {
                cross_entropy.forward(model.forward(x.clone()), y.clone())
            });
        }
        if self.bench.wants("gru") {
            let model = GruClassifier::new(&self.device);
            self.train("gru", model, sgd(), 0.01, |model| {
                cross_entropy.forward(model.forward(x.clone()), y.clone())
            });
        }
        if self.bench.wants("char_lm") {
            let text = labels(16 * 64 + 1, 65, &self.device);
            let tokens: Tensor<2, Int> = text.clone().slice([0..16 * 64]).reshape([16, 64]);
            let next = text.slice([1..16 * 64 + 1]);
            let adam = AdamWConfig::new()
                .with_epsilon(1e-8)
                .with_weight_decay(0.01)
                .init();
            let model = CharLm::new(&self.device);
            self.train("char_lm", model, adam, 1e-3, |model| {
                cross_entropy.forward(model.forward(tokens.clone()), next.clone())
            });
        }
    }

    fn inference(&self) {
        let model = Mlp::new(&self.device, &[784, 512, 10], None).valid();
        for batch in [1, 128] {
            let x = tensor(1, [batch, 784], &self.plain);
            self.run(&format!("infer_{batch}"), || {
                black_box(model.forward(x.clone()));
            });
        }
    }

    /// Dropout is active on a recording device only; a tensor there that does not require a gradient records nothing.
    fn dropout(&self) {
        for (size, n) in [("1m", 1 << 20), ("16m", 1 << 24)] {
            for (kind, p) in [("fwd", 0.5), ("fb", 0.5), ("fb_p10", 0.1), ("eval", 0.5)] {
                let name = format!("dropout_{kind}_{size}");
                let listed = size == "1m" || ["fwd", "fb"].contains(&kind);
                if !listed || !self.bench.wants(&name) {
                    continue;
                }
                let x: Tensor<1> = tensor(1, [n], &self.device);
                let layer = DropoutConfig::new(p).init();
                if kind.starts_with("fb") {
                    let leaf = x.require_grad();
                    self.run(&name, || {
                        let grads = layer.forward(leaf.clone()).backward();
                        black_box(leaf.grad(&grads).unwrap());
                    });
                } else {
                    let eval = kind == "eval";
                    let (layer, x) = if eval {
                        (layer.valid(), x.inner())
                    } else {
                        (layer, x)
                    };
                    self.run(&name, || {
                        black_box(layer.forward(x.clone()));
                    });
                }
            }
        }
    }

    fn leaf<const D: usize>(&self, seed: u64, shape: [usize; D]) -> Tensor<D> {
        tensor(seed, shape, &self.device).require_grad()
    }

    fn elementwise(&self) {
        if self.bench.wants("ew_fb_1m") {
            let [a, b, c] = [1, 2, 3].map(|seed| self.leaf(seed, [1 << 20]));
            let relu = Relu::new();
            self.run("ew_fb_1m", || {
                let y = relu.forward(a.clone() * b.clone() + c.clone()).sum();
                let grads = y.backward();
                black_box((a.grad(&grads), b.grad(&grads), c.grad(&grads)));
            });
        }
        if self.bench.wants("bcast_fb") {
            let x: Tensor<2> = self.leaf(1, [1024, 1024]);
            let (bias, scale) = (self.leaf(2, [1024]), self.leaf(3, [1024]));
            self.run("bcast_fb", || {
                let y = (x.clone() + bias.clone().unsqueeze()) * scale.clone().unsqueeze();
                let grads = y.sum().backward();
                black_box((x.grad(&grads), bias.grad(&grads), scale.grad(&grads)));
            });
        }
        if self.bench.wants("softmax_fb") {
            let (x, y) = (self.leaf(1, [4096, 1000]), labels(4096, 1000, &self.device));
            let cross_entropy = CrossEntropyLossConfig::new().init(&self.device);
            self.run("softmax_fb", || {
                let grads = cross_entropy.forward(x.clone(), y.clone()).backward();
                black_box(x.grad(&grads).unwrap());
            });
        }
        let start = self.leaf(1, [1]);
        self.run("chain_1000", || {
            let mut x = start.clone();
            for _ in 0..1000 {
                x = x * 1.0001 + 0.0001;
            }
            let grads = x.backward();
            black_box(start.grad(&grads).unwrap());
        });
    }

    fn products(&self) {
        for n in [64, 256, 512, 1024, 2048] {
            let a: Tensor<2> = tensor(1, [n, n], &self.plain);
            let b: Tensor<2> = tensor(2, [n, n], &self.plain);
            self.run(&format!("matmul_{n}"), || {
                black_box(a.clone().matmul(b.clone()));
            });
            if n == 512 || n == 1024 {
                self.run(&format!("matmul_nt_{n}"), || {
                    black_box(a.clone().matmul(b.clone().transpose()));
                });
            }
        }
    }
}

/// burn means to drop ndarray, which some still use.
#[expect(deprecated)]
fn ndarray() -> Device {
    Device::ndarray()
}

fn main() {
    let args = Args::parse();
    let (peer, plain) = match args.backend.as_str() {
        "flex" => ("burn-flex", Device::flex()),
        "ndarray" => ("burn-ndarray", ndarray()),
        other => panic!("--backend is flex or ndarray, not {other:?}"),
    };
    let env = Env {
        bench: Bench::new(peer, "0.22.1", args),
        device: plain.clone().autodiff(),
        plain,
    };
    env.steps();
    env.inference();
    env.dropout();
    env.elementwise();
    env.sequences();
    env.layers();
    env.products();
}
