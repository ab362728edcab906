//! What the examples share and a reader of them may skip: finding data, checking arguments,
//! progress, charts, maps and tables.

pub mod against;
mod areas;
pub mod args;
pub mod chart;
pub mod data;
pub mod heat;
pub mod progress;
pub mod regions;
pub mod text;
