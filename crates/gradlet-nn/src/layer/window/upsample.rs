//! [`Upsample`]: sequences or images of a different size.

use gradlet_autograd::{Align, Error, ErrorKind, Float, Result, Var};

use crate::forward::Forward;
use crate::mode::Mode;
use crate::module::Module;
use crate::require::require;

#[derive(Clone, Debug)]
enum Sizes {
    To(Vec<usize>),
    By(Vec<f64>),
}

/// The axes behind the channels with new sizes, made of the nearest elements before or, for images, of weighted sums of
/// neighbours.
///
/// Output i is element `i * size / new size`, rounded down; if factors are given, element `i * (1 / factor)`, rounded
/// down, which is a different one where the new size is rounded.
///
/// # Shape
///
/// `[n, c, l] -> [n, c, p]`, `[n, c, h, w] -> [n, c, p, q]`; by factors, `p = l * factor`, rounded down
///
/// # Example
///
/// ```
/// # use gradlet_nn::{Forward, Upsample};
/// # use gradlet_autograd::{Align, Var};
/// # use gradlet_tensor::tensor;
/// # fn main() -> gradlet_tensor::Result<()> {
/// let x = Var::constant(tensor![[[[0.0, 4.0]]]]);
/// let y = Upsample::by([2.0]).forward(&x)?;
/// assert_eq!(y.tensor(), &tensor![[[[0.0, 0.0, 4.0, 4.0], [0.0, 0.0, 4.0, 4.0]]]]);
/// let y = Upsample::to([1, 4]).bilinear(Align::Edges).forward(&x)?;
/// assert_eq!(y.to_vec(), [0.0, 1.0, 3.0, 4.0]);
/// # Ok(())
/// # }
/// ```
///
/// # Source
///
/// `torch.nn.Upsample` with the modes "nearest" and "bilinear"
#[derive(Clone, Debug, Module)]
#[module(describe = Self::setting)]
pub struct Upsample {
    #[module(skip)]
    sizes: Sizes,
    #[module(skip)]
    bilinear: Option<Align>,
    #[module(skip)]
    recompute: bool,
    mode: Mode,
}

impl Upsample {
    /// New sizes: one for all axes behind the channels or one for each.
    pub fn to(sizes: impl IntoIterator<Item = usize>) -> Self {
        Self::new(Sizes::To(sizes.into_iter().collect()))
    }

    /// Sizes multiplied by these factors, positive, and rounded down: one for all axes behind the channels or one for
    /// each.
    pub fn by(factors: impl IntoIterator<Item = f64>) -> Self {
        Self::new(Sizes::By(factors.into_iter().collect()))
    }

    fn new(sizes: Sizes) -> Self {
        Self {
            sizes,
            bilinear: None,
            recompute: false,
            mode: Mode::Train,
        }
    }

    /// With weighted sums of the four neighbours instead of the nearest element, for images. A factor must then give a
    /// whole size, unless corners are aligned or [`recompute_scale_factor`](Self::recompute_scale_factor) is set.
    pub fn bilinear(mut self, align: Align) -> Self {
        self.bilinear = Some(align);
        self
    }

    /// With the ratio of the sizes in place of the factors that these are made of.
    pub fn recompute_scale_factor(mut self) -> Self {
        self.recompute = true;
        self
    }

    fn setting(&self) -> String {
        let text = |numbers: Vec<String>| numbers.join("x");
        let mut sizes = match &self.sizes {
            Sizes::To(sizes) => {
                "to ".to_owned() + &text(sizes.iter().map(usize::to_string).collect())
            }
            Sizes::By(factors) => {
                "by ".to_owned() + &text(factors.iter().map(f64::to_string).collect())
            }
        };
        if self.bilinear.is_some() {
            sizes += ", bilinear";
        }
        sizes
    }

    #[track_caller]
    fn resize<T: Float>(&self, x: &Var<T>) -> Result<Var<T>> {
        let shape = *x.shape();
        let axes = shape.get(2..).unwrap_or_default();
        let sizes = match &self.sizes {
            Sizes::To(sizes) => each(sizes, axes),
            Sizes::By(factors) => match each(factors, axes) {
                Some(factors) if self.bilinear.is_none() && !self.recompute => {
                    return x.upsample_nearest(&factors);
                }
                Some(factors) => Some(self.multiplied(axes, &factors)?),
                None => None,
            },
        };
        match (sizes.as_deref(), self.bilinear) {
            (Some(sizes), None) => x.interpolate_nearest(sizes),
            (Some(&[height, width]), Some(align)) => x.interpolate_bilinear([height, width], align),
            (_, way) => Err(Error::new(ErrorKind::Rank {
                op: "upsample",
                expected: if way.is_some() {
                    "images [n, c, h, w]"
                } else {
                    "[n, c, ...] with an axis for each size"
                },
                shape,
            })),
        }
    }

    #[track_caller]
    fn multiplied(&self, axes: &[usize], factors: &[f64]) -> Result<Vec<usize>> {
        let exact = self.bilinear == Some(Align::Edges) && !self.recompute;
        let mut sizes = Vec::new();
        for (&size, &factor) in axes.iter().zip(factors) {
            let valid = factor > 0.0 && factor.is_finite();
            require(valid, "upsample", "factor", "positive and finite", factor)?;
            let size = size as f64 * factor;
            let expected = "such that sizes are whole, or recomputed";
            require(
                !exact || size == size.floor(),
                "upsample",
                "factor",
                expected,
                factor,
            )?;
            sizes.push(size as usize);
        }
        Ok(sizes)
    }
}

/// The setting of each axis, of one for all or one for each; `None` if there are no axes or the numbers differ.
fn each<X: Copy>(setting: &[X], axes: &[usize]) -> Option<Vec<X>> {
    match setting {
        _ if axes.is_empty() => None,
        &[one] => Some(vec![one; axes.len()]),
        all if all.len() == axes.len() => Some(all.to_vec()),
        _ => None,
    }
}

impl<T: Float> Forward<T> for Upsample {
    fn forward(&self, x: &Var<T>) -> Result<Var<T>> {
        self.resize(x).map_err(|error| self.name_in(error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::module::Children;
    use gradlet_tensor::{Tensor, tensor};

    #[test]
    fn sizes_and_factors_choose_elements() -> Result<()> {
        let x = Var::constant(tensor![f64; [[1.0, 2.0, 3.0, 4.0, 5.0]]]);
        let run = |layer: &Upsample| Ok(layer.forward(&x)?.to_vec());
        let by = Upsample::by([1.5]);
        assert_eq!(run(&by)?, [1.0, 1.0, 2.0, 3.0, 3.0, 4.0, 5.0]);
        let ratio = by.clone().recompute_scale_factor();
        assert_eq!(run(&ratio)?, [1.0, 1.0, 2.0, 3.0, 3.0, 4.0, 5.0]);
        let by = Upsample::by([0.7]);
        assert_eq!(run(&by)?, [1.0, 2.0, 3.0]);
        assert_eq!(run(&by.recompute_scale_factor())?, [1.0, 2.0, 4.0]);
        assert_eq!(run(&Upsample::to([2]))?, [1.0, 3.0]);
        let layer = Upsample::by([2.0, 1.5]).bilinear(Align::Corners);
        assert_eq!(layer.describe(), "by 2x1.5, bilinear");
        let none = Var::constant(Tensor::zeros([0, 2, 3, 3])?);
        assert_eq!(layer.forward(&none)?.shape(), [0, 2, 6, 4]);
        Ok(())
    }

    #[test]
    fn weighted_sums_by_a_factor_are_those_to_its_size() -> Result<()> {
        let x = Var::constant(tensor![[[[0.0, 4.0], [8.0, 12.0]]]]);
        let by = Upsample::by([1.0, 2.0]).bilinear(Align::Edges);
        let expected = tensor![[[[0.0, 1.0, 3.0, 4.0], [8.0, 9.0, 11.0, 12.0]]]];
        assert_eq!(by.forward(&x)?.tensor(), &expected);
        let uneven = Upsample::by([1.3]).bilinear(Align::Edges);
        let error = uneven.forward(&x).unwrap_err().to_string();
        let start = "Upsample(by 1.3, bilinear): factor must be such that sizes are whole, or recomputed, got 1.3";
        assert!(error.starts_with(start), "{error}");
        assert_eq!(
            uneven.recompute_scale_factor().forward(&x)?.tensor(),
            x.tensor()
        );
        Ok(())
    }

    #[test]
    fn what_does_not_fit_names_the_layer_and_the_input() -> Result<()> {
        let x = Var::constant(Tensor::zeros([2, 3, 4])?);
        for layer in [
            Upsample::to([2, 2]),
            Upsample::by([2.0, 2.0]),
            Upsample::to([]),
            Upsample::to([2]).bilinear(Align::Edges),
        ] {
            let error = layer.forward(&x).unwrap_err().to_string();
            assert!(
                error.starts_with("Upsample(") && error.contains("got shape [2, 3, 4]"),
                "{error}"
            );
        }
        let flat = Var::constant(Tensor::zeros([2, 3])?);
        assert!(Upsample::to([2]).forward(&flat).is_err());
        for factor in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e300] {
            assert!(Upsample::by([factor]).forward(&x).is_err());
            assert!(
                Upsample::by([factor])
                    .recompute_scale_factor()
                    .forward(&x)
                    .is_err()
            );
        }
        Ok(())
    }
}
