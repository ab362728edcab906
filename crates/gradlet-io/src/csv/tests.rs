//! Tests of reading tables.

use std::path::Path;

use gradlet_tensor::tensor;

use super::*;
use crate::reason::Reasoned;
use crate::scratch::Scratch;

fn parsed(text: impl AsRef<[u8]>) -> Reasoned<Table> {
    Options::new().parse(Path::new("x.csv"), text.as_ref().to_vec())
}

fn refusal(text: impl AsRef<[u8]>) -> String {
    parsed(text).unwrap_err()
}

/// The message without the place in this file.
fn message<T: std::fmt::Debug>(result: gradlet_tensor::Result<T>) -> String {
    result.unwrap_err().kind().to_string()
}

#[test]
fn all_ends_of_lines_quotes_and_marks_give_the_same_table() {
    let plain = "a,b\n1,x\n2,y\n";
    for text in [
        plain,
        "a,b\n1,x\n2,y",
        "a,b\r\n1,x\r\n2,y\r\n",
        "\u{feff}a,b\n1,x\n2,y\n",
        "\u{feff}\"a\",\"b\"\r\n\"1\",x\r\n2,\"y\"",
        "\n\na,b\n\n1,x\n\r\n2,y\n\n\n",
    ] {
        let table = parsed(text).unwrap();
        assert_eq!(table.columns(), ["a", "b"], "{text:?}");
        assert_eq!(table.cells("a").unwrap(), ["1", "2"], "{text:?}");
        assert_eq!(table.cells("b").unwrap(), ["x", "y"], "{text:?}");
    }
}

#[test]
fn quoted_cells_hold_delimiters_line_breaks_and_quotes() {
    let table = parsed("a,b\n\"1,\n\"\"2\"\"\",\u{e4}\n").unwrap();
    assert_eq!(table.cells("a").unwrap(), ["1,\n\"2\""]);
    assert_eq!(table.cells("b").unwrap(), ["\u{e4}"]);
    assert_eq!(
        parsed("a\n\"\"\n\"x\n\"").unwrap().cells("a").unwrap(),
        ["", "x\n"]
    );
}

#[test]
fn delimiter_and_header_are_chosen() {
    let read = |options: Options, text: &str| options.parse(Path::new("x"), text.into());
    let table = read(Options::new().delimiter(b'\t').no_header(), "1\t2,5\n").unwrap();
    assert_eq!(
        (table.columns().len(), table.cells("1").unwrap()),
        (2, vec!["2,5"])
    );
    for delimiter in [b'"', b'\n', b'\r', 0xe4] {
        let text = read(Options::new().delimiter(delimiter), "1").unwrap_err();
        assert!(
            text.starts_with("cannot be read with the delimiter "),
            "{text}"
        );
    }
    assert_eq!(parsed("a,b\n").unwrap().rows(), 0);
    assert_eq!(
        parsed("a,b\n").unwrap().floats(&["b"]).unwrap().shape(),
        [0, 1]
    );
}

#[test]
fn damage_is_named_by_its_line() {
    for text in ["", "\n\r\n", "\u{feff}"] {
        assert_eq!(refusal(text), "is empty", "{text:?}");
    }
    assert_eq!(
        refusal("a,b\n\n1\n"),
        "line 3 has 1 cells, the first line 2"
    );
    assert_eq!(
        refusal("a,b\r\n\"1\r\n\",2\r\n\r\n1,2,3\r\n"),
        "line 5 has 3 cells, the first line 2"
    );
    assert_eq!(refusal("a,b,a\n"), "line 1 names two columns \"a\"");
    assert_eq!(refusal(b"a\n1\n\xe4\n"), "is not UTF-8 text in line 3");
    for text in ["a\n1\n\"2\n", "a\n\"1\"\"", "a,\"b", "\""] {
        assert!(
            refusal(text).starts_with("has a quote that is not closed, in the row of line "),
            "{text:?}"
        );
    }
    assert!(refusal("a\n1\n\"2\n").ends_with(" line 3"));
}

#[test]
fn numbers_are_read_exactly() {
    let table =
        parsed("x,n\n0.1, 9223372036854775807\n-1e-45 ,-9223372036854775808\n+inf,+7\n").unwrap();
    let x = table.floats(&["x"]).unwrap();
    assert_eq!(x.to_vec(), [0.1, -1e-45, f32::INFINITY]);
    assert_eq!(
        table.integers(&["n"]).unwrap().to_vec(),
        [i64::MAX, i64::MIN, 7]
    );
    let both = parsed("a,b,c\n1,2,3\n4,5,6\n").unwrap();
    assert_eq!(
        both.floats(&["c", "a"]).unwrap(),
        tensor![[3.0, 1.0], [6.0, 4.0]]
    );
    assert_eq!(both.floats(&[]).unwrap().shape(), [2, 0]);
}

#[test]
fn wrong_numbers_are_named_by_line_and_column() {
    let table = parsed("x,y\n1,2\n\n1e39,2.5\n1_0,\n").unwrap();
    for (result, expected) in [
        (
            table.floats(&["x"]).map(drop),
            "x.csv: line 4, column \"x\": \"1e39\" is not a number of f32",
        ),
        (
            table.integers(&["y"]).map(drop),
            "x.csv: line 4, column \"y\": \"2.5\" is not an integer of i64",
        ),
        (
            table.mean("x").map(drop),
            "x.csv: line 5, column \"x\": \"1_0\" is not a number",
        ),
        (
            table.floats(&["z"]).map(drop),
            "x.csv: has no column \"z\"; its columns are x, y",
        ),
    ] {
        assert_eq!(message(result), expected);
    }
}

#[test]
fn missing_numbers_are_errors_until_they_are_filled() {
    let mut table = parsed("x\n1\nNA\n 4 \n  \nnull\n").unwrap();
    let expected = "x.csv: line 3, column \"x\": is missing; Table::fill puts a number there";
    assert_eq!(message(table.floats(&["x"])), expected);
    let mean = table.mean("x").unwrap();
    assert_eq!(mean, 2.5);
    table.fill("x", mean).unwrap();
    assert_eq!(
        table.floats(&["x"]).unwrap().to_vec(),
        [1.0, 2.5, 4.0, 2.5, 2.5]
    );
    let expected = "x.csv: line 3, column \"x\": is missing, and the number for it is 2.5, not an integer of i64";
    assert_eq!(message(table.integers(&["x"])), expected);
    table.fill("x", 0.0).unwrap();
    assert_eq!(table.integers(&["x"]).unwrap().to_vec(), [1, 0, 4, 0, 0]);
    let empty = message(parsed("x\n\"\"\n").unwrap().mean("x"));
    assert_eq!(
        empty,
        "x.csv: the column \"x\" has no numbers, so that it has no mean"
    );
}

#[test]
fn categories_are_sorted_and_keep_their_numbers_in_other_tables_and_in_a_file() {
    let table = parsed("k\nb\na b\n\"c,\n\"\nb\n").unwrap();
    let (labels, letters) = table.categories("k").unwrap();
    assert_eq!(labels.to_vec(), [1, 0, 2, 1]);
    assert_eq!(letters.names(), ["a b", "b", "c,\n"]);
    let scratch = Scratch::new("csv-categories");
    let path = scratch.file("letters.csv");
    letters.save(&path).unwrap();
    let loaded = Categories::load(&path).unwrap();
    assert_eq!(loaded, letters);
    let test = parsed("k,n\nb,1\n,2\nd,3\n").unwrap();
    let text = message(loaded.encode(&test, "k"));
    assert_eq!(text, "x.csv: line 3, column \"k\": is missing");
    let test = parsed("k\nb\nd\n").unwrap();
    let text = message(loaded.encode(&test, "k"));
    let expected = "x.csv: line 3, column \"k\": \"d\" is none of the 3 categories: a b, b, c,\n";
    assert_eq!(text, expected);
    std::fs::write(&path, "category\nx\nx\n").unwrap();
    let text = message(Categories::load(&path));
    assert!(
        text.ends_with("letters.csv: has the category \"x\" twice"),
        "{text}"
    );
}

#[test]
fn every_prefix_is_a_table_or_an_error() {
    let text = "\u{feff}a,\u{e4}\r\n\"1\n\"\"\",2\r\n\r\n3,\"\"\r\n";
    for length in 0..text.len() {
        if let Ok(table) = parsed(&text.as_bytes()[..length]) {
            let _ = table.floats(&["a"]);
        }
    }
    assert_eq!(parsed(text).unwrap().rows(), 2);
}
