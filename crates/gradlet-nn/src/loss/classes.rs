//! Losses of several classes, of which one is the label.

use gradlet_autograd::{
    CrossEntropyOptions, Float, MultiMarginOptions, Reduction, Result, Tensor, Var,
    cross_entropy_probabilities, cross_entropy_with, multi_margin_loss, nll_loss,
};

use super::configured::configured;
use crate::buffer::Buffer;
use crate::mode::Mode;
use crate::module::Module;

/// The label that counts nothing by default, as in PyTorch.
const IGNORED: i64 = -100;

configured! {
    /// The cross-entropy of labels, given logits: [`cross_entropy_with`].
    ///
    /// # Shape
    ///
    /// `x: [n, c, ...]`, labels `[n, ...] -> []`, or `[n, ...]` without reduction; `x: [c]`, labels `[] -> []`
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_nn::CrossEntropyLoss;
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// let logits = Var::leaf(tensor![[0.0, 0.0], [9.0, 9.0]]);
    /// let loss = CrossEntropyLoss::new().ignore_index(1).label_smoothing(0.1);
    /// assert_eq!(loss.forward(&logits, &tensor![i64; 0, 1])?.item()?, 2f32.ln());
    /// # Ok::<(), gradlet_tensor::Error>(())
    /// ```
    ///
    /// # Source
    ///
    /// `torch.nn.CrossEntropyLoss`
    CrossEntropyLoss<T> [
        /// The factor of each class's losses; by default there is none.
        weight
    ] {
        /// The label that counts nothing: -100 by default.
        ignore_index: i64 = IGNORED,
        /// The share in [0, 1] of each target that is spread evenly over all classes: 0 by default.
        label_smoothing: f64 = 0.0,
        /// How the losses are reduced: to their mean by default.
        reduction: Reduction = Reduction::Mean,
    }
    |this, x: Var<T>, labels: Tensor<i64>| cross_entropy_with(x, labels, &this.options())
}

impl<T: Float> CrossEntropyLoss<T> {
    /// The loss by probabilities of the classes in place of labels.
    ///
    /// # Errors
    ///
    /// As for [`cross_entropy_probabilities`].
    #[track_caller]
    pub fn forward_probabilities(&self, x: &Var<T>, target: &Var<T>) -> Result<Var<T>> {
        cross_entropy_probabilities(x, target, &self.options()).map_err(|error| self.name_in(error))
    }

    fn options(&self) -> CrossEntropyOptions<T> {
        CrossEntropyOptions {
            weight: self.weight.as_ref().map(Buffer::tensor),
            ignore_index: self.ignore_index,
            label_smoothing: self.label_smoothing,
            reduction: self.reduction,
        }
    }
}

configured! {
    /// The negative log-likelihood of labels, given logarithms of probabilities: [`nll_loss`].
    ///
    /// # Shape
    ///
    /// `x: [n, c, ...]`, labels `[n, ...] -> []`, or `[n, ...]` without reduction; `x: [c]`, labels `[] -> []`
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_nn::NllLoss;
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// let x = Var::leaf(tensor![[-1.0, -2.0], [-3.0, -4.0]]);
    /// assert_eq!(NllLoss::new().forward(&x, &tensor![i64; 1, 0])?.item()?, 2.5);
    /// # Ok::<(), gradlet_tensor::Error>(())
    /// ```
    ///
    /// # Source
    ///
    /// `torch.nn.NLLLoss`
    NllLoss<T> [
        /// The factor of each class's losses; by default there is none.
        weight
    ] {
        /// The label that counts nothing: -100 by default.
        ignore_index: i64 = IGNORED,
        /// How the losses are reduced: to their mean by default.
        reduction: Reduction = Reduction::Mean,
    }
    |this, x: Var<T>, labels: Tensor<i64>| {
        let mut options = CrossEntropyOptions::new().ignore_index(this.ignore_index).reduction(this.reduction);
        options.weight = this.weight.as_ref().map(Buffer::tensor);
        nll_loss(x, labels, &options)
    }
}

configured! {
    /// What the label's score lacks to be above all others by a margin: [`multi_margin_loss`].
    ///
    /// # Shape
    ///
    /// `x: [n, c, ...]`, labels `[n, ...] -> []`, or `[n, ...]` without reduction; `x: [c]`, labels `[] -> []`
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_nn::MultiMarginLoss;
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// let x = Var::leaf(tensor![[0.0, 3.0]]);
    /// assert_eq!(MultiMarginLoss::new().p(2).forward(&x, &tensor![i64; 0])?.item()?, 8.0); // (1 + 3)^2 / 2
    /// # Ok::<(), gradlet_tensor::Error>(())
    /// ```
    ///
    /// # Source
    ///
    /// `torch.nn.MultiMarginLoss`
    MultiMarginLoss<T> [
        /// The factor of each class's losses; by default there is none.
        weight
    ] {
        /// The power of what a class lacks, 1 or 2: 1 by default.
        p: u32 = 1,
        /// How much larger the label's score should be than every other: 1 by default.
        margin: f64 = 1.0,
        /// How the losses are reduced: to their mean by default.
        reduction: Reduction = Reduction::Mean,
    }
    |this, x: Var<T>, labels: Tensor<i64>| {
        let &Self { p, margin, reduction, .. } = this;
        let weight = this.weight.as_ref().map(Buffer::tensor);
        multi_margin_loss(x, labels, weight.as_ref(), MultiMarginOptions { p, margin, reduction })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::module::Children;
    use gradlet_tensor::tensor;

    #[test]
    fn each_setting_reaches_the_function() -> Result<()> {
        let x = Var::leaf(tensor![[0.0, 1.0], [2.0, 0.0], [5.0, 5.0]]);
        let (labels, weight) = (tensor![i64; 0, 1, -7], tensor![1.0, 3.0]);
        let options = CrossEntropyOptions::new()
            .weight(weight.clone())
            .ignore_index(-7);
        let options = options.reduction(Reduction::Sum);
        let plain = NllLoss::new().ignore_index(-7).reduction(Reduction::Sum);
        let nll = plain.weight(weight.clone()).forward(&x, &labels)?;
        assert_eq!(nll.item()?, nll_loss(&x, &labels, &options)?.item()?);
        let options = options.label_smoothing(0.3);
        let loss = CrossEntropyLoss::new()
            .weight(weight.clone())
            .ignore_index(-7);
        let loss = loss.label_smoothing(0.3).reduction(Reduction::Sum);
        let expected = cross_entropy_with(&x, &labels, &options)?.item()?;
        assert_eq!(loss.forward(&x, &labels)?.item()?, expected);
        let target = x.sigmoid().detach();
        let expected = cross_entropy_probabilities(&x, &target, &options)?.item()?;
        assert_eq!(loss.forward_probabilities(&x, &target)?.item()?, expected);
        let loss = MultiMarginLoss::new().p(2).margin(0.5).weight(weight);
        let labels = tensor![i64; 0, 1, 1];
        // (1.5^2, 3 * 2.5^2, 3 * 0.5^2) / 2
        let each = loss.reduction(Reduction::None).forward(&x, &labels)?;
        assert_eq!(each.to_vec(), [1.125, 9.375, 0.375]);
        Ok(())
    }

    #[test]
    fn a_loss_prints_what_is_set_and_holds_its_weights_as_buffers() {
        let loss = CrossEntropyLoss::new()
            .weight(tensor![1.0, 3.0])
            .label_smoothing(0.5);
        assert_eq!(loss.describe(), "label_smoothing 0.5");
        assert_eq!(loss.named_buffers()[0].0, "weight");
        assert!(CrossEntropyLoss::<f32>::new().named_buffers().is_empty());
        let logits = Var::leaf(tensor![[0.0]]);
        let error = loss.forward(&logits, &tensor![i64; 0]).unwrap_err();
        let line = line!() - 1;
        let expected = "CrossEntropyLoss(label_smoothing 0.5): cross_entropy_with: shapes differ: expected [1], got [2]";
        assert_eq!(
            error.to_string(),
            format!("{expected} (at {}:{line})", file!())
        );
    }
}
