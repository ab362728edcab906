//! Recurrent cells over sequences: the states after all steps, and the gradient of the whole sequence.

use crate::element::Float;
use crate::error::{Error, ErrorKind, Result, out_of_range};
use crate::kernel::matmul::{Matrix, Panels};
use crate::kernel::scratch::Scratch;
use crate::kernel::unrolled::{CellKind, Direction, Saved, Unrolling, part_of};
use crate::shape::Shape;
use crate::tensor::Tensor;

const OP: &str = "recurrent";

/// A cell that takes the steps of sequences one after the other.
#[derive(Clone, Copy, Debug)]
pub struct Unrolled<'a> {
    /// The cell.
    pub kind: CellKind,
    /// The order of the steps.
    pub direction: Direction,
    /// The number of steps of each sequence, where they differ: later ones leave the state as it is.
    pub lengths: Option<&'a [usize]>,
}

/// The states after the steps of sequences, and what the gradient needs beside them.
#[derive(Clone, Debug)]
pub struct States<T: Float> {
    /// `[states, time, batch, hidden]`: h, and c for `Lstm`. In steps after a sequence's length they are those of before.
    pub all: Tensor<T>,
    /// The gates, for `Lstm` and `Gru`, and then for `Gru` the sums of the state for the third one.
    pub saved: Vec<Tensor<T>>,
}

/// The gradients of a sequence.
#[derive(Clone, Debug)]
pub struct StatesGradient<T: Float> {
    /// Of the sums of the inputs, `[time, batch, gates * hidden]`; 0 in steps after a sequence's length.
    pub inputs: Tensor<T>,
    /// Of the sums of the state, which differ for `Gru` alone.
    pub sums: Tensor<T>,
    /// Of the first state, `[states, batch, hidden]`.
    pub start: Tensor<T>,
}

/// Steps, rows, and elements of a state.
type Sizes = [usize; 3];

impl Unrolled<'_> {
    /// The states after each step, from the sums of the inputs: their products with a weight, plus a bias, as
    /// [`Tensor::linear`] computes them. They are overwritten if nothing else holds their memory.
    ///
    /// `weight` is that of the state, and `bias` is added to its products; for cells other than `Gru`, the bias can as
    /// well be part of `sums`. `start` is h before the first step, and c behind it.
    ///
    /// # Shape
    ///
    /// `sums: [time, batch, gates * hidden]`, `weight: [gates * hidden, hidden]`, `bias: [gates * hidden]`,
    /// `start: [states, batch, hidden]`
    ///
    /// # Errors
    ///
    /// If the shapes differ from these, there are no steps or no elements in a state, or a length is 0 or above the
    /// number of steps.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::{fused::{CellKind, Direction, Unrolled}, tensor, Tensor};
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let cell = Unrolled { kind: CellKind::Relu, direction: Direction::Forward, lengths: None };
    /// let sums = tensor![[[1.0]], [[1.0]], [[1.0]]]; // three steps
    /// let states = cell.run(sums, &tensor![[2.0]], None, &Tensor::zeros([1, 1, 1])?)?;
    /// assert_eq!(states.all.to_vec(), [1.0, 3.0, 7.0]);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn run<T: Float>(
        &self,
        mut sums: Tensor<T>,
        weight: &Tensor<T>,
        bias: Option<&Tensor<T>>,
        start: &Tensor<T>,
    ) -> Result<States<T>> {
        let sizes = self.sizes(sums.shape(), weight, start)?;
        let ([time, batch, n], gru) = (sizes, self.kind == CellKind::Gru);
        let width = self.kind.gates() * n;
        if let Some(bias) = bias {
            bias.expect_shape(OP, width)?;
            if !gru {
                sums = sums.add(bias)?;
            }
        }
        let bias = bias.map(Tensor::contiguous);
        let (weight, start) = (weight.try_contiguous()?, start.try_contiguous()?);
        let mut memory = Scratch::new(Panels::<T>::room([n, width]));
        let weight = Panels::pack([n, width], matrix(&weight, [1, n]), memory.get());
        let mut pass = self.pass(sizes, weight, &start);
        pass.bias = bias.as_ref().and_then(Tensor::as_slice);
        let mut candidates = Tensor::zeros_of([time, if gru { batch } else { 0 }, n])?;
        let shape = Shape::from([self.kind.states(), time, batch, n]);
        let all = Tensor::build(shape, |states| {
            pass.run(sums.make_mut_slice(), candidates.make_mut_slice(), states);
        })?;
        let saved = match self.kind {
            CellKind::Tanh | CellKind::Relu => Vec::new(),
            CellKind::Lstm => vec![sums],
            CellKind::Gru => vec![sums, candidates],
        };
        Ok(States { all, saved })
    }

    /// The gradients, given `g`, that of the states after all steps.
    ///
    /// # Errors
    ///
    /// If the shapes do not fit as in [`run`](Self::run), or `states` are not from there.
    #[track_caller]
    pub fn gradient<T: Float>(
        &self,
        g: &Tensor<T>,
        states: &States<T>,
        weight: &Tensor<T>,
        start: &Tensor<T>,
    ) -> Result<StatesGradient<T>> {
        let [_, time, batch, n] = states.all.shape()[..] else {
            return Err(rank(
                "states [states, time, batch, hidden]",
                states.all.shape(),
            ));
        };
        let width = self.kind.gates() * n;
        let shape = Shape::from([time, batch, width]);
        let sizes = self.sizes(&shape, weight, start)?;
        states
            .all
            .expect_shape(OP, [self.kind.states(), time, batch, n])?;
        g.expect_shape(OP, states.all.shape())?;
        let (count, saved) = (self.kind.saved(), states.saved.len());
        if saved != count {
            let name = "the number of saved tensors";
            return Err(out_of_range(
                OP,
                name,
                "that of the cell",
                saved,
                String::new(),
            ));
        }
        for (saved, width) in states.saved.iter().zip([width, n]) {
            saved.expect_shape(OP, [time, batch, width])?;
        }
        let (g, all) = (g.try_contiguous()?, states.all.try_contiguous()?);
        let (weight, start) = (weight.try_contiguous()?, start.try_contiguous()?);
        let mut memory = Scratch::new(Panels::<T>::room([width, n]));
        let weight = Panels::pack([width, n], matrix(&weight, [n, 1]), memory.get());
        let pass = self.pass(sizes, weight, &start);
        let [gates, candidates] = [0, 1].map(|i| states.saved.get(i).map_or(&[][..], elements));
        let half = time * batch * n;
        let saved = Saved {
            gates,
            candidates,
            states: halves(&all, half),
            g: halves(&g, half),
        };
        let mut dstart = Tensor::zeros_of(*start.shape())?;
        let mut dsums = match self.kind {
            CellKind::Gru => Some(Tensor::zeros_of(shape)?),
            _ => None,
        };
        let inputs = Tensor::build(shape, |dinputs| {
            let dsums = dsums
                .as_mut()
                .map(Tensor::make_mut_slice)
                .unwrap_or_default();
            pass.gradient(saved, [dinputs, dsums], dstart.make_mut_slice());
        })?;
        Ok(StatesGradient {
            sums: dsums.unwrap_or_else(|| inputs.clone()),
            inputs,
            start: dstart,
        })
    }

    fn pass<'a, T: Float>(
        &'a self,
        [time, batch, n]: Sizes,
        weight: Panels<'a, T>,
        start: &'a Tensor<T>,
    ) -> Unrolling<'a, T> {
        let work = [time, batch, self.kind.gates(), n, n];
        Unrolling {
            kind: self.kind,
            direction: self.direction,
            lengths: self.lengths,
            time,
            batch,
            n,
            part: part_of(batch, work.into_iter().fold(1, usize::saturating_mul)),
            weight,
            bias: None,
            start: halves(start, batch * n),
        }
    }

    #[track_caller]
    fn sizes<T: Float>(
        &self,
        sums: &Shape,
        weight: &Tensor<T>,
        start: &Tensor<T>,
    ) -> Result<Sizes> {
        let [time, batch, _] = sums[..] else {
            return Err(rank("sums [time, batch, gates * hidden]", sums));
        };
        let [_, n] = weight.shape()[..] else {
            return Err(rank("a weight [gates * hidden, hidden]", weight.shape()));
        };
        for (name, size) in [("the number of steps", time), ("the hidden size", n)] {
            if size == 0 {
                return Err(out_of_range(OP, name, "at least 1", 0, String::new()));
            }
        }
        let width = self.kind.gates().saturating_mul(n);
        weight.expect_shape(OP, [width, n])?;
        if *sums != [time, batch, width] {
            let expected = Shape::from([time, batch, width]);
            let found = *sums;
            return Err(Error::new(ErrorKind::ShapeMismatch {
                op: OP,
                expected,
                found,
            }));
        }
        start.expect_shape(OP, [self.kind.states(), batch, n])?;
        self.check_lengths(time, batch)?;
        Ok([time, batch, n])
    }

    /// Where sequences have ended, `[time, batch, 1]`; `None` without lengths.
    ///
    /// # Errors
    ///
    /// If there are not as many lengths as sequences, or one is 0 or above the number of steps.
    #[track_caller]
    pub fn padding(&self, time: usize, batch: usize) -> Result<Option<Tensor<bool>>> {
        self.check_lengths(time, batch)?;
        let Some(lengths) = self.lengths else {
            return Ok(None);
        };
        let shape = Shape::from([time, batch, 1]);
        let padding = Tensor::build(shape, |padding| {
            for (i, padding) in padding.iter_mut().enumerate() {
                *padding = i / batch >= lengths[i % batch];
            }
        })?;
        Ok(Some(padding))
    }

    #[track_caller]
    fn check_lengths(&self, time: usize, batch: usize) -> Result<()> {
        let Some(lengths) = self.lengths else {
            return Ok(());
        };
        if lengths.len() != batch {
            let (expected, found) = ("that of the sequences", lengths.len());
            let remedy = format!("; the batch has {batch}");
            return Err(out_of_range(
                OP,
                "the number of lengths",
                expected,
                found,
                remedy,
            ));
        }
        if let Some(&length) = lengths.iter().find(|&&length| length == 0 || length > time) {
            let expected = "from 1 to the number of steps";
            let remedy = format!("; there are {time} steps");
            return Err(out_of_range(OP, "a length", expected, length, remedy));
        }
        Ok(())
    }
}

#[track_caller]
#[cold]
fn rank(expected: &'static str, shape: &Shape) -> Error {
    let (op, shape) = (OP, *shape);
    Error::new(ErrorKind::Rank {
        op,
        expected,
        shape,
    })
}

/// The elements of a contiguous tensor.
fn elements<T: Float>(x: &Tensor<T>) -> &[T] {
    x.as_slice().unwrap_or_default()
}

/// The elements of h, and of c behind it.
fn halves<T: Float>(x: &Tensor<T>, half: usize) -> [&[T]; 2] {
    elements(x).split_at(half).into()
}

/// A contiguous matrix with these steps between rows and columns.
fn matrix<T: Float>(x: &Tensor<T>, [row_stride, column_stride]: [usize; 2]) -> Matrix<'_, T> {
    Matrix {
        data: elements(x),
        offset: 0,
        row_stride,
        column_stride,
    }
}
