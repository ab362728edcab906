//! Single layers under both kinds of incoming gradient.

use std::hint::black_box;

use candle_core::{D, Result, Tensor};
use candle_nn::{Module, ModuleT, VarBuilder, VarMap, batch_norm, embedding, group_norm, ops};
use harness::Bench;

use crate::{labels, tensor, var, variables};

/// Backward of the sum, and of the sum of products with a fixed tensor: a backward takes no gradient from outside.
fn both<F: Fn() -> Result<Tensor>>(
    bench: &Bench,
    layer: &str,
    make: impl FnOnce(VarBuilder) -> Result<F>,
) -> Result<()> {
    let [ones, dense] = ["ones", "dense"].map(|incoming| format!("{layer}_{incoming}"));
    if !bench.wants(&ones) && !bench.wants(&dense) {
        return Ok(());
    }
    let varmap = VarMap::new();
    let forward = make(variables(&varmap))?;
    bench.run(&ones, || {
        let y = || forward()?.sum_all();
        black_box(y().and_then(|y| y.backward()).unwrap());
    });
    let g = tensor(3, forward()?.dims())?;
    bench.run(&dense, || {
        let y = || (forward()? * &g)?.sum_all();
        black_box(y().and_then(|y| y.backward()).unwrap());
    });
    Ok(())
}

pub fn run(bench: &Bench) -> Result<()> {
    for name in [
        "char_lm",
        "layer_norm_fb_1024_ones",
        "layer_norm_fb_1024_dense",
    ] {
        bench.skip(name, "candle_nn's LayerNorm has no gradient");
    }
    both(bench, "batch_norm_fb_1024", |vb| {
        let (x, layer) = (var(1, &[1024, 1024])?, batch_norm(1024, 1e-5, vb)?);
        Ok(move || layer.forward_t(&x, true))
    })?;
    both(bench, "batch_norm_fb_maps", |vb| {
        let (x, layer) = (var(1, &[32, 64, 16, 16])?, batch_norm(64, 1e-5, vb)?);
        Ok(move || layer.forward_t(&x, true))
    })?;
    both(bench, "group_norm_fb_maps", |vb| {
        let (x, layer) = (var(1, &[32, 64, 16, 16])?, group_norm(4, 64, 1e-5, vb)?);
        Ok(move || layer.forward(&x))
    })?;
    both(bench, "embedding_fb", |vb| {
        let (words, indices) = (embedding(10_000, 64, vb)?, labels(4096, 10_000)?);
        Ok(move || words.forward(&indices))
    })?;
    both(bench, "attention_fb", |_| {
        let shape = [8, 4, 256, 32];
        let (q, k, v) = (var(1, &shape)?, var(2, &shape)?, var(3, &shape)?);
        // Its own functions for this have no gradient.
        Ok(move || {
            let scores = (q.matmul(&k.t()?)? / 32f64.sqrt())?;
            ops::softmax(&scores, D::Minus1)?.matmul(&v)
        })
    })
}
