//! [`Store`]: where checkpoints are kept.

use gradlet_tensor::Result;

use crate::state::State;

/// A place that outlives a run, such as a folder, to which [`Trainer::save`](super::Trainer::save) gives the run's states.
///
/// # Example
///
/// The newest state alone, in memory that the caller keeps:
///
/// ```
/// use gradlet_nn::State;
/// use gradlet_nn::trainer::Store;
/// use gradlet_tensor::Result;
///
/// #[derive(Default)]
/// struct Newest {
///     state: Option<State>,
///     best: Option<State>,
/// }
///
/// impl Store for &mut Newest {
///     fn save(&mut self, _step: u64, state: &State) -> Result<()> {
///         self.state = Some(state.clone());
///         Ok(())
///     }
///
///     fn save_best(&mut self, weights: &State) -> Result<()> {
///         self.best = Some(weights.clone());
///         Ok(())
///     }
///
///     fn newest(&mut self) -> Result<Option<State>> {
///         Ok(self.state.clone())
///     }
///
///     fn best(&mut self) -> Result<Option<State>> {
///         Ok(self.best.clone())
///     }
/// }
///
/// let mut newest = Newest::default();
/// let trainer = gradlet_nn::trainer::Trainer::new(5).save(&mut newest, 50);
/// # let _ = trainer;
/// ```
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
