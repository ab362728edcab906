//! Tests of reading and writing IDX files.

use std::io::{Cursor, Write as _};

use flate2::Compression;
use flate2::write::GzEncoder;
use gradlet_tensor::{ErrorKind, Shape, tensor};
use proptest::prelude::*;

use super::*;
use crate::scratch::Scratch;

fn read_bytes(bytes: &[u8]) -> Reasoned<AnyTensor> {
    claim::read_from(&mut Cursor::new(bytes), bytes.len() as u64, header)
}

fn parsed(bytes: &[u8]) -> Reasoned<Tensor<u8>> {
    read_bytes(bytes).map(|x| x.get().unwrap().clone())
}

fn refusal(bytes: &[u8]) -> String {
    read_bytes(bytes).unwrap_err()
}

/// An IDX file of these sizes with elements 0, 1, 2 and so on.
fn file(sizes: &[u32]) -> Vec<u8> {
    let mut bytes = vec![0, 0, 8, sizes.len() as u8];
    bytes.extend(sizes.iter().flat_map(|size| size.to_be_bytes()));
    bytes.extend((0..sizes.iter().product::<u32>()).map(|i| i as u8));
    bytes
}

fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut out = GzEncoder::new(Vec::new(), Compression::default());
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

#[test]
fn sizes_are_big_endian_and_elements_row_major() {
    let x = parsed(&file(&[2, 3])).unwrap();
    assert_eq!(
        (x.shape(), x.to_vec()),
        (&Shape::from([2, 3]), vec![0, 1, 2, 3, 4, 5])
    );
    assert_eq!(parsed(&file(&[260])).unwrap().shape(), [260]);
    assert_eq!(parsed(&file(&[0, 28, 28])).unwrap().shape(), [0, 28, 28]);
    assert_eq!(parsed(&file(&[1; 8])).unwrap().rank(), 8);
}

#[test]
fn all_types_are_read_exactly() {
    let of = |code, elements: &[u8], count| {
        read_bytes(&[&[0, 0, code, 1, 0, 0, 0, count], elements].concat()).unwrap()
    };
    assert_eq!(of(0x08, &[255, 1], 2), tensor![u8; 255, 1].into());
    assert_eq!(of(0x09, &[0x80, 127], 2), tensor![i32; -128, 127].into());
    assert_eq!(
        of(0x0b, &[0xff, 0xfe, 1, 0], 2),
        tensor![i32; -2, 256].into()
    );
    assert_eq!(
        of(0x0c, &[0x80, 0, 0, 1], 1),
        tensor![i32; i32::MIN + 1].into()
    );
    assert_eq!(of(0x0d, &[0xbf, 0x80, 0, 0], 1), tensor![-1.0].into());
    let half = [0x3f, 0xe0, 0, 0, 0, 0, 0, 0];
    assert_eq!(of(0x0e, &half, 1), tensor![f64; 0.5].into());
}

#[test]
fn written_tensors_are_read_again() {
    let scratch = Scratch::new("idx-written");
    let path = scratch.file("x");
    let x = tensor![[1.5, -0.0], [f32::MIN_POSITIVE, 3e38]].t().unwrap();
    write(&path, &x).unwrap();
    assert_eq!(read_any(&path).unwrap(), x.into());
    write(&path, &tensor![i32; 1, -256]).unwrap();
    assert_eq!(read_any(&path).unwrap(), tensor![i32; 1, -256].into());
    let before = std::fs::read(&path).unwrap();
    assert_eq!(
        before,
        [0, 0, 0x0c, 1, 0, 0, 0, 2, 0, 0, 0, 1, 0xff, 0xff, 0xff, 0]
    );
    for (result, expected) in [
        (
            write(&path, &tensor![i64; 1]),
            "cannot hold i64: IDX has u8, i32, f32 and f64",
        ),
        (
            write(&path, &Tensor::scalar(1.0)),
            "cannot hold a scalar: IDX has at least one axis",
        ),
    ] {
        assert!(result.unwrap_err().to_string().contains(expected));
    }
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[test]
fn packed_files_are_unpacked_member_after_member() {
    let bytes = file(&[2, 300]);
    let expected = parsed(&bytes).unwrap();
    assert_eq!(parsed(&packed(&bytes)).unwrap(), expected);
    for cut in [0, 3, 12, 400, bytes.len()] {
        let two = [packed(&bytes[..cut]), packed(&bytes[cut..])].concat();
        assert_eq!(parsed(&two).unwrap(), expected, "{cut}");
    }
}

#[test]
fn damage_to_packed_files_is_an_error() {
    let whole = packed(&file(&[2, 300]));
    for length in 0..whole.len() {
        read_bytes(&whole[..length]).unwrap_err();
    }
    for garbage in [&b"x"[..], &[0; 20], &whole[..5]] {
        let text = refusal(&[&whole, garbage].concat());
        assert!(text.starts_with("cannot be unpacked: "), "{text}");
    }
    let mut flipped = whole.clone();
    let checksum = whole.len() - 8;
    flipped[checksum] ^= 1;
    let text = refusal(&flipped);
    assert!(
        text.starts_with("cannot be unpacked: corrupt gzip stream"),
        "{text}"
    );
    let long = [file(&[2, 2]), vec![0; 1000]].concat();
    let text = "has bytes left over: a shape of [2, 2] takes 16 bytes";
    assert_eq!(refusal(&packed(&long)), text);
    let text = "is truncated: a shape of [2, 2] takes 16 bytes, there are 15";
    assert_eq!(refusal(&packed(&long[..15])), text);
}

#[test]
fn a_packed_header_alone_takes_no_memory() {
    // 16 TB in 20 bytes: were they taken before they are counted, this would fail in a different way.
    let claim = [0, 0, 0x0e, 2, 0, 0x20, 0, 0, 0, 0x10, 0, 0, 7, 7];
    let text =
        "is truncated: a shape of [2097152, 1048576] takes 17592186044428 bytes, there are 14";
    assert_eq!(refusal(&packed(&claim)), text);
}

#[test]
fn every_truncation_and_every_extra_byte_is_refused() {
    let mut bytes = file(&[2, 3, 4]);
    for length in 0..bytes.len() {
        let text = refusal(&bytes[..length]);
        assert!(text.starts_with("is truncated: "), "{length}: {text}");
    }
    bytes.push(0);
    let text = "has bytes left over: a shape of [2, 3, 4] takes 40 bytes";
    assert_eq!(refusal(&bytes), text);
}

#[test]
fn absurd_sizes_are_refused_by_the_files_length_and_not_tried() {
    let huge = |rank: u8| [vec![0, 0, 8, rank], vec![0xff; 4 * usize::from(rank)]].concat();
    assert!(
        refusal(&huge(1))
            .starts_with("is truncated: a shape of [4294967295] takes 4294967303 bytes")
    );
    assert!(
        refusal(&huge(2)).starts_with("is damaged: its header claims a shape of [4294967295, ")
    );
    assert!(refusal(&huge(8)).starts_with("is damaged: "));
    // A 0 in front makes the product 0, whatever follows.
    let hidden = [vec![0, 0, 8, 4, 0, 0, 0, 0], vec![0xff; 12]].concat();
    assert!(refusal(&hidden).starts_with("is damaged: "));
}

#[test]
fn what_else_it_may_be_is_said() {
    let text =
        "is not an IDX file: it begins with 89 50 4e, not with 00 00 and 08, 09, 0b, 0c, 0d or 0e";
    assert_eq!(refusal(b"\x89PNG\r\n"), text);
    assert_eq!(
        refusal(&[0, 0, 7, 1, 0]),
        text.replace("89 50 4e", "00 00 07")
    );
    assert_eq!(
        refusal(&[0, 0, 8, 0, 1]),
        "has 0 axes: only 1 to 8 can be read"
    );
    assert_eq!(
        refusal(&[0, 0, 8, 9, 1]),
        "has 9 axes: only 1 to 8 can be read"
    );
}

#[test]
fn errors_name_the_file_the_reason_and_the_callers_line() {
    let scratch = Scratch::new("idx-errors");
    let [images, labels, floats] = ["images", "labels", "floats"].map(|name| scratch.file(name));
    std::fs::write(&images, packed(&file(&[2, 2, 2]))).unwrap();
    std::fs::write(&labels, file(&[2])).unwrap();
    write(&floats, &tensor![1.0]).unwrap();
    assert_eq!(read_images(&images).unwrap().shape(), [2, 2, 2]);
    assert_eq!(read_labels(&labels).unwrap().to_vec(), [0, 1]);
    let remedy = "; images have at least two axes: is this the file of the labels?";
    for (result, expected) in [
        (read_images(&labels), &*format!(": has shape [2]{remedy}")),
        (
            read_labels(&images),
            ": has shape [2, 2, 2]; labels have one axis: is this the file of the images?",
        ),
        (
            read(&floats),
            ": holds elements of type F32, not U8: use idx::read_any",
        ),
        (read(images.join("x")), "x: cannot be read: "),
        (read(std::env::temp_dir()), ": is not a regular file"),
    ] {
        let error = result.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::File { .. }));
        assert!(error.to_string().contains(expected), "{error}");
        assert_eq!(error.location().file(), file!());
    }
    assert!(read("").unwrap_err().to_string().contains("cannot be read"));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
        let _ = read_bytes(&bytes);
    }

    #[test]
    fn random_headers_give_their_own_bytes_or_an_error(
        rank in 0..10u8,
        sizes in prop::collection::vec(prop_oneof![Just(0u32), 0..5u32, any::<u32>()], 0..10),
        rest in prop::collection::vec(any::<u8>(), 0..40),
    ) {
        let mut bytes = vec![0, 0, 8, rank];
        bytes.extend(sizes.iter().flat_map(|size| size.to_be_bytes()));
        bytes.extend(rest);
        if let Ok(x) = parsed(&bytes) {
            prop_assert_eq!(x.rank(), usize::from(rank));
            prop_assert_eq!(x.to_vec(), &bytes[4 + 4 * usize::from(rank)..]);
        }
    }

    #[test]
    fn valid_files_are_read_whole(sizes in prop::collection::vec(0..5u32, 1..=4)) {
        let bytes = file(&sizes);
        let x = parsed(&bytes).unwrap();
        prop_assert!(x.shape().iter().eq(sizes.iter().map(|size| *size as usize).collect::<Vec<_>>().iter()));
        prop_assert_eq!(x.to_vec(), &bytes[4 + 4 * sizes.len()..]);
    }
}
