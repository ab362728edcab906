//! The nets of the workloads, in burn's words.

use burn::module::Module;
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::pool::{MaxPool2d, MaxPool2dConfig};
use burn::nn::{Dropout, DropoutConfig, Linear, LinearConfig, PaddingConfig2d, Relu};
use burn::tensor::{Device, Tensor};

#[derive(Module, Debug)]
pub struct Mlp {
    input_dropout: Option<Dropout>,
    hidden: Vec<Linear>,
    relu: Relu,
    dropout: Dropout,
    output: Linear,
}

impl Mlp {
    pub fn new(device: &Device, sizes: &[usize], input_dropout: Option<f64>) -> Self {
        let last = sizes.len() - 2;
        Self {
            input_dropout: input_dropout.map(|p| DropoutConfig::new(p).init()),
            hidden: (0..last)
                .map(|i| LinearConfig::new(sizes[i], sizes[i + 1]).init(device))
                .collect(),
            relu: Relu::new(),
            dropout: DropoutConfig::new(0.5).init(),
            output: LinearConfig::new(sizes[last], sizes[last + 1]).init(device),
        }
    }

    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        let mut x = match &self.input_dropout {
            Some(dropout) => dropout.forward(x),
            None => x,
        };
        for layer in &self.hidden {
            x = self.dropout.forward(self.relu.forward(layer.forward(x)));
        }
        self.output.forward(x)
    }
}

#[derive(Module, Debug)]
pub struct TwoLayer {
    first: Linear,
    second: Linear,
    relu: Relu,
    dropout: Dropout,
}

impl TwoLayer {
    pub fn new(device: &Device) -> Self {
        Self {
            first: LinearConfig::new(256, 512).init(device),
            second: LinearConfig::new(512, 256).init(device),
            relu: Relu::new(),
            dropout: DropoutConfig::new(0.5).init(),
        }
    }

    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        let x = self
            .dropout
            .forward(self.relu.forward(self.first.forward(x)));
        self.dropout
            .forward(self.relu.forward(self.second.forward(x)))
    }
}

#[derive(Module, Debug)]
pub struct Cnn {
    first: Conv2d,
    second: Conv2d,
    pool: MaxPool2d,
    relu: Relu,
    output: Linear,
}

impl Cnn {
    pub fn new(device: &Device) -> Self {
        let convolution = |channels| {
            Conv2dConfig::new(channels, [3, 3])
                .with_padding(PaddingConfig2d::Explicit(1, 1, 1, 1))
                .init(device)
        };
        Self {
            first: convolution([1, 16]),
            second: convolution([16, 32]),
            pool: MaxPool2dConfig::new([2, 2]).init(),
            relu: Relu::new(),
            output: LinearConfig::new(1568, 10).init(device),
        }
    }

    pub fn forward(&self, x: Tensor<4>) -> Tensor<2> {
        let x = self.pool.forward(self.relu.forward(self.first.forward(x)));
        let x = self.pool.forward(self.relu.forward(self.second.forward(x)));
        self.output.forward(x.flatten(1, 3))
    }
}
