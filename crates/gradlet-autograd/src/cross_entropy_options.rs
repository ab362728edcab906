//! [`CrossEntropyOptions`]: how much each label counts in a loss.

use gradlet_tensor::{Error, ErrorKind, Float, Result, Tensor};

use crate::reduction::Reduction;

/// The label that counts nothing by default, as in PyTorch.
pub(crate) const IGNORED: i64 = -100;

/// The options of [`cross_entropy_with`](crate::cross_entropy_with),
/// [`cross_entropy_probabilities`](crate::cross_entropy_probabilities) and [`nll_loss`](crate::nll_loss).
///
/// # Example
///
/// ```
/// # use gradlet_autograd::{CrossEntropyOptions, Reduction};
/// # use gradlet_tensor::tensor;
/// let options = CrossEntropyOptions::new().weight(tensor![1.0, 5.0]).label_smoothing(0.1);
/// assert_eq!(options.reduction, Reduction::Mean);
/// ```
#[derive(Clone, Debug)]
pub struct CrossEntropyOptions<T: Float = f32> {
    /// The factor of each class's losses; by default there is none.
    pub weight: Option<Tensor<T>>,
    /// The label that counts nothing: -100 by default.
    pub ignore_index: i64,
    /// The share in [0, 1] of each target that is spread evenly over all classes: 0 by default.
    pub label_smoothing: f64,
    /// How the losses are reduced: to their mean by default.
    pub reduction: Reduction,
}

impl<T: Float> Default for CrossEntropyOptions<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Float> CrossEntropyOptions<T> {
    /// Options with equal weights, without smoothing, for the mean; the label -100 counts nothing.
    pub fn new() -> Self {
        Self {
            weight: None,
            ignore_index: IGNORED,
            label_smoothing: 0.0,
            reduction: Reduction::Mean,
        }
    }

    /// Sets a weight for each class.
    pub fn weight(self, weight: Tensor<T>) -> Self {
        let weight = Some(weight);
        Self { weight, ..self }
    }

    /// Sets the label that counts nothing.
    pub fn ignore_index(self, ignore_index: i64) -> Self {
        Self {
            ignore_index,
            ..self
        }
    }

    /// Sets the share of each target that is spread over all classes.
    pub fn label_smoothing(self, label_smoothing: f64) -> Self {
        Self {
            label_smoothing,
            ..self
        }
    }

    /// Sets the reduction.
    pub fn reduction(self, reduction: Reduction) -> Self {
        Self { reduction, ..self }
    }

    #[track_caller]
    pub(crate) fn check_smoothing(&self, op: &'static str) -> Result<()> {
        if (0.0..=1.0).contains(&self.label_smoothing) {
            return Ok(());
        }
        Err(Error::new(ErrorKind::OutOfRange {
            op,
            name: "label_smoothing",
            expected: "a share in [0, 1]",
            value: self.label_smoothing,
            remedy: String::new(),
        }))
    }
}
