//! A checkpoint that version 0.1 wrote, and what it must give: later versions read it, or say which version can.
//!
//! `digests.txt` has the digest of each of its parts.

use std::path::{Path, PathBuf};
use std::{env, fs};

use gradlet::io::Checkpoints;
use gradlet::optim::Average;
use gradlet::prelude::*;
use gradlet::schedule::{ReduceOnPlateau, Step};
use gradlet::trainer::{History, Trainer};
use gradlet::{BatchNorm1d, State};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/golden/checkpoint");

/// In the middle of the second epoch.
const STEP: u64 = 9;

/// Everything that a checkpoint can have: 7 steps an epoch.
fn run(folder: &Path, epochs: usize) -> Result<(State, History)> {
    let mut rng = gradlet::rng(7);
    let x = Tensor::<f32>::uniform([28, 3], -1.0, 1.0, &mut rng)?;
    let labels = x.narrow(1, 0, 1)?.gt(&x.narrow(1, 1, 1)?)?.flatten(..)?;
    let set = Dataset::new(x, labels.cast::<i64>())?;
    let mut model = sequential![
        Linear::new(3, 4, &mut rng)?,
        BatchNorm1d::new(4)?,
        Relu::new(),
        Dropout::new(0.25, &mut rng)?,
        Linear::new(4, 2, &mut rng)?
    ];
    let mut optimizer = Adam::new(0.05);
    let history = Trainer::new(epochs)
        .batch_size(4)
        .average(Average::ema(0.5)?)
        .plateau(ReduceOnPlateau::new())
        .schedule(Step::new(3)?.gamma(0.5))
        .save(Checkpoints::in_folder(folder)?.keep(3), 3)
        .resume(true)
        .fit(
            &mut model,
            &mut optimizer,
            &mut rng,
            &set,
            |model, x, labels| cross_entropy(&model.forward(x)?, labels),
            |_| Ok(vec![]),
        )?;
    Ok((model.state(), history))
}

/// A folder with the checkpoint alone, since a run that goes on writes there.
fn copied(name: &str) -> PathBuf {
    let folder = env::temp_dir().join(format!("gradlet-kept-{}-{name}", std::process::id()));
    fs::create_dir_all(&folder).expect("a folder for temporary files");
    let file = format!("checkpoint-{STEP:08}.safetensors");
    fs::copy(Path::new(FOLDER).join(&file), folder.join(file)).expect("the file is there");
    folder
}

#[test]
fn it_has_the_state_that_was_saved() -> Result<()> {
    let folder = copied("state");
    let (step, state) = Checkpoints::in_folder(&folder)?
        .newest()?
        .expect("one checkpoint");
    assert_eq!(step, STEP);
    let parts = [
        "model",
        "sources",
        "optimizer",
        "rng",
        "trainer",
        "batches",
        "average",
        "plateau",
    ];
    let digests = parts.map(|part| format!("{part} {:016x}", state.part(part).digest()));
    let expected = fs::read_to_string(Path::new(FOLDER).join("digests.txt")).unwrap_or_default();
    assert_eq!(digests.join("\n"), expected.trim_end());
    let count: usize = parts.iter().map(|part| state.part(part).len()).sum();
    assert_eq!(count, state.len());
    let _ = fs::remove_dir_all(&folder);
    Ok(())
}

/// As one that was not stopped, up to the last digits, which a later version may round in a different way.
#[test]
fn a_run_goes_on_from_it() -> Result<()> {
    let (kept, empty) = (
        copied("run"),
        env::temp_dir().join(format!("gradlet-whole-{}", std::process::id())),
    );
    let losses = |folder: &Path| Ok(run(folder, 3)?.1.column("train_loss").unwrap_or_default());
    let (losses, expected) = (losses(&kept)?, losses(&empty)?);
    assert_eq!((losses.len(), expected.len()), (3, 3));
    for (loss, expected) in losses.iter().zip(&expected) {
        assert!((loss - expected).abs() < 1e-5, "{losses:?} {expected:?}");
    }
    let _ = (fs::remove_dir_all(&kept), fs::remove_dir_all(&empty));
    Ok(())
}
