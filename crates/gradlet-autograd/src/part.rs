//! [`Part`]: where the gradient of an operation that reads a part of its input stands in the input's gradient.

use gradlet_tensor::{Float, Result, Shape, Tensor, fused};

/// Consecutive indices, from `start`, of an axis of a tensor of this shape; what is before and behind them is 0.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct Part {
    pub(crate) axis: isize,
    pub(crate) start: usize,
    pub(crate) shape: Shape,
}

impl Part {
    /// `g` among zeros, or as it is where it is no part.
    pub(crate) fn whole<T: Float>(part: Option<&Self>, g: Tensor<T>) -> Result<Tensor<T>> {
        let Some(part) = part else {
            return Ok(g);
        };
        let mut whole = Tensor::zeros_of(part.shape)?;
        fused::narrow_add(&mut whole, part.axis, part.start, &g)?;
        Ok(whole)
    }

    /// `sum += g`, there where it stands; in place where the sum's memory is not shared.
    pub(crate) fn add<T: Float>(
        part: Option<&Self>,
        sum: &mut Tensor<T>,
        g: &Tensor<T>,
    ) -> Result<()> {
        match part {
            Some(part) => fused::narrow_add(sum, part.axis, part.start, g),
            None => sum.add_assign(g),
        }
    }
}
