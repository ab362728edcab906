//! Reductions over chosen axes, and running sums, products and extremes.

mod cov;
mod cumsum;
mod exact;
mod extreme;
mod quantile;
mod rescale;
mod similarity;
mod statistics;
mod sum;
mod sum_to;

pub use quantile::{Interpolation, QuantilePlan};
pub use rescale::rescaling;
pub(crate) use sum::{Blocks, columns_of_part};
