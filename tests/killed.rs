//! A run that is killed at random moments, and resumed each time, ends with the bits of one that was not.
//!
//! Each run is a process of its own: this program, told by the environment to be one.

#![cfg(unix)]

use std::env;
use std::error::Error;
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use gradlet::io::Checkpoints;
use gradlet::optim::Average;
use gradlet::prelude::*;
use gradlet::schedule::CosineAnnealing;
use gradlet::trainer::Trainer;
use gradlet::{BatchNorm1d, Stateful};
use rand::RngExt;

/// Names the folder of the checkpoints, for a process that is to train.
const FOLDER: &str = "GRADLET_KILLED_FOLDER";

/// The number of processes that are killed; `GRADLET_KILLS` sets a different one.
const KILLS: usize = 50;

const EPOCHS: usize = 6;
const ROWS: usize = 640;
const BATCH: usize = 8;
/// From one checkpoint to the next.
const STEPS: u64 = 5;

/// Batch norm, dropout, Adam with a schedule, an average, shuffled batches.
fn train(folder: &Path) -> Result<String> {
    let mut rng = gradlet::rng(3);
    let x = Tensor::<f32>::uniform([ROWS, 16], -1.0, 1.0, &mut rng)?;
    let labels = x.narrow(1, 0, 8)?.sum(1)?.gt(&x.narrow(1, 8, 8)?.sum(1)?)?;
    let set = Dataset::new(x, labels.cast::<i64>())?;
    let mut model = sequential![
        Linear::new(16, 32, &mut rng)?,
        BatchNorm1d::new(32)?,
        Relu::new(),
        Dropout::new(0.25, &mut rng)?,
        Linear::new(32, 2, &mut rng)?
    ];
    let mut optimizer = Adam::new(0.01);
    let mut trainer = Trainer::new(EPOCHS)
        .batch_size(BATCH)
        .schedule(CosineAnnealing::new(EPOCHS * ROWS / BATCH)?)
        .average(Average::ema(0.9)?)
        .save(Checkpoints::in_folder(folder)?.keep(3), STEPS)
        .resume(true);
    let history = trainer.fit(
        &mut model,
        &mut optimizer,
        &mut rng,
        &set,
        |model, x, labels| cross_entropy(&model.forward(x)?, labels),
        |_| Ok(vec![]),
    )?;
    let averaged = trainer.averaged().map(|average| average.state().digest());
    let losses: Vec<_> = history.rows.iter().map(|row| row[0].to_bits()).collect();
    Ok(format!(
        "{:016x} {averaged:x?} {losses:x?} {:?}",
        model.state().digest(),
        rng.words()
    ))
}

/// The process that trains; a test that does nothing otherwise.
#[test]
fn the_run_itself() -> Result<()> {
    if let Some(folder) = env::var_os(FOLDER) {
        let end = train(Path::new(&folder))?;
        fs::write(Path::new(&folder).join("end"), end).expect("the folder is there");
    }
    Ok(())
}

fn start(folder: &Path) -> Result<Child, Box<dyn Error>> {
    Ok(Command::new(env::current_exe()?)
        .args(["--exact", "the_run_itself", "--quiet"])
        .env(FOLDER, folder)
        .env("GRADLET_NUM_THREADS", "1")
        .stdout(Stdio::null())
        .spawn()?)
}

/// An empty folder that is removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = env::temp_dir().join(format!("gradlet-killed-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        Self(path)
    }

    fn end(&self) -> String {
        fs::read_to_string(self.0.join("end")).unwrap_or_default()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn a_killed_run_goes_on_to_the_same_bits() -> Result<(), Box<dyn Error>> {
    if env::var_os(FOLDER).is_some() {
        return Ok(());
    }
    let kills = env::var("GRADLET_KILLS").map_or(Ok(KILLS), |kills| kills.parse())?;
    let (whole, began) = (Folder::new("whole"), Instant::now());
    assert!(start(&whole.0)?.wait()?.success());
    let (expected, takes) = (whole.end(), began.elapsed());
    assert!(expected.len() > 60, "{expected}");

    // Differs from run to run, as the moments do anyway.
    let mut rng = gradlet::rng(u64::from(std::process::id()));
    let (mut killed, mut runs, mut steps) = (0, 0, Vec::new());
    while killed < kills {
        let folder = Folder::new(&format!("run{runs}"));
        runs += 1;
        loop {
            let mut child = start(&folder.0)?;
            let wait = takes
                .mul_f64(rng.random_range(0.0..0.6))
                .max(Duration::from_micros(100));
            std::thread::sleep(wait);
            child.kill()?;
            let status = child.wait()?;
            if status.signal() == Some(9) {
                killed += 1;
                let newest = Checkpoints::in_folder(&folder.0)?.newest()?;
                steps.push(newest.map_or(0, |(step, _)| step));
                continue;
            }
            assert!(status.success(), "{status}");
            break;
        }
        assert_eq!(folder.end(), expected, "run {runs}");
        let left: Vec<_> = fs::read_dir(&folder.0)?.collect::<Result<_, _>>()?;
        // Three checkpoints, the best weights, the lock, the end.
        assert!(left.len() <= 6, "{left:?}");
    }
    println!("{killed} kills in {runs} runs, found at steps {steps:?}");
    steps.sort_unstable();
    steps.dedup();
    assert!(
        steps.len() >= kills / 5,
        "killed always at the same steps: {steps:?}"
    );
    Ok(())
}
