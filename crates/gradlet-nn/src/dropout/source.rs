//! [`Source`]: a dropout's probability, and the stream that its masks come from.

use gradlet_tensor::{DrawKey, Mask, Result};
use rand::Rng;

use super::Stream;
use crate::module::{Children, Leaf, LeafMut, Module, Name};

/// A dropout layer's probability that an element is zeroed, and its own random stream.
///
/// It is a leaf of a model, as parameters and modes are: [`Module::named_sources`] and [`Module::visit_sources_mut`]
/// find all sources, so that probabilities can be scheduled and the state of every stream can be read and put back. A
/// layer of your own holds a source as a field and takes the key of each draw from it. A clone draws different masks;
/// [`twin`] makes a copy that draws the same.
///
/// # Example
///
/// ```
/// # use gradlet_nn::{Dropout, Forward, Module, sequential};
/// # use gradlet_autograd::Var;
/// # use gradlet_tensor::{Tensor, rng};
/// # fn main() -> gradlet_tensor::Result<()> {
/// let mut rng = rng(1);
/// let mut model = sequential![Dropout::new(0.5, &mut rng)?, Dropout::new(0.1, &mut rng)?];
/// let x = Var::constant(Tensor::ones([100])?);
/// let states: Vec<_> = model.named_sources().iter().map(|(_, source)| source.state()).collect();
/// let first = model.forward(&x)?;
/// let mut states = states.into_iter();
/// model.visit_sources_mut(&mut |_, source| Ok(states.next().into_iter().for_each(|state| source.set_state(state))))?;
/// assert_eq!(model.forward(&x)?.tensor(), first.tensor());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Source {
    op: &'static str,
    below_one: bool,
    p: f64,
    pub(super) stream: Stream,
}

impl Source {
    /// A source for a layer with this name and a `p` in [0, 1]; takes one number from the generator.
    ///
    /// # Errors
    ///
    /// If `p` is outside [0, 1].
    #[track_caller]
    pub fn new(op: &'static str, p: f64, rng: &mut (impl Rng + ?Sized)) -> Result<Self> {
        Self::within(op, false, p, rng)
    }

    /// As `new`; with `below_one`, `p = 1` is refused.
    #[track_caller]
    pub(super) fn within(
        op: &'static str,
        below_one: bool,
        p: f64,
        rng: &mut (impl Rng + ?Sized),
    ) -> Result<Self> {
        check(op, below_one, p)?;
        let stream = Stream::fork(rng);
        Ok(Self {
            op,
            below_one,
            p,
            stream,
        })
    }

    /// The probability that an element is zeroed.
    pub fn p(&self) -> f64 {
        self.p
    }

    /// Sets the probability of later draws.
    ///
    /// # Errors
    ///
    /// If `p` is outside the layer's range; the old one stays.
    #[track_caller]
    pub fn set_p(&mut self, p: f64) -> Result<()> {
        self.check(p)?;
        self.p = p;
        Ok(())
    }

    /// The error that `set_p` would return for this probability.
    #[track_caller]
    pub(super) fn check(&self, p: f64) -> Result<()> {
        check(self.op, self.below_one, p)
    }

    /// The key of the next draw.
    pub fn next_key(&self) -> DrawKey {
        self.stream.next_key()
    }

    /// The key that the next draw will have; it is the whole state of its draws.
    pub fn state(&self) -> DrawKey {
        self.stream.state()
    }

    /// Puts the stream back to where it was when this state was read: the same masks follow.
    pub fn set_state(&mut self, state: DrawKey) {
        self.stream = Stream::from_state(state);
    }

    /// Starts a new stream, seeded with a number from this generator.
    pub fn reseed(&mut self, rng: &mut (impl Rng + ?Sized)) {
        self.stream.reseed(rng);
    }
}

/// A clone of a layer or model whose dropouts draw the masks that those of the original draw next; those of a plain
/// clone draw different ones.
///
/// # Example
///
/// ```
/// # use gradlet_nn::{Dropout, Forward, dropout};
/// # use gradlet_autograd::Var;
/// # use gradlet_tensor::{Tensor, rng};
/// # fn main() -> gradlet_tensor::Result<()> {
/// let (layer, x) = (Dropout::new(0.5, &mut rng(1))?, Var::constant(Tensor::ones([100])?));
/// let (clone, twin) = (layer.clone(), dropout::twin(&layer));
/// let y = layer.forward(&x)?;
/// assert_ne!(clone.forward(&x)?.tensor(), y.tensor());
/// assert_eq!(twin.forward(&x)?.tensor(), y.tensor());
/// # Ok(())
/// # }
/// ```
pub fn twin<M: Module + Clone>(module: &M) -> M {
    let mut states = module.named_sources().into_iter();
    let mut copy = module.clone();
    let put_back = copy.visit_sources_mut(&mut |_, source| {
        if let Some((_, original)) = states.next() {
            source.set_state(original.state());
        }
        Ok(())
    });
    debug_assert!(put_back.is_ok());
    copy
}

/// An error unless `p` is in [0, 1], and below 1 if `below_one`.
#[track_caller]
pub(crate) fn check(op: &'static str, below_one: bool, p: f64) -> Result<()> {
    if below_one && !(0.0..1.0).contains(&p) {
        return Err(Mask::bad_probability(op, "in [0, 1)", p));
    }
    Mask::check_probability(op, p)
}

#[diagnostic::do_not_recommend]
impl Children for Source {
    fn children<'a>(&'a self, _visit: &mut dyn FnMut(Name<'a>, &'a dyn Module)) {}

    fn children_mut<'a>(&'a mut self, _visit: &mut dyn FnMut(Name<'a>, &'a mut dyn Module)) {}

    fn as_leaf(&self) -> Leaf<'_> {
        Leaf::Source(self)
    }

    fn as_leaf_mut(&mut self) -> LeafMut<'_> {
        LeafMut::Source(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gradlet_tensor::rng;

    #[test]
    fn a_bad_p_is_refused_and_changes_nothing() -> Result<()> {
        let mut source = Source::within("GaussianDropout", true, 0.5, &mut rng(1))?;
        let error = source.set_p(1.0).unwrap_err().to_string();
        assert!(
            error.starts_with("GaussianDropout: p must be in [0, 1), got 1; it is the probability"),
            "{error}"
        );
        assert!(source.set_p(f64::NAN).is_err());
        assert_eq!(source.p(), 0.5);
        source.set_p(0.25)?;
        assert_eq!(source.p(), 0.25);
        assert!(
            Source::new("Dropout", 1.0, &mut rng(1))?
                .set_p(-0.1)
                .is_err()
        );
        Ok(())
    }
}
