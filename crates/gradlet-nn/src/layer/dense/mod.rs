//! Products with weights, tables of vectors, and layers that only change shapes.

mod bilinear;
mod embedding;
mod flatten;
mod identity;
mod linear;
mod unflatten;

pub use bilinear::Bilinear;
pub use embedding::Embedding;
pub use flatten::Flatten;
pub use identity::Identity;
pub use linear::Linear;
pub use unflatten::Unflatten;
