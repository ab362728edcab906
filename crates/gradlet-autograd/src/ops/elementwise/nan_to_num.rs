//! Numbers in place of NaN and the infinities.

use gradlet_tensor::Float;

use crate::pointwise::{Pointwise, Real};
use crate::saves::Inputs;
use crate::var::Var;

/// y = x, or one of these numbers where x is not finite
#[derive(Clone, Copy, Debug)]
struct NanToNum<T> {
    nan: T,
    posinf: T,
    neginf: T,
}

impl<T: Float> Pointwise<T> for NanToNum<T> {
    type Saves = Inputs;
    const PIECEWISE_LINEAR: bool = true;

    #[inline(always)]
    fn value(self, x: T) -> T {
        let beyond = if x > T::zero() {
            self.posinf
        } else {
            self.neginf
        };
        let y = if x.is_infinite() { beyond } else { x };
        if x.is_nan() { self.nan } else { y }
    }

    /// 1 where x is finite, else 0
    #[inline(always)]
    fn slope<S: Real<T>>(self, x: S) -> S {
        x.choose(T::is_finite, S::of(1.0), S::of(0.0))
    }

    /// A choice, since a product would be NaN for an infinite `g`.
    #[inline(always)]
    fn gradient(self, g: T, x: T) -> T {
        if x.is_finite() { g } else { T::of(0.0) }
    }
}

impl<T: Float> Var<T> {
    /// x, but `nan` in place of NaN, and these numbers in place of the infinities: if not given, the largest and the
    /// smallest finite number.
    ///
    /// # Shape
    ///
    /// `[...] -> [...]`
    ///
    /// # Gradient
    ///
    /// `g` where x is finite, 0 elsewhere; the input is saved.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::leaf(tensor![f32::NAN, f32::INFINITY, -f32::INFINITY, 2.0]);
    /// let y = x.nan_to_num(0.0, Some(9.0), None);
    /// assert_eq!(y.to_vec(), [0.0, 9.0, f32::MIN, 2.0]);
    /// assert_eq!(y.sum(..)?.backward()?.wrt(&x), Some(&tensor![0.0, 0.0, 0.0, 1.0]));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.nan_to_num`
    pub fn nan_to_num(&self, nan: T, posinf: Option<T>, neginf: Option<T>) -> Self {
        self.pointwise(NanToNum {
            nan,
            posinf: posinf.unwrap_or(T::max_value()),
            neginf: neginf.unwrap_or(T::min_value()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::gradcheck_everywhere;
    use crate::pointwise::{check_gradient, check_pointwise};
    use gradlet_tensor::{Result, tensor};

    #[test]
    fn gradients_agree_with_finite_differences() {
        gradcheck_everywhere(|x| x, |x| Ok(x.nan_to_num(0.0, None, None)));
        gradcheck_everywhere(|x| x, |x| Ok(x.nan_to_num(0.0, None, None).square()));
        let [nan, posinf, neginf] = [0.0, 1.0, 2.0];
        let narrow = NanToNum {
            nan: 0.0,
            posinf: 1.0,
            neginf: 2.0,
        };
        check_pointwise(
            NanToNum {
                nan,
                posinf,
                neginf,
            },
            narrow,
            &[],
        );
        check_gradient(
            NanToNum {
                nan,
                posinf,
                neginf,
            },
            &[],
        );
    }

    #[test]
    fn values_are_those_of_the_tensor_and_nothing_flows_where_they_replace_one() -> Result<()> {
        let x = Var::leaf(tensor![f64;
            f64::NAN,
            f64::INFINITY,
            f64::NEG_INFINITY,
            -0.0,
            3.0
        ]);
        for (posinf, neginf) in [
            (None, None),
            (Some(f64::NAN), Some(1.0)),
            (Some(-1.0), None),
        ] {
            let y = x.nan_to_num(7.0, posinf, neginf);
            let bits = |x: Vec<f64>| x.into_iter().map(f64::to_bits).collect::<Vec<_>>();
            let expected = x.tensor().nan_to_num(7.0, posinf, neginf);
            assert_eq!(bits(y.to_vec()), bits(expected.to_vec()));
            assert_eq!(y.to_vec()[0], 7.0);
            assert_eq!(y.to_vec()[2], neginf.unwrap_or(f64::MIN));
            let g = tensor![f64; f64::INFINITY, 2.0, f64::INFINITY, 4.0, f64::INFINITY];
            let grads = y.backward_with(g)?;
            let expected = tensor![f64; 0.0, 0.0, 0.0, 4.0, f64::INFINITY];
            assert_eq!(grads.wrt(&x), Some(&expected));
        }
        Ok(())
    }
}
