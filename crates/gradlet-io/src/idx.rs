//! IDX files, the format of MNIST and similar data sets.
//!
//! ```text
//! 00 00 | type | rank | size of each axis, 4 bytes, big-endian | elements, row-major, big-endian
//! ```
//!
//! The types are u8 (08), i8 (09), i16 (0b), i32 (0c), f32 (0d) and f64 (0e). A file that is packed by gzip is unpacked
//! while it is read, whatever its name.
//!
//! **Memory.** A header is checked before memory is taken for the elements: against the length of the file, or, if that
//! is packed, against the number of bytes that were counted while it was unpacked for a first time. So reading takes
//! the memory of the tensor and some 100 KB, also if a file is damaged or made to do harm.
//!
//! # Source
//!
//! Y. `LeCun`, C. Cortes, C. Burges, "The MNIST database of handwritten digits", section "File formats".

use std::io::Read;
use std::ops::RangeInclusive;
use std::path::Path;

use gradlet_nn::AnyTensor;
use gradlet_tensor::{Element, MAX_RANK, Result, Tensor};

use crate::claim::{self, Claim};
use crate::elements::{Endian, Kind, Layout};
use crate::reason::{OfFile, Reasoned};

/// The codes of the element types.
const KINDS: [(u8, Kind); 6] = [
    (0x08, Kind::U8),
    (0x09, Kind::I8),
    (0x0b, Kind::I16),
    (0x0c, Kind::I32),
    (0x0d, Kind::F32),
    (0x0e, Kind::F64),
];

/// The length of zeros, type and rank.
const MAGIC_BYTES: usize = 4;

/// The length of one axis' size in the header.
const SIZE_BYTES: usize = 4;

/// The tensor in an IDX file of unsigned bytes, as pixels and labels are.
///
/// # Errors
///
/// If the file cannot be read or unpacked, is not an IDX file of unsigned bytes, or does not have the length that its
/// header says.
///
/// # Example
///
/// ```
/// use gradlet_io::idx;
/// # use gradlet_tensor::tensor;
/// # let path = std::env::temp_dir().join(format!("gradlet-idx-read-{}", std::process::id()));
/// std::fs::write(&path, [0, 0, 8, 2, 0, 0, 0, 1, 0, 0, 0, 3, 10, 20, 30])?;
/// let rows = idx::read(&path)?;
/// assert_eq!(rows, tensor![u8; [10, 20, 30]]);
/// # std::fs::remove_file(&path)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[track_caller]
pub fn read(path: impl AsRef<Path>) -> Result<Tensor<u8>> {
    let path = path.as_ref();
    read_expecting(path, 0..=MAX_RANK, "").of_file(path)
}

/// The images in an IDX file: `[images, rows, columns]`, or any shape of at least two axes.
///
/// # Errors
///
/// If [`read`] would return one, or the file has only one axis.
#[track_caller]
pub fn read_images(path: impl AsRef<Path>) -> Result<Tensor<u8>> {
    let remedy = "; images have at least two axes: is this the file of the labels?";
    let path = path.as_ref();
    read_expecting(path, 2..=MAX_RANK, remedy).of_file(path)
}

/// The labels in an IDX file: `[images]`.
///
/// # Errors
///
/// If [`read`] would return one, or the file has more than one axis.
#[track_caller]
pub fn read_labels(path: impl AsRef<Path>) -> Result<Tensor<u8>> {
    let remedy = "; labels have one axis: is this the file of the images?";
    let path = path.as_ref();
    read_expecting(path, 1..=1, remedy).of_file(path)
}

/// The tensor in an IDX file, of the file's element type; i8 and i16 are read as `i32`.
///
/// # Errors
///
/// If the file cannot be read or unpacked, is not an IDX file, or does not have the length that its header says.
///
/// # Example
///
/// ```
/// use gradlet_io::idx;
/// # use gradlet_tensor::tensor;
/// # let path = std::env::temp_dir().join(format!("gradlet-idx-any-{}", std::process::id()));
/// idx::write(&path, &tensor![0.5, -2.0])?;
/// let x = idx::read_any(&path)?;
/// assert_eq!(x.get::<f32>(), Some(&tensor![0.5, -2.0]));
/// # std::fs::remove_file(&path)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[track_caller]
pub fn read_any(path: impl AsRef<Path>) -> Result<AnyTensor> {
    let path = path.as_ref();
    claim::read(path, header).of_file(path)
}

/// Puts a tensor of u8, i32, f32 or f64 into the place of an IDX file.
///
/// # Errors
///
/// If the format lacks the element type, an axis has a size of 2^32 or more, or the file cannot be written; then it is
/// as it was before.
///
/// # Example
///
/// ```
/// use gradlet_io::idx;
/// # use gradlet_tensor::tensor;
/// # let path = std::env::temp_dir().join(format!("gradlet-idx-write-{}", std::process::id()));
/// idx::write(&path, &tensor![u8; 3, 1, 2])?;
/// assert_eq!(idx::read_labels(&path)?.to_vec(), [3, 1, 2]);
/// # std::fs::remove_file(&path)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[track_caller]
pub fn write<T: Element>(path: impl AsRef<Path>, tensor: &Tensor<T>) -> Result<()> {
    let (path, tensor) = (path.as_ref(), tensor.clone().into());
    let written =
        encode(&tensor).and_then(|header| claim::write(path, &header, &tensor, Endian::Big));
    written.of_file(path)
}

fn read_expecting(path: &Path, ranks: RangeInclusive<usize>, remedy: &str) -> Reasoned<Tensor<u8>> {
    match claim::read(path, bytes_header)? {
        AnyTensor::U8(tensor) if ranks.contains(&tensor.rank()) => Ok(tensor),
        tensor => Err(format!("has shape {}{remedy}", tensor.shape())),
    }
}

/// The header of a file of unsigned bytes.
fn bytes_header(input: &mut dyn Read) -> Reasoned<Claim> {
    let claim = header(input)?;
    match claim.kind {
        Kind::U8 => Ok(claim),
        kind => Err(format!(
            "holds elements of type {kind:?}, not U8: use idx::read_any"
        )),
    }
}

fn header(input: &mut dyn Read) -> Reasoned<Claim> {
    let mut magic = [0; MAGIC_BYTES];
    claim::take(input, &mut magic)?;
    let [a, b, code, rank] = magic;
    let found = KINDS.iter().find(|known| [a, b, code] == [0, 0, known.0]);
    let Some(&(_, kind)) = found else {
        return Err(format!(
            "is not an IDX file: it begins with {a:02x} {b:02x} {code:02x}, not with 00 00 and 08, 09, 0b, 0c, 0d or 0e"
        ));
    };
    let rank = usize::from(rank);
    if !(1..=MAX_RANK).contains(&rank) {
        return Err(format!("has {rank} axes: only 1 to {MAX_RANK} can be read"));
    }
    let mut sizes = [0; SIZE_BYTES * MAX_RANK];
    let sizes = &mut sizes[..SIZE_BYTES * rank];
    claim::take(input, sizes)?;
    let (sizes, _) = sizes.as_chunks();
    let sizes: Vec<_> = sizes
        .iter()
        .map(|&size| u32::from_be_bytes(size) as usize)
        .collect();
    Claim::new(
        kind,
        Layout::row_major(Endian::Big),
        &sizes,
        (MAGIC_BYTES + SIZE_BYTES * rank) as u64,
    )
}

/// The header of a tensor's file.
fn encode(tensor: &AnyTensor) -> Reasoned<Vec<u8>> {
    let kind = Kind::of(tensor);
    let code = KINDS.iter().find(|known| known.1 == kind);
    let Some((code, _)) = code else {
        let element = tensor.element();
        return Err(format!(
            "cannot hold {element}: IDX has u8, i32, f32 and f64"
        ));
    };
    let shape = tensor.shape();
    if shape.is_empty() {
        return Err("cannot hold a scalar: IDX has at least one axis".to_owned());
    }
    let mut header = vec![0, 0, *code, shape.len() as u8];
    for &size in shape {
        let size = u32::try_from(size);
        let size =
            size.map_err(|_| format!("cannot hold a shape of {shape}: sizes of IDX have 32 bits"))?;
        header.extend(size.to_be_bytes());
    }
    Ok(header)
}

#[cfg(test)]
mod tests;
