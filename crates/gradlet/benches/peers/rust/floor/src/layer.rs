//! A linear layer of the larger nets and the optimizers' updates.

use crate::gemm::{Factor, gemm};
use crate::team::{Pieces, Team, piece};

#[derive(Clone, Copy)]
pub enum Optimizer {
    Sgd { rate: f32 },
    Momentum { rate: f32, momentum: f32 },
    Adam { rate: f32 },
}

impl Optimizer {
    /// Moves the weights along the gradient. `steps` counts from 1.
    fn update(self, steps: i32, w: &mut [f32], g: &[f32], m: &mut [f32], v: &mut [f32]) {
        match self {
            Self::Sgd { rate } => w.iter_mut().zip(g).for_each(|(w, g)| *w -= rate * g),
            Self::Momentum { rate, momentum } => {
                for ((w, g), m) in w.iter_mut().zip(g).zip(m) {
                    *m = momentum * *m + g;
                    *w -= rate * *m;
                }
            }
            Self::Adam { rate } => {
                let (b1, b2, eps) = (0.9f32, 0.999f32, 1e-8);
                let (c1, c2) = (rate / (1.0 - b1.powi(steps)), 1.0 / (1.0 - b2.powi(steps)));
                for (((w, g), m), v) in w.iter_mut().zip(g).zip(m).zip(v) {
                    *m = b1 * *m + (1.0 - b1) * g;
                    *v = b2 * *v + (1.0 - b2) * g * g;
                    *w -= c1 * *m / ((*v * c2).sqrt() + eps);
                }
            }
        }
    }
}

/// A linear layer, [inputs, outputs], its gradients and what the optimizer keeps of them.
pub struct Layer {
    pub inputs: usize,
    pub outputs: usize,
    pub w: Vec<f32>,
    pub b: Vec<f32>,
    dw: Vec<f32>,
    db: Vec<f32>,
    kept: [Vec<f32>; 4],
}

impl Layer {
    pub fn new(seed: u64, inputs: usize, outputs: usize) -> Self {
        let (w, b) = (
            crate::weights(seed, inputs, inputs * outputs),
            crate::weights(seed + 50, inputs, outputs),
        );
        let zeros = |like: &Vec<f32>| vec![0.0; like.len()];
        let kept = [zeros(&w), zeros(&w), zeros(&b), zeros(&b)];
        Self {
            inputs,
            outputs,
            dw: zeros(&w),
            db: zeros(&b),
            w,
            b,
            kept,
        }
    }

    /// The gradients of weight and bias from those of the outputs, and the step.
    pub fn learn(&mut self, team: &Team, optimizer: Optimizer, steps: i32, x: &[f32], d: &[f32]) {
        /// That many rows of the weight are updated while their gradient is in the cache; tests have fewer rows.
        const ROWS: usize = if cfg!(test) { 8 } else { 128 };
        let (n, batch) = (self.outputs, d.len() / self.outputs);
        let (x, width) = (Factor::new(x, self.inputs).transposed(), self.outputs);
        let [m, v, m_bias, v_bias] = &mut self.kept;
        let [w, dw, m, v] = [&mut self.w, &mut self.dw, m, v].map(|all| Pieces(all.as_mut_ptr()));
        team.share(|part| {
            let mut own = piece(part, team.parts(), self.inputs);
            while !own.is_empty() {
                let (start, rows) = (own.start, own.len().min(ROWS));
                own.start += rows;
                let x = Factor {
                    data: &x.data[start * x.row..],
                    ..x
                };
                let (shape, right) = ([rows, n, batch], Factor::new(d, n));
                if let Optimizer::Sgd { rate } = optimizer {
                    gemm(shape, x, right, w.at(start * n), width, -rate, true);
                    continue;
                }
                gemm(shape, x, right, dw.at(start * n), width, 1.0, false);
                let here = |all: &Pieces| {
                    // SAFETY: these rows are the part's own.
                    unsafe { std::slice::from_raw_parts_mut(all.at(start * n), rows * n) }
                };
                optimizer.update(steps, here(&w), here(&dw), here(&m), here(&v));
            }
        });
        self.db.fill(0.0);
        for d in d.chunks_exact(n) {
            self.db.iter_mut().zip(d).for_each(|(db, d)| *db += d);
        }
        optimizer.update(steps, &mut self.b, &self.db, m_bias, v_bias);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first steps of momentum are g, then g + 0.9 g; of Adam, the rate in the direction of g.
    #[test]
    fn optimizers_take_their_first_steps() {
        let (mut w, g, mut m, mut v) = ([1.0f32; 2], [0.5, -2.0], [0.0; 2], [0.0; 2]);
        let momentum = Optimizer::Momentum {
            rate: 0.1,
            momentum: 0.9,
        };
        momentum.update(1, &mut w, &g, &mut m, &mut v);
        assert_eq!(w, [1.0 - 0.05, 1.0 + 0.2]);
        momentum.update(2, &mut w, &g, &mut m, &mut v);
        assert!(
            (w[0] - (0.95 - 0.095)).abs() < 1e-6 && (w[1] - (1.2 + 0.38)).abs() < 1e-6,
            "{w:?}"
        );
        let (mut w, mut m) = ([1.0f32; 2], [0.0; 2]);
        Optimizer::Adam { rate: 0.1 }.update(1, &mut w, &g, &mut m, &mut v);
        assert!(
            (w[0] - 0.9).abs() < 1e-6 && (w[1] - 1.1).abs() < 1e-6,
            "{w:?}"
        );
    }
}
