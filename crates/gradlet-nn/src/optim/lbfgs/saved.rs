//! The state of [`Lbfgs`].

use gradlet_tensor::{Float, Result};

use super::direction::{Memory, Pair};
use super::minimizer::Lbfgs;
use super::vector::NAME;
use crate::state::{Misfit, State, Stateful};

/// The names of a pair's parts, before its number.
const PAIR: [&str; 3] = ["old_stps", "old_dirs", "ro"];

/// The parameters are one vector, in the order of the model, so the state has no paths of parameters, but PyTorch's
/// names: `func_evals`, `n_iter`, `H_diag`, `d`, `t`, `prev_flat_grad`, and for each pair `old_dirs.0` (the change of the
/// gradient), `old_stps.0` (the step) and `ro.0`.
impl<T: Float> Stateful for Lbfgs<T> {
    fn state(&self) -> State {
        let mut state = State::new();
        state.insert_number("learning_rate", self.learning_rate);
        state.insert_number("func_evals", self.func_evals as i64);
        state.insert_number("n_iter", self.n_iter as i64);
        let memory = &self.memory;
        state.insert_number("H_diag", memory.scale);
        if let Some((d, t)) = &memory.latest {
            state.insert("d", d.clone());
            state.insert_number("t", *t);
        }
        if let Some(gradient) = &memory.gradient {
            state.insert("prev_flat_grad", gradient.clone());
        }
        for (i, pair) in memory.pairs.iter().enumerate() {
            let [s, y, ro] = PAIR.map(|name| format!("{name}.{i}"));
            state.insert(s, pair.s.clone());
            state.insert(y, pair.y.clone());
            state.insert_number(&ro, pair.ro);
        }
        state
    }

    fn load_state(&mut self, state: &State) -> Result<()> {
        let vector = |path: &str| state.any(path).and_then(|tensor| tensor.get::<T>());
        let (mut expected, mut memory) = (Self::new(0.0).state(), Memory::new());
        memory.gradient = vector("prev_flat_grad").cloned();
        // Without a vector to compare with, none of the others has a business here.
        if let Some(gradient) = memory
            .gradient
            .clone()
            .filter(|gradient| gradient.rank() == 1)
        {
            expected.insert("prev_flat_grad", gradient.clone());
            if state.any("d").or(state.any("t")).is_some() {
                expected.insert("d", gradient.clone());
                expected.insert_number("t", 0.0);
                memory.latest = vector("d").cloned().zip(state.number("t"));
            }
            for i in 0.. {
                let [s, y, ro] = &PAIR.map(|name| format!("{name}.{i}"));
                if [s, y, ro].iter().all(|path| state.any(path).is_none()) {
                    break;
                }
                expected.insert(s.as_str(), gradient.clone());
                expected.insert(y.as_str(), gradient.clone());
                expected.insert_number(ro, 0.0);
                let parts = (vector(s).cloned(), vector(y).cloned(), state.number(ro));
                if let (Some(s), Some(y), Some(ro)) = parts {
                    memory.pairs.push_back(Pair { s, y, ro });
                }
            }
        }
        let mut misfit = Misfit::of(&expected, state);
        let counts = ["func_evals", "n_iter"].map(|path| state.count(path, &mut misfit));
        misfit.refuse(NAME)?;
        memory.scale = state.number("H_diag").unwrap_or(1.0);
        self.learning_rate = state.number("learning_rate").unwrap_or(self.learning_rate);
        [self.func_evals, self.n_iter] = counts;
        self.memory = memory;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use gradlet_autograd::Var;
    use gradlet_tensor::{Tensor, tensor};

    use super::super::LineSearch;
    use super::*;
    use crate::parameter::Parameter;

    /// Rosenbrock's valley.
    fn step(optimizer: &mut Lbfgs<f64>, point: &mut Parameter<f64>) -> Result<f64> {
        optimizer.step(point, |point| {
            let at: Var<f64> = point.leaf();
            let (x, y) = (at.narrow(0, 0, 1)?, at.narrow(0, 1, 1)?);
            let valley = (y - x.square()).square().mul_scalar(100.0) + (1.0 - x).square();
            let loss = valley.sum(..)?;
            Ok((loss.item()?, loss.backward()?))
        })
    }

    fn settings() -> Lbfgs<f64> {
        Lbfgs::new(0.5)
            .max_iter(3)
            .line_search(LineSearch::StrongWolfe)
    }

    #[test]
    fn a_state_goes_on_to_the_same_bits() -> Result<()> {
        let (mut first, mut point) = (settings(), Parameter::new(tensor![f64; -1.5, 2.0]));
        let nothing = first.state();
        for _ in 0..3 {
            step(&mut first, &mut point)?;
        }
        let state = first.state();
        let (mut second, mut copy) = (settings(), point.clone());
        second.load_state(&state)?;
        assert_eq!(second.state(), state);
        assert!(state.any("old_dirs.1").is_some());
        for _ in 0..4 {
            let losses = (step(&mut first, &mut point)?, step(&mut second, &mut copy)?);
            assert_eq!(losses.0, losses.1);
        }
        assert_eq!(point.tensor(), copy.tensor());
        assert_eq!(first.state(), second.state());
        second.load_state(&nothing)?;
        assert_eq!((second.state(), second.n_iter()), (nothing, 0));
        Ok(())
    }

    #[test]
    fn a_state_with_a_part_missing_or_of_a_different_size_is_refused() -> Result<()> {
        let (mut optimizer, mut point) = (settings(), Parameter::new(tensor![f64; -1.5, 2.0]));
        step(&mut optimizer, &mut point)?;
        let state = optimizer.state();
        let paths: Vec<_> = state.paths().map(str::to_owned).collect();
        for gone in &paths {
            let part = state.renamed(|path| (path != gone).then(|| path.to_owned()))?;
            let error = optimizer.load_state(&part).unwrap_err().to_string();
            assert!(
                error.starts_with("lbfgs: the state does not fit: "),
                "{error}"
            );
            let mut changed = state.clone();
            changed.insert(gone.as_str(), tensor![f64; 1.0, 2.0, 3.0]);
            assert!(optimizer.load_state(&changed).is_err(), "{gone}");
        }
        let mut negative = state.clone();
        negative.insert("n_iter", Tensor::scalar(-1i64));
        let error = optimizer.load_state(&negative).unwrap_err().to_string();
        assert!(error.contains("n_iter (is negative)"), "{error}");
        assert_eq!(optimizer.state(), state);
        Ok(())
    }
}
