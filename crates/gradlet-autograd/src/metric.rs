//! Measures that are not differentiated.

use gradlet_tensor::{Error, ErrorKind, Float, Result, Tensor};

use crate::ops::class_axis;
use crate::var::Var;

impl<T: Float> Var<T> {
    /// The fraction of places whose largest logit is at the label, in [0, 1].
    ///
    /// # Shape
    ///
    /// `logits: [n, c, ...]`, labels `[n, ...]`; `logits: [c]`, labels `[]`
    ///
    /// # Errors
    ///
    /// If the shapes are not these, or there are no labels or no classes.
    #[track_caller]
    pub fn accuracy(&self, labels: &Tensor<i64>) -> Result<f64> {
        let axis = class_axis("accuracy", *self.shape())?;
        let predicted = self
            .tensor
            .argmax(axis)
            .map_err(|error| error.of("accuracy"))?;
        labels.expect_shape("accuracy", predicted.shape())?;
        if labels.is_empty() {
            return Err(Error::new(ErrorKind::Empty {
                op: "accuracy",
                shape: *self.shape(),
            }));
        }
        let right = predicted
            .iter()
            .zip(labels.iter())
            .filter(|(a, b)| a == b)
            .count();
        Ok(right as f64 / labels.len() as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gradlet_tensor::tensor;

    #[test]
    fn accuracy_is_the_share_of_right_rows() -> Result<()> {
        let logits = Var::constant(tensor![[0.1, 0.9], [0.8, 0.2], [0.3, 0.7], [0.5, 0.4]]);
        assert_eq!(logits.accuracy(&tensor![i64; 1, 0, 0, 0])?, 0.75);
        assert!(logits.accuracy(&tensor![i64; 1]).is_err());
        Ok(())
    }
}
