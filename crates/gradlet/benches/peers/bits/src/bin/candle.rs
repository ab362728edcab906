//! The digests of candle's results.

use candle_core::{Device, Result, Tensor, Var};
use candle_nn::{Linear, Module, Optimizer, SGD, loss};
use peer_bits::{BATCH, LEARNING_RATE, Layer, Results, STEPS, classifier, labels, linear, wide};

fn tensor(data: Vec<f32>, shape: &[usize]) -> Result<Tensor> {
    Tensor::from_vec(data, shape, &Device::Cpu)
}

fn rows(rows: usize, columns: usize) -> Result<Tensor> {
    tensor(peer_bits::rows(rows, columns), &[rows, columns])
}

/// The layer and its variables.
fn layer(layer: &Layer) -> Result<(Linear, [Var; 2])> {
    let weight = tensor(layer.weight.clone(), &[layer.outputs, layer.inputs])?;
    let bias = tensor(layer.bias.clone(), &[layer.outputs])?;
    let vars = [Var::from_tensor(&weight)?, Var::from_tensor(&bias)?];
    let [weight, bias] = [0, 1].map(|i| vars[i].as_tensor().clone());
    Ok((Linear::new(weight, Some(bias)), vars))
}

fn numbers(tensor: &Tensor) -> Result<Vec<f32>> {
    tensor.flatten_all()?.to_vec1()
}

fn main() -> Result<()> {
    let [(first, _), (second, _)] = linear().map(|l| layer(&l).unwrap());
    let linear = second.forward(&first.forward(&rows(1, 100)?)?)?;
    let wide = layer(&wide())?.0.forward(&rows(128, 784)?)?;

    let [(first, vars1), (second, vars2)] = classifier().map(|l| layer(&l).unwrap());
    let vars = [vars1, vars2].concat();
    let mut optimizer = SGD::new(vars.clone(), LEARNING_RATE)?;
    let net = |x: &Tensor| second.forward(&first.forward(x)?.relu()?);
    let x = rows(BATCH, 64)?;
    let labels = Tensor::from_iter(labels(), &Device::Cpu)?;
    let mut last = f32::NAN;
    for _ in 0..STEPS {
        let loss = loss::cross_entropy(&net(&x)?, &labels)?;
        optimizer.backward_step(&loss)?;
        last = loss.to_scalar()?;
    }
    let alone = (0..BATCH).map(|i| numbers(&net(&x.narrow(0, i, 1)?)?));
    Results {
        linear: numbers(&linear)?,
        wide: numbers(&wide)?,
        trained: [0, 1, 2, 3].map(|i| numbers(vars[i].as_tensor()).unwrap()),
        loss: last,
        batch: numbers(&net(&x)?)?,
        alone: alone.collect::<Result<Vec<_>>>()?.concat(),
    }
    .print();
    Ok(())
}
