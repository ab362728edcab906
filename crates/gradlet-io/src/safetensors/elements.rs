//! The types of elements that safetensors files have, and their elements, little-endian.

use std::io::{self, Read, Write};

use gradlet_nn::AnyTensor;
use gradlet_tensor::Shape;
use safetensors::Dtype;

use crate::elements::{self, Endian, Kind, Layout};
use crate::reason::Reasoned;

/// The type of a tensor in a file.
pub(super) fn dtype(tensor: &AnyTensor) -> Dtype {
    match tensor {
        AnyTensor::Bool(_) => Dtype::BOOL,
        AnyTensor::U8(_) => Dtype::U8,
        AnyTensor::I32(_) => Dtype::I32,
        AnyTensor::I64(_) => Dtype::I64,
        AnyTensor::U64(_) => Dtype::U64,
        AnyTensor::F32(_) => Dtype::F32,
        AnyTensor::F64(_) => Dtype::F64,
    }
}

/// Writes the elements in row-major order.
pub(super) fn write(tensor: &AnyTensor, out: &mut dyn Write) -> io::Result<()> {
    elements::write(tensor, Endian::Little, out)
}

/// The tensor of this shape that comes next in the input. Types that gradlet lacks become the next larger one.
///
/// The caller has checked that the input has its bytes, which bounds the memory.
pub(super) fn read(dtype: Dtype, shape: Shape, input: &mut dyn Read) -> Reasoned<AnyTensor> {
    let kind = match dtype {
        Dtype::BOOL => Kind::Bool,
        Dtype::U8 => Kind::U8,
        Dtype::I8 => Kind::I8,
        Dtype::I16 => Kind::I16,
        Dtype::U16 => Kind::U16,
        Dtype::I32 => Kind::I32,
        Dtype::U32 => Kind::U32,
        Dtype::I64 => Kind::I64,
        Dtype::U64 => Kind::U64,
        Dtype::F16 => Kind::F16,
        Dtype::BF16 => Kind::Bf16,
        Dtype::F32 => Kind::F32,
        Dtype::F64 => Kind::F64,
        _ => {
            return Err(format!(
                "has elements of type {dtype}, which gradlet lacks: convert them before they are saved, for example to F32"
            ));
        }
    };
    elements::read(kind, Layout::row_major(Endian::Little), shape, input)
}
