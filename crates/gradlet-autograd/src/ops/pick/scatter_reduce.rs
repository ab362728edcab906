//! Elements and their sources reduced by index: sums, products, extremes, means.

use gradlet_tensor::{Float, Result, Scatter, Shape, Tensor};

use super::scatter_add::corner;
use crate::op::{Fixed, Op, Want};
use crate::saves::Inputs;
use crate::var::Var;

/// Whether the old value of an element that an index names counts.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Old {
    Included,
    LeftOut,
}

/// y = x, with the largest or smallest of y[i, indices[i, j, k], k] and its sources, for axis 1; the source has the shape
/// of the indices
#[derive(Debug)]
struct ScatterExtreme {
    axis: isize,
    indices: Tensor<i64>,
    how: Scatter,
    old: Old,
}

impl<T: Float> Op<T> for ScatterExtreme {
    type Arity = Fixed<2>;
    type Saves = Inputs;

    fn forward(&self, [x, source]: [&Tensor<T>; 2]) -> Result<Tensor<T>> {
        let mut y = x.clone();
        match self.old {
            Old::Included => y.scatter_reduce(self.axis, &self.indices, source, self.how)?,
            Old::LeftOut => y.scatter_reduce_anew(self.axis, &self.indices, source, self.how)?,
        }
        Ok(y)
    }

    /// dx = g where x = y, dsource = the same at its index, divided by the number of such elements
    fn backward(
        &self,
        g: Var<T>,
        ([x, source], [want_x, want_source]): ([Var<T>; 2], [Want; 2]),
    ) -> Result<[Option<Var<T>>; 2]> {
        let (axis, indices) = (self.axis, &self.indices);
        let y = self.forward([x.tensor(), source.tensor()])?;
        let equal = |x: &Tensor<T>, y: &Tensor<T>| {
            x.zip(y, |x, y| if x == y { T::of(1.0) } else { T::of(0.0) })
        };
        let mut mine = equal(x.tensor(), &y)?;
        if self.old == Old::LeftOut {
            mine.scatter_fill(axis, indices, T::of(0.0))?;
        }
        let theirs = equal(source.tensor(), &y.gather(axis, indices)?)?;
        let mut ties = mine.clone();
        ties.scatter_add(axis, indices, &theirs)?;
        Ok([
            want_x.then(|| g.mul(&Var::constant(mine.div(&ties)?)))?,
            want_source.then(|| {
                let share = theirs.div(&ties.gather(axis, indices)?)?;
                g.gather(axis, indices)?.mul(&Var::constant(share))
            })?,
        ])
    }

    fn attribute_bytes(&self) -> usize {
        self.indices.size_bytes()
    }
}

/// The product of the sources of each element of a tensor of this shape; 1 for an element without sources.
///
/// Sources of one element are multiplied in pairs until one is left, so that the gradient needs no division and is right
/// where sources are 0.
#[track_caller]
fn products<T: Float>(
    axis: isize,
    indices: &Tensor<i64>,
    source: &Var<T>,
    shape: Shape,
) -> Result<Var<T>> {
    let places = Tensor::from_fn(shape, |i| i as i64)?.gather(axis, indices)?;
    let mut places = places.to_vec();
    let one = Var::constant(Tensor::ones_of(1)?);
    let mut factors = Var::cat(&[&source.flatten(..)?, &one], 0)?;
    loop {
        // The place of the one.
        let rest = places.len() as i64;
        // For each element, the last factor that has no partner yet; for each new factor, its two old ones.
        let mut single = vec![usize::MAX; shape.numel()];
        let (mut left, mut right, mut next) = (Vec::new(), Vec::new(), Vec::new());
        for (i, &place) in (0..).zip(&places) {
            let last = &mut single[place as usize];
            if let Some(partner) = right.get_mut(*last) {
                (*partner, *last) = (i, usize::MAX);
            } else {
                *last = left.len();
                left.push(i);
                right.push(rest);
                next.push(place);
            }
        }
        if next.len() == places.len() {
            let all = Tensor::from_fn(shape, |i| i64::try_from(single[i]).unwrap_or(rest))?;
            return factors.index_select(0, &all.flatten(..)?)?.reshape(shape);
        }
        let [left, right] = [left, right].map(|side| Tensor::from_slice(&side, side.len()));
        let pairs = factors
            .index_select(0, &left?)?
            .mul(&factors.index_select(0, &right?)?)?;
        (factors, places) = (Var::cat(&[&pairs, &one], 0)?, next);
    }
}

impl<T: Float> Var<T> {
    /// These elements, where each that the indices name is replaced by the sum, product, largest, smallest or mean of
    /// itself and its sources: for axis 1, `source[i, j, k]` is one for the element `[i, indices[i, j, k], k]`.
    ///
    /// # Shape
    ///
    /// `x: [a, n, b]`, indices `[c, m, d]`, source at least that large in each axis -> `[a, n, b]`, with c <= a and
    /// d <= b; a scalar counts as `[1]`
    ///
    /// # Gradient
    ///
    /// `Add`: as for [`scatter_add`](Self::scatter_add); `Mean`: the same, divided by the number of summands. `Mul`: `g`
    /// times the product of all other factors, without a division, so that it is right where factors are 0, to any
    /// order; the factors are saved, multiplied in pairs. `Max` and `Min`: `g` at the largest or smallest, shared evenly
    /// among equal ones; NaN where y is. The inputs are saved. Where there are equal ones, there is no second derivative,
    /// and 0 is returned for it.
    ///
    /// # Errors
    ///
    /// If the axis is out of range, an index is negative or too large, the numbers of axes differ, or there are more
    /// indices than elements of `x` along one of the other axes, or than elements of the source along any axis.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::{Scatter, Var};
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let (x, source) = (Var::leaf(tensor![0.0, 0.5]), Var::leaf(tensor![3.0, 5.0, -1.0]));
    /// let y = x.scatter_reduce(0, &tensor![i64; 0, 0, 1], &source, Scatter::Max)?;
    /// assert_eq!(y.to_vec(), [5.0, 0.5]);
    /// assert_eq!(y.sum(..)?.backward()?.wrt(&source), Some(&tensor![0.0, 1.0, 0.0]));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.scatter_reduce`
    #[track_caller]
    pub fn scatter_reduce(
        &self,
        axis: isize,
        indices: &Tensor<i64>,
        source: &Self,
        how: Scatter,
    ) -> Result<Self> {
        self.reduced((axis, indices), source, (how, Old::Included))
            .map_err(|error| error.of("scatter_reduce"))
    }

    /// As [`scatter_reduce`](Self::scatter_reduce), of the sources alone: the old value of an element that an index names
    /// is left out, and its gradient is 0.
    ///
    /// # Shape
    ///
    /// `x: [a, n, b]`, indices `[c, m, d]`, source at least that large in each axis -> `[a, n, b]`, with c <= a and
    /// d <= b; a scalar counts as `[1]`
    ///
    /// # Errors
    ///
    /// If [`scatter_reduce`](Self::scatter_reduce) would give an error.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::{Scatter, Var};
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let (x, source) = (Var::leaf(tensor![9.0, 9.0]), Var::leaf(tensor![3.0, 5.0]));
    /// let y = x.scatter_reduce_anew(0, &tensor![i64; 1, 1], &source, Scatter::Mean)?;
    /// assert_eq!(y.to_vec(), [9.0, 4.0]);
    /// let grads = y.sum(..)?.backward()?;
    /// assert_eq!(grads.wrt(&x), Some(&tensor![1.0, 0.0]));
    /// assert_eq!(grads.wrt(&source), Some(&tensor![0.5, 0.5]));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.scatter_reduce` with `include_self=False`
    #[track_caller]
    pub fn scatter_reduce_anew(
        &self,
        axis: isize,
        indices: &Tensor<i64>,
        source: &Self,
        how: Scatter,
    ) -> Result<Self> {
        self.reduced((axis, indices), source, (how, Old::LeftOut))
            .map_err(|error| error.of("scatter_reduce_anew"))
    }

    #[track_caller]
    fn reduced(
        &self,
        (axis, indices): (isize, &Tensor<i64>),
        source: &Self,
        (how, old): (Scatter, Old),
    ) -> Result<Self> {
        let source = corner(source, *indices.shape())?;
        let (zero, one) = (T::of(0.0), T::of(1.0));
        // The old value that changes nothing, and how often it counts.
        let (identity, count) = match (how, old) {
            (Scatter::Max | Scatter::Min, _) => {
                let indices = indices.clone();
                return ScatterExtreme {
                    axis,
                    indices,
                    how,
                    old,
                }
                .apply([self, &source]);
            }
            (_, Old::Included) => (None, one),
            (Scatter::Mul, Old::LeftOut) => (Some(one), zero),
            (Scatter::Add | Scatter::Mean, Old::LeftOut) => (Some(zero), zero),
        };
        let x = match identity {
            None => self.clone(),
            Some(identity) => self.scatter_fill(axis, indices, identity)?,
        };
        if how == Scatter::Mul {
            return x.mul(&products(axis, indices, &source, *x.shape())?);
        }
        let sum = x.scatter_add(axis, indices, &source)?;
        if how == Scatter::Add {
            return Ok(sum);
        }
        let mut counts = Tensor::full_of(x.shape(), count)?;
        counts.scatter_add(
            axis,
            indices,
            &Tensor::scalar(one).broadcast_to(indices.shape())?,
        )?;
        sum.div(&Var::constant(counts.maximum_scalar(one)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{gradcheck, gradgradcheck};
    use gradlet_tensor::{rng, tensor};

    const ALL: [Scatter; 5] = [
        Scatter::Add,
        Scatter::Mul,
        Scatter::Max,
        Scatter::Min,
        Scatter::Mean,
    ];

    #[test]
    fn gradients_agree_with_finite_differences() -> Result<()> {
        let mut rng = rng(1);
        let mut make = |shape: [usize; 2]| Tensor::<f64>::normal(shape, 0.0, 1.0, &mut rng);
        let xs = [make([3, 2])?, make([2, 5])?];
        for how in ALL {
            for indices in [
                tensor![i64; [2, 0], [0, 0], [1, 2], [2, 0], [2, 0]],
                tensor![i64; [2], [2]],
                Tensor::zeros_of([0, 2])?,
            ] {
                let f = |x: &[Var<f64>]| x[0].scatter_reduce(0, &indices, &x[1].t()?, how);
                gradcheck(f, &xs)?;
                gradgradcheck(f, &xs)?;
                let f = |x: &[Var<f64>]| x[0].scatter_reduce_anew(0, &indices, &x[1].t()?, how);
                gradcheck(f, &xs)?;
                gradgradcheck(f, &xs)?;
            }
            let scalars = [Tensor::scalar(1.5), Tensor::scalar(2.5)];
            let f = |x: &[Var<f64>]| x[0].scatter_reduce(0, &tensor![i64; 0], &x[1], how);
            gradcheck(f, &scalars)?;
            gradgradcheck(f, &scalars)?;
        }
        Ok(())
    }

    #[test]
    fn values_are_those_of_tensors() -> Result<()> {
        let mut rng = rng(2);
        let x = Tensor::<f64>::normal([4, 3], 0.0, 1.0, &mut rng)?;
        let source = Tensor::<f64>::normal([9, 3], 0.0, 1.0, &mut rng)?;
        let indices = Tensor::from_fn([9, 3], |i| (i * i % 3) as i64)?;
        let vars = [Var::leaf(x.clone()), Var::leaf(source.clone())];
        for how in ALL {
            let (mut y, mut z) = (x.clone(), x.clone());
            y.scatter_reduce(0, &indices, &source, how)?;
            z.scatter_reduce_anew(0, &indices, &source, how)?;
            let both = vars[0].scatter_reduce(0, &indices, &vars[1], how)?;
            let alone = vars[0].scatter_reduce_anew(0, &indices, &vars[1], how)?;
            // Factors in a different order.
            assert!(
                both.tensor().allclose(&y, 1e-14, 0.0) && alone.tensor().allclose(&z, 1e-14, 0.0)
            );
        }
        Ok(())
    }

    #[test]
    fn products_with_zeros_have_right_first_and_second_derivatives() -> Result<()> {
        let (x, source) = (
            [tensor![f64; 2.0, 0.0]],
            tensor![f64; 0.0, 3.0, 0.0, 5.0, 7.0],
        );
        let indices = tensor![i64; 0, 0, 0, 1, 1];
        let inputs = [x[0].clone(), source.clone()];
        let f = |x: &[Var<f64>]| x[0].scatter_reduce(0, &indices, &x[1], Scatter::Mul);
        gradcheck(f, &inputs)?;
        gradgradcheck(f, &inputs)?;
        let (x, s) = (
            Var::leaf(x[0].clone()),
            Var::leaf(tensor![f64; 0.0, 3.0, 4.0, 5.0, 7.0]),
        );
        let y = x.scatter_reduce(0, &indices, &s, Scatter::Mul)?;
        assert_eq!(y.to_vec(), [0.0, 0.0]);
        let grads = y.sum(..)?.backward()?;
        assert_eq!(grads.wrt(&x), Some(&tensor![f64; 0.0, 35.0]));
        assert_eq!(grads.wrt(&s), Some(&tensor![f64; 24.0, 0.0, 0.0, 0.0, 0.0]));
        Ok(())
    }

    #[test]
    fn equal_extremes_share_the_gradient() -> Result<()> {
        let (x, source) = (
            Var::leaf(tensor![3.0, 1.0]),
            Var::leaf(tensor![3.0, 2.0, 3.0, 0.0]),
        );
        let indices = tensor![i64; 0, 0, 0, 1];
        let y = x.scatter_reduce(0, &indices, &source, Scatter::Max)?;
        let grads = y.backward_with(tensor![6.0, 1.0])?;
        assert_eq!(grads.wrt(&x), Some(&tensor![2.0, 1.0]));
        assert_eq!(grads.wrt(&source), Some(&tensor![2.0, 0.0, 2.0, 0.0]));
        let y = x.scatter_reduce_anew(0, &indices, &source, Scatter::Max)?;
        let grads = y.backward_with(tensor![6.0, 1.0])?;
        assert_eq!(grads.wrt(&x), Some(&tensor![0.0, 0.0]));
        assert_eq!(grads.wrt(&source), Some(&tensor![3.0, 0.0, 3.0, 1.0]));
        Ok(())
    }

    #[test]
    fn bad_indices_and_short_sources_are_errors() {
        let (x, source) = (Var::leaf(tensor![1.0, 2.0]), Var::leaf(tensor![3.0]));
        for how in ALL {
            for indices in [tensor![i64; 2], tensor![i64; 0, 1], tensor![i64; [0]]] {
                let error = x.scatter_reduce(0, &indices, &source, how).unwrap_err();
                assert!(error.to_string().starts_with("scatter_reduce: "), "{error}");
                let error = x
                    .scatter_reduce_anew(0, &indices, &source, how)
                    .unwrap_err();
                let expected = "scatter_reduce_anew: ";
                assert!(error.to_string().starts_with(expected), "{error}");
            }
        }
    }
}
