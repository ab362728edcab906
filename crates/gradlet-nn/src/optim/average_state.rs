//! The state of an [`Average`].

use gradlet_tensor::Result;

use super::average::{Average, NAME};
use super::kept::Kept;
use crate::state::{AnyTensor, Misfit, State, Stateful};

/// What stands before the paths of the model, as PyTorch has it.
const PREFIX: &str = "module.";

/// `n_averaged`, the number of updates, and the averages by the model's paths after `module.`, both PyTorch's names. The
/// decay is a setting of the program.
///
/// While the average is in the model ([`Average::swap`]), the state has the model's own tensors in their place, so that
/// nothing is lost; put it back before you save.
impl Stateful for Average {
    fn state(&self) -> State {
        let mut state = State::new();
        state.insert_number("n_averaged", self.updates as i64);
        for (path, kept) in &self.tensors {
            let tensor: AnyTensor = match kept {
                Kept::Single(tensor) => tensor.clone().into(),
                Kept::Double(tensor) => tensor.clone().into(),
            };
            state.insert(format!("{PREFIX}{path}"), tensor);
        }
        state
    }

    /// Takes the averages over. Before the first update any model's are taken, since the next call names what does not
    /// fit the model.
    fn load_state(&mut self, state: &State) -> Result<()> {
        self.refuse_swapped()?;
        let (mut expected, mut tensors) = (State::new(), Vec::new());
        expected.insert_number("n_averaged", 0i64);
        let mut misfit = Misfit::default();
        let updates = state.count("n_averaged", &mut misfit);
        for (path, tensor) in state.iter() {
            let Some(name) = path.strip_prefix(PREFIX) else {
                continue;
            };
            let kept = match tensor {
                AnyTensor::F32(tensor) => Kept::Single(tensor.clone()),
                AnyTensor::F64(tensor) => Kept::Double(tensor.clone()),
                _ => continue,
            };
            tensors.push((name.to_owned(), kept));
            expected.insert(path, tensor.clone());
        }
        if self.updates > 0 && updates > 0 {
            expected = self.state();
        }
        let different = std::mem::take(&mut misfit.different);
        misfit = Misfit::of(&expected, state);
        misfit.different.extend(different);
        if updates == 0 && !tensors.is_empty() {
            misfit.different("n_averaged", "is 0, and there are averages");
        }
        misfit.refuse(NAME)?;
        (self.tensors, self.updates) = (tensors, updates);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use gradlet_tensor::{rng, tensor};

    use super::*;
    use crate::{BatchNorm1d, Linear, Module, Parameter};

    type Net = (Linear, BatchNorm1d, Parameter<f64>);

    fn net(seed: u64) -> Result<Net> {
        let wide = Parameter::new(tensor![f64; seed as f64]);
        Ok((
            Linear::new(2, 3, &mut rng(seed))?,
            BatchNorm1d::new(3)?,
            wide,
        ))
    }

    #[test]
    fn a_state_goes_on_to_the_same_bits_and_is_compared_with_what_there_is() -> Result<()> {
        for mut first in [
            Average::ema(0.75)?,
            Average::swa(),
            Average::swa().without_buffers(),
        ] {
            let before = first.state();
            assert_eq!(before.len(), 1);
            first.update(&net(1)?)?;
            first.update(&net(2)?)?;
            let mut second = Average::ema(0.75)?;
            (second.decay, second.buffers) = (first.decay, first.buffers);
            second.load_state(&first.state())?;
            assert_eq!((second.state(), second.updates()), (first.state(), 2));
            for average in [&mut first, &mut second] {
                average.update(&net(3)?)?;
            }
            let weights = |average: &mut Average| average.evaluating(&mut net(4)?, Module::state);
            assert_eq!(weights(&mut first)?, weights(&mut second)?);

            let mut other = Average::swa();
            other.update(&Linear::new(2, 3, &mut rng(1))?)?;
            let error = second.load_state(&other.state()).unwrap_err().to_string();
            let expected = "average: the state does not fit: it lacks module.0.weight, ";
            assert!(error.starts_with(expected), "{error}");
            assert_eq!(second.state(), first.state());
            second.load_state(&before)?;
            assert_eq!(second.updates(), 0);
        }
        Ok(())
    }

    #[test]
    fn states_that_are_none_are_refused() -> Result<()> {
        let mut average = Average::swa();
        average.update(&net(1)?)?;
        let state = average.state();
        let refused = |change: &dyn Fn(&mut State), expected: &str| {
            let mut changed = state.clone();
            change(&mut changed);
            for mut average in [average.clone(), Average::swa()] {
                let error = average.load_state(&changed).unwrap_err().to_string();
                assert!(error.contains(expected), "{error}");
            }
        };
        let count = |count: i64| move |state: &mut State| state.insert_number("n_averaged", count);
        refused(&count(-1), "n_averaged (is negative)");
        refused(&count(0), "n_averaged (is 0, and there are averages)");
        refused(
            &|state| state.insert_number("scale", 1.0),
            "it should not have scale",
        );
        let integer = |state: &mut State| _ = state.insert("module.0.bias", tensor![i64; 1, 2, 3]);
        refused(&integer, "module.0.bias");
        let mut model = net(2)?;
        average.swap(&mut model)?;
        assert!(average.load_state(&state).is_err());
        Ok(())
    }
}
