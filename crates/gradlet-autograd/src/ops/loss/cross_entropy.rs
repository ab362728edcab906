//! Cross-entropy with class labels: log-softmax and negative log-likelihood in one.

use gradlet_tensor::{Float, Keep, Result, Tensor, fused};

use crate::op::{Fixed, One, Op, Want};
use crate::saves::Inputs;
use crate::var::Var;

/// y = 1/n `sum_i` (ln `sum_j` e^x[i, j] - x[i, labels[i]])
#[derive(Debug)]
struct CrossEntropy<T: Float> {
    labels: Tensor<i64>,
    /// The largest element and the sum of exponentials of each row, computed with the losses.
    normalizers: Tensor<T>,
}

impl<T: Float> Op<T> for CrossEntropy<T> {
    type Arity = One;
    type Saves = Inputs;

    fn forward(&self, x: &Tensor<T>) -> Result<Tensor<T>> {
        // Called by nobody here: the loss comes with the normalizers, and so is recorded with its value.
        fused::cross_entropy_rows(x, &self.labels)?.0.mean(..)
    }

    /// dx = g / n * (softmax(x) - one at each row's label)
    fn backward(&self, g: Var<T>, x: Var<T>) -> Result<Var<T>> {
        let gradient = CrossEntropyGradient {
            labels: self.labels.clone(),
            normalizers: self.normalizers.clone(),
        };
        gradient.apply([&g, &x])
    }

    fn attribute_bytes(&self) -> usize {
        self.labels.size_bytes() + self.normalizers.size_bytes()
    }
}

/// y[i, j] = g / n * (softmax(x)[i, j] - (1 if j = labels[i] else 0))
#[derive(Debug)]
struct CrossEntropyGradient<T: Float> {
    labels: Tensor<i64>,
    normalizers: Tensor<T>,
}

impl<T: Float> Op<T> for CrossEntropyGradient<T> {
    type Arity = Fixed<2>;
    type Saves = Inputs;

    fn forward(&self, [g, x]: [&Tensor<T>; 2]) -> Result<Tensor<T>> {
        let share = g.item()? / T::of(self.labels.len() as f64);
        fused::cross_entropy_gradient(x, &self.labels, &self.normalizers, share)
    }

    /// With p = softmax(x): dg = 1/n `sum_ij` gg[i, j] (p[i, j] - one at the label),
    /// dx = g / n * p * (gg - `sum_j` gg * p)
    fn backward(
        &self,
        gg: Var<T>,
        ([g, x], _): ([Var<T>; 2], [Want; 2]),
    ) -> Result<[Option<Var<T>>; 2]> {
        if self.labels.is_empty() {
            // No element depends on g; a mean of none would be NaN.
            return Ok([&g, &x].map(|x| Some(Var::constant(x.tensor().zeros_like()))));
        }
        let n = T::of(self.labels.len() as f64);
        let p = x.log_softmax(1)?.exp();
        let weighted = gg.mul(&p)?;
        let dg = weighted
            .sum(..)?
            .div_scalar(n)
            .add(&gg.nll(&self.labels)?)?;
        let dx = weighted
            .sub(&p.mul(&weighted.sum(Keep(1))?)?)?
            .mul(&g.div_scalar(n))?;
        Ok([Some(dg), Some(dx)])
    }

    fn attribute_bytes(&self) -> usize {
        self.labels.size_bytes() + self.normalizers.size_bytes()
    }
}

/// The mean cross-entropy between rows of logits and their labels.
///
/// # Shape
///
/// `logits: [n, classes]`, labels `[n] -> []`
///
/// # Gradient
///
/// `g / n * (softmax(logits) - one at each row's label)`; the logits and two numbers a row are saved.
///
/// # Errors
///
/// Logits that are no matrix, another number of labels than rows, or a label that is no class.
///
/// # Example
///
/// ```
/// # use gradlet_autograd::{Var, cross_entropy};
/// # use gradlet_tensor::tensor;
/// # fn main() -> gradlet_tensor::Result<()> {
/// let logits = Var::leaf(tensor![[0.0, 0.0]]);
/// assert_eq!(cross_entropy(&logits, &tensor![i64; 1])?.item()?, 2f32.ln());
/// # Ok(())
/// # }
/// ```
///
/// # Source
///
/// `torch.nn.functional.cross_entropy`
#[track_caller]
pub fn cross_entropy<T: Float>(logits: &Var<T>, labels: &Tensor<i64>) -> Result<Var<T>> {
    let (losses, normalizers) = fused::cross_entropy_rows(&logits.tensor, labels)?;
    let op = CrossEntropy {
        labels: labels.clone(),
        normalizers,
    };
    Ok(op.record(logits, losses.mean(..)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{gradcheck, gradgradcheck};
    use gradlet_tensor::{rng, tensor};

    #[test]
    fn gradients_agree_with_finite_differences() -> Result<()> {
        let x = [Tensor::<f64>::normal([3, 4], 0.0, 1.0, &mut rng(1))?];
        let labels = tensor![i64; 3, 0, 2];
        gradcheck(|x| cross_entropy(&x[0], &labels), &x)?;
        gradgradcheck(|x| cross_entropy(&x[0], &labels), &x)?;
        gradgradcheck(|x| cross_entropy(&x[0].t()?, &tensor![i64; 0, 1, 2, 1]), &x)?;
        let (none, no_labels) = ([Tensor::zeros_of([0, 3])?], Tensor::zeros_of(0)?);
        gradgradcheck(|x| cross_entropy(&x[0], &no_labels), &none)
    }

    #[test]
    fn it_is_log_softmax_and_nll() -> Result<()> {
        let x = Var::leaf(Tensor::<f64>::normal([5, 40], 0.0, 3.0, &mut rng(1))?);
        let labels = tensor![i64; 39, 0, 7, 7, 20];
        let (fused, parts) = (cross_entropy(&x, &labels)?, x.log_softmax(1)?.nll(&labels)?);
        assert!((fused.item()? - parts.item()?).abs() < 1e-14);
        let (fused, parts) = (fused.backward()?, parts.backward()?);
        assert!(
            fused
                .wrt(&x)
                .zip(parts.wrt(&x))
                .is_some_and(|(a, b)| a.allclose(b, 1e-12, 1e-15))
        );
        Ok(())
    }

    #[test]
    fn labels_out_of_range_and_other_shapes_are_errors() {
        let x = Var::leaf(tensor![[1.0, 2.0]]);
        assert!(cross_entropy(&x, &tensor![i64; 2]).is_err());
        assert!(cross_entropy(&x, &tensor![i64; -1]).is_err());
        assert!(cross_entropy(&x, &tensor![i64; 0, 1]).is_err());
        assert!(cross_entropy(&x.flatten(..).unwrap(), &tensor![i64; 0]).is_err());
    }
}
