//! The parts of normalization: moments of groups, elements moved and scaled by group, and the gradient of both.

use super::columns;
use crate::element::Float;
use crate::error::{Error, ErrorKind, Result};
use crate::fused::mul_sum_to;
use crate::kernel::parallel;
use crate::kernel::planes::{self, Planes};
use crate::reduce::rescaling;
use crate::shape::{Layout, Nest, ReducedAxes, Shape};
use crate::tensor::Tensor;

/// Whether elements are standardized by their distances from the group's mean, or from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Centre {
    /// The mean of a group.
    Mean,
    /// 0, without regard to the mean.
    Zero,
}

/// The mean of each group (0 from the centre 0), and the mean square of the distances from it.
///
/// # Shape
///
/// `[n, groups, places] -> [groups, 1], [groups, 1]`
///
/// # Errors
///
/// If there are not three axes.
#[track_caller]
pub fn moments<T: Float>(x: &Tensor<T>, centre: Centre) -> Result<[Tensor<T>; 2]> {
    let planes = planes("moments", x)?;
    let [mean, square] = plain_moments(x, planes, centre)?;
    let Some(divisors) = rescaled_groups(x, &square, T::is_finite)? else {
        return Ok([mean, square]);
    };
    // The sums are too large for the element type; the mean is not, and the mean square may not be.
    let [mean, square] = plain_moments(&x.div(&divisors)?, planes, centre)?;
    let divisors = divisors.reshape(mean.shape())?;
    Ok([mean.mul(&divisors)?, square.mul(&divisors)?.mul(&divisors)?])
}

/// The powers of two by which to divide the groups whose `squares`, as [`moments`] returns them, do not fit; `None` if
/// they all fit, or no divisor makes them.
///
/// # Shape
///
/// `x: [n, groups, places]`, squares `[groups, 1] -> [groups, 1]`
///
/// # Errors
///
/// If the shapes differ from these.
///
/// # Example
///
/// ```
/// # use gradlet_tensor::{fused::{self, Centre}, tensor};
/// # fn main() -> gradlet_tensor::Result<()> {
/// let x = tensor![[[3.0, 4.0], [3e20, 4e20]]];
/// let [_, squares] = fused::moments(&x, Centre::Zero)?; // [12.5, infinity]
/// let divisors = fused::rescaled_groups(&x, &squares, f32::is_finite)?;
/// assert_eq!(divisors, Some(tensor![[1.0], [2f32.powi(68)]]));
/// # Ok(())
/// # }
/// ```
#[track_caller]
pub fn rescaled_groups<T: Float>(
    x: &Tensor<T>,
    squares: &Tensor<T>,
    fits: impl Fn(T) -> bool + Sync,
) -> Result<Option<Tensor<T>>> {
    let op = "rescaled_groups";
    let groups = planes(op, x)?.groups;
    squares.expect_shape(op, [groups, 1])?;
    let axes = ReducedAxes::new(op, *x.shape(), &[0, 2])?;
    let divisors = rescaling(x, axes, &squares.reshape(groups)?, fits)?;
    divisors
        .map(|divisors| divisors.reshape([groups, 1]))
        .transpose()
}

#[track_caller]
fn plain_moments<T: Float>(
    x: &Tensor<T>,
    planes: Planes,
    centre: Centre,
) -> Result<[Tensor<T>; 2]> {
    let x = x.try_contiguous()?;
    let x = x.as_slice().unwrap_or_default();
    let (centred, columns) = (centre == Centre::Mean, planes.inner == 1 && !x.is_empty());
    let both = Tensor::build(Shape::from([planes.groups, 2]), |out| {
        if columns {
            return columns::moments(x, planes, centred, out);
        }
        parallel::for_rows(out, planes.groups, 3 * x.len(), |first, out| {
            planes::moments(x, planes, centred, first, out);
        });
    })?;
    pair(&both)
}

/// Elements moved and scaled, `(x - mean) * scale + shift`; the three have one shape and are broadcast.
///
/// # Shape
///
/// `x: [n, groups, places]`, the others `[groups, 1] -> [n, groups, places]`
///
/// # Errors
///
/// If the shapes of the three differ, or do not broadcast to that of `x`.
#[track_caller]
pub fn affine<T: Float>(x: &Tensor<T>, [mean, scale, shift]: [&Tensor<T>; 3]) -> Result<Tensor<T>> {
    let elements = x.try_contiguous()?;
    let elements = elements.as_slice().unwrap_or_default();
    let parameters = [mean, scale, shift];
    by_parameters("affine", x, parameters, |at, parameters, step, y| {
        planes::affine(&elements[at..], parameters, step, y);
    })
}

/// The gradient of x standardized by group, given the gradient g of y, where `y = (x - mean) * scale`:
/// `scale * (g - mean(g) - y * mean(g * y))`, without `mean(g)` where the centre is 0.
///
/// # Shape
///
/// `x: [n, groups, places]`, g the same, mean and scale `[groups, 1] -> [n, groups, places]`
///
/// # Errors
///
/// If the shapes differ from these.
#[track_caller]
pub fn standardized_gradient<T: Float>(
    x: &Tensor<T>,
    g: &Tensor<T>,
    [mean, scale]: [&Tensor<T>; 2],
    centre: Centre,
) -> Result<Tensor<T>> {
    let op = "standardized_gradient";
    let planes = planes(op, x)?;
    let groups = Shape::from([planes.groups, 1]);
    g.expect_shape(op, x.shape())?;
    mean.expect_shape(op, groups)?;
    scale.expect_shape(op, groups)?;
    let (x, g) = (x.try_contiguous()?, g.try_contiguous()?);
    let [level, along] = slopes(&x, &g, mean, planes, centre)?;
    let slope = along.mul(scale)?;
    let pair = [&g, &x].map(|x| x.as_slice().unwrap_or_default());
    let parameters = [mean, scale, &level, &slope];
    by_parameters(op, &x, parameters, |at, parameters, step, dx| {
        planes::standardized_gradient(pair.map(|x| &x[at..]), parameters, step, dx);
    })
}

/// Each group's mean of g (0 from the centre 0), and its mean of g times the distances of x from the mean of x.
#[track_caller]
fn slopes<T: Float>(
    x: &Tensor<T>,
    g: &Tensor<T>,
    mean: &Tensor<T>,
    planes: Planes,
    centre: Centre,
) -> Result<[Tensor<T>; 2]> {
    let centred = centre == Centre::Mean;
    if planes.inner == 1 {
        let (count, groups) = (T::of(planes.count()), *mean.shape());
        let level = if centred {
            g.sum_to(groups)?.div_scalar(count)
        } else {
            mean.zeros_like()
        };
        let along = mul_sum_to(g, &x.sub(mean)?, groups)?;
        return Ok([level, along.div_scalar(count)]);
    }
    let mean = mean.try_contiguous()?;
    let mean = mean.as_slice().unwrap_or_default();
    let elements = [g, x].map(|x| x.as_slice().unwrap_or_default());
    let both = Tensor::build(Shape::from([planes.groups, 2]), |out| {
        parallel::for_rows(out, planes.groups, 2 * x.len(), |first, out| {
            planes::slopes(elements, mean, planes, centred, first, out);
        });
    })?;
    pair(&both)
}

/// The groups of a tensor, which must have three axes.
#[track_caller]
fn planes<T: Float>(op: &'static str, x: &Tensor<T>) -> Result<Planes> {
    let [outer, groups, inner] = x.shape()[..] else {
        return Err(Error::new(ErrorKind::Rank {
            op,
            expected: "groups [n, groups, places]",
            shape: *x.shape(),
        }));
    };
    Ok(Planes {
        outer,
        groups,
        inner,
    })
}

/// The columns of pairs, one for each group.
#[track_caller]
pub(super) fn pair<T: Float>(both: &Tensor<T>) -> Result<[Tensor<T>; 2]> {
    Ok([
        both.narrow(1, 0, 1)?.try_contiguous()?,
        both.narrow(1, 1, 1)?.try_contiguous()?,
    ])
}

/// A result of the shape of `x`, which `run` computes by stretches: where one begins, the parameters there, and
/// their step from element to element, 0 or 1.
#[track_caller]
fn by_parameters<T: Float, const K: usize>(
    op: &'static str,
    x: &Tensor<T>,
    parameters: [&Tensor<T>; K],
    run: impl Fn(usize, [&[T]; K], usize, &mut [T]) + Sync,
) -> Result<Tensor<T>> {
    let [shape, of_each] = [*x.shape(), *parameters[0].shape()];
    let mut contiguous = Vec::with_capacity(K);
    for parameter in parameters {
        parameter.expect_shape(op, of_each)?;
        contiguous.push(parameter.try_contiguous()?);
    }
    let all = std::array::from_fn::<_, K, _>(|k| contiguous[k].as_slice().unwrap_or_default());
    let layouts = [
        &Layout::contiguous(shape),
        &Layout::contiguous(of_each)
            .broadcast_to(shape)
            .map_err(|error| error.of(op))?,
    ];
    let nest = Nest::new(&shape, layouts);
    let (_, [_, step]) = nest.row();
    Tensor::build(shape, |out| {
        nest.for_pieces(out, |[at, place], out| {
            run(at, all.map(|parameter| &parameter[place..]), step, out);
        });
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::Keep;
    use crate::tensor;
    use proptest::prelude::*;

    /// The results of all three functions by their formulas: mean, mean square, y = (x - mean) * scale and the
    /// gradient.
    fn naive(
        x: &Tensor<f64>,
        g: &Tensor<f64>,
        eps: f64,
        centre: Centre,
    ) -> Result<[Tensor<f64>; 4]> {
        let axes = [0, 2];
        let centred = if centre == Centre::Mean { 1.0 } else { 0.0 };
        let mean = x.mean(Keep(axes))?.mul_scalar(centred);
        let square = x.sub(&mean)?.powi(2).mean(Keep(axes))?;
        let scale = square.map(|v| 1.0 / (v + eps).sqrt());
        let y = x.sub(&mean)?.mul(&scale)?;
        let level = g.mean(Keep(axes))?.mul_scalar(centred);
        let along = y.mul(&g.mul(&y)?.mean(Keep(axes))?)?;
        Ok([mean, square, y, g.sub(&level)?.sub(&along)?.mul(&scale)?])
    }

    fn fast<T: Float>(
        x: &Tensor<T>,
        g: &Tensor<T>,
        eps: f64,
        centre: Centre,
    ) -> Result<[Tensor<T>; 4]> {
        let [mean, square] = moments(x, centre)?;
        let scale = square.map(|v| T::one() / (v + T::of(eps)).sqrt());
        let y = affine(x, [&mean, &scale, &mean.zeros_like()])?;
        let dx = standardized_gradient(x, g, [&mean, &scale], centre)?;
        Ok([mean, square, y, dx])
    }

    proptest! {
        #[test]
        fn groups_agree_with_formulas_on_any_number_of_threads(
            sizes in prop::array::uniform3(1..7usize), long in 0..9usize, swapped in 0..3isize, zero: bool, seed in 0..100u64,
        ) {
            let mut sizes = sizes;
            if let Some(size) = sizes.get_mut(long) {
                *size = 5000;
            }
            let make = |seed| Tensor::<f64>::normal(sizes, 3.0, 2.0, &mut crate::rng(seed))?.transpose(0, swapped);
            let (x, g) = (make(seed)?, make(seed + 100)?);
            let centre = if zero { Centre::Zero } else { Centre::Mean };
            let expected = naive(&x, &g, 0.1, centre)?;
            let found = crate::threads::with(1, || fast(&x, &g, 0.1, centre))?;
            for (found, expected) in found.iter().zip(&expected) {
                let expected = expected.reshape(found.shape())?;
                prop_assert!(found.allclose(&expected, 1e-10, 1e-10), "{found} {expected}");
            }
            prop_assert!(found == crate::threads::with(3, || fast(&x, &g, 0.1, centre))?);
            // In f32, from the same rounded numbers.
            let (x, g) = (x.cast::<f32>(), g.cast::<f32>());
            let expected = naive(&x.cast(), &g.cast(), 0.1, centre)?;
            // The mean, below 16, is rounded by half of 2^-20; 1 / sqrt(0.1) < 4 times that in y; in dx, times |g| < 5
            // and 4 again.
            for ((found, expected), atol) in fast(&x, &g, 0.1, centre)?.iter().zip(&expected).zip([4e-6, 4e-6, 4e-6, 4e-5]) {
                let expected = expected.reshape(found.shape())?;
                prop_assert!(found.cast::<f64>().allclose(&expected, 1e-5, atol), "{found} {expected}");
            }
        }
    }

    #[test]
    fn equal_elements_are_no_distance_from_their_mean() -> Result<()> {
        for (value, n) in [(123_456.1, 7), (16_777.217, 1000), (0.1, 3), (0.1, 5000)] {
            for shape in [[1, 2, n], [n, 2, 1], [n, 2, 3]] {
                let x = Tensor::full(shape, value)?;
                let [_, square, y, _] = fast(&x, &x, 1e-5, Centre::Mean)?;
                assert!(
                    y.iter().chain(square.iter()).all(|y| y == 0.0),
                    "{value} {shape:?}"
                );
            }
        }
        Ok(())
    }

    #[test]
    fn squares_are_accurate_where_the_mean_is_rounded_or_the_first_element_is_far_off() -> Result<()>
    {
        for first in [1e4, 3e4, -1e9] {
            // Neighbouring numbers around 10,000 are 0.001 apart, so that the mean is off by as much as elements are.
            let x = Tensor::from_fn([1, 1, 2000], |i| {
                if i == 0 {
                    first
                } else {
                    1e4 + (i % 4) as f32 * 1e-3
                }
            })?;
            let [mean, square, ..] = fast(&x, &x, 0.1, Centre::Mean)?;
            let [true_mean, true_square, ..] = naive(&x.cast(), &x.cast(), 0.1, Centre::Mean)?;
            let [mean, square, true_mean, true_square] =
                [mean.cast(), square.cast(), true_mean, true_square].map(|x| x.to_vec()[0]);
            assert!((mean - true_mean).abs() <= 5e-4 + 1e-7 * true_square.sqrt());
            assert!(
                (square / true_square - 1.0).abs() < 1e-6,
                "{first} {square}"
            );
        }
        Ok(())
    }

    #[test]
    fn parameters_are_by_group_by_place_or_one_for_all() -> Result<()> {
        let x = tensor![[1.0, 2.0], [3.0, 4.0]];
        let moved = |by: fn(&Tensor) -> Result<Tensor>| {
            let all = [tensor![1.0, 2.0], tensor![10.0, 100.0], tensor![0.5, -0.5]];
            let [mean, scale, shift] = all.map(|parameter| by(&parameter).unwrap_or(parameter));
            affine(&x, [&mean, &scale, &shift])
        };
        assert_eq!(
            moved(|p| Ok(p.clone()))?,
            tensor![[0.5, -0.5], [20.5, 199.5]]
        );
        assert_eq!(
            moved(|p| p.unsqueeze(1))?,
            tensor![[0.5, 10.5], [99.5, 199.5]]
        );
        assert_eq!(
            moved(|p| p.select(0, 0))?,
            tensor![[0.5, 10.5], [20.5, 30.5]]
        );
        let (one, two) = (tensor![1.0], tensor![1.0, 1.0]);
        let three = tensor![1.0, 1.0, 1.0];
        assert!(affine(&x, [&one, &two, &two]).is_err() && affine(&x, [&three; 3]).is_err());
        assert!(moments(&x, Centre::Mean).is_err());
        let groups = x.unsqueeze(2)?;
        let gradient = |g, mean| standardized_gradient(&groups, g, [mean, mean], Centre::Mean);
        let column = two.unsqueeze(1)?;
        assert!(gradient(&x, &column).is_err() && gradient(&groups, &two).is_err());
        Ok(())
    }

    #[test]
    fn of_no_elements_come_no_elements() -> Result<()> {
        for shape in [[0, 2, 3], [2, 0, 3], [2, 3, 0], [1 << 50, 2, 0]] {
            let x = Tensor::zeros(shape)?;
            let [mean, _, y, dx] = fast(&x, &x, 0.1, Centre::Mean)?;
            assert_eq!(
                (mean.shape(), y.shape(), dx.shape()),
                (
                    &Shape::from([shape[1], 1]),
                    &Shape::from(shape),
                    &Shape::from(shape)
                )
            );
        }
        Ok(())
    }
}
