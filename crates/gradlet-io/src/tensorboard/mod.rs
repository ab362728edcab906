//! Event files, which TensorBoard shows as curves, histograms, texts and pictures.

mod board;
mod histogram;
mod message;
mod picture;
mod png;
mod record;
#[cfg(test)]
mod tests;

pub use board::TensorBoard;
