//! Every operation against what PyTorch computed for it: values and gradients in f64, in f32, from strided inputs, and
//! products with second derivatives. Their bits are the same on every machine.
//!
//! `GRADLET_GOLDEN` names another folder of cases. `cargo test -p gradlet-tests conformance -- --nocapture` prints a line
//! for each operation.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::path::Path;

use gradlet_tests::conformance::{Bound, Layout, Outcome, run_f32, run_f64, second_order};
use gradlet_tests::digest::{self, Digest, Digests};
use gradlet_tests::golden::{Array, DIGESTS, FOLDER, Golden, folder};
use serde_json::Value;

/// Rounding of sums in another order.
const F64: Bound = Bound {
    absolute: 1e-12,
    relative: 1e-9,
};
/// Rounding of f32 in a few operations, against the same operations in f64.
const F32: Bound = Bound {
    absolute: 1e-6,
    relative: 1e-4,
};

/// Files that hold something else than calls of one operation.
const OTHERS: [&str; 6] = [
    "clip",
    "dropout",
    "dropout_behaviour",
    "schedules",
    "second_order",
    "training",
];

/// Why gradlet does not do what a case asks.
fn declined(golden: &Golden, case: &Value) -> Option<&'static str> {
    let shape = |input: &Value| {
        let tensor = golden.array(&input["tensor"]).ok();
        tensor.map_or_else(Vec::new, |tensor| tensor.shape().to_vec())
    };
    let setting = |name: &str| case["kwargs"][name].as_f64().unwrap_or_default();
    match case["op"].as_str().unwrap_or_default() {
        "batch_norm" if !(0.0..=1.0).contains(&setting("momentum")) => {
            Some("a momentum outside [0, 1] would make variances negative")
        }
        "batch_norm" | "group_norm" | "layer_norm" | "rms_norm" if setting("eps") < 0.0 => {
            Some("a negative eps makes standard deviations NaN")
        }
        "batch_norm" if shape(&case["args"][0]).len() == 1 => {
            Some("a tensor of one axis has no channels to normalize")
        }
        "interpolate_bilinear" | "interpolate_nearest"
            if case["kwargs"]["recompute_scale_factor"] == false
                && case["kwargs"]["align_corners"] != true =>
        {
            Some("a scale beside the sizes would contradict their ratio")
        }
        "meshgrid" if case["kwargs"]["indexing"] == "xy" && case["args"][1].is_object() => {
            Some("the axes of a grid are in the order of its vectors: transpose swaps them")
        }
        "acosh" if holds(golden, &case["args"][0], |x| x < -1.0) => {
            Some("below -1 the value is NaN, and so is its gradient")
        }
        "cov" | "corrcoef" if matches!(shape(&case["args"][0])[..], [1, _]) => {
            Some("a matrix of one variable has a matrix of one number: PyTorch drops its axes")
        }
        "quantile" if !case["grads"][1].is_null() => {
            Some("the numbers of quantiles are no tensor, and get no gradient")
        }
        "cat" => {
            let parts = case["args"][0].as_array()?;
            let shapes: Vec<_> = parts.iter().map(shape).collect();
            let odd = shapes.iter().any(|s| *s == [0]) && shapes.iter().any(|s| s.len() > 1);
            odd.then_some("an empty tensor of one axis fits no other rank: PyTorch drops it, from before it had such shapes")
        }
        _ => None,
    }
}

/// Whether an input has a number like this.
fn holds(golden: &Golden, input: &Value, which: fn(f64) -> bool) -> bool {
    let tensor = golden.array(&input["tensor"]).ok();
    matches!(tensor, Some(Array::Floats(x)) if x.iter().any(which))
}

/// The operations that the folder has cases of.
fn operations(folder: &Path) -> Result<BTreeSet<String>, Box<dyn Error>> {
    let mut names = BTreeSet::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "safetensors")
            && let Some(name) = path.file_stem().and_then(|stem| stem.to_str())
            && !OTHERS.contains(&name)
        {
            names.insert(name.to_owned());
        }
    }
    Ok(names)
}

/// What became of an operation's cases.
#[derive(Default)]
struct Tally {
    cases: usize,
    passed: usize,
    declined: usize,
}

type Run = fn(&Golden, &Value, Layout) -> Result<Option<(Outcome, Outcome)>, Box<dyn Error>>;

/// The case in both types and both layouts; adds the bits of what came out.
fn check(golden: &Golden, case: &Value, bits: &mut Digest) -> Result<(), String> {
    let ways: [(&str, Run, Bound, Layout); 4] = [
        ("f64", run_f64, F64, Layout::Contiguous),
        ("f64 strided", run_f64, F64, Layout::Strided),
        ("f32", run_f32, F32, Layout::Contiguous),
        ("f32 strided", run_f32, F32, Layout::Strided),
    ];
    // The largest number of a type, which takes the place of infinity, is not the other's: the values are those of f64.
    let only_f64 = case["op"] == "nan_to_num" && holds(golden, &case["args"][0], f64::is_infinite);
    let count = if only_f64 { 2 } else { ways.len() };
    for (way, run, bound, layout) in ways.into_iter().take(count) {
        match run(golden, case, layout) {
            Err(error) => return Err(format!("{way}: {error}")),
            Ok(None) => return Err("no such operation".to_owned()),
            Ok(Some((ours, theirs))) => {
                ours.compare(&theirs, bound)
                    .map_err(|difference| format!("{way}: {difference}"))?;
                ours.add_to(bits);
            }
        }
    }
    Ok(())
}

#[test]
fn conformance_values_and_gradients_are_pytorchs() -> Result<(), Box<dyn Error>> {
    let folder = folder();
    let mut tallies: BTreeMap<String, Tally> = BTreeMap::new();
    let (mut failures, mut reasons) = (Vec::new(), BTreeSet::new());
    let mut digests = Digests::new();
    for op in operations(&folder)? {
        let golden = Golden::open(&folder, &op)?;
        let tally = tallies.entry(op.clone()).or_default();
        let mut bits = Digest::default();
        for case in golden.cases() {
            tally.cases += 1;
            if let Some(reason) = declined(&golden, case) {
                tally.declined += 1;
                reasons.insert(format!("{op}: {reason}"));
                continue;
            }
            match check(&golden, case, &mut bits) {
                Ok(()) => tally.passed += 1,
                Err(failure) => failures.push(format!("{op} {}: {failure}", case["id"])),
            }
        }
        digests.insert(format!("op {op}"), bits.finish());
    }
    let mut sum = Tally::default();
    for (op, tally) in &tallies {
        let Tally {
            cases,
            passed,
            declined,
        } = *tally;
        println!("{op:34} cases {cases:3}, passed {passed:3}, declined {declined:2}");
        sum.cases += cases;
        sum.passed += passed;
        sum.declined += declined;
    }
    for reason in reasons {
        println!("declined: {reason}");
    }
    let ops = tallies.len();
    println!(
        "{ops} operations, {} cases, {} passed, {} declined",
        sum.cases, sum.passed, sum.declined
    );
    assert!(sum.cases > 0, "no cases in {}", folder.display());
    if folder == Path::new(FOLDER) {
        assert_eq!((ops, sum.cases), (145, 1460), "files are missing, or new");
    }
    assert!(
        failures.is_empty(),
        "{} cases fail:\n{}",
        failures.len(),
        failures.join("\n")
    );
    let ran = (sum.cases - sum.declined) as f64 / sum.cases as f64;
    assert!(ran >= 0.95, "only {ran} of the cases run");
    if folder == Path::new(FOLDER) {
        digest::compare(Path::new(DIGESTS), "op ", &digests);
    }
    Ok(())
}

#[test]
fn conformance_second_derivatives_are_pytorchs() -> Result<(), Box<dyn Error>> {
    let golden = Golden::open(&folder(), "second_order")?;
    let mut failures = Vec::new();
    for case in golden.cases() {
        for layout in [Layout::Contiguous, Layout::Strided] {
            if let Err(failure) = second_order(&golden, case, layout, F64) {
                failures.push(format!("{} {}: {failure}", case["op"], case["id"]));
            }
        }
    }
    assert!(!golden.cases().is_empty());
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    Ok(())
}
