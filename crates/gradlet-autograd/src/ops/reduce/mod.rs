//! Reductions over chosen axes, and running sums.

mod corner;
mod cumsum;
mod logsumexp;
mod max;
mod mean;
mod norm;
mod prod;
mod sum;
mod variance;
