//! Pictures in PNG: 8 bits a channel, rows compressed without filters.

use std::io::{self, Write};

use flate2::write::ZlibEncoder;
use flate2::{Compression, Crc};

const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";
const BIT_DEPTH: u8 = 8;
/// The color type of one channel and of three.
const GREY: u8 = 0;
const RGB: u8 = 2;

/// The picture whose pixels are in row-major order, with 1 or 3 channels each.
pub(super) fn encode(
    width: u32,
    height: u32,
    channels: usize,
    pixels: &[u8],
) -> io::Result<Vec<u8>> {
    let color = if channels == 1 { GREY } else { RGB };
    let sizes = [width.to_be_bytes(), height.to_be_bytes()].concat();
    // The only compression, the only set of filters, no interlacing.
    let header = [&sizes[..], &[BIT_DEPTH, color, 0, 0, 0]].concat();
    let mut rows = ZlibEncoder::new(Vec::new(), Compression::default());
    for row in pixels.chunks(width as usize * channels) {
        // Each row begins with its filter: none.
        rows.write_all(&[0])?;
        rows.write_all(row)?;
    }
    let mut png = SIGNATURE.to_vec();
    chunk(&mut png, *b"IHDR", &header);
    chunk(&mut png, *b"IDAT", &rows.finish()?);
    chunk(&mut png, *b"IEND", &[]);
    Ok(png)
}

/// Adds the length of the data, the name, the data, and the CRC-32 of name and data.
fn chunk(png: &mut Vec<u8>, name: [u8; 4], data: &[u8]) {
    let mut crc = Crc::new();
    crc.update(&name);
    crc.update(data);
    png.extend((data.len() as u32).to_be_bytes());
    png.extend(name);
    png.extend(data);
    png.extend(crc.sum().to_be_bytes());
}
