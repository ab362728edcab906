//! The same elements in different places: joined, flipped, padded, cut to triangles, sorted.

mod border;
mod cat;
mod diag;
mod flip;
mod meshgrid;
mod pad;
mod repeat;
mod roll;
mod sort;
mod tril;

pub(crate) use diag::EmbedDiagonal;
