//! The formats of files that gradlet reads, for tests of damaged and hostile ones: every format has a row in [`FORMATS`].
//!
//! `files_faults` runs each reader over `fuzz/corpus/NAME`, its prefixes and its mutations; `fuzz/fuzz_targets/NAME.rs`
//! gives the same reader to libFuzzer.

use std::path::Path;

use gradlet::io::{Checkpoints, csv, idx, load, npy, npz};

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
    /// Memory that reading takes whatever the length of the file: buffers, and the texts of errors.
    pub bytes_beside: u64,
}

/// For formats that are not packed.
const BESIDE: u64 = 1 << 16;
/// With the windows and tables of an unpacker.
const BESIDE_PACKED: u64 = 1 << 18;

/// All formats.
pub const FORMATS: [Format; 7] = [SAFETENSORS, CHECKPOINT, IDX, IDX_GZIP, NPY, NPZ, CSV];

/// States.
pub const SAFETENSORS: Format = Format {
    name: "safetensors",
    file: "state.safetensors",
    read: |path| load(path).map(drop).map_err(|error| error.to_string()),
    knows_its_end: true,
    knows_its_bits: false,
    bytes_beside: BESIDE,
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
    bytes_beside: BESIDE,
};

/// Images, labels and other arrays.
pub const IDX: Format = Format {
    name: "idx",
    file: "x.idx",
    read: |path| {
        idx::read_any(path)
            .map(drop)
            .map_err(|error| error.to_string())
    },
    knows_its_end: true,
    knows_its_bits: false,
    bytes_beside: BESIDE,
};

/// The same, packed.
pub const IDX_GZIP: Format = Format {
    name: "idx_gzip",
    file: "x.idx.gz",
    bytes_beside: BESIDE_PACKED,
    ..IDX
};

/// NumPy's arrays.
pub const NPY: Format = Format {
    name: "npy",
    file: "x.npy",
    read: |path| {
        npy::read_any(path)
            .map(drop)
            .map_err(|error| error.to_string())
    },
    knows_its_end: true,
    knows_its_bits: false,
    bytes_beside: BESIDE,
};

/// Archives of NumPy's arrays.
pub const NPZ: Format = Format {
    name: "npz",
    file: "x.npz",
    read: |path| npz::read(path).map(drop).map_err(|error| error.to_string()),
    knows_its_end: true,
    knows_its_bits: false,
    bytes_beside: BESIDE_PACKED,
};

/// Tables, as numbers and as categories.
pub const CSV: Format = Format {
    name: "csv",
    file: "x.csv",
    read: |path| {
        let read = || {
            let mut table = csv::read(path)?;
            for column in table.columns().to_vec() {
                table.categories(&column).map(drop).or_else(|_| {
                    let mean = table.mean(&column)?;
                    table.fill(&column, mean)?;
                    table.floats(&[&column]).map(drop)
                })?;
            }
            Ok(())
        };
        read().map_err(|error: gradlet::Error| error.to_string())
    },
    knows_its_end: false,
    knows_its_bits: false,
    bytes_beside: BESIDE,
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
