//! The rules that the code keeps and neither rustc nor clippy checks: functions that complain of lines.

mod arguments;
#[cfg(test)]
#[rustfmt::skip] // One case a line.
mod cases;
mod files;
mod ops;
mod source;

pub use arguments::uncalled;
pub use files::{
    errors_section, file_length, finished, helper_names, opening_line, strict_heads,
    table_of_contents,
};
pub use ops::{op_docs, op_file, operations};
pub use source::{Complain, Source};
