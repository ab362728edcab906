//! Recurrent cells over all steps of sequences, and their gradient.
//!
//! Rows of a batch do not depend on each other, so a thread takes its rows through all steps and never waits for a
//! different one in between. What belongs to a part of the batch is a slice for each step.

use std::mem::take;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use super::gates;
use super::matmul::{Panels, Start};
use super::parallel::for_parts;
use super::scratch::Scratch;
use crate::element::Float;
use crate::threads;

/// Rows of the batch in a part, where there are several: a multiple of the rows of a tile.
const ROWS: usize = 16;
/// Multiplications from which parts are handed to other threads.
const SPLIT: usize = 1 << 18;

/// The function from an input and the state before it to a new state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CellKind {
    /// `h' = tanh(x + h)`. Here and below, x and h on the right are their products with weights, plus biases.
    Tanh,
    /// `h' = max(x + h, 0)`
    Relu,
    /// Four gates i, f, a, o of `x + h`: `c' = sigmoid(f) c + sigmoid(i) tanh(a), h' = sigmoid(o) tanh(c')`.
    Lstm,
    /// Three gates r, z, a: `h' = (1 - z) tanh(x_a + r h_a) + z h`, with `r = sigmoid(x_r + h_r)` and z likewise.
    Gru,
}

impl CellKind {
    /// The number of gates, each of the size of the state; a cell without gates counts as one.
    pub fn gates(self) -> usize {
        match self {
            Self::Tanh | Self::Relu => 1,
            Self::Lstm => 4,
            Self::Gru => 3,
        }
    }

    /// The number of tensors in a state: h, and for `Lstm` c.
    pub fn states(self) -> usize {
        if self == Self::Lstm { 2 } else { 1 }
    }

    /// The number of tensors that the gradient needs beside the states: the gates, and for `Gru` its candidates.
    pub(crate) fn saved(self) -> usize {
        match self {
            Self::Tanh | Self::Relu => 0,
            Self::Lstm => 1,
            Self::Gru => 2,
        }
    }
}

/// The order in which the steps of a sequence are taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Direction {
    /// From the first to the last.
    #[default]
    Forward,
    /// From the last to the first.
    Reverse,
}

impl Direction {
    /// The step that is taken at place `i` of `count`.
    pub fn step(self, i: usize, count: usize) -> usize {
        match self {
            Self::Forward => i,
            Self::Reverse => count - 1 - i,
        }
    }
}

/// A cell, sizes, and the numbers that all steps share. Slices of steps are `[time, batch, n]`, or with gates times n.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Unrolling<'a, T> {
    pub(crate) kind: CellKind,
    pub(crate) direction: Direction,
    pub(crate) lengths: Option<&'a [usize]>,
    pub(crate) time: usize,
    pub(crate) batch: usize,
    pub(crate) n: usize,
    /// Rows of the batch in a part, from `part_of`.
    pub(crate) part: usize,
    /// The weight of the state: transposed on the way there, as it is on the way back.
    pub(crate) weight: Panels<'a, T>,
    /// Added to the products of the state; only of `Gru`.
    pub(crate) bias: Option<&'a [T]>,
    /// h and c before the first step.
    pub(crate) start: [&'a [T]; 2],
}

/// A slice for each step, of each tensor that a part of the batch writes; none where the cell has no such tensor.
type Steps<'a, T> = Vec<&'a mut [T]>;

/// The slices that `Unrolling::gradient` reads: gates or nothing, the candidates of `Gru`, h, c, and their gradients.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Saved<'a, T> {
    pub(crate) gates: &'a [T],
    pub(crate) candidates: &'a [T],
    pub(crate) states: [&'a [T]; 2],
    pub(crate) g: [&'a [T]; 2],
}

/// The number of rows that go through all steps together, given the number of multiplications; the result does not depend
/// on it.
pub(crate) fn part_of(batch: usize, multiplications: usize) -> usize {
    if multiplications < SPLIT || threads::count() == 1 {
        batch
    } else {
        ROWS
    }
}

impl<T: Float> Unrolling<'_, T> {
    /// Writes the states after each step, first h, then c, and replaces the sums of the inputs by the gates; the
    /// `candidates` of `Gru` get the sums of the state for them.
    pub(crate) fn run(&self, sums: &mut [T], candidates: &mut [T], states: &mut [T]) {
        let (h, c) = states.split_at_mut(self.time * self.batch * self.n);
        let cut = |x, width: usize| self.cut(x, self.time, width);
        let width = self.kind.gates() * self.n;
        let parts = cut(sums, width).into_iter().zip(cut(candidates, self.n));
        let states = cut(h, self.n).into_iter().zip(cut(c, self.n));
        self.for_each(
            parts.zip(states),
            |first, ((mut a, mut b), (mut h, mut c))| {
                self.run_rows(first, [&mut a, &mut b, &mut h, &mut c]);
            },
        );
    }

    /// Takes the rows from `first` on through all steps.
    fn run_rows(&self, first: usize, [sums, candidates, h, c]: [&mut Steps<'_, T>; 4]) {
        let (n, rows) = (self.n, self.rows(first));
        let [h_start, c_start] = self.start.map(|x| part(x, 0, rows.clone(), n));
        let mut of_state = Scratch::new(rows.len() * 3 * n);
        let mut before = None;
        for t in (0..self.time).map(|i| self.direction.step(i, self.time)) {
            let [h_now, c_now] = [&mut *h, &mut *c].map(|x| x.get_mut(t).map(take));
            let (h_now, c_now) = (h_now.unwrap_or_default(), c_now.unwrap_or_default());
            let h_before = before.map_or(h_start, |t: usize| &*h[t]);
            let c_before = before
                .and_then(|t: usize| c.get(t))
                .map_or(c_start, |c| &**c);
            let sums = &mut *sums[t];
            if self.kind == CellKind::Gru {
                let of_state = of_state.get();
                let start = self.bias.map_or(Start::Zero, Start::Row);
                self.weight.product(h_before, of_state, start);
                gates::gru(sums, [of_state, h_before], candidates[t], h_now, n);
            } else {
                self.weight.product(h_before, sums, Start::Result);
                match self.kind {
                    CellKind::Lstm => gates::lstm(sums, c_before, c_now, h_now, n),
                    CellKind::Relu => gates::relu(sums, h_now),
                    _ => gates::tanh_to(sums, h_now),
                }
            }
            for row in self.ended(t, rows.clone()) {
                let at = (row - first) * n..(row - first + 1) * n;
                h_now[at.clone()].copy_from_slice(&h_before[at.clone()]);
                if !c_now.is_empty() {
                    c_now[at.clone()].copy_from_slice(&c_before[at]);
                }
            }
            for (x, now) in [(&mut *h, h_now), (&mut *c, c_now)] {
                if let Some(x) = x.get_mut(t) {
                    *x = now;
                }
            }
            before = Some(t);
        }
    }

    /// Writes the gradients of the sums of the inputs, and of those of the state where they differ, in `Gru`; those of
    /// the first state are added to `start`, h and then c, which holds zeros.
    pub(crate) fn gradient(
        &self,
        saved: Saved<'_, T>,
        [dinputs, dsums]: [&mut [T]; 2],
        dstart: &mut [T],
    ) {
        let (dh, dc) = dstart.split_at_mut(self.batch * self.n);
        let width = self.kind.gates() * self.n;
        let sums = [dinputs, dsums].map(|x| self.cut(x, self.time, width));
        let states = [dh, dc].map(|x| self.cut(x, 1, self.n));
        let ([dinputs, dsums], [dh, dc]) = (sums, states);
        let parts = dinputs.into_iter().zip(dsums).zip(dh.into_iter().zip(dc));
        self.for_each(
            parts,
            |first, ((mut dinputs, mut dsums), (mut dh, mut dc))| {
                let carry = [&mut dh, &mut dc].map(|x| x.first_mut().map(take).unwrap_or_default());
                self.gradient_rows(first, saved, [&mut dinputs, &mut dsums], carry);
            },
        );
    }

    /// Takes the rows from `first` on back through all steps; `carry` is the gradient of the state from later steps.
    fn gradient_rows(
        &self,
        first: usize,
        saved: Saved<'_, T>,
        [dinputs, dsums]: [&mut Steps<'_, T>; 2],
        [carry, carry_c]: [&mut [T]; 2],
    ) {
        let (n, all, gates) = (self.n, self.rows(first), self.kind.gates());
        for i in (0..self.time).rev() {
            let t = self.direction.step(i, self.time);
            let dinputs = &mut *dinputs[t];
            let dsums = dsums.get_mut(t).map(|x| &mut **x).unwrap_or_default();
            let mut over = |rows: Range<usize>| {
                let range = |width: usize| (rows.start - first) * width..(rows.end - first) * width;
                let of = |x: &[T], width: usize| if x.is_empty() { 0..0 } else { range(width) };
                let (wide, wide_sums) = (range(gates * n), of(dsums, gates * n));
                let cell = of(carry_c, n);
                let outs = [&mut dinputs[wide], &mut dsums[wide_sums]];
                let carries = [&mut carry[range(n)], &mut carry_c[cell]];
                self.gradient_step(i, rows, saved, outs, carries);
            };
            if self.lengths.is_none() {
                over(all.clone());
            } else {
                all.clone().for_each(|row| over(row..row + 1));
            }
            let sums = if dsums.is_empty() { dinputs } else { dsums };
            self.weight.product(sums, carry, Start::Result);
        }
    }

    /// The step at place `i` for these rows, all of which have it or not.
    fn gradient_step(
        &self,
        i: usize,
        rows: Range<usize>,
        saved: Saved<'_, T>,
        [dinputs, dsums]: [&mut [T]; 2],
        [carry, carry_c]: [&mut [T]; 2],
    ) {
        let (n, t) = (self.n, self.direction.step(i, self.time));
        let at = |x, t, width| part(x, t * self.batch, rows.clone(), width);
        let [g, gc] = saved.g.map(|x| at(x, t, n));
        if self.ended(t, rows.clone()).next().is_some() {
            dinputs.fill(T::of(0.0));
            dsums.fill(T::of(0.0));
            for (carry, g) in [(carry, g), (carry_c, gc)] {
                carry
                    .iter_mut()
                    .zip(g)
                    .for_each(|(sum, &g)| *sum = *sum + g);
            }
            return;
        }
        let [h_before, c_before] = [0, 1].map(|k| match i.checked_sub(1) {
            Some(i) => at(saved.states[k], self.direction.step(i, self.time), n),
            None => at(self.start[k], 0, n),
        });
        let gates = at(saved.gates, t, self.kind.gates() * n);
        let [h, c] = saved.states.map(|x| at(x, t, n));
        match self.kind {
            CellKind::Tanh => gates::tanh_gradient(h, g, carry, dinputs),
            CellKind::Relu => gates::relu_gradient(h, g, carry, dinputs),
            CellKind::Lstm => {
                gates::lstm_gradient([gates, c, c_before, g, gc], [carry, carry_c], dinputs, n);
            }
            CellKind::Gru => {
                let candidates = at(saved.candidates, t, n);
                gates::gru_gradient([gates, candidates, h_before, g], carry, [dinputs, dsums], n);
            }
        }
    }

    /// Those of the rows whose sequences have ended before step `t`.
    fn ended(&self, t: usize, rows: Range<usize>) -> impl Iterator<Item = usize> {
        let lengths = self.lengths.unwrap_or_default();
        let rows = rows.start.min(lengths.len())..rows.end.min(lengths.len());
        rows.filter(move |&row| t >= lengths[row])
    }

    /// The rows of the part that begins with `first`.
    fn rows(&self, first: usize) -> Range<usize> {
        first..(first + self.part).min(self.batch)
    }

    /// For each part of the batch a slice of each of `[time, batch, width]`, or none if `x` is empty.
    fn cut<'x>(&self, x: &'x mut [T], time: usize, width: usize) -> Vec<Steps<'x, T>> {
        let (rows, empty) = (self.part.max(1), x.is_empty());
        let count = self.batch.div_ceil(rows);
        let mut parts: Vec<_> = (0..count).map(|_| Vec::with_capacity(time)).collect();
        if !empty {
            for step in x.chunks_exact_mut(self.batch * width) {
                for (part, rows) in parts.iter_mut().zip(step.chunks_mut(rows * width)) {
                    part.push(rows);
                }
            }
        }
        parts
    }

    /// Calls `run` with the first row of each part, and what belongs to the part.
    fn for_each<X: Send>(&self, parts: impl Iterator<Item = X>, run: impl Fn(usize, X) + Sync) {
        let parts: Vec<_> = parts.map(|part| Mutex::new(Some(part))).collect();
        for_parts(parts.len(), |i| {
            let part = parts[i]
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take();
            if let Some(part) = part {
                run(i * self.part, part);
            }
        });
    }
}

/// Rows of `width` numbers, behind those of other steps; nothing of an empty slice.
fn part<T>(x: &[T], skipped: usize, rows: Range<usize>, width: usize) -> &[T] {
    if x.is_empty() {
        return x;
    }
    &x[(skipped + rows.start) * width..(skipped + rows.end) * width]
}
