//! The program in README.md, compiled and run in a folder of its own.

use std::{env, fs, process};

/// What the page shows.
mod program {
    include!("program.txt");

    pub(super) fn run() -> Result<()> {
        main()
    }
}

const README: &str = include_str!("../../README.md");
const PROGRAM: &str = include_str!("program.txt");

#[test]
fn the_page_shows_this_program() {
    let shown = format!("```rust\n{PROGRAM}```\n");
    assert!(
        README.contains(&shown),
        "README.md differs from tests/readme/program.txt"
    );
}

/// Twice: the second time, what was saved is resumed.
#[test]
fn it_trains_saves_loads_and_resumes() -> gradlet::Result<()> {
    let folder = env::temp_dir().join(format!("gradlet-readme-{}", process::id()));
    fs::create_dir_all(&folder).expect("a folder for temporary files");
    env::set_current_dir(&folder).expect("it was just made");
    program::run()?;
    let saved = || fs::read("runs/two_layer/checkpoint-00000080.safetensors").ok();
    let first = saved();
    program::run()?;
    assert!(first.is_some() && first == saved());
    let _ = fs::remove_dir_all(&folder);
    Ok(())
}
