//! [`AlwaysEval`]: a part of a model that stays in eval mode.

use std::ops::{Deref, DerefMut};

use gradlet_autograd::{Result, Var};
use gradlet_tensor::Float;

use super::{Children, Leaf, LeafMut, Module, Name};
use crate::forward::Forward;

/// A part that stays in eval mode while the model around it trains, such as a pretrained body with its dropout and
/// running statistics.
///
/// The part is set to eval mode once, here; `train`, `eval`, `set_mode`, `evaluating` and `sampling` of whatever holds
/// it do not reach it. Its parameters still train, unless they are frozen. In paths it is as if only the part were
/// there, and a summary shows `mode kept`.
///
/// # Example
///
/// ```
/// # use gradlet_nn::{AlwaysEval, Dropout, Linear, Module, sequential};
/// # use gradlet_tensor::rng;
/// # fn main() -> gradlet_tensor::Result<()> {
/// let mut rng = rng(1);
/// let mut body = AlwaysEval::new(sequential![Linear::new(8, 8, &mut rng)?, Dropout::new(0.5, &mut rng)?]);
/// body.freeze();
/// let mut model = sequential![body, Linear::new(8, 2, &mut rng)?];
/// model.train();
/// assert!(model.to_string().contains("1: Dropout(p=0.5, eval)"));
/// assert_eq!(model.named_parameters()[0].0, "0.0.weight");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct AlwaysEval<M> {
    part: M,
}

impl<M: Module> AlwaysEval<M> {
    /// This part, in eval mode.
    pub fn new(mut part: M) -> Self {
        part.eval();
        Self { part }
    }

    /// The part, still in eval mode; from now on it follows the mode of the model around it.
    pub fn into_inner(self) -> M {
        self.part
    }
}

impl<M> Deref for AlwaysEval<M> {
    type Target = M;

    fn deref(&self) -> &M {
        &self.part
    }
}

impl<M> DerefMut for AlwaysEval<M> {
    fn deref_mut(&mut self) -> &mut M {
        &mut self.part
    }
}

#[diagnostic::do_not_recommend]
impl<M: Children> Children for AlwaysEval<M> {
    fn children<'a>(&'a self, visit: &mut dyn FnMut(Name<'a>, &'a dyn Module)) {
        self.part.children(visit);
    }

    fn children_mut<'a>(&'a mut self, visit: &mut dyn FnMut(Name<'a>, &'a mut dyn Module)) {
        self.part.children_mut(visit);
    }

    fn as_leaf(&self) -> Leaf<'_> {
        self.part.as_leaf()
    }

    fn as_leaf_mut(&mut self) -> LeafMut<'_> {
        self.part.as_leaf_mut()
    }

    fn keeps_mode(&self) -> bool {
        true
    }

    fn kind(&self) -> &'static str {
        self.part.kind()
    }

    fn describe(&self) -> String {
        match self.part.describe() {
            text if text.is_empty() => "mode kept".to_owned(),
            text => text + ", mode kept",
        }
    }
}

impl<T: Float, M: Forward<T>> Forward<T> for AlwaysEval<M> {
    #[inline]
    fn forward(&self, x: &Var<T>) -> Result<Var<T>> {
        self.part.forward(x)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mode::Mode;
    use crate::module::tests::{Affine, Drop};
    use crate::sequential;

    fn kept() -> AlwaysEval<Affine> {
        AlwaysEval::new(Affine::new(1, 1))
    }

    #[derive(Module)]
    enum Either {
        Kept(AlwaysEval<Affine>),
    }

    #[test]
    fn no_mode_set_around_it_reaches_it_wherever_it_is() {
        let chain = sequential![kept(), Affine::new(1, 1)];
        let mut model = (
            vec![Some(Box::new(kept()))],
            (Either::Kept(kept()), chain),
            Box::new(kept()) as Box<dyn Module>,
            AlwaysEval::new(Mode::Train),
            Drop::default(),
        );
        let state = |model: &dyn Module| {
            let mut modes = Vec::new();
            let _ = model.visit_leaves(&mut |path, leaf| {
                if let Leaf::Mode(mode) = leaf {
                    modes.push(format!("{path} {mode}"));
                }
                Ok(())
            });
            modes.join(", ")
        };
        let expected = |mode| {
            format!(
                "0.0.mode eval, 1.0.mode eval, 1.1.mode {mode}, 1.1.0.mode eval, 1.1.1.mode {mode}, \
                 2.mode eval, 3 eval, 4.mode {mode}"
            )
        };
        model.train();
        assert_eq!(state(&model), expected(Mode::Train));
        assert_eq!(model.sampling(|m| state(m)), expected(Mode::Sample));
        assert_eq!(model.evaluating(|m| state(m)), expected(Mode::Eval));
        assert_eq!(state(&model), expected(Mode::Train));
        let mut alone = kept();
        alone.train();
        assert!(!alone.training());
        let mut part = alone.into_inner();
        part.train();
        assert!(part.training());
    }

    #[test]
    fn a_summary_shows_the_part_and_that_its_mode_is_kept() {
        let model = (
            kept(),
            AlwaysEval::new(vec![Drop::default()]),
            Drop::default(),
        );
        let expected = "\
tuple (2 parameters, mixed)
  0: Affine(1 -> 1, mode kept, eval)  weight [1, 1], bias [1]  2
  1: Vec(mode kept, eval)
    0: Dropout(p=0.5, eval)
  2: Dropout(p=0.5, train)";
        assert_eq!(model.summary().to_string(), expected);
        assert_eq!(kept().weight.shape(), [1, 1]);
    }
}
