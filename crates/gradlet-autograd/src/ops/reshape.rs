//! Another shape of the same elements.

use gradlet_tensor::{Error, ErrorKind, Float, IntoShape, Result, Shape, Tensor};

use crate::op::{Fixed, Nothing, Op, Want};
use crate::operators::infallible;
use crate::var::Var;

/// y = x, in another shape
#[derive(Debug)]
struct Reshape {
    from: Shape,
    to: Shape,
}

impl<T: Float> Op<T> for Reshape {
    type Arity = Fixed<1>;
    type Saves = Nothing;

    fn forward(&mut self, [x]: [&Tensor<T>; 1]) -> Result<Tensor<T>> {
        x.reshape(self.to)
    }

    /// dx = g, in the shape of x
    fn backward(&self, g: Var<T>, (): (), _: [Want; 1]) -> Result<[Option<Var<T>>; 1]> {
        Ok([Some(g.reshape(self.from)?)])
    }
}

impl<T: Float> Var<T> {
    /// The same elements, in row-major order, in another shape.
    ///
    /// # Shape
    ///
    /// `[2, 6] -> [3, 4]`
    ///
    /// # Gradient
    ///
    /// `g` in the shape of the input; nothing is saved.
    ///
    /// # Errors
    ///
    /// Another number of elements.
    #[track_caller]
    pub fn reshape(&self, shape: impl IntoShape) -> Result<Self> {
        let to = shape.into_shape()?;
        if to == self.dims() {
            return Ok(self.clone());
        }
        Reshape {
            from: self.dims(),
            to,
        }
        .apply([self])
    }

    /// All elements along one axis: `[a, b] -> [a * b]`.
    pub fn flatten(&self) -> Self {
        infallible(self.reshape(self.len()))
    }

    /// Axes from the given one on merged into one: `flatten_from(1)` of `[n, c, h, w]` is `[n, c * h * w]`.
    ///
    /// # Errors
    ///
    /// An axis out of range.
    #[track_caller]
    pub fn flatten_from(&self, axis: isize) -> Result<Self> {
        let (kept, merged) = self
            .shape()
            .split_at(self.dims().axis("flatten_from", axis)?);
        let mut shape = kept.to_vec();
        shape.push(merged.iter().product());
        self.reshape(&shape)
    }

    /// Without an axis of size 1; as it is where the size is another.
    ///
    /// # Errors
    ///
    /// An axis out of range.
    #[track_caller]
    pub fn squeeze(&self, axis: isize) -> Result<Self> {
        let axis = self.dims().axis("squeeze", axis)?;
        let mut shape = self.shape().to_vec();
        if shape[axis] == 1 {
            shape.remove(axis);
        }
        self.reshape(&shape)
    }

    /// With a new axis of size 1 before the given one; -1 puts it last.
    ///
    /// # Errors
    ///
    /// An axis outside `-rank - 1..=rank`, or a ninth one.
    #[track_caller]
    pub fn unsqueeze(&self, axis: isize) -> Result<Self> {
        let places = self.rank() as isize + 1;
        if !(-places..places).contains(&axis) {
            return Err(Error::new(ErrorKind::AxisOutOfRange {
                op: "unsqueeze",
                axis,
                shape: self.dims(),
            }));
        }
        let mut shape = self.shape().to_vec();
        shape.insert(axis.rem_euclid(places) as usize, 1);
        self.reshape(&shape)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::gradcheck_everywhere;
    use gradlet_tensor::tensor;

    #[test]
    fn gradients_agree_with_finite_differences() {
        gradcheck_everywhere(|x| x, |x| Ok(x.flatten()));
        gradcheck_everywhere(|x| x, |x| x.unsqueeze(0)?.squeeze(0)?.unsqueeze(-1));
    }

    #[test]
    fn the_gradient_takes_the_shape_of_the_input() -> Result<()> {
        let x = Var::leaf(tensor![[[1.0, 2.0], [3.0, 4.0]]]);
        let y = x.flatten_from(1)?;
        assert_eq!(y.shape(), [1, 4]);
        let grads = y.backward_with(tensor![[1.0, 2.0, 3.0, 4.0]])?;
        assert_eq!(grads.wrt(&x), Some(&tensor![[[1.0, 2.0], [3.0, 4.0]]]));
        assert!(x.reshape([3]).is_err() && x.unsqueeze(5).is_err() && x.squeeze(3).is_err());
        Ok(())
    }
}
