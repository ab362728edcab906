//! [`Store`]: where checkpoints are kept.

use gradlet_tensor::Result;

use crate::state::State;

/// A place that outlives a run, such as a folder, to which [`Trainer::save`](super::Trainer::save) gives the run's states.
pub trait Store {
    /// Keeps the state after this number of steps. If it cannot, what was kept before stays.
    ///
    /// # Errors
    ///
    /// If the state cannot be kept. The run ends then.
    fn save(&mut self, step: u64, state: &State) -> Result<()>;

    /// Keeps the weights of the best epoch so far in place of earlier ones.
    ///
    /// # Errors
    ///
    /// If they cannot be kept. The run ends then.
    fn save_best(&mut self, weights: &State) -> Result<()>;

    /// The state kept last, of those that are whole; `None` if there is none.
    ///
    /// # Errors
    ///
    /// If it cannot be found out.
    fn newest(&mut self) -> Result<Option<State>>;

    /// The weights of the best epoch; `None` if there are none.
    ///
    /// # Errors
    ///
    /// If they cannot be read.
    fn best(&mut self) -> Result<Option<State>>;
}
