//! Logs as a [`Trainer`](gradlet_nn::trainer::Trainer) takes them.

use gradlet_nn::trainer::{Log, Moment};
use gradlet_tensor::Result;

#[cfg(feature = "progress")]
use crate::ProgressBar;
use crate::{CsvLog, TensorBoard};

impl Log for CsvLog {
    fn step(&mut self, at: &Moment<'_>) -> Result<()> {
        CsvLog::step(self, at.epoch, at.step, at.scores)
    }

    fn epoch(&mut self, at: &Moment<'_>) -> Result<()> {
        CsvLog::epoch(self, at.epoch, at.step, at.scores)
    }

    fn resumed(&mut self, epoch: usize, step: u64) -> Result<()> {
        CsvLog::resumed(self, epoch, step)
    }
}

/// Each score is a scalar with its name as the tag. After each epoch and before each checkpoint, everything is in the file.
impl Log for TensorBoard {
    fn step(&mut self, at: &Moment<'_>) -> Result<()> {
        let mut scores = at.scores.iter();
        scores.try_for_each(|(name, value)| self.scalar(name, at.step, *value))
    }

    fn epoch(&mut self, at: &Moment<'_>) -> Result<()> {
        Log::step(self, at)?;
        self.flush()
    }

    fn saving(&mut self) -> Result<()> {
        self.flush()
    }

    fn resumed(&mut self, _epoch: usize, step: u64) -> Result<()> {
        TensorBoard::resumed(self, step)
    }
}

#[cfg(feature = "progress")]
impl Log for ProgressBar {
    fn step(&mut self, at: &Moment<'_>) -> Result<()> {
        ProgressBar::step(self, at.epoch, at.epochs, at.step, at.steps, at.scores);
        Ok(())
    }

    fn epoch(&mut self, at: &Moment<'_>) -> Result<()> {
        ProgressBar::epoch(self, at.epoch, at.epochs, at.scores);
        Ok(())
    }

    fn resumed(&mut self, _epoch: usize, step: u64) -> Result<()> {
        ProgressBar::resumed(self, step);
        Ok(())
    }
}
