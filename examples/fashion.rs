//! Trains a convolutional net on Fashion-MNIST and shows which clothes it takes for which.
//!
//! ```text
//! apt-get install dataset-fashion-mnist             # Debian's package, or https://github.com/zalandoresearch/fashion-mnist
//! cargo run --release --example fashion -- --data /usr/share/datasets/fashion-mnist
//! ```
//!
//! Prints loss and accuracy after each epoch, then precision, recall and F1 of each class, and draws the confusion
//! matrix into `target/fashion.svg`. Standard output depends on the arguments alone: the same seed prints the same bytes
//! with any number of threads.

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use gradlet::metric::{Average, Mean};
use gradlet::optim::biases_and_norms;
use gradlet::prelude::*;
use gradlet::schedule::{OneCycle, Schedule};
use gradlet::{Accuracy, BatchNorm2d, ConfusionMatrix, Unflatten};
use gradlet_examples::{args, data, heat, progress::Progress};

/// The classes, in the order of their labels.
const NAMES: [&str; 10] = [
    "T-shirt", "trousers", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "boot",
];

/// Height and width of an image.
const SIDE: usize = 28;

/// Images that are evaluated at once: enough to be fast, and few enough to need little memory.
const EVAL_BATCH: usize = 250;

/// What is printed without `--data`.
const NO_DATA: &str = "--data DIR is missing: a folder with the four files of Fashion-MNIST, for example of \
    Debian's package: apt-get install dataset-fashion-mnist, --data /usr/share/datasets/fashion-mnist";

/// Trains a convolutional net on the images of Fashion-MNIST
#[derive(Parser)]
struct Args {
    /// Folder with the four files of Fashion-MNIST
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Passes over the training set
    #[arg(long, default_value = "8", value_parser = args::count)]
    epochs: usize,
    /// Images in one training step
    #[arg(long, default_value = "128", value_parser = args::count)]
    batch_size: usize,
    /// The highest learning rate of the cycle
    #[arg(long, default_value = "0.002", value_parser = args::positive)]
    lr: f64,
    /// The seed of all random numbers
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

/// Two convolutions, each normalized and pooled to half the size, then two linear layers.
fn net(rng: &mut Pcg64) -> Result<Sequential> {
    Ok(sequential![
        // The rows of the data set are flat images.
        Unflatten::new(1, &[1, SIDE as isize, SIDE as isize])?,
        // Batch normalization has a bias of its own.
        Conv2d::new(1, 32, 3, rng)?.padding(1).without_bias(),
        BatchNorm2d::new(32)?,
        Relu::new(),
        MaxPool2d::new(2),
        Conv2d::new(32, 64, 3, rng)?.padding(1).without_bias(),
        BatchNorm2d::new(64)?,
        Relu::new(),
        MaxPool2d::new(2),
        Flatten::new(),
        Dropout::new(0.25, rng)?,
        Linear::new(64 * (SIDE / 4) * (SIDE / 4), 128, rng)?,
        Relu::new(),
        Dropout::new(0.5, rng)?,
        Linear::new(128, NAMES.len(), rng)?,
    ])
}

/// How often images of each class are taken for each: in eval mode, so without dropout and with running statistics.
fn judge(model: &mut Sequential, set: &Dataset) -> Result<ConfusionMatrix> {
    let mut matrix = ConfusionMatrix::new(NAMES.len())?;
    model.eval();
    for (images, labels) in set.batches(EVAL_BATCH) {
        let scores = no_grad(|| model.forward(&images))?;
        matrix.update(scores.tensor(), &labels)?;
    }
    model.train();
    Ok(matrix)
}

/// Trains the net and prints a line for each epoch; returns what the last one gives.
fn train(args: &Args, train: &Dataset, test: &Dataset) -> Result<ConfusionMatrix> {
    let mut rng = gradlet::rng(args.seed);
    let mut model = net(&mut rng)?;
    println!("{}\n", model.summary());
    let steps = args.epochs * train.len().div_ceil(args.batch_size);
    // The rate of each step rises to the highest and falls to nearly 0.
    let schedule = OneCycle::new(steps)?;
    let mut optimizer = AdamW::new(args.lr).group(biases_and_norms, |g| g.rule.weight_decay = 0.0);
    let mut progress = Progress::new(steps);
    progress.line("epoch  train: loss  accuracy  test accuracy");
    let (mut step, mut matrix) = (0, ConfusionMatrix::new(NAMES.len())?);
    for epoch in 1..=args.epochs {
        let (mut mean, mut accuracy) = (Mean::default(), Accuracy::new());
        for (images, labels) in train.batches(args.batch_size).shuffled(&mut rng) {
            let scores = model.forward(&images)?;
            accuracy.update(scores.tensor(), &labels)?;
            let loss = cross_entropy(&scores, &labels)?;
            let value = f64::from(loss.item()?);
            mean.add(value, labels.len() as f64);
            progress.batch(value, accuracy.value());
            // From here on only the loss owns the graph, so backward frees it step by step.
            drop(scores);
            schedule.apply(args.lr, step, &mut optimizer)?;
            optimizer.step(&mut model, &loss.backward()?)?;
            step += 1;
        }
        matrix = judge(&mut model, test)?;
        let (loss, seen, test) = (mean.value(), accuracy.value(), matrix.accuracy());
        progress.line(&format!("{epoch:>5} {loss:>12.4} {seen:>9.4} {test:>14.4}"));
    }
    progress.finish();
    Ok(matrix)
}

/// Prints precision, recall and F1 of each class.
fn show(matrix: &ConfusionMatrix) {
    println!("\nclass     precision  recall      F1");
    let numbers = matrix
        .precisions()
        .into_iter()
        .zip(matrix.recalls())
        .zip(matrix.f1s());
    for (name, ((precision, recall), f1)) in NAMES.iter().zip(numbers) {
        println!("{name:<9} {precision:>9.4} {recall:>7.4} {f1:>7.4}");
    }
    let [precision, recall, f1] = [
        ConfusionMatrix::precision,
        ConfusionMatrix::recall,
        ConfusionMatrix::f1,
    ]
    .map(|average| average(matrix, Average::Macro));
    println!("{:<9} {precision:>9.4} {recall:>7.4} {f1:>7.4}", "mean");
}

fn run(args: &Args) -> Result<(), Box<dyn Error>> {
    let folder = args.data.as_deref().ok_or(NO_DATA)?;
    let data = data::load(folder).map_err(|e| format!("--data: {e}"))?;
    if (data.features, data.classes) != (SIDE * SIDE, NAMES.len()) {
        return Err(format!(
            "--data: {} has images of {} pixels in {} classes, and Fashion-MNIST of 784 in 10",
            folder.display(),
            data.features,
            data.classes
        )
        .into());
    }
    println!(
        "{} training and {} test images\n",
        data.train.len(),
        data.test.len()
    );
    let matrix = train(args, &data.train, &data.test)?;
    show(&matrix);
    let title = "what the net takes the test images for";
    println!(
        "\npicture: {}",
        heat::write("fashion", title, &NAMES, &matrix)?.display()
    );
    println!("test accuracy: {:.4}", matrix.accuracy());
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
