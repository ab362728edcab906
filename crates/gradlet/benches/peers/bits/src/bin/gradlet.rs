//! The digests of gradlet's results; the argument is the number of threads.

use gradlet::prelude::*;
use gradlet::threads;
use peer_bits::{BATCH, LEARNING_RATE, Layer, Results, STEPS, classifier, labels, linear, wide};

#[derive(Module)]
struct Net {
    first: Linear,
    second: Linear,
}

impl Forward for Net {
    fn forward(&self, x: &Var) -> Result<Var> {
        self.second.forward(&self.first.forward(x)?.relu())
    }
}

fn rows(rows: usize, columns: usize) -> Result<Var> {
    let data = peer_bits::rows(rows, columns);
    Ok(Var::constant(Tensor::from_slice(data, [rows, columns])?))
}

fn layer(of: &Layer) -> Result<Linear> {
    let mut layer = Linear::new(of.inputs, of.outputs, &mut gradlet::rng(0))?;
    layer.weight = Tensor::from_slice(&of.weight, [of.outputs, of.inputs])?.into();
    layer.bias = Some(Tensor::from_slice(&of.bias, of.outputs)?.into());
    Ok(layer)
}

fn weights(layer: &Linear) -> [Vec<f32>; 2] {
    let bias = layer.bias.as_ref().unwrap();
    [layer.weight.tensor().to_vec(), bias.tensor().to_vec()]
}

fn run() -> Result<Results> {
    let [first, second] = linear().map(|l| layer(&l).unwrap());
    let linear = second.forward(&first.forward(&rows(1, 100)?)?)?;
    let wide = layer(&wide())?.forward(&rows(128, 784)?)?;

    let [first, second] = classifier().map(|l| layer(&l).unwrap());
    let mut net = Net { first, second };
    let mut optimizer = Sgd::new(LEARNING_RATE);
    let x = rows(BATCH, 64)?;
    let labels: Vec<i64> = labels().map(i64::from).collect();
    let labels = Tensor::from_slice(labels, BATCH)?;
    let mut last = f32::NAN;
    for _ in 0..STEPS {
        let loss = cross_entropy(&net.forward(&x)?, &labels)?;
        last = loss.item()?;
        optimizer.step(&mut net, &loss.backward()?)?;
    }
    let alone = (0..BATCH).map(|i| Ok(net.forward(&x.narrow(0, i, 1)?)?.to_vec()));
    let [[w1, b1], [w2, b2]] = [weights(&net.first), weights(&net.second)];
    Ok(Results {
        linear: linear.to_vec(),
        wide: wide.to_vec(),
        trained: [w1, b1, w2, b2],
        loss: last,
        batch: net.forward(&x)?.to_vec(),
        alone: alone.collect::<Result<Vec<_>>>()?.concat(),
    })
}

fn main() -> Result<()> {
    let count = std::env::args().nth(1).and_then(|n| n.parse().ok());
    threads::with(count.expect("the number of threads"), run)?.print();
    Ok(())
}
