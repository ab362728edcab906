//! The house rules hold in every Rust file of the workspace.

use std::collections::HashMap;
use std::fs;

use gradlet_tests::house::{self, Complain, Source};

/// Build output, and programs of other frameworks: a workspace of their own, which no build of gradlet reads.
const LEFT_OUT: [&str; 2] = ["target", "crates/gradlet/benches/peers"];

const WORKSPACE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// Every Rust file below the workspace's root, except for build output, hidden folders and other frameworks' programs.
fn sources() -> Vec<Source> {
    let (mut folders, mut sources) = (vec![String::new()], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(format!("{WORKSPACE}/{folder}")).unwrap() {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            let path = format!("{folder}{name}");
            if name.ends_with(".rs") {
                let text = fs::read_to_string(entry.path()).unwrap();
                sources.push(Source { path, text });
            } else if entry.path().is_dir()
                && !name.starts_with('.')
                && !LEFT_OUT.contains(&path.as_str())
            {
                folders.push(path + "/");
            }
        }
    }
    sources.sort_by(|a, b| a.path.cmp(&b.path));
    sources
}

#[track_caller]
fn holds(sources: &[Source], rule: impl Fn(&Source, Complain)) {
    let mut found = Vec::new();
    for source in sources {
        let path = &source.path;
        rule(source, &mut |line, what| {
            found.push(format!("{path}:{line}: {what}"));
        });
    }
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
}

/// A test for each rule that looks at one file at a time.
macro_rules! rules {
    ($($claim:ident: $rule:ident;)*) => {$(
        #[test]
        fn $claim() {
            holds(&sources(), house::$rule);
        }
    )*};
}

rules! {
    files_open_with_what_they_are_for: opening_line;
    files_are_short_or_say_why_not: file_length;
    libraries_ask_for_strict_lints: strict_heads;
    modules_are_named_for_what_they_hold: helper_names;
    lib_and_mod_files_are_tables_of_contents: table_of_contents;
    nothing_is_unfinished_and_examples_in_the_docs_run: finished;
    sections_on_errors_say_when: errors_section;
    op_files_are_complete: op_file;
    operations_say_their_shape_gradient_and_errors_and_show_an_example: op_docs;
}

#[test]
fn random_arguments_reach_every_function() {
    let all = sources();
    holds(&all, |source, complain| {
        house::uncalled(source, &all, complain);
    });
}

/// A graph shows an operation by the name of its type.
#[test]
fn no_two_operations_have_one_name() {
    let mut seen = HashMap::new();
    for source in sources() {
        for (name, line) in house::operations(&source) {
            let here = format!("{}:{line}", source.path);
            if let Some(before) = seen.insert(name.clone(), here.clone()) {
                panic!("{here}: {name} is the name of the operation at {before} too");
            }
        }
    }
    assert!(seen.len() > 90, "{} operations", seen.len());
}

#[test]
fn the_rules_find_what_they_look_at() {
    let (mut operations, mut files, mut functions) = (0, 0, 0);
    for mut source in sources() {
        source.text = source.text.replace("# Shape", "");
        house::op_docs(&source, &mut |_, _| operations += 1);
        house::op_file(&source, &mut |_, _| files += 1);
        house::uncalled(&source, &[], &mut |_, _| functions += 1);
    }
    let counts = [operations, files, functions];
    assert!(
        operations > 100 && files > 90 && functions > 250,
        "{counts:?}"
    );
}

#[test]
fn the_architecture_fits_in_150_lines() {
    let text = fs::read_to_string(format!("{WORKSPACE}/docs/architecture.md")).unwrap();
    let lines = text.lines().count();
    assert!(lines <= 150, "{lines} lines");
}
