//! Losses with their settings, as PyTorch's classes: a struct that is made once, and its `forward` for each batch.
//!
//! Each calls a function of the same name, such as [`huber_loss`](gradlet_autograd::huber_loss) for [`HuberLoss`], whose
//! docs have the formula, the gradient and the errors. Losses are modules without parameters: they may be fields of a
//! model, and weights of classes are buffers. Their mode changes nothing.
//!
//! # Example
//!
//! ```
//! use gradlet_autograd::{Reduction, Var};
//! use gradlet_nn::CrossEntropyLoss;
//! use gradlet_nn::module::Children;
//! use gradlet_tensor::tensor;
//!
//! let loss = CrossEntropyLoss::new().weight(tensor![1.0, 5.0]).reduction(Reduction::Sum);
//! let logits = Var::leaf(tensor![[2.0, 2.0], [1.0, 1.0]]);
//! let y = loss.forward(&logits, &tensor![i64; 0, 1])?;
//! assert!((y.item()? - 6.0 * 2f32.ln()).abs() < 1e-6);
//! assert_eq!(loss.describe(), "reduction Sum");
//! # Ok::<(), gradlet_tensor::Error>(())
//! ```

mod binary;
mod classes;
mod configured;
mod numbers;
mod vectors;

pub use binary::{BceLoss, BceWithLogitsLoss, MultiLabelSoftMarginLoss, SoftMarginLoss};
pub use classes::{CrossEntropyLoss, MultiMarginLoss, NllLoss};
pub use numbers::{
    GaussianNllLoss, HuberLoss, KlDivLoss, L1Loss, MseLoss, PoissonNllLoss, SmoothL1Loss,
};
pub use vectors::{
    CosineEmbeddingLoss, CosineSimilarity, HingeEmbeddingLoss, MarginRankingLoss, PairwiseDistance,
    TripletMarginLoss,
};
