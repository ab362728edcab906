//! Weights that keep lengths or pass inputs on: orthogonal ones and Dirac's.

use gradlet_tensor::{Error, ErrorKind, Float, IntoShape, Result, Shape, Tensor};
use rand::Rng;

use crate::require::{require, setting};

/// A random matrix `[out, the rest]` whose rows, or columns if there are fewer of them, are orthogonal and of length
/// `gain`: each such matrix is as likely as any other.
///
/// The numbers are normal ones made orthogonal in `f64`, by Gram and Schmidt's method, twice, so that they are orthogonal
/// to the last digits.
///
/// # Errors
///
/// If the shape has fewer than two axes, the gain is not finite, or memory does not hold that many weights.
///
/// # Example
///
/// ```
/// # use gradlet_nn::init::orthogonal;
/// # use gradlet_tensor::{Tensor, rng};
/// # fn main() -> gradlet_tensor::Result<()> {
/// let weight: Tensor = orthogonal([3, 5], 2.0, &mut rng(7))?;
/// let gram = weight.matmul(&weight.t()?)?;
/// assert!(gram.allclose(&Tensor::eye(3)?.mul_scalar(4.0), 0.0, 1e-5));
/// # Ok(())
/// # }
/// ```
///
/// # Source
///
/// A. Saxe et al., "Exact solutions to the nonlinear dynamics of learning in deep linear neural networks", 2013;
/// `torch.nn.init.orthogonal_`
#[track_caller]
pub fn orthogonal<T: Float>(
    shape: impl IntoShape,
    gain: f64,
    rng: &mut (impl Rng + ?Sized),
) -> Result<Tensor<T>> {
    let (op, shape) = ("orthogonal", shape.into_shape()?);
    let &[rows, _, ..] = &shape[..] else {
        return Err(weight_expected(op, shape));
    };
    setting::<T>(op, "gain", "finite", gain, f64::is_finite)?;
    if shape.numel() == 0 {
        return Tensor::zeros_of(shape);
    }
    let columns = shape.numel() / rows;
    let (count, length) = (rows.min(columns), rows.max(columns));
    let normal = Tensor::<f64>::normal([count, length], 0.0, 1.0, rng);
    let once = orthonormal(normal?)?;
    let mut matrix = orthonormal(once)?.mul_scalar(gain);
    if rows > columns {
        matrix = matrix.t()?;
    }
    matrix.reshape(shape).map(|matrix| matrix.cast())
}

/// The rows, each without its parts along those above, divided by its norm.
#[inline]
fn orthonormal(mut rest: Tensor<f64>) -> Result<Tensor<f64>> {
    let mut found = Vec::with_capacity(rest.shape()[0]);
    while !rest.is_empty() {
        let count = rest.shape()[0];
        let row = rest.narrow(0, 0, 1)?;
        let row = row.div_scalar(row.norm(2.0, ..)?.item()?);
        rest = rest.narrow(0, 1, count - 1)?;
        rest = rest.sub(&rest.matmul(&row.t()?)?.matmul(&row)?)?;
        found.push(row);
    }
    Tensor::cat(&found.iter().collect::<Vec<_>>(), 0)
}

/// The kernel of a convolution that passes on as many channels as it can: in each group, output i is input i.
///
/// # Shape
///
/// `[out, in / groups, ..]` with one to three sizes of a kernel, of which the middle is 1: at `size / 2`.
///
/// # Errors
///
/// If the shape does not have three to five axes, or the groups do not divide the outputs.
///
/// # Example
///
/// ```
/// # use gradlet_nn::init::dirac;
/// # use gradlet_tensor::{Tensor, tensor};
/// # fn main() -> gradlet_tensor::Result<()> {
/// let weight: Tensor = dirac([2, 1, 3], 1)?;
/// assert_eq!(weight, tensor![[[0.0, 1.0, 0.0]], [[0.0, 0.0, 0.0]]]);
/// # Ok(())
/// # }
/// ```
///
/// # Source
///
/// `torch.nn.init.dirac_`
#[track_caller]
pub fn dirac<T: Float>(shape: impl IntoShape, groups: usize) -> Result<Tensor<T>> {
    let (op, shape) = ("dirac", shape.into_shape()?);
    let (&[outputs, inputs, ref kernel @ ..], 3..=5) = (&shape[..], shape.rank()) else {
        return Err(weight_expected(op, shape));
    };
    let divides = groups > 0 && outputs.is_multiple_of(groups);
    require(
        divides,
        op,
        "groups",
        "a divisor of the outputs",
        groups as f64,
    )?;
    // Wrong for shapes that no memory holds, whose elements nothing asks for.
    let field = kernel
        .iter()
        .fold(1, |field: usize, size| field.wrapping_mul(*size));
    let middle = |at: usize, size: &usize| at.wrapping_mul(*size).wrapping_add(size / 2);
    let middle = kernel.iter().fold(0, middle);
    let number = |i: usize| {
        let (output, input, place) = (i / field / inputs, i / field % inputs, i % field);
        let passes = place == middle && output % (outputs / groups) == input;
        if passes { T::one() } else { T::zero() }
    };
    Tensor::from_fn(shape, number)
}

#[track_caller]
fn weight_expected(op: &'static str, shape: Shape) -> Error {
    let expected = match op {
        "dirac" => "a weight [out, in, ..] with a kernel of one to three sizes",
        _ => "a weight [out, in, ..]",
    };
    Error::new(ErrorKind::Rank {
        op,
        expected,
        shape,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use gradlet_tensor::{rng, tensor, threads};

    #[test]
    fn wide_tall_and_square_weights_are_orthogonal_to_the_last_digits() -> Result<()> {
        let shapes: [&[usize]; 6] = [
            &[4, 4],
            &[2, 9],
            &[9, 2],
            &[3, 2, 2, 2],
            &[1, 5],
            &[200, 200],
        ];
        for shape in shapes {
            let weight: Tensor<f64> = orthogonal(shape, 1.5, &mut rng(3))?;
            assert_eq!(&weight.shape()[..], shape);
            let matrix = weight.flatten(1..)?;
            let short = if matrix.shape()[0] > matrix.shape()[1] {
                matrix.t()?
            } else {
                matrix
            };
            let gram = short.matmul(&short.t()?)?;
            let expected = Tensor::eye_of(gram.shape()[0])?.mul_scalar(2.25);
            assert!(gram.allclose(&expected, 0.0, 1e-14), "{shape:?}");
        }
        Ok(())
    }

    #[test]
    fn nearly_equal_rows_are_orthogonal_too() -> Result<()> {
        let near = tensor![f64; [1.0, 0.0, 0.0], [1.0, 1e-9, 0.0], [1.0, 1e-9, 1e-9]];
        let once = orthonormal(near)?;
        let twice = orthonormal(once)?;
        let gram = twice.matmul(&twice.t()?)?;
        assert!(gram.allclose(&Tensor::eye_of(3)?, 0.0, 1e-15), "{gram}");
        Ok(())
    }

    #[test]
    fn threads_do_not_change_the_bits() -> Result<()> {
        let make = || orthogonal::<f32>([150, 130], 1.0, &mut rng(3));
        let (one, two) = (threads::with(1, make)?, threads::with(2, make)?);
        assert_eq!(one, two);
        Ok(())
    }

    #[test]
    fn dirac_passes_channels_on_in_each_group() -> Result<()> {
        let weight: Tensor = dirac([4, 2, 1, 2], 2)?;
        let nonzero = weight.nonzero()?;
        let expected = tensor![i64; [0, 0, 0, 1], [1, 1, 0, 1], [2, 0, 0, 1], [3, 1, 0, 1]];
        assert_eq!((nonzero, weight.sum(..)?.item()?), (expected, 4.0));
        assert!(dirac::<f32>([2, 0, 3], 1)?.is_empty() && dirac::<f32>([0, 2, 3], 1)?.is_empty());
        Ok(())
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let text = |result: Result<Tensor>| result.unwrap_err().to_string();
        let rng = &mut rng(0);
        for (text, expected) in [
            (
                text(orthogonal([3], 1.0, rng)),
                "orthogonal: expected a weight [out, in, ..], got shape [3] ",
            ),
            (
                text(orthogonal([3, 2], 1e39, rng)),
                "orthogonal: gain must be finite, got 1e39, which is inf as f32 ",
            ),
            (
                text(dirac([3, 2], 1)),
                "dirac: expected a weight [out, in, ..] with a kernel of one to three sizes, got ",
            ),
            (
                text(dirac([3, 2, 1], 2)),
                "dirac: groups must be a divisor of the outputs, got 2 ",
            ),
            (
                text(dirac([3, 2, 1], 0)),
                "dirac: groups must be a divisor of the outputs, got 0 ",
            ),
        ] {
            assert!(
                text.starts_with(expected) && text.contains(&format!("(at {}:", file!())),
                "{text}"
            );
        }
        assert!(orthogonal::<f32>([0, 3], 1.0, rng).is_ok());
    }
}
