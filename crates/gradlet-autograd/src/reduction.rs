//! [`Reduction`]: what becomes of many losses.

use gradlet_tensor::{Float, Result, Tensor};

use crate::var::Var;

/// What a loss function returns of the losses of all elements, or rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Reduction {
    /// Their mean; NaN where there are none.
    #[default]
    Mean,
    /// Their sum; 0 where there are none.
    Sum,
    /// Each of them.
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

    /// As `of`, for losses each of which is multiplied by its weight first.
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
