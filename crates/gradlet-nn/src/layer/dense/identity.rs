//! [`Identity`]: a layer that changes nothing.

use gradlet_autograd::{Float, Result, Var};

use crate::forward::Forward;
use crate::mode::Mode;
use crate::module::Module;

/// The input itself: for a place where a layer may be left out.
///
/// # Shape
///
/// `[...] -> [...]`
///
/// # Source
///
/// `torch.nn.Identity`
#[derive(Clone, Debug, Default, Module)]
pub struct Identity {
    mode: Mode,
}

impl Identity {
    /// A layer, which has no parameters.
    pub fn new() -> Self {
        Self::default()
    }
}

impl<T: Float> Forward<T> for Identity {
    fn forward(&self, x: &Var<T>) -> Result<Var<T>> {
        Ok(x.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gradlet_tensor::tensor;

    #[test]
    fn the_output_is_the_input() -> Result<()> {
        let x = Var::leaf(tensor![1.0, 2.0]);
        assert_eq!(Identity::new().forward(&x)?.leaf_id(), x.leaf_id());
        Ok(())
    }
}
