//! The rectifier with a learned slope.

use gradlet_tensor::{Error, ErrorKind, Float, MAX_RANK, Result, Shape, Tensor};

use crate::op::{Fixed, Op, Want};
use crate::saves::Inputs;
use crate::var::Var;

/// y = x where x > 0, else slope * x, where the slope is repeated
#[derive(Debug)]
struct Prelu;

impl<T: Float> Op<T> for Prelu {
    type Arity = Fixed<2>;
    type Saves = Inputs;

    fn forward(&self, [x, slope]: [&Tensor<T>; 2]) -> Result<Tensor<T>> {
        x.zip(slope, |x, slope| if x > T::of(0.0) { x } else { x * slope })
    }

    /// dx = g where x > 0, else g * slope; dslope = sum of g * x where x <= 0
    fn backward(
        &self,
        g: Var<T>,
        ([x, slope], [want_x, want_slope]): ([Var<T>; 2], [Want; 2]),
    ) -> Result<[Option<Var<T>>; 2]> {
        let above = x.tensor().gt_scalar(T::of(0.0));
        let dx = want_x.then(|| Var::where_cond(&above, &g, &g.mul(&slope)?))?;
        let dslope = want_slope.then(|| {
            let below = x.masked_fill(&above, T::of(0.0))?;
            g.mul_sum_to(&below, *slope.shape())
        })?;
        Ok([dx, dslope])
    }
}

impl<T: Float> Var<T> {
    /// `x` where it is above 0, `weight * x` elsewhere, with one weight, or one for each channel.
    ///
    /// # Shape
    ///
    /// weight `[1]`: `[...] -> [...]`; weight `[c]`: `[n, c, ...] -> [n, c, ...]`
    ///
    /// # Gradient
    ///
    /// `g` where x is above 0, `weight * g` elsewhere, at 0 too; the weight gets the sum of `g * x` where x is not above
    /// 0. Both are saved.
    ///
    /// # Errors
    ///
    /// If the weight is not a vector, or it is not one number and the second axis of `x` does not have its size.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::leaf(tensor![[-8.0, 3.0], [-4.0, -2.0]]);
    /// let weight = Var::leaf(tensor![0.25, 0.5]);
    /// let y = x.prelu(&weight)?;
    /// assert_eq!(y.tensor(), &tensor![[-2.0, 3.0], [-1.0, -1.0]]);
    /// assert_eq!(y.sum(..)?.backward()?.wrt(&weight), Some(&tensor![-12.0, -2.0]));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// K. He et al., "Delving Deep into Rectifiers", 2015; `torch.nn.functional.prelu`
    #[track_caller]
    pub fn prelu(&self, weight: &Self) -> Result<Self> {
        let op = "prelu";
        let [expected] = weight.shape()[..] else {
            return Err(Error::new(ErrorKind::Rank {
                op,
                expected: "a vector of weights",
                shape: *weight.shape(),
            }));
        };
        let channels = self.shape().get(1).copied().unwrap_or(1);
        if expected != 1 && expected != channels {
            return Err(Error::new(ErrorKind::Channels {
                op,
                input: *self.shape(),
                weight: *weight.shape(),
                channels,
                expected,
            }));
        }
        // A size of 1 for each axis of places.
        let mut sizes = [1; MAX_RANK];
        sizes[0] = expected;
        let rank = self.rank();
        let column = Shape::new(&sizes[..rank.saturating_sub(1).max(rank.min(1))])?;
        Prelu.apply([self, &weight.reshape(column)?])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{gradcheck, gradgradcheck};
    use gradlet_tensor::{rng, tensor};

    #[test]
    fn gradients_agree_with_finite_differences() -> Result<()> {
        let cases: [(&[usize], usize); 6] = [
            (&[2, 3], 3),
            (&[2, 3, 2, 2], 3),
            (&[4], 1),
            (&[], 1),
            (&[2, 3, 2], 1),
            (&[0, 2], 2),
        ];
        for (shape, weights) in cases {
            let x = Tensor::<f64>::normal(shape, 0.0, 1.0, &mut rng(1))?;
            let x = x.map(|x| x + 0.1f64.copysign(x));
            let inputs = [x, Tensor::normal(weights, 0.2, 0.5, &mut rng(2))?];
            gradcheck(|x| x[0].prelu(&x[1]), &inputs)?;
            gradgradcheck(|x| x[0].prelu(&x[1]), &inputs)?;
        }
        let inputs = [
            tensor![f64; [1.0, -2.0], [-0.5, 3.0]],
            tensor![f64; 0.2, -0.3],
        ];
        gradcheck(|x| x[0].t()?.prelu(&x[1]), &inputs)
    }

    #[test]
    fn zero_is_on_the_lower_side_and_large_numbers_above_give_the_weight_nothing() -> Result<()> {
        let x = Var::leaf(tensor![f64; 0.0, f64::INFINITY, -2.0]);
        let weight = Var::leaf(tensor![f64; 0.25]);
        let y = x.prelu(&weight)?;
        assert_eq!(y.to_vec(), [0.0, f64::INFINITY, -0.5]);
        let grads = y.backward_with(tensor![f64; 4.0, 4.0, 4.0])?;
        assert_eq!(grads.wrt(&x), Some(&tensor![f64; 1.0, 4.0, 1.0]));
        assert_eq!(grads.wrt(&weight), Some(&tensor![f64; -8.0]));
        Ok(())
    }

    #[test]
    fn weights_that_do_not_fit_are_errors() -> Result<()> {
        let x = Var::leaf(Tensor::ones([2, 4])?);
        let weight = |shape: &[usize]| Tensor::ones(shape).map(Var::leaf);
        let error = x.prelu(&weight(&[3])?).unwrap_err().to_string();
        let expected = "prelu: input [2, 4] has 4 channels, weight [3] takes 3 (at ";
        assert!(error.starts_with(expected), "{error}");
        assert!(x.prelu(&weight(&[])?).is_err() && x.prelu(&weight(&[4, 1])?).is_err());
        assert!(x.flatten(..)?.prelu(&weight(&[8])?).is_err());
        Ok(())
    }
}
