//! A small transformer learns a text character by character, then writes some of its own.
//!
//! ```text
//! cargo run --release --example char_lm
//! cargo run --release --example char_lm -- --text path/to/book.txt --steps 10000
//! ```
//!
//! The text is gradlet's documentation unless `--text` names a different one. Its last tenth is held out: the loss there
//! is compared with two tables of counts, and drawn beside the training loss into `target/char_lm.svg`.
//!
//! Standard output depends on the arguments and the text alone: the same seed prints the same bytes with any number of
//! threads (`GRADLET_NUM_THREADS` sets it). Progress goes to standard error.

use std::error::Error;
use std::f64::consts::LN_2;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use gradlet::optim::biases_and_norms;
use gradlet::prelude::*;
use gradlet::schedule::{self, CosineAnnealing, Schedule};
use gradlet::{
    AttentionMask, Embedding, LayerNorm, LearnedPositions, Replacement, TransformerEncoder,
    TransformerEncoderLayer,
};
use gradlet_examples::chart::{self, Curve, Panel, Style};
use gradlet_examples::text::{self, Text};
use gradlet_examples::{args, progress::Progress};

/// Characters that the net sees before the next one.
const CONTEXT: usize = 64;

/// Sizes of the net.
const LAYERS: usize = 2;
const WIDTH: usize = 64;
const HEADS: usize = 4;
const FEED_FORWARD: usize = 256;

/// Passages in one training step, and passages that are evaluated at once.
const BATCH: usize = 16;
const EVAL_BATCH: usize = 64;

/// How often the net is judged in training.
const POINTS: usize = 20;

/// Trains a small transformer to predict the next character of a text, and lets it write
#[derive(Parser)]
struct Args {
    /// Text to learn: a file, or a folder with Markdown files [default: gradlet's documentation]
    #[arg(long, value_name = "PATH")]
    text: Option<PathBuf>,
    /// Training steps
    #[arg(long, default_value = "8000", value_parser = args::count)]
    steps: usize,
    /// Highest learning rate
    #[arg(long, default_value = "0.003", value_parser = args::positive)]
    lr: f64,
    /// Probability that a unit is zeroed in training, in [0, 1]
    #[arg(long, default_value = "0.1", value_parser = args::probability)]
    dropout: f64,
    /// Characters to write
    #[arg(long, default_value = "600", value_parser = args::count)]
    write: usize,
    /// How freely the net writes: below 1 it prefers what is probable
    #[arg(long, default_value = "0.7", value_parser = args::positive)]
    temperature: f64,
    /// The seed of all random numbers
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

/// The net: characters and their places, attention to the characters before, a score for each next character.
#[derive(Module)]
struct CharLm {
    characters: Embedding,
    positions: LearnedPositions,
    encoder: TransformerEncoder,
    output: Linear,
}

impl CharLm {
    fn new(characters: usize, p: f64, rng: &mut Pcg64) -> Result<Self> {
        let layer = |_| {
            let layer = TransformerEncoderLayer::new(WIDTH, HEADS, FEED_FORWARD, rng)?;
            layer.norm_first().gelu().dropout(p)
        };
        let layers = (0..LAYERS).map(layer).collect::<Result<Vec<_>>>()?;
        Ok(Self {
            encoder: TransformerEncoder::new(layers).norm(LayerNorm::new(WIDTH)?),
            characters: Embedding::new(characters, WIDTH, rng)?,
            positions: LearnedPositions::new(CONTEXT, WIDTH, rng)?,
            output: Linear::new(WIDTH, characters, rng)?,
        })
    }

    /// Scores for the character behind each place: `[batch, length] -> [batch, length, characters]`.
    fn logits(&self, text: &Tensor<i64>) -> Result<Var> {
        let x = self.positions.forward(&self.characters.forward(text)?)?;
        let h = self.encoder.encode(&x, &AttentionMask::causal())?;
        self.output.forward(&h)
    }

    /// The mean loss of the next characters: both `[batch, length]`.
    fn loss(&self, text: &Tensor<i64>, next: &Tensor<i64>) -> Result<Var> {
        let logits = self.logits(text)?;
        cross_entropy(&logits.flatten(0..2)?, &next.flatten(..)?)
    }
}

/// Passages of a text at every `step` characters, and the next character for each of theirs. All are views of the text.
fn passages(text: &Tensor<i64>, step: usize) -> Result<Dataset<Tensor<i64>>> {
    let windows = text.windows(0, CONTEXT + 1, step)?;
    Dataset::new(
        windows.narrow(1, 0, CONTEXT)?,
        windows.narrow(1, 1, CONTEXT)?,
    )
}

/// The loss on a text in eval mode, in bits per character, without recording a graph.
fn judge(model: &mut CharLm, text: &Tensor<i64>) -> Result<f64> {
    let passages = passages(text, CONTEXT)?;
    model.evaluating(|model| {
        no_grad(|| {
            let mut sum = 0.0;
            for (text, next) in passages.batches(EVAL_BATCH) {
                sum += f64::from(model.loss(&text, &next)?.item()?) * text.shape()[0] as f64;
            }
            Ok(sum / passages.len() as f64 / LN_2)
        })
    })
}

/// Trains on random passages. Returns the step, the mean training loss since the point before and the loss on the text
/// held out, in bits per character.
fn train(args: &Args, model: &mut CharLm, text: &Text, rng: &mut Pcg64) -> Result<Vec<[f64; 3]>> {
    let warm_up = args.steps / 20;
    let rates = schedule::Sequential::new(schedule::Linear::new(warm_up).start_factor(0.01))
        .then(warm_up, CosineAnnealing::new(args.steps - warm_up)?);
    let mut optimizer = AdamW::new(args.lr)
        .weight_decay(0.1)
        .group(biases_and_norms, |group| group.rule.weight_decay = 0.0);
    let batches = passages(&text.train, 1)?.batches(BATCH);
    let every = args.steps.div_ceil(POINTS);
    let (mut history, mut sum, mut count) = (Vec::new(), 0.0, 0.0);
    let mut progress = Progress::new(args.steps);
    progress.line("  step   training loss   held-out loss   (bits per character)");
    for (step, (seen, next)) in batches
        .sampled(args.steps * BATCH, rng)?
        .into_iter()
        .enumerate()
    {
        let loss = model.loss(&seen, &next)?;
        let bits = f64::from(loss.item()?) / LN_2;
        (sum, count) = (sum + bits, count + 1.0);
        progress.loss(bits);
        let mut grads = loss.backward()?;
        grads.clip_norm(1.0, 2.0)?;
        rates.apply(args.lr, step, &mut optimizer)?;
        optimizer.step(model, &grads)?;
        let done = step + 1;
        if done % every == 0 || done == args.steps {
            let row = [done as f64, sum / count, judge(model, &text.held_out)?];
            progress.line(&format!("{done:>6} {:>15.3} {:>15.3}", row[1], row[2]));
            history.push(row);
            (sum, count) = (0.0, 0.0);
        }
    }
    progress.finish();
    Ok(history)
}

/// Characters that the net writes behind the first one of the text, each drawn by its probability.
fn write(args: &Args, model: &mut CharLm, text: &Text, rng: &mut Pcg64) -> Result<String> {
    let mut written = text.train.narrow(0, 0, 1)?.to_vec();
    model.evaluating(|model| {
        no_grad(|| {
            for _ in 0..args.write {
                let seen = &written[written.len().saturating_sub(CONTEXT)..];
                let logits = model.logits(&Tensor::from_slice(seen, [1, seen.len()])?)?;
                let logits = logits.select(1, -1)?.tensor() / args.temperature as f32;
                let next = logits.softmax(1)?.multinomial(1, Replacement::Yes, rng)?;
                written.push(next.item()?);
            }
            Ok(())
        })
    })?;
    Ok(text.spell(&written))
}

/// Draws both losses and those of the tables into a file in `target/`.
fn draw(history: &[[f64; 3]], tables: [f64; 2]) -> Result<PathBuf, Box<dyn Error>> {
    let steps = || history.iter().map(|row| row[0]);
    let level = |bits: f64| {
        [0.0]
            .into_iter()
            .chain(steps())
            .map(|x| (x, bits))
            .collect()
    };
    let column = |i: usize| history.iter().map(|row| (row[0], row[i])).collect();
    let curves = vec![
        // A line of one point is not seen, but makes both axes begin at 0.
        Curve::new("", vec![(0.0, 0.0)], 0, Style::Plain),
        Curve::new(
            "table of single characters",
            level(tables[0]),
            5,
            Style::Dashed,
        ),
        Curve::new("table of pairs", level(tables[1]), 2, Style::Dashed),
        Curve::new("training", column(1), 0, Style::Marked),
        Curve::new("held out", column(2), 1, Style::Marked),
    ];
    let (title, x) = ("loss in bits per character", "training step");
    chart::write("char_lm", &[Panel { title, x, curves }])
}

fn run(args: &Args) -> Result<(), Box<dyn Error>> {
    let path = args.text.as_deref().unwrap_or(Path::new(text::DOCS));
    let text = text::read(path).and_then(|text| Text::new(&text, CONTEXT));
    let text = text.map_err(|e| format!("--text: {e}"))?;
    let [known, held_out, kinds] = [text.train.len(), text.held_out.len(), text.alphabet.len()];
    println!("{known} characters to learn from and {held_out} held out, of {kinds} kinds\n");

    // All random numbers come from this one generator: weights, dropout's masks, the passages, what is written.
    let mut rng = gradlet::rng(args.seed);
    let mut model = CharLm::new(kinds, args.dropout, &mut rng)?;
    println!("{}\n", model.summary());
    let history = train(args, &mut model, &text, &mut rng)?;

    let tables = [text.unigram(), text.bigram()];
    println!("\nbits per character of the text held out:");
    println!("  table of single characters  {:.3}", tables[0]);
    println!("  table of pairs              {:.3}", tables[1]);
    let net = judge(&mut model, &text.held_out)?;
    println!("  the net                     {net:.3}");
    let written = write(args, &mut model, &text, &mut rng)?;
    println!("\nthe net writes:\n\n{written}\n");
    println!("picture: {}", draw(&history, tables)?.display());
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
