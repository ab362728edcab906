//! The house rules hold in every Rust file of the workspace.

use std::fs;
use std::path::{Path, PathBuf};

use gradlet_tests::house::{self, Source};

/// Fewer files than this means that the walk lost its way, and every rule would hold of nothing.
const AT_LEAST: usize = 50;

/// Programs of other frameworks: a workspace of their own, which no build of gradlet reads.
const OTHER_FRAMEWORKS: &str = "crates/gradlet/benches/peers";

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_path_buf()
}

/// Every Rust file below the workspace's root, except for build output, hidden folders and other frameworks' programs.
fn sources() -> Vec<Source> {
    let root = workspace();
    let (mut folders, mut sources) = (vec![root.clone()], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let left_out =
                name == "target" || name.starts_with('.') || path == root.join(OTHER_FRAMEWORKS);
            if path.is_dir() && !left_out {
                folders.push(path);
            } else if name.ends_with(".rs") {
                let relative = path
                    .strip_prefix(&root)
                    .unwrap()
                    .to_string_lossy()
                    .replace('\\', "/");
                sources.push(Source::new(&relative, &fs::read_to_string(&path).unwrap()));
            }
        }
    }
    assert!(sources.len() >= AT_LEAST, "only {} files", sources.len());
    sources
}

#[track_caller]
fn holds(rule: impl Fn(&Source) -> Vec<String>) {
    let complaints: Vec<_> = sources().iter().flat_map(rule).collect();
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

#[test]
fn files_have_at_most_600_lines() {
    holds(house::file_length);
}

#[test]
fn files_open_with_what_they_are_for() {
    holds(house::opening_line);
}

#[test]
fn library_code_returns_errors_and_prints_nothing() {
    holds(house::banned_calls);
}

#[test]
fn unsafe_stands_in_few_files_and_says_why() {
    holds(house::unsafe_places);
}

#[test]
fn all_crates_but_the_tensor_crate_forbid_unsafe() {
    holds(house::forbids_unsafe);
}

#[test]
fn op_files_are_complete() {
    let ops = sources()
        .iter()
        .filter(|s| s.path.contains("/ops/"))
        .count();
    assert!(ops > 20, "only {ops} op files");
    holds(house::op_file);
    holds(house::kept_bytes);
}

#[test]
fn operations_say_their_shape_gradient_and_errors_and_show_an_example() {
    let sources = sources();
    let operations = sources.iter().map(|s| house::operations(s).len());
    let count: usize = operations.sum();
    assert!(count > 100, "only {count} operations");
    holds(house::op_docs);
}

#[test]
fn modules_are_named_for_what_they_hold() {
    holds(house::helper_names);
}

#[test]
fn functions_have_under_60_lines() {
    holds(house::function_length);
}

#[test]
fn lib_and_mod_files_are_tables_of_contents() {
    holds(house::table_of_contents);
}

#[test]
fn nothing_is_marked_as_unfinished() {
    holds(house::unfinished);
}

#[test]
fn examples_in_the_docs_run() {
    holds(house::ignored_examples);
}

#[test]
fn random_arguments_reach_every_function() {
    let sources = sources();
    let functions = sources.iter().flat_map(house::functions).count();
    assert!(functions > 250, "only {functions} functions");
    let uncalled = house::uncalled(&sources);
    assert!(uncalled.is_empty(), "\n{}\n", uncalled.join("\n"));
}

#[test]
fn the_architecture_fits_in_150_lines() {
    let text = fs::read_to_string(workspace().join("docs/architecture.md")).unwrap();
    assert_eq!(
        house::document_length("docs/architecture.md", &text, house::ARCHITECTURE_LINES),
        [""; 0]
    );
}
