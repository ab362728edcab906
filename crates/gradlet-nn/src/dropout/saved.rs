//! The state of all sources of a model.

use gradlet_tensor::{Result, Tensor};

use super::Stream;
use crate::module::Module;
use crate::state::{Misfit, State};

/// Where the streams of a model's dropouts are, by their paths: the seed, the number of draws and the number of clones of
/// each, as three numbers of `u64`. It belongs to a run, not to a trained model, so [`Module::state`] does not have it.
///
/// # Example
///
/// ```
/// # use gradlet_nn::{Dropout, Forward, dropout};
/// # use gradlet_autograd::Var;
/// # use gradlet_tensor::{Tensor, rng};
/// # fn main() -> gradlet_tensor::Result<()> {
/// let x = Var::constant(Tensor::ones([100])?);
/// let first = Dropout::new(0.5, &mut rng(1))?;
/// first.forward(&x)?;
/// let state = dropout::state(&first);
/// let mut second = Dropout::new(0.5, &mut rng(2))?; // in a different process
/// dropout::load_state(&mut second, &state)?;
/// assert_eq!(second.forward(&x)?.tensor(), first.forward(&x)?.tensor());
/// # Ok(())
/// # }
/// ```
pub fn state(model: &dyn Module) -> State {
    let mut state = State::new();
    for (path, source) in model.named_sources() {
        if let Ok(words) = Tensor::from_slice(source.stream.words(), [3]) {
            state.insert(path, words);
        }
    }
    state
}

/// Puts the streams of a model's dropouts where those were that the state is of. Probabilities stay.
///
/// # Errors
///
/// If the state lacks a source, has one too many, or has something else at its path. The error names all of these, and
/// nothing is changed.
#[track_caller]
pub fn load_state(model: &mut dyn Module, state: &State) -> Result<()> {
    Misfit::of(&self::state(model), state).refuse("load_state")?;
    model.visit_sources_mut(&mut |path, source| {
        let words = state.get::<u64>(&path.to_string())?.to_vec();
        if let Ok(words) = words.try_into() {
            source.stream = Stream::from_words(words);
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use gradlet_autograd::Var;
    use gradlet_tensor::{rng, tensor};

    use super::*;
    use crate::{Dropout, Forward, Sequential, sequential};

    fn net(seed: u64) -> Result<Sequential> {
        let rng = &mut rng(seed);
        Ok(sequential![
            Dropout::new(0.5, rng)?,
            Dropout::new(0.25, rng)?
        ])
    }

    #[test]
    fn masks_and_clones_go_on_as_before() -> Result<()> {
        let x = Var::constant(Tensor::ones([200])?);
        let first = net(1)?;
        first.forward(&x)?;
        let _ = first.clone();
        let (mut second, state) = (net(2)?, state(&first));
        load_state(&mut second, &state)?;
        assert_eq!(self::state(&second), state);
        assert_eq!(first.forward(&x)?.tensor(), second.forward(&x)?.tensor());
        let clones = [first.clone(), second.clone()];
        assert_eq!(
            clones[0].forward(&x)?.tensor(),
            clones[1].forward(&x)?.tensor()
        );
        Ok(())
    }

    #[test]
    fn a_state_of_a_different_model_changes_nothing() -> Result<()> {
        let mut model = net(1)?;
        let before = state(&model);
        let mut other = before.clone();
        let (path, _) = model.named_sources().swap_remove(1);
        other.insert(path.clone(), tensor![1.0]);
        other.insert("7.source", tensor![u64; 1, 2, 3]);
        let error = load_state(&mut model, &other).unwrap_err().to_string();
        let expected = format!(
            "load_state: the state does not fit: it should not have 7.source; different are {path} (expected u64 [3], got \
             f32 [1]) (at "
        );
        assert!(error.starts_with(&expected), "{error}");
        assert_eq!(state(&model), before);
        Ok(())
    }
}
