//! The training steps of small nets in ferrotorch.

use ferrotorch_core::{FerrotorchResult, Tensor, from_vec};
use ferrotorch_nn::{CrossEntropyLoss, Dropout, Linear, Module, ReLU, Reduction, Sequential};
use ferrotorch_optim::{Optimizer, Sgd, SgdConfig};
use harness::{Args, Bench, classes, uniform};

#[cfg(feature = "mimalloc")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Whether the step hands gradients to the optimizer's parameters and weights back to the model's, as ferrotorch's own
/// example does, though copies of a parameter share their storage and gradient.
#[derive(Clone, Copy, PartialEq)]
enum Sync {
    AsInTheExample,
    Shared,
}

struct Training {
    sync: Sync,
    model: Sequential<f32>,
    optimizer: Sgd<f32>,
    loss: CrossEntropyLoss,
    x: Tensor<f32>,
    target: Tensor<f32>,
}

impl Training {
    fn new(
        [inputs, hidden, outputs]: [usize; 3],
        batch: usize,
        sync: Sync,
    ) -> FerrotorchResult<Self> {
        let model = Sequential::new(vec![
            Box::new(Linear::new(inputs, hidden, true)?),
            Box::new(ReLU::default()),
            Box::new(Dropout::new(0.5)?),
            Box::new(Linear::new(hidden, outputs, true)?),
        ]);
        let parameters = model.parameters().into_iter().cloned().collect();
        let targets = classes(2, batch, outputs);
        Ok(Self {
            sync,
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
        if self.sync == Sync::AsInTheExample {
            let theirs = self.optimizer.param_groups()[0].params();
            for (own, copy) in self.model.parameters().iter().zip(theirs) {
                if let Some(grad) = own.grad()? {
                    copy.tensor().set_grad(Some(grad))?;
                }
            }
        }
        self.optimizer.step()?;
        if self.sync == Sync::AsInTheExample {
            let theirs = self.optimizer.param_groups()[0].params();
            let updated: Vec<_> = theirs.iter().map(|p| p.tensor().clone()).collect();
            for (own, tensor) in self.model.parameters_mut().into_iter().zip(updated) {
                own.set_data(tensor);
            }
        }
        Ok(())
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
    let args = Args::parse();
    let sync = match args.backend.as_str() {
        "" => Sync::AsInTheExample,
        "shared" => Sync::Shared,
        other => panic!("--backend is shared or left out, not {other:?}"),
    };
    let bench = Bench::new("ferrotorch", "0.6.2", args);
    for (name, sizes, batch) in [
        ("step_tiny", [16, 32, 4], 8),
        ("step_digits", [64, 128, 10], 32),
        ("step_mnist", [784, 512, 10], 128),
    ] {
        if bench.wants(name) {
            let mut training = Training::new(sizes, batch, sync)?;
            training.check()?;
            bench.run(name, || training.step().unwrap());
        }
    }
    Ok(())
}
