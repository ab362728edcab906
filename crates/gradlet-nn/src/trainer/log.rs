//! [`Log`]: where the numbers of a training run go.

use gradlet_tensor::Result;

/// A place in a training run, and the numbers that belong to it.
#[derive(Clone, Copy, Debug)]
pub struct Moment<'a> {
    /// The number of epochs before this one.
    pub epoch: usize,
    /// The number of epochs in all.
    pub epochs: usize,
    /// The number of the optimizer's steps so far.
    pub step: u64,
    /// The number of steps in all, unless the run stops early.
    pub steps: u64,
    /// Names and values, in the same order each time.
    pub scores: &'a [(&'a str, f64)],
}

/// A log, a chart or a progress bar, to which [`Trainer::log`](super::Trainer::log) gives the numbers of a run.
///
/// # Example
///
/// ```
/// use gradlet_nn::trainer::{Log, Moment};
///
/// struct Print;
///
/// impl Log for Print {
///     fn epoch(&mut self, at: &Moment<'_>) -> gradlet_tensor::Result<()> {
///         println!("epoch {} of {}: {:?}", at.epoch + 1, at.epochs, at.scores);
///         Ok(())
///     }
/// }
/// ```
pub trait Log {
    /// Takes the numbers of a step: `loss`, that of the step's batches before it, and `learning_rate`.
    ///
    /// # Errors
    ///
    /// If they cannot be written. The run ends then.
    fn step(&mut self, _at: &Moment<'_>) -> Result<()> {
        Ok(())
    }

    /// Takes the numbers of an epoch: `train_loss`, the mean over its steps, and the scores of the evaluation.
    ///
    /// # Errors
    ///
    /// If they cannot be written. The run ends then.
    fn epoch(&mut self, _at: &Moment<'_>) -> Result<()> {
        Ok(())
    }

    /// Is called before a checkpoint is saved: what was logged so far does not come again after a crash.
    ///
    /// # Errors
    ///
    /// If it cannot be written. The run ends then, with the checkpoint before.
    fn saving(&mut self) -> Result<()> {
        Ok(())
    }

    /// Is called when a run goes on with this number of whole epochs and of steps: what was logged of later ones comes
    /// again.
    ///
    /// # Errors
    ///
    /// If what is there cannot be read or changed. The run ends then.
    fn resumed(&mut self, _epoch: usize, _step: u64) -> Result<()> {
        Ok(())
    }
}
