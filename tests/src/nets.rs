//! The nets that the tests train, and their weights and losses bit by bit.

use gradlet::prelude::*;

/// Linear -> ReLU -> Dropout -> Linear, as in the README.
#[derive(Module, Debug, Clone)]
pub struct TwoLayer {
    hidden: Linear,
    dropout: Dropout,
    output: Linear,
}

impl TwoLayer {
    /// A net for the digits: 64 pixels, 128 hidden units, 10 classes.
    ///
    /// # Errors
    /// If `p` is no probability.
    pub fn new(p: f64, rng: &mut Pcg64) -> Result<Self> {
        Ok(Self {
            hidden: Linear::new(64, 128, rng)?,
            dropout: Dropout::new(p, rng)?,
            output: Linear::new(128, 10, rng)?,
        })
    }
}

impl Forward for TwoLayer {
    fn forward(&self, x: &Var) -> Result<Var> {
        let h = self.hidden.forward(x)?.relu();
        self.output.forward(&self.dropout.forward(&h)?)
    }
}

/// Takes one step a batch and returns the losses' bits.
///
/// # Errors
/// If the batches do not fit the model.
pub fn fit<M: Forward>(
    model: &mut M,
    optimizer: &mut Sgd,
    batches: impl IntoIterator<Item = (Var, Tensor<i64>)>,
) -> Result<Vec<u32>> {
    let mut losses = Vec::new();
    for (x, labels) in batches {
        let loss = cross_entropy(&model.forward(&x)?, &labels)?;
        losses.push(loss.item()?.to_bits());
        optimizer.step(model, &loss.backward()?)?;
    }
    Ok(losses)
}

/// The bits of every weight, in the order of the parameters.
pub fn weight_bits(model: &dyn Module) -> Vec<u32> {
    let parameters = model.named_parameters();
    let tensors = parameters
        .iter()
        .filter_map(|(_, p)| p.as_any().downcast_ref::<Parameter>());
    tensors
        .flat_map(|p| p.tensor().to_vec())
        .map(f32::to_bits)
        .collect()
}

/// The smallest net of the benchmarks: 16-32-4, batch 8.
#[derive(Debug)]
pub struct Tiny {
    /// Linear -> ReLU -> Dropout -> Linear.
    pub model: Sequential,
    /// SGD with momentum.
    pub optimizer: Sgd,
    /// The batch.
    pub x: Var,
    /// Its classes.
    pub labels: Tensor<i64>,
}

impl Tiny {
    /// A fresh net and optimizer.
    ///
    /// # Errors
    /// None that a test expects.
    pub fn new() -> Result<Self> {
        let mut rng = gradlet::rng(0);
        Ok(Self {
            model: sequential![
                Linear::new(16, 32, &mut rng)?,
                Relu::new(),
                Dropout::new(0.5, &mut rng)?,
                Linear::new(32, 4, &mut rng)?,
            ],
            optimizer: Sgd::new(0.01).momentum(0.9),
            x: Var::constant(Tensor::normal([8, 16], 0.0, 1.0, &mut rng)?),
            labels: Tensor::from_fn(8, |i| i as i64 % 4)?,
        })
    }

    /// So many training steps.
    ///
    /// # Errors
    /// None that a test expects.
    pub fn steps(&mut self, count: usize) -> Result<()> {
        for _ in 0..count {
            let loss = cross_entropy(&self.model.forward(&self.x)?, &self.labels)?;
            let grads = loss.backward()?;
            self.optimizer.step(&mut self.model, &grads)?;
        }
        Ok(())
    }
}
