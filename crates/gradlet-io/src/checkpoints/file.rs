//! A checkpoint: a safetensors file that says its step and has a sum by which damage is found.
//!
//! The sum is the CRC-32C of the whole file with `00000000` in its own place, in hexadecimal digits. Later versions of
//! the format keep it, so that a later file can be told from a damaged one.

use std::io::{self, Read, Seek, Write};
use std::ops::Range;
use std::path::Path;

use gradlet_nn::State;

use crate::atomic;
use crate::reason::Reasoned;
use crate::safetensors::{CHECKPOINT, Encoded, SafetensorsFile};

const FORMAT: &str = CHECKPOINT[0];
const VERSION: &str = CHECKPOINT[1];
const STEP: &str = CHECKPOINT[2];
const SUM: &str = CHECKPOINT[3];

/// The version of the format that this code writes, and the latest that it reads.
const KNOWN: u64 = 1;

/// Why a checkpoint cannot be used.
pub(super) enum Unusable {
    /// It is not whole, or cannot be read.
    Damaged(String),
    /// It is whole, but of a later format.
    Later(String),
}

impl From<String> for Unusable {
    fn from(reason: String) -> Self {
        Self::Damaged(reason)
    }
}

/// Saves a state with its step; the best one has none.
pub(super) fn write(path: &Path, step: Option<u64>, state: &State) -> Reasoned<()> {
    let (known, step) = (KNOWN.to_string(), step.map(|step| step.to_string()));
    let mut texts = vec![
        (FORMAT, known.as_str()),
        (VERSION, env!("CARGO_PKG_VERSION")),
        (SUM, "00000000"),
    ];
    texts.extend(step.as_deref().map(|step| (STEP, step)));
    let mut encoded = Encoded::new(state, &texts)?;
    let digits = digits(&encoded.header).ok_or("cannot be saved: it has no sum")?;
    let mut sum = Sum(0);
    encoded
        .write(&mut sum)
        .map_err(|error| format!("cannot be saved: {error}"))?;
    encoded.header[digits].copy_from_slice(format!("{:08x}", sum.0).as_bytes());
    atomic::write(path, |out| encoded.write(out))
}

/// The state of a checkpoint that has this step.
pub(super) fn read(path: &Path, step: Option<u64>) -> Result<State, Unusable> {
    let mut file = SafetensorsFile::opened(path)?;
    if !file.metadata().contains_key(FORMAT) {
        Err("is not a checkpoint: its metadata do not say so".to_owned())?;
    }
    check_sum(&mut file)?;
    let text = |key| file.metadata().get(key).map(String::as_str);
    let version = text(FORMAT).and_then(|version| version.parse::<u64>().ok());
    if version.is_none_or(|version| version > KNOWN) {
        let (format, writer) = (
            text(FORMAT).unwrap_or_default(),
            text(VERSION).unwrap_or("?"),
        );
        return Err(Unusable::Later(format!(
            "is a checkpoint of format {format}, written by gradlet {writer}: this is gradlet {}, which reads formats up to {KNOWN}; load it with gradlet {writer} or later",
            env!("CARGO_PKG_VERSION")
        )));
    }
    let (found, expected) = (text(STEP), step.map(|step| step.to_string()));
    if found != expected.as_deref() {
        let [found, expected] = [found, expected.as_deref()].map(|step| step.unwrap_or("no"));
        Err(format!(
            "is of step {found}, where one of step {expected} belongs: was it renamed?"
        ))?;
    }
    Ok(file.read_state()?)
}

fn check_sum(file: &mut SafetensorsFile) -> Reasoned<()> {
    let unreadable = |error: io::Error| format!("cannot be read: {error}");
    let (file, data) = file.file();
    file.rewind().map_err(unreadable)?;
    // As long as the header that has been read already.
    let mut header = vec![0; data as usize];
    file.read_exact(&mut header).map_err(unreadable)?;
    let digits = digits(&header).ok_or("is damaged: it has no sum")?;
    let expected = String::from_utf8_lossy(&header[digits.clone()]).into_owned();
    header[digits].fill(b'0');
    let mut sum = Sum(crc32c::crc32c(&header));
    io::copy(file, &mut sum).map_err(unreadable)?;
    let found = format!("{:08x}", sum.0);
    if found == expected {
        return Ok(());
    }
    Err(format!(
        "is damaged: its bytes have the sum {found}, and had {expected} when it was saved"
    ))
}

/// Where the digits of the sum are in a header. The quotes of a key inside of a text would have a backslash.
fn digits(header: &[u8]) -> Option<Range<usize>> {
    let key = format!("\"{SUM}\":\"");
    let mut places = header.windows(key.len());
    let start = places.position(|bytes| bytes == key.as_bytes())? + key.len();
    let digits = start..start + 8;
    header.get(digits.clone()).map(|_| digits)
}

/// The CRC-32C of the bytes that are written to it.
struct Sum(u32);

impl Write for Sum {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 = crc32c::crc32c_append(self.0, bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The bytes of a file with the right sum.
#[cfg(test)]
pub(super) fn summed(mut bytes: Vec<u8>) -> Vec<u8> {
    if let Some(digits) = digits(&bytes) {
        bytes[digits.clone()].fill(b'0');
        let sum = crc32c::crc32c(&bytes);
        bytes[digits].copy_from_slice(format!("{sum:08x}").as_bytes());
    }
    bytes
}
