//! The header of an npy file.

use std::io::Read;

use gradlet_nn::AnyTensor;

use crate::claim::{Claim, take};
use crate::elements::{Endian, Kind, Layout};
use crate::reason::Reasoned;

const MAGIC: &[u8] = b"\x93NUMPY";

/// The longest header that version 1.0 can have; longer ones are those of structures.
const MOST_HEADER_BYTES: u32 = 1 << 16;

/// Elements begin at a multiple of this.
const ALIGN: usize = 64;

/// The types of elements by NumPy's names.
const KINDS: [(&str, Kind); 12] = [
    ("b1", Kind::Bool),
    ("u1", Kind::U8),
    ("i1", Kind::I8),
    ("i2", Kind::I16),
    ("u2", Kind::U16),
    ("i4", Kind::I32),
    ("u4", Kind::U32),
    ("i8", Kind::I64),
    ("u8", Kind::U64),
    ("f2", Kind::F16),
    ("f4", Kind::F32),
    ("f8", Kind::F64),
];

/// Reads the header at the beginning of a file.
pub(crate) fn read(input: &mut dyn Read) -> Reasoned<Claim> {
    let mut start = [0; 8];
    take(input, &mut start)?;
    let Some([major, minor]) = start.strip_prefix(MAGIC) else {
        let [a, b, ..] = start;
        return Err(format!(
            "is not an npy file: it begins with {a:02x} {b:02x}, not with 93 4e"
        ));
    };
    let mut length = [0; 4];
    let length_bytes = match (major, minor) {
        (1, 0) => 2,
        (2 | 3, 0) => 4,
        _ => {
            return Err(format!(
                "has version {major}.{minor} of the format: only 1.0, 2.0 and 3.0 can be read"
            ));
        }
    };
    take(input, &mut length[..length_bytes])?;
    let length = u32::from_le_bytes(length);
    if length > MOST_HEADER_BYTES {
        return Err(format!(
            "claims a header of {length} bytes, more than {MOST_HEADER_BYTES}"
        ));
    }
    let mut text = vec![0; length as usize];
    take(input, &mut text)?;
    let header_bytes = start.len() + length_bytes + text.len();
    let text = String::from_utf8(text).map_err(|_| "has a header that is not text".to_owned())?;
    parse(&text, header_bytes as u64)
}

fn parse(text: &str, header_bytes: u64) -> Reasoned<Claim> {
    let mut scanner = Scanner { rest: text };
    let mut header = Header::default();
    if scanner.dictionary(&mut header).is_none() {
        let place = text.len() - scanner.rest.len();
        return Err(format!(
            "has a header that cannot be read from its byte {place} on: {:?}",
            scanner.rest.chars().take(40).collect::<String>()
        ));
    }
    let (Some(descr), Some(column_major), Some(sizes)) =
        (header.descr, header.column_major, header.sizes)
    else {
        return Err("has a header without descr, fortran_order or shape".to_owned());
    };
    let (kind, endian) = element(descr)?;
    Claim::new(
        kind,
        Layout {
            endian,
            column_major,
        },
        &sizes,
        header_bytes,
    )
}

fn element(descr: &str) -> Reasoned<(Kind, Endian)> {
    let (order, name) = descr.split_at_checked(1).unwrap_or_default();
    let kind = KINDS.iter().find(|known| known.0 == name);
    match (order, kind) {
        ("<", Some((_, kind))) => Ok((*kind, Endian::Little)),
        (">", Some((_, kind))) => Ok((*kind, Endian::Big)),
        ("|", Some((_, kind))) if kind.size_bytes() == 1 => Ok((*kind, Endian::Little)),
        _ => {
            let name = match name.chars().next() {
                Some('O') => " (Python objects)",
                Some('S' | 'U' | 'a') => " (texts)",
                Some('V') => " (structures)",
                Some('c') => " (complex numbers)",
                Some('m' | 'M') => " (times)",
                _ => "",
            };
            Err(format!(
                "holds elements of type {descr:?}{name}, which gradlet lacks: save numbers, such as x.astype('float32')"
            ))
        }
    }
}

#[derive(Default)]
struct Header<'a> {
    descr: Option<&'a str>,
    column_major: Option<bool>,
    sizes: Option<Vec<usize>>,
}

/// Reads Python's literals from the front of a text; `None` if there is something else.
struct Scanner<'a> {
    rest: &'a str,
}

impl<'a> Scanner<'a> {
    fn dictionary(&mut self, header: &mut Header<'a>) -> Option<()> {
        self.expect("{")?;
        while !self.eat("}") {
            let key = self.string()?;
            self.expect(":")?;
            let repeated = match key {
                "descr" => header.descr.replace(self.descr()?).is_some(),
                "fortran_order" => header.column_major.replace(self.truth()?).is_some(),
                "shape" => header.sizes.replace(self.tuple()?).is_some(),
                _ => return None,
            };
            let ends = !self.eat(",") && !self.rest.trim_start().starts_with('}');
            if repeated || ends {
                return None;
            }
        }
        self.rest.trim_start().is_empty().then_some(())
    }

    /// The type of a structure is a list, for which `V` is the letter.
    fn descr(&mut self) -> Option<&'a str> {
        if !self.eat("[") {
            return self.string();
        }
        let mut depth = 1;
        let end = self.rest.find(|c| {
            depth += i32::from(c == '[') - i32::from(c == ']');
            depth == 0
        });
        self.rest = &self.rest[end? + 1..];
        Some("|V")
    }

    fn string(&mut self) -> Option<&'a str> {
        self.rest = self.rest.trim_start();
        let quote = self
            .rest
            .chars()
            .next()
            .filter(|c| ['\'', '"'].contains(c))?;
        let (string, rest) = self.rest[1..].split_once(quote)?;
        self.rest = rest;
        Some(string)
    }

    fn truth(&mut self) -> Option<bool> {
        let truth = self.eat("True");
        (truth || self.eat("False")).then_some(truth)
    }

    fn tuple(&mut self) -> Option<Vec<usize>> {
        self.expect("(")?;
        let mut sizes = Vec::new();
        while !self.eat(")") {
            self.rest = self.rest.trim_start();
            let end = self.rest.find(|c: char| !c.is_ascii_digit())?;
            sizes.push(self.rest[..end].parse().ok()?);
            self.rest = &self.rest[end..];
            // Python 2 writes long integers with an L.
            self.eat("L");
            if !self.eat(",") {
                self.expect(")")?;
                // One number alone in parentheses is no tuple.
                return (sizes.len() > 1).then_some(sizes);
            }
        }
        Some(sizes)
    }

    fn eat(&mut self, token: &str) -> bool {
        let rest = self.rest.trim_start().strip_prefix(token);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn expect(&mut self, token: &str) -> Option<()> {
        self.eat(token).then_some(())
    }
}

/// The header of a tensor's file.
pub(crate) fn of(tensor: &AnyTensor) -> Vec<u8> {
    let kind = Kind::of(tensor);
    let name = KINDS
        .iter()
        .find(|known| known.1 == kind)
        .map_or("", |known| known.0);
    let order = if kind.size_bytes() == 1 { '|' } else { '<' };
    let sizes: Vec<_> = tensor.shape().iter().map(usize::to_string).collect();
    // Python's tuple of one number has a comma behind it.
    let comma = if sizes.len() == 1 { "," } else { "" };
    let sizes = sizes.join(", ") + comma;
    let mut text =
        format!("{{'descr': '{order}{name}', 'fortran_order': False, 'shape': ({sizes}), }}");
    let before = MAGIC.len() + 4;
    while !(before + text.len() + 1).is_multiple_of(ALIGN) {
        text.push(' ');
    }
    text.push('\n');
    let length = (text.len() as u16).to_le_bytes();
    [MAGIC, &[1, 0], &length, text.as_bytes()].concat()
}
