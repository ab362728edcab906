//! Rows that read back, runs that are killed and resumed at any place, and files that are no logs.

use std::fs;
use std::path::PathBuf;

use gradlet_tensor::Result;
use proptest::prelude::*;

use super::CsvLog;
use super::rows::row;
use crate::scratch::Scratch;

const STEPS: u64 = 12;

/// Logs the steps of a run after `from`, up to `to`, with an epoch after each third.
fn run(log: &mut CsvLog, from: u64, to: u64) -> Result<()> {
    for step in from + 1..=to {
        let (epoch, loss) = ((step - 1) as usize / 3, 1.0 / step as f64);
        log.step(epoch, step, &[("loss", loss), ("a \"b\",\nc", -loss)])?;
        if step % 3 == 0 {
            log.epoch(epoch, step, &[("train_loss", loss)])?;
        }
    }
    Ok(())
}

#[test]
fn a_run_that_is_cut_anywhere_and_resumed_leaves_the_same_bytes() -> Result<()> {
    let folder = Scratch::new("csv-resumed");
    let makes: [fn(PathBuf) -> Result<CsvLog>; 2] = [CsvLog::steps, CsvLog::epochs];
    for make in makes {
        let whole = folder.file("new folder/whole.csv");
        run(&mut make(whole.clone())?, 0, STEPS)?;
        let whole = fs::read(whole).unwrap();
        let path = folder.file("cut.csv");
        // A killed process or a power cut leaves a part of the file, with all or a part of its last row.
        for length in 0..=whole.len() {
            let ends = String::from_utf8_lossy(&whole[..length])
                .matches('\n')
                .count() as u64;
            // Of steps whose rows are there; the name of a column of the rows of steps has an end of line.
            let saved = if whole.starts_with(b"epoch,step,loss") {
                ends.saturating_sub(2)
            } else {
                ends.saturating_sub(1) * 3
            };
            for step in [saved, saved.saturating_sub(4)] {
                fs::write(&path, &whole[..length]).unwrap();
                let mut log = make(path.clone())?;
                log.resumed(step as usize / 3, step)?;
                run(&mut log, step, STEPS)?;
                assert_eq!(fs::read(&path).unwrap(), whole, "{length}, {step}");
            }
        }
    }
    Ok(())
}

#[test]
fn a_log_has_rows_of_steps_or_of_epochs() -> Result<()> {
    let folder = Scratch::new("csv-rows");
    let path = folder.file("log.csv");
    run(&mut CsvLog::steps(&path)?, 0, 3)?;
    let header = "epoch,step,loss,\"a \"\"b\"\",\nc\"\n";
    let rows = "0,1,1.0,-1.0\n0,2,0.5,-0.5\n0,3,0.3333333333333333,-0.3333333333333333\n";
    assert_eq!(
        fs::read_to_string(&path).unwrap(),
        format!("{header}{rows}")
    );
    // A run that begins anew replaces the log with its first row.
    let mut log = CsvLog::epochs(&path)?;
    assert_eq!(
        fs::read_to_string(&path).unwrap(),
        format!("{header}{rows}")
    );
    run(&mut log, 0, 6)?;
    let rows = "0,3,0.3333333333333333\n1,6,0.16666666666666666\n";
    let text = format!("epoch,step,train_loss\n{rows}");
    assert_eq!(fs::read_to_string(&path).unwrap(), text);
    // The same log goes on after an earlier step.
    log.resumed(1, 5)?;
    run(&mut log, 5, 6)?;
    assert_eq!(fs::read_to_string(&path).unwrap(), text);
    // All steps of the second epoch were saved, and its row was written, but not that it is over.
    log.resumed(1, 6)?;
    run(&mut log, 5, 6)?;
    assert_eq!(fs::read_to_string(&path).unwrap(), text);
    Ok(())
}

#[test]
fn other_names_and_other_files_are_refused_and_stay_as_they_are() -> Result<()> {
    let folder = Scratch::new("csv-refused");
    let path = folder.file("x");
    let mut log = CsvLog::steps(&path)?;
    log.step(0, 1, &[("loss", 0.5)])?;
    let before = fs::read(&path).unwrap();
    for names in [&[][..], &[("lo\"ss", 1.0)], &[("loss", 1.0), ("rate", 0.1)]] {
        let error = log.step(0, 2, names).unwrap_err();
        assert!(
            error
                .to_string()
                .contains("has the columns \"epoch,step,loss\", "),
            "{error}"
        );
        assert_eq!(error.location().file(), file!());
    }
    // Nor do they change when the run is resumed.
    log.resumed(0, 1)?;
    log.step(0, 2, &[]).unwrap_err();
    assert_eq!(fs::read(&path).unwrap(), before);
    for (text, expected) in [
        (
            "step,epoch\n",
            "is no log: its first line does not begin with \"epoch,step\"; move it",
        ),
        ("epoch,steps\n1,2\n", "is no log"),
        (
            "epoch,step\n0,x\n",
            "is damaged: there is no epoch or no step in the row at byte 11",
        ),
        (
            "epoch,step\n0\n",
            "there is no epoch or no step in the row at byte 11",
        ),
    ] {
        fs::write(&path, text).unwrap();
        for error in [
            CsvLog::epochs(&path).unwrap_err(),
            log.resumed(9, 9).unwrap_err(),
        ] {
            assert!(error.to_string().contains(expected), "{error}");
            assert_eq!(error.location().file(), file!());
        }
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
    }
    let error = CsvLog::steps(&folder).unwrap_err().to_string();
    assert!(error.contains("is not a regular file"), "{error}");
    let error = CsvLog::steps(path.join("y")).unwrap_err().to_string();
    assert!(error.contains("cannot be made: "), "{error}");
    Ok(())
}

proptest! {
    #[test]
    fn numbers_read_back_to_the_same_bits(bits in any::<u64>()) {
        for x in [f64::from_bits(bits), bits as f64, f64::INFINITY, -0.0, 5e-324] {
            let row = row(1, u64::MAX, &[("x", x)]);
            prop_assert!(row.len() < 60);
            let text = row.trim_end().strip_prefix("1,18446744073709551615,").unwrap();
            let read: f64 = text.parse().unwrap();
            // All NaNs are the same one as text.
            prop_assert!(read.to_bits() == x.to_bits() || (read.is_nan() && x.is_nan()), "{text}");
        }
    }
}
