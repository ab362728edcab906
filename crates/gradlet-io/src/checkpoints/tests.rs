//! Which checkpoints stay, which one is the newest, and damage of every bit.

use gradlet_tensor::{Tensor, tensor};

use super::*;
use crate::load;
use crate::scratch::Scratch;

fn state(x: f32) -> State {
    let mut state = State::new();
    state.insert("model.weight", tensor![[x, 1.0], [2.0, 3.0]]);
    state.insert("steps", Tensor::scalar(7i64));
    state.alias("model.tied", "model.weight");
    state
}

#[test]
fn the_last_ones_up_to_the_saved_step_stay_and_the_best() -> Result<()> {
    let folder = Scratch::new("keep");
    let mut checkpoints = Checkpoints::in_folder(folder.file("a/b"))?.keep(2);
    let folder = folder.file("a/b");
    let names = || {
        let entries = fs::read_dir(&folder).unwrap();
        let mut names: Vec<_> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names.retain(|name| name != LOCK);
        names
    };
    // It has the wrong number of digits.
    let other = "checkpoint-0100000000.safetensors";
    fs::write(folder.join(other), "").unwrap();
    checkpoints.save_best(&state(0.5))?;
    for step in [0, 99_999_998, 99_999_999, 100_000_000] {
        checkpoints.save(step, &state(step as f32))?;
    }
    let last = [
        "checkpoint-100000000.safetensors",
        "checkpoint-99999999.safetensors",
    ];
    let best = "best.safetensors";
    assert_eq!(names(), [best, other, last[0], last[1]]);
    assert_eq!(checkpoints.newest()?, Some((100_000_000, state(1e8))));
    assert_eq!(checkpoints.best()?, Some(state(0.5)));
    // A run that goes on from an earlier step does not lose what it saves.
    checkpoints = checkpoints.keep(0);
    checkpoints.save(5, &state(5.0))?;
    checkpoints.save(6, &state(6.0))?;
    let sixth = "checkpoint-00000006.safetensors";
    assert_eq!(names(), [best, sixth, other, last[0], last[1]]);
    assert_eq!(load(folder.join(sixth))?, state(6.0));
    Ok(())
}

#[test]
fn every_flipped_bit_and_every_truncation_is_found_and_passed_over() -> Result<()> {
    let folder = Scratch::new("flipped");
    let mut checkpoints = Checkpoints::in_folder(&folder)?;
    checkpoints.save(1, &state(1.0))?;
    checkpoints.save(2, &state(2.0))?;
    checkpoints.save_best(&state(3.0))?;
    let path = folder.file("checkpoint-00000002.safetensors");
    let whole = fs::read(&path).unwrap();
    let mut damaged: Vec<Vec<u8>> = (0..whole.len())
        .map(|length| whole[..length].to_vec())
        .collect();
    for bit in 0..8 * whole.len() {
        damaged.push(whole.clone());
        *damaged
            .last_mut()
            .and_then(|bytes| bytes.get_mut(bit / 8))
            .unwrap() ^= 1 << (bit % 8);
    }
    for bytes in &damaged {
        fs::write(&path, bytes).unwrap();
        assert_eq!(checkpoints.newest()?, Some((1, state(1.0))));
        let [error] = checkpoints.passed_over() else {
            panic!("{:?}", checkpoints.passed_over());
        };
        assert!(
            error
                .to_string()
                .contains("checkpoint-00000002.safetensors: "),
            "{error}"
        );
        assert_eq!(error.location().file(), file!());
    }
    fs::write(&path, &whole).unwrap();
    assert_eq!(checkpoints.newest()?, Some((2, state(2.0))));
    assert!(checkpoints.passed_over().is_empty());
    // All damaged: none. The best one alone has nothing to fall back on.
    for name in ["checkpoint-00000001", "checkpoint-00000002", "best"] {
        fs::write(
            folder.file(&format!("{name}.safetensors")),
            damaged.last().unwrap(),
        )
        .unwrap();
    }
    assert_eq!(checkpoints.newest()?, None);
    assert_eq!(checkpoints.passed_over().len(), 2);
    let text = checkpoints.best().unwrap_err().to_string();
    assert!(
        text.contains("best.safetensors: is damaged: its bytes have the sum "),
        "{text}"
    );
    Ok(())
}

#[test]
fn a_later_format_says_who_reads_it_and_is_not_passed_over() -> Result<()> {
    let folder = Scratch::new("later");
    let mut checkpoints = Checkpoints::in_folder(&folder)?;
    checkpoints.save(1, &state(1.0))?;
    checkpoints.save(2, &state(2.0))?;
    let path = folder.file("checkpoint-00000002.safetensors");
    let text = |text: &str, with: &str| {
        let bytes = fs::read(&path).unwrap();
        let place = bytes
            .windows(text.len())
            .position(|part| part == text.as_bytes())
            .unwrap();
        let bytes = [
            &bytes[..place],
            with.as_bytes(),
            &bytes[place + text.len()..],
        ]
        .concat();
        fs::write(&path, file::summed(bytes)).unwrap();
    };
    let version = env!("CARGO_PKG_VERSION");
    text("gradlet.checkpoint\":\"1\"", "gradlet.checkpoint\":\"2\"");
    text(
        &format!("gradlet.version\":\"{version}\""),
        "gradlet.version\":\"9.8.7\"",
    );
    let error = checkpoints.newest().unwrap_err().to_string();
    let expected = format!(
        "is a checkpoint of format 2, written by gradlet 9.8.7: this is gradlet {version}, which reads formats up to 1; load it with gradlet 9.8.7 or later"
    );
    assert!(error.contains(&expected), "{error}");
    Ok(())
}

#[test]
fn files_that_are_no_checkpoints_or_renamed_are_passed_over() -> Result<()> {
    let folder = Scratch::new("renamed");
    let mut checkpoints = Checkpoints::in_folder(&folder)?;
    checkpoints.save(1, &state(1.0))?;
    let path = |step| folder.file(&name(step));
    fs::copy(path(1), path(2)).unwrap();
    crate::save(path(3), &state(3.0))?;
    fs::create_dir(path(4)).unwrap();
    assert_eq!(checkpoints.newest()?, Some((1, state(1.0))));
    let texts: Vec<_> = checkpoints
        .passed_over()
        .iter()
        .map(Error::to_string)
        .collect();
    for (text, expected) in texts.iter().zip([
        "is not a regular file",
        "is not a checkpoint: its metadata do not say so",
        "is of step 1, where one of step 2 belongs: was it renamed?",
    ]) {
        assert!(text.contains(expected), "{text}");
    }
    assert_eq!(texts.len(), 3);
    Ok(())
}

#[test]
fn paths_that_are_numbers_come_back_without_second_paths() -> Result<()> {
    let folder = Scratch::new("numbers");
    let mut checkpoints = Checkpoints::in_folder(&folder)?;
    let mut state = State::new();
    for path in ["1", "50", env!("CARGO_PKG_VERSION"), "00000000"] {
        state.insert(path, tensor![1.0]);
    }
    checkpoints.save(50, &state)?;
    assert_eq!(checkpoints.newest()?, Some((50, state.clone())));
    assert_eq!(load(folder.file(&name(50)))?, state);
    // A key that looks like the place of the sum.
    state.insert("a\"gradlet.crc32c\":\"12345678\"", tensor![2.0]);
    state.alias("\"gradlet.crc32c\":\"", "1");
    checkpoints.save(51, &state)?;
    assert_eq!(checkpoints.newest()?, Some((51, state)));
    Ok(())
}

#[test]
fn a_second_run_cannot_save_in_the_folder_but_can_read() -> Result<()> {
    let folder = Scratch::new("runs");
    let mut first = Checkpoints::in_folder(&folder)?;
    let mut second = Checkpoints::in_folder(&folder)?;
    first.save(1, &state(1.0))?;
    for refused in [second.save(2, &state(2.0)), second.save_best(&state(2.0))] {
        let text = refused.unwrap_err().to_string();
        assert!(
            text.contains("cannot be saved to: a different run saves its checkpoints"),
            "{text}"
        );
    }
    assert_eq!(second.newest()?, Some((1, state(1.0))));
    // A run that ends meanwhile, as one that was killed may, is waited for.
    let ending = thread::spawn(|| {
        thread::sleep(Duration::from_millis(100));
        drop(first);
    });
    second.save(2, &state(2.0))?;
    ending.join().unwrap();
    assert_eq!(second.newest()?, Some((2, state(2.0))));
    Ok(())
}

#[test]
fn a_folder_that_cannot_be_used_is_an_error() -> Result<()> {
    let folder = Scratch::new("unusable");
    fs::write(folder.file("x"), "a file").unwrap();
    let text = Checkpoints::in_folder(folder.file("x"))
        .unwrap_err()
        .to_string();
    assert!(text.contains("x: cannot be made: "), "{text}");
    let mut checkpoints = Checkpoints::in_folder(folder.file("gone"))?;
    fs::remove_dir(folder.file("gone")).unwrap();
    let text = checkpoints.newest().unwrap_err().to_string();
    assert!(text.contains("gone: cannot be read: "), "{text}");
    let text = checkpoints.save(1, &state(1.0)).unwrap_err().to_string();
    assert!(text.contains("gone: cannot be saved to: "), "{text}");
    Ok(())
}
