//! [`ChannelNorm`]: a layer that standardizes each channel, over the batch or over each sample.

use std::fmt;
use std::marker::PhantomData;
use std::ops::RangeInclusive;

use gradlet_autograd::{Float, Result, RunningStatistics, Statistics, Var};
use gradlet_tensor::{Error, ErrorKind, Tensor};

use super::settings::{EPS, described, expect_channels, leaves, weight_bias_and_eps};
use crate::buffer::Buffer;
use crate::forward::Forward;
use crate::mode::Mode;
use crate::module::{Children, Module, Name};
use crate::parameter::Parameter;
use crate::require::setting;

/// PyTorch's `momentum`.
const MOMENTUM: f64 = 0.1;

/// The elements that a [`ChannelNorm`] takes a mean of: those of a channel in all samples, or in one.
pub trait NormOver: Clone + fmt::Debug + Send + Sync + 'static {
    /// The layer's printed name.
    const NAME: &'static str;
    /// Whether each sample is standardized by itself. As in PyTorch, such a layer has neither parameters nor running
    /// statistics unless they are asked for, does not count batches, and takes a sample without a batch too.
    const PER_SAMPLE: bool;
    /// The numbers of axes of an input.
    const RANKS: RangeInclusive<usize>;
    /// The inputs that the layer takes, for its errors.
    const EXPECTED: &'static str;

    /// The norm as a function.
    ///
    /// # Errors
    ///
    /// If the shapes do not fit, or a channel has a single value in training.
    #[track_caller]
    fn norm<T: Float>(
        x: &Var<T>,
        statistics: Statistics<'_, T>,
        weight: Option<&Var<T>>,
        bias: Option<&Var<T>>,
        eps: f64,
    ) -> Result<Var<T>>;
}

/// The layer behind [`BatchNorm1d`](crate::BatchNorm1d), [`BatchNorm2d`](crate::BatchNorm2d),
/// [`InstanceNorm1d`](crate::InstanceNorm1d) and [`InstanceNorm2d`](crate::InstanceNorm2d):
/// `y = (x - mean) / sqrt(variance + eps) * weight + bias`, for each channel.
///
/// In training, mean and variance are those of the input, and running ones move toward them, the variance toward the
/// unbiased one. In all other modes they are the running ones, or those of the input if the layer has no running ones.
/// In a [`checkpoint`](gradlet_autograd::checkpoint) running statistics move once.
#[derive(Clone, Debug)]
pub struct ChannelNorm<K, T: Float = f32> {
    /// `[num_features]`, ones at first
    pub weight: Option<Parameter<T>>,
    /// `[num_features]`, zeros at first
    pub bias: Option<Parameter<T>>,
    /// `[num_features]`, zeros at first
    pub running_mean: Option<Buffer<T>>,
    /// `[num_features]`, ones at first
    pub running_var: Option<Buffer<T>>,
    /// The number of batches seen in training, a scalar. As in PyTorch, instance norms have it and do not count.
    pub num_batches_tracked: Option<Buffer<i64>>,
    num_features: usize,
    eps: f64,
    /// `None` for the mean over all batches.
    momentum: Option<f64>,
    over: PhantomData<K>,
    mode: Mode,
}

impl<K: NormOver> ChannelNorm<K> {
    /// A layer for this number of channels, with PyTorch's defaults: eps 1e-5 and momentum 0.1; a batch norm has
    /// parameters and running statistics, an instance norm has none.
    ///
    /// # Errors
    ///
    /// If memory does not hold that many channels.
    #[track_caller]
    pub fn new(num_features: usize) -> Result<Self> {
        Self::new_of(num_features)
    }
}

impl<K: NormOver, T: Float> ChannelNorm<K, T> {
    /// As `new`, for any element type: `BatchNorm1d::<f64>::new_of(..)`.
    ///
    /// # Errors
    ///
    /// If memory does not hold that many channels.
    #[track_caller]
    pub fn new_of(num_features: usize) -> Result<Self> {
        let layer = Self {
            weight: None,
            bias: None,
            running_mean: None,
            running_var: None,
            num_batches_tracked: None,
            num_features,
            eps: EPS,
            momentum: Some(MOMENTUM),
            over: PhantomData,
            mode: Mode::Train,
        };
        if K::PER_SAMPLE {
            return Ok(layer);
        }
        layer.with_parameters()?.with_statistics()
    }

    /// The same layer with a weight of ones and a bias of zeros: `affine=True` in PyTorch.
    ///
    /// # Errors
    ///
    /// If memory does not hold that many channels.
    #[track_caller]
    pub fn with_parameters(self) -> Result<Self> {
        Ok(Self {
            weight: Some(Tensor::ones_of(self.num_features)?.into()),
            bias: Some(Tensor::zeros_of(self.num_features)?.into()),
            ..self
        })
    }

    /// The same layer with running statistics: `track_running_stats=True` in PyTorch.
    ///
    /// # Errors
    ///
    /// If memory does not hold that many channels.
    #[track_caller]
    pub fn with_statistics(self) -> Result<Self> {
        let RunningStatistics { mean, variance } = RunningStatistics::new(self.num_features)?;
        Ok(Self {
            running_mean: Some(mean.into()),
            running_var: Some(variance.into()),
            num_batches_tracked: Some(Tensor::scalar(0).into()),
            ..self
        })
    }

    weight_bias_and_eps!();

    /// The same layer without running statistics: it takes those of its input in all modes.
    pub fn without_statistics(self) -> Self {
        Self {
            running_mean: None,
            running_var: None,
            num_batches_tracked: None,
            ..self
        }
    }

    /// The same layer with this momentum in [0, 1]: the fraction of the distance to the statistics of a batch that
    /// running ones move.
    pub fn momentum(self, momentum: f64) -> Self {
        let momentum = Some(momentum);
        Self { momentum, ..self }
    }

    /// Sets that running statistics are the means over all batches: only where batches are counted.
    pub(super) fn set_cumulative(&mut self) {
        self.momentum = None;
    }

    #[track_caller]
    fn normalized(&self, x: &Var<T>) -> Result<Var<T>> {
        if !K::RANKS.contains(&x.rank()) {
            return Err(Error::new(ErrorKind::Rank {
                op: K::NAME,
                expected: K::EXPECTED,
                shape: *x.shape(),
            }));
        }
        if K::PER_SAMPLE && x.rank() == *K::RANKS.start() {
            return self.of_batch(&x.unsqueeze(0)?)?.squeeze(0);
        }
        self.of_batch(x)
    }

    #[track_caller]
    fn of_batch(&self, x: &Var<T>) -> Result<Var<T>> {
        if self.weight.is_some() || self.running_mean.is_some() {
            expect_channels(K::NAME, x, self.num_features)?;
        }
        let (Some(mean), Some(variance)) = (&self.running_mean, &self.running_var) else {
            let (running, momentum) = (None, MOMENTUM);
            return self.norm(x, Statistics::Batch { running, momentum });
        };
        if !self.mode.trains() {
            let (mean, variance) = (mean.tensor(), variance.tensor());
            return self.norm(
                x,
                Statistics::Running(&RunningStatistics { mean, variance }),
            );
        }
        if let Some(momentum) = self.momentum {
            let holds = |x: f64| (0.0..=1.0).contains(&x);
            setting::<T>(K::NAME, "momentum", "in [0, 1]", momentum, holds)?;
        }
        // The batch's own, by a move of the whole distance.
        let mut batch = RunningStatistics::new(self.num_features)?;
        let (running, momentum) = (Some(&mut batch), 1.0);
        let y = self.norm(x, Statistics::Batch { running, momentum })?;
        let share = T::of(self.count()?);
        if !x.tensor().is_empty() {
            // Not set but updated, so that no move is lost where several threads train.
            let mix = |old: &Tensor<T>, new: &Tensor<T>| {
                old.mul_scalar(T::one() - share).add(&new.mul_scalar(share))
            };
            mean.update(|old| mix(old, &batch.mean))?;
            variance.update(|old| mix(old, &batch.variance))?;
        }
        Ok(y)
    }

    #[track_caller]
    fn norm(&self, x: &Var<T>, statistics: Statistics<'_, T>) -> Result<Var<T>> {
        let [weight, bias] = leaves([&self.weight, &self.bias]);
        K::norm(x, statistics, weight.as_ref(), bias.as_ref(), self.eps)
    }

    /// Counts a batch; returns the fraction by which running statistics move.
    #[track_caller]
    fn count(&self) -> Result<f64> {
        let mut share = self.momentum.unwrap_or(0.0);
        if let Some(seen) = self.num_batches_tracked.as_ref().filter(|_| !K::PER_SAMPLE) {
            seen.update(|seen| {
                let seen = seen.add(&seen.ones_like())?;
                if self.momentum.is_none() {
                    share = 1.0 / seen.item()? as f64;
                }
                Ok(seen)
            })?;
        }
        Ok(share)
    }

    fn sizes(&self) -> String {
        // What is there although it need not be is listed as the layer's tensors.
        let has = [&self.weight, &self.bias].map(Option::is_some);
        let has = if K::PER_SAMPLE && !has[0] {
            [true; 2]
        } else {
            has
        };
        let eps = (self.eps != EPS).then_some(self.eps);
        let momentum = match self.momentum {
            Some(MOMENTUM) => String::new(),
            Some(momentum) => format!(", momentum {momentum}"),
            None => ", cumulative".to_owned(),
        };
        let lacks = !K::PER_SAMPLE && self.running_mean.is_none();
        let lacks = if lacks { ", no statistics" } else { "" };
        let features = self.num_features.to_string();
        described(&features, eps, has) + &momentum + lacks
    }
}

#[diagnostic::do_not_recommend]
impl<K: NormOver, T: Float> Children for ChannelNorm<K, T> {
    fn children<'a>(&'a self, visit: &mut dyn FnMut(Name<'a>, &'a dyn Module)) {
        visit(Name::Field("weight"), &self.weight);
        visit(Name::Field("bias"), &self.bias);
        visit(Name::Field("running_mean"), &self.running_mean);
        visit(Name::Field("running_var"), &self.running_var);
        visit(
            Name::Field("num_batches_tracked"),
            &self.num_batches_tracked,
        );
        visit(Name::Field("mode"), &self.mode);
    }

    fn children_mut<'a>(&'a mut self, visit: &mut dyn FnMut(Name<'a>, &'a mut dyn Module)) {
        visit(Name::Field("weight"), &mut self.weight);
        visit(Name::Field("bias"), &mut self.bias);
        visit(Name::Field("running_mean"), &mut self.running_mean);
        visit(Name::Field("running_var"), &mut self.running_var);
        visit(
            Name::Field("num_batches_tracked"),
            &mut self.num_batches_tracked,
        );
        visit(Name::Field("mode"), &mut self.mode);
    }

    fn kind(&self) -> &'static str {
        K::NAME
    }

    fn describe(&self) -> String {
        self.sizes()
    }
}

impl<K: NormOver, T: Float> Forward<T> for ChannelNorm<K, T> {
    fn forward(&self, x: &Var<T>) -> Result<Var<T>> {
        let y = self.normalized(x);
        y.map_err(|error| self.name_in(error.of(K::NAME)))
    }
}
