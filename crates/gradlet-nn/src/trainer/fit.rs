//! [`Trainer::fit`]: the loop.

use std::panic::Location;

use gradlet_autograd::{Gradients, Var, no_grad};
use gradlet_tensor::{Error, ErrorKind, Float, Pcg64, Result};

use super::progress::Progress;
use super::{History, Moment, Scores, Trainer};
use crate::data::{BatchIter, Dataset, IntoBatch, Rows, Step};
use crate::dropout;
use crate::module::Module;
use crate::optim::Optimizer;
use crate::schedule::Schedule;
use crate::state::{Misfit, State, Stateful};

impl Trainer<'_> {
    /// Trains `model` on the batches of `train`, in a new random order in each epoch, and evaluates it after each.
    ///
    /// `loss` computes the loss of a batch, of which the gradients are taken. `evaluate` is called in eval mode without
    /// recording, and returns the epoch's scores; `|_| Ok(vec![])` if there are none. Dropouts draw from their own
    /// streams, and the order of batches comes from `rng`.
    ///
    /// # Errors
    ///
    /// If `loss`, `evaluate`, a step, a log or the store returns one, or the state to resume from is that of a different
    /// run; the model and the optimizer are as they were before the call then if no step was made.
    #[track_caller]
    pub fn fit<T, M, X, Y, S, A, B>(
        &mut self,
        model: &mut M,
        optimizer: &mut dyn Optimizer<T>,
        rng: &mut Pcg64,
        train: &Dataset<X, Y, S>,
        loss: impl Fn(&M, &A, &B) -> Result<Var<T>>,
        mut evaluate: impl FnMut(&M) -> Result<Scores>,
    ) -> Result<History>
    where
        T: Float,
        M: Module,
        X: Rows,
        Y: Rows,
        S: Step<X::Part, Y::Part>,
        S::Parts: IntoBatch<Batch = (A, B)>,
    {
        let base = optimizer.learning_rate();
        let mut run = Run {
            settings: self,
            model,
            optimizer,
            rng,
            train,
            batches: None,
            progress: Progress::new(),
            names: Vec::new(),
            best: None,
            here: Location::caller(),
        };
        run.begin().map_err(|error| error.at(run.here))?;
        while run.goes_on() {
            run.epoch(base, &loss)?;
            run.judge(&mut evaluate)?;
        }
        let here = run.here;
        run.end().map_err(|error| error.at(here))
    }
}

/// A run, while it runs.
struct Run<'r, 'a, T: Float, M, X, Y, S> {
    settings: &'r mut Trainer<'a>,
    model: &'r mut M,
    optimizer: &'r mut dyn Optimizer<T>,
    rng: &'r mut Pcg64,
    train: &'r Dataset<X, Y, S>,
    /// Those of an epoch that has begun.
    batches: Option<BatchIter<X, Y, S>>,
    progress: Progress,
    names: Vec<&'static str>,
    /// The weights of the best epoch.
    best: Option<State>,
    /// The call of `fit`, for errors that are not of the closures.
    here: &'static Location<'static>,
}

impl<T, M, X, Y, S, A, B> Run<'_, '_, T, M, X, Y, S>
where
    T: Float,
    M: Module,
    X: Rows,
    Y: Rows,
    S: Step<X::Part, Y::Part>,
    S::Parts: IntoBatch<Batch = (A, B)>,
{
    /// Whether there is a further epoch.
    fn goes_on(&self) -> bool {
        let waited = self.progress.epochs_without_better();
        let patient = self
            .settings
            .patience
            .is_none_or(|patience| waited <= patience);
        self.progress.epoch < self.settings.epochs && patient
    }

    /// All steps of an epoch, or those that are left of it.
    fn epoch(&mut self, base: f64, loss: &impl Fn(&M, &A, &B) -> Result<Var<T>>) -> Result<()> {
        self.model.train();
        if self.batches.is_none() {
            self.batches = Some(shuffled(self.train, self.settings, self.rng));
        }
        while let Some((grads, value)) = self.gradients(loss)? {
            let stepped = self.step(base, grads, value);
            stepped.map_err(|error| error.at(self.here))?;
        }
        self.batches = None;
        Ok(())
    }

    /// The mean gradients and the mean loss of the next batches; `None` at the end of the epoch.
    fn gradients(
        &mut self,
        loss: &impl Fn(&M, &A, &B) -> Result<Var<T>>,
    ) -> Result<Option<(Gradients<T>, f64)>> {
        let (mut sum, mut value, mut count) = (None, 0.0, 0);
        while count < self.settings.accumulate {
            let Some(batch) = self.batches.as_mut().and_then(BatchIter::prepared) else {
                break;
            };
            let (x, y) = batch?.into_batch();
            let loss = loss(self.model, &x, &y)?;
            let added = value_and_gradients(loss, &mut sum);
            value += added.map_err(|error| error.at(self.here))?;
            count += 1;
        }
        if let Some(sum) = sum.as_mut().filter(|_| count > 1) {
            sum.scale(1.0 / f64::from(count as u32));
        }
        Ok(sum.map(|sum| (sum, value / count as f64)))
    }

    /// One step of the optimizer, and what follows it.
    fn step(&mut self, base: f64, mut grads: Gradients<T>, loss: f64) -> Result<()> {
        let settings = &mut *self.settings;
        if let Some(schedule) = &settings.schedule {
            schedule.apply(base, self.progress.step as usize, self.optimizer)?;
        }
        if let Some(max_norm) = settings.clip_norm {
            grads.clip_norm(max_norm, 2.0)?;
        }
        self.optimizer.step(self.model, &grads)?;
        if let Some(average) = &mut settings.average {
            average.update(self.model)?;
        }
        self.progress.step += 1;
        let (sum, count) = self.progress.losses;
        self.progress.losses = (sum + loss, count + 1);
        let rate = self.optimizer.learning_rate();
        self.log(false, &[("loss", loss), ("learning_rate", rate)])?;
        match &self.settings.store {
            Some((_, every)) if self.progress.step.is_multiple_of(*every) => self.save(),
            _ => Ok(()),
        }
    }

    /// Evaluates the model.
    fn judge(&mut self, evaluate: &mut impl FnMut(&M) -> Result<Scores>) -> Result<()> {
        let mut judged = |model: &M| no_grad(|| Ok((evaluate(model)?, model.state())));
        let (scores, weights) = match &mut self.settings.average {
            Some(average) if average.updates() > 0 => average
                .evaluating(self.model, judged)
                .map_err(|error| error.at(self.here))?,
            _ => self.model.evaluating(&mut judged),
        }?;
        let concluded = self.conclude(scores, weights);
        concluded.map_err(|error| error.at(self.here))
    }

    /// Notes the scores of an epoch and its weights, and what follows from them.
    fn conclude(&mut self, scores: Scores, weights: State) -> Result<()> {
        let mut all = vec![("train_loss", self.progress.mean_loss())];
        all.extend(scores);
        let watched = all.get(1).unwrap_or(&all[0]).1;
        self.names = all.iter().map(|(name, _)| *name).collect();
        self.progress
            .push(all.iter().map(|(_, score)| *score).collect())?;
        if self.progress.is_best(watched, self.settings.goal) {
            if let Some((store, _)) = &mut self.settings.store {
                store.save_best(&weights)?;
            }
            self.best = self.settings.keep_best.then_some(weights);
        }
        if let Some(plateau) = &mut self.settings.plateau {
            plateau.apply(watched, self.optimizer)?;
        }
        self.log(true, &all)?;
        self.progress.epoch += 1;
        self.progress.losses = (0.0, 0);
        Ok(())
    }

    fn log(&mut self, epoch: bool, scores: &[(&str, f64)]) -> Result<()> {
        let (rows, size) = (self.train.len(), self.settings.batch_size.max(1));
        let batches = if self.settings.drop_last {
            rows / size
        } else {
            rows.div_ceil(size)
        };
        let steps = batches.div_ceil(self.settings.accumulate) * self.settings.epochs;
        let at = Moment {
            epoch: self.progress.epoch,
            epochs: self.settings.epochs,
            step: self.progress.step,
            steps: steps as u64,
            scores,
        };
        let mut logs = self.settings.logs.iter_mut();
        logs.try_for_each(|log| if epoch { log.epoch(&at) } else { log.step(&at) })
    }

    fn save(&mut self) -> Result<()> {
        let (step, state) = (self.progress.step, self.state());
        let Some((store, _)) = &mut self.settings.store else {
            return Ok(());
        };
        self.settings
            .logs
            .iter_mut()
            .try_for_each(|log| log.saving())?;
        store.save(step, &state)
    }

    /// Everything that the rest of the run depends on.
    fn state(&self) -> State {
        let mut state = State::new();
        state.put("model", &self.model.state());
        state.put("sources", &dropout::state(self.model));
        state.put("optimizer", &self.optimizer.state(self.model));
        state.put("rng", &self.rng.state());
        state.put("trainer", &self.progress.state());
        if let Some(batches) = &self.batches {
            state.put("batches", &batches.state());
        }
        if let Some(average) = &self.settings.average {
            state.put("average", &average.state());
        }
        if let Some(plateau) = &self.settings.plateau {
            state.put("plateau", &plateau.state());
        }
        state
    }

    /// Goes on from the newest state in the store, if the run resumes and there is one.
    #[track_caller]
    fn begin(&mut self) -> Result<()> {
        let Some((store, _)) = &mut self.settings.store else {
            return Ok(());
        };
        let Some(state) = store.newest()? else {
            return Ok(());
        };
        if !self.settings.resume {
            return Err(Error::new(ErrorKind::OutOfRange {
                op: "fit",
                name: "the number of saved states",
                expected: "0",
                value: 1.0,
                remedy: "; resume(true) goes on from them, or save elsewhere".to_owned(),
            }));
        }
        let before = self.state();
        if let Err(error) = self.load(&state) {
            // Part of it may have been loaded. What was there before fits.
            let _ = self.load(&before);
            return Err(error);
        }
        let (epoch, step) = (self.progress.epoch, self.progress.step);
        let mut logs = self.settings.logs.iter_mut();
        logs.try_for_each(|log| log.resumed(epoch, step))
    }

    fn load(&mut self, state: &State) -> Result<()> {
        let (own, mut misfit) = (self.state(), Misfit::default());
        let part = |path: &str| path.split('.').next().unwrap_or_default().to_owned();
        for path in state.paths() {
            let known = part(path) == "batches" || own.paths().any(|own| part(own) == part(path));
            if !known {
                misfit.unmatched.unexpected.push(path.to_owned());
            }
        }
        misfit.refuse("resume")?;
        self.model.load_state(&state.part("model"))?;
        dropout::load_state(self.model, &state.part("sources"))?;
        self.optimizer
            .load_state(self.model, &state.part("optimizer"))?;
        self.rng.load_state(&state.part("rng"))?;
        self.progress.load_state(&state.part("trainer"))?;
        let order = state.part("batches");
        self.batches = None;
        if !order.is_empty() {
            // Any order will do, since it is replaced.
            let mut batches = shuffled(self.train, self.settings, &mut self.rng.clone());
            batches.load_state(&order)?;
            self.batches = Some(batches);
        }
        if let Some(average) = &mut self.settings.average {
            average.load_state(&state.part("average"))?;
        }
        if let Some(plateau) = &mut self.settings.plateau {
            plateau.load_state(&state.part("plateau"))?;
        }
        Ok(())
    }

    /// Saves the last state, and puts the best weights into the model if they are wanted.
    fn end(mut self) -> Result<History> {
        self.save()?;
        if self.settings.keep_best {
            if let (None, Some((store, _))) = (&self.best, &mut self.settings.store) {
                self.best = store.best()?;
            }
            if let Some(best) = &self.best {
                self.model.load_state(best)?;
            }
        }
        Ok(History {
            names: self.names,
            stopped_early: self.progress.epoch < self.settings.epochs,
            rows: self.progress.rows,
            steps: self.progress.step,
            best: self.progress.best,
        })
    }
}

/// The value of a loss, whose gradients are added to `sum`.
fn value_and_gradients<T: Float>(loss: Var<T>, sum: &mut Option<Gradients<T>>) -> Result<f64> {
    let (value, grads) = (loss.item()?.to_f64(), loss.backward()?);
    match sum {
        None => *sum = Some(grads),
        Some(sum) => sum.add(&grads)?,
    }
    Ok(value)
}

/// The batches of an epoch, in a new order.
fn shuffled<X: Rows, Y: Rows, S: Step<X::Part, Y::Part>>(
    train: &Dataset<X, Y, S>,
    settings: &Trainer<'_>,
    rng: &mut Pcg64,
) -> BatchIter<X, Y, S> {
    let batches = train.batches(settings.batch_size).shuffled(rng);
    if settings.drop_last {
        batches.drop_last().into_iter()
    } else {
        batches.into_iter()
    }
}
