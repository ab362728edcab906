//! [`Recurrent`]: a recurrent layer of any form, and names for the common ones.

use std::fmt::Write;

use gradlet_autograd::{CellKind, Direction, Error, ErrorKind, Float, Result, Var};
use rand::Rng;

use super::form::{Elman, Gated, LongShortTerm, RecurrentForm};
use super::weights::RecurrentWeights;
use crate::dropout::Dropout;
use crate::forward::Forward;
use crate::mode::Mode;
use crate::module::{Children, Module, Name};
use crate::require::require;

/// Elman's net, `h' = tanh(W_ih x + b_ih + W_hh h + b_hh)`, or with the rectifier: `torch.nn.RNN`.
///
/// [`Recurrent`] lists the methods that all recurrent layers share.
pub type Rnn<T = f32> = Recurrent<Elman, T>;

/// Long short-term memory, `torch.nn.LSTM`: `c' = f c + i a, h' = o tanh(c')`, where `i`, `f` and `o` are logistic
/// functions and `a` the hyperbolic tangent of their rows of `W_ih x + b_ih + W_hh h + b_hh`. The state is `(h, c)`.
///
/// [`Recurrent`] lists the methods that all recurrent layers share.
///
/// # Example
///
/// ```
/// # use gradlet_nn::{Lstm, layer::Directions};
/// # use gradlet_autograd::Var;
/// # use gradlet_tensor::{Tensor, rng};
/// # fn main() -> gradlet_tensor::Result<()> {
/// let lstm = Lstm::deep(3, 4, 2, Directions::Both, &mut rng(42))?.batch_first().dropout(0.2)?;
/// let x = Var::constant(Tensor::zeros([8, 10, 3])?); // 8 sequences of up to 10 steps
/// let lengths = [10, 9, 9, 7, 5, 4, 2, 1];
/// let (y, (h, c)) = lstm.forward_padded(&x, &lengths, None)?;
/// assert_eq!((y.shape()[..].to_vec(), h.shape(), c.shape()), (vec![8, 10, 8], &[4, 8, 4].into(), h.shape()));
/// # Ok(())
/// # }
/// ```
pub type Lstm<T = f32> = Recurrent<LongShortTerm, T>;

/// The gated recurrent unit, `torch.nn.GRU`: `h' = (1 - z) n + z h`, `n = tanh(W_in x + b_in + r (W_hn h + b_hn))`, where
/// `r` and `z` are logistic functions of their rows of `W_ih x + b_ih + W_hh h + b_hh`.
///
/// [`Recurrent`] lists the methods that all recurrent layers share.
pub type Gru<T = f32> = Recurrent<Gated, T>;

/// The directions in which a recurrent layer takes the steps of a sequence.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Directions {
    /// From the first step to the last.
    #[default]
    Forward,
    /// Both, each with weights of its own; the outputs are side by side.
    Both,
}

impl Directions {
    fn all(self) -> &'static [Direction] {
        match self {
            Self::Forward => &[Direction::Forward],
            Self::Both => &[Direction::Forward, Direction::Reverse],
        }
    }
}

/// A layer that maps sequences to sequences by a cell which keeps a state from step to step.
///
/// Several layers are stacked: each takes the output of the one before. `forward` returns the output alone, so that the
/// layer fits into a chain; [`forward_from`](Self::forward_from) also takes a first state and returns the last one.
/// Parameters have PyTorch's names, in its order; see [`RecurrentWeights`].
///
/// # Shape
///
/// `x: [time, batch, in] -> [time, batch, directions * hidden]`, or `[batch, time, ..]` with
/// [`batch_first`](Self::batch_first), or without the batch; each tensor of a state is `[layers * directions, batch, hidden]`
/// also with the batch first, `[layers * directions, hidden]` without the batch
///
/// # Example
///
/// ```
/// # use gradlet_nn::{Forward, Gru};
/// # use gradlet_autograd::Var;
/// # use gradlet_tensor::{Tensor, rng};
/// # fn main() -> gradlet_tensor::Result<()> {
/// let gru = Gru::new(3, 4, &mut rng(42))?;
/// let x = Var::constant(Tensor::ones([10, 8, 3])?);
/// let (first, state) = gru.forward_from(&x.narrow(0, 0, 6)?, None)?;
/// let (second, _) = gru.forward_from(&x.narrow(0, 6, 4)?, Some(&state))?;
/// assert_eq!(Var::cat(&[&first, &second], 0)?.tensor(), gru.forward(&x)?.tensor());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Recurrent<F, T: Float = f32> {
    /// The parameters of each layer, with those in reverse behind those of the same layer.
    pub weights: Vec<RecurrentWeights<T>>,
    form: F,
    directions: Directions,
    batch_first: bool,
    dropout: Option<Dropout>,
    mode: Mode,
}

impl<F: RecurrentForm> Recurrent<F> {
    /// One layer in one direction, with biases.
    ///
    /// # Errors
    ///
    /// If `hidden` is 0, or memory does not hold that many weights.
    #[track_caller]
    pub fn new(inputs: usize, hidden: usize, rng: &mut (impl Rng + ?Sized)) -> Result<Self> {
        Self::new_of(inputs, hidden, 1, Directions::Forward, rng)
    }

    /// Several layers on top of each other, in one direction or both, with biases.
    ///
    /// # Errors
    ///
    /// If `hidden` or `layers` is 0, or memory does not hold that many weights.
    #[track_caller]
    pub fn deep(
        inputs: usize,
        hidden: usize,
        layers: usize,
        directions: Directions,
        rng: &mut (impl Rng + ?Sized),
    ) -> Result<Self> {
        Self::new_of(inputs, hidden, layers, directions, rng)
    }
}

impl<T: Float> Recurrent<Elman, T> {
    /// The same layer with the rectifier in place of tanh.
    pub fn relu(self) -> Self {
        let form = Elman(CellKind::Relu);
        Self { form, ..self }
    }
}

impl<F: RecurrentForm, T: Float> Recurrent<F, T> {
    /// As `deep`, for any element type: `Lstm::<f64>::new_of(..)`.
    ///
    /// # Errors
    ///
    /// As for `deep`.
    #[track_caller]
    pub fn new_of(
        inputs: usize,
        hidden: usize,
        layers: usize,
        directions: Directions,
        rng: &mut (impl Rng + ?Sized),
    ) -> Result<Self> {
        require(layers > 0, F::NAME, "layers", "at least 1", layers as f64)?;
        let form = F::default();
        let mut weights = Vec::new();
        for layer in 0..layers {
            let inputs = if layer == 0 {
                inputs
            } else {
                hidden.saturating_mul(directions.all().len())
            };
            for ending in ["", "_reverse"].iter().take(directions.all().len()) {
                let suffix = format!("_l{layer}{ending}");
                let sizes = [inputs, hidden];
                weights.push(RecurrentWeights::new(form.kind(), sizes, &suffix, rng)?);
            }
        }
        Ok(Self {
            weights,
            form,
            directions,
            batch_first: false,
            dropout: if layers > 1 {
                Some(Dropout::new(0.0, rng)?)
            } else {
                None
            },
            mode: Mode::Train,
        })
    }

    /// The same layer for `[batch, time, in]` instead of `[time, batch, in]`; states are not affected.
    pub fn batch_first(self) -> Self {
        Self {
            batch_first: true,
            ..self
        }
    }

    /// The same layer without biases.
    pub fn without_bias(mut self) -> Self {
        self.weights.iter_mut().for_each(|own| own.biases = None);
        self
    }

    /// The same layer with [`Dropout`] between stacked layers: of the output of each but the last. Its random stream got
    /// its seed when the layer was made.
    ///
    /// # Errors
    ///
    /// If `p` is not in [0, 1], or there is only one layer.
    #[track_caller]
    pub fn dropout(mut self, p: f64) -> Result<Self> {
        match &mut self.dropout {
            Some(dropout) => dropout.set_p(p)?,
            None => require(
                false,
                F::NAME,
                "layers",
                "at least 2 for dropout between them",
                1.0,
            )?,
        }
        Ok(self)
    }

    /// The output, and the state after the last step, given the state before the first one, which is 0 if not given.
    ///
    /// # Errors
    ///
    /// If `x` or the state does not have the shape that the layer takes, or there are no steps.
    #[track_caller]
    pub fn forward_from(
        &self,
        x: &Var<T>,
        state: Option<&F::State<T>>,
    ) -> Result<(Var<T>, F::State<T>)> {
        let run = self.run(x, None, state);
        run.map_err(|error| self.name_in(error))
    }

    /// As [`forward_from`](Self::forward_from), for sequences of these lengths, in any order. Steps after a sequence's
    /// length touch neither its state nor a gradient, whatever they hold, and have output 0; in reverse, a sequence
    /// begins at its own end.
    ///
    /// # Errors
    ///
    /// As for `forward_from`, or if there are not as many lengths as sequences, or one is 0 or above the number of steps.
    ///
    /// # Source
    ///
    /// `torch.nn.utils.rnn.pack_padded_sequence` and `pad_packed_sequence`
    #[track_caller]
    pub fn forward_padded(
        &self,
        x: &Var<T>,
        lengths: &[usize],
        state: Option<&F::State<T>>,
    ) -> Result<(Var<T>, F::State<T>)> {
        let run = self.run(x, Some(lengths), state);
        run.map_err(|error| self.name_in(error))
    }

    #[track_caller]
    fn run(
        &self,
        x: &Var<T>,
        lengths: Option<&[usize]>,
        state: Option<&F::State<T>>,
    ) -> Result<(Var<T>, F::State<T>)> {
        // The axis of the batch, as it is given.
        let axis = isize::from(!self.batch_first);
        let batched = match x.rank() {
            2 => false,
            3 => true,
            _ => return Err(self.rank(x)),
        };
        let mut y = if batched {
            x.clone()
        } else {
            x.unsqueeze(axis)?
        };
        if self.batch_first {
            y = y.transpose(0, 1)?;
        }
        let start = match state {
            Some(state) if batched => Some(F::stack(state)?),
            Some(state) => Some(F::stack(state)?.unsqueeze(2)?),
            None => None,
        };
        if let Some(start) = &start {
            let [_, hidden] = self.weights[0].sizes();
            let expected = [
                self.form.kind().states(),
                self.weights.len(),
                y.shape()[1],
                hidden,
            ];
            start.tensor().expect_shape("state", expected)?;
        }
        let directions = self.directions.all();
        let mut last = Vec::with_capacity(self.weights.len());
        for (layer, weights) in self.weights.chunks(directions.len()).enumerate() {
            if let (Some(dropout), 1..) = (&self.dropout, layer) {
                y = dropout.forward(&y)?;
            }
            let mut outputs = Vec::with_capacity(directions.len());
            for (weights, &direction) in weights.iter().zip(directions) {
                let start = match &start {
                    Some(start) => Some(start.select(1, last.len())?),
                    None => None,
                };
                let how = (self.form.kind(), direction, lengths);
                let (output, state) = weights.run(&y, how, start.as_ref())?;
                outputs.push(output);
                last.push(state);
            }
            y = match &outputs[..] {
                [output] => output.clone(),
                outputs => Var::cat(&outputs.iter().collect::<Vec<_>>(), 2)?,
            };
        }
        if self.batch_first {
            y = y.transpose(0, 1)?;
        }
        let mut last = Var::stack(&last.iter().collect::<Vec<_>>(), 1)?;
        if !batched {
            (y, last) = (y.squeeze(axis)?, last.squeeze(2)?);
        }
        Ok((y, F::from_stack(&last)?))
    }

    #[track_caller]
    fn rank(&self, x: &Var<T>) -> Error {
        Error::new(ErrorKind::Rank {
            op: "forward",
            expected: if self.batch_first {
                "sequences [batch, time, in] or [time, in]"
            } else {
                "sequences [time, batch, in] or [time, in]"
            },
            shape: *x.shape(),
        })
    }

    fn sizes(&self) -> String {
        let directions = self.directions.all().len();
        let [inputs, hidden] = self.weights[0].sizes();
        let mut sizes = format!("{inputs} -> {hidden}");
        let layers = self.weights.len() / directions;
        if layers > 1 {
            let _ = write!(sizes, ", {layers} layers");
        }
        for (holds, text) in [
            (directions > 1, ", both directions"),
            (self.form.kind() == CellKind::Relu, ", relu"),
            (self.batch_first, ", batch first"),
            (
                self.weights.iter().all(|own| own.biases.is_none()),
                ", no bias",
            ),
        ] {
            if holds {
                sizes.push_str(text);
            }
        }
        sizes
    }
}

impl<F: RecurrentForm, T: Float> Forward<T> for Recurrent<F, T> {
    fn forward(&self, x: &Var<T>) -> Result<Var<T>> {
        Ok(self.forward_from(x, None)?.0)
    }
}

#[diagnostic::do_not_recommend]
impl<F: RecurrentForm, T: Float> Children for Recurrent<F, T> {
    fn children<'a>(&'a self, visit: &mut dyn FnMut(Name<'a>, &'a dyn Module)) {
        for weights in &self.weights {
            weights.visit(visit);
        }
        visit(Name::Field("dropout"), &self.dropout);
        visit(Name::Field("mode"), &self.mode);
    }

    fn children_mut<'a>(&'a mut self, visit: &mut dyn FnMut(Name<'a>, &'a mut dyn Module)) {
        for weights in &mut self.weights {
            weights.visit_mut(visit);
        }
        visit(Name::Field("dropout"), &mut self.dropout);
        visit(Name::Field("mode"), &mut self.mode);
    }

    fn kind(&self) -> &'static str {
        F::NAME
    }

    fn describe(&self) -> String {
        self.sizes()
    }
}
