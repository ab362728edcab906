//! What the examples share and a reader of them may skip: finding data, checking arguments,
//! progress, charts and tables.

pub mod against;
pub mod args;
pub mod chart;
pub mod data;
pub mod progress;
pub mod text;
