//! A folder as the place where a [`Trainer`](gradlet_nn::trainer::Trainer) keeps its states.

use gradlet_nn::State;
use gradlet_nn::trainer::Store;
use gradlet_tensor::Result;

use super::Checkpoints;

impl Store for Checkpoints {
    fn save(&mut self, step: u64, state: &State) -> Result<()> {
        self.save(step, state)
    }

    fn save_best(&mut self, weights: &State) -> Result<()> {
        self.save_best(weights)
    }

    fn newest(&mut self) -> Result<Option<State>> {
        Ok(self.newest()?.map(|(_, state)| state))
    }

    fn best(&mut self) -> Result<Option<State>> {
        Checkpoints::best(self)
    }
}
