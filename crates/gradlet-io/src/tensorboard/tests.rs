//! Event files, as a small reader of our own and as Python's TensorBoard read them.

use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::Command;

use flate2::Crc;
use flate2::read::ZlibDecoder;
use gradlet_tensor::{Result, Tensor, tensor};

use super::message::Message;
use super::record::check;
use super::*;
use crate::scratch::Scratch;

/// The data of the records in a file, whose lengths and checks are right.
fn records(path: &Path) -> Vec<Vec<u8>> {
    let bytes = fs::read(path).unwrap();
    let (mut rest, mut found) = (&bytes[..], Vec::new());
    while !rest.is_empty() {
        let (length, behind) = rest.split_at(8);
        let (length_check, behind) = behind.split_at(4);
        assert_eq!(check(length), length_check);
        let length = u64::from_le_bytes(length.try_into().unwrap()) as usize;
        let (data, behind) = behind.split_at(length);
        let (data_check, behind) = behind.split_at(4);
        assert_eq!(check(data), data_check);
        found.push(data.to_vec());
        rest = behind;
    }
    found
}

/// The event files of a folder, in their order.
fn files(folder: &Scratch) -> Vec<std::path::PathBuf> {
    let names = folder.names();
    names.iter().map(|name| folder.file(name)).collect()
}

/// Where `part` begins in `whole`.
fn place(whole: &[u8], part: &[u8]) -> Option<usize> {
    whole.windows(part.len()).position(|window| window == part)
}

#[test]
fn checks_are_masked() {
    // CRC-32C of these digits is 0xe3069283, as published with it.
    assert_eq!(check(b"123456789"), 0xc78a_b0e5_u32.to_le_bytes());
}

#[test]
fn fields_are_encoded_as_protocol_buffers_are() {
    let inner = Message::default().bytes(3, "ab").float(2, 1.0);
    let message = Message::default().integer(2, 300).double(1, -2.0);
    let message = message.message(16, inner).doubles(6, &[0.5]);
    let expected: [&[u8]; 7] = [
        &[0x10, 0xac, 0x02, 0x09, 0, 0, 0, 0, 0, 0, 0, 0xc0],
        &[0x82, 0x01, 9, 0x1a, 2],
        b"ab",
        &[0x15, 0, 0, 0x80, 0x3f],
        &[0x32, 8],
        &[0; 6],
        &[0xe0, 0x3f],
    ];
    assert_eq!(message.into_bytes(), expected.concat());
}

#[test]
fn events_are_whole_records_after_a_version() -> Result<()> {
    let folder = Scratch::new("board");
    let mut board = TensorBoard::create(&folder)?;
    let file = files(&folder).remove(0);
    assert_eq!(records(&file).len(), 1);
    board.scalar("loss", 7, 0.5)?;
    board.text("note", 7, "a text")?;
    assert_eq!(records(&file).len(), 1, "they are buffered");
    board.flush()?;
    let data = records(&file);
    assert!(place(&data[0], b"\x1a\x0dbrain.Event:2").is_some());
    // One value with its number, before its tag.
    let value = b"\x2a\x0d\x0a\x0b\x15\0\0\0\x3f\x0a\x04loss\x09";
    assert_eq!(place(&data[1], value), Some(0));
    assert!(data[1].ends_with(&[0x10, 7]));
    assert!(place(&data[2], b"\x42\x0a\x08\x07\x42\x06a text\x0a\x04note").is_some());
    board.scalar("loss", 8, 0.25f32)?;
    drop(board);
    assert_eq!(records(&file).len(), 4);
    Ok(())
}

#[test]
fn a_process_that_dies_leaves_whole_records() {
    const FOLDER: &str = "GRADLET_IO_BOARD";
    if let Some(folder) = std::env::var_os(FOLDER) {
        let mut board = TensorBoard::create(folder).unwrap();
        (0..5000).for_each(|step| board.scalar("loss", step, 0.5).unwrap());
        std::process::abort();
    }
    let folder = Scratch::new("board-dies");
    let mut test = Command::new(std::env::current_exe().unwrap());
    test.arg("tensorboard::tests::a_process_that_dies_leaves_whole_records");
    let output = test.env(FOLDER, folder.as_ref()).output().unwrap();
    assert!(!output.status.success());
    let count = records(&files(&folder)[0]).len();
    assert!((1000..5001).contains(&count), "{count}");
}

#[test]
fn a_later_file_has_a_later_name() -> Result<()> {
    let folder = Scratch::new("board-order");
    fs::write(folder.file("events.out.tfevents.7777777777.host.12.0"), "").unwrap();
    fs::write(folder.file("events.out.tfevents.88888888888.odd"), "").unwrap();
    drop(TensorBoard::create(&folder)?);
    drop(TensorBoard::create(&folder)?);
    let names = folder.names();
    assert_eq!(
        names[1..3],
        [8, 9].map(|digit| format!("events.out.tfevents.777777777{digit}.gradlet"))
    );
    let error = TensorBoard::create(folder.file(&names[0])).unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("no event file can be made in this folder: "),
        "{text}"
    );
    Ok(())
}

#[test]
fn histograms_count_the_numbers_below_each_limit() -> Result<()> {
    let folder = Scratch::new("board-histogram");
    let mut board = TensorBoard::create(&folder)?;
    board.histogram("h", 1, &tensor![f64; 0.0, 5e-13, 0.0, -5e-13])?;
    drop(board);
    let data = records(&files(&folder)[0]).remove(1);
    let numbers =
        |numbers: &[f64]| -> Vec<u8> { numbers.iter().flat_map(|x| x.to_le_bytes()).collect() };
    // Numbers from -1e-12 to below 0, and from 0 to below 1e-12.
    assert!(place(&data, &numbers(&[0.0, 1e-12])).is_some());
    assert!(place(&data, &numbers(&[1.0, 3.0])).is_some());
    Ok(())
}

/// Width, height, color type and rows, after the checks of all chunks.
fn decoded(png: &[u8]) -> (u32, u32, u8, Vec<u8>) {
    let (mut rest, mut chunks) = (&png[8..], Vec::new());
    while !rest.is_empty() {
        let length = u32::from_be_bytes(rest[..4].try_into().unwrap()) as usize;
        let mut crc = Crc::new();
        crc.update(&rest[4..8 + length]);
        assert_eq!(rest[8 + length..12 + length], crc.sum().to_be_bytes());
        chunks.push((&rest[4..8], &rest[8..8 + length]));
        rest = &rest[12 + length..];
    }
    let names: Vec<_> = chunks.iter().map(|chunk| chunk.0).collect();
    assert_eq!(names, [b"IHDR", b"IDAT", b"IEND"]);
    let number = |at: usize| u32::from_be_bytes(chunks[0].1[at..at + 4].try_into().unwrap());
    let mut rows = Vec::new();
    ZlibDecoder::new(chunks[1].1)
        .read_to_end(&mut rows)
        .unwrap();
    (number(0), number(4), chunks[0].1[9], rows)
}

fn picture_of<T: gradlet_tensor::Element>(x: &Tensor<T>) -> (u32, u32, u8, Vec<u8>) {
    let Ok(message) = picture::picture(x) else {
        panic!("no picture of {x:?}");
    };
    let bytes = message.into_bytes();
    decoded(&bytes[place(&bytes, b"\x89PNG").unwrap()..])
}

#[test]
fn pictures_have_one_pixel_after_the_other() -> Result<()> {
    let grey = tensor![[0.0, 0.5, 1.0], [0.25, 0.001, 0.998]];
    let rows = vec![0, 0, 128, 255, 0, 64, 0, 254];
    assert_eq!(picture_of(&grey), (3, 2, 0, rows.clone()));
    assert_eq!(picture_of(&grey.unsqueeze(0)?), (3, 2, 0, rows));
    let colors = tensor![u8; [[1, 2]], [[3, 4]], [[5, 6]]];
    assert_eq!(picture_of(&colors), (2, 1, 2, vec![0, 1, 3, 5, 2, 4, 6]));
    let turned = grey.cast::<f64>().t()?;
    assert_eq!(picture_of(&turned).3, [0, 0, 64, 0, 128, 0, 0, 255, 254]);
    Ok(())
}

#[test]
fn what_cannot_be_shown_is_refused_and_leaves_no_event() -> Result<()> {
    let folder = Scratch::new("board-refused");
    let mut board = TensorBoard::create(&folder)?;
    let refused = |result: Result<()>, expected: &str| {
        let error = result.unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
        assert_eq!(error.location().file(), file!());
    };
    refused(
        board.image("i", 1, &tensor![0.5]),
        "the image \"i\": expected [height, width], ",
    );
    refused(
        board.image("i", 1, &Tensor::<u8>::zeros_of([2, 4, 4])?),
        "got shape [2, 4, 4]",
    );
    refused(
        board.image("i", 1, &Tensor::<u8>::zeros_of([0, 4])?),
        "of shape [0, 4] is empty",
    );
    let wide = tensor![[[0.5]]].broadcast_to([3, 1 << 20, 1 << 20])?;
    refused(board.image("i", 1, &wide), "takes 2 GiB or more");
    refused(
        board.image("i", 1, &tensor![[0.0, 1.5]]),
        "the number 1.5 is not in [0, 1]; scale",
    );
    refused(
        board.image("i", 1, &tensor![[f64::NAN as f32]]),
        "the number NaN is not in [0, 1]",
    );
    refused(
        board.image("i", 1, &tensor![i64; [1]]),
        "got i64; convert them by cast()",
    );
    let odd = tensor![f64; f64::NAN, 1.0, f64::INFINITY];
    refused(
        board.histogram("h", 1, &odd),
        "the histogram \"h\": 2 of its 3 numbers are not finite",
    );
    refused(
        board.histogram("h", 1, &Tensor::<f32>::zeros(0)?),
        "without elements has none",
    );
    refused(
        board.scalar("s", u64::MAX, 1.0),
        "the scalar \"s\": the step 18446744073709551615 is above",
    );
    refused(board.resumed(u64::MAX), "is above 9223372036854775807");
    drop(board);
    assert_eq!(records(&files(&folder)[0]).len(), 1);
    Ok(())
}

/// Prints what TensorBoard itself reads of a folder.
const READER: &str = "
import io, sys
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
board = EventAccumulator(sys.argv[1], size_guidance={'scalars': 0, 'images': 0, 'tensors': 0, 'histograms': 0})
board.Reload()
print([(e.step, e.value) for e in board.Scalars('train/loss')])
h = board.Histograms('weight')[0].histogram_value
print(h.min, h.max, h.num, round(h.sum, 6), round(h.sum_squares, 6), h.bucket, [round(limit, 2) for limit in h.bucket_limit])
text = board.Tensors('note')[0].tensor_proto
print(board.SummaryMetadata('note').plugin_data.plugin_name, text.string_val[0].decode())
image = board.Images('picture')[0]
picture = Image.open(io.BytesIO(image.encoded_image_string))
print(image.width, image.height, picture.mode, list(picture.tobytes()))
print(board.file_version)
";

#[test]
fn tensorboard_reads_all_kinds_and_forgets_what_came_after_the_step_of_a_resumed_run() -> Result<()>
{
    let Some(python) = std::env::var_os("GRADLET_PYTHON") else {
        println!("skipped: GRADLET_PYTHON names no Python with the package tensorboard");
        return Ok(());
    };
    let folder = Scratch::new("board-python");
    let mut board = TensorBoard::create(&folder)?;
    for step in 1..=5 {
        board.scalar("train/loss", step, 1.0 / step as f64)?;
    }
    drop(board);
    let mut board = TensorBoard::create(&folder)?;
    board.resumed(3)?;
    board.scalar("train/loss", 4, 4.5)?;
    board.histogram("weight", 4, &tensor![[-1.0, 1.05], [1.04, 2.0]])?;
    board.text("note", 4, "*\u{e9}*")?;
    board.image("picture", 4, &tensor![u8; [[1, 2]], [[3, 4]], [[5, 6]]])?;
    board.flush()?;
    let output = Command::new(python)
        .args(["-c", READER])
        .arg(folder.as_ref())
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(text, EXPECTED, "{errors}");
    Ok(())
}

/// The powers of 1.1 around the numbers are 0.92, 1.01, 1.11, 1.97 and 2.16.
const EXPECTED: &str = "\
[(1, 1.0), (2, 0.5), (3, 0.3333333432674408), (4, 4.5)]
-1.0 2.0 4.0 3.09 7.1841 [1.0, 0.0, 2.0, 0.0, 1.0] [-0.92, 1.01, 1.11, 1.97, 2.16]
text *\u{e9}*
2 1 RGB [1, 3, 5, 2, 4, 6]
2.0
";
