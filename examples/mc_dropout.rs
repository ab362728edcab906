//! Monte Carlo dropout: a net estimates how sure its predictions are.
//!
//! ```text
//! cargo run --release --example mc_dropout
//! ```
//!
//! Fits noisy samples of a curve, then runs the net many times with dropout on. Near the samples the
//! runs agree; away from them they differ. Draws the mean and a band of two standard deviations
//! into `target/mc_dropout.svg`.
//!
//! Source: Y. Gal, Z. Ghahramani, "Dropout as a Bayesian Approximation", 2016.

use std::error::Error;
use std::process::ExitCode;

use clap::Parser;
use gradlet::monte_carlo;
use gradlet::prelude::*;
use gradlet::tensor::math;
use gradlet_examples::args;
use gradlet_examples::chart::{self, Curve, Panel, Style};

/// Half the interval of the samples, and half the interval that is drawn.
const SAMPLED: f64 = 1.0;
const DRAWN: f64 = 2.0;

/// Standard deviation of the samples' noise.
const NOISE: f64 = 0.1;

/// Fits a curve to noisy samples and draws how sure the net is
#[derive(Parser)]
struct Args {
    /// Samples to learn from
    #[arg(long, default_value = "200", value_parser = args::count)]
    samples: usize,
    /// Training steps
    #[arg(long, default_value = "3000", value_parser = args::count)]
    steps: usize,
    /// Passes with dropout on
    #[arg(long, default_value = "500", value_parser = args::count)]
    passes: usize,
    /// Probability that a hidden unit is zeroed, between 0 and 1
    #[arg(long, default_value = "0.1", value_parser = args::inside)]
    dropout: f64,
    /// The seed of all random numbers
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

/// The curve that the net has to learn.
fn curve(x: f32) -> f32 {
    x + 0.3 * math::sin(std::f32::consts::TAU * x)
}

fn net(p: f64, rng: &mut Pcg64) -> Result<Sequential> {
    Ok(sequential![
        Linear::new(1, 128, rng)?,
        Relu::new(),
        Dropout::new(p, rng)?,
        Linear::new(128, 128, rng)?,
        Relu::new(),
        Dropout::new(p, rng)?,
        Linear::new(128, 1, rng)?,
    ])
}

/// A net that has learned from `y` at `x`.
fn fit(args: &Args, x: &Tensor, y: &Tensor, rng: &mut Pcg64) -> Result<Sequential> {
    let mut model = net(args.dropout, rng)?;
    let mut optimizer = Adam::new(2e-3);
    let [inputs, targets] = [x, y].map(|tensor| Var::constant(tensor.clone()));
    for _ in 0..args.steps {
        let loss = mse_loss(&model.forward(&inputs)?, &targets, Reduction::Mean)?;
        optimizer.step(&mut model, &loss.backward()?)?;
    }
    Ok(model)
}

/// Prints some rows, and the mean standard deviation of the passes inside and outside the samples' interval.
fn show(grid: &Tensor, mean: &Tensor, spread: &Tensor) -> Result<()> {
    println!("   x     curve      mean   standard deviation");
    for i in (0..grid.len()).step_by(20) {
        let [x, mean, spread] = [grid, mean, spread].map(|tensor| tensor.at(&[i, 0]));
        let (x, mean, spread) = (x?, mean?, spread?);
        println!("{x:>5.1} {:>9.3} {mean:>9.3} {spread:>9.3}", curve(x));
    }
    let inside = grid.map(|x| f32::from(u8::from(f64::from(x.abs()) <= SAMPLED)));
    let average = |weights: &Tensor| {
        let weighted = weights.mul(spread)?.sum(..)?.item()?;
        Ok(weighted / weights.sum(..)?.item()?)
    };
    let (known, unknown) = (average(&inside)?, average(&(1.0 - &inside))?);
    println!("\nmean standard deviation up to {SAMPLED} from 0: {known:.3}, beyond: {unknown:.3}");
    Ok(())
}

fn run(args: &Args) -> Result<(), Box<dyn Error>> {
    let mut rng = gradlet::rng(args.seed);
    let x = Tensor::<f32>::uniform([args.samples, 1], -SAMPLED, SAMPLED, &mut rng)?;
    let noise = Tensor::normal([args.samples, 1], 0.0, NOISE, &mut rng)?;
    let y = x.map(curve).add(&noise)?;
    let mut model = fit(args, &x, &y, &mut rng)?;

    let grid = Tensor::linspace(-DRAWN, DRAWN, 161)?.unsqueeze(1)?;
    let moments = monte_carlo(&mut model, &Var::constant(grid.clone()), args.passes)?;
    let (mean, spread) = (moments.mean, moments.variance.sqrt());
    show(&grid, &mean, &spread)?;

    let beside = |factor: f32| mean.add(&(&spread * factor)).map(|y| pairs(&grid, &y));
    let band = Style::Band(beside(2.0)?);
    let curves = [
        ("mean +- 2 standard deviations", beside(-2.0)?, 0, band),
        ("samples", pairs(&x, &y), 5, Style::Dots),
        ("curve", pairs(&grid, &grid.map(curve)), 1, Style::Dashed),
        ("mean", pairs(&grid, &mean), 0, Style::Plain),
    ];
    let curves = curves.map(|(name, points, color, style)| Curve {
        name: name.to_owned(),
        points,
        color,
        style,
    });
    let panel = Panel {
        title: "what the net predicts, and how sure it is",
        x: "x",
        curves: curves.to_vec(),
    };
    let path = chart::write("mc_dropout", &[panel])?;
    println!("picture: {}", path.display());
    Ok(())
}

/// The points to draw.
fn pairs(x: &Tensor, y: &Tensor) -> Vec<(f64, f64)> {
    x.iter()
        .zip(y.iter())
        .map(|(x, y)| (f64::from(x), f64::from(y)))
        .collect()
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
