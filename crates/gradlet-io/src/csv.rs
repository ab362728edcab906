//! Tables of text, as spreadsheets write them: rows of cells with a comma between two.
//!
//! [`read`] gives a [`Table`], whose columns become tensors by name:
//!
//! ```
//! use gradlet_io::csv;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let path = std::env::temp_dir().join(format!("gradlet-csv-{}.csv", std::process::id()));
//! std::fs::write(&path, "name,age,fare\nAnn,31,7.25\nBob,,8.5\nCid,29,9\n")?;
//! let mut table = csv::read(&path)?;
//! let age = table.mean("age")?;
//! table.fill("age", age)?; // and the test set's table too
//! let x = table.floats(&["age", "fare"])?; // [rows, columns]
//! assert_eq!(x.to_vec(), [31.0, 7.25, 30.0, 8.5, 29.0, 9.0]);
//! # std::fs::remove_file(&path)?;
//! # Ok(())
//! # }
//! ```
//!
//! The text is UTF-8, with or without a byte order mark, and with either end of a line. Cells may be quoted as in RFC 4180:
//! then they may hold delimiters, line breaks and quotes, each of which is written twice. Blank lines are passed over. A
//! cell is missing if it is empty or one of the words `NA`, `N/A`, `NaN`, `nan`, `NULL`, `null` and `None`, with or without
//! spaces around it.
//!
//! **Memory.** A table takes the length of its file, 8 bytes for each cell and for each row, and the length of the file
//! once more while it is read.

mod categories;
mod options;
mod table;
#[cfg(test)]
mod tests;

pub use categories::Categories;
pub use options::{Options, read};
pub use table::Table;
