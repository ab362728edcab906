//! Recurrent cells over sequences, with all steps of a layer in one operation.

use std::rc::Rc;

use gradlet_tensor::fused::{CellKind, Direction, States, Unrolled};
use gradlet_tensor::{Error, ErrorKind, Float, Result, Tensor};

use crate::backward::pull_back;
use crate::cell::Cell;
use crate::no_grad::is_recording;
use crate::op::{Many, Op, Want};
use crate::saves::Inputs;
use crate::var::Var;

const OP: &str = "recurrent";

/// The states after all steps, of the inputs `x`, `weight_ih`, `weight_hh`, `start`, and perhaps `bias_ih` and `bias_hh`
#[derive(Debug)]
struct Recurrent<T: Float> {
    cell: Cell,
    states: States<T>,
}

impl<T: Float> Op<T> for Recurrent<T> {
    type Arity = Many;
    type Saves = Inputs;

    fn forward(&self, inputs: Vec<&Tensor<T>>) -> Result<Tensor<T>> {
        Ok(self.cell.states(&inputs)?.all)
    }

    /// Step by step from the last one: the gradients of the sums that the gates are functions of, and of the state before.
    /// Then all steps at once: dx = dsums `weight_ih`, `dweight_ih` = dsums^T x, `dweight_hh` = dsums^T h, `dbias` = sum(dsums)
    fn backward(
        &self,
        g: Var<T>,
        (inputs, wants): (Vec<Var<T>>, Vec<Want>),
    ) -> Result<Vec<Option<Var<T>>>> {
        if is_recording() {
            return pull_back(|inputs| self.cell.step_by_step(inputs), &inputs, g);
        }
        let tensors: Vec<_> = inputs.iter().map(Var::tensor).collect();
        let given = self.cell.unrolled();
        let grads = given.gradient(g.tensor(), &self.states, tensors[2], tensors[3])?;
        let (mut dinputs, mut dbias) = (Vec::with_capacity(wants.len()), None);
        for (i, want) in wants.into_iter().enumerate() {
            let dinput = want.then(|| match i {
                0 => grads.inputs.matmul(tensors[1]),
                1 => turned(&product(tensors[0], &grads.inputs)?),
                2 => turned(&self.weight_gradient(&grads.sums, tensors[3])?),
                3 => Ok(grads.start.clone()),
                // The second bias has the same gradient as the first one, except in Gru.
                _ => match dbias.take() {
                    Some(dbias) if self.cell.kind != CellKind::Gru => Ok(dbias),
                    _ => {
                        let of = if i == 4 { &grads.inputs } else { &grads.sums };
                        let sum = of.sum([0, 1])?;
                        dbias = Some(sum.clone());
                        Ok(sum)
                    }
                },
            })?;
            dinputs.push(dinput.map(Var::constant));
        }
        Ok(dinputs)
    }

    fn attribute_bytes(&self) -> usize {
        let saved = self.states.saved.iter().map(Tensor::size_bytes);
        self.states.all.size_bytes() + saved.sum::<usize>()
    }

    fn name(&self) -> String {
        let name = match self.cell.kind {
            CellKind::Tanh | CellKind::Relu => "rnn",
            CellKind::Lstm => "lstm",
            CellKind::Gru => "gru",
        };
        name.to_owned()
    }
}

impl<T: Float> Recurrent<T> {
    /// The gradient of the weight of the state, transposed: h before each step is h after the step that was taken before.
    fn weight_gradient(&self, dsums: &Tensor<T>, start: &Tensor<T>) -> Result<Tensor<T>> {
        let (h, time) = (self.states.all.select(0, 0)?, dsums.shape()[0]);
        let (from, to) = match self.cell.direction {
            Direction::Forward => (0, 1),
            Direction::Reverse => (1, 0),
        };
        let first = self.cell.direction.step(0, time);
        let of_start = product(&start.narrow(0, 0, 1)?, &dsums.narrow(0, first, 1)?)?;
        let (h, others) = (h.narrow(0, from, time - 1)?, dsums.narrow(0, to, time - 1)?);
        let mut sum = product(&h, &others)?;
        sum.add_assign(&of_start)?;
        Ok(sum)
    }
}

/// `x^T y` over all rows of all steps. With the many columns of the sums on the right, a product copies its operands in the
/// order of memory: the transposed product took a tenth of a training step longer.
fn product<T: Float>(x: &Tensor<T>, y: &Tensor<T>) -> Result<Tensor<T>> {
    x.flatten(..2)?.t()?.matmul(&y.flatten(..2)?)
}

/// The transposed matrix, copied into the order of its rows.
fn turned<T: Float>(x: &Tensor<T>) -> Result<Tensor<T>> {
    Ok(x.t()?.contiguous())
}

impl Cell {
    #[track_caller]
    fn states<T: Float>(&self, inputs: &[&Tensor<T>]) -> Result<States<T>> {
        let (mut bias, mut bias_hh) = (inputs.get(4).copied(), inputs.get(5).copied());
        let both;
        // Only Gru multiplies the sums of the state before it adds them to those of the inputs.
        if let (Some(of_inputs), Some(of_state), false) =
            (bias, bias_hh, self.kind == CellKind::Gru)
        {
            of_state.expect_shape(OP, of_inputs.shape())?;
            both = of_inputs.add(of_state)?;
            (bias, bias_hh) = (Some(&both), None);
        }
        let sums = inputs[0]
            .linear(inputs[1], bias)
            .map_err(|error| error.of(OP))?;
        self.unrolled().run(sums, inputs[2], bias_hh, inputs[3])
    }
}

impl<T: Float> Var<T> {
    /// A recurrent layer in one direction: the states h of a cell after each step of sequences, and the last state.
    ///
    /// With `x = weights[0] x_t + biases[0]` and `h = weights[1] h_(t-1) + biases[1]`, [`CellKind`] has the formulas of the
    /// cells. The last state has h, and behind it c for `Lstm`. `start` is the state before the first step, 0 if not
    /// given. Steps after a sequence's length are left out: their output is 0 whatever their input is, and in reverse a
    /// sequence begins at its own end.
    ///
    /// # Shape
    ///
    /// `x: [time, batch, in]`, `weights: [gates * hidden, in], [gates * hidden, hidden]`, `biases: [gates * hidden]` each,
    /// `start: [states, batch, hidden] -> [time, batch, hidden], [states, batch, hidden]`
    ///
    /// # Gradient
    ///
    /// Back through all steps. The inputs, the states and, for `Lstm` and `Gru`, the gates of all steps are saved. A
    /// gradient that is recorded, to be differentiated again, runs the steps a second time, each as several operations.
    ///
    /// # Errors
    ///
    /// If the shapes differ from these, there are no steps or no elements in a state, or a length is 0 or above the
    /// number of steps.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::{CellKind, Direction, Unrolled, Var};
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::leaf(tensor![[[1.0]], [[1.0]], [[-9.0]]]); // three steps
    /// let (w, u) = (Var::leaf(tensor![[1.0]]), Var::leaf(tensor![[2.0]]));
    /// let cell = Unrolled { kind: CellKind::Relu, direction: Direction::Forward, lengths: Some(&[2]) };
    /// let (y, last) = x.recurrent(cell, [&w, &u], None, None)?;
    /// assert_eq!((y.to_vec(), last.to_vec()), (vec![1.0, 3.0, 0.0], vec![3.0]));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// S. Hochreiter, J. Schmidhuber, "Long Short-Term Memory", 1997; K. Cho and others, "Learning Phrase
    /// Representations using RNN Encoder-Decoder", 2014; one layer and direction of `torch.nn.LSTM`, `GRU` or `RNN`.
    #[track_caller]
    pub fn recurrent(
        &self,
        cell: Unrolled<'_>,
        weights: [&Self; 2],
        biases: Option<[&Self; 2]>,
        start: Option<&Self>,
    ) -> Result<(Self, Self)> {
        let [time, batch, _] = self.shape()[..] else {
            let (expected, shape) = ("sequences [time, batch, in]", *self.shape());
            return Err(Error::new(ErrorKind::Rank {
                op: OP,
                expected,
                shape,
            }));
        };
        let padding = cell.padding(time, batch)?;
        let zero = T::of(0.0);
        let (x, start_of_zeros);
        let x = match &padding {
            Some(padding) => {
                x = self.masked_fill(padding, zero)?;
                &x
            }
            None => self,
        };
        let start = if let Some(start) = start {
            start
        } else {
            let hidden = weights[1].shape().last().copied().unwrap_or_default();
            let zeros = Tensor::zeros_of([cell.kind.states(), batch, hidden])?;
            start_of_zeros = Var::constant(zeros);
            &start_of_zeros
        };
        let mut inputs = vec![x, weights[0], weights[1], start];
        inputs.extend(biases.into_iter().flatten());
        let all = Cell {
            kind: cell.kind,
            direction: cell.direction,
            lengths: cell.lengths.map(Rc::from),
        }
        .apply(inputs)?;
        let last = all.select(1, cell.direction.step(time - 1, time))?;
        let y = if cell.kind.states() == 1 {
            all.reshape(&all.shape()[1..])?
        } else {
            all.select(0, 0)?
        };
        Ok(match padding {
            Some(padding) => (y.masked_fill(&padding, zero)?, last),
            None => (y, last),
        })
    }
}

impl Cell {
    #[track_caller]
    fn apply<T: Float>(self, inputs: Vec<&Var<T>>) -> Result<Var<T>> {
        let tensors: Vec<_> = inputs.iter().map(|x| x.tensor()).collect();
        let states = self.states(&tensors)?;
        let value = states.all.clone();
        Ok(Recurrent { cell: self, states }.record(inputs, value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backward::{CreateGraph, grad};
    use crate::check::{gradcheck, gradgradcheck};
    use gradlet_tensor::rng;

    const KINDS: [CellKind; 4] = [
        CellKind::Tanh,
        CellKind::Relu,
        CellKind::Lstm,
        CellKind::Gru,
    ];
    const DIRECTIONS: [Direction; 2] = [Direction::Forward, Direction::Reverse];

    /// x, both weights, the start and both biases for sizes `[time, batch, in, hidden]`.
    fn inputs<T: Float>(kind: CellKind, sizes: [usize; 4]) -> Result<Vec<Tensor<T>>> {
        let [time, batch, inputs, n] = sizes;
        let (width, rng) = (kind.gates() * n, &mut rng(1));
        let shapes: [&[usize]; 6] = [
            &[time, batch, inputs],
            &[width, inputs],
            &[width, n],
            &[kind.states(), batch, n],
            &[width],
            &[width],
        ];
        let mut all = Vec::new();
        for shape in shapes {
            all.push(Tensor::normal(shape, 0.0, 0.7, rng)?);
        }
        Ok(all)
    }

    /// Output and last state in one, with and without biases and a start, by the number of inputs.
    fn run<T: Float>(cell: Unrolled<'_>, x: &[Var<T>]) -> Result<Var<T>> {
        let biases = x.get(4).zip(x.get(5)).map(|(a, b)| [a, b]);
        let (y, last) = x[0].recurrent(cell, [&x[1], &x[2]], biases, x.get(3))?;
        Var::cat(
            &[&y.flatten(..)?, &last.flatten(..)?.mul_scalar(T::of(0.3))],
            0,
        )
    }

    #[test]
    fn gradients_agree_with_finite_differences() -> Result<()> {
        for kind in KINDS {
            for direction in DIRECTIONS {
                for lengths in [None, Some(&[2, 3, 1][..])] {
                    let cell = Unrolled {
                        kind,
                        direction,
                        lengths,
                    };
                    let x = inputs(kind, [3, 3, 2, 2])?;
                    for count in [3, 4, 6] {
                        gradcheck(|x| run(cell, x), &x[..count])?;
                        gradgradcheck(|x| run(cell, x), &x[..count])?;
                    }
                }
            }
        }
        Ok(())
    }

    #[test]
    fn one_input_in_several_places_gets_all_gradients() -> Result<()> {
        for kind in [CellKind::Tanh, CellKind::Lstm] {
            let cell = Unrolled {
                kind,
                direction: Direction::Forward,
                lengths: None,
            };
            let x = inputs(kind, [2, 2, 2, 2])?;
            let shared = |x: &[Var<f64>]| {
                let y = x[0].recurrent(cell, [&x[1], &x[1]], Some([&x[2], &x[2]]), None)?;
                Ok(y.0)
            };
            let x = [x[0].clone(), x[1].clone(), x[4].clone()];
            gradcheck(shared, &x)?;
            gradgradcheck(shared, &x)?;
        }
        Ok(())
    }

    #[test]
    fn recorded_and_plain_gradients_are_the_same() -> Result<()> {
        for kind in KINDS {
            for direction in DIRECTIONS {
                for lengths in [None, Some(&[4, 1, 3][..])] {
                    let cell = Unrolled {
                        kind,
                        direction,
                        lengths,
                    };
                    let x = inputs::<f64>(kind, [4, 3, 3, 5])?;
                    let x: Vec<_> = x.into_iter().map(Var::leaf).collect();
                    let loss = run(cell, &x)?.square().sum(..)?;
                    let xs: Vec<_> = x.iter().collect();
                    let plain = grad(&loss, &xs, CreateGraph::No)?;
                    let recorded = grad(&loss, &xs, CreateGraph::Yes)?;
                    for (plain, recorded) in plain.iter().zip(recorded) {
                        let largest = plain.sub(&recorded)?.tensor().abs().max(..)?.item()?;
                        assert!(largest < 1e-13, "{cell:?}: {largest}");
                        assert!(recorded.is_tracked());
                    }
                }
            }
        }
        Ok(())
    }

    #[test]
    fn what_does_not_fit_is_an_error() -> Result<()> {
        let kind = CellKind::Gru;
        let cell = Unrolled {
            kind,
            direction: Direction::Forward,
            lengths: None,
        };
        let x: Vec<_> = inputs::<f64>(kind, [3, 2, 4, 5])?
            .into_iter()
            .map(Var::leaf)
            .collect();
        assert!(run(cell, &x).is_ok());
        for (at, other) in [(0, 1), (1, 2), (2, 1), (3, 0), (4, 0), (5, 1)] {
            let mut wrong = x.clone();
            wrong[at] = x[other].clone();
            let text = run(cell, &wrong).unwrap_err().to_string();
            assert!(text.starts_with("recurrent: "), "{text}");
            assert!(text.contains("recurrent.rs"), "{text}");
        }
        for (lengths, expected) in [
            (
                &[1][..],
                "the number of lengths must be that of the sequences, got 1; the batch has 2",
            ),
            (
                &[4, 1],
                "a length must be from 1 to the number of steps, got 4; there are 3 steps",
            ),
            (
                &[0, 1],
                "a length must be from 1 to the number of steps, got 0; there are 3 steps",
            ),
        ] {
            let cell = Unrolled {
                lengths: Some(lengths),
                ..cell
            };
            let text = run(cell, &x).unwrap_err().to_string();
            assert!(
                text.starts_with(&format!("recurrent: {expected} (at ")),
                "{text}"
            );
        }
        let none = Var::constant(Tensor::zeros_of([0, 2, 4])?);
        assert!(none.recurrent(cell, [&x[1], &x[2]], None, None).is_err());
        Ok(())
    }
}
