//! [`Claim`]: what the header of a file says of the elements behind it, which is believed only after a check.

use std::io::{self, Read, Seek, Write};
use std::path::Path;

use flate2::read::MultiGzDecoder;
use gradlet_nn::AnyTensor;
use gradlet_tensor::Shape;

use crate::atomic;
use crate::elements::{self, Endian, Kind, Layout};
use crate::open::open;
use crate::reason::Reasoned;

/// The first bytes of a gzip file (RFC 1952, section 2.3.1).
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// The element type and shape that a header names, and the header's length.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Claim {
    pub(crate) kind: Kind,
    layout: Layout,
    shape: Shape,
    header_bytes: u64,
    elements_bytes: u64,
}

impl Claim {
    pub(crate) fn new(
        kind: Kind,
        layout: Layout,
        sizes: &[usize],
        header_bytes: u64,
    ) -> Reasoned<Self> {
        let shape = Shape::new(sizes).map_err(|error| error.to_string())?;
        // If one size is 0, the others have to be plausible too: views of the tensor multiply them. Elements of one
        // byte may become some of four.
        let product = |total: u64, &size: &usize| total.checked_mul(size.max(1) as u64);
        let countable = sizes.iter().try_fold(8, product);
        if countable.is_none_or(|count| isize::try_from(count).is_err()) {
            return Err(format!("is damaged: its header claims a shape of {shape}"));
        }
        let elements_bytes = (shape.numel() * kind.size_bytes()) as u64;
        Ok(Self {
            kind,
            layout,
            shape,
            header_bytes,
            elements_bytes,
        })
    }

    /// The tensor, from an input of `size_bytes` bytes whose header was read.
    fn tensor(&self, input: &mut dyn Read, size_bytes: u64) -> Reasoned<AnyTensor> {
        let expected = self.header_bytes + self.elements_bytes;
        if size_bytes == expected {
            return elements::read(self.kind, self.layout, self.shape, input);
        }
        let shape = self.shape;
        Err(if size_bytes < expected {
            format!(
                "is truncated: a shape of {shape} takes {expected} bytes, there are {size_bytes}"
            )
        } else {
            format!("has bytes left over: a shape of {shape} takes {expected} bytes")
        })
    }
}

/// What reads a header from the beginning of a file.
pub(crate) type ReadHeader = fn(&mut dyn Read) -> Reasoned<Claim>;

/// The tensor in a file, which may be packed by gzip.
pub(crate) fn read(path: &Path, header: ReadHeader) -> Reasoned<AnyTensor> {
    let (mut file, size_bytes) = open(path)?;
    read_from(&mut file, size_bytes, header)
}

/// The tensor in the `size_bytes` bytes of an input.
///
/// A packed one is unpacked twice: first to count its bytes, up to one more than its header claims, and to compare its
/// checksums; then into a tensor of that many bytes. So memory is taken only for elements that are there.
pub(crate) fn read_from(
    input: &mut (impl Read + Seek),
    size_bytes: u64,
    header: ReadHeader,
) -> Reasoned<AnyTensor> {
    let unreadable = |error: io::Error| format!("cannot be read: {error}");
    let mut start = Vec::new();
    let magic = Read::take(&mut *input, GZIP.len() as u64).read_to_end(&mut start);
    magic.map_err(unreadable)?;
    input.rewind().map_err(unreadable)?;
    if start != GZIP {
        return read_counted(header, input, size_bytes);
    }
    let unpacked_bytes = count(header, &mut MultiGzDecoder::new(&mut *input))?;
    input.rewind().map_err(unreadable)?;
    read_counted(header, &mut MultiGzDecoder::new(input), unpacked_bytes)
}

/// Counts the bytes of a packed input, which gets unpacked: all of them, or some number larger than its header claims.
pub(crate) fn count(header: ReadHeader, input: &mut dyn Read) -> Reasoned<u64> {
    let claim = header(input)?;
    let mut rest = input.take(claim.elements_bytes + 1);
    let rest = io::copy(&mut rest, &mut io::sink());
    let rest = rest.map_err(|error| format!("cannot be unpacked: {error}"))?;
    Ok(claim.header_bytes + rest)
}

/// The tensor in an input whose bytes are counted.
pub(crate) fn read_counted(
    header: ReadHeader,
    input: &mut dyn Read,
    size_bytes: u64,
) -> Reasoned<AnyTensor> {
    header(input)?.tensor(input, size_bytes)
}

/// Reads the next bytes of a header.
pub(crate) fn take(input: &mut dyn Read, out: &mut [u8]) -> Reasoned<()> {
    input.read_exact(out).map_err(|error| match error.kind() {
        io::ErrorKind::UnexpectedEof => "is truncated: it ends within its header".to_owned(),
        _ => format!("cannot be read: {error}"),
    })
}

/// Puts a header and the elements of a tensor into the place of a file.
pub(crate) fn write(
    path: &Path,
    header: &[u8],
    tensor: &AnyTensor,
    endian: Endian,
) -> Reasoned<()> {
    atomic::write(path, |out: &mut dyn Write| {
        out.write_all(header)?;
        elements::write(tensor, endian, out)
    })
}
