//! Where a run is: everything beside the model, the optimizer, the generator and the batches.

use gradlet_tensor::{Error, ErrorKind, Result, Tensor};

use crate::schedule::Goal;
use crate::state::{Misfit, State, Stateful};

/// The counts and scores of a run.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Progress {
    /// The number of whole epochs.
    pub(super) epoch: usize,
    /// The number of the optimizer's steps.
    pub(super) step: u64,
    /// The sum of the losses of this epoch's steps, and their number.
    pub(super) losses: (f64, u64),
    /// The epoch with the best watched score, and the score.
    pub(super) best: Option<(usize, f64)>,
    /// A row of scores for each epoch.
    pub(super) rows: Vec<Vec<f64>>,
}

impl Progress {
    pub(super) fn new() -> Self {
        Self {
            epoch: 0,
            step: 0,
            losses: (0.0, 0),
            best: None,
            rows: Vec::new(),
        }
    }

    /// Whether this score of the present epoch is better than all before; it is the best from now on.
    pub(super) fn is_best(&mut self, score: f64, goal: Goal) -> bool {
        let better = match (self.best, goal) {
            (None, _) => !score.is_nan(),
            (Some((_, best)), Goal::Min) => score < best,
            (Some((_, best)), Goal::Max) => score > best,
        };
        if better {
            self.best = Some((self.epoch, score));
        }
        better
    }

    /// The number of epochs since the best one.
    pub(super) fn epochs_without_better(&self) -> usize {
        self.epoch - self.best.map_or(0, |(epoch, _)| epoch + 1)
    }

    /// The mean loss of this epoch's steps.
    pub(super) fn mean_loss(&self) -> f64 {
        let (sum, count) = self.losses;
        sum / count as f64
    }

    /// Adds a row of scores.
    #[track_caller]
    pub(super) fn push(&mut self, row: Vec<f64>) -> Result<()> {
        if let Some(first) = self.rows.first().filter(|first| first.len() != row.len()) {
            return Err(Error::new(ErrorKind::OutOfRange {
                op: "fit",
                name: "the number of scores",
                expected: "that of the epochs before",
                value: row.len() as f64,
                remedy: format!(
                    ", not {}: does the run resume a different one?",
                    first.len()
                ),
            }));
        }
        self.rows.push(row);
        Ok(())
    }
}

impl Stateful for Progress {
    fn state(&self) -> State {
        let mut state = State::new();
        state.insert_number("epoch", self.epoch as i64);
        state.insert_number("step", self.step as i64);
        state.insert_number("loss_sum", self.losses.0);
        state.insert_number("loss_count", self.losses.1 as i64);
        if let Some((epoch, score)) = self.best {
            state.insert_number("best_epoch", epoch as i64);
            state.insert_number("best_score", score);
        }
        let columns = self.rows.first().map_or(0, Vec::len);
        if let Ok(rows) = Tensor::from_slice(self.rows.concat(), [self.rows.len(), columns]) {
            state.insert("scores", rows);
        }
        state
    }

    fn load_state(&mut self, state: &State) -> Result<()> {
        let mut expected = Self::new().state();
        let rows = state.any("scores").and_then(|rows| rows.get::<f64>());
        let rows = rows.filter(|rows| rows.rank() == 2).cloned();
        if let Some(rows) = &rows {
            expected.insert("scores", rows.clone());
        }
        if state
            .any("best_epoch")
            .or(state.any("best_score"))
            .is_some()
        {
            expected.insert_number("best_epoch", 0i64);
            expected.insert_number("best_score", 0.0);
        }
        let mut misfit = Misfit::of(&expected, state);
        let counts = ["epoch", "step", "loss_count", "best_epoch"];
        let [epoch, step, count, best_epoch] = counts.map(|path| state.count(path, &mut misfit));
        let rows = rows.unwrap_or_else(|| {
            Tensor::from_fn([0, 0], |_| 0.0).unwrap_or_else(|_| Tensor::scalar(0.0))
        });
        if rows.shape().first() != Some(&(epoch as usize)) {
            misfit.different("scores", "must have a row for each epoch");
        }
        if best_epoch > 0 && best_epoch >= epoch {
            misfit.different("best_epoch", "is not before epoch");
        }
        misfit.refuse("trainer")?;
        let columns = rows.shape().last().copied().unwrap_or(0).max(1);
        *self = Self {
            epoch: epoch as usize,
            step,
            losses: (state.number("loss_sum").unwrap_or(0.0), count),
            best: state
                .number("best_score")
                .map(|score| (best_epoch as usize, score)),
            rows: rows.to_vec().chunks(columns).map(<[f64]>::to_vec).collect(),
        };
        Ok(())
    }
}
