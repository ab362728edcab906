//! [`Upsample`]: sequences or images of a different size.

use gradlet_autograd::{Align, Error, ErrorKind, Float, Result, Var};
use gradlet_tensor::fused;

use crate::forward::Forward;
use crate::mode::Mode;
use crate::module::Module;

#[derive(Clone, Debug)]
enum Sizes {
    To(Vec<usize>),
    By(Vec<f64>),
}

/// The axes behind the channels with new sizes, made of the nearest elements before or, for images, of weighted sums of
/// neighbours.
///
/// Output i is element `i * size / new size`, rounded down; a weighted sum is taken at
/// `(i + 1/2) * size / new size - 1/2` if edges are aligned. If factors are given, `1 / factor` takes the place of the ratio of sizes, which is a different
/// number where the new size is rounded.
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

    /// With weighted sums of the four neighbours instead of the nearest element, for images.
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
            Sizes::By(factors) => match (each(factors, axes).as_deref(), self.bilinear) {
                (Some(factors), None) if !self.recompute => return x.upsample_nearest(factors),
                (Some(&[down, along]), Some(align)) if !self.recompute => {
                    return x.upsample_bilinear([down, along], align);
                }
                (Some(factors), _) => {
                    let mut sizes = Vec::new();
                    for (&size, &by) in axes.iter().zip(factors) {
                        sizes.push(fused::scaled_size("upsample", size, by)?);
                    }
                    Some(sizes)
                }
                (None, _) => None,
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
        Ok(())
    }

    /// Numbers that PyTorch computed.
    #[test]
    fn sizes_are_rounded_and_factors_are_not() -> Result<()> {
        let x = Var::constant(tensor![f64; [[[0.0, 1.0, 4.0], [9.0, 16.0, 25.0]]]]);
        let check = |layer: &Upsample, expected: &Tensor<f64>| -> Result<()> {
            let y = layer.forward(&x)?;
            assert!(
                y.tensor().allclose(expected, 1e-14, 1e-15),
                "{layer:?} {y:?}"
            );
            Ok(())
        };
        let edges = Upsample::by([1.6, 1.7]).bilinear(Align::Edges);
        check(
            &edges,
            &tensor![f64; [[
                [0.0, 13.0 / 34.0, 33.0 / 34.0, 91.0 / 34.0, 4.0],
                [3.9375, 181.0 / 34.0, 507.0 / 68.0, 182.0 / 17.0, 13.1875],
                [9.0, 397.0 / 34.0, 537.0 / 34.0, 715.0 / 34.0, 25.0]
            ]]],
        )?;
        check(
            &edges.recompute_scale_factor(),
            &tensor![f64; [[
                [0.0, 0.4, 1.0, 2.8, 4.0],
                [4.5, 6.1, 8.5, 12.1, 14.5],
                [9.0, 11.8, 16.0, 21.4, 25.0]
            ]]],
        )?;
        let corners = Upsample::by([1.6, 1.7]).bilinear(Align::Corners);
        let expected = tensor![f64; [[
            [0.0, 0.5, 1.0, 2.5, 4.0],
            [4.5, 6.5, 8.5, 11.5, 14.5],
            [9.0, 12.5, 16.0, 20.5, 25.0]
        ]]];
        check(&corners, &expected)?;
        check(&corners.recompute_scale_factor(), &expected)?;
        check(
            &Upsample::by([1.6, 0.7]).bilinear(Align::Edges),
            &tensor![f64; [[
                [3.0 / 14.0, 41.0 / 14.0],
                [33.0 / 7.0, 313.0 / 28.0],
                [10.5, 305.0 / 14.0]
            ]]],
        )
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
