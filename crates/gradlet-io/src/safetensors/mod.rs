//! States in safetensors files: a header of names, types and shapes in JSON, and the elements behind it.

mod elements;
mod encode;
mod file;
mod header;
#[cfg(test)]
mod refused;
mod save;
#[cfg(test)]
mod tests;

pub(crate) use encode::Encoded;
pub use file::{SafetensorsFile, load};
pub(crate) use header::CHECKPOINT;
pub use save::{save, save_with};
