//! The graph as data, and as a picture in Graphviz' language.

mod data;
mod dot;

pub(crate) use data::is_inspecting;
pub use data::{Graph, GraphInput, GraphLeaf, GraphNode, Saved};
