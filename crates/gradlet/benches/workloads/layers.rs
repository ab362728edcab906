//! Recurrent nets, a transformer, and single layers under both kinds of incoming gradient.

use gradlet::prelude::*;
use gradlet::{
    AttentionMask, AttentionOptions, BatchNorm1d, BatchNorm2d, Embedding, GroupNorm, Gru,
    LayerNorm, LearnedPositions, Lstm, TransformerEncoder, TransformerEncoderLayer,
};

use super::{Harness, labels};

/// A recurrent layer, and a linear output from its last step.
#[derive(Module)]
struct Classifier<L: Forward> {
    recurrent: L,
    output: Linear,
}

impl<L: Forward> Forward for Classifier<L> {
    fn forward(&self, x: &Var) -> Result<Var> {
        let y = self.recurrent.forward(x)?;
        self.output.forward(&y.select(1, -1)?)
    }
}

/// Batch 32, 64 steps, 64 in.
fn sequences<L: Forward>(
    bench: &mut impl Harness,
    name: &str,
    layer: impl FnOnce(&mut Pcg64) -> Result<L>,
) -> Result<()> {
    if !bench.wants(name) {
        return Ok(());
    }
    let mut rng = gradlet::rng(0);
    let mut model = Classifier {
        recurrent: layer(&mut rng)?,
        output: Linear::new(128, 10, &mut rng)?,
    };
    let x = Var::constant(Tensor::<f32>::normal([32, 64, 64], 0.0, 1.0, &mut rng)?);
    let labels = labels(32, 10)?;
    let mut optimizer = Sgd::new(0.01);
    bench.run(name, || {
        let loss = cross_entropy(&model.forward(&x)?, &labels)?;
        let grads = loss.backward()?;
        optimizer.step(&mut model, &grads)?;
        Ok(grads)
    })
}

/// Says of each character which one may follow, from those before it.
#[derive(Module)]
struct CharLm {
    tokens: Embedding,
    positions: LearnedPositions,
    encoder: TransformerEncoder,
    output: Linear,
}

impl CharLm {
    fn new(rng: &mut Pcg64) -> Result<Self> {
        let layers = (0..2).map(|_| TransformerEncoderLayer::new(64, 4, 256, rng)?.dropout(0.1));
        let encoder = TransformerEncoder::new(layers.collect::<Result<_>>()?);
        Ok(Self {
            tokens: Embedding::new(65, 64, rng)?,
            positions: LearnedPositions::new(64, 64, rng)?,
            encoder,
            output: Linear::new(64, 65, rng)?,
        })
    }

    fn forward(&self, tokens: &Tensor<i64>) -> Result<Var> {
        let x = self.positions.forward(&self.tokens.forward(tokens)?)?;
        let h = self.encoder.encode(&x, &AttentionMask::causal())?;
        self.output.forward(&h)
    }
}

fn char_lm(bench: &mut impl Harness) -> Result<()> {
    if !bench.wants("char_lm") {
        return Ok(());
    }
    let mut rng = gradlet::rng(0);
    let mut model = CharLm::new(&mut rng)?;
    let text = Tensor::<i64>::random_integers(16 * 64 + 1, 0..65, &mut rng)?;
    let tokens = text.narrow(0, 0, 16 * 64)?.reshape([16, 64])?;
    let next = text.narrow(0, 1, 16 * 64)?;
    let mut optimizer = AdamW::new(1e-3);
    bench.run("char_lm", || {
        let logits = model.forward(&tokens)?.reshape([16 * 64, 65])?;
        let loss = cross_entropy(&logits, &next)?;
        let grads = loss.backward()?;
        optimizer.step(&mut model, &grads)?;
        Ok(grads)
    })
}

/// Forward and backward, once from the sum of the output and once from a random gradient of it.
fn both<F: Fn() -> Result<Var>>(
    bench: &mut impl Harness,
    layer: &str,
    make: impl FnOnce() -> Result<F>,
) -> Result<()> {
    let [ones, dense] = ["ones", "dense"].map(|incoming| format!("{layer}_{incoming}"));
    if !bench.wants(&ones) && !bench.wants(&dense) {
        return Ok(());
    }
    let forward = make()?;
    if bench.wants(&ones) {
        bench.run(&ones, || forward()?.sum(..)?.backward())?;
    }
    if bench.wants(&dense) {
        let shape = *forward()?.shape();
        let g = Tensor::normal(shape, 0.0, 1.0, &mut gradlet::rng(1))?;
        bench.run(&dense, || forward()?.backward_with(g.clone()))?;
    }
    Ok(())
}

fn leaf(shape: &[usize], rng: &mut Pcg64) -> Result<Var> {
    Ok(Var::leaf(Tensor::normal(shape, 0.0, 1.0, rng)?))
}

fn norm(bench: &mut impl Harness, name: &str, shape: &[usize], layer: impl Forward) -> Result<()> {
    both(bench, name, || {
        let x = leaf(shape, &mut gradlet::rng(0))?;
        Ok(move || layer.forward(&x))
    })
}

fn single(bench: &mut impl Harness) -> Result<()> {
    let (square, maps) = ([bench.samples(1024), 1024], [bench.samples(32), 64, 16, 16]);
    norm(bench, "layer_norm_fb_1024", &square, LayerNorm::new(1024)?)?;
    norm(
        bench,
        "batch_norm_fb_1024",
        &square,
        BatchNorm1d::new(1024)?,
    )?;
    norm(bench, "batch_norm_fb_maps", &maps, BatchNorm2d::new(64)?)?;
    norm(bench, "group_norm_fb_maps", &maps, GroupNorm::new(4, 64)?)?;
    let mut rng = gradlet::rng(0);
    both(bench, "embedding_fb", || {
        let words = Embedding::new(10_000, 64, &mut rng)?;
        let indices = Tensor::random_integers(4096, 0..10_000, &mut rng)?;
        Ok(move || words.forward(&indices))
    })?;
    let samples = bench.samples(8);
    both(bench, "attention_fb", || {
        let shape = [samples, 4, 256, 32];
        let (q, k, v) = (
            leaf(&shape, &mut rng)?,
            leaf(&shape, &mut rng)?,
            leaf(&shape, &mut rng)?,
        );
        Ok(move || q.scaled_dot_product_attention(&k, &v, &AttentionOptions::new()))
    })
}

pub(super) fn run(bench: &mut impl Harness) -> Result<()> {
    sequences(bench, "lstm", |rng| {
        Ok(Lstm::new(64, 128, rng)?.batch_first())
    })?;
    sequences(
        bench,
        "gru",
        |rng| Ok(Gru::new(64, 128, rng)?.batch_first()),
    )?;
    char_lm(bench)?;
    single(bench)
}
