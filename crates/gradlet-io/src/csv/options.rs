//! [`Options`]: how a table is written in a file; reading it.

use std::io::Read;
use std::path::Path;

use csv::{ReaderBuilder, StringRecord};
use gradlet_tensor::Result;

use super::Table;
use crate::open::open;
use crate::reason::{OfFile, Reasoned};

/// Behind the text of a file: if the last quoted cell of the text is closed, this makes a row of one empty cell, and if
/// it is not, this closes it, and there is no such row.
const END: &[u8] = b"\n\"";

/// Reads a table with a header row and commas between its cells.
///
/// # Errors
///
/// If the file cannot be read, is not UTF-8 text, is empty or has a quote that is not closed; or if two columns have one
/// name, or a row has more or fewer cells than the header. The error names the line.
///
/// # Example
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let path = std::env::temp_dir().join(format!("gradlet-csv-read-{}.csv", std::process::id()));
/// std::fs::write(&path, "x,y\n1,2\n3,4\n")?;
/// let table = gradlet_io::csv::read(&path)?;
/// assert_eq!((table.rows(), table.columns()), (2, &["x".to_owned(), "y".to_owned()][..]));
/// # std::fs::remove_file(&path)?;
/// # Ok(())
/// # }
/// ```
///
/// # Source
///
/// `pandas.read_csv`
#[track_caller]
pub fn read(path: impl AsRef<Path>) -> Result<Table> {
    Options::new().read(path)
}

/// How a table is written in a file.
///
/// # Example
///
/// ```
/// use gradlet_io::csv::Options;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let path = std::env::temp_dir().join(format!("gradlet-csv-options-{}.csv", std::process::id()));
/// std::fs::write(&path, "1;2\n3;4\n")?;
/// let table = Options::new().delimiter(b';').no_header().read(&path)?;
/// assert_eq!(table.integers(&["0", "1"])?.to_vec(), [1, 2, 3, 4]);
/// # std::fs::remove_file(&path)?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Options {
    delimiter: u8,
    has_header: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self::new()
    }
}

impl Options {
    /// Commas between cells, and a first row that names the columns.
    pub fn new() -> Self {
        Self {
            delimiter: b',',
            has_header: true,
        }
    }

    /// The same with a different character between two cells, such as `b';'` or `b'\t'`.
    pub fn delimiter(mut self, delimiter: u8) -> Self {
        self.delimiter = delimiter;
        self
    }

    /// The same without a header: columns are named "0", "1" and so on.
    pub fn no_header(mut self) -> Self {
        self.has_header = false;
        self
    }

    /// Reads a table.
    ///
    /// # Errors
    ///
    /// If the delimiter is a quote, the end of a line or not ASCII, or as [`read`](read()).
    ///
    /// # Example
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let path = std::env::temp_dir().join(format!("gradlet-csv-tabs-{}.csv", std::process::id()));
    /// std::fs::write(&path, "x\ty\n1\t2\n")?;
    /// let table = gradlet_io::csv::Options::new().delimiter(b'\t').read(&path)?;
    /// assert_eq!(table.floats(&["y"])?.to_vec(), [2.0]);
    /// # std::fs::remove_file(&path)?;
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn read(&self, path: impl AsRef<Path>) -> Result<Table> {
        let path = path.as_ref();
        let bytes = open(path).and_then(|(file, size_bytes)| {
            let mut bytes = Vec::new();
            let read = file.take(size_bytes).read_to_end(&mut bytes);
            read.map_err(|error| format!("cannot be read: {error}"))?;
            Ok(bytes)
        });
        bytes
            .and_then(|bytes| self.parse(path, bytes))
            .of_file(path)
    }

    /// The table in the bytes of the file `path`.
    pub(super) fn parse(&self, path: &Path, bytes: Vec<u8>) -> Reasoned<Table> {
        let delimiter = self.delimiter;
        if !delimiter.is_ascii() || [b'"', b'\r', b'\n'].contains(&delimiter) {
            return Err(format!(
                "cannot be read with the delimiter {:?}",
                char::from(delimiter)
            ));
        }
        let text = str::from_utf8(&bytes).map_err(|error| {
            let line = 1 + breaks(&bytes[..error.valid_up_to()]);
            format!("is not UTF-8 text in line {line}")
        })?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(text).as_bytes();
        let mut reader = ReaderBuilder::new()
            .delimiter(delimiter)
            .has_headers(false)
            .flexible(true)
            .from_reader(text.chain(END));
        let (mut table, mut record) = (Table::new(path), StringRecord::new());
        let (mut line, mut at) = (1, 0);
        loop {
            let more = reader.read_record(&mut record);
            if !more.map_err(|error| format!("cannot be read: {error}"))? {
                return Err(format!(
                    "has a quote that is not closed, in the row of line {line}"
                ));
            }
            // A record is said to begin behind the one before it, with what is left of the end of its line.
            let begin = record
                .position()
                .map_or(0, |position| position.byte() as usize);
            let begin = begin.min(text.len());
            let blank = text[begin..]
                .iter()
                .take_while(|byte| b"\r\n".contains(byte));
            let begin = begin + blank.count();
            line += breaks(&text[at..begin]);
            at = begin;
            if at == text.len() {
                break;
            }
            if table.columns().is_empty() {
                table.name_columns(&record, self.has_header, line)?;
                if self.has_header {
                    continue;
                }
            }
            table.push(&record, line)?;
        }
        if table.columns().is_empty() {
            return Err("is empty".to_owned());
        }
        Ok(table)
    }
}

fn breaks(bytes: &[u8]) -> u64 {
    bytes.split(|byte| *byte == b'\n').count() as u64 - 1
}
