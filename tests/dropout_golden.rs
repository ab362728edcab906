//! Dropout against what PyTorch computed, and where gradlet differs on purpose.

use std::error::Error;
use std::path::Path;

use gradlet::dropout::{Mask, alpha_dropout_with, dropout_with, functional};
use gradlet::prelude::*;
use gradlet_tests::golden::{FOLDER, Golden, number};
use serde_json::Value;

type Outcome = Result<(), Box<dyn Error>>;

#[test]
fn values_and_gradients_are_pytorchs_given_the_mask() -> Outcome {
    let golden = Golden::open(Path::new(FOLDER), "dropout")?;
    let mut signs = 0;
    for case in golden.cases() {
        let key = |name: &str| golden.tensor(&case[name][0]);
        let x = Var::leaf(golden.tensor(&case["args"][0]["tensor"])?);
        let (out, g, grad) = (key("outs")?, key("grad_outs")?, key("grads")?);
        let keep = golden.tensor(&case["mask"])?.map(|bit| bit == 1.0);
        let (mask, p) = (Mask::from_kept(&keep)?, case["p"].as_f64().ok_or("no p")?);
        let alpha = case["op"] == "alpha_dropout";
        let y = if alpha {
            alpha_dropout_with(x.clone(), mask, p)?
        } else {
            dropout_with(&x, mask, 1.0 / (1.0 - p))?
        };
        let value = y.tensor().clone();
        let grads = y.backward_with(g)?;
        let dx = grads.wrt(&x).ok_or("no gradient")?;
        for (ours, theirs) in value
            .iter()
            .chain(dx.iter())
            .zip(out.iter().chain(grad.iter()))
        {
            // Sums are rounded in another order, 1 ulp apart.
            let near = alpha && (ours - theirs).abs() <= 4.0 * f64::EPSILON * theirs.abs();
            // On purpose: what is dropped is +0, where a product with 0 has a sign.
            let sign = ours == 0.0 && theirs == 0.0 && ours.is_sign_positive();
            signs += usize::from(sign && theirs.is_sign_negative());
            let same = ours.to_bits() == theirs.to_bits();
            assert!(same || near || sign, "{case}: {ours:e} {theirs:e}");
        }
    }
    assert_eq!(golden.cases().len(), 24);
    assert!(signs > 0, "some case must show the difference");
    Ok(())
}

fn behaviour() -> Result<Value, Box<dyn Error>> {
    let path = Path::new(FOLDER).join("dropout_behaviour.json");
    Ok(serde_json::from_slice(&std::fs::read(path)?)?)
}

fn numbers(value: &Value) -> Vec<f64> {
    let list = value["ok"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    list.iter().filter_map(number).collect()
}

fn bits(values: &[f64]) -> Vec<u64> {
    values.iter().map(|value| value.to_bits()).collect()
}

const EDGES: [f64; 7] = [
    f64::NAN,
    f64::INFINITY,
    f64::NEG_INFINITY,
    1.0,
    -1.0,
    0.0,
    -0.0,
];

#[test]
fn edges_are_pytorchs_but_for_what_is_dropped() -> Outcome {
    let (torch, mut rng) = (behaviour()?, gradlet::rng(1));
    let x = Var::leaf(Tensor::from_slice(EDGES, [7])?);
    let mut run = |p, mode| functional::dropout(&x, p, mode, &mut rng);
    for (name, p, mode) in [
        ("p=0 training, [nan,inf,-inf,1,-1,0,-0]", 0.0, Mode::Train),
        ("p=0.5 eval, [nan,inf,-inf,1,-1,0,-0]", 0.5, Mode::Eval),
        ("p=1 eval, [nan,inf,-inf,1,-1,0,-0]", 1.0, Mode::Eval),
    ] {
        let (ours, theirs) = (run(p, mode)?, numbers(&torch[name]));
        assert_eq!(bits(&ours.to_vec()), bits(&theirs), "{name}");
        assert_eq!(ours.leaf_id(), x.leaf_id(), "the input itself");
    }
    // On purpose: PyTorch gives NaN for a dropped NaN or infinity, and -0 for a dropped negative number.
    let theirs = numbers(&torch["p=1 training, [nan,inf,-inf,1,-1,0,-0]"]);
    assert!(theirs[..3].iter().all(|y| y.is_nan()) && theirs[4].is_sign_negative());
    let ours = run(1.0, Mode::Train)?;
    assert_eq!(bits(&ours.to_vec()), [0; 7]);
    let grads = ours.sum(..)?.backward()?;
    let theirs = numbers(&torch["p=1 training, gradient of sum, [nan,inf,...]"]);
    let dx = grads.wrt(&x).map(Tensor::to_vec).unwrap_or_default();
    assert_eq!(bits(&dx), bits(&theirs));
    Ok(())
}

#[test]
fn bad_probabilities_are_errors_where_pytorch_has_one_and_for_nan_too() -> Outcome {
    let (torch, mut rng) = (behaviour()?, gradlet::rng(1));
    let x = Var::constant(Tensor::ones([3])?);
    for (p, name) in [(-0.1, "-0.1"), (1.5, "1.5"), (f64::NAN, "nan")] {
        assert!(torch[format!("F.dropout p={name}")]["error"].is_string());
        for mode in [Mode::Train, Mode::Eval] {
            assert!(
                functional::dropout(&x, p, mode, &mut rng).is_err(),
                "{p} {mode}"
            );
        }
        assert!(Dropout::new(p, &mut rng).is_err());
    }
    // On purpose: PyTorch builds that layer, and fails when it runs.
    assert!(torch["nn.Dropout(nan)"]["ok"].is_string());
    Ok(())
}

#[test]
fn shapes_are_pytorchs_but_for_a_matrix_in_dropout2d() -> Outcome {
    let (torch, mut rng) = (behaviour()?, gradlet::rng(1));
    let mut run = |sizes: &[usize]| -> Outcome {
        let x = Var::constant(Tensor::ones(sizes)?);
        assert_eq!(
            functional::dropout2d(&x, 0.5, Mode::Train, &mut rng)?.shape(),
            sizes
        );
        Ok(())
    };
    assert_eq!(
        torch["F.dropout2d of 3-D input: shape"]["ok"],
        serde_json::json!([2, 3, 4])
    );
    run(&[2, 3, 4])?;
    assert_eq!(
        torch["empty tensor p=0.5 training: shape"],
        serde_json::json!([0, 3])
    );
    let empty = Var::constant(Tensor::ones([0, 3])?);
    let y = functional::dropout(&empty, 0.5, Mode::Train, &mut gradlet::rng(1))?;
    assert_eq!(y.shape(), [0, 3]);
    // On purpose: PyTorch warns that this will be an error.
    assert_eq!(
        torch["F.dropout2d of 2-D input: shape"]["ok"],
        serde_json::json!([2, 3])
    );
    assert!(run(&[2, 3]).is_err());
    assert!(torch["F.dropout1d of 4-D input"]["error"].is_string());
    let x = Var::constant(Tensor::ones([2, 3, 4, 5])?);
    let error = functional::dropout1d(&x, 0.5, Mode::Eval, &mut gradlet::rng(1)).unwrap_err();
    let error = error.to_string();
    assert!(
        error.starts_with(
            "Dropout1d: expected [batch, channels, length] or [channels, length], got shape [2, 3, 4, 5]"
        ),
        "{error}"
    );
    Ok(())
}

#[test]
fn alpha_dropout_has_pytorchs_constant_and_its_edges() -> Outcome {
    let (torch, mut rng) = (behaviour()?, gradlet::rng(1));
    let x = Var::constant(Tensor::<f64>::ones_of([3])?);
    for (name, p) in [
        ("alpha_dropout p=1, ones", 1.0),
        ("alpha_dropout p=0, ones", 0.0),
    ] {
        let ours = functional::alpha_dropout(&x, p, Mode::Train, &mut rng)?;
        assert_eq!(ours.to_vec(), numbers(&torch[name]), "{name}");
    }
    let all = Mask::from_kept(&gradlet::tensor![bool; false, false, false])?;
    let dropped = alpha_dropout_with(x, all, 0.5)?.to_vec()[0];
    let alpha = torch["alpha_dropout constant alpha"]
        .as_f64()
        .ok_or("no alpha")?;
    // a = 1 / sqrt((alpha^2 p + 1) (1 - p)), and what is dropped is -a alpha (1 - p).
    let expected = -alpha * 0.5 / ((alpha * alpha * 0.5 + 1.0) * 0.5).sqrt();
    assert!((dropped - expected).abs() < 1e-15);
    Ok(())
}
