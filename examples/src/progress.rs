//! The progress bar of a training run, on standard error.

use indicatif::{ProgressBar, ProgressStyle};

/// How much an old batch counts in the loss and accuracy shown: about the last 20 batches.
const MEMORY: f64 = 0.95;

/// A bar over all batches of a run, with smoothed loss and accuracy. Hidden where standard error is
/// no terminal.
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
    shown: Option<(f64, f64)>,
}

impl Progress {
    /// Starts a bar over `batches` batches.
    pub fn new(batches: usize) -> Self {
        let style = ProgressStyle::with_template("{bar:30} {pos}/{len} batches, {eta} left  {msg}");
        let bar = ProgressBar::new(batches as u64)
            .with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        Self { bar, shown: None }
    }

    /// Counts one batch and mixes its loss and accuracy into what is shown.
    pub fn batch(&mut self, loss: f64, accuracy: f64) {
        let (loss, accuracy) = self.mix(loss, accuracy);
        self.bar
            .set_message(format!("loss {loss:.3}  accuracy {accuracy:.3}"));
    }

    /// Counts one batch and mixes its loss, which has no accuracy beside it, into what is shown.
    pub fn loss(&mut self, loss: f64) {
        let (loss, _) = self.mix(loss, 0.0);
        self.bar.set_message(format!("loss {loss:.3}"));
    }

    /// Counts batches of an earlier run.
    pub fn skip(&mut self, batches: u64) {
        self.bar.inc(batches);
    }

    fn mix(&mut self, loss: f64, accuracy: f64) -> (f64, f64) {
        let mix = |old: f64, new: f64| MEMORY * old + (1.0 - MEMORY) * new;
        let shown = self
            .shown
            .map_or((loss, accuracy), |(l, a)| (mix(l, loss), mix(a, accuracy)));
        self.shown = Some(shown);
        self.bar.inc(1);
        shown
    }

    /// Prints a line to standard output, above the bar.
    pub fn line(&self, text: &str) {
        self.bar.suspend(|| println!("{text}"));
    }

    /// Removes the bar.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
