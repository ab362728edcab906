//! Damaged and hostile files give a value or an error: no panic, and no more memory than their length explains.
//!
//! Every prefix of every file in `fuzz/corpus`, every flipped bit, and random mutations: 2,000 of each format, or
//! `GRADLET_MUTATIONS`. A new format is a row of `FORMATS` in `src/hostile.rs`, a corpus, and a fuzz target.

use std::fs;
use std::path::Path;

use gradlet_tests::files::Scratch;
use gradlet_tests::hostile::{FORMATS, Format, SAFETENSORS};
use rand::{Rng, RngExt};
use safetensors::SafeTensors;

/// A name of a tensor takes some hundred bytes in tables beside its fifty in the file; half-precision numbers double.
const BYTES_PER_BYTE: u64 = 32;

/// The files of a format's corpus, by name.
fn corpus(format: &Format) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/corpus")
        .join(format.name);
    let entries = fs::read_dir(folder).unwrap();
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(!paths.is_empty());
    paths.iter().map(|path| fs::read(path).unwrap()).collect()
}

/// Reads the bytes as a file of the format, and measures.
fn read(format: &Format, folder: &Scratch, bytes: &[u8]) -> Result<(), String> {
    let path = folder.file(format.file);
    fs::write(&path, bytes).unwrap();
    let mut result = Ok(());
    let counted = allocation_counter::measure(|| result = (format.read)(&path));
    let most = BYTES_PER_BYTE * bytes.len() as u64 + format.bytes_beside;
    assert!(
        counted.bytes_max <= most,
        "{}: {} bytes of memory for a file of {}",
        format.name,
        counted.bytes_max,
        bytes.len()
    );
    if let Err(reason) = &result {
        assert!(reason.contains(format.file), "{reason}");
    }
    result
}

#[test]
fn the_files_of_each_corpus_are_whole_and_their_prefixes_are_not() {
    for format in &FORMATS {
        let folder = Scratch::new("faults-prefixes");
        for bytes in corpus(format) {
            read(format, &folder, &bytes).unwrap();
            for length in 0..bytes.len() {
                let result = read(format, &folder, &bytes[..length]);
                assert!(
                    result.is_err() || !format.knows_its_end,
                    "{}: {length}",
                    format.name
                );
            }
        }
    }
}

#[test]
fn any_flipped_bit_gives_a_value_or_an_error() {
    for format in &FORMATS {
        let folder = Scratch::new("faults-bits");
        for mut bytes in corpus(format) {
            for bit in 0..8 * bytes.len() {
                bytes[bit / 8] ^= 1 << (bit % 8);
                let result = read(format, &folder, &bytes);
                assert!(
                    result.is_err() || !format.knows_its_bits,
                    "{}: {bit}",
                    format.name
                );
                bytes[bit / 8] ^= 1 << (bit % 8);
            }
        }
    }
}

/// Numbers at which programs err, as texts.
const NUMBERS: [&str; 10] = [
    "0",
    "1",
    "7",
    "255",
    "65536",
    "4294967296",
    "9223372036854775807",
    "18446744073709551615",
    "-1",
    "1e9",
];

/// The bytes after one to four random changes; pieces come from `others`.
fn mutated(bytes: &[u8], others: &[Vec<u8>], rng: &mut impl Rng) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for _ in 0..rng.random_range(1..5) {
        let at = rng.random_range(0..=bytes.len());
        let end = (at + rng.random_range(0..40)).min(bytes.len());
        match rng.random_range(0..7) {
            0 if at < bytes.len() => bytes[at] ^= 1 << rng.random_range(0..8),
            1 if at < bytes.len() => bytes[at] = rng.random(),
            // A number in the text that begins there, or further on.
            2 => {
                let digit = bytes[at..].iter().position(u8::is_ascii_digit);
                let start = at + digit.unwrap_or(0);
                let digits = bytes[start..]
                    .iter()
                    .take_while(|byte| byte.is_ascii_digit());
                let end = start + digits.count();
                let number = NUMBERS[rng.random_range(0..NUMBERS.len())];
                bytes.splice(start..end, number.bytes());
            }
            // A number in binary: little or big, as is the machine that wrote it.
            3 => {
                let size = [1, 2, 4, 8][rng.random_range(0..4)];
                let number = (1u64 << rng.random_range(0..64)).wrapping_sub(rng.random_range(0..3));
                let mut number = number.to_le_bytes();
                if rng.random() {
                    number.reverse();
                }
                let part = if rng.random() { 0 } else { at };
                let number = number.iter().take(size);
                bytes
                    .iter_mut()
                    .skip(part)
                    .zip(number)
                    .for_each(|(byte, new)| *byte = *new);
            }
            4 => drop(bytes.drain(at..end)),
            5 => {
                let other = &others[rng.random_range(0..others.len())];
                let from = rng.random_range(0..=other.len());
                let to = (from + rng.random_range(0..80)).min(other.len());
                bytes.splice(at..end, other[from..to].iter().copied());
            }
            _ => bytes.truncate(bytes.len().min(at + 64)),
        }
    }
    bytes
}

fn mutations() -> usize {
    let count = std::env::var("GRADLET_MUTATIONS");
    count.map_or(2000, |count| count.parse().unwrap())
}

#[test]
fn mutations_give_a_value_or_an_error() {
    for format in &FORMATS {
        let folder = Scratch::new("faults-mutations");
        let (files, mut rng) = (corpus(format), gradlet::rng(1));
        let (mut values, count) = (0, mutations());
        for i in 0..count {
            let bytes = mutated(&files[i % files.len()], &files, &mut rng);
            values += usize::from(read(format, &folder, &bytes).is_ok());
        }
        println!(
            "{}: {count} mutations, {values} of them are whole files",
            format.name
        );
    }
}

/// gradlet reads what the format's own reader does, but for names that are there twice and types and shapes that it lacks.
#[test]
fn safetensors_are_refused_as_by_the_formats_own_reader() {
    let folder = Scratch::new("faults-oracle");
    let (files, mut rng) = (corpus(&SAFETENSORS), gradlet::rng(2));
    let lacking = [
        "which gradlet lacks",
        "for a bool",
        "two tensors of the name",
        "at most 8",
        "cannot be made",
    ];
    let mut counts = [0; 3];
    for i in 0..mutations() {
        let bytes = mutated(&files[i % files.len()], &files, &mut rng);
        let (ours, theirs) = (
            read(&SAFETENSORS, &folder, &bytes),
            SafeTensors::deserialize(&bytes),
        );
        match (ours, theirs) {
            (Ok(()), Ok(_)) => counts[0] += 1,
            (Err(_), Err(_)) => counts[1] += 1,
            (Err(reason), Ok(_)) if lacking.iter().any(|text| reason.contains(text)) => {
                counts[2] += 1;
            }
            (ours, theirs) => panic!("{ours:?}, {:?}: {bytes:?}", theirs.err()),
        }
    }
    println!(
        "read by both {}, by none {}, by theirs alone {}",
        counts[0], counts[1], counts[2]
    );
}

/// The claim of 2^60 bytes in every place of a header.
#[test]
fn claims_of_a_header_allocate_nothing() {
    let folder = Scratch::new("faults-claims");
    for [shape, offsets] in [
        ["[1152921504606846976]", "[0,1152921504606846976]"],
        ["[1152921504606846976]", "[0,4]"],
        ["[1073741824,1073741824]", "[0,1152921504606846976]"],
        ["[0,1152921504606846976]", "[0,0]"],
        ["[4]", "[1152921504606846976,1152921504606846980]"],
    ] {
        let header =
            format!(r#"{{"x":{{"dtype":"U8","shape":{shape},"data_offsets":{offsets}}}}}"#);
        for length in [header.len() as u64, 1 << 60, u64::MAX] {
            let bytes = [&length.to_le_bytes(), header.as_bytes()].concat();
            assert!(read(&SAFETENSORS, &folder, &bytes).is_err(), "{header}");
        }
    }
}
