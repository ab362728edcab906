//! Normalization by moments, with a weight and a bias for each channel: the operation behind all norms.

use gradlet_tensor::fused::{self, Normalization, Over};
use gradlet_tensor::{Float, Result, Shape, Tensor};

use super::standardize::{Moments, Standard, Standardize, scale};
use crate::no_grad::is_recording;
use crate::op::{Many, Op, Want};
use crate::saves::SomeInputs;
use crate::var::Var;

/// y = (x - mean) * scale * weight + bias, where mean and scale are functions of x; the inputs are x `[n, c, places]`,
/// and, if given, the weight and the bias `[c]`
#[derive(Debug)]
struct NormalizeChannels<T: Float> {
    norm: Normalization,
    moments: Moments<T>,
    has_weight: bool,
}

impl<T: Float> Op<T> for NormalizeChannels<T> {
    type Arity = Many;
    type Saves = SomeInputs;

    fn forward(&self, inputs: Vec<&Tensor<T>>) -> Result<Tensor<T>> {
        let (weight, bias) = inputs[1..].split_at(usize::from(self.has_weight));
        let [weight, bias] = [weight, bias].map(|of| of.first().copied());
        let [y, ..] = self.norm.normalize(inputs[0], weight, bias)?;
        Ok(y)
    }

    /// With the standardized h and d = g * weight: dx = scale * (d - mean(d) - h * mean(d * h)), without mean(d) if
    /// distances are from zero; dweight = g * h and dbias = g, both summed over all but the channels
    fn backward(
        &self,
        g: Var<T>,
        (inputs, wants): (Vec<Option<Var<T>>>, Vec<Want>),
    ) -> Result<Vec<Option<Var<T>>>> {
        let mut gradients: Vec<_> = wants.iter().map(|_| None).collect();
        let of_weight = usize::from(self.has_weight);
        let (want_weight, want_bias) = wants[1..].split_at(of_weight);
        let weight = inputs[1..][..of_weight].first().and_then(Option::as_ref);
        if let Some(x) = &inputs[0]
            && wants[0].is_wanted()
            && !is_recording()
        {
            let Moments { mean, scale } = &self.moments;
            let all = [x.tensor(), g.tensor()];
            let weight = weight.map(Var::tensor);
            let [dx, dweight, dbias] =
                self.norm
                    .normalize_gradient(all[0], all[1], weight, [mean, scale])?;
            let given = [Some(dx), self.has_weight.then_some(dweight), Some(dbias)];
            let given = given.into_iter().flatten();
            for ((gradient, given), want) in gradients.iter_mut().zip(given).zip(&wants) {
                *gradient = want.is_wanted().then(|| Var::constant(given));
            }
            return Ok(gradients);
        }
        let channels = g.shape()[1];
        let each = Shape::from([channels, 1]);
        if let [want] = want_bias {
            gradients[1 + of_weight] = want.then(|| g.sum_to(each)?.reshape(channels))?;
        }
        let Some(x) = &inputs[0] else {
            return Ok(gradients);
        };
        if let [want] = want_weight {
            let h = || standardized(&self.norm, x, Some(&self.moments))?.reshape(x.shape());
            gradients[1] = want.then(|| g.mul_sum_to(&h()?, each)?.reshape(channels))?;
        }
        gradients[0] = wants[0].then(|| {
            let d = match weight {
                Some(weight) => g.mul(&weight.reshape(each)?)?,
                None => g.clone(),
            };
            let shape = grouped(&self.norm, x.shape());
            let (standard, moments) = (standard(&self.norm), self.moments.clone());
            let op = Standardize { standard, moments };
            op.backward(d.reshape(shape)?, x.reshape(shape)?)?
                .reshape(x.shape())
        })?;
        Ok(gradients)
    }

    fn keeps(&self, wants: &Vec<Want>) -> Vec<bool> {
        let want_weight = self.has_weight && wants[1].is_wanted();
        let mut keeps = vec![false; wants.len()];
        keeps[0] = wants[0].is_wanted() || want_weight;
        if self.has_weight {
            keeps[1] = wants[0].is_wanted();
        }
        keeps
    }

    fn attribute_bytes(&self) -> usize {
        self.moments.size_bytes()
    }
}

fn standard(norm: &Normalization) -> Standard {
    let (centre, eps) = (norm.centre, norm.eps);
    Standard { centre, eps }
}

/// The shape of `[n, c, places]` as `[n, groups, places]`, which [`Standard`] takes.
fn grouped(norm: &Normalization, shape: &Shape) -> Shape {
    let [samples, channels, places] = [0, 1, 2].map(|axis| shape[axis]);
    match norm.over {
        Over::Samples => *shape,
        // If an axis has no elements, the product of the other sizes may overflow.
        Over::Groups(groups) => Shape::from([
            1,
            samples.saturating_mul(groups),
            (channels / groups).saturating_mul(places),
        ]),
    }
}

/// The elements standardized by groups, in the shape that [`grouped`] returns; by `moments` if these are known.
#[track_caller]
fn standardized<T: Float>(
    norm: &Normalization,
    x: &Var<T>,
    moments: Option<&Moments<T>>,
) -> Result<Var<T>> {
    let (x, standard) = (x.reshape(grouped(norm, x.shape()))?, standard(norm));
    match moments.cloned() {
        Some(moments) => Standardize { standard, moments }.apply(&x),
        None => standard.apply(&x, fused::moments(x.tensor(), norm.centre)?),
    }
}

/// `x` normalized, with a weight and a bias for each channel; and the mean and the mean square of each group.
///
/// # Shape
///
/// `x: [n, c, places]`, weight and bias `[c] -> [n, c, places]`, moments `[groups, 1]`
///
/// # Gradient
///
/// With h the standardized input and d = `g * weight`: `(d - mean(d) - h * mean(d * h)) / sqrt(mean square + eps)`,
/// without `mean(d)` if distances are from 0; `g * h` and `g` for weight and bias, summed over all but the channels.
/// The input, the weight, and two numbers for each group are saved.
#[track_caller]
pub(super) fn normalize_channels<T: Float>(
    norm: Normalization,
    x: &Var<T>,
    [weight, bias]: [Option<&Var<T>>; 2],
) -> Result<(Var<T>, [Tensor<T>; 2])> {
    let tensors = [weight, bias].map(|parameter| parameter.map(Var::tensor));
    let [y, mean, square] = norm.normalize(x.tensor(), tensors[0], tensors[1])?;
    if !square.iter().all(|square| standard(&norm).fits(square)) {
        let groups = x.tensor().reshape(grouped(&norm, x.shape()))?;
        if standard(&norm).rescaled(&groups, &square)?.is_some() {
            let each = [x.shape()[1], 1];
            let [weight, bias] = [weight, bias].map(|p| p.map(|p| p.reshape(each)).transpose());
            let y = standardized(&norm, x, None)?.reshape(x.shape())?;
            let y = y.scale_and_shift(weight?.as_ref(), bias?.as_ref())?;
            return Ok((y, fused::moments(&groups, norm.centre)?));
        }
    }
    let op = NormalizeChannels {
        norm,
        moments: Moments {
            mean: mean.clone(),
            scale: scale(&square, norm.eps),
        },
        has_weight: weight.is_some(),
    };
    let inputs = [Some(x), weight, bias].into_iter().flatten().collect();
    Ok((op.record(inputs, y), [mean, square]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backward::{CreateGraph, grad};
    use crate::check::{gradcheck, gradgradcheck};
    use gradlet_tensor::fused::Centre;
    use gradlet_tensor::{rng, threads};

    const OVERS: [Over; 4] = [
        Over::Samples,
        Over::Groups(1),
        Over::Groups(2),
        Over::Groups(4),
    ];

    /// Every norm, with the inputs that it takes: x alone, with a weight, with a bias, with both.
    fn each_norm(mut see: impl FnMut(Normalization, [bool; 2]) -> Result<()>) -> Result<()> {
        for over in OVERS {
            for centre in [Centre::Mean, Centre::Zero] {
                for has in [[false, false], [true, false], [false, true], [true, true]] {
                    see(
                        Normalization {
                            over,
                            centre,
                            eps: 0.1,
                        },
                        has,
                    )?;
                }
            }
        }
        Ok(())
    }

    fn of_inputs(
        norm: Normalization,
        [has_weight, has_bias]: [bool; 2],
        inputs: &[Var<f64>],
    ) -> Result<Var<f64>> {
        let weight = has_weight.then(|| &inputs[1]);
        let bias = has_bias.then(|| &inputs[1 + usize::from(has_weight)]);
        Ok(normalize_channels(norm, &inputs[0], [weight, bias])?.0)
    }

    fn inputs(shape: [usize; 3], has: [bool; 2], seed: u64) -> Result<Vec<Tensor<f64>>> {
        let mut rng = rng(seed);
        let mut make = |shape: &[usize]| Tensor::normal(shape, 0.5, 1.0, &mut rng);
        let mut all = vec![make(&shape)?];
        for _ in has.iter().filter(|has| **has) {
            all.push(make(&shape[1..2])?);
        }
        Ok(all)
    }

    #[test]
    fn gradients_agree_with_finite_differences() -> Result<()> {
        each_norm(|norm, has| {
            for shape in [[2, 4, 1], [2, 4, 2], [0, 4, 2]] {
                let all = inputs(shape, has, 1)?;
                gradcheck(|x| of_inputs(norm, has, x), &all)?;
                gradgradcheck(|x| of_inputs(norm, has, x), &all)?;
            }
            Ok(())
        })
    }

    #[test]
    fn plain_gradients_agree_with_recorded_ones() -> Result<()> {
        let mut seed = 0;
        each_norm(|norm, has| {
            for shape in [[1, 4, 3], [70, 4, 1], [3, 4, 2], [2, 4, 80], [130, 4, 5]] {
                seed += 1;
                let all = inputs(shape, has, seed)?;
                let g = Var::constant(Tensor::normal(shape, 0.0, 1.0, &mut rng(seed + 1000))?);
                // All subsets of gradients that are wanted.
                for wanted in 1..1usize << all.len() {
                    let is_wanted = |i: usize| wanted >> i & 1 == 1;
                    let made = all.iter().enumerate().map(|(i, x)| {
                        if is_wanted(i) {
                            Var::leaf(x.clone())
                        } else {
                            Var::constant(x.clone())
                        }
                    });
                    let vars: Vec<_> = made.collect();
                    let leaves: Vec<_> = vars.iter().filter(|x| x.is_tracked()).collect();
                    let gradients = |create| {
                        let y = of_inputs(norm, has, &vars)?;
                        grad(&y.mul(&g)?.sum(..)?, &leaves, create)
                    };
                    let plain = gradients(CreateGraph::No)?;
                    let recorded = gradients(CreateGraph::Yes)?;
                    for (plain, recorded) in plain.iter().zip(&recorded) {
                        assert!(
                            plain.tensor().allclose(recorded.tensor(), 1e-12, 1e-12),
                            "{norm:?} {shape:?} {wanted}: {plain} {recorded}"
                        );
                    }
                }
            }
            Ok(())
        })
    }

    #[test]
    fn bits_are_the_same_on_any_number_of_threads() -> Result<()> {
        for over in OVERS {
            for shape in [[300, 260, 1], [20, 64, 70], [600, 12, 15]] {
                let norm = Normalization {
                    over,
                    centre: Centre::Mean,
                    eps: 1e-5,
                };
                let run = || {
                    let all = inputs(shape, [true, true], 1)?.into_iter().map(Var::leaf);
                    let all: Vec<_> = all.collect();
                    let y = of_inputs(norm, [true, true], &all)?;
                    let gradients = y
                        .clone()
                        .backward_with(inputs(shape, [false; 2], 2)?.remove(0))?;
                    let gradients = all.iter().map(|x| gradients.wrt(x).map(Tensor::to_vec));
                    Ok((y.to_vec(), gradients.collect::<Vec<_>>()))
                };
                let alone: Result<_> = threads::with(1, run);
                let alone = alone?;
                for count in [2, 3] {
                    assert!(alone == threads::with(count, run)?, "{over:?} {shape:?}");
                }
            }
        }
        Ok(())
    }
}
