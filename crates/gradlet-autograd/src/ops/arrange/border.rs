//! Borders made of the elements themselves: mirrored, repeated, or from the other end.

use gradlet_tensor::fused::{self, Border};
use gradlet_tensor::{Float, Result, Shape, Tensor};

use crate::op::{One, Op};
use crate::saves::Nothing;
use crate::var::Var;

/// y = x, with borders of elements of x
#[derive(Debug)]
struct Bordered {
    shape: Shape,
    pairs: Vec<(usize, usize)>,
    border: Border,
}

impl<T: Float> Op<T> for Bordered {
    type Arity = One;
    type Saves = Nothing;

    fn forward(&self, x: &Tensor<T>) -> Result<Tensor<T>> {
        fused::bordered(x, &self.pairs, self.border)
    }

    /// dx = g, where the gradient of each border element is added to that of the element that it repeats
    fn backward(&self, g: Var<T>, (): ()) -> Result<Var<T>> {
        let &Self { shape, border, .. } = self;
        let pairs = self.pairs.clone();
        FoldBorders {
            shape,
            pairs,
            border,
        }
        .apply(&g)
    }
}

/// y = x without its borders, whose elements are added to those that they repeat
#[derive(Debug)]
struct FoldBorders {
    shape: Shape,
    pairs: Vec<(usize, usize)>,
    border: Border,
}

impl<T: Float> Op<T> for FoldBorders {
    type Arity = One;
    type Saves = Nothing;

    fn forward(&self, x: &Tensor<T>) -> Result<Tensor<T>> {
        fused::bordered_gradient(x, self.shape, &self.pairs, self.border)
    }

    /// dx = g, with borders of elements of g
    fn backward(&self, g: Var<T>, (): ()) -> Result<Var<T>> {
        g.bordered(&self.pairs, self.border)
    }
}

impl<T: Float> Var<T> {
    #[track_caller]
    fn bordered(&self, pairs: &[(usize, usize)], border: Border) -> Result<Self> {
        let (shape, pairs) = (*self.shape(), pairs.to_vec());
        Bordered {
            shape,
            pairs,
            border,
        }
        .apply(self)
    }

    /// The elements with a border that mirrors them, without the last element itself: `3 2 [1 2 3] 2 1`. The pairs are
    /// `(before, after)` for the LAST axis first, then for the one before it; axes without a pair stay as they are.
    ///
    /// # Shape
    ///
    /// `pad_reflect(&[(1, 2)])`: `[a, n] -> [a, 1 + n + 2]`
    ///
    /// # Gradient
    ///
    /// `g`, where that of each border element is added to that of the element that it repeats; nothing is saved.
    ///
    /// # Errors
    ///
    /// If there are more pairs than axes, or a border is not smaller than its axis, or memory does not hold the result.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::leaf(tensor![1.0, 2.0, 3.0]);
    /// let y = x.pad_reflect(&[(2, 1)])?;
    /// assert_eq!(y.to_vec(), [3.0, 2.0, 1.0, 2.0, 3.0, 2.0]);
    /// assert_eq!(y.sum(..)?.backward()?.wrt(&x), Some(&tensor![1.0, 3.0, 2.0]));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.nn.functional.pad` with mode "reflect"
    #[track_caller]
    pub fn pad_reflect(&self, pairs: &[(usize, usize)]) -> Result<Self> {
        self.bordered(pairs, Border::Reflect)
    }

    /// The elements with a border that repeats the last element on each side: `1 1 [1 2 3] 3 3`. The pairs are as in
    /// [`pad_reflect`](Self::pad_reflect).
    ///
    /// # Shape
    ///
    /// `pad_replicate(&[(1, 2)])`: `[a, n] -> [a, 1 + n + 2]`
    ///
    /// # Gradient
    ///
    /// `g`, where that of each border element is added to that of the element that it repeats; nothing is saved.
    ///
    /// # Errors
    ///
    /// If there are more pairs than axes, or an axis with a border has no elements, or memory does not hold the result.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::leaf(tensor![[1.0, 2.0], [3.0, 4.0]]);
    /// let y = x.pad_replicate(&[(0, 1), (0, 1)])?;
    /// assert_eq!(y.tensor(), &tensor![[1.0, 2.0, 2.0], [3.0, 4.0, 4.0], [3.0, 4.0, 4.0]]);
    /// assert_eq!(y.sum(..)?.backward()?.wrt(&x), Some(&tensor![[1.0, 2.0], [2.0, 4.0]]));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.nn.functional.pad` with mode "replicate", `numpy.pad` with mode "edge"
    #[track_caller]
    pub fn pad_replicate(&self, pairs: &[(usize, usize)]) -> Result<Self> {
        self.bordered(pairs, Border::Replicate)
    }

    /// The elements with a border from the other end of the axis: `2 3 [1 2 3] 1 2`. The pairs are as in
    /// [`pad_reflect`](Self::pad_reflect).
    ///
    /// # Shape
    ///
    /// `pad_circular(&[(1, 2)])`: `[a, n] -> [a, 1 + n + 2]`
    ///
    /// # Gradient
    ///
    /// `g`, where that of each border element is added to that of the element that it repeats; nothing is saved.
    ///
    /// # Errors
    ///
    /// If there are more pairs than axes, or a border is larger than its axis, or memory does not hold the result.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::leaf(tensor![1.0, 2.0, 3.0]);
    /// let y = x.pad_circular(&[(1, 2)])?;
    /// assert_eq!(y.to_vec(), [3.0, 1.0, 2.0, 3.0, 1.0, 2.0]);
    /// assert_eq!(y.sum(..)?.backward()?.wrt(&x), Some(&tensor![2.0, 2.0, 2.0]));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.nn.functional.pad` with mode "circular"
    #[track_caller]
    pub fn pad_circular(&self, pairs: &[(usize, usize)]) -> Result<Self> {
        self.bordered(pairs, Border::Circular)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{gradcheck, gradgradcheck};
    use gradlet_tensor::{rng, tensor};

    #[test]
    fn gradients_agree_with_finite_differences() -> Result<()> {
        let x = [Tensor::<f64>::normal([2, 3, 4], 0.0, 1.0, &mut rng(1))?];
        let pad = [Var::pad_reflect, Var::pad_replicate, Var::pad_circular];
        for pairs in [
            &[(1, 2)][..],
            &[(0, 3), (2, 1)],
            &[(0, 0), (1, 0), (1, 1)],
            &[],
        ] {
            for pad in pad {
                let f = |x: &[Var<f64>]| {
                    Ok(pad(&x[0].transpose(1, 2)?.transpose(1, 2)?, pairs)?.powi(2))
                };
                gradcheck(f, &x)?;
                gradgradcheck(f, &x)?;
            }
        }
        let empty = [Tensor::zeros_of([0, 3])?];
        pad.iter()
            .try_for_each(|pad| gradcheck(|x| pad(&x[0], &[(1, 1)]), &empty))
    }

    #[test]
    fn a_border_gives_its_gradient_to_what_it_repeats() -> Result<()> {
        let x = Var::leaf(tensor![1.0, 2.0, 3.0]);
        let g = tensor![1.0, 10.0, 100.0, 1000.0, 10_000.0, 100_000.0];
        let dx =
            |y: Var| -> Result<_> { Ok(y.backward_with(g.clone())?.wrt(&x).map(Tensor::to_vec)) };
        assert_eq!(
            dx(x.pad_reflect(&[(2, 1)])?)?,
            Some(vec![100.0, 101_010.0, 10_001.0])
        );
        assert_eq!(
            dx(x.pad_replicate(&[(2, 1)])?)?,
            Some(vec![111.0, 1000.0, 110_000.0])
        );
        assert_eq!(
            dx(x.pad_circular(&[(2, 1)])?)?,
            Some(vec![100_100.0, 1001.0, 10_010.0])
        );
        assert!(x.pad_reflect(&[(3, 0)]).is_err() && x.pad_circular(&[(0, 4)]).is_err());
        Ok(())
    }
}
