//! [`Rule`]: how an optimizer moves one element; [`Pass`]: the parameter whose elements it moves.

use std::{array, fmt, mem};

use gradlet_tensor::{Float, Result, Tensor, fused};

use super::state::Entry;
use crate::require::{require, share};

/// The formula of an optimizer and its settings; a [`Stepper`](super::Stepper) makes an optimizer of it.
///
/// # Example
///
/// Gradient descent by the sign of a running mean of gradients:
///
/// ```
/// use gradlet_nn::Parameter;
/// use gradlet_nn::optim::{Pass, Rule, Stepper};
/// use gradlet_tensor::{Float, Result, tensor};
///
/// #[derive(Clone, Debug)]
/// struct SignRule {
///     beta: f64,
/// }
///
/// impl Default for SignRule {
///     fn default() -> Self {
///         Self { beta: 0.9 }
///     }
/// }
///
/// impl Rule for SignRule {
///     const NAME: &'static str = "sign_descent";
///     type Factors<T: Float> = [T; 2];
///
///     fn kept(&self) -> &'static [&'static str] {
///         &["exp_avg"]
///     }
///
///     fn factors<T: Float>(&self, learning_rate: f64, _t: u64) -> [T; 2] {
///         [learning_rate, self.beta].map(T::of)
///     }
///
///     fn update<T: Float>(&self, pass: Pass<'_, Self, T>) -> Result<()> {
///         pass.each(|[rate, beta], [p, m], g| {
///             let m = beta * m + (T::of(1.0) - beta) * g;
///             [p - rate * m.signum(), m]
///         })
///     }
/// }
///
/// let mut weight = Parameter::new(tensor![1.0, -1.0]);
/// let mut optimizer = Stepper::with(0.25, SignRule { beta: 0.5 });
/// let grads = weight.leaf().powi(2).sum(..)?.backward()?;
/// optimizer.step(&mut weight, &grads)?;
/// assert_eq!(weight.tensor().to_vec(), [0.75, -0.75]);
/// # Ok::<(), gradlet_tensor::Error>(())
/// ```
pub trait Rule: Clone + Default + fmt::Debug + Send + Sync + 'static {
    /// The optimizer's name in messages, such as `sgd`.
    const NAME: &'static str;

    /// The numbers that one update needs, the same for all elements.
    type Factors<T: Float>: Copy + Send + Sync;

    /// Checks the settings, for parameters of this element type; the learning rate is checked for all rules.
    ///
    /// # Errors
    ///
    /// If a setting is out of range, before or after it is rounded to the element type.
    #[track_caller]
    fn check<T: Float>(&self) -> Result<()> {
        Ok(())
    }

    /// The names of the tensors that are kept for each parameter with the present settings, in the order of the numbers
    /// in [`Pass::each`]: PyTorch's words, since files of states have them.
    fn kept(&self) -> &'static [&'static str];

    /// The setting that schedules of the momentum change, if there is one: `momentum`, or `beta1`.
    fn momentum_mut(&mut self) -> Option<&mut f64> {
        None
    }

    /// The factors of a parameter's update number `t`, which counts from 1. In a step they are computed for the first
    /// parameter, and again for each that has had a different number of updates than the one before it.
    fn factors<T: Float>(&self, learning_rate: f64, t: u64) -> Self::Factors<T>;

    /// Moves one parameter, by a single call of [`Pass::each`].
    ///
    /// # Errors
    ///
    /// If [`Pass::each`] fails.
    fn update<T: Float>(&self, pass: Pass<'_, Self, T>) -> Result<()>;
}

/// One parameter's turn in a step: its elements, their gradients, and the tensors that are kept for it.
pub struct Pass<'a, R: Rule, T: Float> {
    pub(super) rule: &'a R,
    pub(super) learning_rate: f64,
    /// The factors computed last, and the number of the update that they are for.
    pub(super) latest: &'a mut Option<(u64, R::Factors<T>)>,
    /// `None` if nothing is kept.
    pub(super) state: Option<&'a mut Entry<T>>,
    pub(super) p: &'a mut Tensor<T>,
    pub(super) g: &'a Tensor<T>,
}

impl<R: Rule, T: Float> Pass<'_, R, T> {
    /// Replaces, in one pass over the parameter, each element `p` and the numbers kept for it: `[p, kept..]` becomes
    /// `f(factors, [p, kept..], g)`, where `g` is the element's gradient.
    ///
    /// `N - 1` tensors are kept, which are zeros before the first update. With `N = 1` nothing is kept: updates are not
    /// counted either, and the factors are those of `t = 1`.
    ///
    /// # Errors
    ///
    /// If [`Rule::kept`] does not have `N - 1` names, or the shapes of the parameter and its gradient differ; a
    /// [`Stepper`](super::Stepper) has made sure before that they do not.
    #[inline]
    pub fn each<const N: usize>(
        self,
        f: impl Fn(R::Factors<T>, [T; N], T) -> [T; N] + Sync,
    ) -> Result<()> {
        const { assert!(N > 0, "the parameter itself comes first") };
        let (mut t, mut kept): (u64, &mut [Tensor<T>]) = (1, &mut []);
        if let Some(state) = self.state {
            state.steps += 1;
            (t, kept) = (state.steps, &mut state.tensors);
        }
        let names = kept.len();
        require(
            names == N - 1,
            R::NAME,
            "the number of names in kept()",
            "N - 1 of each()",
            names as f64,
        )?;
        let factors = match *self.latest {
            // `powf` is slow, and usually all parameters have had the same number of updates.
            Some((latest, factors)) if latest == t => factors,
            _ => self.rule.factors(self.learning_rate, t),
        };
        *self.latest = Some((t, factors));
        let mut p = Some(self.p);
        let targets = array::from_fn(|_| {
            p.take().unwrap_or_else(|| {
                let (next, others) = mem::take(&mut kept).split_at_mut(1);
                kept = others;
                &mut next[0]
            })
        });
        fused::update(targets, self.g, |old, g| f(factors, old, g))
            .map_err(|error| error.of(R::NAME))
    }
}

impl<R: Rule, T: Float> fmt::Debug for Pass<'_, R, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pass")
            .field("rule", self.rule)
            .field("shape", self.p.shape())
            .finish_non_exhaustive()
    }
}

/// Writes the methods of a rule's optimizer that set the fields of these names.
macro_rules! setters {
    (
        [$($generic:tt)*] $rule:ty:
        $($(#[$doc:meta])* $field:ident($($given:ident: $kind:ty),+) = $value:expr;)+
    ) => {
        impl<T: ::gradlet_tensor::Float, $($generic)*> super::Stepper<$rule, T> {
            $(
                $(#[$doc])*
                pub fn $field(mut self, $($given: $kind),+) -> Self {
                    self.rule.$field = $value;
                    self
                }
            )+
        }
    };
}
pub(super) use setters;

/// An error unless both shares of running means are in `[0, 1)`.
#[track_caller]
pub(super) fn check_betas<T: Float>(op: &'static str, betas: (f64, f64)) -> Result<()> {
    share::<T>(op, "beta1", betas.0)?;
    share::<T>(op, "beta2", betas.1)
}

/// Weight decay, as it acts on one element.
#[derive(Clone, Copy, Debug)]
pub(super) struct Decay<T> {
    /// The share of the parameter that is added to the gradient.
    added: T,
    /// The share of itself that the parameter keeps.
    keep: T,
}

impl<T: Float> Decay<T> {
    /// Decoupled decay shrinks the parameter itself, otherwise its gradient is that of the L2 penalty.
    pub(super) fn new(weight_decay: f64, decoupled: bool, learning_rate: f64) -> Self {
        let (added, keep) = if decoupled {
            (0.0, 1.0 - learning_rate * weight_decay)
        } else {
            (weight_decay, 1.0)
        };
        Self {
            added: T::of(added),
            keep: T::of(keep),
        }
    }

    /// The parameter and the gradient after decay.
    #[inline]
    pub(super) fn apply(self, p: T, g: T) -> (T, T) {
        (self.keep * p, decayed(g, self.added, p))
    }
}

/// The larger number; `b` if it is NaN.
#[inline]
pub(super) fn larger<T: Float>(a: T, b: T) -> T {
    if a > b { a } else { b }
}

/// The gradient with the L2 penalty's: `g + decay * p`.
///
/// Without weight decay the parameter is not read at all: 0 times infinity would be NaN.
#[inline]
pub(super) fn decayed<T: Float>(g: T, decay: T, p: T) -> T {
    if decay == T::of(0.0) {
        g
    } else {
        g + decay * p
    }
}

/// The next running mean of squares: `keep` times the old one, plus `take` times the square of `d`.
#[inline]
pub(super) fn mean_square<T: Float>(s: T, d: T, keep: T, take: T) -> T {
    keep * s + take * d * d
}

/// The point between `a` and `b` at this weight in [0, 1], counted from the nearer end, as `torch.lerp`.
#[inline]
pub(super) fn lerp<T: Float>(a: T, b: T, weight: T) -> T {
    if weight < T::of(0.5) {
        a + weight * (b - a)
    } else {
        b - (b - a) * (T::of(1.0) - weight)
    }
}
