//! Positions for attention, which by itself does not see the order of a sequence.

use gradlet_autograd::{Error, ErrorKind, Float, Result, Var};
use gradlet_tensor::{Tensor, math};
use rand::Rng;

use crate::forward::Forward;
use crate::mode::Mode;
use crate::module::Module;
use crate::parameter::Parameter;

/// The wavelength of the last pair of features, divided by 2 pi: that of the paper.
const LONGEST: f64 = 10_000.0;

/// Adds waves to the features of each position: `sin(position / 10000^(2 i / d_model))` to feature `2 i`, and the cosine
/// to feature `2 i + 1`.
///
/// The table follows from its sizes: it is neither trained nor part of the state.
///
/// # Shape
///
/// `[..., length, d_model] -> [..., length, d_model]`, for a length up to `max_length`
///
/// # Example
///
/// ```
/// # use gradlet_nn::{Forward, SinusoidalPositions};
/// # use gradlet_autograd::Var;
/// # use gradlet_tensor::Tensor;
/// # fn main() -> gradlet_tensor::Result<()> {
/// let y = SinusoidalPositions::new(100, 4)?.forward(&Var::constant(Tensor::zeros([1, 2, 4])?))?;
/// assert_eq!(y.to_vec()[..4], [0.0, 1.0, 0.0, 1.0]);
/// assert_eq!(y.to_vec()[4..6], [1f32.sin(), 1f32.cos()]);
/// # Ok(())
/// # }
/// ```
///
/// # Source
///
/// A. Vaswani and others, "Attention Is All You Need", 2017, section 3.5
#[derive(Clone, Debug, Module)]
#[module(describe = Self::sizes)]
pub struct SinusoidalPositions<T: Float = f32> {
    #[module(skip)]
    table: Tensor<T>,
    mode: Mode,
}

impl SinusoidalPositions {
    /// A layer for sequences of up to `max_length` positions.
    ///
    /// # Errors
    ///
    /// If memory does not hold the table.
    #[track_caller]
    pub fn new(max_length: usize, d_model: usize) -> Result<Self> {
        Self::new_of(max_length, d_model)
    }
}

impl<T: Float> SinusoidalPositions<T> {
    /// As `new`, for any element type: `SinusoidalPositions::<f64>::new_of(..)`.
    ///
    /// # Errors
    ///
    /// If memory does not hold the table.
    #[track_caller]
    pub fn new_of(max_length: usize, d_model: usize) -> Result<Self> {
        let table = Tensor::from_fn([max_length, d_model], |i| {
            let (position, feature) = (i / d_model, i % d_model);
            let exponent = (feature - feature % 2) as f64 / d_model as f64;
            let angle = position as f64 / math::pow(LONGEST, exponent);
            T::of(if feature % 2 == 0 {
                math::sin(angle)
            } else {
                math::cos(angle)
            })
        })?;
        let mode = Mode::Train;
        Ok(Self { table, mode })
    }

    fn sizes(&self) -> String {
        sizes(&self.table)
    }
}

impl<T: Float> Forward<T> for SinusoidalPositions<T> {
    fn forward(&self, x: &Var<T>) -> Result<Var<T>> {
        added(x, &Var::constant(self.table.clone())).map_err(|error| self.name_in(error))
    }
}

/// Adds a trained row to the features of each position.
///
/// The rows start as standard normal numbers, as those of `torch.nn.Embedding`.
///
/// # Shape
///
/// `[..., length, d_model] -> [..., length, d_model]`, for a length up to `max_length`; `weight`: `[max_length, d_model]`
///
/// # Example
///
/// ```
/// # use gradlet_nn::{Forward, LearnedPositions};
/// # use gradlet_autograd::Var;
/// # use gradlet_tensor::{Tensor, rng};
/// # fn main() -> gradlet_tensor::Result<()> {
/// let layer = LearnedPositions::new(100, 8, &mut rng(42))?;
/// let y = layer.forward(&Var::constant(Tensor::zeros([5, 8])?))?;
/// assert_eq!(y.tensor(), &layer.weight.tensor().narrow(0, 0, 5)?);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Module)]
#[module(describe = Self::sizes)]
pub struct LearnedPositions<T: Float = f32> {
    /// `[max_length, d_model]`
    pub weight: Parameter<T>,
    mode: Mode,
}

impl LearnedPositions {
    /// A layer for sequences of up to `max_length` positions.
    ///
    /// # Errors
    ///
    /// If memory does not hold that many weights.
    #[track_caller]
    pub fn new(max_length: usize, d_model: usize, rng: &mut (impl Rng + ?Sized)) -> Result<Self> {
        Self::new_of(max_length, d_model, rng)
    }
}

impl<T: Float> LearnedPositions<T> {
    /// As `new`, for any element type: `LearnedPositions::<f64>::new_of(..)`.
    ///
    /// # Errors
    ///
    /// If memory does not hold that many weights.
    #[track_caller]
    pub fn new_of(
        max_length: usize,
        d_model: usize,
        rng: &mut (impl Rng + ?Sized),
    ) -> Result<Self> {
        let weight = Tensor::normal([max_length, d_model], 0.0, 1.0, rng)?.into();
        let mode = Mode::Train;
        Ok(Self { weight, mode })
    }

    fn sizes(&self) -> String {
        sizes(self.weight.tensor())
    }
}

impl<T: Float> Forward<T> for LearnedPositions<T> {
    fn forward(&self, x: &Var<T>) -> Result<Var<T>> {
        added(x, &self.weight.leaf()).map_err(|error| self.name_in(error))
    }
}

fn sizes<T: Float>(table: &Tensor<T>) -> String {
    format!("{} x {}", table.shape()[0], table.shape()[1])
}

/// `x: [..., length, d_model]` and the first rows of the table.
fn added<T: Float>(x: &Var<T>, table: &Var<T>) -> Result<Var<T>> {
    let [max_length, d_model] = [table.shape()[0], table.shape()[1]];
    match x.shape()[..] {
        [.., length, features] if length <= max_length && features == d_model => {
            x.add(&table.narrow(0, 0, length)?)
        }
        _ => Err(Error::new(ErrorKind::Rank {
            op: "positions",
            expected: "[..., length, d_model] with at most max_length positions",
            shape: *x.shape(),
        })),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gradlet_tensor::{rng, tensor};

    #[test]
    fn waves_get_longer_from_pair_to_pair() -> Result<()> {
        let layer = SinusoidalPositions::<f64>::new_of(10, 3)?;
        let y = layer.forward(&Var::constant(Tensor::ones_of([4, 10, 3])?))?;
        let row = y.tensor().select(0, 2)?.select(0, 7)?.to_vec();
        let slow: f64 = 7.0 / 10_000f64.powf(2.0 / 3.0);
        for (found, expected) in row.into_iter().zip([7f64.sin(), 7f64.cos(), slow.sin()]) {
            assert!((found - 1.0 - expected).abs() < 1e-15);
        }
        assert!(layer.named_parameters().is_empty() && layer.named_buffers().is_empty());
        Ok(())
    }

    #[test]
    fn learned_rows_are_trained_where_they_were_added() -> Result<()> {
        let layer = LearnedPositions::new(3, 2, &mut rng(1))?;
        let y = layer.forward(&Var::constant(Tensor::zeros([5, 2, 2])?))?;
        let grads = y.sum(..)?.backward()?;
        assert_eq!(
            grads.get(layer.weight.id()),
            Some(&tensor![[5.0, 5.0], [5.0, 5.0], [0.0, 0.0]])
        );
        Ok(())
    }

    #[test]
    fn a_sequence_that_is_too_long_is_an_error() -> Result<()> {
        let x = |shape: &[usize]| -> Result<Var> { Ok(Var::constant(Tensor::zeros(shape)?)) };
        let (waves, rows) = (
            SinusoidalPositions::new(3, 2)?,
            LearnedPositions::new(3, 2, &mut rng(1))?,
        );
        for shape in [&[4, 2][..], &[3, 3], &[2], &[3, 1]] {
            let error = waves.forward(&x(shape)?).unwrap_err().to_string();
            assert!(
                error.starts_with("SinusoidalPositions(3 x 2): positions: expected ["),
                "{error}"
            );
            assert!(rows.forward(&x(shape)?).is_err());
        }
        assert_eq!(waves.forward(&x(&[0, 2])?)?.shape(), [0, 2]);
        Ok(())
    }
}
