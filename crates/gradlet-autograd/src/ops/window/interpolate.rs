//! Images of a different size, made of their nearest pixels or of weighted sums of neighbours.

use gradlet_tensor::fused::{self, Resizing};
use gradlet_tensor::{Align, Float, PerAxis, Result, Shape, Tensor};

use crate::op::{One, Op};
use crate::saves::Nothing;
use crate::var::Var;

/// y[.., p, q] = the sum of the four x around its position, weighted
#[derive(Debug)]
struct InterpolateBilinear {
    planes: Shape,
    resizing: Resizing,
}

impl<T: Float> Op<T> for InterpolateBilinear {
    type Arity = One;
    type Saves = Nothing;

    fn forward(&self, x: &Tensor<T>) -> Result<Tensor<T>> {
        fused::interpolate_bilinear(x, self.resizing)
    }

    /// dx[.., i, j] = the sum of the g[.., p, q] that element (i, j) is a part of, weighted alike
    fn backward(&self, g: Var<T>, (): ()) -> Result<Var<T>> {
        let &Self { planes, resizing } = self;
        SpreadBilinear { planes, resizing }.apply(&g)
    }
}

/// y[.., i, j] = the sum of the x[.., p, q] that element (i, j) was a part of, weighted alike
#[derive(Debug)]
struct SpreadBilinear {
    planes: Shape,
    resizing: Resizing,
}

impl<T: Float> Op<T> for SpreadBilinear {
    type Arity = One;
    type Saves = Nothing;

    fn forward(&self, x: &Tensor<T>) -> Result<Tensor<T>> {
        fused::interpolate_bilinear_gradient(x, self.planes, self.resizing)
    }

    /// dx = g, interpolated
    fn backward(&self, g: Var<T>, (): ()) -> Result<Var<T>> {
        let &Self { planes, resizing } = self;
        InterpolateBilinear { planes, resizing }.apply(&g)
    }
}

impl<T: Float> Var<T> {
    /// The last axes with new sizes, made of the nearest elements before: output i of n is element `i * size / n`, rounded
    /// down.
    ///
    /// # Shape
    ///
    /// `interpolate_nearest(&[p, q])`: `[..., h, w] -> [..., p, q]`; `interpolate_nearest(&[p])`: `[..., l] -> [..., p]`
    ///
    /// # Gradient
    ///
    /// Each `g` is added to the element that was taken; the indices are saved.
    ///
    /// # Errors
    ///
    /// If there are more sizes than axes, or an axis has no elements to take, or memory does not hold the result.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::leaf(tensor![[1.0, 2.0, 3.0]]);
    /// let y = x.interpolate_nearest(&[4])?;
    /// assert_eq!(y.tensor(), &tensor![[1.0, 1.0, 2.0, 3.0]]);
    /// assert_eq!(y.sum(..)?.backward()?.wrt(&x), Some(&tensor![[2.0, 1.0, 1.0]]));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.nn.functional.interpolate` with mode "nearest" and a size
    #[track_caller]
    pub fn interpolate_nearest(&self, sizes: &[usize]) -> Result<Self> {
        let from = *self.shape();
        fused::resized("interpolate_nearest", from, sizes)?;
        let mut indices = Vec::new();
        for (&size, &to) in from[from.rank() - sizes.len()..].iter().zip(sizes) {
            indices.push(if size == to {
                None
            } else {
                Some(fused::nearest_indices(size, to)?)
            });
        }
        self.select_last(&indices)
    }

    /// The last axes, made that many times as long and rounded down, of the nearest elements before: output i is element
    /// `i * (1 / factor)`, rounded down. With a size that was rounded, this is not always the element that
    /// [`interpolate_nearest`](Self::interpolate_nearest) takes.
    ///
    /// # Shape
    ///
    /// `upsample_nearest(&[2.0, 1.5])`: `[..., h, w] -> [..., 2 h, 1.5 w]`, rounded down
    ///
    /// # Gradient
    ///
    /// Each `g` is added to the element that was taken; the indices are saved.
    ///
    /// # Errors
    ///
    /// If there are more factors than axes, one is not positive and finite, or memory does not hold the result.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::leaf(tensor![[1.0, 2.0, 3.0]]);
    /// let y = x.upsample_nearest(&[1.5])?;
    /// assert_eq!(y.tensor(), &tensor![[1.0, 1.0, 2.0, 3.0]]);
    /// assert_eq!(y.sum(..)?.backward()?.wrt(&x), Some(&tensor![[2.0, 1.0, 1.0]]));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.nn.functional.interpolate` with mode "nearest" and scale factors that are not recomputed
    #[track_caller]
    pub fn upsample_nearest(&self, factors: &[f64]) -> Result<Self> {
        let (op, from) = ("upsample_nearest", *self.shape());
        let sizes: Vec<_> = factors.iter().map(|_| 0).collect();
        fused::resized(op, from, &sizes)?;
        let mut indices = Vec::new();
        for (&size, &factor) in from[from.rank() - factors.len()..].iter().zip(factors) {
            indices.push(Some(fused::scaled_indices(op, size, factor)?));
        }
        self.select_last(&indices)
    }

    /// The elements at these indices of the last axes; an axis without indices stays.
    #[track_caller]
    fn select_last(&self, indices: &[Option<Tensor<i64>>]) -> Result<Self> {
        let mut to = *self.shape();
        // The planes are one axis, between whose elements threads split the gradient.
        let lead = to.rank() - indices.len();
        let mut planes = vec![to[..lead].iter().product()];
        planes.extend(&to[lead..]);
        let mut y = self.reshape(planes.as_slice())?;
        for (axis, indices) in indices.iter().enumerate().rev() {
            if let Some(indices) = indices {
                to[lead + axis] = indices.len();
                y = y.index_select(axis as isize + 1, indices)?;
            }
        }
        y.reshape(to)
    }

    /// The last two axes with new sizes, one for both or one for each: each output is the sum of the four elements around
    /// its position, weighted by how near they are along each axis.
    ///
    /// # Shape
    ///
    /// `interpolate_bilinear([p, q], align)`: `[..., h, w] -> [..., p, q]`
    ///
    /// # Gradient
    ///
    /// Each `g` is added, with the same weights, to the four elements that it was made of; nothing is saved.
    ///
    /// # Errors
    ///
    /// If there are fewer than two axes, or an axis has no elements to take, or memory does not hold the result.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::{Align, Var};
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::leaf(tensor![[0.0, 4.0]]);
    /// let y = x.interpolate_bilinear([1, 4], Align::Edges)?;
    /// assert_eq!(y.to_vec(), [0.0, 1.0, 3.0, 4.0]);
    /// assert_eq!(y.sum(..)?.backward()?.wrt(&x), Some(&tensor![[2.0, 2.0]]));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.nn.functional.interpolate` with mode "bilinear" and a size
    #[track_caller]
    pub fn interpolate_bilinear(&self, sizes: impl PerAxis<2>, align: Align) -> Result<Self> {
        let (planes, resizing) = (*self.shape(), Resizing::to(sizes.per_axis(), align));
        InterpolateBilinear { planes, resizing }.apply(self)
    }

    /// The last two axes, made that many times as long and rounded down, of weighted sums as by
    /// [`interpolate_bilinear`](Self::interpolate_bilinear). If edges are aligned, the positions of two outputs are
    /// `1 / factor` apart, however the size was rounded.
    ///
    /// # Shape
    ///
    /// `upsample_bilinear([2.0, 1.5], align)`: `[..., h, w] -> [..., 2 h, 1.5 w]`, rounded down
    ///
    /// # Gradient
    ///
    /// Each `g` is added, with the same weights, to the four elements that it was made of; nothing is saved.
    ///
    /// # Errors
    ///
    /// If there are fewer than two axes, a factor is not positive and finite, or memory does not hold the result.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::{Align, Var};
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::leaf(tensor![[0.0, 5.0]]);
    /// let y = x.upsample_bilinear([1.0, 1.25], Align::Edges)?;
    /// assert_eq!(y.to_vec(), [0.0, 3.5]);
    /// assert_eq!(y.sum(..)?.backward()?.wrt(&x), Some(&tensor![[1.3, 0.7]]));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.nn.functional.interpolate` with mode "bilinear" and scale factors that are not recomputed
    #[track_caller]
    pub fn upsample_bilinear(&self, factors: [f64; 2], align: Align) -> Result<Self> {
        let planes = *self.shape();
        let resizing = Resizing::by("upsample_bilinear", planes, factors, align)?;
        InterpolateBilinear { planes, resizing }.apply(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{gradcheck, gradgradcheck};
    use gradlet_tensor::{rng, tensor};

    #[test]
    fn gradients_agree_with_finite_differences() -> Result<()> {
        let x = [Tensor::<f64>::normal([2, 1, 3, 4], 0.0, 1.0, &mut rng(1))?];
        for sizes in [[5, 2], [3, 4], [1, 1], [6, 8], [0, 3]] {
            for align in [Align::Edges, Align::Corners] {
                let f = |x: &[Var<f64>]| {
                    Ok(x[0]
                        .transpose(0, 1)?
                        .interpolate_bilinear(sizes, align)?
                        .powi(2))
                };
                gradcheck(f, &x)?;
                gradgradcheck(f, &x)?;
            }
            let f = |x: &[Var<f64>]| Ok(x[0].transpose(2, 3)?.interpolate_nearest(&sizes)?.powi(2));
            gradcheck(f, &x)?;
            gradgradcheck(f, &x)?;
        }
        for factors in [[1.5, 0.7], [2.0, 0.2], [1.0, 3.0]] {
            let f = |x: &[Var<f64>]| Ok(x[0].transpose(2, 3)?.upsample_nearest(&factors)?.powi(2));
            gradcheck(f, &x)?;
            gradgradcheck(f, &x)?;
            let f = |x: &[Var<f64>]| {
                let y = x[0]
                    .transpose(2, 3)?
                    .upsample_bilinear(factors, Align::Edges)?;
                Ok(y.powi(2))
            };
            gradcheck(f, &x)?;
            gradgradcheck(f, &x)?;
        }
        gradcheck(|x| x[0].interpolate_nearest(&[7]), &x)?;
        gradcheck(|x| x[0].interpolate_nearest(&[]), &[Tensor::scalar(2.0)])
    }

    #[test]
    fn elements_get_what_was_made_of_them() -> Result<()> {
        let x = Var::leaf(tensor![[1.0, 2.0], [3.0, 4.0]]);
        let g = tensor![[1.0, 2.0, 4.0]];
        let dx =
            |y: Var| -> Result<_> { Ok(y.backward_with(g.clone())?.wrt(&x).map(Tensor::to_vec)) };
        assert_eq!(
            dx(x.interpolate_nearest(&[1, 3])?)?,
            Some(vec![3.0, 4.0, 0.0, 0.0])
        );
        let y = x.interpolate_bilinear([1, 3], Align::Corners)?;
        assert_eq!(y.to_vec(), [1.0, 1.5, 2.0]);
        assert_eq!(dx(y)?, Some(vec![2.0, 5.0, 0.0, 0.0]));
        let y = x.interpolate_bilinear([1, 3], Align::Edges)?;
        assert_eq!(dx(y)?, Some(vec![1.0, 2.5, 1.0, 2.5]));
        assert_eq!(
            dx(x.upsample_nearest(&[0.5, 1.5])?)?,
            Some(vec![3.0, 4.0, 0.0, 0.0])
        );
        assert!(x.interpolate_nearest(&[1, 2, 3]).is_err());
        let error = x.upsample_nearest(&[-1.0]).unwrap_err().to_string();
        let start = "upsample_nearest: factor must be positive and finite, got -1 (at ";
        assert!(error.starts_with(start), "{error}");
        let error = x.upsample_bilinear([1.0, 0.0], Align::Edges).unwrap_err();
        let start = "upsample_bilinear: factor must be positive and finite, got 0 (at ";
        assert!(error.to_string().starts_with(start), "{error}");
        assert!(x.upsample_bilinear([1.0, 1e300], Align::Edges).is_err());
        assert!(x.upsample_nearest(&[1.0; 3]).is_err());
        assert!(x.upsample_nearest(&[1e300]).is_err());
        Ok(())
    }
}
