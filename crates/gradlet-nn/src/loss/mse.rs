//! The mean squared error against a fixed target.

use gradlet_autograd::{Float, Result, Tensor, Var};

/// The mean of the squared differences between a prediction and its target.
///
/// # Shape
///
/// `prediction: [...], target: [...] -> []`; the shapes have to be equal.
///
/// # Gradient
///
/// `2 g / n * (prediction - target)`; both are saved.
///
/// # Errors
///
/// Shapes that differ.
///
/// # Example
///
/// ```
/// # use gradlet_nn::mse_loss;
/// # use gradlet_autograd::Var;
/// # use gradlet_tensor::tensor;
/// # fn main() -> gradlet_tensor::Result<()> {
/// let prediction = Var::leaf(tensor![1.0, 4.0]);
/// assert_eq!(mse_loss(&prediction, &tensor![0.0, 2.0])?.item()?, 2.5);
/// # Ok(())
/// # }
/// ```
///
/// # Source
///
/// `torch.nn.functional.mse_loss`
#[track_caller]
pub fn mse_loss<T: Float>(prediction: &Var<T>, target: &Tensor<T>) -> Result<Var<T>> {
    prediction.mse(&Var::constant(target.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use gradlet_tensor::tensor;

    #[test]
    fn shapes_have_to_be_equal() {
        let prediction = Var::leaf(tensor![[1.0], [2.0]]);
        assert!(mse_loss(&prediction, &tensor![1.0, 2.0]).is_err());
        assert_eq!(
            mse_loss(&prediction, &tensor![[3.0], [2.0]])
                .and_then(|y| y.item())
                .ok(),
            Some(2.0)
        );
    }
}
