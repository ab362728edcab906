//! `Mode`: whether a layer is training or evaluating.

use std::fmt;

use crate::module::{Children, Leaf, LeafMut, Module, Name};

/// Whether a layer is training or evaluating; new layers train.
///
/// Every layer stores its own mode, and a `Mode` is itself a [`Module`], so that
/// [`Module::eval`] finds it at any depth. A struct of plain parameters that
/// is to have a mode holds a `Mode` as a field.
///
/// A layer of your own asks [`trains`](Mode::trains) or [`drops`](Mode::drops). A comparison with one mode is easily
/// wrong for the third: a norm that updates its running statistics in all modes but `Eval` would also do so in
/// [`monte_carlo`](crate::monte_carlo).
///
/// # Example
///
/// ```
/// use gradlet_nn::{Mode, Module};
///
/// let mut mode = Mode::default();
/// assert_eq!(mode, Mode::Train);
/// mode.eval();
/// assert_eq!(mode.to_string(), "eval");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Mode {
    /// Dropout drops; batch statistics are taken from the batch.
    #[default]
    Train,
    /// Layers are deterministic. Gradients still flow.
    Eval,
    /// Layers act as in `Eval`, but dropout drops: each pass is one sample of a net's predictions. See
    /// [`Module::sampling`].
    Sample,
}

impl Mode {
    /// Whether statistics are those of the batch and running ones are updated: in `Train` alone. A norm asks this.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_nn::Mode;
    /// let [train, eval, sample] = [Mode::Train, Mode::Eval, Mode::Sample].map(|mode| (mode.trains(), mode.drops()));
    /// assert_eq!(train, (true, true));
    /// assert_eq!(eval, (false, false));
    /// assert_eq!(sample, (false, true)); // `mode != Mode::Eval` would take this for training
    /// ```
    pub fn trains(self) -> bool {
        self == Mode::Train
    }

    /// Whether dropout drops: in all modes but `Eval`. A layer that draws random numbers asks this.
    pub fn drops(self) -> bool {
        self != Mode::Eval
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Mode::Train => "train",
            Mode::Eval => "eval",
            Mode::Sample => "sample",
        })
    }
}

#[diagnostic::do_not_recommend]
impl Children for Mode {
    fn children<'a>(&'a self, _visit: &mut dyn FnMut(Name<'a>, &'a dyn Module)) {}

    fn children_mut<'a>(&'a mut self, _visit: &mut dyn FnMut(Name<'a>, &'a mut dyn Module)) {}

    fn as_leaf(&self) -> Leaf<'_> {
        Leaf::Mode(*self)
    }

    fn as_leaf_mut(&mut self) -> LeafMut<'_> {
        LeafMut::Mode(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mode_is_a_module_that_sets_itself() {
        let mut mode = Mode::Train;
        assert!(mode.training());
        mode.set_mode(Mode::Eval);
        assert_eq!(mode, Mode::Eval);
        assert!(!mode.training());
    }

    #[test]
    fn display_obeys_the_width() {
        assert_eq!(format!("{:>6}|{}", Mode::Train, Mode::Eval), " train|eval");
    }
}
