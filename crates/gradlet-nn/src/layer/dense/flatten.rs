//! [`Flatten`]: a layer that merges axes.

use gradlet_autograd::{Float, Result, Var};

use crate::forward::Forward;
use crate::mode::Mode;
use crate::module::Module;

/// Merges all axes after the batch into one, or those from [`start`](Self::start) to [`end`](Self::end).
///
/// # Shape
///
/// `[n, a, b, ...] -> [n, a * b * ...]`
///
/// # Example
///
/// ```
/// # use gradlet_nn::{Flatten, Forward};
/// # use gradlet_autograd::Var;
/// # use gradlet_tensor::Tensor;
/// # fn main() -> gradlet_tensor::Result<()> {
/// let x = Var::constant(Tensor::zeros([5, 2, 3, 4])?);
/// assert_eq!(Flatten::new().forward(&x)?.shape(), [5, 24]);
/// assert_eq!(Flatten::new().start(0).end(-2).forward(&x)?.shape(), [30, 4]);
/// # Ok(())
/// # }
/// ```
///
/// # Source
///
/// `torch.nn.Flatten`
#[derive(Clone, Debug, Module)]
#[module(describe = Self::axes)]
pub struct Flatten {
    #[module(skip)]
    start: isize,
    #[module(skip)]
    end: isize,
    mode: Mode,
}

impl Flatten {
    /// A layer, which has no parameters.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same layer with this first axis, 1 if it is not set; a negative one counts from the end.
    pub fn start(self, start: isize) -> Self {
        Self { start, ..self }
    }

    /// The same layer with this last axis, -1 if it is not set; a negative one counts from the end.
    pub fn end(self, end: isize) -> Self {
        Self { end, ..self }
    }

    fn axes(&self) -> String {
        match (self.start, self.end) {
            (1, -1) => String::new(),
            (start, end) => format!("axes {start} to {end}"),
        }
    }
}

impl Default for Flatten {
    fn default() -> Self {
        let (start, end, mode) = (1, -1, Mode::Train);
        Self { start, end, mode }
    }
}

impl<T: Float> Forward<T> for Flatten {
    fn forward(&self, x: &Var<T>) -> Result<Var<T>> {
        let Self { start, end, .. } = *self;
        // A batch of single numbers gets an axis of size 1.
        if (x.rank(), start, end) == (1, 1, -1) {
            return x.unsqueeze(1);
        }
        x.flatten(start..=end).map_err(|error| self.name_in(error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gradlet_tensor::Tensor;

    #[test]
    fn the_batch_stays() -> Result<()> {
        let flat = |shape: &[usize]| Flatten::new().forward(&Var::constant(Tensor::zeros(shape)?));
        assert_eq!(flat(&[5, 2, 3])?.shape(), [5, 6]);
        assert_eq!(flat(&[5, 6])?.shape(), [5, 6]);
        assert_eq!(flat(&[5])?.shape(), [5, 1]);
        assert!(flat(&[]).is_err());
        Ok(())
    }

    #[test]
    fn axes_that_do_not_exist_are_shown() -> Result<()> {
        let x = Var::constant(Tensor::zeros([2, 3])?);
        assert_eq!(Flatten::new().start(0).forward(&x)?.shape(), [6]);
        let error = Flatten::new().start(2).forward(&x).unwrap_err().to_string();
        let expected = "Flatten(axes 2 to -1): axis 2 is out of range for shape [2, 3]";
        assert!(error.starts_with(expected), "{error}");
        Ok(())
    }
}
