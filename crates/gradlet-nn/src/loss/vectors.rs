//! Distances and angles between vectors, and losses of them.

use gradlet_autograd::{
    Float, Keep, Reduction, Result, TripletMarginOptions, Var, cosine_embedding_loss,
    hinge_embedding_loss, margin_ranking_loss, triplet_margin_loss,
};

use super::configured::configured;
use crate::mode::Mode;
use crate::module::Module;

configured! {
    /// Cosines of the angles between vectors along one axis: [`Var::cosine_similarity`].
    ///
    /// # Shape
    ///
    /// `x1: [a, b, c], x2: [a, b, c] -> [a, c]` for axis 1; sizes of 1 and missing leading axes are repeated.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_nn::CosineSimilarity;
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// let (x1, x2) = (Var::leaf(tensor![[3.0, 4.0]]), Var::leaf(tensor![[0.0, 2.0]]));
    /// assert_eq!(CosineSimilarity::new().forward(&x1, &x2)?.to_vec(), [0.8]);
    /// # Ok::<(), gradlet_tensor::Error>(())
    /// ```
    ///
    /// # Source
    ///
    /// `torch.nn.CosineSimilarity`
    CosineSimilarity {
        /// The axis along which the vectors lie: 1 by default.
        axis: isize = 1,
        /// What a shorter vector is divided by in place of its norm: 1e-8 by default.
        eps: f64 = 1e-8,
    }
    |this, x1: Var<T>, x2: Var<T>| x1.cosine_similarity(x2, this.axis, this.eps)
}

configured! {
    /// Distances between vectors along the last axis: [`Var::pairwise_distance`].
    ///
    /// # Shape
    ///
    /// `x1: [..., k], x2: [..., k] -> [...]`, or `[..., 1]` with `keepdim`; sizes of 1 and missing leading axes are
    /// repeated.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_nn::PairwiseDistance;
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// let (x1, x2) = (Var::leaf(tensor![[3.0, 4.0]]), Var::leaf(tensor![[0.0, 0.0]]));
    /// let distance = PairwiseDistance::new().p(1.0).eps(0.0).keepdim(true);
    /// assert_eq!(distance.forward(&x1, &x2)?.tensor(), &tensor![[7.0]]);
    /// # Ok::<(), gradlet_tensor::Error>(())
    /// ```
    ///
    /// # Source
    ///
    /// `torch.nn.PairwiseDistance`
    PairwiseDistance {
        /// The power of the norm: 2 by default.
        p: f64 = 2.0,
        /// What is added to each difference: 1e-6 by default.
        eps: f64 = 1e-6,
        /// Whether the last axis stays, with size 1: `false` by default.
        keepdim: bool = false,
    }
    |this, x1: Var<T>, x2: Var<T>| {
        if this.keepdim {
            x1.pairwise_distance(x2, this.p, Keep(-1), this.eps)
        } else {
            x1.pairwise_distance(x2, this.p, -1, this.eps)
        }
    }
}

configured! {
    /// A loss that turns similar vectors into one direction and others apart: [`cosine_embedding_loss`].
    ///
    /// # Shape
    ///
    /// `x1: [..., k], x2: [..., k], target: [...] -> []`, or `[...]` without reduction
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_nn::CosineEmbeddingLoss;
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// let (x1, x2) = (Var::leaf(tensor![[1.0, 0.0]]), Var::leaf(tensor![[0.0, 1.0]]));
    /// let similar = Var::constant(tensor![1.0]);
    /// assert_eq!(CosineEmbeddingLoss::new().forward(&x1, &x2, &similar)?.item()?, 1.0);
    /// # Ok::<(), gradlet_tensor::Error>(())
    /// ```
    ///
    /// # Source
    ///
    /// `torch.nn.CosineEmbeddingLoss`
    CosineEmbeddingLoss {
        /// The cosine of a different pair up to which there is no loss: 0 by default.
        margin: f64 = 0.0,
        /// How the losses are reduced: to their mean by default.
        reduction: Reduction = Reduction::Mean,
    }
    |this, x1: Var<T>, x2: Var<T>, target: Var<T>| {
        cosine_embedding_loss(x1, x2, target, this.margin, this.reduction)
    }
}

configured! {
    /// What two numbers lack to be in the order of the target by a margin: [`margin_ranking_loss`].
    ///
    /// # Shape
    ///
    /// `x1: [...], x2: [...], target: [...] -> []`, or `[...]` without reduction
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_nn::MarginRankingLoss;
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// let [x1, x2, target] = [1.0, 1.5, 1.0].map(|x| Var::leaf(tensor![x]));
    /// assert_eq!(MarginRankingLoss::new().margin(1.0).forward(&x1, &x2, &target)?.item()?, 1.5);
    /// # Ok::<(), gradlet_tensor::Error>(())
    /// ```
    ///
    /// # Source
    ///
    /// `torch.nn.MarginRankingLoss`
    MarginRankingLoss {
        /// The difference from which on there is no loss: 0 by default.
        margin: f64 = 0.0,
        /// How the losses are reduced: to their mean by default.
        reduction: Reduction = Reduction::Mean,
    }
    |this, x1: Var<T>, x2: Var<T>, target: Var<T>| {
        margin_ranking_loss(x1, x2, target, this.margin, this.reduction)
    }
}

configured! {
    /// Distances of similar pairs, and what those of different pairs lack to a margin: [`hinge_embedding_loss`].
    ///
    /// # Shape
    ///
    /// `x: [...], target: [...] -> []`, or `[...]` without reduction
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_nn::HingeEmbeddingLoss;
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// let (x, target) = (Var::leaf(tensor![0.25, 0.25]), Var::constant(tensor![1.0, -1.0]));
    /// assert_eq!(HingeEmbeddingLoss::new().forward(&x, &target)?.item()?, 0.5); // (0.25 + 0.75) / 2
    /// # Ok::<(), gradlet_tensor::Error>(())
    /// ```
    ///
    /// # Source
    ///
    /// `torch.nn.HingeEmbeddingLoss`
    HingeEmbeddingLoss {
        /// The distance of a different pair from which on there is no loss: 1 by default.
        margin: f64 = 1.0,
        /// How the losses are reduced: to their mean by default.
        reduction: Reduction = Reduction::Mean,
    }
    |this, x: Var<T>, target: Var<T>| hinge_embedding_loss(x, target, this.margin, this.reduction)
}

configured! {
    /// What the distance to a negative lacks to be that to a positive and a margin more: [`triplet_margin_loss`].
    ///
    /// # Shape
    ///
    /// `anchor: [..., k], positive: [..., k], negative: [..., k] -> []`, or `[...]` without reduction
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_nn::TripletMarginLoss;
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// let [anchor, positive, negative] = [0.0, 3.0, 2.5].map(|x| Var::leaf(tensor![[x]]));
    /// let loss = TripletMarginLoss::new().eps(0.0);
    /// assert_eq!(loss.forward(&anchor, &positive, &negative)?.item()?, 1.5); // 3 - 2.5 + 1
    /// # Ok::<(), gradlet_tensor::Error>(())
    /// ```
    ///
    /// # Source
    ///
    /// `torch.nn.TripletMarginLoss`
    TripletMarginLoss {
        /// How much farther the negative should be than the positive, above 0: 1 by default.
        margin: f64 = 1.0,
        /// The power of the norm that is the distance: 2 by default.
        p: f64 = 2.0,
        /// What is added to each difference of coordinates: 1e-6 by default.
        eps: f64 = 1e-6,
        /// Whether the negative's distance is that to the positive, if that is smaller than to the anchor: `false` by
        /// default.
        swap: bool = false,
        /// How the losses are reduced: to their mean by default.
        reduction: Reduction = Reduction::Mean,
    }
    |this, anchor: Var<T>, positive: Var<T>, negative: Var<T>| {
        let &Self { margin, p, eps, swap, reduction, .. } = this;
        let options = TripletMarginOptions { margin, p, eps, swap, reduction };
        triplet_margin_loss(anchor, positive, negative, options)
    }
}
