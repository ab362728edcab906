//! Gradients and gradients of gradients of every operation and every layer against finite differences: over random
//! shapes, empty ones among them, with random arguments, and over inputs that are views, repeated, or parts of one
//! storage.

mod arrange;
mod draw;
mod elementwise;
mod gradient;
mod layers;
mod linalg;
mod loss;
mod normalize;
mod pick;
mod reduce;
mod trial;
mod view;
mod window;

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use gradlet::{gradcheck, gradgradcheck};
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;

use draw::{Draw, Entry, Way, ways};

/// The wings that operations are sorted into, each with the entries of the file of its name.
const WINGS: [(&str, &[Entry]); 10] = [
    ("elementwise", elementwise::ENTRIES),
    ("reduce", reduce::ENTRIES),
    ("view", view::ENTRIES),
    ("arrange", arrange::ENTRIES),
    ("pick", pick::ENTRIES),
    ("linalg", linalg::ENTRIES),
    ("window", window::ENTRIES),
    ("normalize", normalize::ENTRIES),
    ("loss", loss::ENTRIES),
    ("gradient", gradient::ENTRIES),
];

/// Files of operations that no entry is named after, and why.
const EXCEPTIONS: [(&str, &str); 5] = [
    ("affine", NORMALIZATIONS),
    (
        "corner",
        "adds 0 to gradients of norms and deviations, with a derivative of NaN where they have none",
    ),
    (
        "labels",
        "has no function of its own: cross_entropy and nll_loss are made of it",
    ),
    ("normalize_channels", NORMALIZATIONS),
    ("standardize", NORMALIZATIONS),
];
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
        let fail = |shapes: &[&gradlet::Shape], error| {
            TestCaseError::fail(format!("{name}, inputs {shapes:?}: {error}"))
        };
        let case = make(&mut Draw::new(shape, seed)).and_then(|case| case.seen(way));
        let case = case.map_err(|error| fail(&[], error))?;
        for outcome in [
            gradcheck(&case.f, &case.inputs),
            gradgradcheck(&case.f, &case.inputs),
        ] {
            let shapes: Vec<_> = case.inputs.iter().map(gradlet::Tensor::shape).collect();
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
    fn elementwise(shape in shape(), way in ways(), seed in any::<u64>()) {
        hold(elementwise::ENTRIES, &shape, way, seed)?;
    }

    #[test]
    fn reduce(shape in shape(), way in ways(), seed in any::<u64>()) {
        hold(reduce::ENTRIES, &shape, way, seed)?;
    }

    #[test]
    fn view(shape in shape(), way in ways(), seed in any::<u64>()) {
        hold(view::ENTRIES, &shape, way, seed)?;
    }

    #[test]
    fn arrange(shape in shape(), way in ways(), seed in any::<u64>()) {
        hold(arrange::ENTRIES, &shape, way, seed)?;
    }

    #[test]
    fn pick(shape in shape(), way in ways(), seed in any::<u64>()) {
        hold(pick::ENTRIES, &shape, way, seed)?;
    }

    #[test]
    fn linalg(shape in shape(), way in ways(), seed in any::<u64>()) {
        hold(linalg::ENTRIES, &shape, way, seed)?;
    }

    #[test]
    fn window(shape in images(), way in ways(), seed in any::<u64>()) {
        hold(window::ENTRIES, &shape, way, seed)?;
    }

    #[test]
    fn normalize(shape in shape(), way in ways(), seed in any::<u64>()) {
        hold(normalize::ENTRIES, &shape, way, seed)?;
    }

    #[test]
    fn loss(shape in shape(), way in ways(), seed in any::<u64>()) {
        hold(loss::ENTRIES, &shape, way, seed)?;
    }

    #[test]
    fn gradient(shape in shape(), way in ways(), seed in any::<u64>()) {
        hold(gradient::ENTRIES, &shape, way, seed)?;
    }
}

/// A Rust file: the folder it is in, its name, and its text.
struct Source {
    folder: String,
    name: String,
    text: String,
}

/// The Rust files of a folder and of those in it, without `mod.rs`.
fn sources(folder: &str) -> Vec<Source> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let files = |folder: PathBuf| {
        let files = fs::read_dir(folder).unwrap();
        files.map(|file| file.unwrap().path()).collect::<Vec<_>>()
    };
    let (folders, mut sources): (Vec<_>, Vec<_>) =
        files(folder).into_iter().partition(|p| p.is_dir());
    sources.extend(folders.into_iter().flat_map(files));
    let word = |word: Option<&OsStr>| word.unwrap().to_string_lossy().into_owned();
    let source = |path: PathBuf| Source {
        folder: word(path.parent().unwrap().file_name()),
        name: word(path.file_stem()),
        text: fs::read_to_string(path).unwrap(),
    };
    sources
        .into_iter()
        .map(source)
        .filter(|source| source.name != "mod")
        .collect()
}

/// The files of operations, each in the folder of its wing.
fn operations() -> Vec<Source> {
    let operations = sources("../crates/gradlet-autograd/src/ops");
    assert!(operations.len() > 90, "only {} files", operations.len());
    operations
}

fn excepted(name: &str, table: &[(&str, &str)]) -> bool {
    table.iter().any(|(other, _)| *other == name)
}

#[test]
fn every_operation_is_named_by_an_entry_of_its_wing() {
    let named_in = |&(wing, entries): &(&'static str, &'static [Entry])| {
        let names = entries
            .iter()
            .filter_map(|(name, _)| name.split(' ').next());
        names.map(move |name| (wing, name))
    };
    let named: BTreeSet<(&str, &str)> = WINGS.iter().flat_map(named_in).collect();
    let operations = operations();
    let operations: BTreeSet<(&str, &str)> = operations
        .iter()
        .map(|operation| (operation.folder.as_str(), operation.name.as_str()))
        .collect();
    for &(wing, operation) in &operations {
        assert_ne!(
            named.contains(&(wing, operation)),
            excepted(operation, &EXCEPTIONS),
            "ops/{wing}/{operation}.rs: neither an entry in gradients/{wing}.rs nor an exception, or both"
        );
    }
    for &(wing, name) in &named {
        assert_ne!(
            operations.contains(&(wing, name)),
            excepted(name, &ELSEWHERE),
            "{name} in gradients/{wing}.rs: neither an operation of this wing nor elsewhere, or both"
        );
    }
}

/// The words of the entries' code: not of their comments, nor of the entries' names.
fn words_of_the_entries() -> BTreeSet<String> {
    let sources = sources("gradients");
    let of_wings = sources
        .iter()
        .filter(|source| WINGS.iter().any(|(wing, _)| *wing == source.name));
    let lines = of_wings
        .flat_map(|source| source.text.lines())
        .filter(|line| !line.trim_start().starts_with("//"));
    let code = lines.flat_map(|line| line.split('"').step_by(2));
    let words = code.flat_map(|code| code.split(|c: char| !c.is_alphanumeric() && c != '_'));
    words.map(str::to_owned).collect()
}

#[test]
fn every_public_function_of_an_operation_is_called_by_an_entry() {
    let words = words_of_the_entries();
    for Source { name, text, .. } in operations() {
        let functions = text.split("pub fn ").skip(1);
        for function in functions.filter_map(|text| text.split(['(', '<']).next()) {
            assert_ne!(
                words.contains(function),
                excepted(function, &NOT_DIFFERENTIATED),
                "{function} of {name}: neither called nor an exception, or both"
            );
        }
    }
}
