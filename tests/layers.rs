//! Every layer against what PyTorch computed for it from the same state: outputs, gradients of inputs and parameters,
//! and buffers after the call, in f64 and in f32. Their bits are the same on every machine.
//!
//! `GRADLET_GOLDEN_LAYERS` names another folder of cases. `cargo test -p gradlet-tests --test layers -- --nocapture`
//! prints a line for each kind of layer.

use std::collections::BTreeSet;
use std::error::Error;
use std::path::Path;

use gradlet_tests::conformance::{Bound, Outcome};
use gradlet_tests::digest::{self, Digest, Digests};
use gradlet_tests::golden::{Array, DIGESTS, FOLDER, Golden, layers_folder};
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

/// Why gradlet does not do what a case asks.
fn declined(golden: &Golden, case: &Value) -> Option<&'static str> {
    let lowest = |keys: &Value| {
        let mut keys = keys.as_array().into_iter().flatten();
        keys.any(|key| match golden.array(key) {
            Ok(Array::Floats(x)) => x.iter().any(|x| x == f64::NEG_INFINITY),
            _ => false,
        })
    };
    let holds = |which: fn(f64) -> bool| {
        let tensor = golden.array(&case["inputs"][0]).ok();
        matches!(tensor, Some(Array::Floats(x)) if x.iter().any(which))
    };
    match case["class"].as_str().unwrap_or_default() {
        "MaxPool1d" | "MaxPool2d" if lowest(&case["outs"]) && !lowest(&case["inputs"]) => {
            Some("a window that reads nothing but padding is refused")
        }
        "SoftMarginLoss" if holds(|x| x.abs() > 700.0) => {
            Some("no finite number overflows: PyTorch's loss is infinite, and its gradient NaN")
        }
        "MultiheadAttention"
            if case["note"] == "all keys of one batch element are padding"
                && !case["outs"][1].is_null() =>
        {
            Some("a query that sees no key: PyTorch gives NaN with weights, zeros without them")
        }
        _ => None,
    }
}

/// Why the gradients of a case are not PyTorch's; its outputs are.
fn other_gradients(case: &Value) -> Option<&'static str> {
    match case["class"].as_str().unwrap_or_default() {
        "Hardsigmoid" => Some("PyTorch's slope is 1 / 6 rounded to f32, also for f64"),
        "Softsign" if case["note"] == "special values" => {
            Some("at infinities PyTorch's quotient rule gives NaN; the slope there is 0")
        }
        "CosineSimilarity" if case["kwargs"]["eps"].as_f64() > Some(1e-3) => {
            Some("a norm below eps is a constant: PyTorch's gradient is that of a norm")
        }
        _ => None,
    }
}

/// Whether an encoder standardizes two features, which are then 1 and -1, but for eps: what is left of their gradient is
/// smaller than its parts by that much, and in f32 mostly rounding. PyTorch's own f32 is up to 3.5 bounds from its f64.
fn norms_two_features(case: &Value) -> bool {
    let layer = match case["class"].as_str() {
        Some("TransformerEncoderLayer") => case,
        Some("TransformerEncoder") => &case["args"][0]["module"],
        _ => return false,
    };
    layer["args"][0] == 2
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

/// The case in both types; adds the bits of what came out.
fn check(golden: &Golden, case: &Value, bits: &mut Digest) -> Result<(), String> {
    for (way, run, bound) in [("f64", run_f64 as Run, F64), ("f32", run_f32, F32)] {
        if way == "f32" && norms_two_features(case) {
            continue;
        }
        match run(golden, case) {
            Err(error) => return Err(format!("{way}: {error}")),
            Ok(None) => return Err("no such layer".to_owned()),
            Ok(Some((mut ours, mut theirs))) => {
                ours.add_to(bits);
                // In f32 it is compared with its own f64.
                if way == "f64" && other_gradients(case).is_some() {
                    ours.grads.clear();
                    theirs.grads.clear();
                }
                ours.compare(&theirs, bound)
                    .map_err(|difference| format!("{way}: {difference}"))?;
            }
        }
    }
    Ok(())
}

#[test]
fn layers_compute_what_pytorchs_do() -> Result<(), Box<dyn Error>> {
    let folder = layers_folder();
    let (mut failures, mut reasons) = (Vec::new(), BTreeSet::new());
    let kinds = kinds(&folder)?;
    let mut digests = Digests::new();
    let (mut cases, mut passed, mut declined_cases) = (0, 0, 0);
    for kind in &kinds {
        let golden = Golden::open(&folder, kind)?;
        let (mut well, mut off) = (0, 0);
        let mut bits = Digest::default();
        for case in golden.cases() {
            if let Some(reason) = other_gradients(case) {
                reasons.insert(format!("gradients of {kind}: {reason}"));
            }
            match declined(&golden, case) {
                Some(reason) => {
                    off += 1;
                    reasons.insert(format!("{kind}: {reason}"));
                }
                None => match check(&golden, case, &mut bits) {
                    Ok(()) => well += 1,
                    Err(failure) => failures.push(format!("{kind} {}: {failure}", case["id"])),
                },
            }
        }
        let count = golden.cases().len();
        println!("{kind:34} cases {count:3}, passed {well:3}, declined {off:2}");
        digests.insert(format!("layer {kind}"), bits.finish());
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
    if folder == Path::new(FOLDER).join("layers") {
        digest::compare(Path::new(DIGESTS), "layer ", &digests);
    }
    Ok(())
}
