//! The formats of files that gradlet reads, for tests of damaged and hostile ones: every format has a row in [`FORMATS`].
//!
//! `files_faults` runs each reader over `fuzz/corpus/NAME`, its prefixes and its mutations; `fuzz/fuzz_targets/NAME.rs`
//! gives the same reader to libFuzzer.

use std::path::Path;

use gradlet::io::{Checkpoints, load};

use crate::files::Scratch;

/// A format of files.
#[derive(Debug)]
pub struct Format {
    /// The name of its fuzz target and of the folder of its corpus, whose files are all whole.
    pub name: &'static str,
    /// The name that a file of this format has on the disk.
    pub file: &'static str,
    /// Reads a file, alone in its folder, and drops the value. It never panics.
    pub read: fn(&Path) -> Result<(), String>,
    /// Whether every file that lacks its end is refused.
    pub knows_its_end: bool,
    /// Whether every file that differs in one bit is refused.
    pub knows_its_bits: bool,
}

/// All formats.
pub const FORMATS: [Format; 2] = [SAFETENSORS, CHECKPOINT];

/// States.
pub const SAFETENSORS: Format = Format {
    name: "safetensors",
    file: "state.safetensors",
    read: |path| load(path).map(drop).map_err(|error| error.to_string()),
    knows_its_end: true,
    knows_its_bits: false,
};

/// States with a step and a sum.
pub const CHECKPOINT: Format = Format {
    name: "checkpoint",
    file: "checkpoint-00000050.safetensors",
    read: |path| {
        let folder = path.parent().ok_or("no folder")?;
        let mut checkpoints = Checkpoints::in_folder(folder).map_err(|error| error.to_string())?;
        match checkpoints.newest() {
            Ok(Some(_)) => Ok(()),
            Ok(None) => Err(format!("{:?}", checkpoints.passed_over())),
            Err(error) => Err(error.to_string()),
        }
    },
    knows_its_end: true,
    knows_its_bits: true,
};

impl Format {
    /// Reads any bytes as a file of this format: the body of a fuzz target.
    ///
    /// # Panics
    /// If the reader does, or no file can be written.
    pub fn run(&self, bytes: &[u8]) {
        let folder = Scratch::new(&format!("fuzz-{}", self.name));
        std::fs::write(folder.file(self.file), bytes).unwrap();
        let _ = (self.read)(&folder.file(self.file));
    }
}
