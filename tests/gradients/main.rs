//! Gradients and gradients of gradients of every operation against finite differences: over random shapes, empty ones
//! among them, with random arguments, and over inputs that are views, repeated, or parts of one storage.

mod draw;
mod elementwise;
mod learning;
mod places;
mod products;
mod reductions;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use gradlet::{gradcheck, gradgradcheck};
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;

use draw::{Draw, Entry, Way, ways};

const TABLES: [&[Entry]; 9] = [
    elementwise::UNARY,
    elementwise::PAIRS,
    reductions::ENTRIES,
    places::SHAPES,
    places::PICKS,
    products::PRODUCTS,
    products::WINDOWS,
    learning::NORMALIZATIONS,
    learning::LOSSES,
];

/// Files of operations that no entry is named after, and why.
const EXCEPTIONS: [(&str, &str); 2] = [("affine", NORMALIZATIONS), ("standardize", NORMALIZATIONS)];
const NORMALIZATIONS: &str =
    "has no method: batch_norm, group_norm, layer_norm and rms_norm are made of it";

/// Entries that are named after no file of operations, and where they are.
const ELSEWHERE: [(&str, &str); 1] = [("checkpoint", "a record of its own, beside the operations")];

/// Functions of operations' files that no entry calls, and why.
const NOT_DIFFERENTIATED: [(&str, &str); 1] = [("retained_id", "the name of a Var, not a Var")];

fn shape() -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(0..4usize, 0..5)
}

/// Two small axes, of images and channels, and two of places, over which a kernel slides a few times.
fn images() -> impl Strategy<Value = Vec<usize>> {
    (
        prop::collection::vec(0..3usize, 2),
        prop::collection::vec(0..7usize, 2),
    )
        .prop_map(|(images, places)| [images, places].concat())
}

/// Both checks of each entry, with arguments drawn for a shape, and its inputs seen in a way.
fn hold(entries: &[Entry], shape: &[usize], way: Way, seed: u64) -> Result<(), TestCaseError> {
    for (name, make) in entries {
        let fail = |shapes: &[gradlet::Shape], error| {
            TestCaseError::fail(format!("{name}, inputs {shapes:?}: {error}"))
        };
        let case = make(&mut Draw::new(shape, seed)).and_then(|case| case.seen(way));
        let case = case.map_err(|error| fail(&[], error))?;
        for outcome in [
            gradcheck(&case.f, &case.inputs),
            gradgradcheck(&case.f, &case.inputs),
        ] {
            let shapes: Vec<_> = case.inputs.iter().map(gradlet::Tensor::dims).collect();
            outcome.map_err(|error| fail(&shapes, error))?;
        }
    }
    Ok(())
}

proptest! {
    // Twice as many cases, since each sees its inputs in one way only.
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        cases: 2 * ProptestConfig::default().cases,
        ..ProptestConfig::default()
    })]

    #[test]
    fn unary(shape in shape(), way in ways(), seed in any::<u64>()) {
        hold(elementwise::UNARY, &shape, way, seed)?;
    }

    #[test]
    fn pairs(shape in shape(), way in ways(), seed in any::<u64>()) {
        hold(elementwise::PAIRS, &shape, way, seed)?;
    }

    #[test]
    fn reductions(shape in shape(), way in ways(), seed in any::<u64>()) {
        hold(reductions::ENTRIES, &shape, way, seed)?;
    }

    #[test]
    fn shapes(shape in shape(), way in ways(), seed in any::<u64>()) {
        hold(places::SHAPES, &shape, way, seed)?;
    }

    #[test]
    fn picks(shape in shape(), way in ways(), seed in any::<u64>()) {
        hold(places::PICKS, &shape, way, seed)?;
    }

    #[test]
    fn products(shape in shape(), way in ways(), seed in any::<u64>()) {
        hold(products::PRODUCTS, &shape, way, seed)?;
    }

    #[test]
    fn windows(shape in images(), way in ways(), seed in any::<u64>()) {
        hold(products::WINDOWS, &shape, way, seed)?;
    }

    #[test]
    fn normalizations(shape in shape(), way in ways(), seed in any::<u64>()) {
        hold(learning::NORMALIZATIONS, &shape, way, seed)?;
    }

    #[test]
    fn losses(shape in shape(), way in ways(), seed in any::<u64>()) {
        hold(learning::LOSSES, &shape, way, seed)?;
    }
}

/// The Rust files of a folder and of those in it, by name, with their text.
fn sources(folder: &str) -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let files = |folder: PathBuf| {
        let files = fs::read_dir(folder).unwrap();
        files.map(|file| file.unwrap().path()).collect::<Vec<_>>()
    };
    let (wings, mut sources): (Vec<_>, Vec<_>) =
        files(folder).into_iter().partition(|p| p.is_dir());
    sources.extend(wings.into_iter().flat_map(files));
    let source = |path: PathBuf| {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        (name, fs::read_to_string(path).unwrap())
    };
    sources
        .into_iter()
        .map(source)
        .filter(|(name, _)| name != "mod")
        .collect()
}

/// The files of operations, each with what it says.
fn operations() -> Vec<(String, String)> {
    let operations = sources("../crates/gradlet-autograd/src/ops");
    assert!(operations.len() > 90, "only {} files", operations.len());
    operations
}

fn excepted(name: &str, table: &[(&str, &str)]) -> bool {
    table.iter().any(|(other, _)| *other == name)
}

#[test]
fn every_operation_is_named_by_an_entry() {
    let entries = TABLES.iter().copied().flatten();
    let named: BTreeSet<&str> = entries
        .filter_map(|(name, _)| name.split(' ').next())
        .collect();
    let operations: Vec<String> = operations().into_iter().map(|(name, _)| name).collect();
    for operation in &operations {
        assert_ne!(
            named.contains(operation.as_str()),
            excepted(operation, &EXCEPTIONS),
            "{operation}: neither an entry nor an exception, or both"
        );
    }
    for name in named {
        assert_ne!(
            operations.iter().any(|operation| operation == name),
            excepted(name, &ELSEWHERE),
            "{name}: neither an operation nor elsewhere, or both"
        );
    }
}

/// The words of the tables' code: not of their comments, nor of the entries' names.
fn words_of_the_tables() -> BTreeSet<String> {
    let sources = sources("gradients");
    let tables = sources
        .iter()
        .filter(|(name, _)| name != "main" && name != "draw");
    let lines = tables
        .flat_map(|(_, text)| text.lines())
        .filter(|line| !line.trim_start().starts_with("//"));
    let code = lines.flat_map(|line| line.split('"').step_by(2));
    let words = code.flat_map(|code| code.split(|c: char| !c.is_alphanumeric() && c != '_'));
    words.map(str::to_owned).collect()
}

#[test]
fn every_public_function_of_an_operation_is_called_by_an_entry() {
    let words = words_of_the_tables();
    for (operation, text) in operations() {
        let functions = text.split("pub fn ").skip(1);
        for function in functions.filter_map(|text| text.split(['(', '<']).next()) {
            assert_ne!(
                words.contains(function),
                excepted(function, &NOT_DIFFERENTIATED),
                "{function} of {operation}: neither called nor an exception, or both"
            );
        }
    }
}
