//! A recurrent net forecasts a noisy series: the sum of two sines.
//!
//! ```text
//! cargo run --release --example sine_lstm
//! ```
//!
//! The net learns the next value from those before. Then it forecasts freely: each value that it returns is its next
//! input. Prints the errors of both kinds of forecast beside those of simple ones, and draws the free forecast into
//! `target/sine_lstm.svg`.
//!
//! Standard output depends on the arguments alone: the same seed prints the same bytes with any number of threads
//! (`GRADLET_NUM_THREADS` sets it). Progress goes to standard error.

use std::error::Error;
use std::f32::consts::TAU;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use gradlet::Lstm;
use gradlet::prelude::*;
use gradlet::schedule::{CosineAnnealing, Schedule};
use gradlet::tensor::math;
use gradlet_examples::chart::{self, Curve, Panel, Style};
use gradlet_examples::{args, progress::Progress};

/// Steps of the series to learn from, and steps behind them to forecast: four of the longer periods.
const KNOWN: usize = 1000;
const AHEAD: usize = 240;

/// Steps of the known series that are drawn before the forecast.
const DRAWN: usize = 60;

/// Periods of the two sines in steps, and their heights.
const SINES: [(f32, f32); 2] = [(25.0, 1.0), (60.0, 0.5)];

/// Length of a window to learn from, and windows in one training step.
const WINDOW: usize = 120;
const BATCH: usize = 32;

/// Trains a recurrent net on a noisy series and lets it forecast what follows
#[derive(Parser)]
struct Args {
    /// Training steps
    #[arg(long, default_value = "2000", value_parser = args::count)]
    steps: usize,
    /// Learning rate of Adam at the beginning
    #[arg(long, default_value = "0.005", value_parser = args::positive)]
    lr: f64,
    /// Numbers that the net remembers from step to step
    #[arg(long, default_value = "48", value_parser = args::count)]
    hidden: usize,
    /// Standard deviation of the series' noise
    #[arg(long, default_value = "0.1", value_parser = args::positive)]
    noise: f64,
    /// The seed of all random numbers
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

/// The net: a memory, and the next value from what it holds.
#[derive(Module)]
struct Forecaster {
    memory: Lstm,
    output: Linear,
}

/// What the net remembers after a step.
type State = (Var, Var);

impl Forecaster {
    fn new(hidden: usize, rng: &mut Pcg64) -> Result<Self> {
        Ok(Self {
            memory: Lstm::new(1, hidden, rng)?.batch_first(),
            output: Linear::new(hidden, 1, rng)?,
        })
    }

    /// The value behind each one of `x: [batch, time, 1]`, in the same shape, and the state after the last.
    fn next(&self, x: &Var, state: Option<&State>) -> Result<(Var, State)> {
        let (h, state) = self.memory.forward_from(x, state)?;
        Ok((self.output.forward(&h)?, state))
    }

    /// The mean squared error of the next values.
    fn loss(&self, x: &Var, next: &Var) -> Result<Var> {
        let (y, _) = self.next(x, None)?;
        mse_loss(&y, next, Reduction::Mean)
    }
}

/// The series without noise and with it: `[1, KNOWN + AHEAD, 1]` each. Its phases are random.
fn series(noise: f64, rng: &mut Pcg64) -> Result<(Var, Var)> {
    let phases = Tensor::<f32>::uniform(SINES.len(), 0.0, f64::from(TAU), rng)?.to_vec();
    let truth = Tensor::from_fn([1, KNOWN + AHEAD, 1], |i| {
        let sines = SINES.iter().zip(&phases);
        let values =
            sines.map(|((period, height), p)| height * math::sin(TAU * i as f32 / period + p));
        values.sum::<f32>()
    })?;
    let noise = Tensor::normal(truth.shape(), 0.0, noise, rng)?;
    let noisy = truth.add(&noise)?;
    Ok((Var::constant(truth), Var::constant(noisy)))
}

/// Trains on random windows of the known part.
fn train(args: &Args, model: &mut Forecaster, known: &Var, rng: &mut Pcg64) -> Result<()> {
    let windows = known.tensor().select(0, 0)?.windows(0, WINDOW + 1, 1)?; // [count, 1, WINDOW + 1]
    let windows = windows.transpose(1, 2)?;
    let (x, next) = (windows.narrow(1, 0, WINDOW)?, windows.narrow(1, 1, WINDOW)?);
    let batches = Dataset::new(x, next)?.batches(BATCH);
    let rates = CosineAnnealing::new(args.steps)?;
    let mut optimizer = Adam::new(args.lr);
    let mut progress = Progress::new(args.steps);
    for (step, (x, next)) in batches
        .sampled(args.steps * BATCH, rng)?
        .into_iter()
        .enumerate()
    {
        let loss = model.loss(&x, &next)?;
        progress.loss(f64::from(loss.item()?));
        let mut grads = loss.backward()?;
        grads.clip_norm(1.0, 2.0)?;
        rates.apply(args.lr, step, &mut optimizer)?;
        optimizer.step(model, &grads)?;
    }
    progress.finish();
    Ok(())
}

/// The values behind the known ones, each of which but the first is computed from forecasts.
fn free(model: &Forecaster, known: &Var) -> Result<Var> {
    let (y, mut state) = model.next(known, None)?;
    let mut forecasts = vec![y.narrow(1, -1, 1)?];
    while forecasts.len() < AHEAD {
        let (y, after) = model.next(&forecasts[forecasts.len() - 1], Some(&state))?;
        forecasts.push(y);
        state = after;
    }
    Var::cat(&forecasts.iter().collect::<Vec<_>>(), 1)
}

/// Draws the free forecast behind the last known values into a file in `target/`.
fn draw(truth: &Var, noisy: &Var, forecast: &Var) -> Result<PathBuf, Box<dyn Error>> {
    let points = |values: &Var| {
        let steps = (KNOWN + AHEAD - values.len()..).map(|step| step as f64);
        let values = values.to_vec().into_iter().map(f64::from);
        steps.zip(values).collect::<Vec<_>>()
    };
    let last = |values: &Var| values.narrow(1, (KNOWN - DRAWN) as i64, DRAWN + AHEAD);
    // The line of the beginning is longer than the series is high, which leaves place for the legend.
    let end = f64::from(noisy.abs().max(..)?.item()?);
    let begin = [-end, 1.8 * end].map(|y| (KNOWN as f64, y)).to_vec();
    let curves = vec![
        Curve::new("", begin, 5, Style::Dashed),
        Curve::new("series", points(&last(noisy)?), 5, Style::Dots),
        Curve::new("without noise", points(&last(truth)?), 4, Style::Plain),
        Curve::new("forecast", points(forecast), 1, Style::Dashed),
    ];
    let (title, x) = ("free forecast from the vertical line on", "step");
    chart::write("sine_lstm", &[Panel { title, x, curves }])
}

/// Prints the errors of the net beside those of simple forecasts, and returns its free forecast.
fn compare(model: &Forecaster, truth: &Var, noisy: &Var) -> Result<Var> {
    let known = noisy.narrow(1, 0, KNOWN)?;
    let (next, forecast) = no_grad(|| Ok((model.next(noisy, None)?.0, free(model, &known)?)))?;
    let ahead = |values: &Var| values.narrow(1, KNOWN as i64, AHEAD);
    let one_before = |values: &Var| values.narrow(1, KNOWN as i64 - 1, AHEAD);
    let same = |value: Var| value.broadcast_to([1, AHEAD, 1]);
    let print = |name: &str, forecast: &Var, series: &Var| -> Result<()> {
        let error = mse_loss(forecast, series, Reduction::Mean)?.item()?;
        println!("  {name:<30} {error:.4}");
        Ok(())
    };
    let (truth, noisy_ahead) = (ahead(truth)?, ahead(noisy)?);
    println!("mean squared error of the next value, at each of the last {AHEAD} steps:");
    print("the last value", &one_before(noisy)?, &noisy_ahead)?;
    print("the net", &one_before(&next)?, &noisy_ahead)?;
    print("the series without noise", &truth, &noisy_ahead)?;
    println!("mean squared error of all {AHEAD} at once, from the series without noise:");
    print(
        "the last known value",
        &same(known.narrow(1, -1, 1)?)?,
        &truth,
    )?;
    print(
        "the mean of the known values",
        &same(known.mean(..)?)?,
        &truth,
    )?;
    print("the net", &forecast, &truth)?;
    Ok(forecast)
}

fn run(args: &Args) -> Result<(), Box<dyn Error>> {
    // All random numbers come from this one generator: the series, the weights, the windows.
    let mut rng = gradlet::rng(args.seed);
    let (truth, noisy) = series(args.noise, &mut rng)?;
    let mut model = Forecaster::new(args.hidden, &mut rng)?;
    println!(
        "{KNOWN} steps to learn from, {AHEAD} to forecast\n\n{}\n",
        model.summary()
    );
    train(args, &mut model, &noisy.narrow(1, 0, KNOWN)?, &mut rng)?;
    let forecast = compare(&model, &truth, &noisy)?;
    println!("\npicture: {}", draw(&truth, &noisy, &forecast)?.display());
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
