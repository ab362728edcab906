//! [`Message`]: fields in the encoding of Protocol Buffers.

/// A message under construction. Fields that are left out have the value 0, or are empty.
#[derive(Default)]
pub(super) struct Message(Vec<u8>);

/// How the value of a field is written.
const VARINT: u32 = 0;
const EIGHT_BYTES: u32 = 1;
const LENGTH_AND_BYTES: u32 = 2;
const FOUR_BYTES: u32 = 5;

impl Message {
    pub(super) fn integer(self, field: u32, value: u64) -> Self {
        self.key(field, VARINT).varint(value)
    }

    pub(super) fn double(self, field: u32, value: f64) -> Self {
        self.key(field, EIGHT_BYTES).raw(&value.to_le_bytes())
    }

    pub(super) fn float(self, field: u32, value: f32) -> Self {
        self.key(field, FOUR_BYTES).raw(&value.to_le_bytes())
    }

    /// A field of bytes, or of a text.
    pub(super) fn bytes(self, field: u32, value: impl AsRef<[u8]>) -> Self {
        let value = value.as_ref();
        let key = self.key(field, LENGTH_AND_BYTES);
        key.varint(value.len() as u64).raw(value)
    }

    pub(super) fn message(self, field: u32, value: Self) -> Self {
        self.bytes(field, value.0)
    }

    /// A repeated field, packed.
    pub(super) fn doubles(self, field: u32, values: &[f64]) -> Self {
        let bytes: Vec<u8> = values.iter().flat_map(|x| x.to_le_bytes()).collect();
        self.bytes(field, bytes)
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    fn key(self, field: u32, kind: u32) -> Self {
        self.varint(u64::from(field << 3 | kind))
    }

    /// Seven bits a byte, the lowest first; all bytes but the last have the highest bit set.
    fn varint(mut self, mut value: u64) -> Self {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
        self
    }

    fn raw(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(bytes);
        self
    }
}
