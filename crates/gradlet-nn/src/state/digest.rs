//! A state in sixteen digits.

use gradlet_tensor::{Element, Tensor};

use super::{AnyTensor, State};

/// The start and the factor of FNV-1a with 64 bits.
const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const PRIME: u64 = 0x0000_0100_0000_01b3;

impl State {
    /// A hash of all paths and elements, in order: two runs that print the same one have the same bits.
    ///
    /// It is FNV-1a with 64 bits over each path as text, followed by the elements as little-endian bytes. It finds
    /// differences that come by chance, not ones made on purpose.
    ///
    /// # Example
    ///
    /// ```
    /// use gradlet_nn::State;
    /// use gradlet_tensor::tensor;
    ///
    /// let mut state = State::new();
    /// state.insert("a", tensor![u8; 98]); // the letter b
    /// assert_eq!(format!("{:016x}", state.digest()), "089c4407b545986a"); // as for the text ab
    /// ```
    ///
    /// # Source
    ///
    /// G. Fowler, L. Noll, K.-P. Vo, D. Eastlake, "The FNV Non-Cryptographic Hash Algorithm".
    pub fn digest(&self) -> u64 {
        self.iter().fold(OFFSET, |hash, (path, tensor)| {
            let hash = mix(hash, path.as_bytes());
            match tensor {
                AnyTensor::Bool(x) => elements(hash, x, |x| [u8::from(x)]),
                AnyTensor::U8(x) => elements(hash, x, |x| [x]),
                AnyTensor::I32(x) => elements(hash, x, i32::to_le_bytes),
                AnyTensor::I64(x) => elements(hash, x, i64::to_le_bytes),
                AnyTensor::U64(x) => elements(hash, x, u64::to_le_bytes),
                AnyTensor::F32(x) => elements(hash, x, f32::to_le_bytes),
                AnyTensor::F64(x) => elements(hash, x, f64::to_le_bytes),
            }
        })
    }
}

fn elements<T: Element, const N: usize>(
    hash: u64,
    tensor: &Tensor<T>,
    bytes: impl Fn(T) -> [u8; N],
) -> u64 {
    tensor.iter().fold(hash, |hash, x| mix(hash, &bytes(x)))
}

fn mix(hash: u64, bytes: &[u8]) -> u64 {
    let mix = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(PRIME);
    bytes.iter().fold(hash, mix)
}

#[cfg(test)]
mod tests {
    use gradlet_tensor::{Result, tensor};

    use super::*;

    #[test]
    fn every_bit_and_the_order_count() -> Result<()> {
        let digest = |parts: &[(&str, AnyTensor)]| {
            let mut state = State::new();
            for (path, tensor) in parts {
                state.insert(*path, tensor.clone());
            }
            state.digest()
        };
        assert_eq!(digest(&[]), OFFSET);
        // The check value of the authors for "foobar".
        let text = tensor![u8; 111, 111, 98, 97, 114];
        assert_eq!(digest(&[("f", text.into())]), 0x8594_4171_f739_67e8);
        let x = tensor![[1.0, 2.0], [3.0, 4.0]];
        let (a, b) = (("a", x.clone().into()), ("b", tensor![0.0].into()));
        let whole = digest(&[a.clone(), b.clone()]);
        assert_ne!(whole, digest(&[b, a.clone()]));
        assert_ne!(whole, digest(&[a, ("b", tensor![-0.0].into())]));
        // Elements count in row-major order, wherever they are in memory.
        let turned = x.t()?;
        let copied = turned.contiguous();
        assert_eq!(
            digest(&[("a", turned.into())]),
            digest(&[("a", copied.into())])
        );
        let bytes = 1.5f64.to_le_bytes();
        let bytes = Tensor::from_slice(bytes, [8])?;
        assert_eq!(
            digest(&[("a", tensor![f64; 1.5].into())]),
            digest(&[("a", bytes.into())])
        );
        Ok(())
    }
}
