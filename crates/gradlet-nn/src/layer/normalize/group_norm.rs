//! [`GroupNorm`]: groups of channels standardized, for each sample.

use gradlet_autograd::{Float, Result, Var};
use gradlet_tensor::Tensor;

use super::settings::{EPS, described, expect_channels, leaves, weight_bias_and_eps};
use crate::forward::Forward;
use crate::mode::Mode;
use crate::module::Module;
use crate::parameter::Parameter;
use crate::require::require;

/// Standardizes each group of channels of each sample, over all places:
/// `y = (x - mean) / sqrt(variance + eps) * weight + bias`, in all modes.
///
/// Unless set, eps is 1e-5. A weight starts as ones, a bias as zeros, one for each channel. A single sample with a
/// single value per group is an error.
///
/// # Shape
///
/// `[n, num_channels, ...] -> [n, num_channels, ...]`; `weight` and `bias`: `[num_channels]`
///
/// # Example
///
/// ```
/// # use gradlet_nn::{Forward, GroupNorm};
/// # use gradlet_autograd::Var;
/// # use gradlet_tensor::tensor;
/// # fn main() -> gradlet_tensor::Result<()> {
/// let layer = GroupNorm::new(2, 4)?.eps(0.0);
/// let x = Var::constant(tensor![[1.0, 3.0, 10.0, 30.0]]);
/// assert_eq!(layer.forward(&x)?.to_vec(), [-1.0, 1.0, -1.0, 1.0]);
/// # Ok(())
/// # }
/// ```
///
/// # Source
///
/// Y. Wu, K. He, "Group Normalization", 2018; `torch.nn.GroupNorm`
#[derive(Clone, Debug, Module)]
#[module(describe = Self::sizes)]
pub struct GroupNorm<T: Float = f32> {
    /// `[num_channels]`
    pub weight: Option<Parameter<T>>,
    /// `[num_channels]`
    pub bias: Option<Parameter<T>>,
    #[module(skip)]
    num_groups: usize,
    #[module(skip)]
    num_channels: usize,
    #[module(skip)]
    eps: f64,
    mode: Mode,
}

impl GroupNorm {
    /// A layer that cuts this number of channels into groups.
    ///
    /// # Errors
    ///
    /// If `num_groups` does not divide `num_channels`, or memory does not hold that many channels.
    #[track_caller]
    pub fn new(num_groups: usize, num_channels: usize) -> Result<Self> {
        Self::new_of(num_groups, num_channels)
    }
}

impl<T: Float> GroupNorm<T> {
    /// As `new`, for any element type: `GroupNorm::<f64>::new_of(..)`.
    ///
    /// # Errors
    ///
    /// As for `new`.
    #[track_caller]
    pub fn new_of(num_groups: usize, num_channels: usize) -> Result<Self> {
        let divides = num_groups > 0 && num_channels.is_multiple_of(num_groups);
        let expected = "a divisor of num_channels";
        require(
            divides,
            "GroupNorm",
            "num_groups",
            expected,
            num_groups as f64,
        )?;
        Ok(Self {
            weight: Some(Tensor::ones_of(num_channels)?.into()),
            bias: Some(Tensor::zeros_of(num_channels)?.into()),
            num_groups,
            num_channels,
            eps: EPS,
            mode: Mode::Train,
        })
    }

    weight_bias_and_eps!();

    #[track_caller]
    fn normalized(&self, x: &Var<T>) -> Result<Var<T>> {
        expect_channels("GroupNorm", x, self.num_channels)?;
        let [weight, bias] = leaves([&self.weight, &self.bias]);
        x.group_norm(self.num_groups, weight.as_ref(), bias.as_ref(), self.eps)
    }

    fn sizes(&self) -> String {
        let has = [&self.weight, &self.bias].map(Option::is_some);
        let eps = (self.eps != EPS).then_some(self.eps);
        let groups = if self.num_groups == 1 {
            "group"
        } else {
            "groups"
        };
        let sizes = format!(
            "{} channels, {} {groups}",
            self.num_channels, self.num_groups
        );
        described(&sizes, eps, has)
    }
}

impl<T: Float> Forward<T> for GroupNorm<T> {
    fn forward(&self, x: &Var<T>) -> Result<Var<T>> {
        self.normalized(x).map_err(|error| self.name_in(error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::module::Children;
    use gradlet_tensor::tensor;

    #[test]
    fn it_scales_and_shifts_each_channel() -> Result<()> {
        let mut layer = GroupNorm::<f64>::new_of(1, 2)?.eps(0.0);
        layer.weight = Some(tensor![f64; 10.0, 20.0].into());
        layer.bias = Some(tensor![f64; 0.5, 0.25].into());
        let x = Var::constant(tensor![f64; [1.0, 3.0], [7.0, 5.0]]);
        assert_eq!(layer.forward(&x)?.to_vec(), [-9.5, 20.25, 10.5, -19.75]);
        let text = "2 channels, 1 group, eps 0, no bias";
        assert_eq!(layer.without_bias().describe(), text);
        Ok(())
    }

    #[test]
    fn errors_show_the_sizes_and_the_input() -> Result<()> {
        let error = GroupNorm::new(3, 4).unwrap_err().to_string();
        let expected = "GroupNorm: num_groups must be a divisor of num_channels, got 3 (at ";
        assert!(error.starts_with(expected), "{error}");
        assert!(GroupNorm::new(0, 4).is_err());
        let layer = GroupNorm::new(2, 4)?.without_parameters();
        let error = |shape: &[usize]| -> Result<String> {
            let x = Var::constant(Tensor::ones(shape)?);
            Ok(layer.forward(&x).unwrap_err().to_string())
        };
        let found = error(&[5, 6])?;
        let name = "GroupNorm(4 channels, 2 groups, no parameters): ";
        let expected = "input [5, 6] has 6 channels, weight [4] takes 4 (at ";
        assert!(found.starts_with(&format!("{name}{expected}")), "{found}");
        let found = error(&[4])?;
        assert!(
            found.starts_with(&format!("{name}expected channels")),
            "{found}"
        );
        Ok(())
    }
}
