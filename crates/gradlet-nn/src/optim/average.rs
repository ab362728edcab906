//! [`Average`]: a running average of a model's weights.

use std::fmt;

use gradlet_tensor::{Error, ErrorKind, Result};

use super::kept::{Kept, is_at};
use crate::module::{LeafMut, Module};
use crate::require::require;

pub(super) const NAME: &str = "average";

/// A running average of a model's parameters, and of its buffers of floats, which often does better than the latest ones.
///
/// ```text
/// ema(decay):  a = decay * a + (1 - decay) * p         the first time: a = p
/// swa():       a = a + (p - a) / (n + 1)               after n updates
/// ```
///
/// It belongs to the places in the model: a clone of the model, or a new one of the same structure, continues it.
/// Running statistics are averaged as the weights are; buffers of integers and truths stay those of the model.
/// [`without_buffers`](Average::without_buffers) leaves all buffers to the model: the statistics are then those of the
/// latest weights, and a pass over the data in training mode makes new ones. Each update is one pass over each tensor.
///
/// # Example
///
/// ```
/// use gradlet_nn::{Parameter, optim::Average};
/// use gradlet_tensor::tensor;
///
/// let mut model = Parameter::new(tensor![1.0, 2.0]);
/// let mut average = Average::ema(0.5)?;
/// average.update(&model)?; // after each optimizer.step(..)
/// *model.tensor_mut() = tensor![3.0, 6.0];
/// average.update(&model)?;
/// let weights = average.evaluating(&mut model, |model| model.tensor().to_vec())?;
/// assert_eq!(weights, [2.0, 4.0]);
/// assert_eq!(model.tensor().to_vec(), [3.0, 6.0]);
/// # Ok::<(), gradlet_tensor::Error>(())
/// ```
///
/// # Source
///
/// `torch.optim.swa_utils.AveragedModel` with `use_buffers=True`; B. Polyak, A. Juditsky, "Acceleration of Stochastic
/// Approximation by Averaging", 1992; P. Izmailov and others, "Averaging Weights Leads to Wider Optima and Better
/// Generalization", 2018.
#[derive(Clone)]
pub struct Average {
    /// `None` if all updates count alike.
    pub(super) decay: Option<f64>,
    pub(super) buffers: bool,
    pub(super) updates: u64,
    /// Whether the average is in the model, and the model's tensors are here.
    swapped: bool,
    pub(super) tensors: Vec<(String, Kept)>,
}

impl Average {
    /// The exponential moving average, which keeps the share `decay` of itself in each update.
    ///
    /// # Errors
    ///
    /// If `decay` is not in [0, 1].
    #[track_caller]
    pub fn ema(decay: f64) -> Result<Self> {
        let holds = (0.0..=1.0).contains(&decay);
        require(holds, NAME, "decay", "in [0, 1]", decay)?;
        Ok(Self::new(Some(decay)))
    }

    /// The plain average of all updates, as in stochastic weight averaging.
    pub fn swa() -> Self {
        Self::new(None)
    }

    fn new(decay: Option<f64>) -> Self {
        Self {
            decay,
            buffers: true,
            updates: 0,
            swapped: false,
            tensors: Vec::new(),
        }
    }

    /// Leaves buffers out.
    pub fn without_buffers(mut self) -> Self {
        self.buffers = false;
        self
    }

    /// The number of updates.
    pub fn updates(&self) -> u64 {
        self.updates
    }

    /// Takes the tensors of `model` into the average.
    ///
    /// # Errors
    ///
    /// If the average is in the model, or the model does not have the tensors that it had in the first update. Nothing is
    /// changed then.
    #[track_caller]
    pub fn update(&mut self, model: &(impl Module + ?Sized)) -> Result<()> {
        if self.updates == 0 {
            let (buffers, mut tensors) = (self.buffers, Vec::new());
            model.visit_leaves(&mut |path, leaf| {
                let kept = Kept::of(leaf, buffers);
                tensors.extend(kept.map(|kept| (path.to_string(), kept.apart())));
                Ok(())
            })?;
            (self.tensors, self.updates) = (tensors, 1);
            return Ok(());
        }
        self.refuse_swapped()?;
        self.fits(model)?;
        let weight = match self.decay {
            Some(decay) => 1.0 - decay,
            None => 1.0 / (self.updates + 1) as f64,
        };
        let mut tensors = self.tensors.iter_mut();
        model.visit_leaves(&mut |_, leaf| {
            let Some(now) = Kept::of(leaf, self.buffers) else {
                return Ok(());
            };
            match tensors.next() {
                Some((_, kept)) => kept.approach(&now, weight),
                None => Ok(()),
            }
        })?;
        self.updates += 1;
        Ok(())
    }

    /// Exchanges the tensors of `model` and the average. The second call puts them back.
    ///
    /// # Errors
    ///
    /// If there was no update, or the model does not have the tensors that it had then. Nothing is changed then.
    #[track_caller]
    pub fn swap(&mut self, model: &mut (impl Module + ?Sized)) -> Result<()> {
        let updates = self.updates as f64;
        require(
            updates > 0.0,
            NAME,
            "the number of updates",
            "at least 1",
            updates,
        )?;
        self.fits(model)?;
        self.exchange(model)
    }

    /// Calls `f` with the model in eval mode and with the average in it, and puts its own tensors and modes back, even if
    /// `f` panics.
    ///
    /// # Errors
    ///
    /// If there was no update, the average is in the model already, or the model does not have the tensors that it had
    /// in the first update. `f` is not called then.
    #[track_caller]
    pub fn evaluating<M: Module, R>(
        &mut self,
        model: &mut M,
        f: impl FnOnce(&M) -> R,
    ) -> Result<R> {
        self.refuse_swapped()?;
        self.swap(model)?;
        let within = Within {
            average: self,
            model,
        };
        Ok(within.model.evaluating(f))
    }

    fn exchange(&mut self, model: &mut (impl Module + ?Sized)) -> Result<()> {
        self.swapped = !self.swapped;
        let mut tensors = self.tensors.iter_mut();
        model.visit_leaves_mut(&mut |_, leaf| {
            let averaged = match &leaf {
                LeafMut::Parameter(_) => true,
                LeafMut::Buffer(buffer) => {
                    self.buffers && ["f32", "f64"].contains(&buffer.element())
                }
                _ => false,
            };
            if let Some((_, kept)) = averaged.then(|| tensors.next()).flatten() {
                kept.swap(leaf);
            }
            Ok(())
        })
    }

    #[track_caller]
    pub(super) fn refuse_swapped(&self) -> Result<()> {
        let name = "the number of swaps not undone";
        require(!self.swapped, NAME, name, "0", 1.0)
    }

    /// An error unless the model has the tensors of the average, in its order.
    #[track_caller]
    fn fits(&self, model: &(impl Module + ?Sized)) -> Result<()> {
        let (mut tensors, mut refused) = (self.tensors.iter(), None);
        model.visit_leaves(&mut |path, leaf| {
            let Some(now) = Kept::of(leaf, self.buffers).filter(|_| refused.is_none()) else {
                return Ok(());
            };
            let expected = tensors.next();
            if !expected.is_some_and(|(name, kept)| is_at(path, name) && kept.fits(&now)) {
                refused = Some((path.to_string(), now.describe(), expected));
            }
            Ok(())
        })?;
        let left = if refused.is_none() {
            tensors.next()
        } else {
            None
        };
        let (path, reason) = match (refused, left) {
            (None, None) => return Ok(()),
            (Some((path, now, Some((name, kept)))), _) if path == *name => {
                (path, format!("is {now}, but was {}", kept.describe()))
            }
            (Some((path, now, expected)), _) => {
                let is_known = self.tensors.iter().any(|(name, _)| *name == path);
                match expected.filter(|_| is_known) {
                    Some((name, _)) => (name.clone(), "is no longer in its place".to_owned()),
                    None => (path, format!("is new in the model, {now}")),
                }
            }
            (None, Some((name, _))) => (name.clone(), "is no longer in the model".to_owned()),
        };
        let op = NAME;
        Err(Error::new(ErrorKind::OptimizerState { op, path, reason }))
    }
}

/// A model with the average in it. Dropping this puts its own tensors back.
struct Within<'a, M: Module> {
    average: &'a mut Average,
    model: &'a mut M,
}

impl<M: Module> Drop for Within<'_, M> {
    fn drop(&mut self) {
        // It fitted before, and nothing could change the model's structure.
        let _ = self.average.exchange(self.model);
    }
}

/// Prints the number of tensors instead of their elements.
impl fmt::Debug for Average {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Average")
            .field("decay", &self.decay)
            .field("buffers", &self.buffers)
            .field("updates", &self.updates)
            .field("tensors", &self.tensors.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use gradlet_tensor::{Tensor, tensor};

    use super::super::Sgd;
    use super::super::tests::{gradients, weight};
    use super::*;
    use crate::buffer::Buffer;
    use crate::mode::Mode;
    use crate::parameter::Parameter;

    type Net = (Parameter, Vec<Parameter<f64>>, Buffer, Buffer<i64>, Mode);

    fn net(x: f32) -> Net {
        (
            weight([x, -x]),
            vec![Parameter::new(Tensor::scalar(f64::from(x)))],
            Buffer::new(tensor![x]),
            Buffer::new(tensor![i64; x as i64]),
            Mode::Train,
        )
    }

    fn numbers(net: &Net) -> [f64; 4] {
        [
            f64::from(net.0.tensor().to_vec()[0]),
            net.1[0].tensor().to_vec()[0],
            f64::from(net.2.tensor().to_vec()[0]),
            net.3.tensor().to_vec()[0] as f64,
        ]
    }

    #[test]
    fn averages_are_exponential_or_equal_with_buffers_or_without() -> Result<()> {
        for (average, expected) in [
            (Average::ema(0.75)?, [3.125, 3.125, 3.125, 8.0]),
            (Average::ema(0.25)?, [6.625, 6.625, 6.625, 8.0]),
            (Average::ema(0.0)?, [8.0; 4]),
            (Average::swa(), [4.0, 4.0, 4.0, 8.0]),
            (Average::swa().without_buffers(), [4.0, 4.0, 8.0, 8.0]),
        ] {
            let (mut average, mut last) = (average, net(8.0));
            for model in [&net(1.0), &net(3.0), &last] {
                average.update(model)?;
            }
            let seen = average.evaluating(&mut last, numbers)?;
            let text = format!("{average:?}");
            assert_eq!(seen, expected, "{text}");
            assert_eq!((numbers(&last), average.updates()), ([8.0; 4], 3));
        }
        Ok(())
    }

    #[test]
    fn swapping_twice_restores_to_the_last_bit_and_updates_wait() -> Result<()> {
        let (mut model, mut average) = (net(0.1), Average::swa());
        assert!(average.swap(&mut model).is_err());
        average.update(&net(0.7))?;
        average.swap(&mut model)?;
        assert_eq!(numbers(&model)[0], f64::from(0.7f32));
        let (line, error) = (line!(), average.update(&model).unwrap_err());
        let expected = "average: the number of swaps not undone must be 0, got 1 (at ";
        assert!(error.to_string().starts_with(expected), "{error}");
        assert_eq!(error.location().line(), line);
        assert!(average.evaluating(&mut model, |_| ()).is_err());
        average.swap(&mut model)?;
        assert_eq!(numbers(&model), numbers(&net(0.1)));
        average.update(&model)
    }

    #[test]
    fn the_model_gets_its_tensors_and_modes_back_after_a_panic() -> Result<()> {
        let (mut model, mut average) = (net(1.0), Average::ema(0.5)?);
        average.update(&net(2.0))?;
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            let inside =
                |net: &Net| assert!(net.training() || numbers(net)[0] != 2.0, "on purpose");
            let _ = average.evaluating(&mut model, inside);
        }));
        assert!(panicked.is_err() && model.training());
        assert_eq!(numbers(&model), [1.0; 4]);
        average.update(&model)
    }

    #[test]
    fn a_model_that_does_not_fit_is_refused_by_name_and_changes_nothing() -> Result<()> {
        let mut average = Average::ema(0.5)?;
        average.update(&net(1.0))?;
        let mut refused = |change: fn(&mut Net), expected: &str| -> Result<()> {
            let mut model = net(3.0);
            change(&mut model);
            let text = average.update(&model).unwrap_err().to_string();
            assert!(text.starts_with(expected), "{text}");
            assert!(average.swap(&mut model).is_err());
            assert_eq!(average.evaluating(&mut net(5.0), numbers)?[..3], [1.0; 3]);
            Ok(())
        };
        refused(
            |net| *net.1[0].tensor_mut() = tensor![f64; 1.0, 2.0],
            "average: parameter 1.0 is f64 [2], but was f64 [] (at ",
        )?;
        refused(
            |net| net.1.push(Parameter::new(tensor![f64; 1.0])),
            "average: parameter 1.1 is new in the model, f64 [1] (at ",
        )?;
        refused(
            |net| net.1.clear(),
            "average: parameter 1.0 is no longer in its place (at ",
        )
    }

    #[test]
    fn an_update_leaves_the_next_step_nothing_to_copy() -> Result<()> {
        let (mut p, mut average, mut sgd) = (weight([1.0, 2.0]), Average::swa(), Sgd::new(0.5));
        for _ in 0..3 {
            average.update(&p)?;
            let grads = gradients(&[&p], 1.0);
            sgd.step(&mut p, &grads)?;
        }
        assert_eq!(sgd.copies().parameters, 0);
        assert_eq!(
            average.evaluating(&mut p, |p| p.tensor().to_vec())?,
            [0.5, 1.5]
        );
        Ok(())
    }

    #[test]
    fn a_decay_out_of_range_is_refused() {
        for decay in [-0.1, 1.1, f64::NAN] {
            let text = Average::ema(decay).unwrap_err().to_string();
            let expected = "average: decay must be in [0, 1], got ";
            assert!(text.starts_with(expected), "{text}");
        }
    }
}
