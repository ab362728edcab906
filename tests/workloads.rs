//! Every workload of the benchmarks gives the same bits on any number of threads.

#[path = "../crates/gradlet/benches/workloads/list.rs"]
mod list;

use std::hash::{DefaultHasher, Hash, Hasher};

use gradlet::{Result, threads};
use list::{Bits, Harness};

/// Runs each workload twice, so that the second run sees updated weights, and keeps a hash of both results.
#[derive(Default)]
struct Hashes(Vec<(String, u64)>);

impl Harness for Hashes {
    fn wants(&self, name: &str) -> bool {
        // They are split between threads as those of a sixteenth of their size are.
        !name.ends_with("_16m")
    }

    fn run<R: Bits>(&mut self, name: &str, mut iteration: impl FnMut() -> Result<R>) -> Result<()> {
        let mut hasher = DefaultHasher::new();
        for _ in 0..2 {
            let bits = iteration()?.bits();
            assert!(!bits.is_empty(), "{name}");
            bits.hash(&mut hasher);
        }
        self.0.push((name.to_owned(), hasher.finish()));
        Ok(())
    }
}

#[test]
fn every_workload_gives_the_same_bits_on_any_number_of_threads() {
    let run = |count| {
        let mut hashes = Hashes::default();
        threads::with(count, || list::run(&mut hashes)).unwrap();
        hashes.0
    };
    let one = run(1);
    assert_eq!(one.len(), 40);
    for count in [2, 3] {
        assert_eq!(run(count), one, "{count} threads");
    }
}
