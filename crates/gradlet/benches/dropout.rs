//! Dropout forward beside copying the same bytes, on one thread, interleaved.
//!
//! `cargo bench --bench dropout` prints the median time of each and its ratio to the copy.

use std::hint::black_box;
use std::time::Instant;

use gradlet::prelude::*;
use gradlet::threads;

const LEN: usize = 1 << 20;
const ROUNDS: usize = 2000;

fn main() -> Result<()> {
    threads::with(1, || {
        let mut rng = gradlet::rng(1);
        let x = Var::constant(Tensor::<f32>::normal([LEN], 0.0, 1.0, &mut rng)?);
        let source = x.to_vec();
        // Written before, as the pool's memory is that the outputs lie in.
        let mut copy = vec![1.0f32; LEN];
        let (half, tenth) = (Dropout::new(0.5, &mut rng)?, Dropout::new(0.1, &mut rng)?);
        let mut times = [const { Vec::new() }; 3];
        for _ in 0..ROUNDS {
            for (times, run) in times.iter_mut().zip(0..) {
                let start = Instant::now();
                match run {
                    0 => copy.copy_from_slice(black_box(&source)),
                    1 => drop(black_box(half.forward(&x)?)),
                    _ => drop(black_box(tenth.forward(&x)?)),
                }
                times.push(start.elapsed().as_nanos());
                black_box(&mut copy);
            }
        }
        let medians = times.map(|mut times| {
            times.sort_unstable();
            times[ROUNDS / 2] as f64 / 1000.0
        });
        println!("{LEN} f32, 1 thread, median of {ROUNDS} interleaved rounds");
        for (name, median) in ["copy", "dropout p=0.5", "dropout p=0.1"]
            .iter()
            .zip(medians)
        {
            println!(
                "{name:<14} {median:>7.1} us  {:.2} of the copy",
                median / medians[0]
            );
        }
        Ok(())
    })
}
