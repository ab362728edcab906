//! A recurrent cell, and its steps one by one as operations on `Var`s: what a recorded gradient is made of.

use std::rc::Rc;

use gradlet_tensor::fused::{CellKind, Direction, Unrolled};
use gradlet_tensor::{Float, Result, Tensor};

use crate::var::Var;

/// [`Unrolled`], kept for backward.
#[derive(Clone, Debug)]
pub(crate) struct Cell {
    pub(crate) kind: CellKind,
    pub(crate) direction: Direction,
    pub(crate) lengths: Option<Rc<[usize]>>,
}

impl Cell {
    pub(crate) fn unrolled(&self) -> Unrolled<'_> {
        Unrolled {
            kind: self.kind,
            direction: self.direction,
            lengths: self.lengths.as_deref(),
        }
    }

    /// The states after all steps, of the inputs `x`, `weight_ih`, `weight_hh`, `start`, and perhaps `bias_ih` and `bias_hh`.
    ///
    /// # Errors
    ///
    /// If the shapes do not fit.
    pub(crate) fn step_by_step<T: Float>(&self, inputs: &[Var<T>]) -> Result<Var<T>> {
        let (sums, start) = (inputs[0].linear(&inputs[1], inputs.get(4))?, &inputs[3]);
        let mut state = Vec::with_capacity(self.kind.states());
        for i in 0..self.kind.states() {
            state.push(start.select(0, i)?);
        }
        let time = sums.shape()[0];
        let mut all = vec![start.clone(); time];
        for i in 0..time {
            let t = self.direction.step(i, time);
            let of_state = state[0].linear(&inputs[2], inputs.get(5))?;
            let mut next = self.step(&sums.select(0, t)?, &of_state, &state)?;
            if let Some(lengths) = &self.lengths {
                let within: Vec<_> = lengths.iter().map(|&length| t < length).collect();
                let within = Tensor::from_slice(within, [lengths.len(), 1])?;
                for (next, before) in next.iter_mut().zip(&state) {
                    *next = Var::where_cond(&within, next, before)?;
                }
            }
            state = next;
            all[t] = Var::stack(&state.iter().collect::<Vec<_>>(), 0)?;
        }
        Var::stack(&all.iter().collect::<Vec<_>>(), 1)
    }

    /// One step from the sums of the input and of the state.
    fn step<T: Float>(&self, x: &Var<T>, h: &Var<T>, state: &[Var<T>]) -> Result<Vec<Var<T>>> {
        let n = state[0].shape()[1];
        let gate = |x: &Var<T>, i: usize| x.narrow(1, i * n, n);
        Ok(match self.kind {
            CellKind::Tanh => vec![x.add(h)?.tanh()],
            CellKind::Relu => vec![x.add(h)?.relu()],
            CellKind::Lstm => {
                let sum = x.add(h)?;
                let [i, f, o] = [0, 1, 3].map(|i| gate(&sum, i).map(|gate| gate.sigmoid()));
                let a = gate(&sum, 2)?.tanh();
                let c = f?.mul(&state[1])?.add(&i?.mul(&a)?)?;
                vec![o?.mul(&c.tanh())?, c]
            }
            CellKind::Gru => {
                let r = gate(x, 0)?.add(&gate(h, 0)?)?.sigmoid();
                let z = gate(x, 1)?.add(&gate(h, 1)?)?.sigmoid();
                let a = gate(x, 2)?.add(&r.mul(&gate(h, 2)?)?)?.tanh();
                vec![a.add(&z.mul(&state[0].sub(&a)?)?)?]
            }
        })
    }
}
