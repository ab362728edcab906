//! micrograd's demonstration: a small net learns to tell two half-moons apart.
//!
//! ```text
//! cargo run --release --example moons
//! cargo run --release --example moons -- --noise 0.2 --seed 1
//! ```
//!
//! Draws the net's scores over the plane and the points that it learned from into `target/moons.svg`.
//!
//! Source: `demo.ipynb` of A. Karpathy's micrograd, 2020, which has the same net and loss.

use std::error::Error;
use std::f64::consts::PI;
use std::process::ExitCode;

use clap::Parser;
use gradlet::prelude::*;
use gradlet_examples::{args, progress::Progress, regions::Regions};

/// Trains a net of 2-16-16-1 units to tell two half-moons apart
#[derive(Parser)]
struct Args {
    /// Points to learn from
    #[arg(long, default_value = "100", value_parser = args::count)]
    samples: usize,
    /// Standard deviation of the points' noise
    #[arg(long, default_value = "0.1", value_parser = args::positive)]
    noise: f64,
    /// Training steps
    #[arg(long, default_value = "300", value_parser = args::count)]
    steps: usize,
    /// The seed of all random numbers
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

/// Two interleaved half-circles with noise, as scikit-learn's `make_moons` makes them: the points, `[samples, 2]`, and
/// the side of each, `[samples, 1]`, which is -1 or 1.
fn moons(samples: usize, noise: f64, rng: &mut Pcg64) -> Result<(Tensor, Tensor)> {
    let upper = Tensor::linspace(0.0, PI, samples / 2)?;
    let lower = Tensor::linspace(0.0, PI, samples - samples / 2)?;
    let x = Tensor::cat(&[&upper.cos(), &(1.0 - lower.cos())], 0)?;
    let y = Tensor::cat(&[&upper.sin(), &(0.5 - lower.sin())], 0)?;
    let points = Tensor::stack(&[&x, &y], 1)?;
    let noise = Tensor::normal([samples, 2], 0.0, noise, rng)?;
    let side = |i: usize| if i < upper.len() { -1.0 } else { 1.0 };
    Ok((points.add(&noise)?, Tensor::from_fn([samples, 1], side)?))
}

fn run(args: &Args) -> Result<(), Box<dyn Error>> {
    let mut rng = gradlet::rng(args.seed);
    let (points, sides) = moons(args.samples, args.noise, &mut rng)?;
    // A `Var` records what is computed with it. These two are given and need no gradient.
    let (x, y) = (Var::constant(points.clone()), Var::constant(sides.clone()));

    let mut model = sequential![
        Linear::new(2, 16, &mut rng)?,
        Relu::new(),
        Linear::new(16, 16, &mut rng)?,
        Relu::new(),
        Linear::new(16, 1, &mut rng)?,
    ];
    println!("{}\n", model.summary());
    // Weight decay is the gradient of the penalty `1e-4 * (sum of all squared parameters)`.
    let mut optimizer = Sgd::new(1.0).weight_decay(2e-4);

    let mut progress = Progress::new(args.steps);
    progress.line("step    loss  accuracy");
    for step in 1..=args.steps {
        // The loss of a point is 0 if its score is beyond 1 on its own side, and grows linearly from there ("max-margin").
        let scores = model.forward(&x)?;
        let margins = scores.mul(&y)?;
        let right = margins.tensor().gt_scalar(0.0).count_true();
        let accuracy = right as f64 / args.samples as f64;
        let loss = (1.0 - margins).relu().mean(..)?;
        let value = loss.item()?;
        progress.batch(f64::from(value), accuracy);
        if step % args.steps.div_ceil(10) == 0 {
            progress.line(&format!("{step:>4} {value:>7.4} {accuracy:>9.4}"));
        }

        // Backward returns the gradients, so there is nothing to set to zero.
        let grads = loss.backward()?;
        let done = (step - 1) as f64 / args.steps as f64;
        optimizer.set_learning_rate(1.0 - 0.9 * done);
        optimizer.step(&mut model, &grads)?;
    }
    progress.finish();

    let map = Regions::around(&points, &sides, ["upper moon", "lower moon"])?;
    let scores = no_grad(|| model.forward(&Var::constant(map.grid()?)))?;
    let title = "scores of a net that tells two half-moons apart";
    let path = map.write("moons", title, scores.tensor())?;
    println!("\npicture: {}", path.display());
    let scores = no_grad(|| model.forward(&x))?;
    let right = scores.tensor().mul(&sides)?.gt_scalar(0.0).count_true();
    println!("accuracy: {right} of {} points", args.samples);
    Ok(())
}

fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
