//! Rows as text, and the ones of a file that a resumed run keeps.

use std::fmt::Write;
use std::io::{BufRead, BufReader};
use std::path::Path;

use crate::open::open;
use crate::reason::Reasoned;

/// How the header begins.
const FIRST_COLUMNS: &str = "epoch,step";

/// The line of the column names.
pub(super) fn header(scores: &[(&str, f64)]) -> String {
    let mut line = FIRST_COLUMNS.to_owned();
    for (name, _) in scores {
        line.push(',');
        if name.contains([',', '"', '\n', '\r']) {
            line.extend(["\"", &name.replace('"', "\"\""), "\""]);
        } else {
            line.push_str(name);
        }
    }
    line.push('\n');
    line
}

/// The line of the values.
pub(super) fn row(epoch: usize, step: u64, scores: &[(&str, f64)]) -> String {
    let mut line = format!("{epoch},{step}");
    for (_, value) in scores {
        // The shortest digits that read back as this number; large and small ones with an exponent.
        let _ = write!(line, ",{value:?}");
    }
    line.push('\n');
    line
}

/// The header of a log, and the bytes that it and its rows take up to the first one that does not stay, by its epoch and
/// its step.
///
/// The header is empty if the file is. A file that is no log is refused, since it would be overwritten.
pub(super) fn kept(path: &Path, stays: impl Fn(u64, u64) -> bool) -> Reasoned<(String, u64)> {
    let mut file = BufReader::new(open(path)?.0);
    let mut header = next_line(&mut file)?;
    if header.is_empty() {
        return Ok((header, 0));
    }
    let behind = header.strip_prefix(FIRST_COLUMNS);
    let is_header = behind.is_some_and(|behind| behind.starts_with([',', '\n']));
    // A crash may have left a part of it.
    if !is_header && !FIRST_COLUMNS.starts_with(&header) {
        return Err(format!(
            "is no log: its first line does not begin with \"{FIRST_COLUMNS}\"; move it, or use a different path"
        ));
    }
    // A line break in a name is between quotes.
    while !header.ends_with('\n') || header.matches('"').count() % 2 != 0 {
        let line = next_line(&mut file)?;
        if line.is_empty() {
            return Ok((String::new(), 0));
        }
        header.push_str(&line);
    }
    let mut size_bytes = header.len() as u64;
    loop {
        let line = next_line(&mut file)?;
        if !line.ends_with('\n') {
            return Ok((header, size_bytes));
        }
        let mut numbers = line.trim_end().split(',').map(str::parse::<u64>);
        let (Some(Ok(epoch)), Some(Ok(step))) = (numbers.next(), numbers.next()) else {
            return Err(format!(
                "is damaged: there is no epoch or no step in the row at byte {size_bytes}"
            ));
        };
        if !stays(epoch, step) {
            return Ok((header, size_bytes));
        }
        size_bytes += line.len() as u64;
    }
}

/// The next line with its end; it is empty at the end of the file.
fn next_line(file: &mut impl BufRead) -> Reasoned<String> {
    let mut line = String::new();
    let read = file.read_line(&mut line);
    read.map_err(|error| format!("cannot be read: {error}"))?;
    Ok(line)
}
