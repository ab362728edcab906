//! What gradlet computes has the same bits on every processor and any number of threads, in debug and in release builds:
//! `digests.txt` has a digest of each function, kernel and net.
//!
//! It runs anywhere: `cargo test -p gradlet --test same_bits`, with `--release`, under an emulator of a different
//! processor. Where a change of the arithmetic is meant, `GRADLET_DIGESTS=overwrite` writes the new digests.

#[allow(
    unreachable_pub,
    reason = "the tests of all crates have this file as a public module"
)]
mod digest;
mod functions;
mod kernels;
#[path = "../../benches/workloads/list.rs"]
mod list;
mod nets;

use std::path::Path;

use digest::{Digests, compare};
use gradlet::{Result, threads};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/same_bits/digests.txt");

/// Compares what is computed on this many threads with the digests whose names start so.
fn check(prefix: &str, count: usize, compute: fn() -> Result<Digests>) {
    let found = threads::with(count, compute).expect("everything can be computed");
    println!("on {count} threads:");
    compare(Path::new(FILE), prefix, &found);
}

#[test]
fn functions_have_the_same_bits_everywhere() {
    check("function ", 1, functions::all);
}

#[test]
fn kernels_have_the_same_bits_everywhere() {
    check("kernel ", 1, kernels::all);
}

/// Slow under an emulator, whose threads wait for each other.
#[test]
fn kernels_and_workloads_have_the_same_bits_on_any_number_of_threads() {
    for count in [1, 2, 3] {
        check("kernel ", count, kernels::all);
        check("workload ", count, kernels::workloads);
    }
}

#[test]
fn nets_train_to_the_same_bits_everywhere_on_one_to_three_threads() {
    for count in [1, 2, 3] {
        check("net ", count, nets::all);
    }
}
