//! Records of event files: a length, data, and a check of each.

/// What TensorFlow adds to its rotated checks.
const MASK: u32 = 0xa282_ead8;

/// The data as a record: their length (8 bytes), its check, the data, their check.
pub(super) fn record(data: &[u8]) -> Vec<u8> {
    let length = (data.len() as u64).to_le_bytes();
    [&length[..], &check(&length), data, &check(data)].concat()
}

/// The CRC-32C, masked: the CRC of data that hold their own CRC would not depend on them.
pub(super) fn check(bytes: &[u8]) -> [u8; 4] {
    let rotated = crc32c::crc32c(bytes).rotate_right(15);
    rotated.wrapping_add(MASK).to_le_bytes()
}
