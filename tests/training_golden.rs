//! Twenty steps of small nets, as PyTorch took them: losses, first gradients, weights on the way, and what the trained net
//! gives in eval mode. And gradients that it clipped.

use std::error::Error;
use std::path::Path;

use gradlet::optim::{
    AdadeltaRule, AdagradRule, AdamRule, AdamaxRule, NAdamRule, Optimizer, RAdamRule, RmsPropRule,
    Rule, SgdRule, Stepper,
};
use gradlet::prelude::*;
use gradlet::{BatchNorm1d, Buffer, LayerNorm};
use gradlet_tests::conformance::{Bound, agree};
use gradlet_tests::golden::{Array, FOLDER, Golden, folder, number};
use serde_json::Value;

type Outcome<T = ()> = std::result::Result<T, Box<dyn Error>>;

/// Rounding of sums in another order, carried through twenty steps.
const BOUND: Bound = Bound {
    absolute: 1e-12,
    relative: 1e-9,
};

/// A bias before batch normalization has a gradient of 0, of which rounding leaves some 5e-17; Adam divides that by an
/// eps of 1e-8, times the rate, twenty times. The running mean follows the bias, late, and an eval pass sees both.
fn rounding_alone(rate: f64) -> Bound {
    Bound {
        absolute: 1e-7 * rate,
        relative: 0.0,
    }
}

/// The layers as PyTorch prints them, with the weights that `initial` gives by name.
fn read(
    layers: &[Value],
    initial: impl Fn(&str) -> Outcome<Tensor<f64>>,
) -> Outcome<Sequential<f64>> {
    let mut net = Sequential::new_of();
    for (i, layer) in layers.iter().enumerate() {
        let text = layer.as_str().ok_or("no layer")?;
        let weight =
            || Ok::<Parameter<f64>, Box<dyn Error>>(initial(&format!("{i}.weight"))?.into());
        let bias = || Ok::<_, Box<dyn Error>>(initial(&format!("{i}.bias"))?.into());
        let rng = &mut gradlet::rng(0);
        net = match text.split('(').next().unwrap_or_default() {
            "Linear" => {
                let mut linear = Linear::new_of(1, 1, rng)?;
                (linear.weight, linear.bias) = (weight()?, Some(bias()?));
                net.push(linear)
            }
            "Conv2d" => {
                let mut conv = Conv2d::new_of(1, 1, 1, 1, rng)?;
                conv = conv.padding(usize::from(text.contains("padding=(1, 1)")));
                (conv.weight, conv.bias) = (weight()?, Some(bias()?));
                net.push(conv)
            }
            "BatchNorm1d" => {
                let (weight, bias) = (weight()?, bias()?);
                let buffer = |name| initial(&format!("{i}.{name}")).map(Buffer::new);
                let mut norm = BatchNorm1d::new_of(weight.shape()[0])?;
                (norm.weight, norm.bias) = (Some(weight), Some(bias));
                norm.running_mean = Some(buffer("running_mean")?);
                norm.running_var = Some(buffer("running_var")?);
                net.push(norm)
            }
            "LayerNorm" => {
                let weight = weight()?;
                let mut norm = LayerNorm::new_of(weight.shape())?;
                (norm.weight, norm.bias) = (Some(weight), Some(bias()?));
                net.push(norm)
            }
            "ReLU" => net.push(Relu::new()),
            "MaxPool2d" if text.contains("kernel_size=2, stride=2") => net.push(MaxPool2d::new(2)),
            "Flatten" => net.push(Flatten::new()),
            _ => return Err(format!("no layer {text}").into()),
        };
    }
    Ok(net)
}

/// The parameter or buffer of this name.
fn state(net: &Sequential<f64>, name: &str) -> Option<Tensor<f64>> {
    let (parameters, buffers) = (net.named_parameters(), net.named_buffers());
    let parameter = parameters.into_iter().find(|(path, _)| path == name);
    if let Some((_, parameter)) = parameter {
        return Some(parameter.downcast_ref()?.tensor().clone());
    }
    let (_, buffer) = buffers.into_iter().find(|(path, _)| path == name)?;
    Some(buffer.downcast_ref()?.tensor())
}

/// A rule whose settings are set by PyTorch's names for them.
trait Options: Rule {
    /// Sets one; `None` if there is none of this name.
    fn set(&mut self, name: &str, value: &Value) -> Option<()>;
}

macro_rules! options {
    ($($rule:ty: $($number:ident)*; $($truth:ident)*; $($betas:ident)?;)+) => {$(
        impl Options for $rule {
            fn set(&mut self, name: &str, value: &Value) -> Option<()> {
                match name {
                    $(stringify!($number) => self.$number = number(value)?,)*
                    $(stringify!($truth) => self.$truth = value.as_bool()?,)*
                    $(stringify!($betas) => {
                        self.$betas = (number(&value[0])?, number(&value[1])?);
                    })?
                    _ => return None,
                }
                Some(())
            }
        }
    )+};
}

options! {
    SgdRule: momentum dampening weight_decay; nesterov;;
    AdamRule: eps weight_decay; amsgrad; betas;
    AdamRule<true>: eps weight_decay; amsgrad; betas;
    RmsPropRule: alpha eps weight_decay momentum; centered;;
    AdagradRule: lr_decay weight_decay initial_accumulator_value eps;;;
    AdadeltaRule: rho eps weight_decay;;;
    AdamaxRule: eps weight_decay;; betas;
    NAdamRule: eps weight_decay momentum_decay; decoupled_weight_decay; betas;
    RAdamRule: eps weight_decay; decoupled_weight_decay; betas;
}

/// The optimizer with these options, and those of its groups. Those that PyTorch was not told are left as they are, so
/// that the defaults are compared too.
fn with<R: Options>(default_rate: f64, case: &Value) -> Option<Box<dyn Optimizer<f64>>> {
    let (mut rate, mut maximize, mut rule) = (default_rate, false, R::default());
    for (name, value) in case["options"].as_object()? {
        match name.as_str() {
            "lr" => rate = number(value)?,
            "maximize" => maximize = value.as_bool()?,
            name => rule.set(name, value)?,
        }
    }
    let mut optimizer = Stepper::with(rate, rule).maximize(maximize);
    for options in case["groups"].as_array().into_iter().flatten() {
        let members = options["params"].as_array()?.clone();
        let mut options = options.as_object()?.clone();
        options.remove("params");
        optimizer = optimizer.group(
            move |path, _| members.iter().any(|member| member == path),
            move |group| {
                for (name, value) in &options {
                    match name.as_str() {
                        "lr" => group.learning_rate = number(value).unwrap(),
                        name => group.rule.set(name, value).unwrap(),
                    }
                }
            },
        );
    }
    Some(Box::new(optimizer))
}

/// The optimizer with PyTorch's options and its learning rate unless there is one; `None` where gradlet has no such one.
fn optimizer(case: &Value) -> Option<Box<dyn Optimizer<f64>>> {
    match case["optimizer"].as_str()? {
        "SGD" => with::<SgdRule>(1e-3, case),
        "Adam" => with::<AdamRule>(1e-3, case),
        "AdamW" => with::<AdamRule<true>>(1e-3, case),
        "RMSprop" => with::<RmsPropRule>(1e-2, case),
        "Adagrad" => with::<AdagradRule>(1e-2, case),
        "Adadelta" => with::<AdadeltaRule>(1.0, case),
        "Adamax" => with::<AdamaxRule>(2e-3, case),
        "NAdam" => with::<NAdamRule>(2e-3, case),
        "RAdam" => with::<RAdamRule>(1e-3, case),
        _ => None,
    }
}

fn follow(golden: &Golden, case: &Value, optimizer: &mut dyn Optimizer<f64>) -> Outcome {
    let list = |name: &str| case[name].as_array().ok_or(format!("no {name}"));
    let stored = |prefix: &Value, name: &str| {
        let prefix = prefix.as_str().ok_or("no prefix")?;
        golden.tensor(&Value::from(format!("{prefix}{name}")))
    };
    let mut net = read(list("layers")?, |name| stored(&case["state"]["init"], name))?;
    let batch_norm = case["net"] == "mlp_batchnorm";
    let x = Var::constant(golden.tensor(&case["x"])?);
    let Array::Ints(labels) = golden.array(&case["y"])? else {
        return Err("labels are no whole numbers".into());
    };
    for (done, expected) in list("losses")?.iter().enumerate() {
        let step = done + 1;
        let loss = cross_entropy(&net.forward(&x)?, &labels)?;
        let expected = Tensor::scalar(number(expected).ok_or("no loss")?);
        agree(&format!("loss {step}"), loss.tensor(), &expected, BOUND)?;
        let grads = loss.backward()?;
        if step == 1 {
            for (name, parameter) in net.named_parameters() {
                let ours = grads.get(parameter.id()).ok_or("no gradient")?;
                let theirs = stored(&case["grad1"], &name)?;
                agree(&format!("gradient of {name}"), ours, &theirs, BOUND)?;
            }
        }
        optimizer.step(&mut net, &grads)?;
        let prefix = &case["state"][format!("step{step}")];
        if prefix.is_null() {
            continue;
        }
        for name in list("state_keys")?.iter().filter_map(Value::as_str) {
            // A whole number: tests/layers.rs compares it.
            if name.ends_with("num_batches_tracked") {
                continue;
            }
            let ours = state(&net, name).ok_or_else(|| format!("no tensor {name}"))?;
            let idle = ["0.bias", "1.running_mean"].contains(&name);
            let bound = if idle && batch_norm {
                rounding_alone(optimizer.learning_rate())
            } else {
                BOUND
            };
            let what = format!("{name} after step {step}");
            agree(&what, &ours, &stored(prefix, name)?, bound)?;
        }
    }
    net.eval();
    let ours = net.forward(&x)?;
    let theirs = golden.tensor(&case["eval_out"])?;
    let bound = if batch_norm {
        rounding_alone(optimizer.learning_rate())
    } else {
        BOUND
    };
    agree("output in eval mode", ours.tensor(), &theirs, bound)?;
    Ok(())
}

fn all_agree(golden: &Golden) {
    let mut failures = Vec::new();
    for case in golden.cases() {
        let outcome = match optimizer(case) {
            Some(mut optimizer) => follow(golden, case, &mut *optimizer),
            None => Err("no such optimizer here".into()),
        };
        if let Err(failure) = outcome {
            let (id, net, variant) = (&case["id"], &case["net"], &case["variant"]);
            failures.push(format!("{id} {net} {variant}: {failure}"));
        }
    }
    let all = golden.cases().len();
    assert!(all > 0, "no cases");
    assert!(
        failures.is_empty(),
        "{} of {all}:\n{}",
        failures.len(),
        failures.join("\n")
    );
}

#[test]
fn twenty_steps_are_pytorchs() -> Outcome {
    all_agree(&Golden::open(&folder(), "training")?);
    Ok(())
}

#[test]
fn twenty_steps_of_rarer_optimizers_are_pytorchs() -> Outcome {
    let layers = Path::new(FOLDER).join("layers");
    all_agree(&Golden::open(&layers, "optim_extra")?);
    Ok(())
}

#[test]
fn gradients_are_clipped_as_pytorchs() -> Outcome {
    let golden = Golden::open(&folder(), "clip")?;
    assert!(!golden.cases().is_empty(), "no cases");
    for case in golden.cases() {
        let list = |name: &str| case[name].as_array().ok_or(format!("no {name}"));
        let given = |name: &str| case["kwargs"].get(name).and_then(number);
        let (mut grads, mut leaves) = (Gradients::new_of(), Vec::new());
        for key in list("grads")? {
            let g = golden.tensor(key)?;
            let leaf = Var::leaf(g.zeros_like());
            grads.add(&leaf.mul(&Var::constant(g))?.sum(..)?.backward()?)?;
            leaves.push(leaf);
        }
        if case["fn"] == "clip_grad_norm_" {
            let max_norm = given("max_norm").ok_or("no max_norm")?;
            let norm = grads.clip_norm(max_norm, given("norm_type").unwrap_or(2.0))?;
            let theirs = golden.tensor(&case["total_norm"])?;
            agree("total norm", &Tensor::scalar(norm), &theirs, BOUND)?;
        } else {
            grads.clip_value(given("clip_value").ok_or("no clip_value")?)?;
        }
        for (leaf, key) in leaves.iter().zip(list("clipped")?) {
            let ours = grads.wrt(leaf).ok_or("no gradient")?;
            agree(&key.to_string(), ours, &golden.tensor(key)?, BOUND)?;
        }
    }
    Ok(())
}
