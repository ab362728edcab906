//! The arguments that every program takes.

use std::os::unix::process::CommandExt;
use std::process::Command;

/// Read by the thread pools of the peers when they start.
const THREAD_VARIABLES: [&str; 5] = [
    "RAYON_NUM_THREADS",
    "CANDLE_NUM_THREADS",
    "MATMUL_NUM_THREADS",
    "OMP_NUM_THREADS",
    "CUBECL_CPU_THREADS",
];

/// `[--threads N] [--backend B] [--suffix S] [--steps N] [PREFIX | =NAME ...]`
pub struct Args {
    pub threads: usize,
    /// Which of several the program runs: burn's backend, the GEMM crate.
    pub backend: String,
    /// Goes behind the peer's name.
    pub suffix: String,
    /// Run so many iterations without timing, for profilers and peak memory.
    pub steps: Option<usize>,
    names: Vec<String>,
}

impl Args {
    /// Reads the arguments. Starts the program anew if the thread variables are not set to `--threads`, since a pool may
    /// read them before `main`'s first line could change them.
    pub fn parse() -> Self {
        let mut args = Self {
            threads: 2,
            backend: String::new(),
            suffix: String::new(),
            steps: None,
            names: Vec::new(),
        };
        let mut rest = std::env::args().skip(1);
        while let Some(arg) = rest.next() {
            let mut value = || rest.next().expect("a value after the option");
            let number = |text: String| text.parse().expect("a number after the option");
            match arg.as_str() {
                "--threads" => args.threads = number(value()),
                "--backend" => args.backend = value(),
                "--suffix" => args.suffix = value(),
                "--steps" => args.steps = Some(number(value())),
                _ => args.names.push(arg),
            }
        }
        args.set_variables();
        args
    }

    fn set_variables(&self) {
        let n = self.threads.to_string();
        let is_set = |name: &&str| std::env::var(name).is_ok_and(|value| value == n);
        if !THREAD_VARIABLES.iter().all(|name| is_set(&name)) {
            let program = std::env::current_exe().expect("the program's own path");
            let error = Command::new(program)
                .args(std::env::args_os().skip(1))
                .envs(THREAD_VARIABLES.map(|name| (name, &n)))
                .exec();
            panic!("cannot start again with the thread variables set: {error}");
        }
    }

    pub fn wants(&self, workload: &str) -> bool {
        self.names.is_empty()
            || self.names.iter().any(|name| match name.strip_prefix('=') {
                Some(whole) => workload == whole,
                None => workload.starts_with(name.as_str()),
            })
    }
}
