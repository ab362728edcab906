//! Initial weights against PyTorch's gains, bounds, deviations and orthogonality.
//!
//! A weight is the draw of the plain distribution from the same seed times a factor, and the factor is compared. So it is
//! for each parameter of a new layer.

use std::collections::BTreeSet;
use std::error::Error;
use std::fs;

use gradlet::init::{
    Fan, Nonlinearity, kaiming_normal, kaiming_uniform, orthogonal, truncated_normal,
    xavier_normal, xavier_uniform,
};
use gradlet::module::Module;
use gradlet::{Buffer, Result, Tensor, rng};
use gradlet_tests::golden::{layers_folder, number};
use gradlet_tests::layers;
use serde_json::Value;

type Outcome = std::result::Result<(), Box<dyn Error>>;

/// The rounding of a product and of two roots.
const TOLERANCE: f64 = 1e-14;

fn cases(family: &str) -> std::result::Result<Vec<Value>, Box<dyn Error>> {
    let json: Value = serde_json::from_slice(&fs::read(layers_folder().join("init.json"))?)?;
    let cases = json[family].as_array().cloned().unwrap_or_default();
    assert!(cases.len() > 5, "{family}: only {} cases", cases.len());
    Ok(cases)
}

fn shape(case: &Value) -> Vec<usize> {
    let sizes = case["shape"].as_array().into_iter().flatten();
    sizes
        .filter_map(Value::as_u64)
        .map(|size| size as usize)
        .collect()
}

#[track_caller]
fn expect(case: &Value, found: f64, expected: &Value) {
    let expected = number(expected).unwrap_or_else(|| panic!("no number: {case}"));
    let near = (found - expected).abs() <= TOLERANCE * expected.abs();
    assert!(near, "{case}: {found}, not {expected}");
}

/// The function by PyTorch's name; `None` where PyTorch refuses it.
fn nonlinearity(name: &str, parameter: &Value) -> Option<Nonlinearity> {
    Some(match name {
        "sigmoid" => Nonlinearity::Sigmoid,
        "tanh" => Nonlinearity::Tanh,
        "relu" => Nonlinearity::Relu,
        "selu" => Nonlinearity::Selu,
        "leaky_relu" if parameter.is_null() => Nonlinearity::LeakyRelu(0.01),
        "leaky_relu" => Nonlinearity::LeakyRelu(parameter.as_f64()?),
        linear if linear == "linear" || linear.starts_with("conv") => Nonlinearity::Linear,
        _ => return None,
    })
}

#[test]
fn gains_are_pytorchs() -> Outcome {
    for case in &cases("gains")? {
        let name = case["nonlinearity"].as_str().ok_or("no name")?;
        match nonlinearity(name, &case["param"]) {
            Some(function) => expect(case, function.gain(), &case["gain"]),
            None => assert!(case["error"].is_string(), "{case}"),
        }
    }
    Ok(())
}

/// The factor of each of the weights, which is the same for all.
fn factor(weight: Result<Tensor<f64>>, plain: Result<Tensor<f64>>) -> Result<f64> {
    let (weight, plain) = (weight?, plain?);
    let factor = weight.norm(2.0, ..)?.item()? / plain.norm(2.0, ..)?.item()?;
    let all = plain.mul_scalar(factor);
    // The numbers near 0 are the sum of two that are as large as the bound.
    assert!(
        weight.allclose(&all, TOLERANCE, TOLERANCE * factor),
        "{weight} {all}"
    );
    Ok(factor)
}

/// Those of the uniform and of the normal weights.
fn factors(
    shape: &[usize],
    uniform: Result<Tensor<f64>>,
    normal: Result<Tensor<f64>>,
) -> Result<[f64; 2]> {
    Ok([
        factor(uniform, Tensor::uniform(shape, -1.0, 1.0, &mut rng(1)))?,
        factor(normal, Tensor::normal(shape, 0.0, 1.0, &mut rng(1)))?,
    ])
}

#[test]
fn weights_have_pytorchs_bounds_and_deviations() -> Outcome {
    for case in &cases("bounds")? {
        let (shape, settings) = (shape(case), &case["kwargs"]);
        let found = if case["init"] == "xavier" {
            let gain = settings["gain"].as_f64().ok_or("no gain")?;
            let uniform = xavier_uniform(&shape, gain, &mut rng(1));
            factors(&shape, uniform, xavier_normal(&shape, gain, &mut rng(1)))?
        } else {
            let name = settings["nonlinearity"].as_str().ok_or("no name")?;
            let gain = nonlinearity(name, &settings["a"]).ok_or("unknown")?.gain();
            let fan = if settings["mode"] == "fan_out" {
                Fan::Out
            } else {
                Fan::In
            };
            let uniform = kaiming_uniform(&shape, fan, gain, &mut rng(1));
            factors(
                &shape,
                uniform,
                kaiming_normal(&shape, fan, gain, &mut rng(1)),
            )?
        };
        expect(case, found[0], &case["uniform_a"]);
        expect(case, found[1], &case["normal_std"]);
    }
    Ok(())
}

#[test]
fn fans_are_pytorchs() -> Outcome {
    for case in &cases("fans")? {
        let shape = shape(case);
        for (fan, name) in [(Fan::In, "fan_in"), (Fan::Out, "fan_out")] {
            let normal = kaiming_normal(&shape, fan, 1.0, &mut rng(1));
            let std = factor(normal, Tensor::normal(&shape, 0.0, 1.0, &mut rng(1)))?;
            expect(case, 1.0 / (std * std), &case[name]);
        }
    }
    Ok(())
}

#[test]
fn truncated_normal_numbers_have_the_mean_and_the_deviation_of_the_distribution() -> Outcome {
    let count = 200_000;
    for case in &cases("trunc_normal")? {
        let of = |name: &str| number(&case[name]).ok_or("no number");
        let (low, high) = (of("a")?, of("b")?);
        let x = truncated_normal(count, of("mean")?, of("std")?, low, high, &mut rng(1));
        let x: Tensor<f64> = x?;
        assert!(x.iter().all(|x| (low..=high).contains(&x)), "{case}");
        let (mean, std) = (of("result_mean")?, of("result_std")?);
        // Five standard errors of the mean; that of the deviation is smaller, or for a tail at most 1.5 times as large.
        let error = 5.0 * std / f64::from(count as u32).sqrt();
        let (found_mean, found_std) = (x.mean(..)?.item()?, x.std(.., 1.0)?.item()?);
        assert!((found_mean - mean).abs() < error, "{case}: {found_mean}");
        assert!((found_std - std).abs() < 1.5 * error, "{case}: {found_std}");
    }
    Ok(())
}

#[test]
fn orthogonal_weights_are_orthogonal() -> Outcome {
    for case in &cases("orthogonal")? {
        let gain = case["gain"].as_f64().ok_or("no gain")?;
        let weight: Tensor<f64> = orthogonal(&shape(case), gain, &mut rng(1))?;
        let mut short = weight.flatten(1..)?;
        if case["orthogonal"] == "columns" {
            short = short.t()?;
        }
        let gram = short.matmul(&short.t()?)?;
        let squared = case["gain_squared"].as_f64().ok_or("no gain")?;
        let expected = Tensor::eye_of(gram.shape()[0])?.mul_scalar(squared);
        assert!(
            gram.allclose(&expected, 0.0, TOLERANCE * squared),
            "{case}: {gram}"
        );
    }
    Ok(())
}

/// The parameters and buffers of a module, with their names.
fn state(module: &dyn Module) -> Vec<(String, Tensor<f64>)> {
    let mut all = Vec::new();
    for (name, parameter) in module.named_parameters() {
        let parameter = parameter.downcast_ref::<f64>();
        all.extend(parameter.map(|own| (name, own.tensor().clone())));
    }
    for (name, buffer) in module.named_buffers() {
        let floats = buffer.downcast_ref::<f64>().map(Buffer::tensor);
        let ints = buffer.downcast_ref::<i64>().map(|own| own.tensor().cast());
        all.extend(floats.or(ints).map(|tensor| (name, tensor)));
    }
    all
}

#[test]
fn new_layers_are_filled_as_pytorchs() -> Outcome {
    // More numbers than a layer draws.
    let plain = Tensor::<f64>::uniform(2000, -1.0, 1.0, &mut rng(1))?.to_vec();
    let mut seen = Vec::new();
    for case in &cases("layer_defaults")? {
        let mut layer = layers::new(case)?.ok_or_else(|| format!("{case}: no such layer"))?;
        let ours = state(layer.module());
        let theirs = case["parameters"].as_object().ok_or("no parameters")?;
        let names: BTreeSet<_> = ours.iter().map(|(name, _)| name).collect();
        assert_eq!(names, theirs.keys().collect(), "{case}");
        // Where the draws of the next parameter may begin: parameters are drawn in their order, and between them seeds
        // of dropout and numbers that are replaced.
        let mut next = 0;
        for (name, x) in &ours {
            let filled = &theirs[name];
            let place = format!("{} {}, {name} {filled}: {x}", case["class"], case["args"]);
            assert_eq!(x.shape()[..], shape(filled), "{place}");
            let of = |name: &str| number(&filled[name]).ok_or("no number");
            match filled["dist"].as_str().unwrap_or_default() {
                "constant" => {
                    let value = of("value")?;
                    assert!(x.iter().all(|x| x == value), "{place}");
                }
                "uniform" => {
                    let (low, high) = (of("a")?, of("b")?);
                    assert_eq!(low, -high, "{place}");
                    let is_at = |at: &usize| {
                        let mut pairs = x.iter().zip(&plain[*at..]);
                        pairs.all(|(x, plain)| (x - plain * high).abs() < TOLERANCE)
                    };
                    let at = (next..plain.len() - x.len()).find(is_at);
                    next = at.unwrap_or_else(|| panic!("not from these draws: {place}")) + x.len();
                }
                "normal" => {
                    let (mean, std) = (of("mean")?, of("std")?);
                    let mut expected = Tensor::normal(x.shape(), mean, std, &mut rng(1))?;
                    if let Some(row) = filled["zero_row"].as_i64() {
                        expected.slice_assign(
                            0,
                            row as isize..=row as isize,
                            1,
                            &Tensor::zeros_of(1)?,
                        )?;
                    }
                    assert_eq!(x, &expected, "{place}");
                }
                other => return Err(format!("unknown distribution {other}").into()),
            }
            seen.push(filled["dist"].clone());
        }
    }
    for kind in ["constant", "uniform", "normal"] {
        assert!(seen.iter().any(|seen| seen == kind), "no {kind}");
    }
    Ok(())
}
