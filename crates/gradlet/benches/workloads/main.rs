//! The workloads that gradlet is compared with other frameworks on.
//!
//! `cargo bench --bench workloads -- [--threads N] [PREFIX | =NAME ...]` prints one JSON line for each: microseconds an
//! iteration. With `--steps N` each runs N times, untimed, for profilers and for measuring memory.

mod list;
mod timing;

use gradlet::Result;
use timing::Bench;

fn main() -> Result<()> {
    let mut bench = Bench::from_args();
    gradlet::threads::with(bench.threads, || list::run(&mut bench))
}
