//! Gradients of layers by inputs and parameters, and gradients of these, against finite differences along random
//! directions: each layer with random sizes and settings.

use gradlet::layer::Directions;
use gradlet::window::{Align, Divisor, Rounding};
use gradlet::*;
use proptest::prelude::*;

use crate::draw::{Draw, Tensor, Var};
use crate::shape;
use crate::trial::{Trial, one, trial};

pub(crate) type Entry = (&'static str, fn(&mut Draw) -> Result<Trial>);

/// Numbers halfway between those where activations have kinks.
fn input(d: &mut Draw, shape: &[usize]) -> Result<Tensor> {
    Ok(d.input(shape)?.add_scalar(1.0 / 64.0))
}

fn seeded(d: &mut Draw) -> Pcg64 {
    rng(d.between(0, 1 << 20) as u64)
}

/// A layer with or without a setting.
fn perhaps<M>(d: &mut Draw, layer: M, setting: impl FnOnce(M) -> M) -> M {
    if d.coin() { setting(layer) } else { layer }
}

/// Leading axes: none, or some samples.
fn samples(d: &mut Draw, rest: &[usize]) -> Vec<usize> {
    let samples = d.between(2, 3);
    let leading = if d.coin() { vec![samples] } else { vec![] };
    [&leading, rest].concat()
}

/// An activation of numbers of any shape.
fn activation(layer: impl Forward<f64> + 'static, d: &mut Draw) -> Result<Trial> {
    let shape = d.shape();
    Ok(one(layer, input(d, &shape)?))
}

/// A layer of the last `N` axes, in images with or without a batch axis.
fn windows<const N: usize>(
    d: &mut Draw,
    layer: impl Forward<f64> + 'static,
    channels: usize,
) -> Result<Trial> {
    let mut rest = vec![channels];
    rest.extend((0..N).map(|_| d.between(5, 6)));
    let shape = samples(d, &rest);
    Ok(one(layer, input(d, &shape)?))
}

macro_rules! pooled {
    ($d:ident, $layer:ident, $n:literal) => {{
        let layer = $layer::new($d.between(2, 3))
            .stride($d.between(1, 2))
            .padding($d.between(0, 1));
        let layer = perhaps($d, layer, |layer| layer.rounding(Rounding::Ceil));
        windows::<$n>($d, layer, 2)
    }};
}

macro_rules! adaptive {
    ($d:ident, $layer:ident, $n:literal) => {{
        let layer = $layer::new($d.between(1, 4));
        windows::<$n>($d, layer, 2)
    }};
}

macro_rules! convolved {
    ($d:ident, $layer:ident, $n:literal) => {{
        let (groups, kernel) = ($d.between(1, 2), $d.between(1, 3));
        let layer =
            $layer::<f64>::new_of(2, 2 * $d.between(1, 2), kernel, groups, &mut seeded($d))?;
        let layer = layer
            .stride($d.between(1, 2))
            .padding($d.between(0, 1))
            .dilation($d.between(1, 2));
        let layer = perhaps($d, layer, |layer| layer.without_bias());
        windows::<$n>($d, layer, 2)
    }};
}

macro_rules! padded {
    ($d:ident, $layer:ident, $n:literal) => {{
        let layer = $layer::new($d.between(0, 2).try_into().unwrap_or_default());
        windows::<$n>($d, layer, 2)
    }};
}

/// A norm of channels, in training and not.
macro_rules! normed {
    ($d:ident, $layer:ident, $places:expr) => {{
        let mut layer = $layer::<f64>::new_of(3)?;
        if $d.coin() {
            layer.eval();
        }
        let layer = perhaps($d, layer, |layer| layer.momentum(0.3));
        let shape = [&[$d.between(3, 4), 3], &$places[..]].concat();
        Ok(one(layer, input($d, &shape)?))
    }};
}

macro_rules! sequences {
    ($d:ident, $layer:ident) => {{
        let directions = $d.pick(&[Directions::Forward, Directions::Both]);
        let (inputs, hidden, layers) = ($d.between(1, 3), $d.between(1, 3), $d.between(1, 2));
        let layer = $layer::<f64>::new_of(inputs, hidden, layers, directions, &mut seeded($d))?;
        let layer = perhaps($d, layer, |layer| layer.without_bias());
        let (time, batch) = ($d.between(2, 4), $d.between(1, 3));
        let lengths: Vec<_> = (0..batch).map(|_| $d.between(1, time)).collect();
        let x = input($d, &[time, batch, inputs])?;
        Ok(trial(layer, vec![x], move |layer, x| {
            Ok(layer.forward_padded(&x[0], &lengths, None)?.0)
        }))
    }};
}

/// A cell of one state, or of two.
macro_rules! stepped {
    ($d:ident, $layer:ident, $count:literal, $from:expr, $to:expr) => {{
        let (inputs, hidden, batch) = ($d.between(1, 3), $d.between(1, 3), $d.between(1, 3));
        let layer = $layer::<f64>::new_of(inputs, hidden, &mut seeded($d))?;
        let layer = perhaps($d, layer, |layer| layer.without_bias());
        let mut all = vec![input($d, &[batch, inputs])?];
        for _ in 0..$count {
            all.push(input($d, &[batch, hidden])?);
        }
        Ok(trial(layer, all, |layer, x| {
            layer.step(&x[0], Some(&$from(x))).and_then($to)
        }))
    }};
}

fn encoder_layer(d: &mut Draw) -> Result<TransformerEncoderLayer<f64>> {
    let layer =
        TransformerEncoderLayer::new_of(4, d.between(1, 2), d.between(1, 3), &mut seeded(d))?;
    let layer = perhaps(d, layer.dropout(0.0)?, TransformerEncoderLayer::norm_first);
    Ok(perhaps(d, layer, TransformerEncoderLayer::gelu))
}

fn mask(d: &mut Draw) -> AttentionMask<f64> {
    if d.coin() {
        AttentionMask::causal()
    } else {
        AttentionMask::new()
    }
}

/// Queries, keys and values of these sizes.
fn attended(d: &mut Draw, sizes: [usize; 3]) -> Result<Vec<Tensor>> {
    let (batch, queries, keys) = (d.between(1, 2), d.between(1, 3), d.between(1, 3));
    let lengths = [queries, keys, keys].into_iter().zip(sizes);
    lengths
        .map(|(length, size)| input(d, &[batch, length, size]))
        .collect()
}

pub(crate) const ENTRIES: &[Entry] = &[
    ("AdaptiveAvgPool1d", |d| adaptive!(d, AdaptiveAvgPool1d, 1)),
    ("AdaptiveAvgPool2d", |d| adaptive!(d, AdaptiveAvgPool2d, 2)),
    ("AdaptiveMaxPool1d", |d| adaptive!(d, AdaptiveMaxPool1d, 1)),
    ("AdaptiveMaxPool2d", |d| adaptive!(d, AdaptiveMaxPool2d, 2)),
    ("AvgPool1d", |d| pooled!(d, AvgPool1d, 1)),
    ("AvgPool2d", |d| {
        let layer = AvgPool2d::new(2)
            .padding(1)
            .divisor(Divisor::WithoutPadding);
        windows::<2>(d, layer, 2)
    }),
    ("BatchNorm1d", |d| {
        normed!(d, BatchNorm1d, [d.between(1, 2)])
    }),
    ("BatchNorm2d", |d| {
        normed!(d, BatchNorm2d, [d.between(1, 2), 2])
    }),
    ("Bilinear", |d| {
        let sizes = [d.between(1, 3), d.between(1, 3)];
        let layer = Bilinear::<f64>::new_of(sizes[0], sizes[1], d.between(1, 3), &mut seeded(d))?;
        let inputs = vec![input(d, &[2, sizes[0]])?, input(d, &[2, sizes[1]])?];
        Ok(trial(layer, inputs, |layer, x| layer.forward(&x[0], &x[1])))
    }),
    ("Celu", |d| activation(Celu::new().alpha(0.7), d)),
    ("Conv1d", |d| convolved!(d, Conv1d, 1)),
    ("Conv2d", |d| convolved!(d, Conv2d, 2)),
    ("ConvTranspose1d", |d| convolved!(d, ConvTranspose1d, 1)),
    ("ConvTranspose2d", |d| convolved!(d, ConvTranspose2d, 2)),
    ("Elu", |d| activation(Elu::new().alpha(0.7), d)),
    ("Embedding", |d| {
        let layer = Embedding::<f64>::new_of(5, d.between(1, 3), &mut seeded(d))?;
        let layer = if d.coin() { layer.padding(-1)? } else { layer };
        let indices = d.indices(&[2, 3], 4)?;
        Ok(trial(layer, vec![], move |layer, _| {
            layer.forward(&indices)
        }))
    }),
    ("Flatten", |d| {
        Ok(one(Flatten::new().start(0), input(d, &[2, 3])?))
    }),
    ("Gelu", |d| activation(Gelu::new(), d)),
    ("GeluTanh", |d| activation(GeluTanh::new(), d)),
    ("Glu", |d| Ok(one(Glu::new(-1), input(d, &[2, 4])?))),
    ("GroupNorm", |d| {
        let shape = [d.between(1, 2), 4, d.between(2, 3)];
        Ok(one(
            GroupNorm::<f64>::new_of(d.between(1, 2), 4)?,
            input(d, &shape)?,
        ))
    }),
    ("Gru", |d| sequences!(d, Gru)),
    ("GruCell", |d| {
        stepped!(d, GruCell, 1, |x: &[Var]| x[1].clone(), |h| h.flatten(..))
    }),
    ("Hardshrink", |d| activation(Hardshrink::new(), d)),
    ("Hardsigmoid", |d| activation(Hardsigmoid::new(), d)),
    ("Hardswish", |d| activation(Hardswish::new(), d)),
    ("Hardtanh", |d| activation(Hardtanh::new().high(0.5), d)),
    ("Identity", |d| activation(Identity::new(), d)),
    ("InstanceNorm1d", |d| {
        normed!(d, InstanceNorm1d, [d.between(2, 3)])
    }),
    ("InstanceNorm2d", |d| {
        normed!(d, InstanceNorm2d, [d.between(2, 3), 2])
    }),
    ("Lambda", |d| {
        activation(Lambda::new_of(|x: &Var| x.tanh().square()), d)
    }),
    ("LayerNorm", |d| {
        let size = d.between(2, 4);
        let shape = samples(d, &[size]);
        Ok(one(LayerNorm::<f64>::new_of(size)?, input(d, &shape)?))
    }),
    ("LeakyRelu", |d| activation(LeakyRelu::new().slope(0.2), d)),
    ("LearnedPositions", |d| {
        let layer = LearnedPositions::<f64>::new_of(4, 3, &mut seeded(d))?;
        let shape = [d.between(1, 2), d.between(1, 4), 3];
        Ok(one(layer, input(d, &shape)?))
    }),
    ("Linear", |d| {
        let (inputs, outputs) = (d.between(1, 3), d.between(1, 3));
        let layer = Linear::<f64>::new_of(inputs, outputs, &mut seeded(d))?;
        let layer = perhaps(d, layer, Linear::without_bias);
        let shape = samples(d, &[inputs]);
        Ok(one(layer, input(d, &shape)?))
    }),
    ("LogSigmoid", |d| activation(LogSigmoid::new(), d)),
    ("LogSoftmax", |d| {
        Ok(one(LogSoftmax::new(0), input(d, &[3, 2])?))
    }),
    ("Lstm", |d| sequences!(d, Lstm)),
    ("LstmCell", |d| {
        stepped!(
            d,
            LstmCell,
            2,
            |x: &[Var]| (x[1].clone(), x[2].clone()),
            |(h, c)| Var::cat(&[&h, &c], 0)
        )
    }),
    ("MaxPool1d", |d| pooled!(d, MaxPool1d, 1)),
    ("MaxPool2d", |d| pooled!(d, MaxPool2d, 2)),
    ("Mish", |d| activation(Mish::new(), d)),
    ("MultiheadAttention", |d| {
        let (heads, sizes) = (d.between(1, 2), [d.between(1, 3), d.between(1, 3)]);
        let layer = MultiheadAttention::<f64>::new_of(4, heads, sizes, &mut seeded(d))?;
        let (inputs, mask) = (attended(d, [4, sizes[0], sizes[1]])?, mask(d));
        Ok(trial(layer, inputs, move |layer, x| {
            layer.attend(&x[0], &x[1], &x[2], &mask)
        }))
    }),
    ("Normalizer", |d| {
        let features = d.between(1, 3);
        let layer = Normalizer::fit(&input(d, &[4, features])?)?;
        let shape = samples(d, &[features]);
        Ok(one(layer, input(d, &shape)?))
    }),
    ("Prelu", |d| {
        let channels = d.between(1, 3);
        Ok(one(
            Prelu::<f64>::new_of(channels)?,
            input(d, &[2, channels, 2])?,
        ))
    }),
    ("ReflectionPad1d", |d| padded!(d, ReflectionPad1d, 1)),
    ("ReflectionPad2d", |d| padded!(d, ReflectionPad2d, 2)),
    ("Relu", |d| activation(Relu::new(), d)),
    ("Relu6", |d| activation(Relu6::new(), d)),
    ("ReplicationPad1d", |d| padded!(d, ReplicationPad1d, 1)),
    ("ReplicationPad2d", |d| padded!(d, ReplicationPad2d, 2)),
    ("RmsNorm", |d| {
        let size = d.between(2, 4);
        let shape = samples(d, &[size]);
        Ok(one(RmsNorm::<f64>::new_of(size)?, input(d, &shape)?))
    }),
    ("Rnn", |d| sequences!(d, Rnn)),
    ("RnnCell", |d| {
        stepped!(d, RnnCell, 1, |x: &[Var]| x[1].clone(), |h| h.flatten(..))
    }),
    ("Selu", |d| activation(Selu::new(), d)),
    ("Sequential", |d| {
        let layer = Sequential::<f64>::new_of()
            .push(Linear::<f64>::new_of(2, 3, &mut seeded(d))?)
            .push(Tanh::new())
            .push(Linear::<f64>::new_of(3, 1, &mut seeded(d))?);
        Ok(one(layer, input(d, &[3, 2])?))
    }),
    ("Sigmoid", |d| activation(Sigmoid::new(), d)),
    ("Silu", |d| activation(Silu::new(), d)),
    ("SinusoidalPositions", |d| {
        let shape = [d.between(1, 2), d.between(1, 4), 4];
        Ok(one(
            SinusoidalPositions::<f64>::new_of(4, 4)?,
            input(d, &shape)?,
        ))
    }),
    ("Softmax", |d| Ok(one(Softmax::new(1), input(d, &[2, 3])?))),
    ("Softmin", |d| Ok(one(Softmin::new(-1), input(d, &[2, 3])?))),
    ("Softplus", |d| activation(Softplus::new().beta(1.5), d)),
    ("Softshrink", |d| activation(Softshrink::new(), d)),
    ("Softsign", |d| activation(Softsign::new(), d)),
    ("Tanh", |d| activation(Tanh::new(), d)),
    ("Tanhshrink", |d| activation(Tanhshrink::new(), d)),
    ("Threshold", |d| activation(Threshold::new(0.5, 0.2), d)),
    ("TransformerEncoder", |d| {
        let layers = vec![encoder_layer(d)?, encoder_layer(d)?];
        let layer = TransformerEncoder::new(layers).norm(LayerNorm::new_of(4)?);
        let (x, mask) = (input(d, &[2, 3, 4])?, mask(d));
        Ok(trial(layer, vec![x], move |layer, x| {
            layer.encode(&x[0], &mask)
        }))
    }),
    ("TransformerEncoderLayer", |d| {
        let (layer, x, mask) = (encoder_layer(d)?, input(d, &[2, 3, 4])?, mask(d));
        Ok(trial(layer, vec![x], move |layer, x| {
            layer.encode(&x[0], &mask)
        }))
    }),
    ("Unflatten", |d| {
        Ok(one(Unflatten::new(1, &[2, -1])?, input(d, &[2, 4])?))
    }),
    ("Upsample", |d| {
        let align = d.pick(&[Align::Edges, Align::Corners]);
        let to = Upsample::to([d.between(1, 7), 4]);
        let layer = perhaps(d, to, |layer| layer.bilinear(align));
        Ok(one(layer, input(d, &[1, 2, 3, 3])?))
    }),
    ("ZeroPad1d", |d| padded!(d, ZeroPad1d, 1)),
    ("ZeroPad2d", |d| padded!(d, ZeroPad2d, 2)),
];

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        cases: ProptestConfig::default().cases / 4,
        ..ProptestConfig::default()
    })]

    #[test]
    fn layers(shape in shape(), seed in any::<u64>()) {
        for (name, make) in ENTRIES {
            let mut trial = make(&mut Draw::new(&shape, seed))?;
            let agree = trial.check(seed)?;
            prop_assert!(agree.is_ok(), "{name}, {}: {agree:?}", trial.describe());
        }
    }
}

#[test]
fn every_layer_has_an_entry() {
    let names: Vec<_> = ENTRIES.iter().map(|(name, _)| *name).collect();
    let exported = include_str!("../../crates/gradlet-nn/src/lib.rs")
        .split("pub use layer::{")
        .nth(1)
        .and_then(|rest| rest.split('}').next())
        .unwrap();
    let exported: Vec<_> = exported
        .split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .collect();
    assert_eq!(names, exported);
}
