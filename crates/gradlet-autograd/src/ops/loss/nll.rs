//! The negative log-likelihood of labels.

use gradlet_tensor::{Float, Result, Shape, Tensor, fused};

use crate::op::{One, Op};
use crate::saves::Nothing;
use crate::var::Var;

/// y = -1/n `sum_i` x[i, labels[i]]
#[derive(Debug)]
struct Nll {
    labels: Tensor<i64>,
    shape: Shape,
}

impl<T: Float> Op<T> for Nll {
    type Arity = One;
    type Saves = Nothing;

    fn forward(&self, x: &Tensor<T>) -> Result<Tensor<T>> {
        Ok(-fused::pick_columns(x, &self.labels)
            .map_err(|error| error.of("nll"))?
            .mean(..)?)
    }

    /// dx[i, labels[i]] = -g / n
    fn backward(&self, g: Var<T>, (): ()) -> Result<Var<T>> {
        Spread {
            labels: self.labels.clone(),
            shape: self.shape,
        }
        .apply(&g)
    }

    fn attribute_bytes(&self) -> usize {
        self.labels.size_bytes()
    }
}

/// y[i, labels[i]] = -x / n, and 0 elsewhere
#[derive(Debug)]
struct Spread {
    labels: Tensor<i64>,
    shape: Shape,
}

impl<T: Float> Op<T> for Spread {
    type Arity = One;
    type Saves = Nothing;

    fn forward(&self, x: &Tensor<T>) -> Result<Tensor<T>> {
        let share = -x.item()? / T::of(self.labels.len() as f64);
        let mut y = Tensor::zeros_of(self.shape)?;
        fused::add_to_columns(
            &mut y,
            &self.labels,
            &Tensor::full_of(self.labels.shape(), share)?,
        )?;
        Ok(y)
    }

    /// dx = -1/n `sum_i` g[i, labels[i]], 0 without labels
    fn backward(&self, g: Var<T>, (): ()) -> Result<Var<T>> {
        if self.labels.is_empty() {
            return Ok(Var::constant(Tensor::zeros_of(())?));
        }
        g.nll(&self.labels)
    }

    fn attribute_bytes(&self) -> usize {
        self.labels.size_bytes()
    }
}

impl<T: Float> Var<T> {
    /// The mean negative log-likelihood of the labels, given log-probabilities.
    ///
    /// # Shape
    ///
    /// `self: [n, classes]`, labels `[n] -> []`
    ///
    /// # Gradient
    ///
    /// `-g / n` at each row's label, 0 elsewhere; the labels are saved.
    ///
    /// # Errors
    ///
    /// A Var that is no matrix, another number of labels than rows, or a label that is no class.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::leaf(tensor![[-1.0, -2.0], [-3.0, -4.0]]);
    /// let loss = x.nll(&tensor![i64; 0, 1])?; // (1 + 4) / 2
    /// assert_eq!(loss.item()?, 2.5);
    /// assert_eq!(loss.backward()?.wrt(&x), Some(&tensor![[-0.5, 0.0], [0.0, -0.5]]));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.nn.functional.nll_loss`
    #[track_caller]
    pub fn nll(&self, labels: &Tensor<i64>) -> Result<Self> {
        Nll {
            labels: labels.clone(),
            shape: *self.shape(),
        }
        .apply(self)
    }
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
        gradcheck(|x| x[0].nll(&labels), &x)?;
        gradgradcheck(|x| x[0].nll(&labels), &x)?;
        gradcheck(
            |x| x[0].t()?.narrow(0, 0, 3)?.nll(&tensor![i64; 2, 1, 0]),
            &x,
        )?;
        let (none, no_labels) = ([Tensor::zeros_of([0, 3])?], Tensor::zeros_of(0)?);
        gradgradcheck(|x| x[0].nll(&no_labels), &none)
    }

    #[test]
    fn only_the_labels_count() -> Result<()> {
        let x = Var::leaf(tensor![[-1.0, -2.0], [-3.0, -4.0]]);
        let y = x.nll(&tensor![i64; 1, 0])?;
        assert_eq!(y.item()?, 2.5);
        assert_eq!(
            y.backward()?.wrt(&x).map(Tensor::to_vec),
            Some(vec![0.0, -0.5, -0.5, 0.0])
        );
        assert!(x.nll(&tensor![i64; 1, 2]).is_err() && x.nll(&tensor![i64; 1]).is_err());
        Ok(())
    }
}
