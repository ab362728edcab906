//! [`SafetensorsFile`]: a safetensors file whose tensors are read one by one; [`load`] reads all of them.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Seek, SeekFrom};
use std::path::{Path, PathBuf};

use gradlet_nn::{AnyTensor, State};
use gradlet_tensor::{Result, Shape};

use super::elements;
use super::header::{CHECKPOINT, Entry, Header};
use crate::open::open;
use crate::reason::{OfFile, Reasoned};

/// The state in a safetensors file, which [`save`](super::save), PyTorch or a different program wrote.
///
/// Paths are in the order of the file's header. Names that PyTorch's `save_model` left out for tied weights become
/// second paths ([`State::alias`]). Of the types that gradlet lacks, F16 and BF16 become `f32`, I8, I16 and U16 `i32`,
/// and U32 `i64`, exactly. Besides the tensors, this needs memory for the header alone.
///
/// # Errors
///
/// If the file cannot be read, is damaged or truncated, or has a tensor of a different type or of more than 8 axes, or
/// a `bool` that is neither 0 nor 1.
///
/// # Example
///
/// ```
/// use gradlet_io::{load, save};
/// use gradlet_nn::State;
/// use gradlet_tensor::tensor;
///
/// # fn main() -> gradlet_tensor::Result<()> {
/// # let path = std::env::temp_dir().join(format!("gradlet-load-{}.safetensors", std::process::id()));
/// let mut state = State::new();
/// state.insert("weight", tensor![[1.0, 2.0]]);
/// save(&path, &state)?;
/// assert_eq!(load(&path)?, state);
/// # let _ = std::fs::remove_file(&path);
/// # Ok(())
/// # }
/// ```
///
/// # Source
///
/// `safetensors.torch.load_file`, `load_model`.
#[track_caller]
pub fn load(path: impl AsRef<Path>) -> Result<State> {
    SafetensorsFile::open(path)?.state()
}

/// An open safetensors file, of which the header is read: paths, shapes and types are known, and single tensors can be
/// read without the others.
///
/// # Example
///
/// ```
/// use gradlet_io::{SafetensorsFile, save};
/// use gradlet_nn::State;
/// use gradlet_tensor::tensor;
///
/// # fn main() -> gradlet_tensor::Result<()> {
/// # let path = std::env::temp_dir().join(format!("gradlet-file-{}.safetensors", std::process::id()));
/// let mut state = State::new();
/// state.insert("weight", tensor![[1.0, 2.0]]);
/// state.insert("steps", tensor![i64; 7]);
/// save(&path, &state)?;
///
/// let mut file = SafetensorsFile::open(&path)?;
/// assert_eq!(file.paths().collect::<Vec<_>>(), ["weight", "steps"]);
/// assert_eq!(file.shape("weight").map(|shape| shape.to_vec()), Some(vec![1, 2]));
/// assert_eq!(file.dtype("steps").as_deref(), Some("I64"));
/// assert_eq!(file.tensor("steps")?.get::<i64>(), Some(&tensor![i64; 7]));
/// # let _ = std::fs::remove_file(&path);
/// # Ok(())
/// # }
/// ```
///
/// # Source
///
/// `safetensors.safe_open`.
#[derive(Debug)]
pub struct SafetensorsFile {
    path: PathBuf,
    file: File,
    header: Header,
}

impl SafetensorsFile {
    /// Opens a file and reads its header.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, its header is damaged, or its tensors do not take the rest of the file exactly.
    ///
    /// # Example
    ///
    /// ```
    /// let error = gradlet_io::SafetensorsFile::open("no/such/file").unwrap_err();
    /// assert!(error.to_string().starts_with("no/such/file: cannot be read: "));
    /// ```
    #[track_caller]
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        Self::opened(path).of_file(path)
    }

    pub(crate) fn opened(path: &Path) -> Reasoned<Self> {
        let (mut file, size_bytes) = open(path)?;
        let header = Header::read(&mut file, size_bytes)?;
        let path = path.to_owned();
        Ok(Self { path, file, header })
    }

    /// The paths of the tensors, in the order of the header.
    pub fn paths(&self) -> impl ExactSizeIterator<Item = &str> {
        self.header.entries.iter().map(|entry| entry.path.as_str())
    }

    /// The texts that belong to the whole file.
    pub fn metadata(&self) -> &BTreeMap<String, String> {
        &self.header.metadata
    }

    /// The shape of a tensor.
    pub fn shape(&self, path: &str) -> Option<&Shape> {
        Some(&self.entry(path)?.shape)
    }

    /// The type of a tensor's elements in the file, such as `F32` or `BF16`.
    pub fn dtype(&self, path: &str) -> Option<String> {
        Some(self.entry(path)?.dtype.to_string())
    }

    /// Reads one tensor, by one of its paths.
    ///
    /// # Errors
    ///
    /// If there is none of this path, it cannot be read, gradlet lacks its type, or a `bool` is neither 0 nor 1.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_io::{SafetensorsFile, save};
    /// # use gradlet_nn::State;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// # let path = std::env::temp_dir().join(format!("gradlet-tensor-{}.safetensors", std::process::id()));
    /// # let mut state = State::new();
    /// # state.insert("bias", tensor![1.0]);
    /// # save(&path, &state)?;
    /// let bias = SafetensorsFile::open(&path)?.tensor("bias")?;
    /// assert_eq!(bias.get(), Some(&tensor![1.0]));
    /// # let _ = std::fs::remove_file(&path);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn tensor(&mut self, path: &str) -> Result<AnyTensor> {
        let Self { file, header, .. } = self;
        let tensor = match entry(header, path) {
            Some(entry) => read(file, entry),
            None => Err(format!("has no tensor {path:?}")),
        };
        tensor.of_file(&self.path)
    }

    /// Reads all tensors, as [`load`] does.
    ///
    /// # Errors
    ///
    /// If one cannot be read, gradlet lacks its type, or a `bool` is neither 0 nor 1.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_io::{SafetensorsFile, save};
    /// # use gradlet_nn::State;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// # let path = std::env::temp_dir().join(format!("gradlet-state-{}.safetensors", std::process::id()));
    /// # save(&path, &State::new())?;
    /// let mut file = SafetensorsFile::open(&path)?;
    /// println!("{:?}", file.metadata());
    /// assert_eq!(file.state()?, State::new());
    /// # let _ = std::fs::remove_file(&path);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn state(&mut self) -> Result<State> {
        self.read_state().of_file(&self.path)
    }

    pub(crate) fn read_state(&mut self) -> Reasoned<State> {
        let Self { file, header, .. } = self;
        let mut state = State::new();
        for entry in &header.entries {
            state.insert(entry.path.clone(), read(file, entry)?);
        }
        for (alias, of) in &header.metadata {
            if !CHECKPOINT.contains(&alias.as_str()) {
                state.alias(alias.clone(), of.clone());
            }
        }
        Ok(state)
    }

    /// The file, and where the tensors begin in it.
    pub(crate) fn file(&mut self) -> (&mut File, u64) {
        (&mut self.file, self.header.data)
    }

    fn entry(&self, path: &str) -> Option<&Entry> {
        entry(&self.header, path)
    }
}

fn entry<'a>(header: &'a Header, path: &str) -> Option<&'a Entry> {
    let find = |path: &str| header.entries.iter().find(|entry| entry.path == path);
    find(path).or_else(|| find(header.metadata.get(path)?))
}

fn read(file: &mut File, entry: &Entry) -> Reasoned<AnyTensor> {
    let tensor = match file.seek(SeekFrom::Start(entry.start)) {
        Ok(_) => elements::read(entry.dtype, entry.shape, file),
        Err(error) => Err(format!("cannot be read: {error}")),
    };
    tensor.map_err(|reason| format!("the tensor {:?} {reason}", entry.path))
}
