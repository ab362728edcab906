//! [`Elements`] and [`Channels`]: forms that zero single elements or whole channels.

use gradlet_autograd::{Float, Result, Var, dropout_owned};
use gradlet_tensor::{DrawKey, Error, ErrorKind, Mask, Shape};

use super::form::Form;

/// When dropout scales, so that the mean of its output in training equals its output in eval mode.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Scaling {
    /// Kept elements are divided by 1 - p in training, and eval mode is the identity: inverted dropout, the usual form.
    #[default]
    Training,
    /// Kept elements stay as they are in training, and eval mode multiplies by 1 - p: classic dropout, from 2014.
    Test,
}

/// Zeroes each element by itself, or all elements along chosen axes together: the form of [`Dropout`](super::Dropout).
#[derive(Clone, Debug, Default)]
pub struct Elements {
    pub(super) scaling: Scaling,
    pub(super) noise_shape: Option<Vec<Option<usize>>>,
}

impl Elements {
    /// The form with a noise shape as in `tf.nn.dropout`: for each axis, `None` takes the size of the input, and
    /// `Some(1)` drops all elements along the axis together.
    pub(crate) fn with_noise_shape(noise_shape: &[Option<usize>]) -> Self {
        Self {
            noise_shape: Some(noise_shape.to_vec()),
            ..Self::default()
        }
    }

    /// The mask for an `x` of this shape, with one bit for each element.
    #[track_caller]
    pub(crate) fn mask(&self, x: Shape, p: f64, key: DrawKey) -> Result<Mask> {
        let mask = Mask::draw(self.noise_shape(x)?, p, key)?;
        if *mask.shape() == x {
            return Ok(mask);
        }
        mask.broadcast_to(x)
    }
}

impl Form for Elements {
    const NAME: &'static str = "Dropout";

    #[inline]
    fn noise_shape(&self, x: Shape) -> Result<Shape> {
        let Some(wanted) = &self.noise_shape else {
            return Ok(x);
        };
        let op = "noise_shape";
        if wanted.len() != x.rank() {
            let expected = "an input with as many axes as the noise shape";
            let shape = x;
            return Err(Error::new(ErrorKind::Rank {
                op,
                expected,
                shape,
            }));
        }
        let sizes = wanted.iter().zip(&x);
        let noise: Vec<_> = sizes.map(|(size, &own)| size.unwrap_or(own)).collect();
        let noise = Shape::new(&noise)?;
        if Shape::broadcast(&noise, &x).map_err(|error| error.of(op))? != x {
            return Err(Error::new(ErrorKind::ShapeMismatch {
                op,
                expected: x,
                found: noise,
            }));
        }
        Ok(noise)
    }

    fn perturb<T: Float>(&self, x: Var<T>, p: f64, key: DrawKey) -> Result<Var<T>> {
        let mask = self.mask(*x.shape(), p, key)?;
        dropout_owned(x, mask, T::of(self.scaling.of_kept(p)))
    }

    #[inline]
    fn evaluate<T: Float>(&self, x: Var<T>, p: f64) -> Result<Var<T>> {
        match self.scaling {
            Scaling::Training => Ok(x),
            // Zeros are selected, as in training: 0 times infinity would be NaN.
            Scaling::Test if p == 1.0 => zeros(x),
            Scaling::Test => Ok(x * T::of(1.0 - p)),
        }
    }

    fn setting(&self) -> String {
        let size = |size: &Option<usize>| size.map_or("_".to_owned(), |size| size.to_string());
        let noise = self.noise_shape.as_ref().map_or_else(String::new, |noise| {
            let sizes: Vec<_> = noise.iter().map(size).collect();
            format!(", noise_shape=[{}]", sizes.join(", "))
        });
        let scaling = match self.scaling {
            Scaling::Training => "",
            Scaling::Test => ", scaling=test",
        };
        noise + scaling
    }
}

impl Scaling {
    /// The factor of kept elements in training; infinite for p = 1, where nothing is kept.
    pub(crate) fn of_kept(self, p: f64) -> f64 {
        match self {
            Scaling::Training => 1.0 / (1.0 - p),
            Scaling::Test => 1.0,
        }
    }
}

/// A result that is +0 for every element of `x`, whatever its value, and so is its gradient.
#[track_caller]
pub(super) fn zeros<T: Float>(x: Var<T>) -> Result<Var<T>> {
    // p = 1 draws nothing.
    let nothing = Mask::draw(x.shape(), 1.0, DrawKey { seed: 0, call: 0 })?;
    dropout_owned(x, nothing, T::of(1.0))
}

/// Zeroes whole channels of inputs with `N` spatial axes: the form of [`Dropout1d`](super::Dropout1d), `Dropout2d` and
/// `Dropout3d`.
#[derive(Clone, Debug, Default)]
pub struct Channels<const N: usize>;

impl<const N: usize> Form for Channels<N> {
    const NAME: &'static str = ["Dropout1d", "Dropout2d", "Dropout3d"][N - 1];

    fn noise_shape(&self, x: Shape) -> Result<Shape> {
        // Without a batch, the first axis is the channels, but Dropout2d reads three axes as [batch, channels, length].
        let kept = match x.rank() {
            rank if rank == N + 2 => 2,
            rank if rank == N + 1 => 1 + usize::from(N == 2),
            _ => {
                let expected = [
                    "[batch, channels, length] or [channels, length]",
                    "[batch, channels, height, width] or [batch, channels, length]",
                    "[batch, channels, depth, height, width] or [channels, depth, height, width]",
                ][N - 1];
                let (op, shape) = (Self::NAME, x);
                return Err(Error::new(ErrorKind::Rank {
                    op,
                    expected,
                    shape,
                }));
            }
        };
        first_axes(x, kept)
    }

    fn perturb<T: Float>(&self, x: Var<T>, p: f64, key: DrawKey) -> Result<Var<T>> {
        let mask = Mask::draw(self.noise_shape(*x.shape())?, p, key)?.broadcast_to(x.shape())?;
        dropout_owned(x, mask, T::of(Scaling::Training.of_kept(p)))
    }
}

/// `x` with only its first `count` sizes; the others become 1.
#[track_caller]
pub(super) fn first_axes(x: Shape, count: usize) -> Result<Shape> {
    let mut sizes = x.to_vec();
    sizes[count..].fill(1);
    Shape::new(&sizes)
}
