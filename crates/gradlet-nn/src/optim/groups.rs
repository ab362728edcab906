//! Groups of parameters that an optimizer moves with settings of their own.

use std::fmt;
use std::sync::Arc;

use gradlet_autograd::LeafId;
use gradlet_tensor::{Float, Result};

use super::Stepper;
use super::rule::Rule;
use crate::module::Module;
use crate::parameter::AnyParameter;
use crate::require::{amount, require};

/// The settings of a group of parameters: at first those that the optimizer has in this step.
///
/// `group.learning_rate *= 0.1` makes the rate of the group a tenth of the optimizer's, also when a schedule changes
/// that; `group.learning_rate = 1e-4` fixes it.
#[derive(Clone, Debug)]
pub struct Group<R> {
    /// The settings of the rule.
    pub rule: R,
    /// The factor of a step.
    pub learning_rate: f64,
}

/// Whether this is a bias or belongs to a norm, as a parameter of fewer than two axes does in all usual layers: a choice
/// for [`Stepper::group`].
pub fn biases_and_norms(_path: &str, parameter: &dyn AnyParameter) -> bool {
    parameter.shape().len() < 2
}

type Choose = Arc<dyn Fn(&str, &dyn AnyParameter) -> bool + Send + Sync>;
type Change<R> = Arc<dyn Fn(&mut Group<R>) + Send + Sync>;

/// All groups of an optimizer, and the parameters in them.
#[derive(Clone)]
pub(super) struct Groups<R> {
    all: Vec<(Choose, Change<R>)>,
    /// A bit for each group that the parameter is in, in the order of the ids.
    members: Vec<(LeafId, u64)>,
    /// A bit for each group that has had a member.
    found: u64,
}

/// The settings, in one step, of the parameters that are in the same groups.
pub(super) struct Turn<R: Rule, T: Float> {
    groups: u64,
    pub(super) group: Group<R>,
    pub(super) kept: &'static [&'static str],
    /// The factors computed last, and the number of the update that they are for.
    pub(super) latest: Option<(u64, R::Factors<T>)>,
}

impl<R: Rule, T: Float> Turn<R, T> {
    /// An error if a setting is out of range.
    #[track_caller]
    pub(super) fn new(groups: u64, group: Group<R>) -> Result<Self> {
        amount::<T>(R::NAME, "learning_rate", group.learning_rate)?;
        group.rule.check::<T>()?;
        Ok(Self {
            groups,
            kept: group.rule.kept(),
            group,
            latest: None,
        })
    }
}

impl<R: Rule> Groups<R> {
    pub(super) fn new() -> Self {
        Self {
            all: Vec::new(),
            members: Vec::new(),
            found: 0,
        }
    }

    /// The turns of all parameters of `model` that are in a group: in each step the settings are made anew from those of
    /// the optimizer, so that schedules reach them. Choosing is done once for each parameter.
    #[track_caller]
    pub(super) fn turns<T: Float>(
        &mut self,
        own: &Group<R>,
        model: &(impl Module + ?Sized),
    ) -> Result<Vec<Turn<R, T>>> {
        let (mut met, mut kinds, count) = (0, Vec::new(), self.all.len());
        if count == 0 {
            return Ok(Vec::new());
        }
        let name = "the number of groups";
        require(count <= 64, R::NAME, name, "at most 64", count as f64)?;
        model.visit_parameters(&mut |path, parameter| {
            let id = parameter.id();
            let groups = match self.place(id) {
                Ok(place) => self.members[place].1,
                Err(place) => {
                    let groups = self.chosen(&path.to_string(), parameter);
                    self.members.insert(place, (id, groups));
                    groups
                }
            };
            met += 1;
            self.found |= groups;
            if groups != 0 && !kinds.contains(&groups) {
                kinds.push(groups);
            }
            Ok(())
        })?;
        for i in 0..count {
            let (name, expected) = ("the number of its parameters", "at least 1");
            let met = self.found >> i & 1;
            require(met == 1, R::NAME, name, expected, met as f64)
                .map_err(|error| error.within(|inner| format!("group {i}: {inner}")))?;
        }
        let mut turns = Vec::with_capacity(kinds.len());
        // No closure makes an error, so that it names the caller's line.
        for groups in kinds {
            let turn = Turn::new(groups, self.changed(own, groups));
            turns.push(turn.map_err(|error| error.within(|inner| format!("a group: {inner}")))?);
        }
        // Parameters that are gone are never asked for. Those of several models that take turns stay.
        if self.members.len() > 16 * met + 1024 {
            self.members.clear();
        }
        Ok(turns)
    }

    /// The turn of the parameter with this id, which is `own` if it is in no group.
    #[inline]
    pub(super) fn turn<'t, T: Float>(
        &self,
        id: LeafId,
        own: &'t mut Turn<R, T>,
        turns: &'t mut [Turn<R, T>],
    ) -> &'t mut Turn<R, T> {
        let groups = self.place(id).map_or(0, |place| self.members[place].1);
        let turn = turns.iter_mut().find(|turn| turn.groups == groups);
        turn.unwrap_or(own)
    }

    fn place(&self, id: LeafId) -> std::result::Result<usize, usize> {
        self.members.binary_search_by(|(member, _)| member.cmp(&id))
    }

    /// A bit for each group that chooses the parameter.
    fn chosen(&self, path: &str, parameter: &dyn AnyParameter) -> u64 {
        let chosen = self.all.iter().enumerate();
        chosen.fold(0, |bits, (i, (choose, _))| {
            bits | u64::from(choose(path, parameter)) << i
        })
    }

    /// The settings after the changes of these groups.
    fn changed(&self, own: &Group<R>, groups: u64) -> Group<R> {
        let mut group = own.clone();
        for (i, (_, change)) in self.all.iter().enumerate() {
            if groups >> i & 1 == 1 {
                change(&mut group);
            }
        }
        group
    }
}

impl<R: Rule, T: Float> Stepper<R, T> {
    /// Moves the parameters that `choose` is true for with settings that `change` makes from those of the optimizer.
    ///
    /// `choose` gets each parameter and its path once, at its first step, frozen or not. `change` runs in each step, so
    /// what it leaves alone follows the optimizer. A parameter in several groups gets all their changes, in the order of
    /// the calls. There may be 64 groups, and a step is an error as long as one of them has had no parameter.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_nn::{Linear, Sequential, optim::{AdamW, biases_and_norms}, sequential};
    /// # use gradlet_autograd::{Var, Reduction, mse_loss};
    /// # use gradlet_tensor::{Tensor, rng};
    /// # let mut model = sequential![Linear::new(2, 3, &mut rng(1))?, Linear::new(3, 1, &mut rng(2))?];
    /// let mut optimizer = AdamW::new(1e-3)
    ///     .group(biases_and_norms, |group| group.rule.weight_decay = 0.0)
    ///     .group(|path, _| path.starts_with("0."), |group| group.learning_rate *= 0.1);
    /// # use gradlet_nn::Forward;
    /// # let x = Var::constant(Tensor::ones([4, 2])?);
    /// # let grads = model.forward(&x)?.sum(..)?.backward()?;
    /// optimizer.step(&mut model, &grads)?;
    /// # Ok::<(), gradlet_tensor::Error>(())
    /// ```
    pub fn group(
        mut self,
        choose: impl Fn(&str, &dyn AnyParameter) -> bool + Send + Sync + 'static,
        change: impl Fn(&mut Group<R>) + Send + Sync + 'static,
    ) -> Self {
        self.groups.all.push((Arc::new(choose), Arc::new(change)));
        self.groups.members.clear();
        self
    }

    /// The settings of the optimizer itself.
    pub fn rule(&self) -> &R {
        &self.rule
    }

    /// The settings of the optimizer itself, to be changed between steps; groups follow.
    pub fn rule_mut(&mut self) -> &mut R {
        &mut self.rule
    }

    /// The settings for all that is in no group.
    pub(super) fn own(&self) -> Group<R> {
        Group {
            rule: self.rule.clone(),
            learning_rate: self.learning_rate,
        }
    }

    /// The names of the tensors that are kept for this parameter.
    pub(super) fn kept(&self, path: &str, parameter: &dyn AnyParameter) -> &'static [&'static str] {
        let chosen = |_| self.groups.chosen(path, parameter);
        let place = self.groups.place(parameter.id());
        let groups = place.map_or_else(chosen, |place| self.groups.members[place].1);
        self.groups.changed(&self.own(), groups).rule.kept()
    }
}

/// Prints the number of groups, since closures have no text.
impl<R> fmt::Debug for Groups<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} groups", self.all.len())
    }
}

#[cfg(test)]
mod tests {
    use gradlet_tensor::{Tensor, tensor};

    use super::super::tests::{gradients, weight};
    use super::super::{AdamW, Sgd};
    use super::*;
    use crate::parameter::Parameter;

    /// Which fraction of the gradients was subtracted from both parameters of a pair.
    fn rates(optimizer: &mut Sgd, pair: &mut (Parameter, Parameter)) -> Result<[f32; 2]> {
        let first = |p: &Parameter| p.tensor().to_vec()[0];
        let before = [first(&pair.0), first(&pair.1)];
        let grads = gradients(&[&pair.0, &pair.1], 1.0);
        optimizer.step(pair, &grads)?;
        Ok([before[0] - first(&pair.0), before[1] - first(&pair.1)])
    }

    #[test]
    fn rates_are_factors_of_the_optimizers_or_fixed() -> Result<()> {
        let mut pair = (weight([8.0, 8.0]), weight([8.0, 8.0]));
        let mut sgd = Sgd::new(1.0).group(|path, _| path == "1", |g| g.learning_rate *= 0.25);
        assert_eq!(rates(&mut sgd, &mut pair)?, [1.0, 0.25]);
        sgd.set_learning_rate(0.5);
        assert_eq!(rates(&mut sgd, &mut pair)?, [0.5, 0.125]);
        // A later group changes what earlier ones left.
        let mut sgd = sgd
            .group(|_, _| true, |g| g.learning_rate += 0.5)
            .group(|path, _| path == "0", |g| g.learning_rate = 2.0);
        assert_eq!(rates(&mut sgd, &mut pair)?, [2.0, 0.625]);
        sgd.set_learning_rate(0.0);
        assert_eq!(rates(&mut sgd, &mut pair)?, [2.0, 0.5]);
        Ok(())
    }

    #[test]
    fn each_parameter_is_chosen_once_and_by_what_it_is() -> Result<()> {
        use std::sync::atomic::{AtomicUsize, Ordering};
        let asked = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&asked);
        let choose = move |path: &str, parameter: &dyn AnyParameter| {
            count.fetch_add(1, Ordering::Relaxed);
            biases_and_norms(path, parameter)
        };
        let mut adam = AdamW::new(0.5)
            .weight_decay(1.0)
            .group(choose, |group| group.rule.weight_decay = 0.0);
        let mut model = (
            Parameter::new(tensor![[1.0, 2.0]]),
            weight([1.0, 2.0]),
            Parameter::new(tensor![3.0]),
        );
        model.2.freeze();
        for _ in 0..3 {
            let grads = gradients(&[&model.0, &model.1], 0.0);
            adam.step(&mut model, &grads)?;
        }
        assert_eq!(model.0.tensor().to_vec(), [0.125, 0.25]);
        assert_eq!(model.1.tensor().to_vec(), [1.0, 2.0]);
        assert_eq!(asked.load(Ordering::Relaxed), 3);
        Ok(())
    }

    #[test]
    fn groups_keep_what_their_own_rule_keeps() -> Result<()> {
        let mut pair = (weight([1.0, 2.0]), weight([3.0, 4.0]));
        let with_momentum = |path: &str, _: &dyn AnyParameter| path == "1";
        let mut sgd = Sgd::new(0.5).group(with_momentum, |g| g.rule.momentum = 0.5);
        rates(&mut sgd, &mut pair)?;
        let state = sgd.state(&pair);
        let paths: Vec<_> = state.paths().skip(2).collect();
        assert_eq!(paths, ["1.step", "1.momentum_buffer"]);
        sgd.forget(&pair);
        sgd.load_state(&pair, &state)?;
        assert_eq!(rates(&mut sgd, &mut pair)?, [0.5, 0.75]);
        let swapped = state.renamed(|path| Some(path.replace("1.", "0.")))?;
        assert!(sgd.load_state(&pair, &swapped).is_err());
        Ok(())
    }

    #[test]
    fn a_group_without_a_parameter_or_with_a_bad_setting_is_refused() {
        let mut pair = (weight([1.0, 2.0]), weight([3.0, 4.0]));
        let mut refusal = |mut sgd: Sgd| {
            let grads = gradients(&[&pair.0, &pair.1], 1.0);
            let (line, error) = (line!(), sgd.step(&mut pair, &grads).unwrap_err());
            assert_eq!(error.location().line(), line);
            error.to_string()
        };
        let sgd = || Sgd::new(0.5).group(|_, _| true, |_| ());
        let text = refusal(sgd().group(|path, _| path == "2", |_| ()));
        let expected = "group 1: sgd: the number of its parameters must be at least 1, got 0 (at ";
        assert!(text.starts_with(expected), "{text}");
        let text = refusal(sgd().group(|path, _| path == "1", |g| g.learning_rate = -1.0));
        let expected = "a group: sgd: learning_rate must be finite and not negative, got -1 (at ";
        assert!(text.starts_with(expected), "{text}");
        let many = (0..65).fold(Sgd::new(0.5), |sgd, _| sgd.group(|_, _| true, |_| ()));
        let text = refusal(many);
        let expected = "sgd: the number of groups must be at most 64, got 65 (at ";
        assert!(text.starts_with(expected), "{text}");
        assert_eq!(pair.0.tensor(), &tensor![1.0, 2.0]);
    }

    #[test]
    fn parameters_that_are_gone_are_forgotten() -> Result<()> {
        let mut sgd = Sgd::new(0.5).group(|_, _| true, |_| ());
        for _ in 0..3000 {
            let mut p = Parameter::new(Tensor::scalar(1.0));
            let grads = p.leaf().backward()?;
            sgd.step(&mut p, &grads)?;
        }
        assert!(sgd.groups.members.len() < 1100);
        Ok(())
    }
}
