//! Logs as comma-separated values.

mod log;
mod rows;
#[cfg(test)]
mod tests;

pub use log::CsvLog;
