//! Files that are refused, with the place of their damage.

use std::fs::{self, File};
use std::io::Write;

use gradlet_tensor::ErrorKind;

use super::*;
use crate::scratch::Scratch;

/// A file of this header and these data.
pub(super) fn file_of(header: &str, data: &[u8]) -> Vec<u8> {
    [
        &(header.len() as u64).to_le_bytes(),
        header.as_bytes(),
        data,
    ]
    .concat()
}

/// Headers of four bytes of data, with what is said of them.
#[rustfmt::skip] // One case a line.
const HEADERS: [(&str, &str); 17] = [
    (r#"{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[3,5]}}"#, "a gap in its data: the tensor \"b\" begins at byte 3, the one before it ends at 2"),
    (r#"{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}"#, "an overlap in its data: the tensor \"b\" begins at byte 1, the one before it ends at 2"),
    (r#"{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"a":{"dtype":"U8","shape":[2],"data_offsets":[2,4]}}"#, "two tensors of the name \"a\""),
    (r#"{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}"#, "two tensors of the name \"a\""),
    (r#"{"a":{"dtype":"U8","shape":[3],"data_offsets":[0,3]}}"#, "bytes left over: its tensors take 3 bytes behind the header, the file has 4 there"),
    (r#"{"a":{"dtype":"U8","shape":[5],"data_offsets":[0,5]}}"#, "is truncated: its tensors take 5 bytes behind the header, the file has 4 there"),
    (r#"{"a":{"dtype":"U8","shape":[3],"data_offsets":[0,4]}}"#, "\"a\" of type U8 and shape [3] takes 3 bytes, its data are at 0..4"),
    (r#"{"a":{"dtype":"U8","shape":[4],"data_offsets":[4,0]}}"#, "a gap in its data: the tensor \"a\" begins at byte 4, the one before it ends at 0"),
    (r#"{"a":{"dtype":"U8","shape":[4294967296,4294967296],"data_offsets":[0,4]}}"#, "takes no number of bytes"),
    (r#"{"a":{"dtype":"F4","shape":[9],"data_offsets":[0,4]}}"#, "takes no number of bytes"),
    (r#"{"a":{"dtype":"U8","shape":[0,4],"data_offsets":[0,4]}}"#, "takes 0 bytes, its data are at 0..4"),
    (r#"{"a":{"dtype":"U8","shape":[1,1,1,1,1,1,1,1,4],"data_offsets":[0,4]}}"#, "a tensor \"a\" of 9 axes: gradlet's have at most 8"),
    (r#"{"a":{"dtype":"U8","shape":[-1],"data_offsets":[0,4]}}"#, "damaged header: \"a\": invalid value: integer `-1`, expected usize at line 1 column "),
    (r#"{"a":{"dtype":"U9","shape":[4],"data_offsets":[0,4]}}"#, "damaged header: \"a\": unknown variant `U9`"),
    (r#"{"__metadata__":{"a":1}}"#, "damaged header: \"__metadata__\": invalid type: integer `1`, expected a string"),
    ("[]", "expected an object of tensors at line 1 column 0 of the header"),
    ("", "damaged header: EOF while parsing a value at line 1 column 0 of the header"),
];

#[test]
fn headers_are_refused_with_the_place_of_the_damage() {
    let folder = Scratch::new("headers");
    let path = folder.file("x");
    let deep = format!(r#"{{"a":{}{}}}"#, "[".repeat(500), "]".repeat(500));
    for (header, expected) in HEADERS.into_iter().chain([(&deep[..], "damaged header")]) {
        fs::write(&path, file_of(header, b"data")).unwrap();
        let error = SafetensorsFile::open(&path).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::File { .. }));
        assert!(error.to_string().contains(expected), "{header}: {error}");
        assert!(load(&path).is_err());
    }
}

#[test]
fn files_of_other_kinds_and_headers_of_absurd_lengths_are_refused() {
    let folder = Scratch::new("kinds");
    let path = folder.file("x");
    for (bytes, expected) in [
        (&[0; 7][..], "not a safetensors file: it has only 7 bytes"),
        (
            &[0xff; 20],
            "claim a header of 18446744073709551615 bytes, the file has 20",
        ),
        (b"GIF89a, and more", "truncated or not a safetensors file"),
    ] {
        fs::write(&path, bytes).unwrap();
        let error = load(&path).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
    // It takes no room on the disk.
    let file = File::create(&path).unwrap();
    file.set_len(100_000_010).unwrap();
    (&file).write_all(&100_000_001u64.to_le_bytes()).unwrap();
    let error = load(&path).unwrap_err().to_string();
    assert!(
        error.contains("a header of 100000001 bytes, more than the 100 MB"),
        "{error}"
    );
    let error = load(&folder).unwrap_err().to_string();
    assert!(error.contains("is not a regular file"), "{error}");
}
