//! [`RecurrentWeights`]: the parameters of a recurrent layer in one direction.

use gradlet_autograd::{CellKind, Direction, Float, Result, Unrolled, Var};
use rand::Rng;

use crate::init::fan_in_uniform;
use crate::module::{Module, Name};
use crate::parameter::Parameter;

/// The weights and biases of one layer of a recurrent net in one direction, under PyTorch's names: `weight_ih_l0`,
/// `weight_hh_l0`, `bias_ih_l0`, `bias_hh_l0`; those of layer 1 in reverse end in `_l1_reverse`, those of a cell in nothing.
///
/// They start uniform in `[-1/sqrt(hidden), 1/sqrt(hidden))`, as in PyTorch. The gates are one below the other in the
/// order i, f, g, o in an `Lstm` and r, z, n in a `Gru`.
#[derive(Clone, Debug)]
pub struct RecurrentWeights<T: Float = f32> {
    /// `[gates * hidden, in]`
    pub weight_ih: Parameter<T>,
    /// `[gates * hidden, hidden]`
    pub weight_hh: Parameter<T>,
    /// `bias_ih` and `bias_hh`, `[gates * hidden]` each.
    pub biases: Option<[Parameter<T>; 2]>,
    names: [String; 4],
}

impl<T: Float> RecurrentWeights<T> {
    /// Weights with biases; `suffix` ends their names.
    #[track_caller]
    pub(super) fn new(
        kind: CellKind,
        [inputs, hidden]: [usize; 2],
        suffix: &str,
        rng: &mut (impl Rng + ?Sized),
    ) -> Result<Self> {
        let width = kind.gates().saturating_mul(hidden);
        let names = ["weight_ih", "weight_hh", "bias_ih", "bias_hh"];
        Ok(Self {
            weight_ih: fan_in_uniform([width, inputs], hidden, rng)?.into(),
            weight_hh: fan_in_uniform([width, hidden], hidden, rng)?.into(),
            biases: Some([
                fan_in_uniform(width, hidden, rng)?.into(),
                fan_in_uniform(width, hidden, rng)?.into(),
            ]),
            names: names.map(|name| format!("{name}{suffix}")),
        })
    }

    /// The sizes of an input and of a state.
    pub(super) fn sizes(&self) -> [usize; 2] {
        [self.weight_ih.shape()[1], self.weight_hh.shape()[1]]
    }

    pub(super) fn visit<'a>(&'a self, visit: &mut dyn FnMut(Name<'a>, &'a dyn Module)) {
        let [weight_ih, weight_hh, biases @ ..] = &self.names;
        visit(Name::Field(weight_ih), &self.weight_ih);
        visit(Name::Field(weight_hh), &self.weight_hh);
        for (name, bias) in biases.iter().zip(self.biases.iter().flatten()) {
            visit(Name::Field(name), bias);
        }
    }

    pub(super) fn visit_mut<'a>(&'a mut self, visit: &mut dyn FnMut(Name<'a>, &'a mut dyn Module)) {
        let [weight_ih, weight_hh, biases @ ..] = &self.names;
        visit(Name::Field(weight_ih), &mut self.weight_ih);
        visit(Name::Field(weight_hh), &mut self.weight_hh);
        for (name, bias) in biases.iter().zip(self.biases.iter_mut().flatten()) {
            visit(Name::Field(name), bias);
        }
    }

    /// The output and the last state of `[time, batch, in]`, as [`Var::recurrent`] returns them.
    #[track_caller]
    pub(super) fn run(
        &self,
        x: &Var<T>,
        (kind, direction, lengths): (CellKind, Direction, Option<&[usize]>),
        start: Option<&Var<T>>,
    ) -> Result<(Var<T>, Var<T>)> {
        let cell = Unrolled {
            kind,
            direction,
            lengths,
        };
        let [weight_ih, weight_hh] = [&self.weight_ih, &self.weight_hh].map(Parameter::leaf);
        let biases = self.biases.as_ref();
        let biases = biases.map(|biases| biases.each_ref().map(Parameter::leaf));
        let biases = biases.as_ref().map(<[_; 2]>::each_ref);
        x.recurrent(cell, [&weight_ih, &weight_hh], biases, start)
    }
}
