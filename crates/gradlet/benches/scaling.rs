//! How a training step's time grows with the batch, the width and the depth of the net, as Markdown.
//!
//! `cargo bench --bench scaling` prints microseconds a step, and how many times a fourfold amount of work takes as long.

use std::time::{Duration, Instant};

use gradlet::prelude::*;

const BATCHES: [usize; 7] = [1, 4, 16, 64, 256, 1024, 4096];
const WIDTHS: [usize; 5] = [16, 64, 256, 1024, 4096];
/// A step is taken at least so often, and for so long.
const STEPS: usize = 5;
const TIME: Duration = Duration::from_millis(300);

/// Layers `width -> width` with ReLU and dropout between them.
fn net(width: usize, depth: usize, rng: &mut Pcg64) -> Result<Sequential> {
    let mut model = Sequential::new();
    for _ in 1..depth {
        model = model
            .push(Linear::new(width, width, rng)?)
            .push(Relu::new())
            .push(Dropout::new(0.5, rng)?);
    }
    Ok(model.push(Linear::new(width, width, rng)?))
}

/// The median time of a step in microseconds.
fn step_us(batch: usize, width: usize, depth: usize) -> Result<f64> {
    let mut rng = gradlet::rng(0);
    let mut model = net(width, depth, &mut rng)?;
    let mut optimizer = Sgd::new(0.01);
    let x = Var::constant(Tensor::normal([batch, width], 0.0, 1.0, &mut rng)?);
    let labels = Tensor::from_fn(batch, |i| (i % width) as i64)?;
    let mut step = || -> Result<f64> {
        let begin = Instant::now();
        let loss = cross_entropy(&model.forward(&x)?, &labels)?;
        let grads = loss.backward()?;
        optimizer.step(&mut model, &grads)?;
        drop(grads);
        Ok(begin.elapsed().as_nanos() as f64 / 1e3)
    };
    // The first step takes its memory from the system; a later one still finds cold caches.
    step()?;
    step()?;
    let (start, mut times) = (Instant::now(), Vec::new());
    while times.len() < STEPS || start.elapsed() < TIME {
        times.push(step()?);
    }
    times.sort_by(f64::total_cmp);
    Ok(times[times.len() / 2])
}

/// The time, and its ratio to what a quarter of the work took.
fn cell(us: f64, quarter: Option<f64>) -> String {
    let digits = usize::from(us < 100.0);
    match quarter {
        Some(quarter) => format!("{us:.digits$} ({:.1}x)", us / quarter),
        None => format!("{us:.digits$}"),
    }
}

fn main() -> Result<()> {
    println!(
        "Microseconds a step of a net of two layers, [batch, width] -> [batch, width]; in brackets the ratio to the"
    );
    println!("cell on the left, whose batch is a quarter.\n");
    let head: Vec<String> = BATCHES
        .iter()
        .map(|batch| format!("batch {batch}"))
        .collect();
    println!(
        "| width | {} |\n|---|{}",
        head.join(" | "),
        "---:|".repeat(BATCHES.len())
    );
    for width in WIDTHS {
        print!("| {width} |");
        let mut quarter = None;
        for batch in BATCHES {
            let us = step_us(batch, width, 2)?;
            print!(" {} |", cell(us, quarter));
            quarter = Some(us);
        }
        println!();
    }
    println!("\n| width, batch | 2 layers | 10 layers | ratio |\n|---|---:|---:|---:|");
    for (width, batch) in [(16, 8), (64, 32), (256, 64), (512, 128)] {
        // Each pair of figures is taken in turn, and the middle of five ratios shown.
        let mut pairs = Vec::new();
        for _ in 0..5 {
            pairs.push((step_us(batch, width, 2)?, step_us(batch, width, 10)?));
        }
        pairs.sort_by(|a, b| (a.1 / a.0).total_cmp(&(b.1 / b.0)));
        let (two, ten) = pairs[2];
        println!(
            "| {width}, {batch} | {two:.1} | {ten:.1} | {:.2} |",
            ten / two
        );
    }
    Ok(())
}
