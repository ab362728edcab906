//! The settings of convolution, pooling and resizing: `use gradlet::window::*;`.

pub use gradlet_tensor::{
    Align, Convolution, Divisor, Outputs, PerAxis, Rounding, Sliding, Window,
};
