//! Train and eval mode reach every layer of a model, and come back as they were.

use std::panic::{AssertUnwindSafe, catch_unwind};

use gradlet::layer::Directions;
use gradlet::prelude::*;
use gradlet::{
    AttentionMask, BatchNorm1d, BatchNorm2d, Embedding, GroupNorm, Gru, LayerNorm,
    LearnedPositions, Lstm, TransformerEncoder, TransformerEncoderLayer,
};

/// A dropout in every kind of place that a model can hold one.
#[derive(Module)]
struct Everywhere {
    field: Dropout,
    list: Vec<Dropout>,
    array: [Dropout; 2],
    some: Option<Dropout>,
    none: Option<Dropout>,
    pair: (Dropout, Linear),
    boxed: Box<dyn Forward>,
    chain: Sequential,
    nested: Inner,
}

#[derive(Module)]
struct Inner {
    deep: Option<Box<Dropout>>,
}

impl Everywhere {
    fn new() -> Result<Self> {
        let mut rng = gradlet::rng(0);
        let mut dropout = || Dropout::new(0.5, &mut rng);
        Ok(Self {
            field: dropout()?,
            list: vec![dropout()?, dropout()?],
            array: [dropout()?, dropout()?],
            some: Some(dropout()?),
            none: None,
            pair: (dropout()?, Linear::new(2, 2, &mut gradlet::rng(1))?),
            boxed: Box::new(dropout()?),
            chain: sequential![Relu::new(), sequential![dropout()?]],
            nested: Inner {
                deep: Some(Box::new(dropout()?)),
            },
        })
    }

    /// Every dropout, under its name.
    fn dropouts(&self) -> Vec<(&str, &dyn Forward)> {
        assert!(self.none.is_none());
        vec![
            ("field", &self.field),
            ("list.0", &self.list[0]),
            ("list.1", &self.list[1]),
            ("array.1", &self.array[1]),
            ("some", self.some.as_ref().unwrap()),
            ("pair.0", &self.pair.0),
            ("boxed", &self.boxed),
            ("chain", &self.chain),
            ("nested.deep", self.nested.deep.as_deref().unwrap()),
        ]
    }
}

/// Whether a dropout of p = 0.5 lets 256 ones through untouched.
fn is_identity(layer: &dyn Forward) -> Result<bool> {
    let ones = Tensor::ones(256)?;
    Ok(layer
        .forward(&Var::constant(ones.clone()))?
        .tensor()
        .to_vec()
        == ones.to_vec())
}

#[test]
fn eval_reaches_a_dropout_wherever_it_is_held() -> Result<()> {
    let mut model = Everywhere::new()?;
    for (training, switch) in [
        (true, None),
        (false, Some(Mode::Eval)),
        (true, Some(Mode::Train)),
    ] {
        if let Some(mode) = switch {
            model.set_mode(mode);
        }
        assert_eq!(model.training(), training);
        for (name, dropout) in model.dropouts() {
            assert_eq!(
                is_identity(dropout)?,
                !training,
                "{name}, training: {training}"
            );
        }
    }
    Ok(())
}

#[test]
fn evaluating_restores_mixed_modes() -> Result<()> {
    let mut model = Everywhere::new()?;
    model.list[0].eval();
    model.nested.eval();
    let modes = |model: &Everywhere| {
        model
            .dropouts()
            .iter()
            .map(|(_, d)| d.training())
            .collect::<Vec<_>>()
    };
    let before = modes(&model);
    assert!(before.contains(&true) && before.contains(&false));

    assert!(!model.evaluating(|m: &Everywhere| m.training()));
    assert_eq!(modes(&model), before, "after a value");

    let failed: Result<Var> =
        model.evaluating(|m: &Everywhere| m.pair.1.forward(&Var::constant(Tensor::zeros([1, 3])?)));
    assert!(failed.is_err());
    assert_eq!(modes(&model), before, "after an error");

    let panicked = catch_unwind(AssertUnwindSafe(|| {
        model.evaluating(|_: &Everywhere| -> () { panic!("on purpose") });
    }));
    assert!(panicked.is_err());
    assert_eq!(modes(&model), before, "after a panic");
    Ok(())
}

/// Bare parameters with a mode of their own.
#[derive(Module)]
struct Bare {
    weight: Parameter,
    mode: Mode,
}

#[test]
fn training_is_right_for_the_smallest_models() -> Result<()> {
    let mut rng = gradlet::rng(0);
    let mut linear = Linear::new(2, 2, &mut rng)?;
    assert!(linear.training());
    linear.eval();
    assert!(!linear.training());

    let mut empty = Sequential::new();
    assert!(empty.training(), "a new module trains");
    empty.eval();
    assert!(!empty.training(), "an empty Sequential remembers its mode");

    let mut mixed = (Linear::new(2, 2, &mut rng)?, Linear::new(2, 2, &mut rng)?);
    mixed.0.eval();
    assert!(mixed.training(), "one layer still trains");
    mixed.1.eval();
    assert!(!mixed.training());

    let mut bare = Bare {
        weight: Parameter::new(Tensor::ones(2)?),
        mode: Mode::default(),
    };
    assert!(bare.training());
    bare.eval();
    assert!(!bare.training() && bare.mode == Mode::Eval && bare.weight.tensor().len() == 2);
    Ok(())
}

#[test]
fn gradients_flow_in_eval_mode() -> Result<()> {
    let mut model = Everywhere::new()?;
    model.eval();
    let x = Var::leaf(tensor![1.0, 2.0]);
    let grads = model
        .chain
        .forward(&model.field.forward(&x)?)?
        .sum(..)?
        .backward()?;
    assert_eq!(grads.wrt(&x).unwrap().to_vec(), [1.0, 1.0]);
    Ok(())
}

/// Layers that draw numbers or keep statistics in training, and the others of such nets, one after the other.
#[derive(Module)]
struct Drawing {
    words: Embedding,
    positions: LearnedPositions,
    encoder: TransformerEncoder,
    lstm: Lstm,
    gru: Gru,
    layer_norm: LayerNorm,
    batch_norm: BatchNorm1d,
    conv: Conv2d,
    map_norm: BatchNorm2d,
    group_norm: GroupNorm,
}

impl Drawing {
    fn new() -> Result<Self> {
        let mut rng = gradlet::rng(0);
        let layer = TransformerEncoderLayer::new(8, 2, 16, &mut rng)?;
        Ok(Self {
            words: Embedding::new(10, 8, &mut rng)?,
            positions: LearnedPositions::new(6, 8, &mut rng)?,
            encoder: TransformerEncoder::new(vec![layer; 2]),
            lstm: Lstm::deep(8, 8, 2, Directions::Both, &mut rng)?.dropout(0.5)?,
            gru: Gru::deep(16, 4, 2, Directions::Both, &mut rng)?.dropout(0.5)?,
            layer_norm: LayerNorm::new(8)?,
            batch_norm: BatchNorm1d::new(6)?,
            conv: Conv2d::new(1, 4, 3, &mut rng)?,
            map_norm: BatchNorm2d::new(4)?,
            group_norm: GroupNorm::new(2, 4)?,
        })
    }

    fn forward(&self, words: &Tensor<i64>) -> Result<Var> {
        let x = self.positions.forward(&self.words.forward(words)?)?;
        let x = self.encoder.encode(&x, &AttentionMask::causal())?;
        let x = self.gru.forward(&self.lstm.forward(&x)?)?;
        let x = self.batch_norm.forward(&self.layer_norm.forward(&x)?)?;
        let maps = self.conv.forward(&x.unsqueeze(1)?)?;
        self.group_norm.forward(&self.map_norm.forward(&maps)?)
    }

    /// The state of every random stream and the numbers of every running statistic, as text.
    fn state(&self) -> Vec<(String, String)> {
        let sources = self.named_sources().into_iter();
        let sources = sources.map(|(name, source)| (name, format!("{:?}", source.state())));
        let buffers = self.named_buffers().into_iter().map(|(name, buffer)| {
            let numbers = buffer
                .downcast_ref::<f32>()
                .map(|own| own.tensor().to_vec());
            let counts = buffer
                .downcast_ref::<i64>()
                .map(|own| own.tensor().to_vec());
            (name, format!("{numbers:?} {counts:?}"))
        });
        sources.chain(buffers).collect()
    }
}

#[test]
fn only_training_draws_numbers_and_changes_statistics() -> Result<()> {
    let mut model = Drawing::new()?;
    let words = Tensor::random_integers([3, 6], 0..10, &mut gradlet::rng(1))?;
    let before = model.state();
    // Two layers of four dropouts, and one in each recurrent layer; two norms of three statistics.
    assert_eq!(before.len(), 2 * 4 + 2 + 2 * 3);
    model.forward(&words)?;
    let trained = model.state();
    for (old, new) in before.iter().zip(&trained) {
        assert_ne!(old, new, "training does not change it");
    }
    model.eval();
    let y = model.forward(&words)?;
    let again = no_grad(|| model.forward(&words))?;
    assert_eq!(y.tensor(), again.tensor());
    assert_eq!(model.state(), trained);
    Ok(())
}

#[test]
fn a_frozen_model_in_eval_mode_records_nothing() -> Result<()> {
    let mut model = Drawing::new()?;
    model.eval();
    let words = Tensor::zeros_of([3, 6])?;
    assert!(model.forward(&words)?.is_tracked());
    let ops = model.forward(&words)?.graph().nodes;
    assert!(ops.iter().all(|node| !node.op.contains("Dropout")));
    assert!(!no_grad(|| model.forward(&words))?.is_tracked());
    model.freeze();
    assert!(!model.forward(&words)?.is_tracked());
    Ok(())
}
