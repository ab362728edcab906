//! Layers that hold layers.

mod sequential;

pub use sequential::Sequential;
