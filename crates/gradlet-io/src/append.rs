//! [`Append`]: a file that grows by whole pieces.

use std::fs::File;
use std::io::Write;

use crate::reason::Reasoned;

#[cfg(test)]
mod tests;

/// A file that ends between two pieces, unless its process is killed within a call of the system.
#[derive(Debug)]
pub(crate) struct Append {
    /// Opened for appending.
    file: File,
    size_bytes: u64,
    /// Pieces that are not in the file yet.
    buffer: Vec<u8>,
    most_buffered_bytes: usize,
    /// Whether a part of a piece may be in the file, behind `size_bytes`.
    is_torn: bool,
}

impl Append {
    /// Appends to the first `size_bytes` of a file and removes the others.
    pub(crate) fn new(file: File, size_bytes: u64, most_buffered_bytes: usize) -> Self {
        Self {
            file,
            size_bytes,
            buffer: Vec::new(),
            most_buffered_bytes,
            is_torn: true,
        }
    }

    /// Adds a piece, or nothing of it after an error.
    pub(crate) fn push(&mut self, piece: &[u8]) -> Reasoned<()> {
        let before = self.buffer.len();
        self.buffer.extend_from_slice(piece);
        if self.buffer.len() <= self.most_buffered_bytes {
            return Ok(());
        }
        // Without this, the buffer would grow for as long as the disk is full.
        self.flush().inspect_err(|_| self.buffer.truncate(before))
    }

    /// Writes the buffered pieces. After an error they stay in the buffer, and the file is as it was.
    pub(crate) fn flush(&mut self) -> Reasoned<()> {
        let written = self.cut().and_then(|()| {
            self.is_torn = true;
            self.file.write_all(&self.buffer)
        });
        if let Err(error) = written {
            let _ = self.cut();
            return Err(format!("cannot be written: {error}"));
        }
        self.is_torn = false;
        self.size_bytes += self.buffer.len() as u64;
        self.buffer.clear();
        Ok(())
    }

    fn cut(&mut self) -> std::io::Result<()> {
        if self.is_torn {
            self.file.set_len(self.size_bytes)?;
            self.is_torn = false;
        }
        Ok(())
    }
}
