//! The same elements in different places: joined, flipped, padded, cut to triangles, sorted.

mod cat;
mod diag;
mod flip;
mod pad;
mod repeat;
mod roll;
mod sort;
mod tril;
