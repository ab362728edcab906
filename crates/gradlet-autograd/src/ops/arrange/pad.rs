//! A border of one value around the elements.

use gradlet_tensor::{Float, Result, Tensor};

use crate::op::{One, Op};
use crate::saves::Nothing;
use crate::var::Var;

/// y = x, with a border of `value`; negative numbers take elements away
#[derive(Debug)]
struct Pad<T> {
    pairs: Vec<(isize, isize)>,
    value: T,
}

impl<T: Float> Op<T> for Pad<T> {
    type Arity = One;
    type Saves = Nothing;

    fn forward(&self, x: &Tensor<T>) -> Result<Tensor<T>> {
        x.pad(&self.pairs, self.value)
    }

    /// dx = g without the border, and with zeros where elements were taken away: padded by the negated pairs
    fn backward(&self, g: Var<T>, (): ()) -> Result<Var<T>> {
        let pairs: Vec<_> = self
            .pairs
            .iter()
            .map(|(before, after)| (-before, -after))
            .collect();
        g.pad(&pairs, T::of(0.0))
    }
}

impl<T: Float> Var<T> {
    /// The elements with a border of `value`: `(before, after)` for the LAST axis first, then for the one before it,
    /// and so on; axes without a pair stay as they are. Negative numbers take elements away.
    ///
    /// # Shape
    ///
    /// `pad(&[(1, 2), (3, -1)], 0.0)`: `[a, m, n] -> [a, 3 + m - 1, 1 + n + 2]`
    ///
    /// # Gradient
    ///
    /// `g` without the border, 0 for elements that were taken away; nothing is saved.
    ///
    /// # Errors
    ///
    /// If there are more pairs than axes, an axis has fewer elements than are taken away, or memory does not hold the
    /// result.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::leaf(tensor![[1.0, 2.0], [3.0, 4.0]]);
    /// let y = x.pad(&[(1, 0), (-1, 1)], 9.0)?;
    /// assert_eq!(y.tensor(), &tensor![[9.0, 3.0, 4.0], [9.0, 9.0, 9.0]]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.nn.functional.pad` with mode "constant"
    #[track_caller]
    pub fn pad(&self, pairs: &[(isize, isize)], value: T) -> Result<Self> {
        Pad {
            pairs: pairs.to_vec(),
            value,
        }
        .apply(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{gradcheck, gradcheck_everywhere, gradgradcheck};
    use gradlet_tensor::{rng, tensor};

    #[test]
    fn gradients_agree_with_finite_differences() -> Result<()> {
        gradcheck_everywhere(
            |x| x,
            |x| {
                let pairs = [(1, 2), (0, -1)];
                x.pad(&pairs[..x.rank().min(1)], 0.5)
            },
        );
        let x = [Tensor::<f64>::normal([2, 3, 4], 0.0, 1.0, &mut rng(1))?];
        for pairs in [&[(-1, -2)][..], &[(1, -1), (-1, 2), (0, 1)], &[(-4, 1)]] {
            gradcheck(|x| x[0].pad(pairs, 2.0), &x)?;
            gradgradcheck(|x| x[0].pad(pairs, 2.0), &x)?;
        }
        gradcheck(|x| x[0].transpose(1, 2)?.pad(&[(-1, 1), (2, 0)], 2.0), &x)
    }

    #[test]
    fn the_border_has_no_gradient_and_what_was_cropped_gets_zeros() -> Result<()> {
        let x = Var::leaf(tensor![1.0, 2.0, 3.0]);
        let y = x.pad(&[(2, -1)], 9.0)?;
        assert_eq!(y.to_vec(), [9.0, 9.0, 1.0, 2.0]);
        let grads = y.backward_with(tensor![10.0, 20.0, 30.0, 40.0])?;
        assert_eq!(
            grads.wrt(&x).map(Tensor::to_vec),
            Some(vec![30.0, 40.0, 0.0])
        );
        assert!(x.pad(&[(-2, -2)], 0.0).is_err() && x.pad(&[(0, 0), (0, 0)], 0.0).is_err());
        Ok(())
    }
}
