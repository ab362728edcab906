//! [`Contribution`]: an operation's contribution to the gradient of an input, to all of it or a part.

use gradlet_tensor::{Error, ErrorKind, Float, Result, Shape, Tensor, fused};

use crate::record::History;
use crate::var::Var;

/// Consecutive indices, from `start`, of an axis of a tensor of this shape; the gradient is 0 before and after them.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct Part {
    pub(crate) axis: isize,
    pub(crate) start: usize,
    pub(crate) shape: Shape,
}

impl Part {
    /// The gradient of this shape: `g` at its place, zeros elsewhere.
    pub(crate) fn among_zeros<T: Float>(&self, g: &Tensor<T>) -> Result<Tensor<T>> {
        let mut whole = Tensor::zeros_of(self.shape)?;
        self.add(&mut whole, g)?;
        Ok(whole)
    }

    /// Adds `g` at its place in `sum`, without a copy if the memory of `sum` is not shared.
    fn add<T: Float>(&self, sum: &mut Tensor<T>, g: &Tensor<T>) -> Result<()> {
        fused::narrow_add(sum, self.axis, self.start, g)
    }
}

/// An operation's contribution to the gradient of an input.
pub(crate) enum Contribution<T: Float> {
    /// The whole gradient.
    Whole(Var<T>),
    /// A constant gradient of a part; the rest gets nothing.
    Part(Var<T>, Box<Part>),
}

impl<T: Float> From<Var<T>> for Contribution<T> {
    #[inline]
    fn from(g: Var<T>) -> Self {
        Self::Whole(g)
    }
}

impl<T: Float> Contribution<T> {
    pub(crate) fn part(g: Var<T>, part: Part) -> Self {
        Self::Part(g, Box::new(part))
    }

    /// The contribution as a gradient of the whole input.
    #[inline]
    pub(crate) fn whole(self) -> Result<Var<T>> {
        match self {
            Self::Whole(g) => Ok(g),
            Self::Part(g, part) => Ok(Var::constant(part.among_zeros(&g.tensor)?)),
        }
    }

    /// The shape of the whole input.
    pub(crate) fn shape(&self) -> &Shape {
        match self {
            Self::Whole(g) => g.shape(),
            Self::Part(_, part) => &part.shape,
        }
    }

    /// An error unless this is a gradient of a value of this shape; a sum would broadcast it.
    #[track_caller]
    fn expect_shape(&self, expected: &Shape) -> Result<()> {
        let found = self.shape();
        if found == expected {
            return Ok(());
        }
        Err(Error::new(ErrorKind::ShapeMismatch {
            op: "backward",
            expected: *expected,
            found: *found,
        }))
    }

    /// `sum += self`; in place if neither is tracked and the sum's memory is not shared.
    ///
    /// # Errors
    ///
    /// If the shapes differ, because an operation's gradient does not have the shape of its input, or a leaf had
    /// different shapes when it was used.
    pub(crate) fn add_to(self, sum: &mut Var<T>) -> Result<()> {
        self.expect_shape(sum.shape())?;
        match self {
            Self::Whole(g) if sum.is_tracked() || g.is_tracked() => *sum = sum.add(&g)?,
            // Here recording is off or both are constants, so the sum is a constant.
            constant => {
                sum.history = History::CONSTANT;
                constant.accumulate(&mut sum.tensor)?;
            }
        }
        Ok(())
    }

    /// As `add_to`, without a history.
    pub(crate) fn add_to_tensor(self, sum: &mut Tensor<T>) -> Result<()> {
        self.expect_shape(sum.shape())?;
        self.accumulate(sum)
    }

    fn accumulate(self, sum: &mut Tensor<T>) -> Result<()> {
        match self {
            Self::Whole(g) => sum.add_assign(&g.tensor),
            Self::Part(g, part) => part.add(sum, &g.tensor),
        }
    }
}
