//! [`save`] and [`save_with`]: states into safetensors files.

use std::path::Path;

use gradlet_nn::State;
use gradlet_tensor::Result;

use super::Encoded;
use crate::atomic;
use crate::reason::{OfFile, Reasoned};

/// Saves a state as a safetensors file, which [`load`](super::load), PyTorch and others read.
///
/// The file takes the place of an older one at once: readers see the whole old or the whole new one, also after a crash
/// or a power cut. If it cannot be written, the old one stays. Tensors keep their order, element types and bits, except
/// that a state with second paths ([`State::alias`]) holds each tensor once and says so in the metadata, as PyTorch's
/// `save_model` does.
///
/// # Errors
///
/// If the file cannot be written, or a path of the state is `__metadata__`.
///
/// # Example
///
/// ```
/// use gradlet_io::{load, save};
/// use gradlet_nn::{Linear, Module};
///
/// # fn main() -> gradlet_tensor::Result<()> {
/// # let path = std::env::temp_dir().join(format!("gradlet-save-{}.safetensors", std::process::id()));
/// let mut model = Linear::new(3, 2, &mut gradlet_tensor::rng(1))?;
/// save(&path, &model.state())?;
/// model.load_state(&load(&path)?)?;
/// # let _ = std::fs::remove_file(&path);
/// # Ok(())
/// # }
/// ```
///
/// # Source
///
/// `safetensors.torch.save_file`, `save_model`.
#[track_caller]
pub fn save(path: impl AsRef<Path>, state: &State) -> Result<()> {
    save_with(path, state, &[])
}

/// As [`save`], with texts that belong to the whole file, which [`SafetensorsFile::metadata`] reads.
///
/// [`SafetensorsFile::metadata`]: super::SafetensorsFile::metadata
///
/// # Errors
///
/// If the file cannot be written, a path of the state is `__metadata__`, a key is there with two values, or a text is
/// the path of a tensor: readers take it for the first path of a tensor that has the key for its second one.
///
/// # Example
///
/// ```
/// use gradlet_io::{SafetensorsFile, save_with};
/// use gradlet_nn::State;
///
/// # fn main() -> gradlet_tensor::Result<()> {
/// # let path = std::env::temp_dir().join(format!("gradlet-save-with-{}.safetensors", std::process::id()));
/// save_with(&path, &State::new(), &[("trained on", "digits")])?;
/// assert_eq!(SafetensorsFile::open(&path)?.metadata()["trained on"], "digits");
/// # let _ = std::fs::remove_file(&path);
/// # Ok(())
/// # }
/// ```
#[track_caller]
pub fn save_with(path: impl AsRef<Path>, state: &State, metadata: &[(&str, &str)]) -> Result<()> {
    let path = path.as_ref();
    saved(path, state, metadata).of_file(path)
}

fn saved(path: &Path, state: &State, metadata: &[(&str, &str)]) -> Reasoned<()> {
    let encoded = Encoded::new(state, metadata)?;
    atomic::write(path, |out| encoded.write(out))
}
