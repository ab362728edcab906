//! Trains a two-layer ReLU net with dropout on handwritten digits and shows the effect of `eval()`.
//!
//! ```text
//! cargo run --release --example two_layer_relu
//! cargo run --release --example two_layer_relu -- --data path/to/fashion-mnist --epochs 10
//! ```
//!
//! Standard output depends on the arguments alone: the same seed prints the same bytes with any
//! number of threads (`GRADLET_NUM_THREADS` sets it). Progress goes to standard error.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use gradlet::prelude::*;
use gradlet_examples::chart::{self, Curve, Panel, Style};
use gradlet_examples::{args, data, progress::Progress};

/// Hidden units of the net.
const HIDDEN: usize = 128;

/// Rows that are evaluated at once: enough to be fast, and few enough to need little memory.
const EVAL_BATCH: usize = 1000;

/// Trains Linear -> ReLU -> Dropout -> Linear on images of digits (or any other IDX images)
#[derive(Parser)]
struct Args {
    /// Passes over the training set
    #[arg(long, default_value = "30", value_parser = args::count)]
    epochs: usize,
    /// Images in one training step
    #[arg(long, default_value = "32", value_parser = args::count)]
    batch_size: usize,
    /// Learning rate
    #[arg(long, default_value = "0.1", value_parser = args::positive)]
    lr: f64,
    /// Momentum, in [0, 1)
    #[arg(long, default_value = "0.9", value_parser = args::below_one)]
    momentum: f64,
    /// Probability that a hidden unit is zeroed in training, in [0, 1]
    #[arg(long, default_value = "0.5", value_parser = args::probability)]
    dropout: f64,
    /// The seed of all random numbers
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Folder with IDX images and labels [default: the digits that come with the examples]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

/// The net. The derive makes its fields known: layers, their names, parameters and modes.
#[derive(Module)]
struct TwoLayer {
    hidden: Linear,
    dropout: Dropout,
    output: Linear,
}

impl TwoLayer {
    fn new(features: usize, classes: usize, p: f64, rng: &mut Pcg64) -> Result<Self> {
        Ok(Self {
            hidden: Linear::new(features, HIDDEN, rng)?,
            dropout: Dropout::new(p, rng)?,
            output: Linear::new(HIDDEN, classes, rng)?,
        })
    }
}

impl Forward for TwoLayer {
    fn forward(&self, x: &Var) -> Result<Var> {
        let h = self.hidden.forward(x)?.relu();
        self.output.forward(&self.dropout.forward(&h)?)
    }
}

/// Trains for one pass over the training set, in random order.
fn train_epoch(
    model: &mut TwoLayer,
    optimizer: &mut Sgd,
    batches: impl IntoIterator<Item = (Var, Tensor<i64>)>,
    progress: &mut Progress,
) -> Result<()> {
    model.train();
    for (images, labels) in batches {
        let logits = model.forward(&images)?;
        let loss = cross_entropy(&logits, &labels)?;
        progress.batch(f64::from(loss.item()?), logits.accuracy(&labels)?);
        // From here on only the loss owns the graph, so backward frees it step by step.
        drop(logits);
        let grads = loss.backward()?;
        optimizer.step(model, &grads)?;
    }
    Ok(())
}

/// The mean loss and the accuracy in eval mode, without recording a graph. Afterwards every layer
/// has its earlier mode.
fn measure(model: &mut TwoLayer, set: &Dataset) -> Result<(f64, f64)> {
    model.evaluating(|model| {
        no_grad(|| {
            let (mut loss, mut correct) = (0.0, 0.0);
            for (images, labels) in set.batches(EVAL_BATCH) {
                let (logits, rows) = (model.forward(&images)?, labels.len() as f64);
                loss += f64::from(cross_entropy(&logits, &labels)?.item()?) * rows;
                correct += logits.accuracy(&labels)? * rows;
            }
            Ok((loss / set.len() as f64, correct / set.len() as f64))
        })
    })
}

/// Runs the same images twice in each mode and prints whether the outputs agree.
fn show_toggle(model: &mut TwoLayer, images: &Var) -> Result<()> {
    println!("\nthe same {} images twice:", images.shape()[0]);
    for mode in [Mode::Train, Mode::Eval, Mode::Train] {
        model.set_mode(mode);
        let (first, second) = no_grad(|| Ok((model.forward(images)?, model.forward(images)?)))?;
        let (first, second) = (first.tensor().to_vec(), second.tensor().to_vec());
        let gap = first
            .iter()
            .zip(&second)
            .map(|(a, b)| (a - b).abs())
            .fold(0.0, f32::max);
        let verdict = if first == second {
            "are equal"
        } else {
            "differ"
        };
        println!(
            "  {:<6} outputs {verdict} (largest difference {gap:.4})",
            format!("{mode}:")
        );
    }
    Ok(())
}

/// Draws the curves into a file in `target/` and prints its path.
fn draw_curves(history: &[[f64; 4]]) -> Result<(), Box<dyn Error>> {
    let panel = |title, of_train: usize, of_test: usize| {
        let curve = |name, i: usize, color| {
            let values: Vec<_> = history.iter().map(|row| row[i]).collect();
            Curve::of_epochs(name, &values, color, Style::Marked)
        };
        Panel {
            title,
            x: "epoch",
            curves: vec![curve("train", of_train, 0), curve("test", of_test, 1)],
        }
    };
    let panels = [panel("loss (cross-entropy)", 0, 2), panel("accuracy", 1, 3)];
    let path = chart::write("two_layer_relu", &panels)?;
    println!("\ncurves: {}", path.display());
    Ok(())
}

fn run(args: &Args) -> Result<(), Box<dyn Error>> {
    let folder = args.data.as_deref().unwrap_or(Path::new(data::DIGITS));
    let data = data::load(folder).map_err(|e| format!("--data: {e}"))?;

    // All random numbers come from this one generator: weights, dropout's masks, the order of the
    // images.
    let mut rng = gradlet::rng(args.seed);
    let mut model = TwoLayer::new(data.features, data.classes, args.dropout, &mut rng)?;
    let mut optimizer = Sgd::new(args.lr).momentum(args.momentum);

    println!(
        "{} training and {} test images\n\n{}\n",
        data.train.len(),
        data.test.len(),
        model.summary()
    );
    println!("epoch  train: loss  accuracy  test: loss  accuracy");
    let mut progress = Progress::new(args.epochs * data.train.len().div_ceil(args.batch_size));
    let mut history = Vec::new();
    for epoch in 1..=args.epochs {
        let batches = data.train.batches(args.batch_size).shuffled(&mut rng);
        train_epoch(&mut model, &mut optimizer, batches, &mut progress)?;
        let ((loss, accuracy), (test_loss, test_accuracy)) = (
            measure(&mut model, &data.train)?,
            measure(&mut model, &data.test)?,
        );
        progress.line(&format!(
            "{epoch:>5} {loss:>12.4} {accuracy:>9.4} {test_loss:>11.4} {test_accuracy:>9.4}"
        ));
        history.push([loss, accuracy, test_loss, test_accuracy]);
    }
    progress.finish();

    if let Some((images, _)) = data.test.batches(4).into_iter().next() {
        show_toggle(&mut model, &images)?;
    }
    draw_curves(&history)?;

    let (_, accuracy) = measure(&mut model, &data.test)?;
    println!("test accuracy: {accuracy:.4}");
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
