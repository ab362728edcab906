//! A slice replaced by other elements.

use std::ops::RangeBounds;

use gradlet_tensor::{Error, Float, Result, Tensor};

use crate::op::{Fixed, Op, Want};
use crate::saves::Nothing;
use crate::var::Var;

/// y = x, with y[.., start + i step, ..] = source[.., i, ..] below `end`
#[derive(Debug)]
struct SliceAssign {
    axis: isize,
    start: isize,
    end: isize,
    step: isize,
}

impl<T: Float> Op<T> for SliceAssign {
    type Arity = Fixed<2>;
    type Saves = Nothing;

    fn forward(&self, [x, source]: [&Tensor<T>; 2]) -> Result<Tensor<T>> {
        let mut y = x.clone();
        y.slice_assign(self.axis, self.start..self.end, self.step, source)?;
        Ok(y)
    }

    fn forward_owned(&self, [mut x, source]: [Tensor<T>; 2]) -> Result<Tensor<T>> {
        x.slice_assign(self.axis, self.start..self.end, self.step, &source)?;
        Ok(x)
    }

    /// dx = g with zeros in the slice, dsource = the slice of g
    fn backward(
        &self,
        g: Var<T>,
        ((), [want_x, want_source]): ((), [Want; 2]),
    ) -> Result<[Option<Var<T>>; 2]> {
        let &Self {
            axis,
            start,
            end,
            step,
        } = self;
        let slice = want_source.then(|| g.slice(axis, start..end, step))?;
        let zero = Var::constant(Tensor::scalar(T::of(0.0)));
        let rest = Self {
            axis,
            start,
            end,
            step,
        };
        Ok([want_x.then(|| rest.apply_owned([g, zero]))?, slice])
    }
}

impl<T: Float> Var<T> {
    /// These elements, with those that [`slice`](Self::slice) of the same axis, range and step would return replaced by
    /// the elements of `source`, which is broadcast to them.
    ///
    /// # Shape
    ///
    /// `slice_assign(1, 2..-1, 3, &source)`: `x: [a, n, b]`, source `[a, ceil((n - 3) / 3), b]`, whose sizes of 1 and
    /// missing leading axes are repeated -> `[a, n, b]`
    ///
    /// # Gradient
    ///
    /// `g` with zeros in the slice; the source gets the slice of `g`, added up where it was repeated. Nothing is saved.
    ///
    /// # Errors
    ///
    /// If the axis is out of range, the step is 0, or the source does not broadcast to the slice.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let (x, source) = (Var::leaf(tensor![1.0, 2.0, 3.0]), Var::leaf(tensor![10.0]));
    /// let y = x.slice_assign(0, 1.., 1, &source)?;
    /// assert_eq!(y.to_vec(), [1.0, 10.0, 10.0]);
    /// let grads = y.sum(..)?.backward()?;
    /// assert_eq!(grads.wrt(&x), Some(&tensor![1.0, 0.0, 0.0]));
    /// assert_eq!(grads.wrt(&source), Some(&tensor![2.0]));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.slice_scatter`; with one index and `source.unsqueeze(axis)`, `torch.select_scatter`
    #[track_caller]
    pub fn slice_assign(
        &self,
        axis: isize,
        range: impl RangeBounds<isize>,
        step: isize,
        source: &Self,
    ) -> Result<Self> {
        let name = |error: Error| error.of("slice_assign");
        let (start, length) = self.shape().span(axis, range).map_err(name)?;
        let (start, end) = (start as isize, (start + length) as isize);
        let slice = self.tensor().slice(axis, start..end, step).map_err(name)?;
        let source = source.broadcast_if_needed(*slice.shape()).map_err(name)?;
        let op = SliceAssign {
            axis,
            start,
            end,
            step,
        };
        op.apply([self, &*source])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{gradcheck, gradgradcheck};
    use gradlet_tensor::{rng, tensor};

    #[test]
    fn gradients_agree_with_finite_differences() -> Result<()> {
        let mut rng = rng(1);
        let mut make = |shape: &[usize]| Tensor::<f64>::normal(shape, 0.0, 1.0, &mut rng);
        let x = make(&[2, 5, 3])?;
        for (source, step) in [
            (make(&[2, 3, 3])?, 1),
            (make(&[2, 1])?, 2),
            (make(&[])?, 3),
            (make(&[3])?, 100),
            (make(&[2, 2, 1])?, -2),
        ] {
            let f = |x: &[Var<f64>]| x[0].slice_assign(-2, 1..=3, step, &x[1]);
            gradcheck(f, &[x.clone(), source.clone()])?;
            gradgradcheck(f, &[x.clone(), source.clone()])?;
            let f = |x: &[Var<f64>]| x[0].square().slice_assign(1, 9.., step, &x[1].sum(..)?);
            gradcheck(f, &[x.clone(), source])?;
        }
        let square = [make(&[3, 3])?];
        let f = |x: &[Var<f64>]| x[0].slice_assign(0, 1..2, 1, &x[0].t()?.narrow(0, 2, 1)?);
        gradcheck(f, &square)?;
        gradgradcheck(f, &square)
    }

    #[test]
    fn each_gets_the_gradient_of_its_elements() -> Result<()> {
        let (x, source) = (
            Var::leaf(tensor![[1.0, 2.0], [3.0, 4.0]]),
            Var::leaf(tensor![[10.0], [20.0]]),
        );
        let y = x.slice_assign(-1, ..=-2, 1, &source)?;
        assert_eq!(y.tensor(), &tensor![[10.0, 2.0], [20.0, 4.0]]);
        assert_eq!(x.tensor(), &tensor![[1.0, 2.0], [3.0, 4.0]]);
        let grads = y.backward_with(tensor![[f32::NAN, 2.0], [3.0, 4.0]])?;
        assert_eq!(grads.wrt(&x), Some(&tensor![[0.0, 2.0], [0.0, 4.0]]));
        let dsource = grads.wrt(&source).map(Tensor::to_vec).unwrap_or_default();
        assert!(dsource[0].is_nan() && dsource[1] == 3.0);
        for error in [
            x.slice_assign(2, .., 1, &source),
            x.slice_assign(1, .., 0, &source),
            x.slice_assign(0, ..1, 1, &source),
        ] {
            let error = error.unwrap_err().to_string();
            assert!(error.starts_with("slice_assign: "), "{error}");
        }
        Ok(())
    }
}
