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

/// Returns an error unless eps is finite and not negative, and 0 only if it was before it is rounded to the element type.
#[track_caller]
pub(crate) fn check_eps<T: Float>(op: &'static str, eps: f64) -> Result<()> {
    let holds = |x: f64| x.is_finite() && (x > 0.0 || eps == 0.0);
    fused::setting::<T>(op, "eps", "finite and not negative", eps, holds)
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
    use crate::{RunningStatistics, Statistics};
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

    #[test]
    fn what_is_no_amount_is_refused_as_eps() -> Result<()> {
        fn refused<T: Float>(eps: f64) -> Result<Vec<bool>> {
            let x = Var::constant(Tensor::<T>::arange_of(0.0, 8.0, 1.0)?.reshape([2, 2, 2])?);
            let mut running = RunningStatistics::new(2)?;
            let all = [
                x.layer_norm(2, None, None, eps).is_err(),
                x.rms_norm(2, None, Some(eps)).is_err(),
                x.group_norm(1, None, None, eps).is_err(),
                x.batch_norm(Statistics::Running(&running), None, None, eps)
                    .is_err(),
            ];
            let moved = Statistics::Batch {
                running: Some(&mut running),
                momentum: 0.5,
            };
            let batch = x.batch_norm(moved, None, None, eps).is_err();
            let mean = running.mean.iter().all(|mean| mean == T::zero());
            let unmoved = mean && running.variance.iter().all(|variance| variance == T::one());
            assert_eq!(batch, unmoved, "{eps}");
            Ok([all.to_vec(), vec![batch]].concat())
        }
        for eps in [-1e-5, -1.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert_eq!(refused::<f32>(eps)?, [true; 5], "{eps}");
            assert_eq!(refused::<f64>(eps)?, [true; 5], "{eps}");
        }
        // These are infinity and 0 in f32.
        for eps in [1e39, 1e-50] {
            assert_eq!(refused::<f32>(eps)?, [true; 5], "{eps}");
            assert_eq!(refused::<f64>(eps)?, [false; 5], "{eps}");
        }
        for eps in [0.0, 1e-40, 1e38] {
            assert_eq!(refused::<f32>(eps)?, [false; 5], "{eps}");
        }
        let x = Var::constant(tensor![[1.0, 3.0]]);
        let text = x.layer_norm(2, None, None, 1e-50).unwrap_err().to_string();
        let expected = format!(
            "layer_norm: eps must be finite and not negative, got 0.{}1, which is 0 as f32 (at ",
            "0".repeat(49)
        );
        assert!(text.starts_with(&expected), "{text}");
        Ok(())
    }
}
