//! [`RecurrentCell`]: one step of a recurrent layer, for loops of one's own.

use gradlet_autograd::{CellKind, Direction, Error, ErrorKind, Float, Result, Var};
use rand::Rng;

use super::form::{Elman, Gated, LongShortTerm, RecurrentForm};
use super::weights::RecurrentWeights;
use crate::mode::Mode;
use crate::module::{Children, Module, Name};

/// One step of an [`Rnn`](crate::Rnn): `h' = tanh(W_ih x + b_ih + W_hh h + b_hh)`, `torch.nn.RNNCell`.
pub type RnnCell<T = f32> = RecurrentCell<Elman, T>;

/// One step of an [`Lstm`](crate::Lstm), whose state is `(h, c)`: `torch.nn.LSTMCell`.
pub type LstmCell<T = f32> = RecurrentCell<LongShortTerm, T>;

/// One step of a [`Gru`](crate::Gru): `torch.nn.GRUCell`.
pub type GruCell<T = f32> = RecurrentCell<Gated, T>;

/// A layer that maps an input and a state to the next state: one step of a [`Recurrent`](super::Recurrent) layer.
///
/// Its parameters are `weight_ih`, `weight_hh`, `bias_ih` and `bias_hh`; see [`RecurrentWeights`].
///
/// # Shape
///
/// `x: [batch, in], h: [batch, hidden] -> [batch, hidden]`, each with or without the batch
///
/// # Example
///
/// ```
/// # use gradlet_nn::LstmCell;
/// # use gradlet_autograd::Var;
/// # use gradlet_tensor::{Tensor, rng};
/// # fn main() -> gradlet_tensor::Result<()> {
/// let cell = LstmCell::new(3, 4, &mut rng(42))?;
/// let x = Var::constant(Tensor::ones([8, 3])?);
/// let mut state = None;
/// for _ in 0..5 {
///     state = Some(cell.step(&x, state.as_ref())?);
/// }
/// assert_eq!(state.map(|(h, _)| *h.shape()), Some([8, 4].into()));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct RecurrentCell<F, T: Float = f32> {
    /// The parameters.
    pub weights: RecurrentWeights<T>,
    form: F,
    mode: Mode,
}

impl<F: RecurrentForm> RecurrentCell<F> {
    /// A cell with biases.
    ///
    /// # Errors
    ///
    /// If `hidden` is 0, or memory does not hold that many weights.
    #[track_caller]
    pub fn new(inputs: usize, hidden: usize, rng: &mut (impl Rng + ?Sized)) -> Result<Self> {
        Self::new_of(inputs, hidden, rng)
    }
}

impl<T: Float> RecurrentCell<Elman, T> {
    /// The same cell with the rectifier in place of tanh.
    pub fn relu(self) -> Self {
        let form = Elman(CellKind::Relu);
        Self { form, ..self }
    }
}

impl<F: RecurrentForm, T: Float> RecurrentCell<F, T> {
    /// A cell with biases, for any element type: `LstmCell::<f64>::new_of(..)`.
    ///
    /// # Errors
    ///
    /// If `hidden` is 0, or memory does not hold that many weights.
    #[track_caller]
    pub fn new_of(inputs: usize, hidden: usize, rng: &mut (impl Rng + ?Sized)) -> Result<Self> {
        let form = F::default();
        Ok(Self {
            weights: RecurrentWeights::new(form.kind(), [inputs, hidden], "", rng)?,
            form,
            mode: Mode::Train,
        })
    }

    /// The same cell without biases.
    pub fn without_bias(mut self) -> Self {
        self.weights.biases = None;
        self
    }

    /// The next state, from an input and the state before, which is 0 if not given.
    ///
    /// # Errors
    ///
    /// If `x` or the state does not have the shape that the cell takes.
    #[track_caller]
    pub fn step(&self, x: &Var<T>, state: Option<&F::State<T>>) -> Result<F::State<T>> {
        self.run(x, state).map_err(|error| self.name_in(error))
    }

    #[track_caller]
    fn run(&self, x: &Var<T>, state: Option<&F::State<T>>) -> Result<F::State<T>> {
        if !(1..=2).contains(&x.rank()) {
            return Err(Error::new(ErrorKind::Rank {
                op: "step",
                expected: "inputs [batch, in] or [in]",
                shape: *x.shape(),
            }));
        }
        let single = x.rank() == 1;
        let batch = |x: Var<T>, axis| if single { x.unsqueeze(axis) } else { Ok(x) };
        let start = match state {
            Some(state) => Some(batch(F::stack(state)?, 1)?),
            None => None,
        };
        let x = batch(x.unsqueeze(0)?, 1)?;
        let how = (self.form.kind(), Direction::Forward, None);
        let (_, last) = self.weights.run(&x, how, start.as_ref())?;
        let last = if single { last.squeeze(1)? } else { last };
        F::from_stack(&last)
    }

    fn sizes(&self) -> String {
        let [inputs, hidden] = self.weights.sizes();
        let relu = if self.form.kind() == CellKind::Relu {
            ", relu"
        } else {
            ""
        };
        let bias = if self.weights.biases.is_some() {
            ""
        } else {
            ", no bias"
        };
        format!("{inputs} -> {hidden}{relu}{bias}")
    }
}

#[diagnostic::do_not_recommend]
impl<F: RecurrentForm, T: Float> Children for RecurrentCell<F, T> {
    fn children<'a>(&'a self, visit: &mut dyn FnMut(Name<'a>, &'a dyn Module)) {
        self.weights.visit(visit);
        visit(Name::Field("mode"), &self.mode);
    }

    fn children_mut<'a>(&'a mut self, visit: &mut dyn FnMut(Name<'a>, &'a mut dyn Module)) {
        self.weights.visit_mut(visit);
        visit(Name::Field("mode"), &mut self.mode);
    }

    fn kind(&self) -> &'static str {
        F::CELL_NAME
    }

    fn describe(&self) -> String {
        self.sizes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gradlet_tensor::{Tensor, rng, tensor};

    #[test]
    fn a_step_computes_the_formula() -> Result<()> {
        let mut cell = RnnCell::new(2, 1, &mut rng(1))?.relu();
        *cell.weights.weight_ih.tensor_mut() = tensor![[1.0, 10.0]];
        *cell.weights.weight_hh.tensor_mut() = tensor![[2.0]];
        cell.weights.biases = Some([tensor![0.5].into(), tensor![0.25].into()]);
        let x = Var::constant(tensor![[1.0, 2.0], [-9.0, 0.5]]);
        let h = cell.step(&x, None)?;
        assert_eq!(h.to_vec(), [21.75, 0.0]);
        assert_eq!(cell.step(&x, Some(&h))?.to_vec(), [65.25, 0.0]);
        let one = cell.step(&x.select(0, 0)?, Some(&h.select(0, 0)?))?;
        assert_eq!((one.shape().to_vec(), one.to_vec()), (vec![1], vec![65.25]));
        assert_eq!(cell.describe(), "2 -> 1, relu");
        assert_eq!(cell.without_bias().describe(), "2 -> 1, relu, no bias");
        Ok(())
    }

    #[test]
    fn errors_name_the_cell_and_the_shapes() -> Result<()> {
        let cell = GruCell::new(2, 3, &mut rng(1))?;
        let x = Var::constant(Tensor::zeros([4, 5])?);
        let text = cell.step(&x, None).unwrap_err().to_string();
        let start = "GruCell(2 -> 3): recurrent: inner sizes differ: [1, 4, 5] x [9, 2]";
        assert!(text.starts_with(start), "{text}");
        let here = format!("(at {}:{})", file!(), line!() - 3);
        assert!(text.ends_with(&here), "{text}");
        let x = Var::constant(Tensor::zeros([4, 2])?);
        assert!(cell.step(&x, Some(&x)).is_err());
        assert!(cell.step(&x.unsqueeze(0)?, None).is_err());
        assert!(LstmCell::new(2, 0, &mut rng(1)).is_err());
        Ok(())
    }
}
