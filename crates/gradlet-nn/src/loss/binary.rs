//! Losses of two classes, for one label or several.

use gradlet_autograd::{
    Float, Reduction, Result, Tensor, Var, binary_cross_entropy, binary_cross_entropy_with_logits,
    multi_label_soft_margin_loss, soft_margin_loss,
};

use super::configured::configured;
use crate::buffer::Buffer;
use crate::mode::Mode;
use crate::module::Module;

configured! {
    /// The cross-entropy of probabilities of two classes: [`binary_cross_entropy`].
    ///
    /// # Shape
    ///
    /// `x: [...], target: [...] -> []`, or `[...]` without reduction
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_nn::BceLoss;
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// let (x, target) = (Var::leaf(tensor![0.5]), Var::constant(tensor![1.0]));
    /// assert_eq!(BceLoss::new().forward(&x, &target)?.item()?, 2f32.ln());
    /// # Ok::<(), gradlet_tensor::Error>(())
    /// ```
    ///
    /// # Source
    ///
    /// `torch.nn.BCELoss`
    BceLoss<T> [
        /// The factor of each loss, broadcast to them; by default there is none.
        weight
    ] {
        /// How the losses are reduced: to their mean by default.
        reduction: Reduction = Reduction::Mean,
    }
    |this, x: Var<T>, target: Var<T>| {
        let weight = this.weight.as_ref().map(Buffer::tensor);
        binary_cross_entropy(x, target, weight.as_ref(), this.reduction)
    }
}

configured! {
    /// The cross-entropy of two classes, given logits: [`binary_cross_entropy_with_logits`].
    ///
    /// # Shape
    ///
    /// `x: [...], target: [...] -> []`, or `[...]` without reduction
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_nn::BceWithLogitsLoss;
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// let (x, target) = (Var::leaf(tensor![0.0]), Var::constant(tensor![1.0]));
    /// let loss = BceWithLogitsLoss::new().pos_weight(tensor![3.0]);
    /// assert_eq!(loss.forward(&x, &target)?.item()?, 3.0 * 2f32.ln());
    /// # Ok::<(), gradlet_tensor::Error>(())
    /// ```
    ///
    /// # Source
    ///
    /// `torch.nn.BCEWithLogitsLoss`
    BceWithLogitsLoss<T> [
        /// The factor of each loss, broadcast to them; by default there is none.
        weight,
        /// The factor of the positive class, broadcast to the losses; by default there is none.
        pos_weight
    ] {
        /// How the losses are reduced: to their mean by default.
        reduction: Reduction = Reduction::Mean,
    }
    |this, x: Var<T>, target: Var<T>| {
        let [weight, positive] = [&this.weight, &this.pos_weight].map(|of| of.as_ref().map(Buffer::tensor));
        binary_cross_entropy_with_logits(x, target, weight.as_ref(), positive.as_ref(), this.reduction)
    }
}

configured! {
    /// The logistic loss of targets 1 and -1: [`soft_margin_loss`].
    ///
    /// # Shape
    ///
    /// `x: [...], target: [...] -> []`, or `[...]` without reduction
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_nn::SoftMarginLoss;
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// let (x, target) = (Var::leaf(tensor![0.0]), Var::constant(tensor![-1.0]));
    /// assert_eq!(SoftMarginLoss::new().forward(&x, &target)?.item()?, 2f32.ln());
    /// # Ok::<(), gradlet_tensor::Error>(())
    /// ```
    ///
    /// # Source
    ///
    /// `torch.nn.SoftMarginLoss`
    SoftMarginLoss {
        /// How the losses are reduced: to their mean by default.
        reduction: Reduction = Reduction::Mean,
    }
    |this, x: Var<T>, target: Var<T>| soft_margin_loss(x, target, this.reduction)
}

configured! {
    /// The cross-entropy of classes each of which may be a label or not: [`multi_label_soft_margin_loss`].
    ///
    /// # Shape
    ///
    /// `x: [..., c], target: [..., c] -> []`, or `[...]` without reduction
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_nn::MultiLabelSoftMarginLoss;
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// let (x, target) = (Var::leaf(tensor![[0.0, 0.0]]), Var::constant(tensor![[1.0, 1.0]]));
    /// let loss = MultiLabelSoftMarginLoss::new().weight(tensor![1.0, 3.0]);
    /// assert_eq!(loss.forward(&x, &target)?.item()?, 2.0 * 2f32.ln());
    /// # Ok::<(), gradlet_tensor::Error>(())
    /// ```
    ///
    /// # Source
    ///
    /// `torch.nn.MultiLabelSoftMarginLoss`
    MultiLabelSoftMarginLoss<T> [
        /// The factor of each class's loss; by default there is none.
        weight
    ] {
        /// How the losses of the samples are reduced: to their mean by default.
        reduction: Reduction = Reduction::Mean,
    }
    |this, x: Var<T>, target: Var<T>| {
        let weight = this.weight.as_ref().map(Buffer::tensor);
        multi_label_soft_margin_loss(x, target, weight.as_ref(), this.reduction)
    }
}
