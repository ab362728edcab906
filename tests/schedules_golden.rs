//! The learning rates and momenta of schedules, as PyTorch computed them.

use std::error::Error;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use gradlet::optim::Sgd;
use gradlet::schedule::{
    CosineAnnealing, CosineAnnealingWarmRestarts, Exponential, Linear, MultiStep, OneCycle,
    Polynomial, ReduceOnPlateau, Schedule, Sequential, Step,
};
use gradlet_tests::golden::{folder, number};
use serde_json::Value;

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// PyTorch multiplies step by step, where the formula has a power or a cosine: a rounding in each of some fifty steps.
const BOUND: f64 = 1e-12;

/// Where the rate is 0, PyTorch's is what rounding leaves of a base rate of 0.1.
const ABSOLUTE: f64 = 1e-17;

/// The options of a schedule that were read, so that none is overlooked.
struct Options<'a> {
    all: &'a Value,
    left: Vec<&'a str>,
}

impl<'a> Options<'a> {
    fn new(all: &'a Value) -> Outcome<Self> {
        let names = all.as_object().ok_or("no options")?.keys();
        let left = names.map(String::as_str).collect();
        Ok(Self { all, left })
    }

    fn take(&mut self, name: &str) -> Option<&'a Value> {
        self.left.retain(|left| *left != name);
        self.all.get(name)
    }

    fn number(&mut self, name: &str) -> Option<f64> {
        self.take(name).and_then(number)
    }

    fn count(&mut self, name: &str) -> Outcome<usize> {
        let value = self.take(name).and_then(Value::as_u64);
        Ok(usize::try_from(value.ok_or(format!("no {name}"))?)?)
    }
}

/// Gives the schedule those of the options that PyTorch was told; the others are its defaults, and so compared too.
macro_rules! with {
    ($options:ident, $schedule:expr, $($name:ident)*) => {{
        let mut schedule = $schedule;
        $(if let Some(value) = $options.number(stringify!($name)) {
            schedule = schedule.$name(value);
        })*
        Arc::new(schedule)
    }};
}

/// The schedule, and the base rate if it is not the optimizer's.
fn schedule(kind: &str, options: &mut Options) -> Outcome<(Arc<dyn Schedule>, Option<f64>)> {
    let schedule: Arc<dyn Schedule> = match kind {
        "StepLR" => with!(options, Step::new(options.count("step_size")?)?, gamma),
        "MultiStepLR" => {
            let milestones = options.take("milestones").and_then(Value::as_array);
            let milestones = milestones.into_iter().flatten().filter_map(Value::as_u64);
            let milestones = milestones
                .map(usize::try_from)
                .collect::<Result<Vec<_>, _>>();
            with!(options, MultiStep::new(milestones?), gamma)
        }
        "ExponentialLR" => Arc::new(Exponential::new(options.number("gamma").ok_or("gamma")?)),
        "PolynomialLR" => {
            with!(
                options,
                Polynomial::new(options.count("total_iters")?),
                power
            )
        }
        "LinearLR" => {
            with!(options, Linear::new(options.count("total_iters")?), start_factor end_factor)
        }
        "CosineAnnealingLR" => {
            with!(
                options,
                CosineAnnealing::new(options.count("T_max")?)?,
                eta_min
            )
        }
        "CosineAnnealingWarmRestarts" => {
            let restarts = CosineAnnealingWarmRestarts::new(options.count("T_0")?)?;
            let restarts = match options.count("T_mult") {
                Ok(t_mult) => restarts.t_mult(t_mult),
                Err(_) => restarts,
            };
            with!(options, restarts, eta_min)
        }
        "OneCycleLR" => {
            let mut cycle = OneCycle::new(options.count("total_steps")?)?;
            if options.take("cycle_momentum") == Some(&Value::Bool(false)) {
                cycle = cycle.without_momentum();
            }
            let top = options.number("max_lr");
            return Ok((
                with!(options, cycle, pct_start div_factor final_div_factor),
                top,
            ));
        }
        "SequentialLR" => Arc::new(sequential(options)?),
        _ => return Err(format!("no schedule {kind}").into()),
    };
    Ok((schedule, None))
}

fn sequential(options: &mut Options) -> Outcome<Sequential> {
    let list = |value: Option<&Value>| value.and_then(Value::as_array).cloned();
    let parts = list(options.take("schedulers")).ok_or("no parts")?;
    let milestones = list(options.take("milestones")).ok_or("no milestones")?;
    let mut all = Vec::new();
    for part in &parts {
        let (kind, mut options) = (part[0].as_str().ok_or("no name")?, Options::new(&part[1])?);
        all.push(schedule(kind, &mut options)?.0);
        assert!(options.left.is_empty(), "{kind} has no {:?}", options.left);
    }
    let mut all = all.into_iter();
    let mut sequential = Sequential::new(all.next().ok_or("no first part")?);
    for (next, milestone) in all.zip(&milestones) {
        let milestone = usize::try_from(milestone.as_u64().ok_or("no milestone")?)?;
        sequential = sequential.then(milestone, next);
    }
    Ok(sequential)
}

fn plateau(options: &mut Options) -> ReduceOnPlateau {
    let mut plateau = ReduceOnPlateau::new();
    for name in ["patience", "cooldown"] {
        if let Ok(count) = options.count(name) {
            match name {
                "patience" => plateau.patience = count,
                _ => plateau.cooldown = count,
            }
        }
    }
    if let Some(share) = options.number("threshold") {
        plateau.threshold = gradlet::schedule::Threshold::Relative(share);
    }
    *with!(options, plateau, factor min_lr eps)
}

fn close(what: &str, step: usize, ours: f64, theirs: &Value) -> Outcome {
    let theirs = number(theirs).ok_or("no number")?;
    if (ours - theirs).abs() > BOUND * theirs.abs() + ABSOLUTE {
        return Err(format!("{what} at step {step}: {ours:e}, expected {theirs:e}").into());
    }
    Ok(())
}

fn follow(case: &Value) -> Outcome {
    let list = |name: &str| case[name].as_array().ok_or(format!("no {name}"));
    let kind = case["scheduler"].as_str().ok_or("no scheduler")?;
    let mut options = Options::new(&case["options"])?;
    let (base, rates) = (number(&case["base_lr"]).ok_or("no base_lr")?, list("lrs")?);
    let mut sgd = Sgd::<f32>::new(base).momentum(number(&case["momentum"]).unwrap_or(0.0));
    if kind == "ReduceLROnPlateau" {
        let mut plateau = plateau(&mut options);
        close("rate", 0, base, &rates[0])?;
        for (step, (metric, rate)) in (1..).zip(list("metrics")?.iter().zip(&rates[1..])) {
            plateau.apply(number(metric).ok_or("no metric")?, &mut sgd)?;
            close("rate", step, sgd.learning_rate(), rate)?;
        }
    } else {
        let (schedule, top) = schedule(kind, &mut options)?;
        for (step, rate) in rates.iter().enumerate() {
            schedule.apply(top.unwrap_or(base), step, &mut sgd)?;
            close("rate", step, sgd.learning_rate(), rate)?;
            if let Some(momenta) = case["momenta"].as_array() {
                close("momentum", step, sgd.rule().momentum, &momenta[step])?;
            }
        }
    }
    if !options.left.is_empty() {
        return Err(format!("no options {:?}", options.left).into());
    }
    Ok(())
}

#[test]
fn rates_and_momenta_are_pytorchs() -> Outcome {
    let path = Path::new(&folder()).join("schedules.json");
    let cases: Vec<Value> = serde_json::from_slice(&fs::read(path)?)?;
    assert!(!cases.is_empty(), "no cases");
    let mut failures = Vec::new();
    for case in &cases {
        if let Err(failure) = follow(case) {
            failures.push(format!("{} {}: {failure}", case["id"], case["scheduler"]));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    Ok(())
}
