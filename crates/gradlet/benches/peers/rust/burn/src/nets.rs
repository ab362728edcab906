//! The nets of the workloads, in burn's words.

use burn::module::Module;
use burn::nn::activation::ActivationConfig;
use burn::nn::attention::generate_autoregressive_mask;
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::pool::{MaxPool2d, MaxPool2dConfig};
use burn::nn::transformer::{
    TransformerEncoder, TransformerEncoderConfig, TransformerEncoderInput,
};
use burn::nn::{
    BatchNorm, BatchNormConfig, Dropout, DropoutConfig, Embedding, EmbeddingConfig, Gru, GruConfig,
    Linear, LinearConfig, Lstm, LstmConfig, PaddingConfig2d, Relu,
};
use burn::tensor::{Device, Int, Tensor};

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
    norms: Option<[BatchNorm; 2]>,
    pool: MaxPool2d,
    relu: Relu,
    output: Linear,
}

impl Cnn {
    pub fn new(device: &Device, normed: bool) -> Self {
        let convolution = |channels| {
            Conv2dConfig::new(channels, [3, 3])
                .with_padding(PaddingConfig2d::Explicit(1, 1, 1, 1))
                .init(device)
        };
        Self {
            first: convolution([1, 16]),
            second: convolution([16, 32]),
            norms: normed.then(|| [16, 32].map(|n| BatchNormConfig::new(n).init(device))),
            pool: MaxPool2dConfig::new([2, 2]).init(),
            relu: Relu::new(),
            output: LinearConfig::new(1568, 10).init(device),
        }
    }

    pub fn forward(&self, x: Tensor<4>) -> Tensor<2> {
        let block = |x, i: usize| {
            let x = match &self.norms {
                Some(norms) => norms[i].forward(x),
                None => x,
            };
            self.pool.forward(self.relu.forward(x))
        };
        let x = block(self.first.forward(x), 0);
        let x = block(self.second.forward(x), 1);
        self.output.forward(x.flatten(1, 3))
    }
}

#[derive(Module, Debug)]
pub struct LstmClassifier {
    lstm: Lstm,
    output: Linear,
}

impl LstmClassifier {
    pub fn new(device: &Device) -> Self {
        Self {
            lstm: LstmConfig::new(64, 128, true).init(device),
            output: LinearConfig::new(128, 10).init(device),
        }
    }

    pub fn forward(&self, x: Tensor<3>) -> Tensor<2> {
        let (_, state) = self.lstm.forward(x, None);
        self.output.forward(state.hidden)
    }
}

#[derive(Module, Debug)]
pub struct GruClassifier {
    gru: Gru,
    output: Linear,
}

impl GruClassifier {
    pub fn new(device: &Device) -> Self {
        Self {
            gru: GruConfig::new(64, 128, true).init(device),
            output: LinearConfig::new(128, 10).init(device),
        }
    }

    pub fn forward(&self, x: Tensor<3>) -> Tensor<2> {
        let [batch, steps, _] = x.dims();
        let y = self.gru.forward(x, None);
        let last: Tensor<3> = y.slice([0..batch, steps - 1..steps]);
        self.output.forward(last.squeeze_dim(1))
    }
}

#[derive(Module, Debug)]
pub struct CharLm {
    tokens: Embedding,
    positions: Embedding,
    encoder: TransformerEncoder,
    output: Linear,
}

impl CharLm {
    pub fn new(device: &Device) -> Self {
        Self {
            tokens: EmbeddingConfig::new(65, 64).init(device),
            positions: EmbeddingConfig::new(64, 64).init(device),
            encoder: TransformerEncoderConfig::new(64, 256, 4, 2)
                .with_activation(ActivationConfig::Relu)
                .init(device),
            output: LinearConfig::new(64, 65).init(device),
        }
    }

    pub fn forward(&self, tokens: Tensor<2, Int>) -> Tensor<2> {
        let ([batch, length], device) = (tokens.dims(), tokens.device());
        let places = Tensor::arange(0..length as i64, &device).unsqueeze();
        let x = self.tokens.forward(tokens) + self.positions.forward(places);
        let mask = generate_autoregressive_mask(batch, length, &device);
        let input = TransformerEncoderInput::new(x).mask_attn(mask);
        self.output
            .forward(self.encoder.forward(input))
            .reshape([batch * length, 65])
    }
}
