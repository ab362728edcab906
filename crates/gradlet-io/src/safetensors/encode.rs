//! [`Encoded`]: a state as the bytes of a safetensors file.

use std::collections::BTreeMap;
use std::io::{self, Write};

use gradlet_nn::{AnyTensor, State};
use safetensors::tensor::TensorInfo;
use serde::Serialize;

use super::elements;
use super::header::{CHECKPOINT, METADATA, MOST_HEADER_BYTES};
use crate::reason::Reasoned;

/// The header of a file, and the tensors in the order of their data.
///
/// Names are in the state's order, by which [`load`](super::load) reads them. Data are in this order too, but wide
/// elements before narrow ones: the header takes a multiple of 8 bytes, so that all tensors are aligned in memory that
/// a file is mapped to.
pub(crate) struct Encoded<'a> {
    /// With its length in front.
    pub(crate) header: Vec<u8>,
    tensors: Vec<&'a AnyTensor>,
}

impl<'a> Encoded<'a> {
    pub(crate) fn new(state: &'a State, metadata: &[(&str, &str)]) -> Reasoned<Self> {
        let mut order: Vec<(usize, &AnyTensor)> =
            state.iter().map(|(_, tensor)| tensor).enumerate().collect();
        let bits = |tensor: &AnyTensor| elements::dtype(tensor).bitsize();
        order.sort_by_key(|(_, tensor)| std::cmp::Reverse(bits(tensor)));
        let (mut offsets, mut end) = (vec![(0, 0); order.len()], 0usize);
        for (place, tensor) in &order {
            let start = end;
            let bytes = tensor.shape().numel().checked_mul(bits(tensor) / 8);
            end = bytes
                .and_then(|bytes| end.checked_add(bytes))
                .ok_or("cannot be saved: the tensors take more bytes than can be counted")?;
            offsets[*place] = (start, end);
        }
        let header = header(state, &texts(state, metadata)?, &offsets)?;
        let tensors = order.into_iter().map(|(_, tensor)| tensor).collect();
        Ok(Self { header, tensors })
    }

    /// Writes the whole file.
    pub(crate) fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        out.write_all(&self.header)?;
        let mut tensors = self.tensors.iter();
        tensors.try_for_each(|tensor| elements::write(tensor, out))
    }
}

/// The metadata of the file: the given ones and the state's second paths.
fn texts<'a>(
    state: &'a State,
    metadata: &[(&'a str, &'a str)],
) -> Reasoned<BTreeMap<&'a str, &'a str>> {
    let mut texts: BTreeMap<_, _> = state.aliases().collect();
    for &(key, value) in metadata {
        let is_path = |path: &str| state.paths().any(|own| own == path);
        if texts.get(key).is_some_and(|own| *own != value) {
            return Err(format!(
                "cannot be saved: the key {key:?} of the metadata is there twice, or a second path of a tensor"
            ));
        }
        let is_own = CHECKPOINT.contains(&key);
        if !texts.contains_key(key) && !is_own && is_path(value) && !is_path(key) {
            return Err(format!(
                "cannot be saved: readers would take the metadata {key:?}: {value:?} for a second path of that tensor"
            ));
        }
        texts.insert(key, value);
    }
    Ok(texts)
}

fn header(
    state: &State,
    texts: &BTreeMap<&str, &str>,
    offsets: &[(usize, usize)],
) -> Reasoned<Vec<u8>> {
    let mut parts = Vec::new();
    if !texts.is_empty() {
        parts.push(format!("{}:{}", json(METADATA)?, json(texts)?));
    }
    for ((path, tensor), &data_offsets) in state.iter().zip(offsets) {
        if path == METADATA {
            return Err(format!(
                "cannot be saved: no tensor can have the path {path:?}"
            ));
        }
        let info = TensorInfo {
            dtype: elements::dtype(tensor),
            shape: tensor.shape().to_vec(),
            data_offsets,
        };
        parts.push(format!("{}:{}", json(path)?, json(&info)?));
    }
    let mut text = format!("{{{}}}", parts.join(","));
    while text.len() % 8 != 0 {
        text.push(' ');
    }
    let length = text.len() as u64;
    if length > MOST_HEADER_BYTES {
        return Err(format!(
            "cannot be saved: names and shapes take {length} bytes, more than the 100 MB that readers take"
        ));
    }
    Ok([&length.to_le_bytes(), text.as_bytes()].concat())
}

fn json(value: &(impl Serialize + ?Sized)) -> Reasoned<String> {
    serde_json::to_string(value).map_err(|error| format!("cannot be saved: {error}"))
}
