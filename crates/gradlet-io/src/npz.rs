//! Files of several arrays as NumPy's `savez` writes them: `x.npz`, a zip archive of npy files.
//!
//! Read are archives with and without compression. Each array is unpacked twice, as in [`idx`](crate::idx), so that
//! memory is taken only for elements that are there.
//!
//! # Source
//!
//! NumPy's `numpy.savez` and `numpy.savez_compressed`.

use std::io::{Read, Seek, Write};
use std::path::Path;

use gradlet_nn::{AnyTensor, State};
use gradlet_tensor::Result;
use zip::read::ZipFile;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use crate::elements::{self, Endian};
use crate::npy::header;
use crate::open::open;
use crate::reason::{OfFile, Reasoned};
use crate::{atomic, claim};

/// The end of the name of each file in an archive.
const SUFFIX: &str = ".npy";

/// The arrays in an npz file by name, in the order of the file.
///
/// # Errors
///
/// If the file cannot be read, is no zip archive, or one of the files in it is no npy file that
/// [`npy::read_any`](crate::npy::read_any) can read.
///
/// # Example
///
/// ```
/// use gradlet_io::npz;
/// use gradlet_nn::State;
/// use gradlet_tensor::tensor;
///
/// # fn main() -> gradlet_tensor::Result<()> {
/// # let path = std::env::temp_dir().join(format!("gradlet-read-{}.npz", std::process::id()));
/// let mut arrays = State::new();
/// arrays.insert("x", tensor![[1.0, 2.0]]);
/// arrays.insert("labels", tensor![i64; 3]);
/// npz::write(&path, &arrays)?;
/// assert_eq!(npz::read(&path)?, arrays);
/// # let _ = std::fs::remove_file(&path);
/// # Ok(())
/// # }
/// ```
///
/// # Source
///
/// `numpy.load`
#[track_caller]
pub fn read(path: impl AsRef<Path>) -> Result<State> {
    let path = path.as_ref();
    open(path)
        .and_then(|(file, _)| read_from(file))
        .of_file(path)
}

/// Puts the tensors of a state into the place of an npz file, without compression. A tensor that has a second path is
/// written once for each.
///
/// # Errors
///
/// If the file cannot be written; then it is as it was before.
///
/// # Example
///
/// ```
/// # use gradlet_io::npz;
/// # use gradlet_nn::State;
/// # use gradlet_tensor::tensor;
/// # fn main() -> gradlet_tensor::Result<()> {
/// # let path = std::env::temp_dir().join(format!("gradlet-write-{}.npz", std::process::id()));
/// # let mut state = State::new();
/// # state.insert("weight", tensor![0.5]);
/// npz::write(&path, &state)?;  // numpy.load(path)["weight"]
/// assert_eq!(npz::read(&path)?.get("weight")?, &tensor![0.5]);
/// # let _ = std::fs::remove_file(&path);
/// # Ok(())
/// # }
/// ```
///
/// # Source
///
/// `numpy.savez`
#[track_caller]
pub fn write(path: impl AsRef<Path>, state: &State) -> Result<()> {
    let path = path.as_ref();
    atomic::write(path, |mut out| encode(state, &mut out).map_err(Into::into)).of_file(path)
}

pub(crate) fn read_from(input: impl Read + Seek) -> Reasoned<State> {
    let mut archive = ZipArchive::new(input)
        .map_err(|error| format!("cannot be read as a zip archive: {error}"))?;
    let mut state = State::new();
    for i in 0..archive.len() {
        let name = named(archive.by_index(i))?.0;
        let Some(path) = name.strip_suffix(SUFFIX) else {
            return Err(format!("holds {name:?}, which is no {SUFFIX} file"));
        };
        let tensor =
            array(&mut archive, i).map_err(|reason| format!("the array {path:?} {reason}"))?;
        if state.insert(path, tensor).is_some() {
            return Err(format!("has two arrays {path:?}"));
        }
    }
    Ok(state)
}

fn array(archive: &mut ZipArchive<impl Read + Seek>, i: usize) -> Reasoned<AnyTensor> {
    let size_bytes = claim::count(header::read, &mut named(archive.by_index(i))?.1)?;
    claim::read_counted(header::read, &mut named(archive.by_index(i))?.1, size_bytes)
}

type Named<'a, R> = (String, ZipFile<'a, R>);

fn named<R: Read>(file: zip::result::ZipResult<ZipFile<'_, R>>) -> Reasoned<Named<'_, R>> {
    let named = file.and_then(|file| Ok((file.name()?.into_owned(), file)));
    named.map_err(|error| format!("cannot be read: {error}"))
}

fn encode(state: &State, out: &mut dyn Write) -> zip::result::ZipResult<()> {
    let mut archive = ZipWriter::new_stream(out);
    let second = state
        .aliases()
        .filter_map(|(path, of)| Some((path, state.any(of)?)));
    for (path, tensor) in state.iter().chain(second) {
        let header = header::of(tensor);
        let bytes = header.len() + tensor.shape().numel() * elements::Kind::of(tensor).size_bytes();
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Stored)
            .large_file(bytes > u32::MAX as usize);
        archive.start_file(format!("{path}{SUFFIX}"), options)?;
        archive.write_all(&header)?;
        elements::write(tensor, Endian::Little, &mut archive)?;
    }
    archive.finish()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use gradlet_tensor::tensor;

    use super::*;

    fn arrays() -> State {
        let mut arrays = State::new();
        arrays.insert("b.x", tensor![[1.0, 2.0], [3.0, 4.0]].t().unwrap());
        arrays.insert("a", tensor![bool; true]);
        arrays.insert("steps", gradlet_tensor::Tensor::scalar(7i64));
        arrays
    }

    /// An archive of files, whose bytes are packed if `method` says so.
    fn archive(method: CompressionMethod, files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, bytes) in files {
            let options = SimpleFileOptions::default().compression_method(method);
            archive.start_file(*name, options).unwrap();
            archive.write_all(bytes).unwrap();
        }
        archive.finish().unwrap().into_inner()
    }

    fn file(tensor: &AnyTensor) -> Vec<u8> {
        let mut bytes = header::of(tensor);
        elements::write(tensor, Endian::Little, &mut bytes).unwrap();
        bytes
    }

    #[test]
    fn written_states_are_read_again_with_a_tensor_for_each_path() {
        let (mut bytes, mut state) = (Vec::new(), arrays());
        state.alias("tied", "a");
        encode(&state, &mut bytes).unwrap();
        let mut expected = arrays();
        expected.insert("tied", tensor![bool; true]);
        assert_eq!(read_from(Cursor::new(bytes)).unwrap(), expected);
    }

    #[test]
    fn packed_archives_are_read() {
        let (x, y) = (tensor![u8; [0; 2000]].into(), tensor![-1.5].into());
        let bytes = archive(
            CompressionMethod::Deflated,
            &[("x.npy", &file(&x)), ("y.npy", &file(&y))],
        );
        assert!(bytes.len() < 1000);
        let state = read_from(Cursor::new(bytes)).unwrap();
        assert_eq!(
            (state.any("x"), state.any("y"), state.len()),
            (Some(&x), Some(&y), 2)
        );
    }

    #[test]
    fn damage_is_an_error_that_names_the_array() {
        let refusal = |bytes: &[u8]| read_from(Cursor::new(bytes)).unwrap_err();
        let text = refusal(b"no archive");
        assert!(
            text.starts_with("cannot be read as a zip archive: "),
            "{text}"
        );
        let stored = CompressionMethod::Stored;
        let x = file(&tensor![1.0, 2.0].into());
        let text = refusal(&archive(stored, &[("x.npy", &x[..x.len() - 1])]));
        assert_eq!(
            text,
            "the array \"x\" is truncated: a shape of [2] takes 136 bytes, there are 135"
        );
        let text = refusal(&archive(stored, &[("read.me", b"text")]));
        assert_eq!(text, "holds \"read.me\", which is no .npy file");
        let mut flipped = archive(stored, &[("x.npy", &x)]);
        let place = flipped
            .windows(8)
            .position(|bytes| bytes == &x[128..])
            .unwrap();
        flipped[place] ^= 1;
        let text = refusal(&flipped);
        assert!(
            text.starts_with("the array \"x\" cannot be unpacked: "),
            "{text}"
        );
        // 8 TB that are claimed, and none that are there.
        let claim = b"\x93NUMPY\x01\x00\x45\x00{'descr': '<f8', 'fortran_order': False, 'shape': (1048576, 1048576)}";
        let text = refusal(&archive(CompressionMethod::Deflated, &[("x.npy", claim)]));
        assert!(text.starts_with("the array \"x\" is truncated: "), "{text}");
    }

    #[test]
    fn every_truncation_is_refused() {
        let mut bytes = Vec::new();
        encode(&arrays(), &mut bytes).unwrap();
        for length in 0..bytes.len() {
            read_from(Cursor::new(&bytes[..length])).unwrap_err();
        }
    }
}
