//! IDX files, the format of MNIST and similar data sets.
//!
//! ```text
//! 00 00 | type | rank | size of each axis, 4 bytes, big-endian | elements, row-major
//! ```
//!
//! Only unsigned bytes (type 08) are read, since these files hold no other type.
//!
//! # Source
//!
//! Y. `LeCun`, C. Cortes, C. Burges, "The MNIST database of handwritten digits", section "File formats".

use std::fs::File;
use std::io::Read;
use std::path::Path;

use gradlet_tensor::{Error, ErrorKind, MAX_RANK, Result, Shape, Tensor};

const UNSIGNED_BYTE: u8 = 0x08;

/// The first bytes of a gzip file (RFC 1952, section 2.3.1).
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// The length of zeros, type and rank.
const MAGIC_BYTES: usize = 4;

/// The length of one axis' size in the header.
const SIZE_BYTES: usize = 4;

/// The tensor in an IDX file of unsigned bytes.
///
/// The header is checked against the file's length before anything is allocated.
///
/// # Errors
///
/// If the file cannot be read, is compressed, is not an IDX file of unsigned bytes, or does not have the length that
/// its header says.
///
/// # Example
///
/// ```
/// # use gradlet_nn::data::idx;
/// # use gradlet_tensor::tensor;
/// # let path = std::env::temp_dir().join(format!("gradlet-idx-doc-{}", std::process::id()));
/// std::fs::write(&path, [0, 0, 8, 2, 0, 0, 0, 1, 0, 0, 0, 3, 10, 20, 30])?;
/// let rows = idx::read(&path)?;
/// assert_eq!(rows, tensor![u8; [10, 20, 30]]);
/// # std::fs::remove_file(&path)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[track_caller]
pub fn read(path: impl AsRef<Path>) -> Result<Tensor<u8>> {
    read_expecting(path.as_ref(), 1..=MAX_RANK, "")
}

/// The images in an IDX file: `[images, rows, columns]`, or any shape of at least two axes.
///
/// # Errors
///
/// If [`read`] would return one, or the file has only one axis.
#[track_caller]
pub fn read_images(path: impl AsRef<Path>) -> Result<Tensor<u8>> {
    let remedy = "; images have at least two axes: is this the file of the labels?";
    read_expecting(path.as_ref(), 2..=MAX_RANK, remedy)
}

/// The labels in an IDX file: `[images]`.
///
/// # Errors
///
/// If [`read`] would return one, or the file has more than one axis.
#[track_caller]
pub fn read_labels(path: impl AsRef<Path>) -> Result<Tensor<u8>> {
    let remedy = "; labels have one axis: is this the file of the images?";
    read_expecting(path.as_ref(), 1..=1, remedy)
}

#[track_caller]
fn read_expecting(
    path: &Path,
    ranks: std::ops::RangeInclusive<usize>,
    remedy: &str,
) -> Result<Tensor<u8>> {
    let reason = match open(path).and_then(|(mut file, size_bytes)| parse(&mut file, size_bytes)) {
        Ok(tensor) if ranks.contains(&tensor.rank()) => return Ok(tensor),
        Ok(tensor) => format!("has shape {}{remedy}", tensor.shape()),
        Err(reason) => reason,
    };
    let path = path.to_owned();
    Err(Error::new(ErrorKind::File { path, reason }))
}

type Parsed<T> = std::result::Result<T, String>;

/// The file and its length. Only regular files have a length; opening a pipe would wait for a writer.
fn open(path: &Path) -> Parsed<(File, u64)> {
    let unreadable = |error: std::io::Error| format!("cannot be read: {error}");
    if !std::fs::metadata(path).map_err(unreadable)?.is_file() {
        return Err("is not a regular file".to_owned());
    }
    let file = File::open(path).map_err(unreadable)?;
    let size_bytes = file.metadata().map_err(unreadable)?.len();
    Ok((file, size_bytes))
}

/// The tensor in `size_bytes` bytes of input, or a text that says what is wrong with them.
fn parse(input: &mut impl Read, size_bytes: u64) -> Parsed<Tensor<u8>> {
    let shape = parse_header(input, size_bytes)?;
    let mut tensor = Tensor::zeros_of(shape).map_err(|error| error.to_string())?;
    read_exact(input, tensor.make_mut_slice())?;
    Ok(tensor)
}

/// The shape in the header, after a check that exactly its elements follow.
fn parse_header(input: &mut impl Read, size_bytes: u64) -> Parsed<Shape> {
    if size_bytes < MAGIC_BYTES as u64 {
        return Err(format!("is not an IDX file: only {size_bytes} bytes"));
    }
    let mut magic = [0; MAGIC_BYTES];
    read_exact(input, &mut magic)?;
    let rank = parse_magic(magic)?;
    let header_bytes = (MAGIC_BYTES + SIZE_BYTES * rank) as u64;
    if size_bytes < header_bytes {
        return Err(format!(
            "is truncated: the sizes of {rank} axes end at byte {header_bytes}, the file at {size_bytes}"
        ));
    }
    let mut sizes = Vec::with_capacity(rank);
    for _ in 0..rank {
        let mut size = [0; SIZE_BYTES];
        read_exact(input, &mut size)?;
        sizes.push(u32::from_be_bytes(size) as usize);
    }
    let shape = Shape::new(&sizes).map_err(|error| error.to_string())?;
    // If one size is 0, the others have to be plausible too: views of the tensor multiply them.
    let product = |total: u64, &size: &usize| total.checked_mul(size.max(1) as u64);
    let countable = sizes.iter().try_fold(1, product);
    if countable.is_none_or(|count| isize::try_from(count).is_err()) {
        return Err(format!("is damaged: its header claims a shape of {shape}"));
    }
    let expected = header_bytes + shape.numel() as u64;
    if size_bytes == expected {
        return Ok(shape);
    }
    let damage = if size_bytes < expected {
        "is truncated"
    } else {
        "has bytes left over"
    };
    Err(format!(
        "{damage}: a shape of {shape} takes {expected} bytes, the file has {size_bytes}"
    ))
}

/// The number of axes, from the first four bytes.
fn parse_magic(magic: [u8; MAGIC_BYTES]) -> Parsed<usize> {
    let [a, b, element, rank] = magic;
    if [a, b] == GZIP {
        return Err("is compressed by gzip: run gunzip first".to_owned());
    }
    let name = match element {
        UNSIGNED_BYTE => "u8",
        0x09 => "i8",
        0x0b => "i16",
        0x0c => "i32",
        0x0d => "f32",
        0x0e => "f64",
        _ => "",
    };
    if [a, b] != [0, 0] || name.is_empty() {
        return Err(format!(
            "is not an IDX file: it begins with {a:02x} {b:02x} {element:02x}, not with 00 00 08"
        ));
    }
    if element != UNSIGNED_BYTE {
        return Err(format!(
            "holds {name} (type {element:02x}): only u8 (type 08) can be read"
        ));
    }
    let rank = usize::from(rank);
    if !(1..=MAX_RANK).contains(&rank) {
        return Err(format!("has {rank} axes: only 1 to {MAX_RANK} can be read"));
    }
    Ok(rank)
}

fn read_exact(input: &mut impl Read, out: &mut [u8]) -> Parsed<()> {
    input
        .read_exact(out)
        .map_err(|error| format!("cannot be read: {error}"))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use proptest::prelude::*;

    use super::*;

    fn parsed(bytes: &[u8]) -> Parsed<Tensor<u8>> {
        parse(&mut &*bytes, bytes.len() as u64)
    }

    fn refusal(bytes: &[u8]) -> String {
        parsed(bytes).unwrap_err()
    }

    /// An IDX file of these sizes with elements 0, 1, 2 and so on.
    fn file(sizes: &[u32]) -> Vec<u8> {
        let mut bytes = vec![0, 0, UNSIGNED_BYTE, sizes.len() as u8];
        bytes.extend(sizes.iter().flat_map(|size| size.to_be_bytes()));
        bytes.extend((0..sizes.iter().product::<u32>()).map(|i| i as u8));
        bytes
    }

    /// A file for one test, which is removed at the end.
    struct Temporary(PathBuf);

    impl Temporary {
        fn new(name: &str, bytes: &[u8]) -> Self {
            let path =
                std::env::temp_dir().join(format!("gradlet-idx-{name}-{}", std::process::id()));
            std::fs::write(&path, bytes).unwrap();
            Self(path)
        }
    }

    impl Drop for Temporary {
        fn drop(&mut self) {
            let _ = std::fs::remove_file(&self.0);
        }
    }

    #[test]
    fn sizes_are_big_endian_and_elements_row_major() {
        let x = parsed(&file(&[2, 3])).unwrap();
        assert_eq!(
            (x.shape(), x.to_vec()),
            (&Shape::from([2, 3]), vec![0, 1, 2, 3, 4, 5])
        );
        assert_eq!(parsed(&file(&[260])).unwrap().shape(), [260]);
        assert_eq!(parsed(&file(&[0, 28, 28])).unwrap().shape(), [0, 28, 28]);
        assert_eq!(parsed(&file(&[1; 8])).unwrap().rank(), 8);
    }

    #[test]
    fn every_truncation_and_every_extra_byte_is_refused() {
        let mut bytes = file(&[2, 3, 4]);
        for length in 0..bytes.len() {
            let text = refusal(&bytes[..length]);
            let expected = if length < 4 {
                "is not an IDX file: "
            } else {
                "is truncated: "
            };
            assert!(text.starts_with(expected), "{length}: {text}");
        }
        bytes.push(0);
        let text = "has bytes left over: a shape of [2, 3, 4] takes 40 bytes, the file has 41";
        assert_eq!(refusal(&bytes), text);
    }

    #[test]
    fn absurd_sizes_are_refused_by_the_files_length_and_not_tried() {
        let huge = |rank: u8| [vec![0, 0, 8, rank], vec![0xff; 4 * usize::from(rank)]].concat();
        assert!(
            refusal(&huge(1))
                .starts_with("is truncated: a shape of [4294967295] takes 4294967303 bytes")
        );
        assert!(
            refusal(&huge(2)).starts_with("is damaged: its header claims a shape of [4294967295, ")
        );
        assert!(refusal(&huge(8)).starts_with("is damaged: "));
        // A 0 in front makes the product 0, whatever follows.
        let hidden = [vec![0, 0, 8, 4, 0, 0, 0, 0], vec![0xff; 12]].concat();
        assert!(refusal(&hidden).starts_with("is damaged: "));
    }

    #[test]
    fn what_else_it_may_be_is_said() {
        assert_eq!(
            refusal(&[0x1f, 0x8b, 8, 0, 0]),
            "is compressed by gzip: run gunzip first"
        );
        assert_eq!(
            refusal(b"\x89PNG\r\n"),
            "is not an IDX file: it begins with 89 50 4e, not with 00 00 08"
        );
        assert_eq!(
            refusal(&[0, 0, 7, 1, 0]),
            "is not an IDX file: it begins with 00 00 07, not with 00 00 08"
        );
        assert_eq!(
            refusal(&[0, 0, 0x0d, 1, 0]),
            "holds f32 (type 0d): only u8 (type 08) can be read"
        );
        assert_eq!(
            refusal(&[0, 0, 8, 0, 1]),
            "has 0 axes: only 1 to 8 can be read"
        );
        assert_eq!(
            refusal(&[0, 0, 8, 9, 1]),
            "has 9 axes: only 1 to 8 can be read"
        );
    }

    #[test]
    fn errors_name_the_file_the_reason_and_the_callers_line() {
        let images = Temporary::new("images", &file(&[2, 2, 2]));
        let labels = Temporary::new("labels", &file(&[2]));
        assert_eq!(read_images(&images.0).unwrap().shape(), [2, 2, 2]);
        assert_eq!(read_labels(&labels.0).unwrap().to_vec(), [0, 1]);
        for (result, expected) in [
            (
                read_images(&labels.0),
                ": has shape [2]; images have at least two axes: is this the file of the labels?",
            ),
            (
                read_labels(&images.0),
                ": has shape [2, 2, 2]; labels have one axis: is this the file of the images?",
            ),
            (read(images.0.join("x")), "x: cannot be read: "),
            (read(std::env::temp_dir()), ": is not a regular file"),
        ] {
            let error = result.unwrap_err();
            assert!(matches!(error.kind(), ErrorKind::File { .. }));
            assert!(error.to_string().contains(expected), "{error}");
            assert_eq!(error.location().file(), file!());
        }
        assert!(read("").unwrap_err().to_string().contains("cannot be read"));
    }

    proptest! {
        #[test]
        fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            let _ = parsed(&bytes);
        }

        #[test]
        fn random_headers_give_their_own_bytes_or_an_error(
            rank in 0..10u8,
            sizes in prop::collection::vec(prop_oneof![Just(0u32), 0..5u32, any::<u32>()], 0..10),
            rest in prop::collection::vec(any::<u8>(), 0..40),
        ) {
            let mut bytes = vec![0, 0, UNSIGNED_BYTE, rank];
            bytes.extend(sizes.iter().flat_map(|size| size.to_be_bytes()));
            bytes.extend(rest);
            if let Ok(x) = parsed(&bytes) {
                prop_assert_eq!(x.rank(), usize::from(rank));
                prop_assert_eq!(x.to_vec(), &bytes[4 + 4 * usize::from(rank)..]);
            }
        }

        #[test]
        fn valid_files_are_read_whole(sizes in prop::collection::vec(0..5u32, 1..=4)) {
            let bytes = file(&sizes);
            let x = parsed(&bytes).unwrap();
            prop_assert!(x.shape().iter().eq(sizes.iter().map(|size| *size as usize).collect::<Vec<_>>().iter()));
            prop_assert_eq!(x.to_vec(), &bytes[4 + 4 * sizes.len()..]);
        }
    }
}
