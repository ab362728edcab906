//! Normal numbers between two bounds.

use gradlet_tensor::{Float, IntoShape, Result, Tensor, math};
use rand::{Rng, RngExt};

use crate::require::{require, setting};

/// Independent normal numbers with this mean and standard deviation, of which those outside `[low, high]` are drawn again;
/// computed in `f64`, then rounded. A bound may be infinite. `PyTorch`'s defaults are 0, 1, -2 and 2.
///
/// Far from the mean this is exact too: no number piles up at a bound. It takes a few draws for each number, wherever the
/// bounds are.
///
/// # Errors
///
/// If the mean is not finite, the standard deviation is not positive and finite, low is above high or NaN, both bounds are
/// more than 1e100 standard deviations to one side of the mean, or memory does not hold that many elements.
///
/// # Example
///
/// ```
/// # use gradlet_nn::init::truncated_normal;
/// # use gradlet_tensor::{Tensor, rng};
/// # fn main() -> gradlet_tensor::Result<()> {
/// let weight: Tensor = truncated_normal([64, 32], 0.0, 0.02, -0.04, 0.04, &mut rng(7))?;
/// assert!(weight.iter().all(|w| w.abs() <= 0.04));
/// # Ok(())
/// # }
/// ```
///
/// # Source
///
/// C. Robert, "Simulation of truncated normal variables", 1995; `torch.nn.init.trunc_normal_`
#[track_caller]
pub fn truncated_normal<T: Float>(
    shape: impl IntoShape,
    mean: f64,
    std: f64,
    low: f64,
    high: f64,
    rng: &mut (impl Rng + ?Sized),
) -> Result<Tensor<T>> {
    let op = "truncated_normal";
    setting::<T>(op, "mean", "finite", mean, f64::is_finite)?;
    let positive = std > 0.0 && std.is_finite();
    require(positive, op, "std", "positive and finite", std)?;
    require(low <= high, op, "high", "at least low", high)?;
    let [a, b] = [low, high].map(|bound| (bound - mean) / std);
    let within = a.max(-b) <= 1e100;
    require(within, op, "std", "large enough to reach the bounds", std)?;
    let [least, most] = [low, high].map(T::of);
    let number = |_| T::of(mean + std * standard(a, b, rng)).max(least).min(most);
    Tensor::from_fn(shape, number)
}

/// A standard normal number in `[a, b]`, by rejection: of proposals from one of three distributions, at least two in five
/// are taken.
fn standard(a: f64, b: f64, rng: &mut (impl Rng + ?Sized)) -> f64 {
    if a + b < 0.0 {
        return -standard(-b, -a, rng);
    }
    // Where the density is largest.
    let top = a.max(0.0);
    let rate = f64::midpoint(a, math::hypot(a, 2.0));
    loop {
        let [u, v]: [f64; 2] = [rng.random(), rng.random()];
        let tail = -math::ln(1.0 - u);
        let (x, share) = if (b - a) * a.max(0.8) <= 2.0 {
            // Uniform, for a short interval.
            let x = a + (b - a) * u;
            (x, 0.5 * (top - x) * (top + x))
        } else if a > 0.0 {
            // Exponential, for a tail.
            let x = a + tail / rate;
            (x, -0.5 * (x - rate) * (x - rate))
        } else {
            // Normal, for an interval that holds most of it: v is its angle.
            let x = (2.0 * tail).sqrt() * math::cos(std::f64::consts::TAU * v);
            (x, f64::INFINITY)
        };
        if x <= b && x >= a && v <= math::exp(share) {
            return x;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gradlet_tensor::{rng, tensor};

    /// Mean and deviation of 100,000 numbers, within five standard errors of the mean; that of the deviation is at most
    /// 1.5 times as large.
    #[track_caller]
    fn expect(bounds: [f64; 2], mean: f64, std: f64) {
        let x = truncated_normal(100_000, 0.0, 1.0, bounds[0], bounds[1], &mut rng(5));
        let x: Tensor<f64> = x.unwrap();
        assert!(x.iter().all(|x| x >= bounds[0] && x <= bounds[1]));
        let [found_mean, found_std] =
            [x.mean(..), x.std(.., 1.0)].map(|x| x.unwrap().item().unwrap());
        let error = 5.0 * std / 100_000f64.sqrt();
        assert!(
            (found_mean - mean).abs() < error,
            "{bounds:?}: {found_mean} {mean}"
        );
        assert!(
            (found_std - std).abs() < 1.5 * error,
            "{bounds:?}: {found_std} {std}"
        );
    }

    #[test]
    fn each_way_has_the_mean_and_the_deviation_of_the_distribution() {
        let infinity = f64::INFINITY;
        // The half normal distribution, by the normal and by the exponential proposals.
        let (mean, std) = (
            (2.0 / std::f64::consts::PI).sqrt(),
            (1.0 - 2.0 / std::f64::consts::PI).sqrt(),
        );
        expect([0.0, infinity], mean, std);
        expect([1e-300, infinity], mean, std);
        expect([-infinity, 0.0], -mean, std);
        expect([-infinity, infinity], 0.0, 1.0);
        // Of scipy.stats.truncnorm.
        expect([-2.0, 2.0], 0.0, 0.879_625_661_034_239_8);
        expect([-1.0, 1.0], 0.0, 0.539_560_335_064_366_3);
        expect([3.0, 4.0], 3.260_454_285_590_024_3, 0.221_986_021_581_049_5);
        expect(
            [-5.0, -3.0],
            -3.282_694_379_942_302,
            0.264_192_289_952_664_7,
        );
    }

    #[test]
    fn far_tails_and_points_end_at_once() -> Result<()> {
        let far: Tensor<f64> = truncated_normal(100, 0.0, 1.0, 1e6, 2e6, &mut rng(1))?;
        // About 1 / 1e6 beyond the bound on average, not at it.
        let beyond = far.sub_scalar(1e6).mean(..)?.item()?;
        assert!(beyond > 5e-7 && beyond < 2e-6, "{beyond}");
        let far: Tensor<f64> = truncated_normal(2, 0.0, 1e-100, -1.0, -1.0, &mut rng(1))?;
        assert_eq!(far, tensor![f64; -1.0, -1.0]);
        let narrow: Tensor = truncated_normal(100, 1e9, 1.0, 1e9, 1e9 + 0.5, &mut rng(1))?;
        assert!(narrow.iter().all(|x| x == 1e9));
        Ok(())
    }

    #[test]
    fn what_is_no_distribution_is_refused() {
        let nan = f64::NAN;
        for ([mean, std, low, high], expected) in [
            ([nan, 1.0, -2.0, 2.0], "mean must be finite, got NaN"),
            (
                [0.0, 0.0, -2.0, 2.0],
                "std must be positive and finite, got 0",
            ),
            (
                [0.0, f64::INFINITY, -2.0, 2.0],
                "std must be positive and finite, got inf",
            ),
            ([0.0, 1.0, 2.0, -2.0], "high must be at least low, got -2"),
            ([0.0, 1.0, nan, 2.0], "high must be at least low, got 2"),
            (
                [0.0, 1e-300, 2.0, 3.0],
                "std must be large enough to reach the bounds, got ",
            ),
        ] {
            let made = truncated_normal::<f32>(2, mean, std, low, high, &mut rng(1));
            let text = made.unwrap_err().to_string();
            assert!(
                text.starts_with(&format!("truncated_normal: {expected}")),
                "{text}"
            );
        }
    }
}
