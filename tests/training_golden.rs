//! Twenty steps of small nets, as PyTorch took them: losses, first gradients, weights on the way, and what the trained net
//! gives in eval mode.

use std::collections::BTreeMap;
use std::error::Error;

use gradlet::optim::Optimizer;
use gradlet::prelude::*;
use gradlet::{BatchNorm1d, Buffer, LayerNorm};
use gradlet_tests::conformance::{Bound, agree};
use gradlet_tests::golden::{Array, Golden, folder, number};
use serde_json::Value;

type Outcome<T = ()> = std::result::Result<T, Box<dyn Error>>;

/// Rounding of sums in another order, carried through twenty steps.
const BOUND: Bound = Bound {
    absolute: 1e-12,
    relative: 1e-9,
};

/// A bias before batch normalization has a gradient of 0, of which rounding leaves some 1e-17; Adam divides that by an
/// eps of 1e-8, times a rate of 1e-2, twenty times. The running mean follows the bias, late, and an eval pass sees both.
const ROUNDING_ALONE: Bound = Bound {
    absolute: 1e-9,
    relative: 0.0,
};

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

/// The optimizer with PyTorch's options; `None` where gradlet has no such one.
fn optimizer(case: &Value) -> Outcome<Option<Box<dyn Optimizer<f64>>>> {
    let options = case["options"].as_object().ok_or("no options")?;
    let get = |name: &str, default| options.get(name).and_then(number).unwrap_or(default);
    let known = |names: &[&str]| options.keys().all(|name| names.contains(&name.as_str()));
    let (rate, decay) = (get("lr", 1e-3), get("weight_decay", 0.0));
    Ok(match case["optimizer"].as_str() {
        Some("SGD") if known(&["lr", "momentum", "dampening", "nesterov", "weight_decay"]) => {
            let sgd = Sgd::new(rate)
                .momentum(get("momentum", 0.0))
                .dampening(get("dampening", 0.0))
                .nesterov(options.get("nesterov") == Some(&Value::Bool(true)))
                .weight_decay(decay);
            Some(Box::new(sgd))
        }
        Some("Adam") if known(&["lr", "betas", "eps", "weight_decay"]) => {
            let mut adam = Adam::new(rate).weight_decay(decay).eps(get("eps", 1e-8));
            if let Some(betas) = options.get("betas") {
                let beta = |i: usize| number(&betas[i]).ok_or("no beta");
                adam = adam.betas(beta(0)?, beta(1)?);
            }
            Some(Box::new(adam))
        }
        // What PyTorch was not told is left as it is, so that the defaults are compared too.
        Some("RMSprop") if known(&["lr", "alpha", "weight_decay", "momentum", "centered"]) => {
            let mut rms_prop = RmsProp::new(get("lr", 1e-2))
                .weight_decay(decay)
                .momentum(get("momentum", 0.0))
                .centered(options.get("centered") == Some(&Value::Bool(true)));
            if let Some(alpha) = options.get("alpha").and_then(number) {
                rms_prop = rms_prop.alpha(alpha);
            }
            Some(Box::new(rms_prop))
        }
        _ => None,
    })
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
                ROUNDING_ALONE
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
    let bound = if batch_norm { ROUNDING_ALONE } else { BOUND };
    agree("output in eval mode", ours.tensor(), &theirs, bound)?;
    Ok(())
}

#[test]
fn twenty_steps_are_pytorchs() -> Outcome {
    let golden = Golden::open(&folder(), "training")?;
    let (mut passed, mut failures, mut missing) = (0, Vec::new(), BTreeMap::new());
    for case in golden.cases() {
        let Some(mut optimizer) = optimizer(case)? else {
            *missing.entry(case["variant"].to_string()).or_insert(0) += 1;
            continue;
        };
        match follow(&golden, case, &mut *optimizer) {
            Ok(()) => passed += 1,
            Err(failure) => failures.push(format!(
                "{} {} {}: {failure}",
                case["id"], case["net"], case["variant"]
            )),
        }
    }
    println!(
        "{passed} of {} nets trained; without an optimizer here: {missing:?}",
        golden.cases().len()
    );
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(passed > 0, "no net has an optimizer here");
    Ok(())
}
