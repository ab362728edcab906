//! Elements as bytes, on their way between a tensor and a file through a small buffer.

use std::io::{self, Read, Write};

use gradlet_nn::AnyTensor;
use gradlet_tensor::{Element, Error, Shape, Tensor};

use crate::reason::Reasoned;

/// The bytes that are read or written at once.
const BUFFER_BYTES: usize = 1 << 14;

/// The order of an element's bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Endian {
    Little,
    Big,
}

/// The order of a file's elements and of their bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Layout {
    pub(crate) endian: Endian,
    /// Whether the index of the first axis runs fastest.
    pub(crate) column_major: bool,
}

impl Layout {
    pub(crate) fn row_major(endian: Endian) -> Self {
        Self {
            endian,
            column_major: false,
        }
    }
}

/// The type of elements in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Bool,
    U8,
    I8,
    I16,
    U16,
    I32,
    U32,
    I64,
    U64,
    F16,
    /// The upper half of an `f32`.
    Bf16,
    F32,
    F64,
}

impl Kind {
    pub(crate) fn size_bytes(self) -> usize {
        match self {
            Self::Bool | Self::U8 | Self::I8 => 1,
            Self::I16 | Self::U16 | Self::F16 | Self::Bf16 => 2,
            Self::I32 | Self::U32 | Self::F32 => 4,
            Self::I64 | Self::U64 | Self::F64 => 8,
        }
    }

    pub(crate) fn of(tensor: &AnyTensor) -> Self {
        match tensor {
            AnyTensor::Bool(_) => Self::Bool,
            AnyTensor::U8(_) => Self::U8,
            AnyTensor::I32(_) => Self::I32,
            AnyTensor::I64(_) => Self::I64,
            AnyTensor::U64(_) => Self::U64,
            AnyTensor::F32(_) => Self::F32,
            AnyTensor::F64(_) => Self::F64,
        }
    }
}

/// Writes the elements in row-major order.
pub(crate) fn write(tensor: &AnyTensor, endian: Endian, out: &mut dyn Write) -> io::Result<()> {
    match tensor {
        AnyTensor::Bool(tensor) => put(tensor, endian, |x| [u8::from(x)], out),
        AnyTensor::U8(tensor) => put(tensor, endian, |x| [x], out),
        AnyTensor::I32(tensor) => put(tensor, endian, i32::to_le_bytes, out),
        AnyTensor::I64(tensor) => put(tensor, endian, i64::to_le_bytes, out),
        AnyTensor::U64(tensor) => put(tensor, endian, u64::to_le_bytes, out),
        AnyTensor::F32(tensor) => put(tensor, endian, f32::to_le_bytes, out),
        AnyTensor::F64(tensor) => put(tensor, endian, f64::to_le_bytes, out),
    }
}

/// `encode` gives little-endian bytes.
fn put<T: Element, const N: usize>(
    tensor: &Tensor<T>,
    endian: Endian,
    encode: impl Fn(T) -> [u8; N],
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut buffer = [0; BUFFER_BYTES];
    let mut elements = tensor.iter();
    loop {
        let mut filled = 0;
        for (bytes, x) in buffer.chunks_exact_mut(N).zip(&mut elements) {
            bytes.copy_from_slice(&encode(x));
            if endian == Endian::Big {
                bytes.reverse();
            }
            filled += N;
        }
        if filled == 0 {
            return Ok(());
        }
        out.write_all(&buffer[..filled])?;
    }
}

/// The tensor of this shape that comes next in the input. Types that gradlet lacks become the next larger one.
///
/// The caller has checked that the input has its bytes, which bounds the memory.
pub(crate) fn read(
    kind: Kind,
    layout: Layout,
    shape: Shape,
    input: &mut dyn Read,
) -> Reasoned<AnyTensor> {
    let from = (layout, shape, input);
    match kind {
        Kind::Bool => take(from, |[byte]| match byte {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(byte),
        }),
        Kind::U8 => take(from, |[byte]| Ok(byte)),
        Kind::I8 => take(from, |x| Ok(i32::from(i8::from_le_bytes(x)))),
        Kind::I16 => take(from, |x| Ok(i32::from(i16::from_le_bytes(x)))),
        Kind::U16 => take(from, |x| Ok(i32::from(u16::from_le_bytes(x)))),
        Kind::I32 => take(from, |x| Ok(i32::from_le_bytes(x))),
        Kind::U32 => take(from, |x| Ok(i64::from(u32::from_le_bytes(x)))),
        Kind::I64 => take(from, |x| Ok(i64::from_le_bytes(x))),
        Kind::U64 => take(from, |x| Ok(u64::from_le_bytes(x))),
        Kind::F16 => take(from, |x| Ok(half(u16::from_le_bytes(x)))),
        Kind::Bf16 => take(from, |x| {
            Ok(f32::from_bits(u32::from(u16::from_le_bytes(x)) << 16))
        }),
        Kind::F32 => take(from, |x| Ok(f32::from_le_bytes(x))),
        Kind::F64 => take(from, |x| Ok(f64::from_le_bytes(x))),
    }
}

/// `decode` takes little-endian bytes and returns the byte that is no element.
fn take<T: Element, const N: usize>(
    (layout, shape, input): (Layout, Shape, &mut dyn Read),
    decode: impl Fn([u8; N]) -> Result<T, u8>,
) -> Reasoned<AnyTensor> {
    let failed = |error: Error| format!("cannot be made: {}", error.kind());
    let mut sizes = shape.to_vec();
    if layout.column_major {
        sizes.reverse();
    }
    let mut tensor = Tensor::zeros_of(&sizes[..]).map_err(failed)?;
    let mut buffer = [0; BUFFER_BYTES];
    for elements in tensor.make_mut_slice().chunks_mut(BUFFER_BYTES / N) {
        let bytes = &mut buffer[..elements.len() * N];
        input
            .read_exact(bytes)
            .map_err(|error| format!("cannot be read: {error}"))?;
        let (words, _) = bytes.as_chunks_mut();
        for (element, word) in elements.iter_mut().zip(words) {
            if layout.endian == Endian::Big {
                word.reverse();
            }
            *element = decode(*word).map_err(|byte| {
                format!("has the byte {byte} for a bool, which is neither 0 nor 1")
            })?;
        }
    }
    if layout.column_major {
        let axes: Vec<_> = (0..shape.len() as isize).rev().collect();
        tensor = tensor.permute(&axes).map_err(failed)?;
    }
    Ok(tensor.into())
}

/// The value of an IEEE 754 half-precision number; all of them are numbers of f32.
fn half(bits: u16) -> f32 {
    let [sign, exponent, fraction] = [bits >> 15, bits >> 10 & 0x1f, bits & 0x3ff].map(u32::from);
    let magnitude = match exponent {
        // Subnormal numbers are multiples of 2^-24.
        0 => (fraction as f32 * f32::from_bits((127 - 24) << 23)).to_bits(),
        0x1f => 0x7f80_0000 | fraction << 13,
        _ => (exponent + (127 - 15)) << 23 | fraction << 13,
    };
    f32::from_bits(sign << 31 | magnitude)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_are_exact() {
        for bits in 0..=u16::MAX {
            let (x, sign) = (half(bits), if bits >> 15 == 0 { 1.0 } else { -1.0 });
            let (exponent, fraction) = (i32::from(bits >> 10 & 0x1f), f64::from(bits & 0x3ff));
            let expected = match exponent {
                0 => fraction * 2f64.powi(-24),
                0x1f if fraction == 0.0 => f64::INFINITY,
                0x1f => f64::NAN,
                _ => (1.0 + fraction / 1024.0) * 2f64.powi(exponent - 15),
            };
            let same = f64::from(x) == sign * expected || (x.is_nan() && expected.is_nan());
            assert!(
                same && x.is_sign_negative() == (sign < 0.0),
                "{bits:04x}: {x}"
            );
        }
        assert_eq!(half(0x3c00), 1.0);
        assert_eq!(half(0xc248), -3.140_625);
    }
}
