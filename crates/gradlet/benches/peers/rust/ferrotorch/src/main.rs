//! The training steps of small nets in ferrotorch.

use ferrotorch_core::{FerrotorchResult, Tensor, from_vec};
use ferrotorch_nn::{CrossEntropyLoss, Dropout, Linear, Module, ReLU, Reduction, Sequential};
use ferrotorch_optim::{Optimizer, Sgd, SgdConfig};
use harness::{Args, Bench, classes, uniform};

#[cfg(feature = "mimalloc")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

struct Training {
    model: Sequential<f32>,
    optimizer: Sgd<f32>,
    loss: CrossEntropyLoss,
    x: Tensor<f32>,
    target: Tensor<f32>,
}

impl Training {
    fn new([inputs, hidden, outputs]: [usize; 3], batch: usize) -> FerrotorchResult<Self> {
        let model = Sequential::new(vec![
            Box::new(Linear::new(inputs, hidden, true)?),
            Box::new(ReLU::default()),
            Box::new(Dropout::new(0.5)?),
            Box::new(Linear::new(hidden, outputs, true)?),
        ]);
        // Copies of parameters share their storage and gradients with the model's.
        let parameters = model.parameters().into_iter().cloned().collect();
        let targets = classes(2, batch, outputs);
        Ok(Self {
            model,
            optimizer: Sgd::new(parameters, SgdConfig::new(0.01)),
            loss: CrossEntropyLoss::new(Reduction::Mean, 0.0),
            x: from_vec(uniform(1, batch * inputs), &[batch, inputs])?,
            target: from_vec(targets.iter().map(|&c| c as f32).collect(), &[batch])?,
        })
    }

    fn step(&mut self) -> FerrotorchResult<()> {
        self.optimizer.zero_grad()?;
        let loss = self
            .loss
            .forward(&self.model.forward(&self.x)?, &self.target)?;
        loss.backward()?;
        self.optimizer.step()
    }

    /// Panics if the step does not change the model's own weights.
    fn check(&mut self) -> FerrotorchResult<()> {
        let before = self.model.parameters()[0].data_vec()?;
        self.step()?;
        assert_ne!(
            before,
            self.model.parameters()[0].data_vec()?,
            "nothing learnt"
        );
        Ok(())
    }
}

fn main() -> FerrotorchResult<()> {
    let bench = Bench::new("ferrotorch", "0.6.2", Args::parse());
    for (name, sizes, batch) in [
        ("step_tiny", [16, 32, 4], 8),
        ("step_digits", [64, 128, 10], 32),
        ("step_mnist", [784, 512, 10], 128),
    ] {
        if bench.wants(name) {
            let mut training = Training::new(sizes, batch)?;
            training.check()?;
            bench.run(name, || training.step().unwrap());
        }
    }
    Ok(())
}
