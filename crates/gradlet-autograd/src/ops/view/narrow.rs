//! A range of indices of one axis.

use gradlet_tensor::{Float, Result, Tensor};

use crate::op::{One, Op};
use crate::part::Part;
use crate::saves::Nothing;
use crate::var::Var;

/// y[.., i, ..] = x[.., start + i, ..] for i < length
#[derive(Debug)]
struct Narrow {
    part: Part,
    length: usize,
}

impl<T: Float> Op<T> for Narrow {
    type Arity = One;
    type Saves = Nothing;

    fn forward(&self, x: &Tensor<T>) -> Result<Tensor<T>> {
        x.narrow(self.part.axis, self.part.start, self.length)
    }

    /// dx = g, with zeros on both sides
    fn backward(&self, g: Var<T>, (): ()) -> Result<Var<T>> {
        let &Self { part, length } = self;
        Surround { part, length }.apply(&g)
    }

    fn part(&self) -> Option<Part> {
        Some(self.part)
    }
}

/// y = x, with zeros before and after it along an axis
#[derive(Debug)]
struct Surround {
    part: Part,
    length: usize,
}

impl<T: Float> Op<T> for Surround {
    type Arity = One;
    type Saves = Nothing;

    fn forward(&self, x: &Tensor<T>) -> Result<Tensor<T>> {
        self.part.among_zeros(x)
    }

    /// dx = g without its ends
    fn backward(&self, g: Var<T>, (): ()) -> Result<Var<T>> {
        let &Self { part, length } = self;
        g.narrow(part.axis, part.start, length)
    }
}

impl<T: Float> Var<T> {
    /// The elements at `length` indices of one axis, from `start`; a negative `start` counts from the end. A view.
    ///
    /// # Shape
    ///
    /// `narrow(1, 2, 3)`: `[a, n, b] -> [a, 3, b]`
    ///
    /// # Gradient
    ///
    /// `g`, with zeros where nothing was taken; nothing is saved.
    ///
    /// # Errors
    ///
    /// If the axis is out of range, or does not have these indices.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::leaf(tensor![1.0, 2.0, 3.0, 4.0]);
    /// let y = x.narrow(0, 1, 2)?;
    /// assert_eq!(y.to_vec(), [2.0, 3.0]);
    /// assert_eq!(y.sum(..)?.backward()?.wrt(&x), Some(&tensor![0.0, 1.0, 1.0, 0.0]));
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn narrow(&self, axis: isize, start: impl TryInto<i64>, length: usize) -> Result<Self> {
        let shape = *self.shape();
        let start = match start.try_into().unwrap_or(i64::MAX) {
            start @ 0.. => start as usize,
            start => shape
                .index(axis, start)
                .map_err(|error| error.of("narrow"))?,
        };
        let part = Part { axis, start, shape };
        Narrow { part, length }.apply(self)
    }

    /// The elements at one index of one axis, which goes away; a negative index counts from the end. A view.
    ///
    /// # Shape
    ///
    /// `select(1, i)`: `[a, n, b] -> [a, b]`
    ///
    /// # Gradient
    ///
    /// `g`, with zeros where nothing was taken; nothing is saved.
    ///
    /// # Errors
    ///
    /// If the axis or the index is out of range.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::leaf(tensor![[1.0, 2.0], [3.0, 4.0]]);
    /// assert_eq!(x.select(0, 1)?.to_vec(), [3.0, 4.0]);
    /// assert_eq!(x.select(-1, -2)?.to_vec(), [1.0, 3.0]);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn select(&self, axis: isize, index: impl TryInto<i64>) -> Result<Self> {
        let index = index.try_into().unwrap_or(i64::MAX);
        let shape = *self.tensor().select(axis, index)?.shape();
        self.narrow(axis, index, 1)?.reshape(shape)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backward::{CreateGraph, grad};
    use crate::check::{gradcheck, gradcheck_everywhere, gradgradcheck};
    use gradlet_tensor::{rng, tensor};

    #[test]
    fn gradients_agree_with_finite_differences() -> Result<()> {
        let x = [Tensor::<f64>::normal([2, 5, 3], 0.0, 1.0, &mut rng(1))?];
        for (start, length) in [(0, 5), (1, 3), (4, 1), (2, 0)] {
            gradcheck(|x| x[0].narrow(1, start, length), &x)?;
            gradgradcheck(|x| x[0].narrow(-2, start, length), &x)?;
        }
        gradcheck(|x| x[0].narrow(1, -4, 2), &x)?;
        gradcheck(|x| x[0].select(1, 3), &x)?;
        gradgradcheck(|x| x[0].select(-2, -2), &x)?;
        gradcheck_everywhere(
            |x| x,
            |x| {
                if x.rank() == 0 {
                    Ok(x.clone())
                } else {
                    x.narrow(-1, 0, 1)
                }
            },
        );
        Ok(())
    }

    #[test]
    fn parts_add_up_in_a_sum_that_something_else_holds_or_repeats() -> Result<()> {
        let x = Var::leaf(tensor![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
        let y = &x * 2.0;
        // The first gradient of y is one number repeated six times, then overlapping parts are added, along both axes.
        let loss = y
            .sum(..)?
            .add(&y.narrow(1, 0, 2)?.mul_scalar(10.0).sum(..)?)?
            .add(&y.narrow(1, 1, 2)?.mul_scalar(100.0).sum(..)?)?
            .add(&y.select(0, 1)?.mul_scalar(1000.0).sum(..)?)?;
        let row = [22.0, 222.0, 202.0];
        let expected = [row, row.map(|g| g + 2000.0)].concat();
        for create_graph in [CreateGraph::No, CreateGraph::Yes] {
            let dx = grad(&loss, &[&x], create_graph)?[0].to_vec();
            assert_eq!(dx, expected, "{create_graph:?}");
        }
        let seed = Tensor::ones([2, 2])?;
        let both = x.transpose(0, 1)?;
        let (first, last) = (both.narrow(0, 0, 2)?, both.narrow(0, 1, 2)?);
        let grads = first.add(&last)?.backward_with(seed.clone())?;
        assert_eq!(
            grads.wrt(&x).map(Tensor::to_vec),
            Some(vec![1.0, 2.0, 1.0, 1.0, 2.0, 1.0])
        );
        assert_eq!(seed.to_vec(), [1.0; 4]);
        Ok(())
    }

    #[test]
    fn what_was_not_taken_gets_zeros() -> Result<()> {
        let x = Var::leaf(tensor![1.0, 2.0, 3.0, 4.0]);
        let y = x.narrow(0, 1, 2)?;
        assert_eq!(y.to_vec(), [2.0, 3.0]);
        let grads = y.backward_with(tensor![10.0, 20.0])?;
        assert_eq!(
            grads.wrt(&x).map(Tensor::to_vec),
            Some(vec![0.0, 10.0, 20.0, 0.0])
        );
        assert!(
            x.narrow(0, 3, 2).is_err() && x.narrow(1, 0, 1).is_err() && x.select(0, 4).is_err()
        );
        Ok(())
    }
}
