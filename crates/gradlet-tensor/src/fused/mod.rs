//! Functions for crates that build on tensors: the loops that gradients, losses and
//! optimizers need.
//!
//! They check their arguments as the methods of [`Tensor`](crate::Tensor) do. Softmax, convolution and pooling, which users of
//! arrays want too, are methods; their gradients are here.

mod at_ranks;
mod attention;
mod averages;
mod avg_pool;
mod columns;
mod conv;
mod convolved;
mod cross_entropy;
mod cumsum_reversed;
mod interpolate;
mod mul_sum_to;
mod narrow_add;
mod nearest;
mod normalize;
mod observations;
mod planes;
mod pool;
mod recurrence;
mod recurrent;
mod require;
pub(crate) mod settings;
mod softmax;
mod unfold;
mod update;
mod window;

pub use crate::arrange::{Border, bordered, bordered_gradient, diagonal_gradient};
pub use crate::kernel::unrolled::{CellKind, Direction};
pub use crate::linalg::expect_batches;
pub use crate::pick::corner;
pub use crate::reduce::rescaling;
pub use crate::view::windows_gradient;
pub use at_ranks::at_ranks;
pub use attention::{Attention, attention, attention_gradient};
pub use avg_pool::{adaptive_avg_pool2d_gradient, avg_pool2d_gradient};
pub use columns::{add_to_columns, pick_columns};
pub use conv::{conv_transpose2d, conv2d_weight_gradient};
pub use convolved::transposed;
pub use cross_entropy::{cross_entropy_gradient, cross_entropy_rows};
pub use cumsum_reversed::cumsum_reversed;
pub use interpolate::{Resizing, interpolate_bilinear, interpolate_bilinear_gradient, resized};
pub use mul_sum_to::mul_sum_to;
pub use narrow_add::narrow_add;
pub use nearest::{nearest_indices, scaled_indices, scaled_size};
pub use normalize::{
    Centre, Normalization, Over, affine, moments, rescaled_groups, standardized_gradient,
};
pub use observations::{observations, variables};
pub use planes::{pick_in_planes, spread_in_planes};
pub use recurrence::{recurrence, recurrence_reversed};
pub use recurrent::{States, StatesGradient, Unrolled};
pub use require::{require, setting};
pub use softmax::{log_softmax_gradient, softmax_gradient};
pub use update::update;
