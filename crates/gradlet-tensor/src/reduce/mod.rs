//! Reductions over chosen axes, and running sums.

mod cumsum;
mod exact;
mod extreme;
mod rescale;
mod statistics;
mod sum;
mod sum_to;

pub use rescale::rescaling;
pub(crate) use sum::{Blocks, columns_of_part};
