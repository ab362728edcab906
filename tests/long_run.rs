//! A hundred thousand steps with logs and checkpoints need no more memory than a thousand (Linux).

#![cfg(target_os = "linux")]

use std::cell::Cell;
use std::rc::Rc;
use std::{env, fs};

use gradlet::io::{Checkpoints, CsvLog, TensorBoard};
use gradlet::prelude::*;
use gradlet::trainer::{Log, Moment, Trainer};

/// The steps after which memory must not grow.
const WARM: u64 = 1_000;

/// By how much it may grow, in bytes.
const LIMIT: u64 = 1 << 20;

const STEPS: u64 = 100_000;

const ROWS: usize = 400;
const BATCH: usize = 4;

/// Notes how much memory the process has after the first steps and at the end.
struct Resident {
    warm: Rc<Cell<u64>>,
    last: Rc<Cell<u64>>,
}

impl Log for Resident {
    fn step(&mut self, at: &Moment<'_>) -> Result<()> {
        if at.step == WARM {
            self.warm.set(resident());
        }
        if at.step == at.steps {
            self.last.set(resident());
        }
        Ok(())
    }
}

/// The bytes of this process that are in memory.
fn resident() -> u64 {
    let text = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.trim().strip_suffix(" kB"));
    1024 * kib
        .and_then(|kib| kib.parse::<u64>().ok())
        .expect("a size in KiB")
}

#[test]
fn logs_and_checkpoints_keep_nothing() -> Result<()> {
    let folder = env::temp_dir().join(format!("gradlet-long-run-{}", std::process::id()));
    let mut rng = gradlet::rng(3);
    let x = Tensor::<f32>::uniform([ROWS, 4], -1.0, 1.0, &mut rng)?;
    let labels = x.narrow(1, 0, 1)?.gt(&x.narrow(1, 1, 1)?)?.flatten(..)?;
    let set = Dataset::new(x, labels.cast::<i64>())?;
    let mut model = sequential![
        Linear::new(4, 8, &mut rng)?,
        Relu::new(),
        Dropout::new(0.25, &mut rng)?,
        Linear::new(8, 2, &mut rng)?
    ];
    let mut optimizer = Adam::new(0.01);
    let (warm, last) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(0)));
    let log = Resident {
        warm: Rc::clone(&warm),
        last: Rc::clone(&last),
    };
    let epochs = STEPS as usize / (ROWS / BATCH);
    let history = Trainer::new(epochs)
        .batch_size(BATCH)
        .log(log)
        .log(CsvLog::steps(folder.join("log.csv"))?)
        .log(TensorBoard::create(&folder)?)
        .save(
            Checkpoints::in_folder(folder.join("checkpoints"))?.keep(3),
            500,
        )
        .fit(
            &mut model,
            &mut optimizer,
            &mut rng,
            &set,
            |model, x, labels| cross_entropy(&model.forward(x)?, labels),
            |_| Ok(vec![]),
        )?;
    let lines = fs::read_to_string(folder.join("log.csv")).unwrap_or_default();
    let _ = fs::remove_dir_all(&folder);
    assert_eq!(
        (history.steps, lines.lines().count() as u64),
        (STEPS, STEPS + 1)
    );
    let (warm, last) = (warm.get(), last.get());
    println!("{STEPS} steps: {warm} bytes after {WARM}, {last} at the end");
    assert!(
        warm > 0 && last <= warm + LIMIT,
        "grew from {warm} to {last} bytes"
    );
    Ok(())
}
