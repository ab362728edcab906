//! Elements shifted around.

use gradlet_tensor::{Float, Result, Tensor};

use crate::op::{One, Op};
use crate::operators::infallible;
use crate::saves::Nothing;
use crate::var::Var;

/// y[.., (i + shift) mod n, ..] = x[.., i, ..] along each of the axes
#[derive(Debug)]
struct Roll {
    shifts: Vec<isize>,
    axes: Vec<isize>,
}

impl<T: Float> Op<T> for Roll {
    type Arity = One;
    type Saves = Nothing;

    fn forward(&self, x: &Tensor<T>) -> Result<Tensor<T>> {
        x.roll(&self.shifts, &self.axes)
    }

    /// dx = g, shifted back
    fn backward(&self, g: Var<T>, (): ()) -> Result<Var<T>> {
        let mut back = Vec::with_capacity(self.shifts.len());
        for (shift, &axis) in self.shifts.iter().zip(&self.axes) {
            // The smallest isize has no negative, but a remainder has one.
            let size = g.tensor().size(axis)? as isize;
            back.push(-shift.checked_rem(size).unwrap_or(0));
        }
        g.roll(&back, &self.axes)
    }
}

impl<T: Float> Var<T> {
    /// The elements shifted along axes: elements that leave an axis at its end come in again at its start. An axis that
    /// is named twice is shifted by the sum.
    ///
    /// # Shape
    ///
    /// `roll(&[1, -2], &[0, 1])`: `[a, b] -> [a, b]`
    ///
    /// # Gradient
    ///
    /// `g`, shifted back; nothing is saved.
    ///
    /// # Errors
    ///
    /// If an axis is out of range, or the number of shifts is not the number of axes.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::leaf(tensor![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
    /// assert_eq!(x.roll(&[1], &[1])?.tensor(), &tensor![[3.0, 1.0, 2.0], [6.0, 4.0, 5.0]]);
    /// assert_eq!(x.roll(&[1, -1], &[0, 1])?.tensor(), &tensor![[5.0, 6.0, 4.0], [2.0, 3.0, 1.0]]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.roll`
    #[track_caller]
    pub fn roll(&self, shifts: &[isize], axes: &[isize]) -> Result<Self> {
        Roll {
            shifts: shifts.to_vec(),
            axes: axes.to_vec(),
        }
        .apply(self)
    }

    /// As [`roll`](Self::roll), over all elements in row-major order as if they were one row.
    ///
    /// # Shape
    ///
    /// `[...] -> [...]`
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// let x = Var::leaf(tensor![[1.0, 2.0], [3.0, 4.0]]);
    /// assert_eq!(x.roll_flat(1).tensor(), &tensor![[4.0, 1.0], [2.0, 3.0]]);
    /// ```
    ///
    /// # Source
    ///
    /// `torch.roll` without dims
    pub fn roll_flat(&self, shift: isize) -> Self {
        let rolled = self.flatten(..).and_then(|flat| flat.roll(&[shift], &[0]));
        infallible(rolled.and_then(|flat| flat.reshape(self.shape())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{gradcheck, gradcheck_everywhere, gradgradcheck};
    use gradlet_tensor::{rng, tensor};

    #[test]
    fn gradients_agree_with_finite_differences() -> Result<()> {
        gradcheck_everywhere(|x| x, |x| Ok(x.roll_flat(2)));
        let x = [Tensor::<f64>::normal([2, 3, 4], 0.0, 1.0, &mut rng(1))?];
        for (shifts, axes) in [(&[][..], &[][..]), (&[1], &[1]), (&[-7, 1, 1], &[2, 0, 2])] {
            gradcheck(|x| x[0].roll(shifts, axes), &x)?;
            gradgradcheck(|x| x[0].transpose(0, 2)?.roll(shifts, axes), &x)?;
        }
        let empty = [Tensor::zeros_of([0, 2])?];
        gradcheck(|x| x[0].roll(&[isize::MIN, 1], &[0, 1]), &empty)
    }

    #[test]
    fn the_gradient_is_shifted_back() -> Result<()> {
        let x = Var::leaf(tensor![1.0, 2.0, 3.0]);
        for shift in [1, -2, 3 * 1000 + 1, isize::MIN] {
            let y = x.roll(&[shift], &[0])?;
            let g = y.tensor().clone();
            let grads = y.backward_with(g)?;
            assert_eq!(grads.wrt(&x), Some(x.tensor()), "{shift}");
        }
        assert_eq!(x.roll(&[1], &[0])?.to_vec(), [3.0, 1.0, 2.0]);
        assert!(x.roll(&[1], &[1]).is_err() && x.roll(&[1], &[]).is_err());
        Ok(())
    }
}
