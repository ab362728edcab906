//! The harness: arguments, timing, one JSON line a workload.

use std::time::{Duration, Instant};

/// `[--threads N] [--steps N] [PREFIX...]`
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

    pub(crate) fn wants(&self, name: &str) -> bool {
        self.prefixes.is_empty()
            || self
                .prefixes
                .iter()
                .any(|prefix| name.starts_with(prefix.as_str()))
    }

    /// Times each call: after 20 calls and 0.5 s of warming up, 50 calls and 2 s, whichever is longer.
    /// The median in microseconds.
    pub(crate) fn run(&self, name: &str, mut f: impl FnMut()) -> Option<f64> {
        if let Some(steps) = self.steps {
            (0..steps).for_each(|_| f());
            return None;
        }
        let start = Instant::now();
        let mut warm = 0;
        while warm < 20 || start.elapsed() < Duration::from_millis(500) {
            f();
            warm += 1;
        }
        let mut times = Vec::with_capacity(1 << 20);
        let start = Instant::now();
        while times.len() < 50 || start.elapsed() < Duration::from_secs(2) {
            let begin = Instant::now();
            f();
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
        Some(quantile(0.5))
    }
}
