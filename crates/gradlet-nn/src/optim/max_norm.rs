//! `MaxNorm`: a bound on the length of each unit's incoming weights.

use gradlet_tensor::{Float, Keep, Result, Tensor};

use crate::module::Module;
use crate::parameter::{AnyParameter, Parameter};
use crate::require::require;

/// Shortens the incoming weights of each unit to a length of at most c, after an optimizer's step.
///
/// ```text
/// w_i = w_i * min(1, c / |w_i|)       w_i: the weights that lead to unit i, [in_features] or [in_channels, ...]
/// ```
///
/// It acts on parameters of two axes or more, of which the first counts the units, as in `Linear` and `Conv2d`; biases
/// and frozen parameters stay. Weights that are short enough are not touched.
///
/// # Example
///
/// ```
/// # use gradlet_nn::{Parameter, optim::MaxNorm};
/// # use gradlet_tensor::tensor;
/// let mut weight = Parameter::new(tensor![[3.0, 4.0], [0.3, 0.4]]);
/// MaxNorm::new(1.0).apply(&mut weight)?; // after optimizer.step(..)
/// assert!(weight.tensor().allclose(&tensor![[0.6, 0.8], [0.3, 0.4]], 1e-6, 0.0));
/// # Ok::<(), gradlet_tensor::Error>(())
/// ```
///
/// # Source
///
/// N. Srivastava and others, "Dropout: A Simple Way to Prevent Neural Networks from Overfitting", 2014, section 5.1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MaxNorm {
    c: f64,
}

impl MaxNorm {
    /// A bound of `c`. If it is negative or NaN, [`MaxNorm::apply`] returns an error.
    pub fn new(c: f64) -> Self {
        Self { c }
    }

    /// Shortens the incoming weights of each unit that are longer than the bound.
    ///
    /// # Errors
    ///
    /// If the bound is negative or NaN. Nothing is changed then.
    #[track_caller]
    pub fn apply(&self, model: &mut (impl Module + ?Sized)) -> Result<()> {
        require(self.c >= 0.0, "max_norm", "c", "at least 0", self.c)?;
        model.visit_parameters_mut(&mut |_, parameter| {
            if parameter.shape().len() < 2 || parameter.is_frozen() {
                return Ok(());
            }
            self.shorten::<f32>(parameter)?;
            self.shorten::<f64>(parameter)
        })
    }

    fn shorten<T: Float>(&self, parameter: &mut dyn AnyParameter) -> Result<()> {
        let Some(parameter) = parameter.downcast_mut::<T>() else {
            return Ok(());
        };
        let (c, [divisors, lengths]) = (self.c, Self::lengths(parameter)?);
        let is_long = |divisor: f64, length: f64| length > c / divisor;
        if divisors
            .iter()
            .zip(lengths.iter())
            .any(|(d, l)| is_long(d, l))
        {
            let or_1 = |long, x| if long { x } else { 1.0 };
            let factors = divisors.zip(&lengths, |d, l| or_1(is_long(d, l), c / l))?;
            let divisors = divisors.zip(&lengths, |d, l| or_1(is_long(d, l), d))?;
            if divisors.iter().any(|divisor| divisor != 1.0) {
                parameter.tensor_mut().div_assign(&divisors.cast())?;
            }
            parameter.tensor_mut().mul_assign(&factors.cast())?;
        }
        Ok(())
    }

    /// A divisor of each unit, and the unit's length when it is divided by that, both `[units, 1, ...]`. The divisor is 1,
    /// or the largest weight where the squares overflow or vanish: in f64, those of f32 do not.
    fn lengths<T: Float>(parameter: &Parameter<T>) -> Result<[Tensor<f64>; 2]> {
        let mut sizes = vec![1; parameter.shape().len()];
        sizes[0] = parameter.shape()[0];
        let units = parameter.tensor().cast::<f64>().flatten(1..)?;
        let mut squares = units.powi(2).sum(Keep(1))?;
        let mut divisors = squares.map(|_| 1.0);
        if !units.is_empty() && !squares.iter().all(f64::is_normal) {
            divisors = units
                .map(f64::abs)
                .max(Keep(1))?
                .zip(&squares, |largest, square| {
                    let usable = largest > 0.0 && largest.is_finite() && !square.is_normal();
                    if usable { largest } else { 1.0 }
                })?;
            squares = units.div(&divisors)?.powi(2).sum(Keep(1))?;
        }
        Ok([divisors.reshape(&sizes)?, squares.sqrt().reshape(&sizes)?])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gradlet_tensor::tensor;

    #[test]
    fn each_unit_is_shortened_by_itself_at_any_bound() -> Result<()> {
        let start = tensor![[3.0, 4.0], [0.3, 0.4], [0.0, 0.0], [1e30, 1e30]];
        for c in [0.0, 1e-3, 0.7, 5.0, 1e31, f64::INFINITY] {
            let mut weight = Parameter::new(start.clone());
            MaxNorm::new(c).apply(&mut weight)?;
            let after = weight.tensor().cast::<f64>().powi(2).sum(1)?.sqrt();
            let before = start.cast::<f64>().powi(2).sum(1)?.sqrt();
            for (after, before) in after.iter().zip(before.iter()) {
                let expected = before.min(c);
                assert!(
                    (after - expected).abs() <= 1e-6 * expected,
                    "{c}: {after} {expected}"
                );
            }
        }
        Ok(())
    }

    #[test]
    fn units_whose_squares_overflow_or_vanish_are_shortened_too() -> Result<()> {
        let start = tensor![f64; [1e200, 0.0], [3e-200, -4e-200], [0.0, 0.0], [3.0, 4.0], [f64::MAX, f64::MAX]];
        let after = |c| -> Result<Tensor<f64>> {
            let mut weight = Parameter::new(start.clone());
            MaxNorm::new(c).apply(&mut weight)?;
            Ok(weight.tensor().clone())
        };
        let root = 0.5f64.sqrt();
        let expected =
            tensor![f64; [1.0, 0.0], [3e-200, -4e-200], [0.0, 0.0], [0.6, 0.8], [root, root]];
        assert!(
            after(1.0)?.allclose(&expected, 1e-15, 0.0),
            "{}",
            after(1.0)?
        );
        assert_eq!(after(1.0)?.to_vec()[..2], [1.0, 0.0]);
        let expected = tensor![f64; [1.0, 0.0], [0.6, -0.8], [0.0, 0.0], [0.6, 0.8], [root, root]]
            .mul_scalar(1e-250);
        assert!(
            after(1e-250)?.allclose(&expected, 1e-15, 0.0),
            "{}",
            after(1e-250)?
        );
        assert_eq!(after(f64::INFINITY)?, start);
        Ok(())
    }

    #[test]
    fn kernels_are_one_vector_a_filter_and_biases_stay() -> Result<()> {
        let mut model = (
            Parameter::new(Tensor::<f64>::ones_of([2, 1, 2, 2])?),
            Parameter::new(tensor![10.0, 20.0]),
            Parameter::new(tensor![[7.0]]),
        );
        model.2.freeze();
        MaxNorm::new(1.0).apply(&mut model)?;
        assert_eq!(model.0.tensor().to_vec(), [0.5; 8]);
        assert_eq!(model.1.tensor().to_vec(), [10.0, 20.0]);
        assert_eq!(model.2.tensor().to_vec(), [7.0]);
        Ok(())
    }

    #[test]
    fn short_weights_are_not_copied_and_a_bad_bound_changes_nothing() -> Result<()> {
        let mut weight = Parameter::new(tensor![[3.0, 4.0]]);
        let before = weight.tensor().clone();
        let place = |tensor: &Tensor| tensor.as_slice().map(<[f32]>::as_ptr);
        MaxNorm::new(5.0).apply(&mut weight)?;
        assert_eq!(place(weight.tensor()), place(&before));
        for c in [-1.0, f64::NAN] {
            let error = MaxNorm::new(c).apply(&mut weight).unwrap_err().to_string();
            assert!(error.starts_with(&format!("max_norm: c must be at least 0, got {c}")));
        }
        assert_eq!(weight.tensor(), &before);
        Ok(())
    }
}
