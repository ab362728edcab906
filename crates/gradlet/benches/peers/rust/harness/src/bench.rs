//! Timing, and one JSON line a workload.

use std::time::{Duration, Instant};

use crate::Args;

const WARM_UP: Duration = Duration::from_millis(500);
const TIMED: Duration = Duration::from_secs(2);
/// A workload too slow for 20 and 50 iterations stops warming up and being timed after these.
const LONGEST_WARM_UP: Duration = Duration::from_secs(3);
const LONGEST_TIMED: Duration = Duration::from_secs(8);

pub struct Bench {
    peer: String,
    version: &'static str,
    pub args: Args,
}

impl Bench {
    pub fn new(peer: &str, version: &'static str, args: Args) -> Self {
        Self {
            peer: format!("{peer}{}", args.suffix),
            version,
            args,
        }
    }

    pub fn wants(&self, workload: &str) -> bool {
        self.args.wants(workload)
    }

    /// Times each call of `f`: after 20 calls and 0.5 s of warming up, 50 calls and 2 s, whichever is longer.
    pub fn run(&self, workload: &str, mut f: impl FnMut()) {
        if !self.wants(workload) {
            return;
        }
        if let Some(steps) = self.args.steps {
            return self.run_untimed(workload, steps, f);
        }
        let start = Instant::now();
        let mut calls = 0;
        while (calls < 20 || start.elapsed() < WARM_UP)
            && (calls < 3 || start.elapsed() < LONGEST_WARM_UP)
        {
            f();
            calls += 1;
        }
        let mut us = Vec::with_capacity(1 << 20);
        let start = Instant::now();
        while (us.len() < 50 || start.elapsed() < TIMED)
            && (us.len() < 5 || start.elapsed() < LONGEST_TIMED)
        {
            let begin = Instant::now();
            f();
            us.push(begin.elapsed().as_nanos() as f64 / 1e3);
        }
        us.sort_by(f64::total_cmp);
        let quantile = |q: f64| us[((us.len() - 1) as f64 * q).round() as usize];
        self.line(
            workload,
            &format!(
                "\"median_us\":{:.2},\"min_us\":{:.2},\"p90_us\":{:.2},\"iters\":{}",
                quantile(0.5),
                us[0],
                quantile(0.9),
                us.len()
            ),
        );
    }

    #[cfg(not(feature = "count-allocs"))]
    fn run_untimed(&self, _workload: &str, steps: usize, mut f: impl FnMut()) {
        (0..=steps).for_each(|_| f());
    }

    #[cfg(feature = "count-allocs")]
    fn run_untimed(&self, workload: &str, steps: usize, mut f: impl FnMut()) {
        f();
        let region = stats_alloc::Region::new(crate::ALLOCATOR);
        (0..steps).for_each(|_| f());
        let used = region.change();
        let calls = used.allocations + used.reallocations;
        let mean = |total: usize| total as f64 / steps as f64;
        self.line(
            workload,
            &format!(
                "\"allocs_per_iter\":{:.1},\"alloc_kib_per_iter\":{:.1}",
                mean(calls),
                mean(used.bytes_allocated) / 1024.0
            ),
        );
    }

    /// Says why the peer does not do `workload`.
    pub fn skip(&self, workload: &str, why: &str) {
        if self.wants(workload) && self.args.steps.is_none() {
            self.line(workload, &format!("\"skipped\":\"{why}\""));
        }
    }

    fn line(&self, workload: &str, fields: &str) {
        println!(
            "{{\"peer\":\"{}\",\"version\":\"{}\",\"workload\":\"{workload}\",\"threads\":{},{fields}}}",
            self.peer, self.version, self.args.threads
        );
    }
}
