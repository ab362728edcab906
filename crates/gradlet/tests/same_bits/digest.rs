//! [`Digest`]: 64 bits that stand for many numbers, bit by bit, and files of these.

use std::collections::BTreeMap;
use std::path::Path;
use std::{env, fs};

use gradlet::Tensor;

/// FNV-1a over the bits of numbers and the sizes of tensors. All NaNs count as one: their sign and their other bits are
/// left to the processor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Digest(u64);

impl Default for Digest {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Digest {
    /// Adds a number of 64 bits, byte by byte.
    pub fn add(&mut self, bits: u64) {
        for byte in bits.to_le_bytes() {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
        }
    }

    /// Adds a tensor's sizes and elements; those of f32 are exact in f64.
    pub fn tensor(&mut self, x: &Tensor<f64>) {
        x.shape().iter().for_each(|&size| self.add(size as u64));
        for x in x.iter() {
            let x = if x.is_nan() { f64::NAN } else { x };
            self.add(x.to_bits());
        }
    }

    /// The 64 bits.
    #[must_use]
    pub fn finish(self) -> u64 {
        self.0
    }
}

/// Digests by the name of what was computed.
pub type Digests = BTreeMap<String, u64>;

fn read(file: &Path) -> Digests {
    let text = fs::read_to_string(file).unwrap_or_default();
    let line = |line: &str| {
        let (name, digest) = line.rsplit_once(' ')?;
        Some((name.to_owned(), u64::from_str_radix(digest, 16).ok()?))
    };
    text.lines().filter_map(line).collect()
}

/// Compares digests with those of the file whose names start so; `GRADLET_DIGESTS=overwrite` writes them there instead.
///
/// # Panics
///
/// If some differ, or only one of the two has some.
pub fn compare(file: &Path, prefix: &str, found: &Digests) {
    let mut expected = read(file);
    if env::var("GRADLET_DIGESTS").as_deref() == Ok("overwrite") {
        expected.retain(|name, _| !name.starts_with(prefix));
        expected.extend(found.clone());
        let line = |(name, digest)| format!("{name} {digest:016x}\n");
        let text: String = expected.iter().map(line).collect();
        fs::write(file, text).expect("the file can be written");
    }
    expected.retain(|name, _| name.starts_with(prefix));
    let names: BTreeMap<_, _> = expected.iter().chain(found).collect();
    let differ: Vec<_> = names
        .into_keys()
        .filter(|&name| expected.get(name) != found.get(name))
        .collect();
    assert!(!found.is_empty(), "nothing was computed");
    assert!(
        differ.is_empty(),
        "{} of {} have different bits, or are new or gone: {differ:?}",
        differ.len(),
        found.len()
    );
}
