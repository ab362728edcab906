//! Elements standardized group by group: minus their mean and divided by their standard deviation, or divided by their
//! root mean square.

use gradlet_tensor::fused::{self, Centre};
use gradlet_tensor::{Error, ErrorKind, Float, Keep, Result, Tensor, math};

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
pub(super) struct Moments<T: Float> {
    pub(super) mean: Tensor<T>,
    /// `1 / sqrt(mean square + eps)`
    pub(super) scale: Tensor<T>,
}

impl<T: Float> Moments<T> {
    pub(super) fn size_bytes(&self) -> usize {
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
        if let Some(divisors) = self.rescaled(x.tensor(), &variance)? {
            // Large groups stay large enough for eps to change no digit.
            let third = (math::log2(T::max_value()).to_f64() / 3.0).round();
            let large = math::powi(T::of(2.0), third as i32);
            let divisors = divisors.map(|d| if d > T::one() { d / large } else { d });
            let x = x.div(&Var::constant(divisors))?;
            let [mean, variance] = fused::moments(x.tensor(), self.centre)?;
            return self.standardized(&x, mean, &variance);
        }
        self.standardized(x, mean, &variance)
    }

    /// Whether a group with this mean square is standardized without a divisor.
    pub(super) fn fits<T: Float>(self, square: T) -> bool {
        // Without an eps, variances that are too small count like those that are too large.
        let least = if self.eps > 0.0 {
            T::zero()
        } else {
            T::min_positive_value() / T::epsilon()
        };
        square >= least && square.is_finite()
    }

    /// The divisors of groups, if not all fit, as [`fused::rescaled_groups`] returns them.
    #[track_caller]
    pub(super) fn rescaled<T: Float>(
        self,
        x: &Tensor<T>,
        variance: &Tensor<T>,
    ) -> Result<Option<Tensor<T>>> {
        fused::rescaled_groups(x, variance, |square| self.fits(square))
    }

    #[track_caller]
    fn standardized<T: Float>(
        self,
        x: &Var<T>,
        mean: Tensor<T>,
        variance: &Tensor<T>,
    ) -> Result<Var<T>> {
        let scale = scale(variance, self.eps);
        let (standard, moments) = (self, Moments { mean, scale });
        Standardize { standard, moments }.apply(x)
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
pub(super) struct Standardize<T: Float> {
    pub(super) standard: Standard,
    pub(super) moments: Moments<T>,
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
    fused::setting::<T>(
        op,
        "eps",
        "0, or positive and finite in the element type",
        eps,
        holds,
    )
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
    use crate::backward::{CreateGraph, grad};
    use crate::check::{gradcheck, gradgradcheck};
    use crate::{RunningStatistics, Statistics};
    use gradlet_tensor::{rng, tensor};

    impl Standard {
        /// As `apply`, for the rows of `[rows, n]`.
        fn apply_to_rows<T: Float>(self, x: &Var<T>) -> Result<Var<T>> {
            let x = x.unsqueeze(0)?;
            self.apply(&x, fused::moments(x.tensor(), self.centre)?)
        }
    }

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

    /// Values, gradients and second derivatives of every normalization of a batch `[2, 4, 1]` of these samples.
    fn normalized<T: Float>(samples: [[T; 4]; 2], eps: f64) -> Result<Vec<[Vec<T>; 3]>> {
        type Normalize<T> = fn(&Var<T>, f64) -> Result<Var<T>>;
        let all: [Normalize<T>; 5] = [
            |x, eps| x.layer_norm([4, 1], None, None, eps),
            |x, eps| x.rms_norm([4, 1], None, Some(eps)),
            |x, eps| x.group_norm(1, None, None, eps),
            |x, eps| {
                let (running, momentum) = (None, 0.1);
                let train = Statistics::Batch { running, momentum };
                x.transpose(0, 1)?
                    .batch_norm(train, None, None, eps)?
                    .transpose(0, 1)
            },
            |x, eps| {
                let (running, momentum) = (None, 0.1);
                let train = Statistics::Batch { running, momentum };
                let x = x.squeeze(2)?.t()?;
                x.batch_norm(train, None, None, eps)?.t()?.unsqueeze(2)
            },
        ];
        let weights = Tensor::<T>::arange_of(1.0, 5.0, 1.0)?
            .square()
            .reshape([4, 1])?;
        let weights = Var::constant(weights);
        let results = all.iter().map(|f| {
            let x = Var::leaf(Tensor::from_slice(samples.concat(), [2, 4, 1])?);
            let y = f(&x, eps)?;
            let first = grad(&y.mul(&weights)?.sum(..)?, &[&x], CreateGraph::Yes)?;
            let turned = first[0].mul(&x.detach())?.sum(..)?;
            let second = grad(&turned, &[&x], CreateGraph::No)?;
            Ok([y.to_vec(), first[0].to_vec(), second[0].to_vec()])
        });
        results.collect()
    }

    /// Gradients of elements times a power of two, and second derivatives times these elements, are divided by it.
    fn scale_down<T: Float>(powers: &[i32], eps: f64) -> Result<()> {
        let row = [1.0, 2.0, 3.0, 4.0].map(T::of);
        for &power in powers {
            let factor = T::of(2.0).powi(power);
            let plain = normalized([row, row], 0.0)?;
            let found = normalized([row.map(|x| x * factor), row], eps)?;
            for (op, (found, plain)) in found.iter().zip(&plain).enumerate() {
                for (order, (found, plain)) in found.iter().zip(plain).enumerate() {
                    let factor = if order == 0 { T::one() } else { factor };
                    let expected = plain[..4].iter().map(|&x| x / factor);
                    let expected = expected.collect::<Vec<_>>();
                    assert_eq!(found[..4], expected, "{op}, {order}: {power}");
                }
            }
            let ordinary = normalized([row, row], eps)?;
            for (found, ordinary) in found.iter().flatten().zip(ordinary.iter().flatten()) {
                assert_eq!(found[4..], ordinary[4..], "{power}");
            }
        }
        Ok(())
    }

    #[test]
    fn large_elements_are_standardized_like_ordinary_ones() -> Result<()> {
        scale_down::<f32>(&[64, 90, 125], 1e-5)?;
        scale_down::<f64>(&[512, 700, 1021], 1e-5)?;
        scale_down::<f32>(&[64, 125, -64, -90], 0.0)?;
        scale_down::<f64>(&[-600, 600], 0.0)?;
        let x = Var::leaf(tensor![[1e30, 2e30, 3e30, 4e30]]);
        let y = x.layer_norm(4, None, None, 1e-5)?;
        let expected = tensor![[-1.341_640_8, -0.447_213_6, 0.447_213_6, 1.341_640_8]];
        assert!(y.tensor().allclose(&expected, 1e-6, 0.0), "{y}");
        let y = x.rms_norm(4, None, None)?;
        let expected = tensor![[0.365_148_4, 0.730_296_7, 1.095_445_1, 1.460_593_5]];
        assert!(y.tensor().allclose(&expected, 1e-6, 0.0), "{y}");
        Ok(())
    }

    #[test]
    fn running_statistics_move_to_a_mean_whose_sum_is_infinite() -> Result<()> {
        for shape in [[2, 1, 2], [4, 1, 1]] {
            let x = Var::constant(Tensor::full(shape, 3e38)?);
            let mut running = RunningStatistics::new(1)?;
            let statistics = Statistics::Batch {
                running: Some(&mut running),
                momentum: 1.0,
            };
            assert_eq!(
                x.batch_norm(statistics, None, None, 1e-5)?.to_vec(),
                [0.0; 4]
            );
            assert_eq!(running.mean.to_vec(), [3e38]);
            assert_eq!(running.variance.to_vec(), [0.0]);
        }
        Ok(())
    }
}
