//! Measures that are not differentiated.

use gradlet_tensor::{Error, ErrorKind, Float, Result, Tensor};

use crate::var::Var;

impl<T: Float> Var<T> {
    /// The fraction of rows whose largest element is at the label, in [0, 1].
    ///
    /// # Shape
    ///
    /// `logits: [n, classes], labels: [n]`
    ///
    /// # Errors
    ///
    /// If the shapes are not these, or there are no rows or no classes.
    #[track_caller]
    pub fn accuracy(&self, labels: &Tensor<i64>) -> Result<f64> {
        if self.rank() != 2 {
            let expected = "logits of shape [n, classes]";
            return Err(Error::new(ErrorKind::Rank {
                op: "accuracy",
                expected,
                shape: *self.shape(),
            }));
        }
        let predicted = self
            .tensor
            .argmax(1)
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
