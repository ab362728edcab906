//! Elements scaled and shifted by group or by place, as standardized ones are by weights and biases.

use gradlet_tensor::{Float, Result, Shape, Tensor, fused};

use crate::op::{Fixed, Op, Want};
use crate::saves::SomeInputs;
use crate::var::Var;

/// y = (x - mean) * scale + shift, the last three of one shape and repeated
#[derive(Debug)]
struct Affine<T: Float> {
    /// `None` for 0.
    mean: Option<Tensor<T>>,
    parameters: Shape,
}

impl<T: Float> Op<T> for Affine<T> {
    type Arity = Fixed<3>;
    type Saves = SomeInputs;

    fn forward(&self, [x, scale, shift]: [&Tensor<T>; 3]) -> Result<Tensor<T>> {
        match &self.mean {
            Some(mean) => fused::affine(x, [mean, scale, shift]),
            None => fused::affine(x, [&scale.zeros_like(), scale, shift]),
        }
    }

    /// dx = g * scale, dscale = sum of g * (x - mean) and dshift = sum of g, both over the axes along which they were
    /// repeated
    fn backward(
        &self,
        g: Var<T>,
        ([x, scale, _], wants): ([Option<Var<T>>; 3], [Want; 3]),
    ) -> Result<[Option<Var<T>>; 3]> {
        let [_, _, want_shift] = wants;
        let dshift = want_shift.then(|| g.sum_to(self.parameters))?;
        let dscale = match x {
            Some(x) => {
                let distance = match &self.mean {
                    Some(mean) => x.sub(&Var::constant(mean.clone()))?,
                    None => x,
                };
                Some(g.mul_sum_to(&distance, self.parameters)?)
            }
            None => None,
        };
        let dx = match scale {
            Some(scale) => Some(g.mul(&scale)?),
            None => None,
        };
        Ok([dx, dscale, dshift])
    }

    fn keeps(&self, [want_x, want_scale, _]: &[Want; 3]) -> [bool; 3] {
        [want_scale.is_wanted(), want_x.is_wanted(), false]
    }

    fn attribute_bytes(&self) -> usize {
        self.mean.as_ref().map_or(0, Tensor::size_bytes)
    }
}

impl<T: Float> Var<T> {
    /// `(self - mean) * scale + shift`, the last three of one shape and repeated; without a mean it is 0.
    ///
    /// # Shape
    ///
    /// `[n, groups, places]`, the others `[groups, 1] -> [n, groups, places]`
    ///
    /// # Gradient
    ///
    /// `g * scale`, and `g * (self - mean)` and `g` summed over the axes along which scale and shift were repeated;
    /// `self` is saved if the scale is tracked, the scale if `self` is.
    ///
    /// # Errors
    ///
    /// If the shapes of the three differ, or do not broadcast to the shape of `self`.
    #[track_caller]
    pub(crate) fn affine(
        &self,
        mean: Option<&Tensor<T>>,
        scale: &Self,
        shift: &Self,
    ) -> Result<Self> {
        let (mean, parameters) = (mean.cloned(), *scale.shape());
        Affine { mean, parameters }.apply([self, scale, shift])
    }

    /// `self * weight + bias`, without those that are `None`; both of one shape and repeated.
    #[track_caller]
    pub(crate) fn scale_and_shift(
        self,
        weight: Option<&Self>,
        bias: Option<&Self>,
    ) -> Result<Self> {
        match (weight, bias) {
            (Some(weight), Some(bias)) => self.affine(None, weight, bias),
            (Some(weight), None) => self.mul(weight),
            (None, Some(bias)) => self.add_owned(bias),
            (None, None) => Ok(self),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{gradcheck, gradgradcheck};
    use gradlet_tensor::{rng, tensor};

    #[test]
    fn gradients_agree_with_finite_differences() -> Result<()> {
        let cases: [(&[usize], &[usize]); 6] = [
            (&[2, 3, 4], &[3, 1]),
            (&[2, 3, 1], &[3, 1]),
            (&[2, 3], &[3]),
            (&[3], &[3]),
            (&[0, 3], &[3]),
            (&[2, 2, 3], &[2, 3]),
        ];
        let mut rng = rng(1);
        let mut make = |shape: &[usize]| Tensor::<f64>::normal(shape, 0.5, 1.0, &mut rng);
        for (shape, parameters) in cases {
            let inputs = [make(shape)?, make(parameters)?, make(parameters)?];
            let mean = make(parameters)?;
            for mean in [None, Some(&mean)] {
                let f = |x: &[Var<f64>]| x[0].affine(mean, &x[1], &x[2]);
                gradcheck(f, &inputs)?;
                gradgradcheck(f, &inputs)?;
            }
        }
        Ok(())
    }

    #[test]
    fn what_is_missing_changes_nothing() -> Result<()> {
        let x = Var::leaf(tensor![[1.0, 2.0], [3.0, 4.0]]);
        let (weight, bias) = (
            Var::leaf(tensor![10.0, 100.0]),
            Var::leaf(tensor![0.5, -0.5]),
        );
        let y = |weight, bias| x.clone().scale_and_shift(weight, bias).map(|y| y.to_vec());
        assert_eq!(y(None, None)?, [1.0, 2.0, 3.0, 4.0]);
        assert_eq!(y(Some(&weight), None)?, [10.0, 200.0, 30.0, 400.0]);
        assert_eq!(y(None, Some(&bias))?, [1.5, 1.5, 3.5, 3.5]);
        assert_eq!(y(Some(&weight), Some(&bias))?, [10.5, 199.5, 30.5, 399.5]);
        Ok(())
    }
}
