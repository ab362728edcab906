//! The effect of dropout on a net that overfits: several probabilities, both ways to scale, several seeds.
//!
//! ```text
//! cargo run --release --example dropout_study
//! cargo run --release --example dropout_study -- --data path/to/fashion-mnist --epochs 10 --seeds 3
//! ```
//!
//! All nets have the same layers and settings, and those with the same seed start from the same
//! weights. Prints the accuracies after the last epoch, and draws them and the losses of all epochs
//! into `target/dropout_study.svg`.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use gradlet::dropout::Scaling;
use gradlet::prelude::*;
use gradlet_examples::chart::{self, Curve, Panel, Style};
use gradlet_examples::data::{self, Split};
use gradlet_examples::{args, progress::Progress};

/// The probabilities that are tried.
const RATES: [f64; 4] = [0.0, 0.2, 0.5, 0.8];

/// Units of each of the two hidden layers: many for little data, so that the net overfits.
const HIDDEN: usize = 256;

/// Rows that are evaluated at once.
const EVAL_BATCH: usize = 1000;

/// Trains the same net with several dropout probabilities and both scalings, and compares them
#[derive(Parser)]
struct Args {
    /// Nets trained for each setting
    #[arg(long, default_value = "5", value_parser = args::count)]
    seeds: usize,
    /// Passes over the training set
    #[arg(long, default_value = "40", value_parser = args::count)]
    epochs: usize,
    /// Images in one training step
    #[arg(long, default_value = "64", value_parser = args::count)]
    batch_size: usize,
    /// Learning rate of Adam
    #[arg(long, default_value = "0.001", value_parser = args::positive)]
    lr: f64,
    /// Folder with IDX images and labels [default: the digits that come with the examples]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

/// One setting, which several nets share, and their results.
struct Setting {
    p: f64,
    scaling: Scaling,
    runs: Vec<Run>,
}

/// After each epoch: loss and accuracy of the training set, then of the test set.
type Run = Vec<[f64; 4]>;

impl Setting {
    fn name(&self) -> &'static str {
        match self.scaling {
            Scaling::Training => "inverted",
            Scaling::Test => "classic",
        }
    }

    /// Mean and standard deviation over the seeds of one column after the last epoch.
    fn last(&self, column: usize) -> (f64, f64) {
        let values: Vec<_> = self
            .runs
            .iter()
            .filter_map(|run| Some(run.last()?[column]))
            .collect();
        let mean = mean(&values);
        let squares: Vec<_> = values
            .iter()
            .map(|value| (value - mean) * (value - mean))
            .collect();
        let degrees = (values.len() - 1).max(1) as f64;
        (mean, (squares.iter().sum::<f64>() / degrees).sqrt())
    }

    /// The mean over the seeds of one column after each epoch.
    fn curve(&self, column: usize) -> Vec<f64> {
        let epochs = self.runs.first().map_or(0, Vec::len);
        let after = |epoch: usize| {
            self.runs
                .iter()
                .map(|run| run[epoch][column])
                .collect::<Vec<_>>()
        };
        (0..epochs).map(|epoch| mean(&after(epoch))).collect()
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn net(data: &Split, setting: &Setting, rng: &mut Pcg64) -> Result<Sequential> {
    let dropout = |rng: &mut Pcg64| Ok(Dropout::new(setting.p, rng)?.scaling(setting.scaling));
    Ok(sequential![
        Linear::new(data.features, HIDDEN, rng)?,
        Relu::new(),
        dropout(rng)?,
        Linear::new(HIDDEN, HIDDEN, rng)?,
        Relu::new(),
        dropout(rng)?,
        Linear::new(HIDDEN, data.classes, rng)?,
    ])
}

fn train(
    args: &Args,
    data: &Split,
    setting: &Setting,
    seed: u64,
    bar: &mut Progress,
) -> Result<Run> {
    let mut rng = gradlet::rng(seed);
    let (mut model, mut optimizer) = (net(data, setting, &mut rng)?, Adam::new(args.lr));
    let mut run = Run::new();
    for _ in 0..args.epochs {
        for (images, labels) in data.train.batches(args.batch_size).shuffled(&mut rng) {
            let logits = model.forward(&images)?;
            let loss = cross_entropy(&logits, &labels)?;
            bar.batch(f64::from(loss.item()?), logits.accuracy(&labels)?);
            optimizer.step(&mut model, &loss.backward()?)?;
        }
        let (train, test) = (
            judge(&mut model, &data.train)?,
            judge(&mut model, &data.test)?,
        );
        run.push([train.0, train.1, test.0, test.1]);
    }
    Ok(run)
}

/// The mean loss and the accuracy in eval mode.
fn judge(model: &mut Sequential, set: &Dataset) -> Result<(f64, f64)> {
    let mut sums = (0.0, 0.0);
    model.evaluating(|model| {
        no_grad(|| {
            for (images, labels) in set.batches(EVAL_BATCH) {
                let (logits, share) = (
                    model.forward(&images)?,
                    labels.len() as f64 / set.len() as f64,
                );
                sums.0 += f64::from(cross_entropy(&logits, &labels)?.item()?) * share;
                sums.1 += logits.accuracy(&labels)? * share;
            }
            Ok(sums)
        })
    })
}

/// Draws the test error against p for each scaling, and the losses of all epochs for inverted dropout.
fn draw(settings: &[Setting]) -> Result<PathBuf, Box<dyn Error>> {
    let mut errors = Vec::new();
    for (color, scaling) in [Scaling::Training, Scaling::Test].into_iter().enumerate() {
        // Without dropout both scalings are the same, so p = 0 belongs to both.
        let of = || {
            settings
                .iter()
                .filter(move |s| s.scaling == scaling || s.p == 0.0)
        };
        let name = of().next_back().map_or("", Setting::name);
        let at =
            |side: f64| of().map(move |s| (s.p, 100.0 * (1.0 - s.last(3).0 + side * s.last(3).1)));
        let curve = |name: &str, style, points| Curve {
            name: name.to_owned(),
            points,
            color,
            style,
        };
        errors.push(curve(
            "",
            Style::Band(at(1.0).collect()),
            at(-1.0).collect(),
        ));
        errors.push(curve(name, Style::Marked, at(0.0).collect()));
    }
    let inverted = settings
        .iter()
        .filter(|setting| setting.scaling == Scaling::Training);
    let mut losses = Vec::new();
    for (color, setting) in inverted.enumerate() {
        let curve = |column, name: &str, style| {
            Curve::of_epochs(name, &setting.curve(column), color, style)
        };
        losses.push(curve(2, &format!("test, p = {}", setting.p), Style::Plain));
        losses.push(curve(
            0,
            if color == 0 { "train (dashed)" } else { "" },
            Style::Dashed,
        ));
    }
    let panels = [
        Panel {
            title: "test error in % after the last epoch",
            x: "p",
            curves: errors,
        },
        Panel {
            title: "loss (cross-entropy), inverted",
            x: "epoch",
            curves: losses,
        },
    ];
    chart::write("dropout_study", &panels)
}

fn run(args: &Args) -> Result<(), Box<dyn Error>> {
    let folder = args.data.as_deref().unwrap_or(Path::new(data::DIGITS));
    let data = data::load(folder).map_err(|e| format!("--data: {e}"))?;
    println!(
        "{} training and {} test images; {} nets a setting, {} epochs\n",
        data.train.len(),
        data.test.len(),
        args.seeds,
        args.epochs
    );
    let scalings = [Scaling::Training, Scaling::Test];
    let all = scalings
        .into_iter()
        .flat_map(|scaling| RATES.map(|p| (p, scaling)));
    // Without dropout both scalings are the same.
    let all = all.filter(|&(p, scaling)| p > 0.0 || scaling == Scaling::Training);
    let mut settings: Vec<_> = all
        .map(|(p, scaling)| Setting {
            p,
            scaling,
            runs: Vec::new(),
        })
        .collect();
    let steps = args.epochs * data.train.len().div_ceil(args.batch_size);
    let mut bar = Progress::new(steps * args.seeds * settings.len());
    bar.line("p    scaling   train accuracy     test accuracy      test loss");
    for setting in &mut settings {
        for seed in 0..args.seeds as u64 {
            let run = train(args, &data, setting, seed, &mut bar)?;
            setting.runs.push(run);
        }
        let [train, test, loss] = [1, 3, 2].map(|column| setting.last(column));
        bar.line(&format!(
            "{:<4} {:<9} {:.4} +- {:.4}   {:.4} +- {:.4}   {:.4} +- {:.4}",
            setting.p,
            if setting.p == 0.0 {
                "-"
            } else {
                setting.name()
            },
            train.0,
            train.1,
            test.0,
            test.1,
            loss.0,
            loss.1
        ));
    }
    bar.finish();
    println!(
        "\n+- is the standard deviation over the seeds\npicture: {}",
        draw(&settings)?.display()
    );
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
