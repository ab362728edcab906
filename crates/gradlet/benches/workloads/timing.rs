//! The harness: arguments, timing, one JSON line a workload.

use std::hint::black_box;
use std::time::{Duration, Instant};

use gradlet::Result;

use super::list::{Bits, Harness};

/// `[--threads N] [--steps N] [PREFIX | =NAME ...]`
pub(crate) struct Bench {
    pub(crate) threads: usize,
    /// Run so many iterations without timing, for profilers.
    steps: Option<usize>,
    prefixes: Vec<String>,
}

impl Bench {
    pub(crate) fn from_args() -> Self {
        let mut bench = Self {
            threads: 2,
            steps: None,
            prefixes: Vec::new(),
        };
        let mut args = std::env::args().skip(1);
        while let Some(arg) = args.next() {
            let mut number = || {
                args.next()
                    .and_then(|n| n.parse().ok())
                    .expect("a number after the option")
            };
            match arg.as_str() {
                "--threads" => bench.threads = number(),
                "--steps" => bench.steps = Some(number()),
                // What `cargo bench` adds.
                "--bench" => {}
                _ => bench.prefixes.push(arg),
            }
        }
        bench
    }
}

impl Harness for Bench {
    fn wants(&self, name: &str) -> bool {
        let fits = |prefix: &String| match prefix.strip_prefix('=') {
            Some(whole) => name == whole,
            None => name.starts_with(prefix.as_str()),
        };
        self.prefixes.is_empty() || self.prefixes.iter().any(fits)
    }

    /// Times each call: after 20 calls and 0.5 s of warming up, 50 calls and 2 s, whichever is longer.
    /// What an iteration returns is dropped inside the time.
    fn run<R: Bits>(&mut self, name: &str, mut f: impl FnMut() -> Result<R>) -> Result<()> {
        if let Some(steps) = self.steps {
            return (0..steps).try_for_each(|_| f().map(drop));
        }
        let start = Instant::now();
        let mut warm = 0;
        while warm < 20 || start.elapsed() < Duration::from_millis(500) {
            drop(black_box(f()?));
            warm += 1;
        }
        let mut times = Vec::with_capacity(1 << 20);
        let start = Instant::now();
        while times.len() < 50 || start.elapsed() < Duration::from_secs(2) {
            let begin = Instant::now();
            drop(black_box(f()?));
            times.push(begin.elapsed().as_nanos() as f64 / 1e3);
        }
        times.sort_by(f64::total_cmp);
        let quantile = |q: f64| times[((times.len() - 1) as f64 * q).round() as usize];
        println!(
            "{{\"peer\":\"gradlet\",\"version\":\"{}\",\"workload\":\"{name}\",\"threads\":{},\
             \"median_us\":{:.2},\"min_us\":{:.2},\"p90_us\":{:.2},\"iters\":{}}}",
            env!("CARGO_PKG_VERSION"),
            self.threads,
            quantile(0.5),
            times[0],
            quantile(0.9),
            times.len()
        );
        if name == "chain_1000" {
            // 2,000 nodes, forward and backward.
            eprintln!("a recorded node costs {:.0} ns", quantile(0.5) * 1e3 / 2e3);
        }
        Ok(())
    }
}
