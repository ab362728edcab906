//! Nets that are trained for some steps, by every optimizer, and one net that people found to differ elsewhere.

use gradlet::optim::{Adadelta, Adagrad, Adam, AdamW, Adamax, NAdam, Optimizer, RAdam, RmsProp};
use gradlet::prelude::*;
use gradlet::schedule::{CosineAnnealing, Schedule};
use gradlet::{BatchNorm1d, init};

use super::digest::{Digest, Digests};

/// The net that gives different actions on processors with and without AVX-512 in PyTorch
/// (<https://github.com/pytorch/pytorch/issues/155423>): two linear layers with orthogonal weights, one output.
fn policy() -> Result<u64> {
    let mut rng = gradlet::rng(42);
    let mut hidden = Linear::new(100, 100, &mut rng)?;
    let mut output = Linear::new(100, 1, &mut rng)?;
    *hidden.weight.tensor_mut() = init::orthogonal([100, 100], 2f64.sqrt(), &mut rng)?;
    *output.weight.tensor_mut() = init::orthogonal([1, 100], 1.0, &mut rng)?;
    let network = sequential![hidden, output];
    let observation = Var::constant(Tensor::<f32>::uniform(100, 0.0, 1.0, &mut rng)?);
    let action = no_grad(|| network.forward(&observation))?;
    let mut digest = Digest::default();
    digest.tensor(&action.tensor().cast());
    Ok(digest.finish())
}

/// Twelve steps of a net with dropout and batch norm, on shuffled batches, with a rate that falls along a cosine: the
/// digest of its losses and of its state.
fn trained(mut optimizer: impl Optimizer) -> Result<u64> {
    let mut rng = gradlet::rng(7);
    let mut model = sequential![
        Linear::new(20, 48, &mut rng)?,
        BatchNorm1d::new(48)?,
        Relu::new(),
        Dropout::new(0.3, &mut rng)?,
        Linear::new(48, 5, &mut rng)?,
    ];
    let x = Tensor::<f32>::normal([96, 20], 0.0, 1.0, &mut rng)?;
    let data = Dataset::new(x, Tensor::<i64>::random_integers(96, 0..5, &mut rng)?)?;
    let schedule = CosineAnnealing::new(12)?;
    let rate = optimizer.learning_rate();
    let mut digest = Digest::default();
    let mut step = 0;
    for _ in 0..3 {
        for (x, labels) in data.batches(24).shuffled(&mut rng) {
            optimizer.set_learning_rate(schedule.rate(rate, step));
            step += 1;
            let loss = cross_entropy(&model.forward(&x)?, &labels)?;
            digest.add(u64::from(loss.item()?.to_bits()));
            optimizer.step(&mut model, &loss.backward()?)?;
        }
    }
    digest.add(model.state().digest());
    Ok(digest.finish())
}

pub(crate) fn all() -> Result<Digests> {
    let nets = [
        ("policy", policy()?),
        ("sgd", trained(Sgd::new(0.1).momentum(0.9).nesterov(true))?),
        ("adam", trained(Adam::new(0.01))?),
        ("adamw", trained(AdamW::new(0.01))?),
        ("nadam", trained(NAdam::new(0.01))?),
        ("radam", trained(RAdam::new(0.01))?),
        ("adamax", trained(Adamax::new(0.01))?),
        ("adagrad", trained(Adagrad::new(0.05))?),
        ("adadelta", trained(Adadelta::new(1.0))?),
        ("rmsprop", trained(RmsProp::new(0.01).momentum(0.5))?),
    ];
    let named = nets.map(|(name, digest)| (format!("net {name}"), digest));
    Ok(Digests::from(named))
}
