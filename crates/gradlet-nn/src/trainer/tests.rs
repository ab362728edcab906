//! Runs that stop and go on, and what they refuse.

use std::cell::RefCell;
use std::rc::Rc;

use gradlet_autograd::{Var, cross_entropy};
use gradlet_tensor::{Error, ErrorKind, Pcg64, Result, Tensor, rng};

use super::{History, Log, Moment, Store, Trainer};
use crate::optim::Average;
use crate::schedule::{Goal, ReduceOnPlateau, Threshold};
use crate::state::State;
use crate::{
    Adam, BatchNorm1d, Dataset, Dropout, Forward, Linear, Module, Optimizer, Sequential, Sgd,
    sequential,
};

mod plain_loops;

/// What a store holds, shared with the test.
#[derive(Clone, Default)]
struct Memory(Rc<RefCell<Kept>>);

#[derive(Default)]
struct Kept {
    states: Vec<(u64, State)>,
    best: Option<State>,
    /// The number of saves after which the run ends with an error, as if it was killed there.
    lives: Option<usize>,
    /// Whether that save is lost.
    loses: bool,
}

impl Store for Memory {
    fn save(&mut self, step: u64, state: &State) -> Result<()> {
        let mut kept = self.0.borrow_mut();
        let again = kept.states.last().is_some_and(|(last, _)| *last == step);
        if kept.lives == Some(0) && !again {
            if !kept.loses {
                kept.states.push((step, state.clone()));
            }
            return Err(killed());
        }
        // The end of a run that had come to its end is saved once more.
        kept.lives = kept.lives.map(|lives| lives.saturating_sub(1));
        kept.states.push((step, state.clone()));
        Ok(())
    }

    fn save_best(&mut self, weights: &State) -> Result<()> {
        self.0.borrow_mut().best = Some(weights.clone());
        Ok(())
    }

    fn newest(&mut self) -> Result<Option<State>> {
        let kept = self.0.borrow();
        Ok(kept.states.last().map(|(_, state)| state.clone()))
    }

    fn best(&mut self) -> Result<Option<State>> {
        Ok(self.0.borrow().best.clone())
    }
}

fn killed() -> Error {
    let (path, reason) = ("run".into(), "was killed".to_owned());
    Error::new(ErrorKind::File { path, reason })
}

/// Records what it is told.
#[derive(Clone, Default)]
struct Lines(Rc<RefCell<Vec<String>>>);

impl Log for Lines {
    fn step(&mut self, at: &Moment<'_>) -> Result<()> {
        let line = format!("{} of {}: {:?}", at.step, at.steps, at.scores);
        self.0.borrow_mut().push(line);
        Ok(())
    }

    fn epoch(&mut self, at: &Moment<'_>) -> Result<()> {
        let line = format!("epoch {} of {}: {:?}", at.epoch, at.epochs, at.scores);
        self.0.borrow_mut().push(line);
        Ok(())
    }

    /// Takes out what comes again.
    fn resumed(&mut self, epoch: usize, step: u64) -> Result<()> {
        let number = |line: &str| line.split(' ').find_map(|word| word.parse::<u64>().ok());
        let mut lines = self.0.borrow_mut();
        lines.retain(|line| {
            if line.starts_with("epoch") {
                number(line) < Some(epoch as u64)
            } else {
                number(line) <= Some(step)
            }
        });
        Ok(())
    }
}

/// Counts the checkpoints that it was told of.
struct Counts(Rc<RefCell<usize>>);

impl Log for Counts {
    fn saving(&mut self) -> Result<()> {
        *self.0.borrow_mut() += 1;
        Ok(())
    }
}

fn net(rng: &mut Pcg64) -> Result<Sequential> {
    Ok(sequential![
        Linear::new(3, 8, rng)?,
        BatchNorm1d::new(8)?,
        |x: &Var| x.relu(),
        Dropout::new(0.25, rng)?,
        Linear::new(8, 2, rng)?
    ])
}

/// The label says whether the first number is the larger one.
fn rows() -> Result<Dataset> {
    let x = Tensor::<f32>::uniform([26, 3], -1.0, 1.0, &mut rng(5))?;
    let labels = x.narrow(1, 0, 1)?.gt(&x.narrow(1, 1, 1)?)?;
    Dataset::new(x, labels.flatten(..)?.cast::<i64>())
}

fn loss(model: &Sequential, x: &Var, labels: &Tensor<i64>) -> Result<Var> {
    cross_entropy(&model.forward(x)?, labels)
}

fn score(model: &Sequential) -> Result<super::Scores> {
    let [loss] = rows()?.evaluate(10, |x, labels| {
        Ok([f64::from(loss(model, &x, &labels)?.item()?)])
    })?;
    Ok(vec![("loss", loss)])
}

/// A process: everything is built anew. Returns the history and the weights at the end.
fn process(trainer: &mut Trainer<'_>) -> Result<(History, State)> {
    let mut rng = rng(1);
    let mut model = net(&mut rng)?;
    model.eval();
    let mut optimizer = Adam::new(0.05);
    let history = trainer.fit(&mut model, &mut optimizer, &mut rng, &rows()?, loss, score)?;
    Ok((history, model.state()))
}

/// Falls unless a loss is half the best.
fn plateau() -> ReduceOnPlateau {
    let threshold = Threshold::Relative(0.5);
    ReduceOnPlateau::new()
        .patience(0)
        .factor(0.5)
        .threshold(threshold)
}

/// A run that uses everything.
fn full<'a>() -> Result<Trainer<'a>> {
    Ok(Trainer::new(3)
        .batch_size(4)
        .accumulate(2)
        .clip_norm(0.5)
        .average(Average::ema(0.75)?)
        .plateau(plateau())
        .keep_best())
}

#[test]
fn a_run_that_is_stopped_at_any_step_and_resumed_ends_with_the_same_bits() -> Result<()> {
    // 26 rows are 7 batches, so 4 steps an epoch.
    let (expected, lines) = (process(&mut full()?)?, Lines::default());
    assert_eq!((expected.0.steps, expected.0.rows.len()), (12, 3));
    process(&mut full()?.log(lines.clone()))?;
    let lines = lines.0.borrow().clone();
    for every in [1, 3, 5] {
        for lives in 0..3 {
            let (memory, log) = (Memory::default(), Lines::default());
            let mut deaths = 0;
            let end = loop {
                memory.0.borrow_mut().lives = Some(lives);
                memory.0.borrow_mut().loses = lives > 0;
                let mut trainer = full()?
                    .save(memory.clone(), every)
                    .resume(true)
                    .log(log.clone());
                match process(&mut trainer) {
                    Err(error) => assert!(error.to_string().contains("was killed"), "{error}"),
                    Ok(end) => break end,
                }
                deaths += 1;
            };
            assert!(deaths > 0 && deaths <= 13, "{deaths}");
            assert_eq!((&end.1, &end.0.rows), (&expected.1, &expected.0.rows));
            assert_eq!(
                (end.0.best, end.0.steps),
                (expected.0.best, expected.0.steps)
            );
            assert_eq!(*log.0.borrow(), lines);
        }
    }
    Ok(())
}

#[test]
fn the_best_weights_come_back_and_waiting_has_an_end() -> Result<()> {
    let scores = [f64::NAN, 0.5, 0.75, 0.625, f64::NAN, 0.75, 1.0];
    for (goal, best) in [(Goal::Max, (2, 0.75)), (Goal::Min, (1, 0.5))] {
        let (mut rng, mut seen) = (rng(1), Vec::new());
        let mut model = net(&mut rng)?;
        let mut optimizer: Box<dyn Optimizer> = Box::new(Sgd::new(0.1));
        let mut trainer = Trainer::new(7).goal(goal).stop_early(2).keep_best();
        let evaluate = |model: &Sequential| {
            assert!(!model.training() && !gradlet_autograd::is_recording());
            seen.push(model.state());
            Ok(vec![("score", scores[seen.len() - 1]), ("other", 0.0)])
        };
        let history = trainer.fit(
            &mut model,
            &mut *optimizer,
            &mut rng,
            &rows()?,
            loss,
            evaluate,
        )?;
        assert_eq!((history.best, history.stopped_early), (Some(best), true));
        let (end, watched) = (best.0 + 4, history.column("score"));
        assert_eq!((history.rows.len(), seen.len()), (end, end));
        assert_eq!(watched.map(|scores| scores[best.0]), Some(best.1));
        assert_eq!(model.state(), seen[best.0]);
        assert_ne!(model.state(), seen[end - 1]);
    }
    Ok(())
}

#[test]
fn a_different_run_is_refused_and_nothing_changes() -> Result<()> {
    let memory = Memory::default();
    process(&mut full()?.save(memory.clone(), 100))?;
    let (_, state) = memory.0.borrow().states[0].clone();
    let refuse = |change: &dyn Fn(&mut State),
                  trainer: &mut dyn FnMut(Memory) -> Result<Trainer<'static>>| {
        let (mut changed, memory) = (state.clone(), Memory::default());
        change(&mut changed);
        memory.0.borrow_mut().states.push((12, changed));
        let mut rng = rng(1);
        let (mut model, mut optimizer) = (net(&mut rng)?, Adam::new(0.05));
        let before = (model.state(), optimizer.state(&model), rng.clone());
        let mut trainer = trainer(memory)?.resume(true);
        let rows = rows()?;
        let error = trainer.fit(&mut model, &mut optimizer, &mut rng, &rows, loss, score);
        let file = error.as_ref().map_err(|error| error.location().file());
        assert_eq!(file.unwrap_err(), file!());
        assert_eq!((model.state(), optimizer.state(&model), rng), before);
        Ok::<_, Error>(error.unwrap_err().to_string())
    };
    let mut same = |memory: Memory| Ok(full()?.save(memory, 5));
    let text = refuse(
        &|state| _ = state.insert("model.9.weight", Tensor::scalar(1.0f32)),
        &mut same,
    )?;
    assert!(
        text.starts_with("load_state: the state does not fit: it should not have 9.weight"),
        "{text}"
    );
    let text = refuse(
        &|state| _ = state.insert("trainer.step", Tensor::scalar(-1i64)),
        &mut same,
    )?;
    assert!(
        text.starts_with("trainer: the state does not fit: different are step (is negative)"),
        "{text}"
    );
    let text = refuse(
        &|state| _ = state.insert("trainer.epoch", Tensor::scalar(2i64)),
        &mut same,
    )?;
    assert!(
        text.contains("scores (must have a row for each epoch)"),
        "{text}"
    );
    let mut plain = |memory: Memory| Ok(Trainer::new(3).save(memory, 5));
    let text = refuse(&|_| (), &mut plain)?;
    assert!(
        text.starts_with("resume: the state does not fit: it should not have average.n_averaged"),
        "{text}"
    );
    Ok(())
}

#[test]
fn a_store_with_states_is_not_written_over() -> Result<()> {
    let (memory, count) = (Memory::default(), Rc::default());
    process(
        &mut full()?
            .save(memory.clone(), 5)
            .log(Counts(Rc::clone(&count))),
    )?;
    let saved = memory.0.borrow().states.len();
    assert_eq!((*count.borrow(), saved), (3, 3));
    let error = process(&mut full()?.save(memory.clone(), 100)).unwrap_err();
    let expected = "fit: the number of saved states must be 0, got 1; resume(true) goes on from them, or save elsewhere";
    assert!(error.to_string().starts_with(expected), "{error}");
    // A run that is at its end returns what it had.
    let (history, _) = process(&mut full()?.save(memory.clone(), 100).resume(true))?;
    assert_eq!((history.rows.len(), history.steps), (3, 12));
    Ok(())
}

#[test]
fn errors_name_the_call_of_fit_or_the_line_in_a_closure() -> Result<()> {
    let mut rng = rng(1);
    let mut model = net(&mut rng)?;
    let rows = rows()?;
    let mut fails = |rate: f64, width: usize, score: usize| {
        let mut optimizer = Adam::new(rate);
        let line = line!();
        let error = Trainer::new(1).fit(
            &mut model,
            &mut optimizer,
            &mut rng,
            &rows,
            |model, x, labels| loss(model, &x.narrow(1, 0, width)?, labels),
            |model| {
                model
                    .forward(&Var::constant(Tensor::ones([2, score])?))
                    .map(|_| vec![])
            },
        );
        let error = error.unwrap_err();
        assert_eq!(error.location().file(), file!());
        (
            i64::from(error.location().line()) - i64::from(line),
            error.to_string(),
        )
    };
    // Of the call, and of what it was given.
    assert_eq!(fails(-1.0, 3, 3).0, 1);
    for (width, score) in [(2, 3), (3, 4)] {
        let (line, text) = fails(0.1, width, score);
        assert!(line != 1 && text.contains("inner sizes differ"), "{text}");
    }
    Ok(())
}
