//! [`Trainer`]: the settings of a training run.

use std::fmt;

use super::{Log, Store};
use crate::optim::Average;
use crate::schedule::{Goal, ReduceOnPlateau, Schedule};

/// A training run: epochs over shuffled batches, with all that is done around a step.
///
/// It does nothing that a loop of your own cannot do; the loop that gives the same bits is below. What it saves is the
/// model, the optimizer, the average, the generator, the order of the batches, the streams of dropouts and the scores so
/// far, so that a run that was stopped at any moment and resumed ends with the bits of one that was not.
///
/// # Example
///
/// ```
/// use gradlet_nn::schedule::CosineAnnealing;
/// use gradlet_nn::trainer::Trainer;
/// use gradlet_nn::{Dataset, Dropout, Forward, Linear, Module, Sgd, sequential};
/// use gradlet_autograd::{Var, cross_entropy, no_grad};
/// use gradlet_tensor::{Result, Tensor, rng};
///
/// # fn main() -> Result<()> {
/// # let mut rng = rng(1);
/// # let rows = Tensor::<f32>::uniform([60, 4], -1.0, 1.0, &mut rng)?;
/// # let labels = rows.narrow(1, 0, 1)?.flatten(..)?.map(|x| x.max(0.0).ceil()).cast::<i64>();
/// # let (train, test) = Dataset::new(rows, labels)?.split_at(48)?;
/// let mut model = sequential![Linear::new(4, 16, &mut rng)?, Dropout::new(0.1, &mut rng)?, Linear::new(16, 2, &mut rng)?];
/// # let (mut twin, mut other_rng) = (gradlet_nn::dropout::twin(&model), rng.clone());
/// let mut optimizer = Sgd::new(0.1).momentum(0.9);
/// let schedule = CosineAnnealing::new(5 * 6)?;
/// let history = Trainer::new(5).batch_size(8).schedule(schedule).clip_norm(1.0).fit(
///     &mut model,
///     &mut optimizer,
///     &mut rng,
///     &train,
///     |model, x, labels| cross_entropy(&model.forward(x)?, labels),
///     |model| {
///         let [accuracy] = test.evaluate(100, |x, labels| Ok([model.forward(&x)?.accuracy(&labels)?]))?;
///         Ok(vec![("accuracy", accuracy)])
///     },
/// )?;
/// assert_eq!((history.names, history.rows.len()), (vec!["train_loss", "accuracy"], 5));
/// # let trained = model.state();
/// # let (mut model, mut rng) = (twin, other_rng);
///
/// // The same bits without a trainer:
/// use gradlet_nn::schedule::Schedule;
///
/// let (mut optimizer, mut step) = (Sgd::new(0.1).momentum(0.9), 0);
/// for _epoch in 0..5 {
///     model.train();
///     for (x, labels) in train.batches(8).shuffled(&mut rng) {
///         schedule.apply(0.1, step, &mut optimizer)?;
///         let mut grads = cross_entropy(&model.forward(&x)?, &labels)?.backward()?;
///         grads.clip_norm(1.0, 2.0)?;
///         optimizer.step(&mut model, &grads)?;
///         step += 1;
///     }
///     let _accuracy = model.evaluating(|model| {
///         no_grad(|| test.evaluate(100, |x, labels| Ok([model.forward(&x)?.accuracy(&labels)?])))
///     })?;
/// }
/// # assert_eq!(model.state().digest(), trained.digest());
/// # Ok(())
/// # }
/// ```
pub struct Trainer<'a> {
    pub(super) epochs: usize,
    pub(super) batch_size: usize,
    pub(super) drop_last: bool,
    pub(super) accumulate: usize,
    pub(super) clip_norm: Option<f64>,
    pub(super) schedule: Option<Box<dyn Schedule + 'a>>,
    pub(super) plateau: Option<ReduceOnPlateau>,
    pub(super) average: Option<Average>,
    pub(super) goal: Goal,
    pub(super) patience: Option<usize>,
    pub(super) keep_best: bool,
    pub(super) logs: Vec<Box<dyn Log + 'a>>,
    pub(super) store: Option<(Box<dyn Store + 'a>, u64)>,
    pub(super) resume: bool,
}

impl<'a> Trainer<'a> {
    /// A run of this number of passes over the training set, in batches of 32 rows.
    pub fn new(epochs: usize) -> Self {
        Self {
            epochs,
            batch_size: 32,
            drop_last: false,
            accumulate: 1,
            clip_norm: None,
            schedule: None,
            plateau: None,
            average: None,
            goal: Goal::Min,
            patience: None,
            keep_best: false,
            logs: Vec::new(),
            store: None,
            resume: false,
        }
    }

    /// Sets the number of rows in a batch. 0 counts as 1.
    pub fn batch_size(mut self, rows: usize) -> Self {
        self.batch_size = rows;
        self
    }

    /// Leaves out the last batch of an epoch if it is smaller than the others.
    pub fn drop_last(mut self) -> Self {
        self.drop_last = true;
        self
    }

    /// Takes the mean gradient of this number of batches for each step; the last step of an epoch may have fewer. 0 counts
    /// as 1.
    pub fn accumulate(mut self, batches: usize) -> Self {
        self.accumulate = batches.max(1);
        self
    }

    /// Scales gradients down whose norm, over all parameters, is greater than this.
    pub fn clip_norm(mut self, max_norm: f64) -> Self {
        self.clip_norm = Some(max_norm);
        self
    }

    /// Sets the learning rate before each step: `schedule` at the step's number, counted from 0, with the rate that the
    /// optimizer had when [`fit`](Trainer::fit) was called as its base.
    pub fn schedule(mut self, schedule: impl Schedule + 'a) -> Self {
        self.schedule = Some(Box::new(schedule));
        self
    }

    /// Lowers the learning rate when the watched score no longer becomes better.
    pub fn plateau(mut self, plateau: ReduceOnPlateau) -> Self {
        self.plateau = Some(plateau);
        self
    }

    /// Takes the model into an average after each step. Evaluations, and the best weights, are those of the average;
    /// training goes on with the model's own.
    pub fn average(mut self, average: Average) -> Self {
        self.average = Some(average);
        self
    }

    /// Sets which watched scores are better: small ones at first. The watched score is the first one of the evaluation,
    /// or the training loss if there is none.
    pub fn goal(mut self, goal: Goal) -> Self {
        self.goal = goal;
        self
    }

    /// Ends the run after more than `patience` epochs without a better watched score.
    pub fn stop_early(mut self, patience: usize) -> Self {
        self.patience = Some(patience);
        self
    }

    /// Puts the weights of the best epoch into the model at the end.
    pub fn keep_best(mut self) -> Self {
        self.keep_best = true;
        self
    }

    /// Gives the scores of steps and epochs to a log. There may be several.
    pub fn log(mut self, log: impl Log + 'a) -> Self {
        self.logs.push(Box::new(log));
        self
    }

    /// Saves everything after each `every` steps and at the end. 0 counts as 1.
    pub fn save(mut self, store: impl Store + 'a, every: u64) -> Self {
        self.store = Some((Box::new(store), every.max(1)));
        self
    }

    /// Sets whether the run goes on from the newest state that is saved, or begins if there is none.
    pub fn resume(mut self, resume: bool) -> Self {
        self.resume = resume;
        self
    }

    /// The average, with all updates so far.
    pub fn averaged(&mut self) -> Option<&mut Average> {
        self.average.as_mut()
    }
}

/// Shows the settings, not what closures and logs hold.
impl fmt::Debug for Trainer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trainer")
            .field("epochs", &self.epochs)
            .field("batch_size", &self.batch_size)
            .field("schedule", &self.schedule)
            .finish_non_exhaustive()
    }
}
