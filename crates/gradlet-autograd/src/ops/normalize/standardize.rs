//! Elements standardized group by group: minus their mean and divided by their standard deviation, or divided by their
//! root mean square.

use gradlet_tensor::fused::{self, Centre};
use gradlet_tensor::{Error, ErrorKind, Float, Keep, Result, Tensor};

use crate::op::{Fixed, One, Op, Want};
use crate::saves::Inputs;
use crate::var::Var;

/// How the groups of `[n, groups, places]` are standardized.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Standard {
    pub(crate) centre: Centre,
    /// Added to the mean square of the distances.
    pub(crate) eps: f64,
}

/// The mean and the factor that groups are standardized by, `[groups, 1]` each.
#[derive(Clone, Debug)]
struct Moments<T: Float> {
    mean: Tensor<T>,
    /// `1 / sqrt(mean square + eps)`
    scale: Tensor<T>,
}

impl<T: Float> Moments<T> {
    fn size_bytes(&self) -> usize {
        self.mean.size_bytes() + self.scale.size_bytes()
    }
}

impl Standard {
    /// The standardized elements, given their [`fused::moments`].
    ///
    /// # Shape
    ///
    /// `[n, groups, places] -> [n, groups, places]`
    ///
    /// # Gradient
    ///
    /// `scale * (g - mean(g) - y * mean(g * y))`, where `scale` is the factor of the distances; without `mean(g)` if
    /// they are from 0; the input and two numbers for each group are saved.
    #[track_caller]
    pub(crate) fn apply<T: Float>(
        self,
        x: &Var<T>,
        [mean, variance]: [Tensor<T>; 2],
    ) -> Result<Var<T>> {
        let scale = scale(&variance, self.eps);
        let (standard, moments) = (self, Moments { mean, scale });
        Standardize { standard, moments }.apply(x)
    }

    /// As `apply`, for the rows of `[rows, n]`.
    #[track_caller]
    pub(crate) fn apply_to_rows<T: Float>(self, x: &Var<T>) -> Result<Var<T>> {
        let x = x.unsqueeze(0)?;
        self.apply(&x, fused::moments(x.tensor(), self.centre)?)
    }

    /// The scale as a function of x, for derivatives of gradients.
    fn scale<T: Float>(&self, x: &Var<T>) -> Result<Var<T>> {
        let distances = match self.centre {
            Centre::Mean => x.sub(&mean(x)?)?,
            Centre::Zero => x.clone(),
        };
        let square = mean(&distances.square())?;
        Ok(square.add_scalar(T::of(self.eps)).powf(T::of(-0.5)))
    }
}

/// `1 / sqrt(variance + eps)`
pub(crate) fn scale<T: Float>(variance: &Tensor<T>, eps: f64) -> Tensor<T> {
    let eps = T::of(eps);
    variance.map(|v| T::one() / (v + eps).sqrt())
}

/// The mean of each group.
fn mean<T: Float>(x: &Var<T>) -> Result<Var<T>> {
    x.mean(Keep([0, 2]))
}

/// y = (x - mean) * scale, where mean and scale are functions of x
#[derive(Debug)]
struct Standardize<T: Float> {
    standard: Standard,
    moments: Moments<T>,
}

impl<T: Float> Op<T> for Standardize<T> {
    type Arity = One;
    type Saves = Inputs;

    fn forward(&self, x: &Tensor<T>) -> Result<Tensor<T>> {
        let Moments { mean, scale } = &self.moments;
        fused::affine(x, [mean, scale, &mean.zeros_like()])
    }

    /// dx = scale * (g - mean(g) - y * mean(g * y)); without mean(g) if distances are from zero
    fn backward(&self, g: Var<T>, x: Var<T>) -> Result<Var<T>> {
        let (standard, moments) = (self.standard, self.moments.clone());
        StandardizeGradient { standard, moments }.apply([&g, &x])
    }

    fn attribute_bytes(&self) -> usize {
        self.moments.size_bytes()
    }
}

/// z = scale * (g - mean(g) - y * mean(g * y)), where y is the standardized x; without mean(g) if distances are from
/// zero
#[derive(Debug)]
struct StandardizeGradient<T: Float> {
    standard: Standard,
    moments: Moments<T>,
}

impl<T: Float> Op<T> for StandardizeGradient<T> {
    type Arity = Fixed<2>;
    type Saves = Inputs;

    fn forward(&self, [g, x]: [&Tensor<T>; 2]) -> Result<Tensor<T>> {
        let Moments { mean, scale } = &self.moments;
        fused::standardized_gradient(x, g, [mean, scale], self.standard.centre)
    }

    /// With z(v) this function of v for the same x: dg = z(gg),
    /// dx = -scale * (y * mean(gg * z(g)) + mean(g * y) * z(gg) + mean(gg * y) * z(g))
    fn backward(
        &self,
        gg: Var<T>,
        ([g, x], [_, want_x]): ([Var<T>; 2], [Want; 2]),
    ) -> Result<[Option<Var<T>>; 2]> {
        let standard = self.standard;
        let of = |v: &Var<T>| {
            let moments = self.moments.clone();
            Self { standard, moments }.apply([v, &x])
        };
        let dg = of(&gg)?;
        let dx = want_x.then(|| {
            let y = standard.apply(&x, fused::moments(x.tensor(), standard.centre)?)?;
            let z = of(&g)?;
            let sum = y
                .mul(&mean(&gg.mul(&z)?)?)?
                .add(&dg.mul(&mean(&g.mul(&y)?)?)?)?
                .add(&z.mul(&mean(&gg.mul(&y)?)?)?)?;
            Ok(sum.mul(&standard.scale(&x)?)?.neg())
        })?;
        Ok([Some(dg), dx])
    }

    fn attribute_bytes(&self) -> usize {
        self.moments.size_bytes()
    }
}

/// The error for a mean over one value, which standardizing would always make 0.
#[track_caller]
pub(crate) fn single_value(op: &'static str) -> Error {
    Error::new(ErrorKind::OutOfRange {
        op,
        name: "the number of values per channel",
        expected: "more than 1 in training",
        value: 1.0,
        remedy: String::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{gradcheck, gradgradcheck};
    use gradlet_tensor::{rng, tensor};

    const SHAPES: [[usize; 3]; 6] = [
        [1, 2, 5],
        [3, 2, 4],
        [4, 3, 1],
        [1, 3, 1],
        [2, 0, 3],
        [0, 2, 3],
    ];

    #[test]
    fn gradients_agree_with_finite_differences() -> Result<()> {
        for shape in SHAPES {
            for centre in [Centre::Mean, Centre::Zero] {
                let standard = Standard { centre, eps: 0.1 };
                let x = [Tensor::<f64>::normal(shape, 0.5, 1.0, &mut rng(1))?];
                let f =
                    |x: &[Var<f64>]| standard.apply(&x[0], fused::moments(x[0].tensor(), centre)?);
                gradcheck(f, &x)?;
                gradgradcheck(f, &x)?;
            }
        }
        let standard = |centre| Standard { centre, eps: 0.1 };
        let x = [Tensor::<f64>::normal([3, 2], 0.5, 1.0, &mut rng(1))?];
        let turned = |x: &[Var<f64>]| standard(Centre::Mean).apply_to_rows(&x[0].t()?);
        gradcheck(turned, &x)?;
        gradgradcheck(turned, &x)?;
        let repeated = |x: &[Var<f64>]| {
            let rows = x[0].unsqueeze(0)?.broadcast_to([2, 3, 2])?;
            standard(Centre::Zero).apply_to_rows(&rows.reshape([2, 6])?)
        };
        gradcheck(repeated, &x)
    }

    #[test]
    fn gradients_of_the_gradient_agree_with_finite_differences() -> Result<()> {
        for shape in SHAPES {
            let inputs = [
                Tensor::<f64>::normal(shape, 0.0, 1.0, &mut rng(1))?,
                Tensor::<f64>::normal(shape, 0.5, 1.0, &mut rng(2))?,
            ];
            for centre in [Centre::Mean, Centre::Zero] {
                let gradient = |inputs: &[Var<f64>]| {
                    let [mean, variance] = fused::moments(inputs[1].tensor(), centre)?;
                    let scale = scale(&variance, 0.1);
                    let (standard, moments) =
                        (Standard { centre, eps: 0.1 }, Moments { mean, scale });
                    StandardizeGradient { standard, moments }.apply([&inputs[0], &inputs[1]])
                };
                gradcheck(gradient, &inputs)?;
                gradgradcheck(gradient, &inputs)?;
            }
        }
        Ok(())
    }

    #[test]
    fn large_means_cost_no_digits() -> Result<()> {
        let standard = |centre, eps| Standard { centre, eps };
        let x = Var::leaf(tensor![f64; [1e8 + 1.0, 1e8 - 1.0]]);
        let y = standard(Centre::Mean, 0.0).apply_to_rows(&x)?;
        assert_eq!(y.to_vec(), [1.0, -1.0]);
        let x = Var::leaf(tensor![f64; [3.0, 4.0]]);
        let y = standard(Centre::Zero, 3.5).apply_to_rows(&x)?;
        assert_eq!(y.to_vec(), [0.75, 1.0]);
        Ok(())
    }
}
