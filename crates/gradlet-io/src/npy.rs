//! Files of one array as NumPy's `save` writes them: `x.npy`.
//!
//! ```text
//! 93 NUMPY | version, 2 bytes | length of the header, 2 bytes (4 from version 2.0 on) | header | elements
//! ```
//!
//! The header is a dictionary as Python prints it, with the keys `descr`, `fortran_order` and `shape`. Versions 1.0, 2.0
//! and 3.0 are read, with elements in either order of bytes and axes, of all types that gradlet has. Of those that it
//! lacks, f2 becomes `f32`, i1, i2 and u2 `i32`, and u4 `i64`, exactly. A file may be packed by gzip.
//!
//! **Memory.** A header is at most 64 KB long, and is checked before memory is taken for the elements, as in
//! [`idx`](crate::idx).
//!
//! # Source
//!
//! NumPy's `numpy.lib.format`.

use std::path::Path;

use gradlet_nn::AnyTensor;
use gradlet_tensor::{Element, Result, Tensor};

use crate::claim;
use crate::elements::Endian;
use crate::reason::OfFile;

pub(crate) mod header;
#[cfg(test)]
mod tests;

/// The tensor in an npy file whose elements have the type `T`, or one that becomes `T`.
///
/// # Errors
///
/// If the file cannot be read, is no npy file, does not have the length that its header says, or holds elements of a
/// different type.
///
/// # Example
///
/// ```
/// use gradlet_io::npy;
/// use gradlet_tensor::{Tensor, tensor};
///
/// # fn main() -> gradlet_tensor::Result<()> {
/// # let path = std::env::temp_dir().join(format!("gradlet-read-{}.npy", std::process::id()));
/// npy::write(&path, &tensor![[1.0, 2.0], [3.0, 4.0]])?;
/// let x: Tensor = npy::read(&path)?;
/// assert_eq!(x, tensor![[1.0, 2.0], [3.0, 4.0]]);
/// # let _ = std::fs::remove_file(&path);
/// # Ok(())
/// # }
/// ```
///
/// # Source
///
/// `numpy.load`
#[track_caller]
pub fn read<T: Element>(path: impl AsRef<Path>) -> Result<Tensor<T>> {
    let path = path.as_ref();
    let read = claim::read(path, header::read).and_then(|any| {
        let (found, wanted) = (any.element(), T::NAME);
        any.get().cloned().ok_or_else(|| {
            format!("holds elements of type {found}, not {wanted}: read them as {found} and cast the tensor")
        })
    });
    read.of_file(path)
}

/// The tensor in an npy file, of the file's element type.
///
/// # Errors
///
/// If the file cannot be read, is no npy file, does not have the length that its header says, or holds elements of a
/// type that gradlet lacks.
///
/// # Example
///
/// ```
/// use gradlet_io::npy;
/// # use gradlet_tensor::tensor;
/// # fn main() -> gradlet_tensor::Result<()> {
/// # let path = std::env::temp_dir().join(format!("gradlet-any-{}.npy", std::process::id()));
/// npy::write(&path, &tensor![i64; 1, 2])?;
/// assert_eq!(npy::read_any(&path)?.element(), "i64");
/// # let _ = std::fs::remove_file(&path);
/// # Ok(())
/// # }
/// ```
///
/// # Source
///
/// `numpy.load`
#[track_caller]
pub fn read_any(path: impl AsRef<Path>) -> Result<AnyTensor> {
    let path = path.as_ref();
    claim::read(path, header::read).of_file(path)
}

/// Puts a tensor into the place of an npy file, in version 1.0 of the format and little-endian.
///
/// # Errors
///
/// If the file cannot be written; then it is as it was before.
///
/// # Example
///
/// ```
/// # use gradlet_io::npy;
/// # use gradlet_tensor::tensor;
/// # fn main() -> gradlet_tensor::Result<()> {
/// # let path = std::env::temp_dir().join(format!("gradlet-write-{}.npy", std::process::id()));
/// npy::write(&path, &tensor![bool; true, false])?;
/// assert_eq!(npy::read::<bool>(&path)?.to_vec(), [true, false]);
/// # let _ = std::fs::remove_file(&path);
/// # Ok(())
/// # }
/// ```
///
/// # Source
///
/// `numpy.save`
#[track_caller]
pub fn write<T: Element>(path: impl AsRef<Path>, tensor: &Tensor<T>) -> Result<()> {
    let (path, tensor) = (path.as_ref(), tensor.clone().into());
    claim::write(path, &header::of(&tensor), &tensor, Endian::Little).of_file(path)
}
