//! Metrics: numbers that say how good predictions are, added up over batches.
//!
//! A metric is made once, takes each batch with `update`, or with `update_weighted` and a weight for each sample, and
//! gives its `value`. `merge` adds what a different thread has counted, and `reset` begins anew. A metric is plain data:
//! its fields are public, to save them, and a clone is independent. All is added in f64, in the order of the samples.
//!
//! The value over no samples is NaN. An update that returns an error changes nothing.
//!
//! # Example
//!
//! ```
//! use gradlet_nn::{Accuracy, ConfusionMatrix, metric::Average};
//! use gradlet_tensor::tensor;
//!
//! let (mut accuracy, mut matrix) = (Accuracy::new(), ConfusionMatrix::new(2)?);
//! for (logits, labels) in [
//!     (tensor![[0.9, 0.1], [0.2, 0.8]], tensor![i64; 0, 0]),
//!     (tensor![[0.3, 0.7], [0.6, 0.4]], tensor![i64; 1, 0]),
//! ] {
//!     accuracy.update(&logits, &labels)?;
//!     matrix.update(&logits, &labels)?;
//! }
//! assert_eq!(accuracy.value(), 0.75);
//! assert_eq!(matrix.recall(Average::Macro), (2.0 / 3.0 + 1.0) / 2.0);
//! # Ok::<(), gradlet_tensor::Error>(())
//! ```

mod classified;
mod confusion_matrix;
mod mean;
mod ranking;
mod regression;
mod samples;

pub use classified::{Accuracy, LogLoss, TopK};
pub use confusion_matrix::{Average, ConfusionMatrix};
pub use mean::Mean;
pub use ranking::{AveragePrecision, RocAuc, Scored};
pub use regression::{MaxError, MeanAbsoluteError, MeanSquaredError, R2};
