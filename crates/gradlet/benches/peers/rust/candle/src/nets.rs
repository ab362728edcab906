//! The nets of the workloads, in candle's words.

use candle_core::{Result, Tensor};
use candle_nn::{
    BatchNorm, Conv2d, Conv2dConfig, Dropout, Linear, Module, ModuleT, RNN, VarBuilder, batch_norm,
    conv2d, linear,
};

pub struct Mlp {
    input_dropout: Option<Dropout>,
    hidden: Vec<Linear>,
    dropout: Dropout,
    output: Linear,
}

impl Mlp {
    pub fn new(vb: VarBuilder, sizes: &[usize], input_dropout: Option<f32>) -> Result<Self> {
        let last = sizes.len() - 2;
        Ok(Self {
            input_dropout: input_dropout.map(Dropout::new),
            hidden: (0..last)
                .map(|i| linear(sizes[i], sizes[i + 1], vb.pp(format!("hidden{i}"))))
                .collect::<Result<_>>()?,
            dropout: Dropout::new(0.5),
            output: linear(sizes[last], sizes[last + 1], vb.pp("output"))?,
        })
    }
}

impl ModuleT for Mlp {
    fn forward_t(&self, xs: &Tensor, train: bool) -> Result<Tensor> {
        let mut xs = match &self.input_dropout {
            Some(dropout) => dropout.forward(xs, train)?,
            None => xs.clone(),
        };
        for layer in &self.hidden {
            xs = self.dropout.forward(&layer.forward(&xs)?.relu()?, train)?;
        }
        self.output.forward(&xs)
    }
}

pub struct TwoLayer {
    first: Linear,
    second: Linear,
    dropout: Dropout,
}

impl TwoLayer {
    pub fn new(vb: VarBuilder) -> Result<Self> {
        Ok(Self {
            first: linear(256, 512, vb.pp("first"))?,
            second: linear(512, 256, vb.pp("second"))?,
            dropout: Dropout::new(0.5),
        })
    }
}

impl ModuleT for TwoLayer {
    fn forward_t(&self, xs: &Tensor, train: bool) -> Result<Tensor> {
        let xs = self.first.forward(xs)?.relu()?;
        let xs = self.second.forward(&self.dropout.forward(&xs, train)?)?;
        self.dropout.forward(&xs.relu()?, train)
    }
}

pub struct Cnn {
    first: Conv2d,
    second: Conv2d,
    norms: Option<[BatchNorm; 2]>,
    output: Linear,
}

impl Cnn {
    pub fn plain(vb: VarBuilder) -> Result<Self> {
        let config = Conv2dConfig {
            padding: 1,
            ..Default::default()
        };
        Ok(Self {
            first: conv2d(1, 16, 3, config, vb.pp("first"))?,
            second: conv2d(16, 32, 3, config, vb.pp("second"))?,
            norms: None,
            output: linear(1568, 10, vb.pp("output"))?,
        })
    }

    pub fn normed(vb: VarBuilder) -> Result<Self> {
        let norms = [
            batch_norm(16, 1e-5, vb.pp("norm1"))?,
            batch_norm(32, 1e-5, vb.pp("norm2"))?,
        ];
        Ok(Self {
            norms: Some(norms),
            ..Self::plain(vb)?
        })
    }
}

impl ModuleT for Cnn {
    fn forward_t(&self, xs: &Tensor, train: bool) -> Result<Tensor> {
        let norm = |i: usize, xs: Tensor| match &self.norms {
            Some(norms) => norms[i].forward_t(&xs, train),
            None => Ok(xs),
        };
        let xs = norm(0, self.first.forward(xs)?)?.relu()?.max_pool2d(2)?;
        let xs = norm(1, self.second.forward(&xs)?)?.relu()?.max_pool2d(2)?;
        self.output.forward(&xs.flatten_from(1)?)
    }
}

/// A recurrent layer, and a linear output from its last step.
pub struct Classifier<R> {
    recurrent: R,
    output: Linear,
}

impl<R: RNN> Classifier<R> {
    pub fn new(recurrent: R, vb: VarBuilder) -> Result<Self> {
        let output = linear(128, 10, vb.pp("output"))?;
        Ok(Self { recurrent, output })
    }
}

impl<R: RNN> ModuleT for Classifier<R> {
    fn forward_t(&self, xs: &Tensor, _train: bool) -> Result<Tensor> {
        let states = self.recurrent.seq(xs)?;
        let last = self
            .recurrent
            .states_to_tensor(&states[states.len() - 1..])?;
        self.output.forward(&last.flatten_from(1)?)
    }
}
