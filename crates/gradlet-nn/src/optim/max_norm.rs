//! `MaxNorm`: a bound on the length of each unit's incoming weights.

use gradlet_tensor::{Float, Result, Tensor};

use crate::module::Module;
use crate::parameter::{AnyParameter, Parameter};
use crate::require::require;

/// Shortens the incoming weights of each unit to a length of at most c, after an optimizer's step.
///
/// ```text
/// w_i = w_i * min(1, c / |w_i|)       w_i: what leads to unit i, [in_features] or [in_channels, ...]
/// ```
///
/// It acts on parameters of two axes or more, of which the first counts the units, as in `Linear` and `Conv2d`; biases and
/// frozen parameters stay. Weights that are short enough are not touched.
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
    /// A bound of `c`, which is not negative. Another one is an error of [`MaxNorm::apply`].
    pub fn new(c: f64) -> Self {
        Self { c }
    }

    /// Shortens what is too long.
    ///
    /// # Errors
    ///
    /// A bound that is negative or NaN. Nothing is changed then.
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
        let factors = self.factors(parameter)?;
        if factors.iter().all(|factor| factor == 1.0) {
            return Ok(());
        }
        parameter.tensor_mut().mul_assign(&factors.cast())
    }

    /// `[units, 1, ...]`, computed in f64, where the squares of f32 do not overflow.
    fn factors<T: Float>(&self, parameter: &Parameter<T>) -> Result<Tensor<f64>> {
        let units = parameter.tensor().cast::<f64>().flatten(1..)?;
        let mut sizes = vec![1; parameter.shape().len()];
        sizes[0] = parameter.shape()[0];
        let lengths = units.powi(2).sum(1)?.sqrt().reshape(&sizes)?;
        let c = self.c;
        Ok(lengths.map(|length| if length > c { c / length } else { 1.0 }))
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
