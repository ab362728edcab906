//! Every layer against what PyTorch computed for it from the same state: outputs, gradients of inputs and parameters,
//! and buffers after the call, in f64 and in f32.
//!
//! `GRADLET_GOLDEN_LAYERS` names another folder of cases. `cargo test -p gradlet-tests --test layers -- --nocapture`
//! prints a line for each kind of layer.

use std::collections::BTreeSet;
use std::error::Error;
use std::path::{Path, PathBuf};

use gradlet_tests::conformance::{Bound, Outcome};
use gradlet_tests::golden::{FOLDER, Golden};
use gradlet_tests::layers::{run_f32, run_f64};
use serde_json::Value;

/// Rounding of sums in another order.
const F64: Bound = Bound {
    absolute: 1e-12,
    relative: 1e-9,
};
/// Rounding of f32 in the operations of a layer, against the same operations in f64.
const F32: Bound = Bound {
    absolute: 1e-5,
    relative: 1e-4,
};

/// Files that hold something else than calls of layers.
const OTHERS: [&str; 4] = ["init", "lbfgs", "metrics", "optim_extra"];

/// Kinds of layers that gradlet does not have yet.
const MISSING: &[&str] = &[
    "adaptive_max_pool1d",
    "adaptive_max_pool2d",
    "batch_norm1d",
    "batch_norm2d",
    "bilinear",
    "conv1d",
    "conv_transpose1d",
    "conv_transpose2d",
    "cosine_embedding_loss",
    "cosine_similarity",
    "embedding",
    "gaussian_nll_loss",
    "glu",
    "group_norm",
    "hardsigmoid",
    "hardswish",
    "hardtanh",
    "hinge_embedding_loss",
    "identity",
    "instance_norm1d",
    "instance_norm2d",
    "layer_norm",
    "log_sigmoid",
    "margin_ranking_loss",
    "max_pool1d",
    "max_pool2d",
    "multi_label_soft_margin_loss",
    "multi_margin_loss",
    "multihead_attention",
    "normalize",
    "pairwise_distance",
    "poisson_nll_loss",
    "prelu",
    "relu6",
    "rms_norm",
    "scaled_dot_product_attention",
    "soft_margin_loss",
    "softsign",
    "transformer_encoder",
    "transformer_encoder_layer",
    "triplet_margin_loss",
    "unflatten",
    "upsample",
];

/// Why gradlet does not do what a case asks.
fn declined(_golden: &Golden, case: &Value) -> Option<&'static str> {
    match case["class"].as_str().unwrap_or_default() {
        "Flatten"
            if case["args"] != Value::Array(Vec::new())
                || case["kwargs"]["start_dim"] != Value::Null =>
        {
            Some("to be built")
        }
        "Conv2d" if case["kwargs"]["padding"].is_string() => Some("to be built"),
        _ => None,
    }
}

fn folder() -> PathBuf {
    std::env::var_os("GRADLET_GOLDEN_LAYERS")
        .map_or_else(|| Path::new(FOLDER).join("layers"), PathBuf::from)
}

/// The kinds of layers that the folder has cases of.
fn kinds(folder: &Path) -> Result<BTreeSet<String>, Box<dyn Error>> {
    let mut names = BTreeSet::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "json")
            && let Some(name) = path.file_stem().and_then(|stem| stem.to_str())
            && !OTHERS.contains(&name)
        {
            names.insert(name.to_owned());
        }
    }
    Ok(names)
}

type Run = fn(&Golden, &Value) -> Result<Option<(Outcome, Outcome)>, Box<dyn Error>>;

/// The case in both types.
fn check(golden: &Golden, case: &Value) -> Result<(), String> {
    for (way, run, bound) in [("f64", run_f64 as Run, F64), ("f32", run_f32, F32)] {
        match run(golden, case) {
            Err(error) => return Err(format!("{way}: {error}")),
            Ok(None) => return Err("no such layer".to_owned()),
            Ok(Some((ours, theirs))) => {
                ours.compare(&theirs, bound)
                    .map_err(|difference| format!("{way}: {difference}"))?;
            }
        }
    }
    Ok(())
}

#[test]
fn layers_compute_what_pytorchs_do() -> Result<(), Box<dyn Error>> {
    let folder = folder();
    let (mut failures, mut reasons) = (Vec::new(), BTreeSet::new());
    let kinds = kinds(&folder)?;
    let (mut cases, mut passed, mut declined_cases) = (0, 0, 0);
    for kind in &kinds {
        let golden = Golden::open(&folder, kind)?;
        let missing = MISSING.contains(&kind.as_str());
        let (mut well, mut off) = (0, 0);
        for case in golden.cases() {
            match declined(&golden, case) {
                Some(reason) => {
                    off += 1;
                    reasons.insert(format!("{kind}: {reason}"));
                }
                None => match check(&golden, case) {
                    Ok(()) => well += 1,
                    Err(_) if missing => {}
                    Err(failure) => failures.push(format!("{kind} {}: {failure}", case["id"])),
                },
            }
        }
        let count = golden.cases().len();
        println!("{kind:34} cases {count:3}, passed {well:3}, declined {off:2}");
        assert!(!missing || well == 0, "{kind} is no longer missing");
        (cases, passed, declined_cases) = (cases + count, passed + well, declined_cases + off);
    }
    for reason in reasons {
        println!("declined: {reason}");
    }
    println!(
        "{} kinds, {cases} cases, {passed} passed, {declined_cases} declined",
        kinds.len()
    );
    assert!(cases > 0, "no cases in {}", folder.display());
    if folder == Path::new(FOLDER).join("layers") {
        assert_eq!((kinds.len(), cases), (52, 923), "files are missing, or new");
    }
    assert!(
        failures.is_empty(),
        "{} cases fail:\n{}",
        failures.len(),
        failures.join("\n")
    );
    Ok(())
}
