//! [`Flatten`]: a layer that merges all axes except the first.

use gradlet_autograd::{Float, Result, Var};

use crate::forward::Forward;
use crate::mode::Mode;
use crate::module::Module;

/// Merges all axes after the batch into one.
///
/// # Shape
///
/// `[n, a, b, ...] -> [n, a * b * ...]`
#[derive(Clone, Debug, Default, Module)]
pub struct Flatten {
    mode: Mode,
}

impl Flatten {
    /// A layer, which has no parameters.
    pub fn new() -> Self {
        Self::default()
    }
}

impl<T: Float> Forward<T> for Flatten {
    fn forward(&self, x: &Var<T>) -> Result<Var<T>> {
        // A batch of single numbers gets an axis of size 1.
        if x.rank() == 1 {
            x.unsqueeze(1)
        } else {
            x.flatten(1..).map_err(|error| self.name_in(error))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gradlet_tensor::Tensor;

    #[test]
    fn the_batch_stays() -> Result<()> {
        let flat = |shape: &[usize]| Flatten::new().forward(&Var::constant(Tensor::zeros(shape)?));
        assert_eq!(flat(&[5, 2, 3])?.shape(), [5, 6]);
        assert_eq!(flat(&[5, 6])?.shape(), [5, 6]);
        assert_eq!(flat(&[5])?.shape(), [5, 1]);
        assert!(flat(&[]).is_err());
        Ok(())
    }
}
