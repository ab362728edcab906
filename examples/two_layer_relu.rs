//! Trains a two-layer ReLU net with dropout on handwritten digits and shows the effect of `eval()`.
//!
//! ```text
//! cargo run --release --example two_layer_relu
//! cargo run --release --example two_layer_relu -- --data path/to/fashion-mnist --epochs 10
//! cargo run --release --example two_layer_relu -- --checkpoint runs/digits --resume
//! ```
//!
//! Standard output depends on the arguments alone: the same seed prints the same bytes with any
//! number of threads (`GRADLET_NUM_THREADS` sets it). A run that is stopped at any moment and
//! resumed ends with the same weights and accuracy as one that is not. Progress goes to standard
//! error.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use gradlet::io::Checkpoints;
use gradlet::prelude::*;
use gradlet::trainer::{History, Log, Moment, Trainer};
use gradlet_examples::chart::{self, Curve, Panel, Style};
use gradlet_examples::{args, data, progress::Progress};

/// Hidden units of the net.
const HIDDEN: usize = 128;

/// Rows that are evaluated at once: enough to be fast, and few enough to need little memory.
const EVAL_BATCH: usize = 1000;

/// Training steps from one checkpoint to the next.
const STEPS_TO_SAVE: u64 = 50;

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
    /// Folder in which the state of the run is saved every 50 steps
    #[arg(long, value_name = "DIR")]
    checkpoint: Option<PathBuf>,
    /// Go on from the newest state in the folder of --checkpoint, or begin if there is none
    #[arg(long, requires = "checkpoint")]
    resume: bool,
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

/// Shows a bar while the net learns, and prints a line for each epoch.
struct Lines(Progress);

impl Log for Lines {
    fn step(&mut self, at: &Moment<'_>) -> Result<()> {
        self.0.loss(at.scores[0].1);
        Ok(())
    }

    fn epoch(&mut self, at: &Moment<'_>) -> Result<()> {
        let [
            _,
            (_, loss),
            (_, accuracy),
            (_, test_loss),
            (_, test_accuracy),
        ] = at.scores
        else {
            return Ok(());
        };
        self.0.line(&format!(
            "{:>5} {loss:>12.4} {accuracy:>9.4} {test_loss:>11.4} {test_accuracy:>9.4}",
            at.epoch + 1
        ));
        if at.epoch + 1 == at.epochs {
            self.0.finish();
        }
        Ok(())
    }

    fn resumed(&mut self, _epoch: usize, step: u64) -> Result<()> {
        self.0.skip(step);
        Ok(())
    }
}

/// The mean loss and the accuracy, with the dropout as the model's mode says.
fn measure(model: &TwoLayer, set: &Dataset) -> Result<[f64; 2]> {
    set.evaluate(EVAL_BATCH, |images, labels| {
        let logits = model.forward(&images)?;
        let loss = cross_entropy(&logits, &labels)?.item()?;
        Ok([f64::from(loss), logits.accuracy(&labels)?])
    })
}

/// Trains the net, evaluates it after each epoch, and saves the run if there is a folder for that.
fn train(
    args: &Args,
    model: &mut TwoLayer,
    data: &data::Split,
    rng: &mut Pcg64,
) -> Result<History, Box<dyn Error>> {
    let steps = args.epochs * data.train.len().div_ceil(args.batch_size);
    let mut trainer = Trainer::new(args.epochs)
        .batch_size(args.batch_size)
        .log(Lines(Progress::new(steps)))
        .resume(args.resume);
    if let Some(folder) = &args.checkpoint {
        let mut checkpoints = Checkpoints::in_folder(folder)?.keep(3);
        let is_new = checkpoints.newest()?.is_none();
        for damaged in checkpoints.passed_over() {
            eprintln!("warning: passed over {damaged}");
        }
        if !args.resume && !is_new {
            let folder = folder.display();
            return Err(format!("--checkpoint: {folder} has the states of an earlier run: --resume goes on from them").into());
        }
        trainer = trainer.save(checkpoints, STEPS_TO_SAVE);
    }
    let mut optimizer = Sgd::new(args.lr).momentum(args.momentum);
    let history = trainer.fit(
        model,
        &mut optimizer,
        rng,
        &data.train,
        |model, images, labels| cross_entropy(&model.forward(images)?, labels),
        |model| {
            let [loss, accuracy] = measure(model, &data.train)?;
            let [test_loss, test_accuracy] = measure(model, &data.test)?;
            Ok(vec![
                ("loss", loss),
                ("accuracy", accuracy),
                ("test_loss", test_loss),
                ("test_accuracy", test_accuracy),
            ])
        },
    )?;
    Ok(history)
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
fn draw_curves(history: &History) -> Result<(), Box<dyn Error>> {
    let panel = |title, of_train: usize, of_test: usize| {
        let curve = |name, i: usize, color| {
            let values: Vec<_> = history.rows.iter().map(|row| row[i]).collect();
            Curve::of_epochs(name, &values, color, Style::Marked)
        };
        Panel {
            title,
            x: "epoch",
            curves: vec![curve("train", of_train, 0), curve("test", of_test, 1)],
        }
    };
    let panels = [panel("loss (cross-entropy)", 1, 3), panel("accuracy", 2, 4)];
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

    println!(
        "{} training and {} test images\n\n{}\n",
        data.train.len(),
        data.test.len(),
        model.summary()
    );
    println!("epoch  train: loss  accuracy  test: loss  accuracy");
    let history = train(args, &mut model, &data, &mut rng)?;
    let weights = model.state().digest();

    if let Some((images, _)) = data.test.batches(4).into_iter().next() {
        show_toggle(&mut model, &images)?;
    }
    draw_curves(&history)?;

    let [_, accuracy] = model.evaluating(|model| no_grad(|| measure(model, &data.test)))?;
    println!("weights: {weights:016x}");
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
