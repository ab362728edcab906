//! Elements made comparable: divided by their standard deviation from the mean, or by their root mean square.

use gradlet_tensor::{Float, Result, Shape, Tensor};

use crate::op::{Fixed, Inputs, Op, Want};
use crate::var::Var;

/// What deviations are measured from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Centre {
    Mean,
    Zero,
}

/// Which elements go together, and how they are scaled.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Standard {
    /// The input's shape, with size 1 for the axes that means are taken over.
    pub(crate) kept: Shape,
    pub(crate) centre: Centre,
    /// Added to the mean square of the deviations.
    pub(crate) eps: f64,
}

/// The means (none from zero) and the mean squares of the deviations from them, in the kept shape.
#[derive(Clone, Debug)]
pub(crate) struct Moments<T: Float> {
    pub(crate) mean: Option<Tensor<T>>,
    pub(crate) variance: Tensor<T>,
}

/// How many elements go into each mean; without elements on the kept axes there is nothing to divide.
fn count<T: Float>(from: Shape, kept: Shape) -> T {
    T::of((from.len() as f64 / kept.len() as f64).max(0.0))
}

impl Standard {
    #[track_caller]
    pub(crate) fn moments<T: Float>(&self, x: &Tensor<T>) -> Result<Moments<T>> {
        match self.centre {
            Centre::Zero => Ok(Moments {
                mean: None,
                variance: self.mean_of(&x.powi(2))?,
            }),
            Centre::Mean => {
                let rounded = self.mean_of(x)?;
                // What rounding left in the deviations is taken off: equal elements deviate by exactly 0.
                let mean = rounded.add(&self.mean_of(&x.sub(&rounded)?)?)?;
                // From the deviations: the mean square less the squared mean would lose digits.
                let variance = if self.sums_columns() {
                    let deviations = x.sub(&mean)?;
                    self.mean_product(&deviations, &deviations)?
                } else {
                    self.mean_of(&x.zip("standardize", &mean, |x, m| (x - m) * (x - m))?)?
                };
                let mean = Some(mean);
                Ok(Moments { mean, variance })
            }
        }
    }

    /// Whether means go over the rows of a matrix, which sums of products take without having these in memory.
    fn sums_columns(&self) -> bool {
        self.kept.rank() == 2 && self.kept.dims()[0] == 1
    }

    /// The means of `a * b`, in the kept shape.
    #[track_caller]
    fn mean_product<T: Float>(&self, a: &Tensor<T>, b: &Tensor<T>) -> Result<Tensor<T>> {
        if self.sums_columns() {
            let sums = a.mul_sum_to(b, self.kept)?;
            Ok(sums.div_scalar(count(a.dims(), self.kept)))
        } else {
            self.mean_of(&a.mul(b)?)
        }
    }

    /// The means, in the kept shape.
    #[track_caller]
    fn mean_of<T: Float>(&self, x: &Tensor<T>) -> Result<Tensor<T>> {
        // Rows first: what is then left of axes that do not lie side by side is small.
        let mut rows = self.kept.dims().to_vec();
        if let Some((first, size)) = rows.first_mut().zip(x.shape().first()) {
            *first = *size;
        }
        let sums = x.sum_to(Shape::new(&rows)?)?.sum_to(self.kept)?;
        Ok(sums.div_scalar(count(x.dims(), self.kept)))
    }

    /// Standardized elements, given their moments.
    #[track_caller]
    pub(crate) fn apply<T: Float>(self, x: &Var<T>, moments: Moments<T>) -> Result<Var<T>> {
        let eps = T::of(self.eps);
        let scale = moments.variance.map(|v| T::one() / (v + eps).sqrt());
        let mean = moments.mean;
        let (standard, y) = (self, None);
        let op = Standardize {
            standard,
            mean,
            scale,
            y,
        };
        op.apply([x])
    }

    /// `1 / sqrt(mean square + eps)` as a function of x, for derivatives of gradients.
    fn scale<T: Float>(&self, x: &Var<T>) -> Result<Var<T>> {
        let deviations = match self.centre {
            Centre::Mean => x.sub(&self.mean(x)?)?,
            Centre::Zero => x.clone(),
        };
        let variance = self.mean(&deviations.powi(2))?;
        Ok(variance.add_scalar(T::of(self.eps)).powf(T::of(-0.5)))
    }

    fn mean<T: Float>(&self, x: &Var<T>) -> Result<Var<T>> {
        let axes = self.kept.dims().iter().zip(x.shape()).enumerate();
        let reduced: Vec<_> = axes
            .filter(|(_, (kept, size))| kept != size)
            .map(|(axis, _)| axis as isize)
            .collect();
        x.mean_keepdim(reduced.as_slice())
    }
}

/// y = (x - mean) * scale, mean and `scale` = 1 / sqrt(variance + eps) being functions of x
#[derive(Debug)]
struct Standardize<T: Float> {
    standard: Standard,
    mean: Option<Tensor<T>>,
    scale: Tensor<T>,
    y: Option<Tensor<T>>,
}

impl<T: Float> Op<T> for Standardize<T> {
    type Arity = Fixed<1>;
    type Saves = Inputs;

    fn forward(&mut self, [x]: [&Tensor<T>; 1]) -> Result<Tensor<T>> {
        let y = match &self.mean {
            Some(mean) => {
                let mut y = x.sub(mean)?;
                y.mul_assign(&self.scale)?;
                y
            }
            None => x.mul(&self.scale)?,
        };
        self.y = Some(y.clone());
        Ok(y)
    }

    /// dx = scale * (g - mean(g) - y * mean(g * y)); without mean(g) from zero
    fn backward(&self, g: Var<T>, [x]: [Var<T>; 1], _: [Want; 1]) -> Result<[Option<Var<T>>; 1]> {
        let gradient = |y| {
            Gradient {
                standard: self.standard,
                scale: self.scale.clone(),
                y,
            }
            .apply([&g, &x])
        };
        Ok([self.y.clone().map(gradient).transpose()?])
    }

    fn attribute_bytes(&self) -> usize {
        let [mean, y] = [&self.mean, &self.y].map(|x| x.as_ref().map_or(0, Tensor::size_bytes));
        mean + self.scale.size_bytes() + y
    }
}

/// z = scale * (g - mean(g) - y * mean(g * y)), y being the standardized x; without mean(g) from zero
#[derive(Debug)]
struct Gradient<T: Float> {
    standard: Standard,
    scale: Tensor<T>,
    y: Tensor<T>,
}

impl<T: Float> Op<T> for Gradient<T> {
    type Arity = Fixed<2>;
    type Saves = Inputs;

    fn forward(&mut self, [g, _]: [&Tensor<T>; 2]) -> Result<Tensor<T>> {
        let along = self.standard.mean_product(g, &self.y)?;
        let mut z = self.y.mul(&along)?;
        z.zip_in_place("standardize", g, |z, g| g - z)?;
        if self.standard.centre == Centre::Mean {
            z.sub_assign(&self.standard.mean_of(g)?)?;
        }
        z.mul_assign(&self.scale)?;
        Ok(z)
    }

    /// With z(v) this function of v for the same x: dg = z(gg),
    /// dx = -scale * (y * mean(gg * z(g)) + mean(g * y) * z(gg) + mean(gg * y) * z(g))
    fn backward(
        &self,
        gg: Var<T>,
        [g, x]: [Var<T>; 2],
        [_, want_x]: [Want; 2],
    ) -> Result<[Option<Var<T>>; 2]> {
        let standard = self.standard;
        let of = |v: &Var<T>| {
            Self {
                standard,
                scale: self.scale.clone(),
                y: self.y.clone(),
            }
            .apply([v, &x])
        };
        let dg = of(&gg)?;
        let dx = want_x.then(|| {
            let y = standard.apply(&x, standard.moments(x.tensor())?)?;
            let z = of(&g)?;
            let sum = y
                .mul(&standard.mean(&gg.mul(&z)?)?)?
                .add(&dg.mul(&standard.mean(&g.mul(&y)?)?)?)?
                .add(&z.mul(&standard.mean(&gg.mul(&y)?)?)?)?;
            Ok(sum.mul(&standard.scale(&x)?)?.neg())
        })?;
        Ok([Some(dg), dx])
    }

    fn attribute_bytes(&self) -> usize {
        self.scale.size_bytes() + self.y.size_bytes()
    }
}

impl<T: Float> Var<T> {
    /// Each row less its mean and divided by `sqrt(variance + eps)`, or without the former divided by
    /// `sqrt(mean square + eps)`.
    ///
    /// # Shape
    ///
    /// `[rows, n] -> [rows, n]`
    ///
    /// # Gradient
    ///
    /// `scale * (g - mean(g) - y * mean(g * y))`, `scale` being what y was multiplied by, without `mean(g)`
    /// where no mean was subtracted; input, output and scales are saved.
    #[track_caller]
    pub(crate) fn standardize_rows(&self, centre: Centre, eps: f64) -> Result<Self> {
        let rows = self.shape().first().copied().unwrap_or(1);
        let kept = Shape::from([rows, 1]);
        let standard = Standard { kept, centre, eps };
        standard.apply(self, standard.moments(self.tensor())?)
    }

    /// `self * weight + bias`, after broadcasting, where there are such.
    #[track_caller]
    pub(crate) fn scale_and_shift(
        self,
        weight: Option<&Self>,
        bias: Option<&Self>,
    ) -> Result<Self> {
        let scaled = match weight {
            Some(weight) => self.mul(weight)?,
            None => self,
        };
        match bias {
            Some(bias) => scaled.add_owned(bias),
            None => Ok(scaled),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::BatchNorm;
    use crate::check::{gradcheck, gradgradcheck};
    use gradlet_tensor::{rng, tensor};

    #[test]
    fn gradients_agree_with_finite_differences() -> Result<()> {
        let cases: [(&[usize], &[usize]); 5] = [
            (&[2, 5], &[2, 1]),
            (&[3, 2, 4], &[1, 2, 1]),
            (&[3, 1], &[3, 1]),
            (&[0, 3], &[0, 1]),
            (&[2, 2, 2], &[1, 1, 1]),
        ];
        for (shape, kept) in cases {
            for centre in [Centre::Mean, Centre::Zero] {
                let kept = Shape::new(kept)?;
                let standard = Standard {
                    kept,
                    centre,
                    eps: 0.1,
                };
                let x = [Tensor::<f64>::normal(shape, 0.5, 1.0, &mut rng(1))?];
                let f = |x: &[Var<f64>]| standard.apply(&x[0], standard.moments(x[0].tensor())?);
                gradcheck(f, &x)?;
                gradgradcheck(f, &x)?;
            }
        }
        let x = [Tensor::<f64>::normal([3, 2], 0.5, 1.0, &mut rng(1))?];
        let turned = |x: &[Var<f64>]| x[0].t()?.standardize_rows(Centre::Mean, 0.1);
        gradcheck(turned, &x)?;
        gradgradcheck(turned, &x)?;
        let repeated = |x: &[Var<f64>]| {
            let rows = x[0].unsqueeze(0)?.broadcast_to([2, 3, 2])?;
            rows.reshape([2, 6])?.standardize_rows(Centre::Zero, 0.1)
        };
        gradcheck(repeated, &x)
    }

    #[test]
    fn gradients_of_the_gradient_agree_with_finite_differences() -> Result<()> {
        let inputs = [
            Tensor::<f64>::normal([2, 3], 0.0, 1.0, &mut rng(1))?,
            Tensor::<f64>::normal([2, 3], 0.5, 1.0, &mut rng(2))?,
        ];
        for centre in [Centre::Mean, Centre::Zero] {
            let standard = Standard {
                kept: Shape::from([2, 1]),
                centre,
                eps: 0.1,
            };
            let gradient = |inputs: &[Var<f64>]| {
                let x = inputs[1].tensor();
                let moments = standard.moments(x)?;
                let scale = moments.variance.map(|v| 1.0 / (v + 0.1).sqrt());
                let y = standard.apply(&Var::constant(x.clone()), moments)?;
                Gradient {
                    standard,
                    scale,
                    y: y.into_tensor(),
                }
                .apply([&inputs[0], &inputs[1]])
            };
            gradcheck(gradient, &inputs)?;
            gradgradcheck(gradient, &inputs)?;
        }
        Ok(())
    }

    #[test]
    fn large_means_cost_no_digits_and_equal_elements_are_0() -> Result<()> {
        let x = Var::leaf(tensor![f64; [1e8 + 1.0, 1e8 - 1.0]]);
        let y = x.standardize_rows(Centre::Mean, 0.0)?;
        assert_eq!(y.to_vec(), [1.0, -1.0]);
        for (value, n) in [(123_456.1, 7), (16_777.217, 1000), (0.1, 3)] {
            let equal = Var::leaf(Tensor::full([2, n], value)?);
            assert!(
                equal
                    .standardize_rows(Centre::Mean, 1e-5)?
                    .to_vec()
                    .iter()
                    .all(|y| *y == 0.0)
            );
            let columns = equal.t()?.batch_norm(
                BatchNorm::Train {
                    running: None,
                    momentum: 0.1,
                },
                None,
                None,
                1e-5,
            )?;
            assert!(columns.to_vec().iter().all(|y| *y == 0.0), "{columns}");
        }
        let y = Var::leaf(tensor![f64; [3.0, 4.0]]).standardize_rows(Centre::Zero, 3.5)?;
        assert_eq!(y.to_vec(), [0.75, 1.0]);
        Ok(())
    }
}
