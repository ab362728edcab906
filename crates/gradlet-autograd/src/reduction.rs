//! [`Reduction`]: the mean, the sum or each of many losses.

use gradlet_tensor::{Float, Result, Tensor};

use crate::var::Var;

/// How a loss function reduces the losses of all elements, or of all rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Reduction {
    /// Their mean; NaN if there are none.
    #[default]
    Mean,
    /// Their sum; 0 if there are none.
    Sum,
    /// All of them, not reduced.
    None,
}

impl Reduction {
    #[track_caller]
    pub(crate) fn of<T: Float>(self, losses: Var<T>) -> Result<Var<T>> {
        match self {
            Self::Mean => losses.mean(..),
            Self::Sum => losses.sum(..),
            Self::None => Ok(losses),
        }
    }

    /// As `of`, after each loss is multiplied by its weight.
    #[track_caller]
    pub(crate) fn of_weighted<T: Float>(
        self,
        op: &'static str,
        losses: Var<T>,
        weight: Option<&Tensor<T>>,
    ) -> Result<Var<T>> {
        let Some(weight) = weight else {
            return self.of(losses);
        };
        let weight = weight
            .broadcast_to(losses.shape())
            .map_err(|error| error.of(op))?;
        let weight = Var::constant(weight);
        self.of(losses.mul(&weight)?)
    }
}
