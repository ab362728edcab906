//! [`Unflatten`]: a layer that splits an axis into several.

use gradlet_autograd::{Float, Result, Var};

use crate::forward::Forward;
use crate::mode::Mode;
use crate::module::Module;
use crate::require::require;

/// Splits an axis into several of the given sizes, one of which may be -1: it is whatever is left.
///
/// # Shape
///
/// `Unflatten::new(1, &[3, -1])`: `[n, 12] -> [n, 3, 4]`
///
/// # Example
///
/// ```
/// # use gradlet_nn::{Forward, Unflatten};
/// # use gradlet_autograd::Var;
/// # use gradlet_tensor::Tensor;
/// # fn main() -> gradlet_tensor::Result<()> {
/// let x = Var::constant(Tensor::zeros([8, 2 * 5 * 5])?);
/// assert_eq!(Unflatten::new(1, &[-1, 5, 5])?.forward(&x)?.shape(), [8, 2, 5, 5]);
/// # Ok(())
/// # }
/// ```
///
/// # Source
///
/// `torch.nn.Unflatten`
#[derive(Clone, Debug, Module)]
#[module(describe = Self::sizes)]
pub struct Unflatten {
    #[module(skip)]
    axis: isize,
    /// `None` for whatever is left.
    #[module(skip)]
    sizes: Vec<Option<usize>>,
    mode: Mode,
}

impl Unflatten {
    /// A layer that splits this axis; a negative one counts from the end.
    ///
    /// # Errors
    ///
    /// If a size is below -1, or several are -1.
    #[track_caller]
    pub fn new(axis: isize, sizes: &[isize]) -> Result<Self> {
        for &size in sizes {
            require(
                size >= -1,
                "Unflatten",
                "a size",
                "at least -1",
                size as f64,
            )?;
        }
        let open = sizes.iter().filter(|&&size| size == -1).count();
        let expected = "at most 1";
        require(
            open <= 1,
            "Unflatten",
            "the number of sizes of -1",
            expected,
            open as f64,
        )?;
        Ok(Self {
            axis,
            sizes: sizes.iter().map(|&size| size.try_into().ok()).collect(),
            mode: Mode::Train,
        })
    }

    fn sizes(&self) -> String {
        let size = |size: &Option<usize>| size.map_or("-1".to_owned(), |size| size.to_string());
        let sizes: Vec<_> = self.sizes.iter().map(size).collect();
        format!("axis {}, [{}]", self.axis, sizes.join(", "))
    }

    #[track_caller]
    fn split<T: Float>(&self, x: &Var<T>) -> Result<Var<T>> {
        let known = self.sizes.iter().flatten();
        let known = known.fold(1, |product: usize, &size| product.saturating_mul(size));
        let whole = x
            .tensor()
            .size(self.axis)
            .map_err(|error| error.of("unflatten"))?;
        let left = whole.checked_div(known).unwrap_or(0);
        let sizes = self.sizes.iter().map(|size| size.unwrap_or(left));
        x.unflatten(self.axis, &sizes.collect::<Vec<_>>())
    }
}

impl<T: Float> Forward<T> for Unflatten {
    fn forward(&self, x: &Var<T>) -> Result<Var<T>> {
        self.split(x).map_err(|error| self.name_in(error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gradlet_tensor::Tensor;

    #[test]
    fn sizes_that_do_not_fit_are_errors() -> Result<()> {
        let x = Var::constant(Tensor::zeros([2, 10])?);
        for sizes in [
            &[3, -1][..],
            &[3, 3],
            &[0, -1],
            &[isize::MAX, isize::MAX, -1],
            &[],
        ] {
            let layer = Unflatten::new(1, sizes)?;
            let error = layer.forward(&x).unwrap_err().to_string();
            assert!(error.starts_with("Unflatten(axis 1, ["), "{error}");
        }
        let error = Unflatten::new(1, &[4, -1])?.forward(&x).unwrap_err();
        let expected = "Unflatten(axis 1, [4, -1]): the product of the sizes must be the size of the axis, got 8";
        assert!(error.to_string().starts_with(expected), "{error}");
        assert!(Unflatten::new(2, &[-1])?.forward(&x).is_err());
        assert!(Unflatten::new(1, &[-1, -1]).is_err() && Unflatten::new(1, &[-2]).is_err());
        Ok(())
    }
}
