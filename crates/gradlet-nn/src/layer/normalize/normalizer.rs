//! [`Normalizer`]: features standardized by the mean and deviation that they have in a training set.

use gradlet_autograd::{Float, Result, Var};
use gradlet_tensor::{Axes, Error, ErrorKind, IntoShape, Keep, Shape, Tensor};

use super::settings::sizes;
use crate::buffer::Buffer;
use crate::forward::Forward;
use crate::mode::Mode;
use crate::module::Module;

/// Standardizes each feature by its mean and standard deviation in a training set: `y = (x - mean) / std`, in all modes.
///
/// Both are buffers: they are saved with a model that holds the layer, and not trained. A feature that is constant in the
/// training set, with `std` 0, becomes 0.
///
/// # Shape
///
/// `[..., mean] -> [..., mean]`, where `mean` is the shape of `mean` and `std`, of which sizes of 1 take any size
///
/// # Example
///
/// ```
/// # use gradlet_nn::{Forward, Normalizer};
/// # use gradlet_autograd::Var;
/// # use gradlet_tensor::tensor;
/// # fn main() -> gradlet_tensor::Result<()> {
/// let layer = Normalizer::fit(&tensor![[1.0, 10.0], [3.0, 50.0]])?;
/// assert_eq!(layer.mean.tensor(), tensor![2.0, 30.0]);
/// let x = Var::constant(tensor![[1.0, 70.0]]);
/// let y = layer.forward(&x)?;
/// assert_eq!(y.to_vec(), [-1.0, 2.0]);
/// assert_eq!(layer.denormalize(&y)?.to_vec(), x.to_vec());
/// # Ok(())
/// # }
/// ```
///
/// # Source
///
/// scikit-learn's `StandardScaler`; `keras.layers.Normalization`
#[derive(Clone, Debug, Module)]
#[module(describe = Self::sizes)]
pub struct Normalizer<T: Float = f32> {
    /// The mean of each feature.
    pub mean: Buffer<T>,
    /// The standard deviation of each feature.
    pub std: Buffer<T>,
    mode: Mode,
}

impl Normalizer {
    /// A layer that changes nothing until it loads a state: features of this shape with mean 0 and deviation 1.
    ///
    /// # Errors
    ///
    /// If memory does not hold that many elements.
    #[track_caller]
    pub fn new(features: impl IntoShape) -> Result<Self> {
        Self::new_of(features)
    }
}

impl<T: Float> Normalizer<T> {
    /// As `new`, for any element type: `Normalizer::<f64>::new_of(..)`.
    ///
    /// # Errors
    ///
    /// If memory does not hold that many elements.
    #[track_caller]
    pub fn new_of(features: impl IntoShape) -> Result<Self> {
        let features = features.into_shape()?;
        let (mean, std) = (Tensor::zeros_of(features)?, Tensor::ones_of(features)?);
        Ok(Self::of(mean, std))
    }

    fn of(mean: Tensor<T>, std: Tensor<T>) -> Self {
        Self {
            mean: mean.into(),
            std: std.into(),
            mode: Mode::Train,
        }
    }

    /// The layer for a training set: each index of the last axis is a feature; the numbers of a vector are one.
    ///
    /// The deviation is that of the elements themselves, as by [`Tensor::std`] with a correction of 0.
    ///
    /// # Shape
    ///
    /// data `[..., features]`, or `[rows]`; `mean` and `std`: `[features]`, or `[]`
    ///
    /// # Errors
    ///
    /// If the data are a scalar, or a mean or deviation is not finite, as it is of no rows and of a feature with a NaN or
    /// an infinity.
    #[track_caller]
    pub fn fit(data: &Tensor<T>) -> Result<Self> {
        let others = data.rank().saturating_sub(1).max(1) as isize;
        Self::fit_over(data, &(0..others).collect::<Vec<_>>()[..])
    }

    /// As [`fit`](Self::fit), with mean and deviation over these axes: `[0, 2, 3]` for images, whose features are the
    /// channels.
    ///
    /// # Shape
    ///
    /// over `[0, 2, 3]`: data `[n, c, h, w]`; `mean` and `std`: `[c, 1, 1]`
    ///
    /// # Errors
    ///
    /// If an axis is out of range or named twice, or a mean or deviation is not finite.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_nn::Normalizer;
    /// # use gradlet_tensor::{Tensor, rng};
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let images = Tensor::<f32>::uniform([10, 3, 4, 4], 0.0, 1.0, &mut rng(0))?;
    /// let layer = Normalizer::fit_over(&images, [0, 2, 3])?;
    /// assert_eq!(layer.mean.shape(), [3, 1, 1]);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn fit_over(data: &Tensor<T>, axes: impl Axes) -> Result<Self> {
        let named = |error: Error| error.of("Normalizer");
        let mean = data.mean(Keep(&axes)).map_err(named)?;
        let std = data.std(Keep(&axes), 0.0).map_err(named)?;
        let first = mean.shape().iter().position(|&size| size != 1);
        let features = Shape::new(&mean.shape()[first.unwrap_or(mean.rank())..])?;
        let (mean, std) = (mean.reshape(features)?, std.reshape(features)?);
        for (i, (mean, std)) in mean.iter().zip(std.iter()).enumerate() {
            for (name, value) in [("mean", mean), ("standard deviation", std)] {
                if !value.is_finite() {
                    return Err(Error::new(ErrorKind::OutOfRange {
                        op: "Normalizer",
                        name,
                        expected: "finite",
                        value: value.to_f64(),
                        remedy: format!(" for feature {i} of data {}", data.shape()),
                    }));
                }
            }
        }
        Ok(Self::of(mean, std))
    }

    /// The inverse of `forward`: `x = y * std + mean`, for targets that a net has learned standardized. A constant
    /// feature becomes its mean.
    ///
    /// # Errors
    ///
    /// If the shape is none that `forward` takes.
    #[track_caller]
    pub fn denormalize(&self, y: &Var<T>) -> Result<Var<T>> {
        let (mean, std) = self.constants(y)?;
        y.mul(&Var::constant(std))?.add(&mean)
    }

    /// The mean, and the deviations.
    #[track_caller]
    fn constants(&self, x: &Var<T>) -> Result<(Var<T>, Tensor<T>)> {
        let mean = self.mean.tensor();
        let fits = match Shape::broadcast(x.shape(), mean.shape()) {
            Ok(shape) => x.tensor().expect_shape("normalizer", shape),
            Err(error) => Err(error.of("normalizer")),
        };
        match fits {
            Ok(()) => Ok((Var::constant(mean), self.std.tensor())),
            Err(error) => Err(self.name_in(error)),
        }
    }

    fn sizes(&self) -> String {
        sizes(&self.mean.shape())
    }
}

impl<T: Float> Forward<T> for Normalizer<T> {
    fn forward(&self, x: &Var<T>) -> Result<Var<T>> {
        let (mean, std) = self.constants(x)?;
        // Whatever is divided by infinity is 0.
        let constant = |std: T| {
            if std == T::of(0.0) {
                T::infinity()
            } else {
                std
            }
        };
        x.sub(&mean)?.div(&Var::constant(std.map(constant)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::module::Children;
    use crate::sequential;
    use gradlet_tensor::{rng, tensor};

    #[test]
    fn features_are_standardized_and_constant_ones_become_0() -> Result<()> {
        let data = tensor![f64; [1.0, 7.0], [3.0, 7.0], [5.0, 7.0], [7.0, 7.0]];
        let layer = Normalizer::fit(&data)?;
        let (y, x) = (
            layer.forward(&Var::constant(data.clone()))?,
            Var::leaf(tensor![f64; [4.0, 9.0]]),
        );
        let std = 5f64.sqrt();
        let expected = [-3.0, 0.0, -1.0, 0.0, 1.0, 0.0, 3.0, 0.0].map(|x| x / std);
        assert_eq!(y.to_vec(), expected);
        assert_eq!(
            layer
                .denormalize(&Var::constant(tensor![f64; [0.0, 5.0]]))?
                .to_vec(),
            [4.0, 7.0]
        );
        let y = layer.forward(&x)?;
        assert_eq!(y.to_vec(), [0.0, 0.0]);
        let grads = y.sum(..)?.backward()?;
        assert_eq!(
            grads.wrt(&x).map(Tensor::to_vec),
            Some(vec![1.0 / std, 0.0])
        );
        let targets = Normalizer::fit(&tensor![2.0, 4.0])?;
        assert_eq!(targets.mean.tensor(), Tensor::scalar(3.0));
        assert_eq!(
            targets.forward(&Var::constant(tensor![5.0]))?.to_vec(),
            [2.0]
        );
        Ok(())
    }

    #[test]
    fn channels_of_images_are_features_on_request() -> Result<()> {
        let images = Tensor::<f32>::normal([20, 3, 5, 4], 5.0, 2.0, &mut rng(1))?;
        let layer = Normalizer::fit_over(&images, [0, 2, 3])?;
        let y = layer.forward(&Var::constant(images))?;
        assert!(
            y.mean([0, 2, 3])?
                .tensor()
                .allclose(&Tensor::zeros([3])?, 0.0, 1e-5)
        );
        assert!(
            y.std([0, 2, 3], 0.0)?
                .tensor()
                .allclose(&Tensor::ones([3])?, 1e-5, 0.0)
        );
        assert_eq!(layer.describe(), "[3, 1, 1]");
        Ok(())
    }

    #[test]
    fn it_is_saved_with_its_model_and_not_trained() -> Result<()> {
        let net = |normalizer| Ok::<_, Error>(sequential![normalizer, |x: &Var| x.relu()]);
        let fitted = net(Normalizer::fit(&tensor![[1.0, 10.0], [3.0, 50.0]])?)?;
        let mut fresh = net(Normalizer::new(2)?)?;
        let x = Var::constant(tensor![[4.0, 90.0]]);
        assert_eq!(fresh.forward(&x)?.to_vec(), x.to_vec());
        assert_eq!(
            fitted.state().paths().collect::<Vec<_>>(),
            ["0.mean", "0.std"]
        );
        assert!(fitted.named_parameters().is_empty());
        fresh.load_state(&fitted.state())?;
        assert_eq!(fresh.forward(&x)?.to_vec(), [2.0, 3.0]);
        Ok(())
    }

    #[test]
    fn errors_name_the_feature_and_the_shapes() -> Result<()> {
        let says = |error: Error, expected: &str| {
            let text = error.to_string();
            assert!(
                text.starts_with(expected) && text.contains("normalizer.rs"),
                "{text}"
            );
        };
        let data = tensor![[1.0, 2.0], [f32::NAN, 3.0]];
        let start = "Normalizer: mean must be finite, got NaN for feature";
        says(
            Normalizer::fit(&data).unwrap_err(),
            &format!("{start} 0 of data [2, 2] (at "),
        );
        says(
            Normalizer::fit(&data.t()?).unwrap_err(),
            &format!("{start} 1 of data [2, 2] (at "),
        );
        let huge = tensor![[1.0, f32::INFINITY]];
        let start = "Normalizer: mean must be finite, got inf for feature";
        says(
            Normalizer::fit(&huge).unwrap_err(),
            &format!("{start} 1 of data [1, 2] (at "),
        );
        let none = Tensor::zeros([0, 2])?;
        assert!(Normalizer::fit(&none).is_err() && Normalizer::fit_over(&data, 2).is_err());
        let layer = Normalizer::new(3)?;
        let x = |shape: &[usize]| Tensor::ones(shape).map(Var::constant);
        says(
            layer.forward(&x(&[2, 1])?).unwrap_err(),
            "Normalizer(3): shapes differ: expected [2, 3], got [2, 1] (at ",
        );
        says(
            layer.denormalize(&x(&[2, 4])?).unwrap_err(),
            "Normalizer(3): shapes do not broadcast: [2, 4] and [3] (axis 1 from the left has sizes 4 and 3)",
        );
        Ok(())
    }
}
