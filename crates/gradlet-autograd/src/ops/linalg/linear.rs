//! A matrix product with a transposed weight, and a bias, as in a linear layer.

use std::borrow::Cow;

use gradlet_tensor::{Float, Result, Tensor};

use crate::op::{Fixed, Op, Want};
use crate::saves::SomeInputs;
use crate::var::Var;

/// y[.., o] = `sum_i` x[.., i] * weight[o, i] + bias[o]
#[derive(Debug)]
struct Linear;

impl<T: Float> Op<T> for Linear {
    type Arity = Fixed<3>;
    type Saves = SomeInputs;

    fn forward(&self, [x, weight, bias]: [&Tensor<T>; 3]) -> Result<Tensor<T>> {
        x.linear(weight, Some(bias))
    }

    /// dx = g * weight, dweight = g^T * x, dbias = sum of g over all but the last axis
    fn backward(
        &self,
        g: Var<T>,
        ([x, weight, _], [_, _, want_bias]): ([Option<Var<T>>; 3], [Want; 3]),
    ) -> Result<[Option<Var<T>>; 3]> {
        let rows = rows_of(&g)?;
        let dweight = x.map(|x| {
            let x = rows_of(&x)?;
            rows.t()?.matmul(&x)
        });
        let dx = weight.map(|weight| g.matmul(&weight));
        Ok([
            dx.transpose()?,
            dweight.transpose()?,
            want_bias.then(|| rows.sum_to(rows.shape()[1].into()))?,
        ])
    }

    fn keeps(&self, [want_x, want_weight, _]: &[Want; 3]) -> [bool; 3] {
        [want_weight.is_wanted(), want_x.is_wanted(), false]
    }
}

/// The rows of `x` as one matrix; `x` itself if it has two axes.
fn rows_of<T: Float>(x: &Var<T>) -> Result<Cow<'_, Var<T>>> {
    if x.rank() == 2 {
        return Ok(Cow::Borrowed(x));
    }
    let columns = x.shape().last().copied().unwrap_or(0);
    let rows = x.shape()[..x.rank() - 1].iter().product();
    Ok(Cow::Owned(x.reshape([rows, columns])?))
}

impl<T: Float> Var<T> {
    /// `self * weight^T + bias`, for a weight with one row per output, as layers keep it.
    ///
    /// # Shape
    ///
    /// `self: [..., i], weight: [o, i], bias: [o] -> [..., o]`
    ///
    /// # Gradient
    ///
    /// `g * weight`, `g^T * self` and `g` summed over all but the last axis; the input is saved if the weight is
    /// tracked, the weight if the input is.
    ///
    /// # Errors
    ///
    /// If the weight is not a matrix, or the sizes differ.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::constant(tensor![[1.0, 2.0]]);
    /// let weight = Var::leaf(tensor![[3.0, 4.0], [5.0, 6.0], [7.0, 8.0]]); // a row for each output
    /// let bias = Var::leaf(tensor![100.0, 200.0, 300.0]);
    /// assert_eq!(x.linear(&weight, Some(&bias))?.tensor(), &tensor![[111.0, 217.0, 323.0]]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.nn.functional.linear`
    #[track_caller]
    pub fn linear(&self, weight: &Self, bias: Option<&Self>) -> Result<Self> {
        if let Some(bias) = bias {
            Linear.apply([self, weight, bias])
        } else {
            // Returns the error for a weight that does not fit.
            if weight.rank() != 2 || self.shape().last() != Some(&weight.shape()[1]) {
                self.tensor().linear(weight.tensor(), None)?;
            }
            self.matmul(&weight.t()?)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{gradcheck, gradgradcheck};
    use gradlet_tensor::{ErrorKind, rng, tensor};

    #[test]
    fn gradients_agree_with_finite_differences() -> Result<()> {
        for shape in [vec![2, 3], vec![3], vec![2, 2, 3], vec![0, 3]] {
            let mut rng = rng(5);
            let mut make = |shape: &[usize]| Tensor::<f64>::normal(shape, 0.0, 1.0, &mut rng);
            let inputs = [make(&shape)?, make(&[4, 3])?, make(&[4])?];
            gradcheck(|x| x[0].linear(&x[1], Some(&x[2])), &inputs)?;
            gradgradcheck(|x| x[0].linear(&x[1], Some(&x[2])), &inputs)?;
            gradcheck(|x| x[0].linear(&x[1], None), &inputs[..2])?;
            gradgradcheck(|x| x[0].linear(&x[1], None), &inputs[..2])?;
        }
        let x = [
            tensor![f64; [1.0, -2.0], [0.5, 3.0]],
            tensor![f64; 1.0, 2.0],
        ];
        gradcheck(|x| x[0].t()?.linear(&x[0].t()?, Some(&x[1])), &x)
    }

    #[test]
    fn a_constant_input_gets_no_gradient_and_the_weight_is_not_kept() -> Result<()> {
        let (x, b) = (
            Var::constant(tensor![[1.0, 2.0], [3.0, 4.0]]),
            Var::leaf(tensor![0.5]),
        );
        let w = Var::leaf(tensor![[10.0, 20.0]]);
        let weight = w.tensor().clone();
        let y = x.linear(&w, Some(&b))?;
        let id = w.leaf_id();
        drop(w);
        assert!(weight.is_unshared());
        assert_eq!(y.to_vec(), [50.5, 110.5]);
        let grads = y.backward_with(tensor![[1.0], [2.0]])?;
        assert_eq!(
            id.and_then(|id| grads.get(id)).map(Tensor::to_vec),
            Some(vec![7.0, 10.0])
        );
        assert_eq!(grads.wrt(&b).map(Tensor::to_vec), Some(vec![3.0]));
        Ok(())
    }

    #[test]
    fn sizes_that_do_not_fit_are_errors() {
        let (x, w) = (
            Var::constant(tensor![[1.0, 2.0]]),
            Var::leaf(tensor![[1.0, 2.0, 3.0]]),
        );
        let mismatch = |error: &crate::Error| {
            matches!(error.kind(), ErrorKind::InnerSizes { op: "linear", .. })
        };
        assert!(mismatch(&x.linear(&w, None).unwrap_err()));
        assert!(mismatch(
            &x.linear(&w, Some(&Var::constant(tensor![1.0])))
                .unwrap_err()
        ));
        assert!(x.linear(&x, Some(&w)).is_err());
    }
}
