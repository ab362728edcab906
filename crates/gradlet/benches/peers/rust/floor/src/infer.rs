//! One row through 784-512-10: infer_1.

use std::sync::Mutex;

use crate::lanes::{LANES, Lanes};
use crate::team::{Team, piece};
use crate::tiles::dots;

const I: usize = 784;
const H: usize = 512;
const O: usize = 10;
/// Hidden units whose sums stay in registers.
const CHUNK: usize = VECTORS * LANES;
const VECTORS: usize = LANES;

/// Each chunk of hidden units has its own part of both weights, so that a thread reads its own in order.
pub struct Row {
    team: Team,
    chunks: Vec<Chunk>,
    b2: [f32; O],
}

struct Chunk {
    w1: Vec<[f32; CHUNK]>,
    b1: [f32; CHUNK],
    w2: [[f32; CHUNK]; O],
}

impl Chunk {
    /// Its share of the output.
    fn forward(&self, x: &[f32; I]) -> [f32; O] {
        let mut sums: [Lanes; VECTORS] =
            std::array::from_fn(|v| Lanes::load(&self.b1[v * LANES..]));
        for (x, w) in x.iter().zip(&self.w1) {
            let x = Lanes::splat(*x);
            for (v, sum) in sums.iter_mut().enumerate() {
                *sum = x.mul_add(Lanes::load(&w[v * LANES..]), *sum);
            }
        }
        let mut h = [0.0; CHUNK];
        for (v, sum) in sums.iter().enumerate() {
            sum.max(Lanes::splat(0.0)).store(&mut h[v * LANES..]);
        }
        dots(&h, self.w2.as_flattened())
    }
}

impl Row {
    pub fn new(threads: usize) -> Self {
        let mut seed = 0;
        let mut next = |n| {
            seed += 1;
            crate::weights(seed, I, n)
        };
        let mut rows = |n: usize| -> Vec<[f32; CHUNK]> {
            let all = next(n * CHUNK);
            all.as_chunks::<CHUNK>().0.to_vec()
        };
        let mut chunk = |_| {
            let (w1, b1, w2) = (rows(I), rows(1)[0], rows(O));
            Chunk {
                w1,
                b1,
                w2: std::array::from_fn(|o| w2[o]),
            }
        };
        let chunks = (0..H / CHUNK).map(&mut chunk).collect();
        Self {
            team: Team::new(threads),
            chunks,
            b2: rows(1)[0][..O].try_into().unwrap_or([0.0; O]),
        }
    }

    pub fn forward(&self, x: &[f32; I]) -> [f32; O] {
        let parts = [const { Mutex::new([0.0; O]) }; 2];
        self.team.share(|part| {
            let mut sum = [0.0; O];
            for chunk in &self.chunks[piece(part, self.team.parts(), self.chunks.len())] {
                let own = chunk.forward(x);
                (0..O).for_each(|o| sum[o] += own[o]);
            }
            *parts[part]
                .lock()
                .expect("a lock that nobody panicked with") = sum;
        });
        let [a, b] = parts.map(|part| part.into_inner().unwrap_or_default());
        std::array::from_fn(|o| a[o] + b[o] + self.b2[o])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_what_the_formula_says() {
        let x: [f32; I] = crate::inputs(I)
            .try_into()
            .expect("as many numbers as asked for");
        for threads in [1, 2] {
            let net = Row::new(threads);
            let got = net.forward(&x);
            for (o, got) in got.into_iter().enumerate() {
                let mut want = f64::from(net.b2[o]);
                for (chunk, j) in net
                    .chunks
                    .iter()
                    .flat_map(|c| (0..CHUNK).map(move |j| (c, j)))
                {
                    let terms = (0..I).map(|i| f64::from(x[i]) * f64::from(chunk.w1[i][j]));
                    let h = terms.sum::<f64>() + f64::from(chunk.b1[j]);
                    want += h.max(0.0) * f64::from(chunk.w2[o][j]);
                }
                assert!(
                    (f64::from(got) - want).abs() < 1e-4,
                    "{o}: {got} not {want}"
                );
            }
        }
    }
}
