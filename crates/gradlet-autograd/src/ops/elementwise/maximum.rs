//! The larger and the smaller of two, element by element.

use gradlet_tensor::{Float, Result, Shape, Tensor};

use crate::op::{Fixed, Op, Want};
use crate::saves::Inputs;
use crate::var::Var;

/// y = max(a, b), both of one shape
#[derive(Debug)]
struct Maximum;

impl<T: Float> Op<T> for Maximum {
    type Arity = Fixed<2>;
    type Saves = Inputs;

    fn forward(&self, [a, b]: [&Tensor<T>; 2]) -> Result<Tensor<T>> {
        a.maximum(b)
    }

    /// da = g where a > b, g / 2 where a = b, else 0; db likewise
    fn backward(
        &self,
        g: Var<T>,
        ([a, b], wants): ([Var<T>; 2], [Want; 2]),
    ) -> Result<[Option<Var<T>>; 2]> {
        shares(&g, [a.tensor(), b.tensor()], wants, |a, b| a < b)
    }
}

/// y = min(a, b), both of one shape
#[derive(Debug)]
struct Minimum;

impl<T: Float> Op<T> for Minimum {
    type Arity = Fixed<2>;
    type Saves = Inputs;

    fn forward(&self, [a, b]: [&Tensor<T>; 2]) -> Result<Tensor<T>> {
        a.minimum(b)
    }

    /// da = g where a < b, g / 2 where a = b, else 0; db likewise
    fn backward(
        &self,
        g: Var<T>,
        ([a, b], wants): ([Var<T>; 2], [Want; 2]),
    ) -> Result<[Option<Var<T>>; 2]> {
        shares(&g, [a.tensor(), b.tensor()], wants, |a, b| a > b)
    }
}

/// The part of g for each of two: none for the one that loses, half for equal ones, otherwise all; so all for both if
/// one is NaN.
fn shares<T: Float>(
    g: &Var<T>,
    [a, b]: [&Tensor<T>; 2],
    [want_a, want_b]: [Want; 2],
    loses: impl Fn(T, T) -> bool + Sync,
) -> Result<[Option<Var<T>>; 2]> {
    let share = |a: T, b: T| {
        if a == b {
            T::of(0.5)
        } else if loses(a, b) {
            T::of(0.0)
        } else {
            T::of(1.0)
        }
    };
    let part = |x: &Tensor<T>, other| g.mul(&Var::constant(x.zip(other, share)?));
    Ok([want_a.then(|| part(a, b))?, want_b.then(|| part(b, a))?])
}

impl<T: Float> Var<T> {
    /// The larger of each pair of elements, after broadcasting; NaN if one is.
    ///
    /// # Shape
    ///
    /// `[..., n], [..., n] -> [..., n]`; sizes of 1 and missing leading axes are repeated.
    ///
    /// # Gradient
    ///
    /// `g` to the larger, half of it to each of two equal ones, all of it to each if one is NaN; both inputs are
    /// saved. If the smaller is the output of a function with an infinite derivative there, the gradient of the
    /// function's input is NaN: see [`where_cond`](Self::where_cond).
    ///
    /// # Errors
    ///
    /// If the shapes do not broadcast.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let (x, y) = (Var::leaf(tensor![1.0, 2.0, 5.0]), Var::leaf(tensor![2.0]));
    /// let z = x.maximum(&y)?;
    /// assert_eq!(z.to_vec(), [2.0, 2.0, 5.0]);
    /// let grads = z.sum(..)?.backward()?;
    /// assert_eq!(grads.wrt(&x), Some(&tensor![0.0, 0.5, 1.0]));
    /// assert_eq!(grads.wrt(&y), Some(&tensor![1.5]));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.maximum`
    #[track_caller]
    pub fn maximum(&self, rhs: &Self) -> Result<Self> {
        let shape =
            Shape::broadcast(self.shape(), rhs.shape()).map_err(|error| error.of("maximum"))?;
        Maximum.apply([
            &*self.broadcast_if_needed(shape)?,
            &*rhs.broadcast_if_needed(shape)?,
        ])
    }

    /// The smaller of each pair of elements, after broadcasting; NaN if one is.
    ///
    /// # Shape
    ///
    /// `[..., n], [..., n] -> [..., n]`; sizes of 1 and missing leading axes are repeated.
    ///
    /// # Gradient
    ///
    /// `g` to the smaller, half of it to each of two equal ones, all of it to each if one is NaN; both inputs are
    /// saved. If the larger is the output of a function with an infinite derivative there, the gradient of the
    /// function's input is NaN: see [`where_cond`](Self::where_cond).
    ///
    /// # Errors
    ///
    /// If the shapes do not broadcast.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let (x, y) = (Var::leaf(tensor![1.0, 3.0]), Var::leaf(tensor![3.0]));
    /// let z = x.minimum(&y)?;
    /// assert_eq!(z.to_vec(), [1.0, 3.0]);
    /// assert_eq!(z.sum(..)?.backward()?.wrt(&x), Some(&tensor![1.0, 0.5]));
    /// assert!(x.minimum(&Var::constant(tensor![f32::NAN]))?.to_vec()[0].is_nan());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.minimum`
    #[track_caller]
    pub fn minimum(&self, rhs: &Self) -> Result<Self> {
        let shape =
            Shape::broadcast(self.shape(), rhs.shape()).map_err(|error| error.of("minimum"))?;
        Minimum.apply([
            &*self.broadcast_if_needed(shape)?,
            &*rhs.broadcast_if_needed(shape)?,
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{gradcheck, gradcheck_pairs, gradgradcheck};
    use gradlet_tensor::{rng, tensor};

    #[test]
    fn gradients_agree_with_finite_differences() -> Result<()> {
        let inputs = [
            Tensor::<f64>::normal([2, 3], 0.0, 1.0, &mut rng(1))?,
            Tensor::<f64>::normal([3], 0.0, 1.0, &mut rng(2))?,
        ];
        for f in [Var::maximum, Var::minimum] {
            gradcheck(|x| f(&x[0], &x[1]), &inputs)?;
            gradgradcheck(|x| f(&x[0].square(), &x[1].powi(3)), &inputs)?;
        }
        // The pairs hold one input twice, where the halves make a whole.
        gradcheck_pairs(|x| x, |x, y| x.maximum(&y.mul_scalar(0.5)));
        gradcheck_pairs(|x| x, |x, y| x.minimum(&y.mul_scalar(0.5)));
        Ok(())
    }

    #[test]
    fn equal_ones_share_and_nan_takes_all() -> Result<()> {
        let (a, b) = (
            Var::leaf(tensor![1.0, 2.0, f32::NAN]),
            Var::leaf(tensor![1.0, 5.0, 1.0]),
        );
        for (y, of_a, of_b) in [
            (a.maximum(&b)?, [4.0, 0.0, 8.0], [4.0, 8.0, 8.0]),
            (a.minimum(&b)?, [4.0, 8.0, 8.0], [4.0, 0.0, 8.0]),
        ] {
            let grads = y.backward_with(tensor![8.0, 8.0, 8.0])?;
            assert_eq!(grads.wrt(&a).map(Tensor::to_vec), Some(of_a.to_vec()));
            assert_eq!(grads.wrt(&b).map(Tensor::to_vec), Some(of_b.to_vec()));
        }
        Ok(())
    }
}
