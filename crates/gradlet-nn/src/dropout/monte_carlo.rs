//! [`monte_carlo`]: the mean and variance of a net's predictions with dropout on.

use gradlet_autograd::{Float, Result, Var, set_recording};
use gradlet_tensor::Tensor;

use crate::forward::Forward;
use crate::mode::Mode;
use crate::module::Within;
use crate::require::require;

/// Mean and variance of a net's outputs over passes with dropout on.
#[derive(Clone, Debug)]
pub struct Moments<T: Float = f32> {
    /// The mean, in the shape of one output.
    pub mean: Tensor<T>,
    /// The unbiased variance (divided by the number of passes less 1), in the same shape.
    pub variance: Tensor<T>,
}

/// The mean and variance of the outputs when `model` runs on `x` `passes` times in eval mode but with dropout on,
/// without recording.
///
/// Every layer gets its own mode back afterwards. The moments are updated after each pass (Welford), so memory does not
/// grow with the number of passes.
///
/// # Errors
///
/// If `passes` is less than 2, or the model returns one.
///
/// # Example
///
/// ```
/// # use gradlet_nn::{Dropout, Linear, monte_carlo, sequential};
/// # use gradlet_autograd::Var;
/// # use gradlet_tensor::{Tensor, rng};
/// # fn main() -> gradlet_tensor::Result<()> {
/// let mut rng = rng(1);
/// let mut model = sequential![Dropout::new(0.5, &mut rng)?, Linear::new(64, 1, &mut rng)?];
/// let moments = monte_carlo(&mut model, &Var::constant(Tensor::ones([8, 64])?), 100)?;
/// assert!(moments.variance.to_vec().iter().all(|&variance| variance > 0.0));
/// # Ok(())
/// # }
/// ```
///
/// # Source
///
/// Y. Gal, Z. Ghahramani, "Dropout as a Bayesian Approximation", 2016.
#[track_caller]
pub fn monte_carlo<T: Float, M: Forward<T>>(
    model: &mut M,
    x: &Var<T>,
    passes: usize,
) -> Result<Moments<T>> {
    let (count, enough) = (passes as f64, passes >= 2);
    require(enough, "monte_carlo", "passes", "at least 2", count)?;
    // As in `sampling` and `no_grad`, but without a closure, in which a model's error would lose the caller's line.
    let (sampling, _recording) = (Within::new(model, Mode::Sample), set_recording(false));
    let model = sampling.module();
    let mut mean = model.forward(x)?.into_tensor();
    let mut squares = mean.zeros_like();
    for pass in 2..=passes {
        let y = model.forward(x)?;
        let before = y.tensor().sub(&mean)?;
        mean.add_assign(&before.div_scalar(T::of(pass as f64)))?;
        squares.add_assign(&before.mul(&y.tensor().sub(&mean)?)?)?;
    }
    let variance = squares.div_scalar(T::of(count - 1.0));
    Ok(Moments { mean, variance })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Dropout, Linear, Module};
    use gradlet_tensor::rng;

    #[test]
    fn moments_are_those_of_the_single_passes() -> Result<()> {
        let mut model = Dropout::new(0.3, &mut rng(1))?;
        model.eval();
        let (x, twin) = (
            Var::constant(Tensor::arange(1.0, 21.0, 1.0)?),
            crate::dropout::twin(&model),
        );
        let moments = monte_carlo(&mut model, &x, 50)?;
        let passes: Vec<_> = (0..50)
            .map(|_| twin.forward_as(Mode::Train, &x).map(Var::into_tensor))
            .collect::<Result<_>>()?;
        let all = Tensor::stack(&passes.iter().collect::<Vec<_>>(), 0)?;
        let mean = all.mean(0)?;
        let variance = all.sub(&mean)?.powi(2).sum(0)?.div_scalar(49.0);
        assert!(moments.mean.allclose(&mean, 1e-5, 1e-6));
        assert!(moments.variance.allclose(&variance, 1e-5, 1e-6));
        assert_eq!(
            model.to_string(),
            "Dropout(p=0.3, eval)",
            "its mode is back"
        );
        Ok(())
    }

    #[test]
    fn one_pass_has_no_variance_and_nothing_is_recorded() -> Result<()> {
        let mut model = Dropout::new(0.3, &mut rng(1))?;
        let x = Var::leaf(Tensor::ones([3])?);
        let error = monte_carlo(&mut model, &x, 1).unwrap_err().to_string();
        assert!(error.starts_with("monte_carlo: passes must be at least 2, got 1"));
        assert!(monte_carlo(&mut model, &x, 2)?.mean.is_unshared());
        Ok(())
    }

    #[test]
    fn an_error_of_the_model_names_the_callers_line_and_restores_its_modes() -> Result<()> {
        let mut model = Linear::new(3, 2, &mut rng(0))?;
        let x = Var::constant(Tensor::zeros([1, 4])?);
        let (line, error) = (line!(), monte_carlo(&mut model, &x, 2).unwrap_err());
        assert_eq!(
            (error.location().file(), error.location().line()),
            (file!(), line)
        );
        assert!(model.training());
        Ok(())
    }
}
