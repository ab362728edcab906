//! [`Stateful`]: everything else that changes while a model is trained.

use gradlet_tensor::{Element, Pcg64, Result, Tensor};

use super::{Misfit, State};

/// What a training run draws from or counts with: a generator, an average of weights, a plateau of the loss.
///
/// Models, optimizers and [`BatchIter`](crate::data::BatchIter) have methods of the same names; those of an optimizer take
/// the model too, since what it keeps belongs to parameters by path. Parts are put together by [`State::put`] and taken apart by [`State::part`].
///
/// # Example
///
/// ```
/// use gradlet_nn::{Adam, Linear, Module, State, Stateful};
/// use gradlet_tensor::{Tensor, rng};
///
/// # fn main() -> gradlet_tensor::Result<()> {
/// let mut rng = rng(1);
/// let (model, optimizer) = (Linear::new(2, 1, &mut rng)?, Adam::<f32>::new(0.1));
/// let mut saved = State::new();
/// saved.put("model", &model.state());
/// saved.put("optimizer", &optimizer.state(&model));
/// saved.put("rng", &rng.state());
/// let next = Tensor::<f32>::uniform(3, 0.0, 1.0, &mut rng)?;
///
/// let mut rng = gradlet_tensor::rng(2); // a different process
/// rng.load_state(&saved.part("rng"))?;
/// assert_eq!(Tensor::uniform(3, 0.0, 1.0, &mut rng)?, next);
/// # Ok(())
/// # }
/// ```
pub trait Stateful {
    /// All that changes, by path.
    fn state(&self) -> State;

    /// Takes over a state, so that what follows is as it was for the one that the state came from.
    ///
    /// # Errors
    ///
    /// If a path is missing, or has no business here, or a tensor does not have the element type, shape or range. The
    /// error names all of these, and nothing is changed.
    #[track_caller]
    fn load_state(&mut self, state: &State) -> Result<()>;
}

impl Stateful for Pcg64 {
    /// `pcg64`: four numbers of `u64`, the halves of its state and of its increment.
    fn state(&self) -> State {
        let mut state = State::new();
        if let Ok(words) = Tensor::from_slice(self.words(), [4]) {
            state.insert("pcg64", words);
        }
        state
    }

    fn load_state(&mut self, state: &State) -> Result<()> {
        Misfit::of(&self.state(), state).refuse("rng")?;
        let words = state.get::<u64>("pcg64")?.to_vec();
        if let Ok(words) = words.try_into() {
            *self = Self::from_words(words);
        }
        Ok(())
    }
}

impl State {
    /// Puts a scalar tensor at this path.
    pub(crate) fn insert_number<T: Element>(&mut self, path: &str, number: T) {
        self.insert(path, Tensor::scalar(number));
    }

    /// The one element of the tensor at this path.
    pub(crate) fn number<T: Element>(&self, path: &str) -> Option<T> {
        self.any(path)?.get::<T>()?.item().ok()
    }

    /// The number at this path as a count; what is not one is noted.
    pub(crate) fn count(&self, path: &str, misfit: &mut Misfit) -> u64 {
        let Some(number) = self.number::<i64>(path) else {
            return 0;
        };
        u64::try_from(number).unwrap_or_else(|_| {
            misfit.different(path, "is negative");
            0
        })
    }
}

#[cfg(test)]
mod tests {
    use gradlet_tensor::{rng, tensor};

    use super::*;

    #[test]
    fn a_generator_goes_on_and_refuses_what_is_no_state_of_one() -> Result<()> {
        let mut first = rng(1);
        Tensor::<f32>::normal(100, 0.0, 1.0, &mut first)?;
        let (mut second, state) = (rng(2), first.state());
        let before = second.clone();
        for bad in [
            tensor![u64; 1, 2, 3].into(),
            super::super::AnyTensor::from(tensor![i64; 1, 2, 3, 4]),
        ] {
            let mut state = State::new();
            state.insert("pcg64", bad);
            let error = second.load_state(&state).unwrap_err().to_string();
            let expected =
                "rng: the state does not fit: different are pcg64 (expected u64 [4], got ";
            assert!(error.starts_with(expected), "{error}");
            assert_eq!(second, before);
        }
        second.load_state(&state)?;
        assert_eq!(first, second);
        Ok(())
    }
}
