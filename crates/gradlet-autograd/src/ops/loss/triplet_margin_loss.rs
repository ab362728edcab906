//! A loss of the distances from an anchor to a similar vector and to a different one.

use gradlet_tensor::{Float, Result, fused};

use crate::options::options;
use crate::reduction::Reduction;
use crate::var::Var;

options! {
    /// The options of [`triplet_margin_loss`].
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::TripletMarginOptions;
    /// let options = TripletMarginOptions::new().margin(0.5).swap(true);
    /// assert_eq!((options.p, options.eps), (2.0, 1e-6));
    /// ```
    TripletMarginOptions {
        /// How much farther the negative should be than the positive: 1 by default.
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
}

/// What the distance from an anchor to a negative lacks to be that to a positive and a margin more,
/// `max(d(anchor, positive) - d(anchor, negative) + margin, 0)`: the mean, the sum, or each triplet's.
///
/// d is [`pairwise_distance`](Var::pairwise_distance) along the last axis.
///
/// # Shape
///
/// `anchor: [..., k], positive: [..., k], negative: [..., k] -> []`, or `[...]` without reduction; sizes of 1 and missing
/// leading axes are repeated.
///
/// # Gradient
///
/// That of the distances where the loss is above 0, and 0 elsewhere; with `swap`, half of it for each of two distances
/// that are equal. The differences, distances and losses are saved.
///
/// # Errors
///
/// If the shapes do not broadcast, the margin is not positive and finite, eps is not finite, or p is no power of a
/// [`norm`](Var::norm).
///
/// # Example
///
/// ```
/// # use gradlet_autograd::{TripletMarginOptions, Var, triplet_margin_loss};
/// # use gradlet_tensor::tensor;
/// # fn main() -> gradlet_tensor::Result<()> {
/// let [anchor, positive] = [tensor![[0.0, 0.0]], tensor![[3.0, 4.0]]].map(Var::leaf);
/// let negative = Var::leaf(tensor![[0.0, 5.5]]);
/// let loss = triplet_margin_loss(&anchor, &positive, &negative, TripletMarginOptions::new())?;
/// assert!((loss.item()? - 0.5).abs() < 1e-5); // 5 - 5.5 + 1
/// # Ok(())
/// # }
/// ```
///
/// # Source
///
/// V. Balntas et al., "Learning shallow convolutional feature descriptors with triplet losses", 2016;
/// `torch.nn.functional.triplet_margin_loss`
#[track_caller]
pub fn triplet_margin_loss<T: Float>(
    anchor: &Var<T>,
    positive: &Var<T>,
    negative: &Var<T>,
    options: TripletMarginOptions,
) -> Result<Var<T>> {
    let (op, margin) = ("triplet_margin_loss", options.margin);
    let holds = |x: f64| x > 0.0 && x.is_finite();
    fused::setting::<T>(op, "margin", "positive and finite", margin, holds)?;
    let near = distance(anchor, positive, options)?;
    let mut far = distance(anchor, negative, options)?;
    if options.swap {
        let other = distance(positive, negative, options)?;
        far = far.minimum(&other).map_err(|error| error.of(op))?;
    }
    let lacking = near.sub(&far).map_err(|error| error.of(op))?;
    options
        .reduction
        .of(lacking.add_scalar(T::of(margin)).relu())
}

/// A function, since a closure would put its own line into errors.
#[track_caller]
fn distance<T: Float>(a: &Var<T>, b: &Var<T>, options: TripletMarginOptions) -> Result<Var<T>> {
    a.pairwise_distance(b, options.p, -1, options.eps)
        .map_err(|error| error.of("triplet_margin_loss"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{gradcheck, gradgradcheck};
    use gradlet_tensor::{Tensor, rng, tensor};

    #[test]
    fn gradients_agree_with_finite_differences() -> Result<()> {
        let shapes: [[&[usize]; 3]; 4] = [
            [&[4], &[4], &[4]],
            [&[5, 3], &[5, 3], &[5, 3]],
            [&[2, 3, 2], &[3, 2], &[1, 1, 2]],
            [&[0, 2], &[0, 2], &[0, 2]],
        ];
        for shapes in shapes {
            let mut rng = rng(3);
            let mut make = |shape| Tensor::<f64>::normal(shape, 0.0, 1.0, &mut rng);
            let inputs = [make(shapes[0])?, make(shapes[1])?, make(shapes[2])?];
            for reduction in [Reduction::Mean, Reduction::Sum, Reduction::None] {
                for (p, swap) in [(2.0, false), (3.0, true), (1.0, true)] {
                    let options = TripletMarginOptions::new().p(p).swap(swap);
                    let options = options.margin(0.7).reduction(reduction);
                    let loss = |x: &[Var<f64>]| triplet_margin_loss(&x[0], &x[1], &x[2], options);
                    gradcheck(loss, &inputs)?;
                    gradgradcheck(loss, &inputs)?;
                }
            }
        }
        Ok(())
    }

    #[test]
    fn the_swap_takes_the_smaller_distance_and_shares_among_equal_ones() -> Result<()> {
        let [a, p, n] = [tensor![[0.0]], tensor![[3.0]], tensor![[4.0]]].map(Var::leaf);
        let plain = TripletMarginOptions::new().p(1.0).eps(0.0).margin(2.0);
        assert_eq!(triplet_margin_loss(&a, &p, &n, plain)?.item()?, 1.0);
        let swapped = plain.swap(true);
        assert_eq!(triplet_margin_loss(&a, &p, &n, swapped)?.item()?, 4.0);
        // The anchor is the positive: 2 - |a - n| or 2 - |p - n|.
        let n = Var::leaf(tensor![[1.0]]);
        let (a, p) = (Var::leaf(tensor![[0.0]]), Var::leaf(tensor![[0.0]]));
        let y = triplet_margin_loss(&a, &p, &n, swapped)?;
        assert_eq!(y.item()?, 1.0);
        let grads = y.backward()?;
        let at = |x| grads.wrt(x).map(Tensor::to_vec);
        assert_eq!(
            [at(&a), at(&p), at(&n)],
            [0.5, 0.5, -1.0].map(|dx| Some(vec![dx]))
        );
        Ok(())
    }

    #[test]
    fn at_the_margin_there_is_no_gradient() -> Result<()> {
        let [a, p, n] = [tensor![[0.0]], tensor![[1.0]], tensor![[3.0]]].map(Var::leaf);
        let options = TripletMarginOptions::new().eps(0.0).margin(2.0);
        let y = triplet_margin_loss(&a, &p, &n, options)?;
        assert_eq!(y.item()?, 0.0);
        assert_eq!(y.backward()?.wrt(&n), Some(&tensor![[0.0]]));
        Ok(())
    }

    #[test]
    fn what_does_not_fit_is_an_error_of_this_loss() {
        let (x, long) = (
            Var::leaf(tensor![1.0, 2.0]),
            Var::leaf(tensor![1.0, 2.0, 3.0]),
        );
        let plain = TripletMarginOptions::new();
        for (negative, options, expected) in [
            (&long, plain, "shapes do not broadcast"),
            (
                &x,
                plain.margin(0.0),
                "margin must be positive and finite, got 0",
            ),
            (
                &x,
                plain.margin(1e-60),
                "margin must be positive and finite, got 1e-60, which is 0 ",
            ),
            (&x, plain.eps(f64::NAN), "eps must be finite, got NaN"),
        ] {
            let error = triplet_margin_loss(&x, &x, negative, options).unwrap_err();
            let text = error.to_string();
            let here = text.contains(&format!("(at {}:", file!()));
            assert!(
                here && text.starts_with(&format!("triplet_margin_loss: {expected}")),
                "{text}"
            );
        }
    }
}
