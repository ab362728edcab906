//! The digests of burn's results, on the backend that the argument names: flex or ndarray.

use burn::module::{Module, Param};
use burn::nn::Linear;
use burn::nn::loss::CrossEntropyLossConfig;
use burn::optim::{GradientsParams, SgdConfig};
use burn::tensor::activation::relu;
use burn::tensor::{Device, Int, Tensor, TensorData};
use peer_bits::{
    BATCH, LEARNING_RATE, Layer, Results, STEPS, classifier, labels, linear, transposed, wide,
};

#[derive(Module, Debug)]
struct Net {
    first: Linear,
    second: Linear,
}

impl Net {
    fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        self.second.forward(relu(self.first.forward(x)))
    }
}

/// burn means to drop ndarray, which some still use.
#[expect(deprecated)]
fn ndarray() -> Device {
    Device::ndarray()
}

fn rows(rows: usize, columns: usize, device: &Device) -> Tensor<2> {
    let data = TensorData::new(peer_bits::rows(rows, columns), [rows, columns]);
    Tensor::from_data(data, device)
}

fn layer(layer: &Layer, device: &Device) -> Linear {
    let weight = TensorData::new(layer.transposed_weight(), [layer.inputs, layer.outputs]);
    let bias = TensorData::new(layer.bias.clone(), [layer.outputs]);
    Linear {
        weight: Param::from_tensor(Tensor::from_data(weight, device)),
        bias: Some(Param::from_tensor(Tensor::from_data(bias, device))),
    }
}

fn numbers<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().try_into_vec().unwrap()
}

/// Weight and bias, the weight as `[outputs, inputs]`.
fn weights(layer: &Linear) -> [Vec<f32>; 2] {
    let outputs = layer.weight.val().dims()[1];
    let bias = layer.bias.as_ref().unwrap().val();
    [
        transposed(&numbers(layer.weight.val()), outputs),
        numbers(bias),
    ]
}

fn main() {
    let plain = match std::env::args().nth(1).as_deref() {
        Some("flex") => Device::flex(),
        Some("ndarray") => ndarray(),
        other => panic!("the argument is flex or ndarray, not {other:?}"),
    };
    let device = &plain.autodiff();
    let [first, second] = linear().map(|l| layer(&l, device));
    let linear = second.forward(first.forward(rows(1, 100, device)));
    let wide = layer(&wide(), device).forward(rows(128, 784, device));

    let [first, second] = classifier().map(|l| layer(&l, device));
    let mut net = Net { first, second };
    let mut optimizer = SgdConfig::new().init();
    let x = rows(BATCH, 64, device);
    let labels: Vec<i32> = labels().map(|label| label as i32).collect();
    let labels: Tensor<1, Int> = Tensor::from_data(TensorData::new(labels, [BATCH]), device);
    let cross_entropy = CrossEntropyLossConfig::new().init(device);
    let mut last = f32::NAN;
    for _ in 0..STEPS {
        let loss = cross_entropy.forward(net.forward(x.clone()), labels.clone());
        last = numbers(loss.clone())[0];
        let grads = GradientsParams::from_grads(loss.backward(), &net);
        net = optimizer.step(LEARNING_RATE, net, grads);
    }
    let alone = (0..BATCH).map(|i| numbers(net.forward(x.clone().narrow(0, i, 1))));
    let [[w1, b1], [w2, b2]] = [weights(&net.first), weights(&net.second)];
    Results {
        linear: numbers(linear),
        wide: numbers(wide),
        trained: [w1, b1, w2, b2],
        loss: last,
        alone: alone.flatten().collect(),
        batch: numbers(net.forward(x)),
    }
    .print();
}
