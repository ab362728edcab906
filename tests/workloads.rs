//! Every workload of the benchmarks gives the same bits on any number of threads, and takes its tensors from the pool.

#[path = "../crates/gradlet/benches/workloads/list.rs"]
mod list;

use std::hash::{DefaultHasher, Hash, Hasher};

use gradlet::{Result, memory, threads};
use list::{Bits, Harness};

/// How many workloads there are without those that [`is_small`] leaves out, and how many of these are matrix products.
const WORKLOADS: usize = 40;
const PRODUCTS: usize = 7;

/// The largest ones are split between threads, and take memory, as those of a sixteenth of their size do.
fn is_small(name: &str) -> bool {
    !name.ends_with("_16m")
}

/// Runs each workload twice and keeps a hash of the second result, which depends on the weights after the first.
#[derive(Default)]
struct Hashes(Vec<(String, u64)>);

impl Harness for Hashes {
    fn wants(&self, name: &str) -> bool {
        is_small(name)
    }

    fn samples(&self, usual: usize) -> usize {
        usual / 4
    }

    fn run<R: Bits>(&mut self, name: &str, mut iteration: impl FnMut() -> Result<R>) -> Result<()> {
        drop(iteration()?);
        let bits = iteration()?.bits();
        assert!(!bits.is_empty(), "{name}");
        let mut hasher = DefaultHasher::new();
        bits.hash(&mut hasher);
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
    assert_eq!(one.len(), WORKLOADS);
    for count in [2, 3] {
        assert_eq!(run(count), one, "{count} threads");
    }
}

/// Looks at what the third iteration of each workload asks the system for, and counts the workloads.
#[derive(Default)]
struct Steady(usize);

impl Harness for Steady {
    fn wants(&self, name: &str) -> bool {
        is_small(name) && !name.starts_with("matmul")
    }

    fn samples(&self, usual: usize) -> usize {
        usual / 4
    }

    fn run<R: Bits>(&mut self, name: &str, mut iteration: impl FnMut() -> Result<R>) -> Result<()> {
        for _ in 0..2 {
            drop(iteration()?);
        }
        let before = (memory::system_requests(), memory::pooled_bytes());
        let mut result = Ok(());
        let counted = allocation_counter::measure(|| result = iteration().map(drop));
        result?;
        let after = (memory::system_requests(), memory::pooled_bytes());
        assert_eq!(after, before, "{name}");
        // Beside the pool there are records of the graph, of which none takes more, and numbers for each channel.
        let most = 256 * counted.count_total + (32 << 10);
        assert!(counted.bytes_total <= most, "{name}: {counted:?}");
        self.0 += 1;
        Ok(())
    }
}

#[test]
fn a_steady_iteration_of_every_workload_takes_its_tensors_from_the_pool() {
    let mut steady = Steady::default();
    threads::with(1, || list::run(&mut steady)).unwrap();
    assert_eq!(steady.0, WORKLOADS - PRODUCTS);
}
