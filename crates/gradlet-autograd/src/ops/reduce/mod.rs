//! Reductions over chosen axes, and running sums, products and extremes.

mod corner;
mod cosine_similarity;
mod cov;
mod cummax;
mod cumprod;
mod cumsum;
mod logsumexp;
mod max;
mod mean;
mod median;
mod norm;
mod normalize;
mod pairwise_distance;
mod prod;
mod quantile;
mod sum;
mod variance;
