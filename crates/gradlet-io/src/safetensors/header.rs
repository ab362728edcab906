//! The header of a safetensors file, checked against the file's length.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io::Read;

use gradlet_tensor::Shape;
use safetensors::Dtype;
use safetensors::tensor::TensorInfo;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::reason::Reasoned;

/// The key of the texts that belong to no tensor.
pub(super) const METADATA: &str = "__metadata__";
/// The texts of a checkpoint, which are no paths of tensors.
pub(crate) const CHECKPOINT: [&str; 4] = [
    "gradlet.checkpoint",
    "gradlet.version",
    "gradlet.step",
    "gradlet.crc32c",
];
/// The bytes in front of the header, which hold its length.
pub(super) const LENGTH_BYTES: u64 = 8;
/// The longest header that the format's own readers take.
pub(super) const MOST_HEADER_BYTES: u64 = 100_000_000;

/// A tensor of the file.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) path: String,
    pub(super) dtype: Dtype,
    pub(super) shape: Shape,
    /// The place of its first byte in the file.
    pub(super) start: u64,
}

/// The tensors in the order of their names in the header, which is that of the state; their bytes may lie in a
/// different one.
#[derive(Debug)]
pub(super) struct Header {
    /// Where the data begin in the file.
    pub(super) data: u64,
    pub(super) entries: Vec<Entry>,
    pub(super) metadata: BTreeMap<String, String>,
}

impl Header {
    /// The header at the start of `size_bytes` bytes of input, after a check that its tensors take the others exactly.
    pub(super) fn read(input: &mut impl Read, size_bytes: u64) -> Reasoned<Self> {
        let unreadable = |error: std::io::Error| format!("cannot be read: {error}");
        let mut length = [0; LENGTH_BYTES as usize];
        if size_bytes < LENGTH_BYTES {
            return Err(format!(
                "is not a safetensors file: it has only {size_bytes} bytes"
            ));
        }
        input.read_exact(&mut length).map_err(unreadable)?;
        let length = u64::from_le_bytes(length);
        if length > size_bytes - LENGTH_BYTES {
            return Err(format!(
                "is truncated or not a safetensors file: its first 8 bytes claim a header of {length} bytes, the file has {size_bytes}"
            ));
        }
        if length > MOST_HEADER_BYTES {
            return Err(format!(
                "has a header of {length} bytes, more than the 100 MB that readers of safetensors take"
            ));
        }
        let mut text = vec![0; length as usize];
        input.read_exact(&mut text).map_err(unreadable)?;
        let json: Json = serde_json::from_slice(&text)
            .map_err(|error| format!("has a damaged header: {error} of the header"))?;
        json.checked(LENGTH_BYTES + length, size_bytes)
    }
}

/// The header as it is written, with the names in their order.
#[derive(Default)]
struct Json {
    tensors: Vec<(String, TensorInfo)>,
    metadata: Option<BTreeMap<String, String>>,
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        struct Map;

        impl<'de> Visitor<'de> for Map {
            type Value = Json;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of tensors")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json, A::Error> {
                let mut json = Json::default();
                while let Some(name) = map.next_key::<String>()? {
                    let named = |error| A::Error::custom(format!("{name:?}: {error}"));
                    if name == METADATA {
                        json.metadata = map.next_value().map_err(named)?;
                    } else {
                        let info = map.next_value().map_err(named)?;
                        json.tensors.push((name, info));
                    }
                }
                Ok(json)
            }
        }

        input.deserialize_map(Map)
    }
}

impl Json {
    /// The header, if its tensors lie one behind the other from byte `data` of the file to its end.
    fn checked(self, data: u64, size_bytes: u64) -> Reasoned<Header> {
        let mut names = BTreeSet::new();
        if let Some((name, _)) = self.tensors.iter().find(|(name, _)| !names.insert(name)) {
            return Err(format!("has two tensors of the name {name:?}"));
        }
        let mut by_offset: Vec<_> = self.tensors.iter().collect();
        by_offset.sort_by_key(|(_, info)| info.data_offsets);
        let mut end = 0;
        for (name, info) in by_offset {
            let start = info.data_offsets.0;
            if start != end {
                let damage = if start > end { "a gap" } else { "an overlap" };
                return Err(format!(
                    "has {damage} in its data: the tensor {name:?} begins at byte {start}, the one before it ends at {end}"
                ));
            }
            end = end_of(name, info)?;
        }
        let (found, end) = (size_bytes - data, end as u64);
        if found != end {
            let damage = if found < end {
                "is truncated"
            } else {
                "has bytes left over"
            };
            return Err(format!(
                "{damage}: its tensors take {end} bytes behind the header, the file has {found} there"
            ));
        }
        let entries = self.tensors.into_iter().map(|(path, info)| {
            let start = data + info.data_offsets.0 as u64;
            let dtype = info.dtype;
            match Shape::new(&info.shape) {
                Ok(shape) => Ok(Entry {
                    path,
                    dtype,
                    shape,
                    start,
                }),
                Err(_) => Err(format!(
                    "has a tensor {path:?} of {} axes: gradlet's have at most 8",
                    info.shape.len()
                )),
            }
        });
        Ok(Header {
            data,
            entries: entries.collect::<Reasoned<_>>()?,
            metadata: self.metadata.unwrap_or_default(),
        })
    }
}

/// Where the data of a tensor end, after a check that they have its size.
fn end_of(name: &str, info: &TensorInfo) -> Reasoned<usize> {
    let (start, end) = info.data_offsets;
    let (sizes, dtype) = (&info.shape, info.dtype);
    let mut factors = sizes.iter().copied().chain([dtype.bitsize()]);
    let bits = factors.try_fold(1, usize::checked_mul);
    let bytes = bits.filter(|bits| bits % 8 == 0).map(|bits| bits / 8);
    if bytes.is_some_and(|bytes| start.checked_add(bytes) == Some(end)) {
        return Ok(end);
    }
    let needed = bytes.map_or("no number of".to_owned(), |bytes| bytes.to_string());
    Err(format!(
        "has a damaged header: the tensor {name:?} of type {dtype} and shape {sizes:?} takes {needed} bytes, its data are at {start}..{end}"
    ))
}
