//! Initial values that do not depend on the shape: the tensors' own constructors, by PyTorch's names.

use gradlet_tensor::{Float, IntoShape, Result, Tensor};
use rand::Rng;

/// Functions that pass their arguments on to a constructor of tensors.
macro_rules! constructors {
    ($($(#[$about:meta])* $name:ident: $constructor:ident($($argument:ident: $type:ty),*);)*) => {$(
        $(#[$about])*
        ///
        /// # Errors
        ///
        /// If the constructor returns one,
        #[doc = concat!(" [`Tensor::", stringify!($constructor), "`].")]
        ///
        /// # Source
        ///
        #[doc = concat!("`torch.nn.init.", stringify!($name), "_`")]
        #[track_caller]
        pub fn $name<T: Float>($($argument: $type),*) -> Result<Tensor<T>> {
            Tensor::$constructor($($argument),*)
        }
    )*};
}

constructors! {
    /// The same number everywhere.
    constant: full_of(shape: impl IntoShape, value: T);
    /// Zeros.
    zeros: zeros_of(shape: impl IntoShape);
    /// Ones.
    ones: ones_of(shape: impl IntoShape);
    /// Independent uniform numbers in `[low, high)`.
    uniform: uniform(shape: impl IntoShape, low: f64, high: f64, rng: &mut (impl Rng + ?Sized));
    /// Independent normal numbers with this mean and standard deviation.
    normal: normal(shape: impl IntoShape, mean: f64, std: f64, rng: &mut (impl Rng + ?Sized));
}

/// Ones on the diagonal of a matrix, and zeros elsewhere: a layer that returns as many of its inputs as it can.
///
/// # Errors
///
/// If memory does not hold that many elements.
///
/// # Example
///
/// ```
/// # use gradlet_nn::init;
/// # use gradlet_tensor::{Tensor, tensor};
/// # fn main() -> gradlet_tensor::Result<()> {
/// let weight: Tensor = init::eye(2, 3)?;
/// assert_eq!(weight, tensor![[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]);
/// # Ok(())
/// # }
/// ```
///
/// # Source
///
/// `torch.nn.init.eye_`
#[track_caller]
pub fn eye<T: Float>(rows: usize, columns: usize) -> Result<Tensor<T>> {
    let on_diagonal = |i: usize| i / columns == i % columns;
    let number = |i| if on_diagonal(i) { T::one() } else { T::zero() };
    Tensor::from_fn([rows, columns], number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use gradlet_tensor::{rng, tensor};

    #[test]
    fn each_is_the_constructor_of_its_name() -> Result<()> {
        assert_eq!(constant([2], 3.0)?, tensor![3.0, 3.0]);
        assert_eq!(
            (zeros(2)?, ones(2)?),
            (tensor![0.0, 0.0], tensor![1.0, 1.0])
        );
        let draws: Tensor = uniform(9, -1.0, 2.0, &mut rng(1))?;
        assert_eq!(draws, Tensor::uniform(9, -1.0, 2.0, &mut rng(1))?);
        let draws: Tensor<f64> = normal(9, 1.0, 2.0, &mut rng(1))?;
        assert_eq!(draws, Tensor::normal(9, 1.0, 2.0, &mut rng(1))?);
        assert_eq!(eye::<f64>(2, 1)?, tensor![f64; [1.0], [0.0]]);
        assert!(eye::<f32>(0, 3)?.is_empty() && eye::<f32>(3, 0)?.is_empty());
        Ok(())
    }

    #[test]
    fn errors_have_these_names_and_the_callers_line() {
        let rng = &mut rng(1);
        let text = uniform::<f32>(2, 1.0, 0.0, rng).unwrap_err().to_string();
        let line = line!() - 1;
        let at = format!("(at {}:{line})", file!());
        assert!(
            text.starts_with("uniform: high must be at least low") && text.ends_with(&at),
            "{text}"
        );
    }
}
