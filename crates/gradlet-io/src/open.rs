//! Opening a file whose length bounds the memory that reading it takes.

use std::fs::File;
use std::path::Path;

use crate::reason::Reasoned;

/// The file and its length. Only regular files have a length; opening a pipe would wait for a writer.
pub(crate) fn open(path: &Path) -> Reasoned<(File, u64)> {
    let unreadable = |error: std::io::Error| format!("cannot be read: {error}");
    if !std::fs::metadata(path).map_err(unreadable)?.is_file() {
        return Err("is not a regular file".to_owned());
    }
    let file = File::open(path).map_err(unreadable)?;
    let size_bytes = file.metadata().map_err(unreadable)?.len();
    Ok((file, size_bytes))
}
