//! The same elements in different places: joined, flipped, padded, cut to triangles, sorted.

mod flip;
mod join;
mod pad;
mod sort;
mod triangle;

pub use sort::Order;
