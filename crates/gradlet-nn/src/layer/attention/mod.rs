//! Attention, encoders made of it, and positions.

mod encoder;
mod encoder_layer;
mod multihead_attention;
mod positions;
#[cfg(test)]
mod tests;

pub use encoder::TransformerEncoder;
pub use encoder_layer::TransformerEncoderLayer;
pub use multihead_attention::MultiheadAttention;
pub use positions::{LearnedPositions, SinusoidalPositions};
