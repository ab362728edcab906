//! Normalization with a weight and a bias for each channel, and its gradient, in as few passes over memory as possible.

use super::parts::{Centre, pair};
use super::{channels, columns, rows};
use crate::element::Float;
use crate::error::{Error, ErrorKind, Result};
use crate::kernel::normalize::{Incoming, Norm};
use crate::tensor::Tensor;

/// The elements that are normalized together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// Those of a group of channels in a sample; the number is that of groups, which have equal sizes.
    Groups(usize),
    /// Those of a channel in all samples.
    Samples,
}

/// The settings of a normalization: `y = (x - mean) / sqrt(mean square + eps) * weight + bias`.
///
/// # Example
///
/// ```
/// # use gradlet_tensor::{fused::{Centre, Normalization, Over}, tensor};
/// # fn main() -> gradlet_tensor::Result<()> {
/// let (over, centre) = (Over::Groups(1), Centre::Mean);
/// let x = tensor![[[1.0], [3.0]], [[10.0], [30.0]]];
/// let [y, mean, square] = Normalization { over, centre, eps: 0.0 }.normalize(&x, None, None)?;
/// assert_eq!(y.to_vec(), [-1.0, 1.0, -1.0, 1.0]);
/// assert_eq!((mean.to_vec(), square.to_vec()), (vec![2.0, 20.0], vec![1.0, 100.0]));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Normalization {
    /// The elements that are normalized together.
    pub over: Over,
    /// Where their distances are from.
    pub centre: Centre,
    /// Added to the mean square of the distances.
    pub eps: f64,
}

/// Planes with fewer places than this are columns: their elements are too few for sums of their own.
const FEW_PLACES: usize = 64;

impl Normalization {
    /// The normalized elements, and each group's mean (0 from the centre 0) and mean square of the distances from it.
    ///
    /// Where a mean square is not finite, sums were too large for the element type;
    /// [`rescaled_groups`](super::rescaled_groups) finds these.
    ///
    /// # Shape
    ///
    /// `x: [n, c, places]`, weight and bias `[c] -> [n, c, places]`, and mean and mean square `[groups, 1]`, of the
    /// groups of all samples, or of the channels
    ///
    /// # Errors
    ///
    /// If the shapes differ from these, or the number of groups does not divide that of channels.
    #[track_caller]
    pub fn normalize<T: Float>(
        &self,
        x: &Tensor<T>,
        weight: Option<&Tensor<T>>,
        bias: Option<&Tensor<T>>,
    ) -> Result<[Tensor<T>; 3]> {
        let op = "normalize";
        let parameters = Parameters::new(op, x, weight, bias)?;
        let (norm, groups) = self.norm(op, x, &parameters)?;
        let x = x.try_contiguous()?;
        let elements = x.as_slice().unwrap_or_default();
        let mut both = Tensor::full_of([groups, 2], T::nan())?;
        let y = Tensor::build(*x.shape(), |y| {
            let moments = both.make_mut_slice();
            match self.over {
                _ if y.is_empty() => (),
                Over::Groups(_) => rows::run(&norm, elements, y, moments),
                Over::Samples if norm.places < FEW_PLACES => {
                    columns::run(&norm, elements, y, moments);
                }
                Over::Samples => channels::run(&norm, elements, y, moments),
            }
        })?;
        let [mean, square] = pair(&both)?;
        Ok([y, mean, square])
    }

    /// The gradients of x, weight and bias, given that of the normalized elements, and each group's mean and scale,
    /// `1 / sqrt(mean square + eps)`.
    ///
    /// With h the standardized elements and d = `g * weight`: `scale * (d - mean(d) - h * mean(d * h))`, without
    /// `mean(d)` from the centre 0; `g * h` and g, summed over all but the channels.
    ///
    /// # Shape
    ///
    /// `x: [n, c, places]`, g the same, weight `[c]`, mean and scale `[groups, 1] -> [n, c, places], [c], [c]`
    ///
    /// # Errors
    ///
    /// If the shapes differ from these, or the number of groups does not divide that of channels.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::{fused::{Centre, Normalization, Over}, tensor};
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let norm = Normalization { over: Over::Samples, centre: Centre::Mean, eps: 0.0 };
    /// let (x, g) = (tensor![[[1.0, 3.0]]], tensor![[[5.0, 0.5]]]);
    /// let [dx, dweight, dbias] = norm.normalize_gradient(&x, &g, None, [&tensor![[2.0]], &tensor![[1.0]]])?;
    /// assert_eq!(dx.to_vec(), [0.0, 0.0]); // two elements are always normalized to -1 and 1
    /// assert_eq!((dweight.to_vec(), dbias.to_vec()), (vec![-4.5], vec![5.5]));
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn normalize_gradient<T: Float>(
        &self,
        x: &Tensor<T>,
        g: &Tensor<T>,
        weight: Option<&Tensor<T>>,
        [mean, scale]: [&Tensor<T>; 2],
    ) -> Result<[Tensor<T>; 3]> {
        let op = "normalize_gradient";
        let parameters = Parameters::new(op, x, weight, None)?;
        let (norm, groups) = self.norm(op, x, &parameters)?;
        g.expect_shape(op, x.shape())?;
        mean.expect_shape(op, [groups, 1])?;
        scale.expect_shape(op, [groups, 1])?;
        let (x, mean, scale) = (
            x.try_contiguous()?,
            mean.try_contiguous()?,
            scale.try_contiguous()?,
        );
        let elements = x.as_slice().unwrap_or_default();
        let moments = [&mean, &scale].map(|x| x.as_slice().unwrap_or_default());
        let (g, step) = self.incoming(g)?;
        let data = g.as_slice().unwrap_or_default();
        let incoming = (Incoming { data, step }, elements);
        let mut both = Tensor::zeros_of(if self.over == Over::Samples {
            [norm.channels, 2]
        } else {
            [2, norm.channels]
        })?;
        let dx = Tensor::build(*x.shape(), |dx| {
            let both = both.make_mut_slice();
            match self.over {
                _ if dx.is_empty() => (),
                Over::Groups(_) => {
                    let both = both.split_at_mut(norm.channels).into();
                    rows::gradient(&norm, incoming, moments, dx, both);
                }
                Over::Samples if norm.places < FEW_PLACES => {
                    columns::gradient(&norm, incoming, moments, dx, both);
                }
                Over::Samples => channels::gradient(&norm, incoming, moments, dx, both),
            }
        })?;
        let [dweight, dbias] = match self.over {
            Over::Groups(_) => [both.select(0, 0)?, both.select(0, 1)?],
            Over::Samples => [both.select(1, 0)?, both.select(1, 1)?],
        };
        Ok([dx, dweight, dbias])
    }

    /// The elements of a gradient, and the step between them: 0 if they are all the same, and then there are as many as
    /// a kernel asks for at once.
    #[track_caller]
    fn incoming<T: Float>(&self, g: &Tensor<T>) -> Result<(Tensor<T>, usize)> {
        let sizes = g.shape().iter().zip(g.layout().strides());
        let same = sizes
            .filter(|(size, _)| **size > 1)
            .all(|(_, step)| *step == 0);
        if !same || g.is_empty() {
            return Ok((g.try_contiguous()?, 1));
        }
        let [_, channels, places] = [0, 1, 2].map(|axis| g.shape()[axis]);
        let length = match self.over {
            Over::Groups(groups) => channels / groups * places,
            Over::Samples if places < FEW_PLACES => channels * places,
            Over::Samples => places,
        };
        let first = g.storage()[g.layout().offset];
        Ok((Tensor::full_of(length, first)?, 0))
    }

    /// The settings for these elements, and the number of groups.
    #[track_caller]
    fn norm<'a, T: Float>(
        &self,
        op: &'static str,
        x: &Tensor<T>,
        parameters: &'a Parameters<T>,
    ) -> Result<(Norm<'a, T>, usize)> {
        let [samples, channels, places] = [0, 1, 2].map(|axis| x.shape()[axis]);
        let groups = match self.over {
            Over::Groups(groups) => groups,
            Over::Samples => 1,
        };
        if groups == 0 || groups > channels.max(1) || !channels.is_multiple_of(groups) {
            return Err(Error::new(ErrorKind::OutOfRange {
                op,
                name: "groups",
                expected: "a divisor of the number of channels",
                value: groups as f64,
                remedy: format!("; there are {channels} channels"),
            }));
        }
        let [weight, bias] = parameters.slices();
        let (centred, eps) = (self.centre == Centre::Mean, T::of(self.eps));
        let norm = Norm {
            samples,
            channels,
            places,
            groups,
            weight,
            bias,
            centred,
            eps,
        };
        Ok(match self.over {
            Over::Groups(_) => (norm, samples.saturating_mul(groups)),
            Over::Samples => (norm, channels),
        })
    }
}

/// The weight and bias of each channel.
struct Parameters<T: Float>([Tensor<T>; 2]);

impl<T: Float> Parameters<T> {
    /// Those that are missing change nothing.
    #[track_caller]
    fn new(
        op: &'static str,
        x: &Tensor<T>,
        weight: Option<&Tensor<T>>,
        bias: Option<&Tensor<T>>,
    ) -> Result<Self> {
        let [_, channels, _] = x.shape()[..] else {
            return Err(Error::new(ErrorKind::Rank {
                op,
                expected: "channels [n, c, places]",
                shape: *x.shape(),
            }));
        };
        for parameter in [weight, bias].into_iter().flatten() {
            parameter.expect_shape(op, channels)?;
        }
        // Without elements there may be more channels than fit into memory.
        let channels = if x.is_empty() { 0 } else { channels };
        let weight = match weight {
            Some(weight) => weight.try_contiguous()?,
            None => Tensor::ones_of(channels)?,
        };
        let bias = match bias {
            Some(bias) => bias.try_contiguous()?,
            None => Tensor::zeros_of(channels)?,
        };
        Ok(Self([weight, bias]))
    }

    fn slices(&self) -> [&[T]; 2] {
        self.0.each_ref().map(|x| x.as_slice().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests;
