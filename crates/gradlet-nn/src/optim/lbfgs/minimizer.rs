//! [`Lbfgs`]: its settings, and a step.

use gradlet_autograd::Gradients;
use gradlet_tensor::{Error, ErrorKind, Float, Result, Tensor};

use super::direction::{Memory, dot, largest};
use super::search::{Bounds, Point, strong_wolfe};
use super::vector::{NAME, gradient, put_back, values, walk};
use crate::module::Module;
use crate::require::{amount, require};

/// How far a step goes along its direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineSearch {
    /// As far as the learning rate says.
    None,
    /// Until the strong Wolfe conditions hold.
    StrongWolfe,
}

/// A quasi-Newton method with limited memory, for few parameters and a loss without randomness.
///
/// It moves all parameters as one vector along `-H g`, where `H` is the inverse of the Hessian as the latest steps and
/// changes of the gradient show it. A step is several iterations and computes the loss several times.
///
/// At first `max_iter` is 20, `max_eval` 5/4 of that, `tolerance_grad` 1e-7, `tolerance_change` 1e-9, `history_size` 100,
/// and there is no line search. PyTorch's learning rate is 1. Frozen parameters stay as they are.
///
/// # Example
///
/// ```
/// use gradlet_autograd::{Reduction, Var, mse_loss};
/// use gradlet_nn::optim::{Lbfgs, LineSearch};
/// use gradlet_nn::{Forward, Linear};
/// use gradlet_tensor::{rng, tensor};
///
/// # fn main() -> gradlet_tensor::Result<()> {
/// let x = Var::constant(tensor![[0.0], [1.0], [2.0]]);
/// let y = Var::constant(tensor![[1.0], [3.0], [5.0]]);
/// let mut model = Linear::new(1, 1, &mut rng(1))?;
/// let mut optimizer = Lbfgs::new(1.0).line_search(LineSearch::StrongWolfe);
/// optimizer.step(&mut model, |model| {
///     let loss = mse_loss(&model.forward(&x)?, &y, Reduction::Mean)?;
///     Ok((loss.tensor().item()?, loss.backward()?))
/// })?;
/// assert!(model.weight.tensor().allclose(&tensor![[2.0]], 1e-3, 0.0));
/// # Ok(())
/// # }
/// ```
///
/// # Source
///
/// `torch.optim.LBFGS`; D. Liu, J. Nocedal, "On the limited memory BFGS method for large scale optimization", 1989.
#[derive(Clone, Debug)]
pub struct Lbfgs<T: Float = f32> {
    pub(super) learning_rate: f64,
    max_iter: usize,
    max_eval: Option<usize>,
    tolerance_grad: f64,
    tolerance_change: f64,
    history_size: usize,
    line_search: LineSearch,
    maximize: bool,
    pub(super) memory: Memory<T>,
    pub(super) func_evals: u64,
    pub(super) n_iter: u64,
}

/// Writes the methods that set the fields of these names.
macro_rules! setters {
    ($($(#[$doc:meta])* $field:ident: $kind:ty = $value:expr;)+) => {$(
        $(#[$doc])*
        pub fn $field(mut self, $field: $kind) -> Self {
            self.$field = $value;
            self
        }
    )+};
}

impl<T: Float> Lbfgs<T> {
    /// An optimizer with this learning rate: how far along its direction a step goes, or a line search begins. If a setting
    /// is out of range, [`Lbfgs::step`] returns an error.
    pub fn new(learning_rate: f64) -> Self {
        Self {
            learning_rate,
            max_iter: 20,
            max_eval: None,
            tolerance_grad: 1e-7,
            tolerance_change: 1e-9,
            history_size: 100,
            line_search: LineSearch::None,
            maximize: false,
            memory: Memory::new(),
            func_evals: 0,
            n_iter: 0,
        }
    }

    setters! {
        /// Sets the largest number of iterations in a step.
        max_iter: usize = max_iter;
        /// Sets the number of computed losses after which a step ends.
        max_eval: usize = Some(max_eval);
        /// Sets the size of the largest gradient at which a step ends, not negative.
        tolerance_grad: f64 = tolerance_grad;
        /// Sets the change of the loss or of the parameters at which a step ends, not negative.
        tolerance_change: f64 = tolerance_change;
        /// Sets the number of steps and changes of the gradient that are kept, at least 1.
        history_size: usize = history_size;
        /// Sets how far a step goes along its direction.
        line_search: LineSearch = line_search;
        /// Sets whether the value that is computed is maximized.
        maximize: bool = maximize;
    }

    /// The factor of a step.
    pub fn learning_rate(&self) -> f64 {
        self.learning_rate
    }

    /// Sets the factor of the steps to come. If it is negative, infinite or NaN, the next step returns an error.
    pub fn set_learning_rate(&mut self, learning_rate: f64) {
        self.learning_rate = learning_rate;
    }

    /// The number of losses computed so far.
    pub fn func_evals(&self) -> u64 {
        self.func_evals
    }

    /// The number of iterations so far.
    pub fn n_iter(&self) -> u64 {
        self.n_iter
    }

    /// Changes every parameter of `model` that is not frozen, and returns the loss before. `f` returns the loss and its
    /// gradients; it is called for the model as it is, and for each point that the step tries.
    ///
    /// # Errors
    ///
    /// If a setting is out of range, a parameter does not have this element type or gets no gradient, the number of
    /// elements is not that of earlier steps, or `f` returns an error. Nothing is changed then.
    #[track_caller]
    pub fn step<M: Module + ?Sized>(
        &mut self,
        model: &mut M,
        f: impl FnMut(&M) -> Result<(T, Gradients<T>)>,
    ) -> Result<T> {
        self.check()?;
        let start = values::<T>(model)?;
        let count: usize = start.iter().map(Tensor::len).sum();
        if let Some(known) = self.memory.len().filter(|known| *known != count) {
            return Err(Error::new(ErrorKind::ShapeMismatch {
                op: NAME,
                expected: [known].into(),
                found: [count].into(),
            }));
        }
        let mut run = Run {
            settings: self,
            sign: if self.maximize { -1.0 } else { 1.0 },
            memory: self.memory.clone(),
            model,
            f,
            evaluations: 0,
            iterations: 0,
        };
        match run.run(count) {
            Ok(loss) => {
                let (evaluations, iterations) = (run.evaluations, run.iterations);
                self.memory = run.memory;
                self.func_evals += evaluations as u64;
                self.n_iter += iterations as u64;
                Ok(loss)
            }
            Err(error) => {
                put_back(run.model, &start)?;
                Err(error)
            }
        }
    }

    #[track_caller]
    fn check(&self) -> Result<()> {
        amount::<T>(NAME, "learning_rate", self.learning_rate)?;
        amount::<T>(NAME, "tolerance_grad", self.tolerance_grad)?;
        amount::<T>(NAME, "tolerance_change", self.tolerance_change)?;
        let (size, name) = (self.history_size, "history_size");
        require(size > 0, NAME, name, "at least 1", size as f64)
    }
}

/// One step, while it runs.
struct Run<'a, T: Float, M: ?Sized, F> {
    settings: &'a Lbfgs<T>,
    sign: f64,
    memory: Memory<T>,
    model: &'a mut M,
    f: F,
    evaluations: usize,
    iterations: usize,
}

impl<T, M, F> Run<'_, T, M, F>
where
    T: Float,
    M: Module + ?Sized,
    F: FnMut(&M) -> Result<(T, Gradients<T>)>,
{
    /// Iterates until a bound is reached, and returns the loss before.
    fn run(&mut self, count: usize) -> Result<T> {
        let Lbfgs {
            max_iter,
            max_eval,
            tolerance_grad,
            tolerance_change,
            learning_rate,
            ..
        } = *self.settings;
        // PyTorch's default.
        let max_eval = max_eval.unwrap_or(max_iter.saturating_mul(5) / 4);
        let (before, grads) = (self.f)(self.model)?;
        self.evaluations = 1;
        if count == 0 {
            return Ok(before);
        }
        let mut now = Point {
            t: 0.0,
            f: self.sign * before.to_f64(),
            slope: 0.0,
            g: gradient(self.model, &grads, self.sign)?,
        };
        if largest(&now.g)? <= tolerance_grad {
            return Ok(before);
        }
        while self.iterations < max_iter {
            self.iterations += 1;
            let is_first = self.memory.latest.is_none();
            let history_size = self.settings.history_size;
            let d = self.memory.direction(&now.g, history_size)?;
            let mut t = learning_rate;
            if is_first {
                t *= (1.0 / now.g.norm(1.0, ..)?.item()?.to_f64()).min(1.0);
            }
            (now.t, now.slope) = (0.0, dot(&now.g, &d)?);
            self.memory.latest = Some((d.clone(), t));
            if now.slope > -tolerance_change {
                break;
            }
            let next = self.advance(&now, &d, t, max_eval)?;
            t = next.t;
            self.memory.latest = Some((d.clone(), t));
            let change = (next.f - now.f).abs();
            now = next;
            if self.iterations == max_iter
                || self.evaluations >= max_eval
                || largest(&now.g)? <= tolerance_grad
                || largest(&d)? * t.abs() <= tolerance_change
                || change < tolerance_change
            {
                break;
            }
        }
        Ok(before)
    }

    /// Moves the parameters along `d`, and returns the point that they are at: after the last iteration without a search,
    /// which computes no loss, with the old loss.
    fn advance(
        &mut self,
        now: &Point<T>,
        d: &Tensor<T>,
        t: f64,
        max_eval: usize,
    ) -> Result<Point<T>> {
        let next = match self.settings.line_search {
            LineSearch::None => {
                walk(self.model, t, d)?;
                if self.iterations == self.settings.max_iter {
                    return Ok(Point { t, ..now.clone() });
                }
                self.evaluations += 1;
                return self.point(t, d);
            }
            LineSearch::StrongWolfe => {
                let start = values::<T>(self.model)?;
                let bounds = Bounds {
                    max_ls: max_eval.saturating_sub(self.evaluations),
                    length: largest(d)?,
                    tolerance_change: self.settings.tolerance_change,
                };
                let (next, evaluations) = strong_wolfe(now, t, bounds, |t| {
                    walk(self.model, t, d)?;
                    let point = self.point(t, d);
                    put_back(self.model, &start)?;
                    point
                })?;
                self.evaluations += evaluations;
                next
            }
        };
        walk(self.model, next.t, d)?;
        Ok(next)
    }

    /// The point at which the model is, `t` along `d`.
    fn point(&mut self, t: f64, d: &Tensor<T>) -> Result<Point<T>> {
        let (loss, grads) = (self.f)(self.model)?;
        let g = gradient(self.model, &grads, self.sign)?;
        Ok(Point {
            t,
            f: self.sign * loss.to_f64(),
            slope: dot(&g, d)?,
            g,
        })
    }
}
