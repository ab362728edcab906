//! Tests of reading and writing npy files.

use std::io::Cursor;

use gradlet_tensor::{ErrorKind, tensor};

use super::*;
use crate::reason::Reasoned;
use crate::scratch::Scratch;

fn read_bytes(bytes: &[u8]) -> Reasoned<AnyTensor> {
    claim::read_from(&mut Cursor::new(bytes), bytes.len() as u64, header::read)
}

/// A file with this header and these elements.
fn file(version: u8, header: &str, elements: &[u8]) -> Vec<u8> {
    let length = (header.len() as u32).to_le_bytes();
    let length = &length[..if version == 1 { 2 } else { 4 }];
    [
        &b"\x93NUMPY"[..],
        &[version, 0][..],
        length,
        header.as_bytes(),
        elements,
    ]
    .concat()
}

fn of(descr: &str, count: usize, elements: &[u8]) -> AnyTensor {
    let header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': ({count},), }}\n");
    read_bytes(&file(1, &header, elements)).unwrap()
}

#[test]
fn all_types_are_read_exactly_in_both_orders_of_bytes() {
    assert_eq!(of("|b1", 2, &[1, 0]), tensor![bool; true, false].into());
    assert_eq!(of("|u1", 1, &[255]), tensor![u8; 255].into());
    assert_eq!(of("|i1", 1, &[0x80]), tensor![i32; -128].into());
    assert_eq!(of("<i2", 1, &[0, 0x80]), tensor![i32; -32768].into());
    assert_eq!(of(">u2", 1, &[0x80, 1]), tensor![i32; 32769].into());
    assert_eq!(
        of("<i4", 1, &[1, 0, 0, 0x80]),
        tensor![i32; i32::MIN + 1].into()
    );
    assert_eq!(of("<u4", 1, &[0xff; 4]), tensor![i64; 0xffff_ffff].into());
    assert_eq!(
        of(">i8", 1, &[0, 0, 0, 0, 0, 0, 1, 2]),
        tensor![i64; 258].into()
    );
    assert_eq!(of("<u8", 1, &[0xff; 8]), tensor![u64; u64::MAX].into());
    assert_eq!(of("<f2", 1, &[0, 0x3c]), tensor![1.0].into());
    assert_eq!(of("<f4", 1, &[0, 0, 0x80, 0xbf]), tensor![-1.0].into());
    assert_eq!(
        of(">f8", 1, &[0x3f, 0xe0, 0, 0, 0, 0, 0, 0]),
        tensor![f64; 0.5].into()
    );
}

#[test]
fn fortran_order_gives_the_same_tensor() {
    let elements = [1, 2, 3, 4, 5, 6];
    for (order, expected) in [
        ("False", tensor![u8; [1, 2, 3], [4, 5, 6]]),
        ("True", tensor![u8; [1, 3, 5], [2, 4, 6]]),
    ] {
        let header = format!("{{'descr': '|u1', 'fortran_order': {order}, 'shape': (2, 3)}}");
        assert_eq!(
            read_bytes(&file(1, &header, &elements)).unwrap(),
            expected.into()
        );
    }
}

#[test]
fn headers_of_all_versions_and_spellings_are_read() {
    let expected = AnyTensor::from(tensor![u8; [7, 8]]);
    for header in [
        "{'descr': '|u1', 'fortran_order': False, 'shape': (1, 2), }     \n",
        "{\"shape\": (1,2), \"descr\": \"|u1\", \"fortran_order\":False}",
        " { 'fortran_order' : False , 'shape' : ( 1L , 2L , ) , 'descr' : '|u1' } ",
    ] {
        for version in 1..=3 {
            assert_eq!(
                read_bytes(&file(version, header, &[7, 8])),
                Ok(expected.clone()),
                "{header}"
            );
        }
    }
    let scalar = "{'descr': '|u1', 'fortran_order': True, 'shape': ()}";
    assert_eq!(
        read_bytes(&file(1, scalar, &[7])),
        Ok(Tensor::scalar(7u8).into())
    );
}

const VALID: &str = "{'descr': '|u1', 'fortran_order': False, 'shape': (2,)}";

/// What is said of a valid file with `from` replaced by `to` in its header.
fn refusal(from: &str, to: &str) -> String {
    read_bytes(&file(1, &VALID.replace(from, to), &[7, 8])).unwrap_err()
}

#[test]
fn damaged_headers_are_refused_with_the_place() {
    read_bytes(&file(1, VALID, &[7, 8])).unwrap();
    for (from, to, expected) in [
        (
            "(2,)",
            "(2",
            "has a header that cannot be read from its byte 52 on: \"}\"",
        ),
        ("(2,)", "(2)", "cannot be read from its byte"),
        ("(2,)", "(-2,)", "from its byte 51 on: \"-2,)}\""),
        ("(2,)", "(99999999999999999999,)", "from its byte 51 on"),
        ("False", "0", "from its byte 33 on"),
        ("'shape'", "'form'", "from its byte 48 on"),
        ("}", ", 'shape': (2,)}", "cannot be read from its byte"),
        ("}", "} x", "from its byte 55 on: \" x\""),
        (
            ", 'shape': (2,)",
            "",
            "has a header without descr, fortran_order or shape",
        ),
        ("(2,)", "(3,)", "is truncated: a shape of [3] takes "),
        ("(2,)", "(1,)", "has bytes left over: a shape of [1] takes "),
        (
            "(2,)",
            "(4294967295, 4294967295, 0)",
            "is damaged: its header claims a shape of ",
        ),
        ("(2,)", "(2, 1, 1, 1, 1, 1, 1, 1, 1)", "at most 8 axes"),
    ] {
        let text = refusal(from, to);
        assert!(text.contains(expected), "{from} -> {to}: {text}");
    }
    let long = [&file(2, "", &[])[..8], &[0, 0, 2, 0]].concat();
    assert_eq!(
        read_bytes(&long).unwrap_err(),
        "claims a header of 131072 bytes, more than 65536"
    );
    let text = read_bytes(&file(4, VALID, &[7, 8])).unwrap_err();
    assert_eq!(
        text,
        "has version 4.0 of the format: only 1.0, 2.0 and 3.0 can be read"
    );
    let text = read_bytes(b"PK\x03\x04 and more").unwrap_err();
    assert_eq!(
        text,
        "is not an npy file: it begins with 50 4b, not with 93 4e"
    );
    let mut latin = file(1, VALID, &[7, 8]);
    latin[10] = 0xff;
    assert_eq!(
        read_bytes(&latin).unwrap_err(),
        "has a header that is not text"
    );
}

#[test]
fn types_that_gradlet_lacks_are_refused_by_name() {
    for (from, to, expected) in [
        (
            "|u1",
            "|O",
            "holds elements of type \"|O\" (Python objects), which gradlet lacks",
        ),
        ("|u1", "<U5", "(texts)"),
        ("|u1", "<c8", "(complex numbers)"),
        ("|u1", "<M8[ns]", "(times)"),
        ("|u1", "|f4", "holds elements of type \"|f4\", which"),
        (
            "'|u1'",
            "[('x', '<f4'), ('y', [('z', '<i4')])]",
            "(structures)",
        ),
        ("|u1", "", "holds elements of type \"\", which"),
    ] {
        let text = refusal(from, to);
        assert!(text.contains(expected), "{from} -> {to}: {text}");
    }
}

#[test]
fn every_truncation_is_refused() {
    let whole = file(
        1,
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 1)}",
        &[0; 8],
    );
    read_bytes(&whole).unwrap();
    for length in 0..whole.len() {
        let text = read_bytes(&whole[..length]).unwrap_err();
        assert!(text.starts_with("is truncated: "), "{length}: {text}");
    }
}

#[test]
fn written_tensors_are_as_numpy_writes_them_and_are_read_again() {
    let scratch = Scratch::new("npy-written");
    let path = scratch.file("x.npy");
    let x = tensor![[1.5, -0.0, 3e38], [f32::MIN_POSITIVE, 4.0, 5.0]]
        .t()
        .unwrap();
    write(&path, &x).unwrap();
    assert_eq!(read::<f32>(&path).unwrap(), x);
    let bytes = std::fs::read(&path).unwrap();
    let header =
        b"\x93NUMPY\x01\x00v\x00{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2), }";
    assert!(bytes.starts_with(header) && bytes.len() == 128 + 24 && bytes[127] == b'\n');
    write(&path, &tensor![u64; u64::MAX]).unwrap();
    assert_eq!(read_any(&path).unwrap(), tensor![u64; u64::MAX].into());
    write(&path, &Tensor::scalar(0.1f64)).unwrap();
    assert_eq!(read_any(&path).unwrap(), Tensor::scalar(0.1f64).into());
    write(&path, &Tensor::<bool>::zeros_of([0, 3]).unwrap()).unwrap();
    assert_eq!(read_any(&path).unwrap().shape(), [0, 3]);
}

#[test]
fn a_different_type_is_an_error_that_names_both() {
    let scratch = Scratch::new("npy-types");
    let path = scratch.file("x.npy");
    write(&path, &tensor![f64; 1.0]).unwrap();
    let error = read::<f32>(&path).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::File { .. }));
    let text =
        "x.npy: holds elements of type f64, not f32: read them as f64 and cast the tensor (at ";
    assert!(error.to_string().contains(text), "{error}");
    assert_eq!(error.location().file(), file!());
}
