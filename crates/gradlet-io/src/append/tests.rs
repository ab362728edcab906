//! Disks that are full, and files that cannot be written for a while.

use std::fs::{self, OpenOptions};
use std::path::Path;

use super::*;
use crate::scratch::Scratch;

const PIECE: [u8; 100] = [b'x'; 100];

fn writable(path: &Path) -> File {
    let mut options = OpenOptions::new();
    options.append(true).create(true).open(path).unwrap()
}

#[test]
fn pieces_are_written_when_the_buffer_is_full_and_on_demand() {
    let folder = Scratch::new("append");
    let path = folder.file("x");
    fs::write(&path, "old and more").unwrap();
    let mut append = Append::new(writable(&path), 3, 200);
    append.push(&PIECE).unwrap();
    append.push(&PIECE).unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"old and more");
    append.push(&PIECE).unwrap();
    assert_eq!(
        fs::read(&path).unwrap(),
        [b"old", &[b'x'; 300][..]].concat()
    );
    append.push(b"end").unwrap();
    append.flush().unwrap();
    assert!(fs::read(&path).unwrap().ends_with(b"xend"));
}

#[test]
fn a_piece_that_cannot_be_written_is_refused_and_the_others_wait() {
    let folder = Scratch::new("append-refused");
    let path = folder.file("x");
    let mut append = Append::new(writable(&path), 0, 250);
    // A handle that takes no bytes.
    let good = std::mem::replace(&mut append.file, File::open(&path).unwrap());
    append.push(&PIECE).unwrap();
    append.push(&PIECE).unwrap();
    for _ in 0..5 {
        let reason = append
            .push(b"refused, since it is the piece that fills the buffer")
            .unwrap_err();
        assert!(reason.starts_with("cannot be written: "), "{reason}");
    }
    append.flush().unwrap_err();
    append.file = good;
    append.push(b"taken").unwrap();
    append.flush().unwrap();
    assert_eq!(
        fs::read(&path).unwrap(),
        [&[b'x'; 200][..], b"taken"].concat()
    );
}

/// A process may make no file of more than 512 or 1,024 bytes, as the shell counts: the last write is a part of a piece.
#[cfg(unix)]
#[test]
fn a_full_disk_leaves_whole_pieces() {
    const FOLDER: &str = "GRADLET_IO_LIMITED";
    if let Some(path) = std::env::var_os(FOLDER) {
        let mut append = Append::new(writable(path.as_ref()), 0, 0);
        while append.push(&PIECE).is_ok() {}
        append.push(&PIECE).unwrap_err();
        return;
    }
    let folder = Scratch::new("append-full");
    let path = folder.file("x");
    let limited = r#"trap "" XFSZ; ulimit -f 1; exec "$0" --exact append::tests::a_full_disk_leaves_whole_pieces"#;
    let mut shell = std::process::Command::new("sh");
    shell
        .args(["-c", limited])
        .arg(std::env::current_exe().unwrap());
    let output = shell.env(FOLDER, &path).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let size_bytes = fs::metadata(&path).unwrap().len();
    assert!([500, 1000].contains(&size_bytes), "{size_bytes}");
}
