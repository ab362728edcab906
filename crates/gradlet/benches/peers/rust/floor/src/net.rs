//! The larger nets, on one thread or two: products by the fastest GEMM crate for this machine, the rest plain loops.

use std::sync::Mutex;

use crate::gemm::{Factor, product};
use crate::layer::{Layer, Optimizer};
use crate::loss::cross_entropy;
use crate::random::{Random, halve_backward};
use crate::team::{Pieces, Team, piece};

/// What the output is compared with.
pub enum Target {
    Labels(Vec<u32>),
    Values(Vec<f32>),
}

/// Linear layers, ReLU and Dropout(0.5) behind each but the last, or behind that too.
pub struct Net {
    layers: Vec<Layer>,
    team: Team,
    /// Each part's own.
    randoms: Vec<Mutex<Random>>,
    optimizer: Optimizer,
    steps: i32,
    input_dropout: f32,
    relu_last: bool,
    /// The input, and each layer's output; their gradients.
    h: Vec<Vec<f32>>,
    g: Vec<Vec<f32>>,
}

impl Net {
    pub fn new(sizes: &[usize], batch: usize, optimizer: Optimizer, threads: usize) -> Self {
        let layer = |(i, s): (usize, &[usize])| Layer::new(i as u64, s[0], s[1]);
        let buffers = || sizes.iter().map(|n| vec![0.0; batch * n]).collect();
        let team = Team::new(threads);
        Self {
            layers: sizes.windows(2).enumerate().map(layer).collect(),
            randoms: (0..team.parts())
                .map(|part| Mutex::new(Random::new(part as u64)))
                .collect(),
            team,
            optimizer,
            steps: 0,
            input_dropout: 0.0,
            relu_last: false,
            h: buffers(),
            g: buffers(),
        }
    }

    pub fn with_input_dropout(self, input_dropout: f32) -> Self {
        Self {
            input_dropout,
            ..self
        }
    }

    pub fn with_relu_last(self) -> Self {
        Self {
            relu_last: true,
            ..self
        }
    }

    fn has_relu(&self, layer: usize) -> bool {
        layer + 1 < self.layers.len() || self.relu_last
    }

    fn random(&self, part: usize) -> std::sync::MutexGuard<'_, Random> {
        self.randoms[part]
            .lock()
            .expect("a lock that nobody panicked with")
    }

    fn enter(&mut self, x: &[f32], train: bool) {
        let mut entered = std::mem::take(&mut self.h[0]);
        if !train || self.input_dropout == 0.0 {
            entered.copy_from_slice(x);
        } else {
            let (width, all) = (self.layers[0].inputs, Pieces(entered.as_mut_ptr()));
            let rows = x.len() / width;
            self.team.share(|part| {
                let own = piece(part, self.team.parts(), rows);
                let own = own.start * width..own.end * width;
                // SAFETY: these rows are the part's own.
                let to = unsafe { std::slice::from_raw_parts_mut(all.at(own.start), own.len()) };
                self.random(part).dropout(self.input_dropout, &x[own], to);
            });
        }
        self.h[0] = entered;
    }

    /// The output; a copy of the input and all layers' outputs stay in `h`.
    pub fn forward(&mut self, x: &[f32], train: bool) -> &[f32] {
        self.enter(x, train);
        for (l, layer) in self.layers.iter().enumerate() {
            let mut y = std::mem::take(&mut self.h[l + 1]);
            let (n, batch) = (layer.outputs, y.len() / layer.outputs);
            let left = Factor::new(&self.h[l], layer.inputs);
            product(
                &self.team,
                [batch, n, layer.inputs],
                left,
                Factor::new(&layer.w, n),
                &mut y,
            );
            let relu = self.has_relu(l);
            self.team.share_rows(&mut y, n, |part, rows| {
                if relu && train {
                    return self.random(part).bias_relu_halve(rows, &layer.b);
                }
                let least = if relu { 0.0 } else { f32::NEG_INFINITY };
                for row in rows.chunks_exact_mut(n) {
                    row.iter_mut()
                        .zip(&layer.b)
                        .for_each(|(y, b)| *y = (*y + b).max(least));
                }
            });
            self.h[l + 1] = y;
        }
        &self.h[self.layers.len()]
    }

    /// A training step; the loss before it.
    pub fn step(&mut self, x: &[f32], target: &Target) -> f32 {
        self.forward(x, true);
        self.steps += 1;
        let last = self.layers.len();
        let mut d = std::mem::take(&mut self.g[last]);
        let loss = loss(&self.h[last], target, &mut d);
        for l in (0..last).rev() {
            if self.has_relu(l) {
                let (n, y) = (self.layers[l].outputs, &self.h[l + 1]);
                let rows = d.len() / n;
                self.team.share_rows(&mut d, n, |part, own| {
                    let start = piece(part, self.team.parts(), rows).start * n;
                    halve_backward(own, &y[start..start + own.len()]);
                });
            }
            let mut before = std::mem::take(&mut self.g[l]);
            let layer = &mut self.layers[l];
            let (i, o) = (layer.inputs, layer.outputs);
            if l > 0 {
                let weight = Factor::new(&layer.w, o).transposed();
                product(
                    &self.team,
                    [d.len() / o, i, o],
                    Factor::new(&d, o),
                    weight,
                    &mut before,
                );
            }
            layer.learn(&self.team, self.optimizer, self.steps, &self.h[l], &d);
            self.g[l + 1] = d;
            d = before;
        }
        self.g[0] = d;
        loss
    }
}

/// The loss of the outputs y, and its gradient into d.
fn loss(y: &[f32], target: &Target, d: &mut [f32]) -> f32 {
    match target {
        Target::Labels(labels) => {
            d.copy_from_slice(y);
            cross_entropy::<10>(d, labels, labels.len())
        }
        Target::Values(values) => {
            let (share, mut sums) = (2.0 / y.len() as f32, [0.0; 16]);
            for ((d, y), t) in d
                .chunks_exact_mut(16)
                .zip(y.chunks_exact(16))
                .zip(values.chunks_exact(16))
            {
                for i in 0..16 {
                    let off = y[i] - t[i];
                    sums[i] += off * off;
                    d[i] = off * share;
                }
            }
            sums.iter().sum::<f32>() / y.len() as f32
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::differences::Differences;

    const RATE: f32 = 0.5;

    /// Two hidden layers, with dropout of the input: everything that the larger nets have.
    fn net(optimizer: Optimizer, threads: usize) -> (Net, Vec<f32>, Target) {
        let net = Net::new(&[32, 64, 64, 10], 8, optimizer, threads).with_input_dropout(0.2);
        (
            net,
            crate::inputs(8 * 32),
            Target::Labels(harness::classes(3, 8, 10)),
        )
    }

    /// Compares a step of plain SGD with differences of the loss, for every 7th weight and bias.
    fn check(make: &dyn Fn() -> (Net, Vec<f32>, Target)) {
        let (mut moved, x, target) = make();
        moved.step(&x, &target);
        let mut differences = Differences::default();
        for l in 0..moved.layers.len() {
            for is_bias in [false, true] {
                let parameter = |net: Net| {
                    let layer = net.layers.into_iter().nth(l).expect("a layer");
                    if is_bias { layer.b } else { layer.w }
                };
                let before = parameter(make().0);
                let after = if is_bias {
                    &moved.layers[l].b
                } else {
                    &moved.layers[l].w
                };
                for i in (0..before.len()).step_by(7) {
                    differences.compare((before[i] - after[i]) / RATE, |by| {
                        let mut net = make().0;
                        let layer = &mut net.layers[l];
                        *(if is_bias {
                            &mut layer.b[i]
                        } else {
                            &mut layer.w[i]
                        }) += by;
                        net.step(&x, &target)
                    });
                }
            }
        }
        differences.are_enough();
    }

    #[test]
    fn gradients_agree_with_finite_differences() {
        for threads in [1, 2] {
            check(&|| net(Optimizer::Sgd { rate: RATE }, threads));
        }
    }

    #[test]
    fn squared_errors_have_the_gradients_of_finite_differences() {
        let make = || {
            let net = Net::new(&[16, 64, 64], 8, Optimizer::Sgd { rate: RATE }, 2).with_relu_last();
            (
                net,
                crate::inputs(8 * 16),
                Target::Values(harness::uniform(11, 8 * 64)),
            )
        };
        check(&make);
    }

    #[test]
    fn the_loss_falls_with_every_optimizer() {
        let momentum = Optimizer::Momentum {
            rate: 0.05,
            momentum: 0.9,
        };
        for optimizer in [
            Optimizer::Sgd { rate: 0.2 },
            momentum,
            Optimizer::Adam { rate: 3e-3 },
        ] {
            let (mut net, x, target) = net(optimizer, 2);
            let losses: Vec<f32> = (0..300).map(|_| net.step(&x, &target)).collect();
            assert!(
                losses[0] > 2.0 && losses[299] < 1.0,
                "{} {}",
                losses[0],
                losses[299]
            );
        }
    }

    #[test]
    fn a_fifth_of_the_input_is_dropped() {
        let (mut net, ..) = net(Optimizer::Sgd { rate: RATE }, 2);
        let (mut dropped, x) = (0, [1.0; 8 * 32]);
        for _ in 0..100 {
            net.enter(&x, true);
            dropped += net.h[0].iter().filter(|&&x| x == 0.0).count();
            assert!(net.h[0].iter().all(|&x| x == 0.0 || x == 1.25));
        }
        // 25,600 elements: a fifth is 5,120, and six standard deviations of 64.
        assert!(dropped.abs_diff(5_120) < 6 * 64, "{dropped}");
    }
}
