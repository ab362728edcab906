//! Reads the cases that PyTorch computed: JSON says what they are, safetensors holds the numbers.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use gradlet::Tensor;
use safetensors::{Dtype, SafeTensors};
use serde_json::Value;

/// The folder of the cases.
pub const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/golden");

/// A file with digests of what gradlet computes in these cases.
pub const DIGESTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/golden/digests.txt");

/// The folder that `GRADLET_GOLDEN` names, of cases in the same format; the repository's own without it.
#[must_use]
pub fn folder() -> PathBuf {
    std::env::var_os("GRADLET_GOLDEN").map_or_else(|| PathBuf::from(FOLDER), PathBuf::from)
}

/// The folder that `GRADLET_GOLDEN_LAYERS` names, of layers, initial weights and metrics; the repository's own without it.
#[must_use]
pub fn layers_folder() -> PathBuf {
    std::env::var_os("GRADLET_GOLDEN_LAYERS")
        .map_or_else(|| Path::new(FOLDER).join("layers"), PathBuf::from)
}

type Failure = Box<dyn Error>;

/// The cases of one operation and their tensors.
#[derive(Debug)]
pub struct Golden {
    cases: Vec<Value>,
    bytes: Vec<u8>,
}

impl Golden {
    /// Reads `name.json` and `name.safetensors`.
    ///
    /// # Errors
    /// If one is missing or damaged.
    pub fn open(folder: &Path, name: &str) -> Result<Self, Failure> {
        let path = |extension| folder.join(name).with_extension(extension);
        Ok(Self {
            cases: serde_json::from_slice(&fs::read(path("json"))?)?,
            bytes: fs::read(path("safetensors"))?,
        })
    }

    /// What each case says of itself.
    pub fn cases(&self) -> &[Value] {
        &self.cases
    }

    /// The tensor whose key is the string `key`.
    ///
    /// # Errors
    /// If `key` is no string, or there is no such tensor of f64.
    pub fn tensor(&self, key: &Value) -> Result<Tensor<f64>, Failure> {
        match self.array(key)? {
            Array::Floats(tensor) => Ok(tensor),
            other => Err(format!("{key} is {other:?}").into()),
        }
    }

    /// The numbers whose key is the string `key`, of whatever type.
    ///
    /// # Errors
    /// If `key` is no string, or there is no such tensor of f64, i64 or bool.
    pub fn array(&self, key: &Value) -> Result<Array, Failure> {
        let key = key.as_str().ok_or_else(|| format!("no key: {key}"))?;
        let tensors = SafeTensors::deserialize(&self.bytes)?;
        let view = tensors.tensor(key)?;
        let (words, _) = view.data().as_chunks::<8>();
        Ok(match view.dtype() {
            Dtype::F64 => {
                let numbers: Vec<_> = words.iter().map(|word| f64::from_le_bytes(*word)).collect();
                Array::Floats(Tensor::from_slice(numbers, view.shape())?)
            }
            Dtype::I64 => {
                let numbers: Vec<_> = words.iter().map(|word| i64::from_le_bytes(*word)).collect();
                Array::Ints(Tensor::from_slice(numbers, view.shape())?)
            }
            Dtype::BOOL => {
                let truths: Vec<_> = view.data().iter().map(|byte| *byte != 0).collect();
                Array::Bools(Tensor::from_slice(truths, view.shape())?)
            }
            other => return Err(format!("{key} is of {other:?}").into()),
        })
    }
}

/// A stored tensor.
#[derive(Debug, Clone)]
pub enum Array {
    /// Of f64.
    Floats(Tensor<f64>),
    /// Of i64.
    Ints(Tensor<i64>),
    /// Of bool.
    Bools(Tensor<bool>),
}

impl Array {
    /// The sizes of its axes.
    #[must_use]
    pub fn shape(&self) -> &[usize] {
        match self {
            Self::Floats(x) => x.shape(),
            Self::Ints(x) => x.shape(),
            Self::Bools(x) => x.shape(),
        }
    }
}

/// The number that a JSON value stands for: a plain one, a string such as `"-0.0"`, or `{"float": "nan"}`.
#[must_use]
pub fn number(value: &Value) -> Option<f64> {
    let text = value.get("float").unwrap_or(value);
    value.as_f64().or_else(|| text.as_str()?.parse().ok())
}
