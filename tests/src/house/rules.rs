//! One function a rule: what a file does against it, as lines to print.

use super::source::{Source, block, body, words};

/// The most lines a file may have, tests included.
const FILE_LINES: usize = 600;

/// A function has fewer lines than this.
const FUNCTION_LINES: usize = 60;

/// The most lines docs/architecture.md may have: it is read in one go.
pub const ARCHITECTURE_LINES: usize = 150;

/// Files of gradlet-tensor that may use `unsafe`; nothing else may.
const UNSAFE_FILES: [&str; 13] = [
    "src/threads/helpers.rs",
    "src/storage/pool.rs",
    "src/storage/shared.rs",
    "src/storage/buffer.rs",
    "src/kernel/matmul/problem.rs",
    "src/kernel/matmul/product.rs",
    "src/kernel/matmul/gemm.rs",
    "src/kernel/matmul/small.rs",
    "src/kernel/matmul/dots.rs",
    "src/kernel/matmul/packed.rs",
    "src/kernel/matmul/tile.rs",
    "src/kernel/matmul/lanes.rs",
    "src/kernel/matmul/x86.rs",
];

/// Test helpers that run both checks over many shapes.
const BOTH_CHECKS: [&str; 2] = ["gradcheck_everywhere", "gradcheck_pairs"];

/// What ends a program from inside a library, or was left over.
const BANNED: [&str; 10] = [
    ".unwrap()",
    ".expect(",
    "::unwrap",
    "::expect",
    "todo!",
    "unimplemented!",
    "dbg!",
    "println!",
    "print!",
    "panic_any(",
];

/// Marks of what is not finished. Split so that this line does not mark itself.
const UNFINISHED: [&str; 4] = [
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("XX", "X"),
    concat!("HA", "CK"),
];

/// File is no longer than a reader bears.
pub fn file_length(source: &Source) -> Vec<String> {
    document_length(&source.path, &source.text, FILE_LINES)
}

/// Text has at most `limit` lines.
pub fn document_length(path: &str, text: &str, limit: usize) -> Vec<String> {
    let lines = text.lines().count();
    if lines > limit {
        vec![format!("{path}: {lines} lines, more than {limit}")]
    } else {
        Vec::new()
    }
}

/// File opens with `//!` and says in one sentence what it is for.
pub fn opening_line(source: &Source) -> Vec<String> {
    let said = source
        .text
        .strip_prefix("//! ")
        .is_some_and(|rest| rest.lines().next().is_some_and(|l| l.len() > 10));
    if said {
        Vec::new()
    } else {
        vec![source.complaint(0, "does not open with `//! ` and what the file is for")]
    }
}

/// Library code neither unwraps nor prints nor leaves work undone.
pub fn banned_calls(source: &Source) -> Vec<String> {
    if source.library().is_none() || source.file_name() == "tests.rs" {
        return Vec::new();
    }
    let mut found = Vec::new();
    for call in BANNED {
        // `eprintln!` holds `println!`, `prop_dbg!` would hold `dbg!`: a name is a whole word.
        let name = call.trim_matches(|c: char| !c.is_alphanumeric() && c != '_');
        for at in words(&source.shipped, name) {
            let start = call.find(name).unwrap_or(0);
            if at >= start && source.shipped[at - start..].starts_with(call) {
                found.push(source.complaint(at, &format!("`{call}` in library code")));
            }
        }
    }
    found
}

/// `unsafe` stands in few files, and each use says why it is sound.
pub fn unsafe_places(source: &Source) -> Vec<String> {
    let allowed = UNSAFE_FILES
        .iter()
        .any(|file| source.path == format!("crates/gradlet-tensor/{file}"));
    let mut found = Vec::new();
    for at in words(&source.code, "unsafe") {
        if !allowed {
            found.push(source.complaint(at, "`unsafe` outside the files that may use it"));
        } else if !says_why(&source.text, at) {
            found.push(source.complaint(at, "`unsafe` without a SAFETY comment above it"));
        }
    }
    found
}

/// Whether the comment above the statement or item that holds byte `at` says why it is sound.
fn says_why(text: &str, at: usize) -> bool {
    let line_start = text[..at].rfind('\n').map_or(0, |i| i + 1);
    let same_line = text[line_start..].lines().next().unwrap_or_default();
    if same_line.contains("SAFETY:") {
        return true;
    }
    let mut above = text[..line_start].lines().rev().map(str::trim);
    // Up through attributes and the statement's earlier lines, then through one block of comments.
    let is_comment = |line: &str| line.starts_with("//");
    let ends = |line: &str| line.is_empty() || line.ends_with([';', '{', '}']);
    let first = above.by_ref().find(|line| is_comment(line) || ends(line));
    let says = |line: &str| line.contains("SAFETY:") || line.contains("# Safety");
    first.is_some_and(|line| {
        is_comment(line) && (says(line) || above.take_while(|l| is_comment(l)).any(says))
    })
}

/// Every crate but gradlet-tensor forbids `unsafe` altogether.
pub fn forbids_unsafe(source: &Source) -> Vec<String> {
    let bound = source.path.ends_with("src/lib.rs")
        && source
            .library()
            .is_some_and(|name| name != "gradlet-tensor");
    if bound && !source.code.contains("#![forbid(unsafe_code)]") {
        return vec![source.complaint(0, "lacks `#![forbid(unsafe_code)]`")];
    }
    Vec::new()
}

/// An op's file has forward, backward below it, its shapes, its gradient, and checks of first and
/// second order. What is composed of other ops has neither forward nor backward; a pointwise op has a value and, below it,
/// a slope instead.
pub fn op_file(source: &Source) -> Vec<String> {
    let is_op = source.path.starts_with("crates/gradlet-autograd/src/ops/")
        && source.file_name() != "mod.rs";
    if !is_op {
        return Vec::new();
    }
    let find = |[usual, pointwise]: [&str; 2]| {
        let at = source.shipped.find(usual);
        at.or_else(|| source.shipped.find(pointwise))
    };
    let forward = find(["fn forward", "fn value"]);
    let backward = find(["fn backward", "fn slope"]);
    let tests = &source.text[source
        .text
        .find("#[cfg(test)]")
        .unwrap_or(source.text.len())..];
    let calls = |check: &str| {
        let mut names = BOTH_CHECKS.iter().copied().chain([check]);
        names.any(|name| words(tests, name).next().is_some())
    };
    let needs = [
        (forward.is_some() || backward.is_none(), "no `fn forward`"),
        (
            backward > forward || forward.is_none(),
            "no `fn backward` below forward",
        ),
        (
            source.text.contains("/// # Shape"),
            "no `# Shape` in the docs",
        ),
        (
            source.text.contains("/// # Gradient"),
            "no `# Gradient` in the docs",
        ),
        (calls("gradcheck"), "no `gradcheck` in its tests"),
        (calls("gradgradcheck"), "no `gradgradcheck` in its tests"),
    ];
    needs
        .iter()
        .filter(|(holds, _)| !holds)
        .map(|(_, what)| source.complaint(0, what))
        .collect()
}

/// No module is named for being left over.
pub fn helper_names(source: &Source) -> Vec<String> {
    let leftover =
        |name: &str| ["util", "utils", "common", "helper", "helpers", "misc"].contains(&name);
    let in_path = source.path.trim_end_matches(".rs").split('/').any(leftover);
    let named = words(&source.code, "mod").filter(|at| {
        let name = source.code[at + 3..].trim_start();
        leftover(
            name.split(|c: char| !c.is_alphanumeric() && c != '_')
                .next()
                .unwrap_or_default(),
        )
    });
    let places = named.chain(in_path.then_some(0));
    places
        .map(|at| source.complaint(at, "a module's name says what it holds, not that it helps"))
        .collect()
}

/// Functions are short enough to see at once.
pub fn function_length(source: &Source) -> Vec<String> {
    let mut found = Vec::new();
    for at in words(&source.code, "fn") {
        let Some(open) = body(&source.code, at) else {
            continue;
        };
        let lines = source.code[at..block(&source.code, open).end]
            .matches('\n')
            .count()
            + 1;
        if lines >= FUNCTION_LINES {
            found.push(source.complaint(
                at,
                &format!("a function of {lines} lines, not under {FUNCTION_LINES}"),
            ));
        }
    }
    found
}

/// `lib.rs` and `mod.rs` list what there is; code stands in files with names. A derive's entry must
/// stand in its root.
pub fn table_of_contents(source: &Source) -> Vec<String> {
    let listing = source
        .library()
        .is_some_and(|name| name != "gradlet-derive")
        && ["lib.rs", "mod.rs"].contains(&source.file_name());
    if !listing {
        return Vec::new();
    }
    let code = ["fn", "impl"]
        .into_iter()
        .flat_map(|word| words(&source.shipped, word));
    code.map(|at| source.complaint(at, "code in a table of contents"))
        .collect()
}

/// Nothing is marked as unfinished.
pub fn unfinished(source: &Source) -> Vec<String> {
    let marks = UNFINISHED
        .into_iter()
        .flat_map(|mark| words(&source.text, mark));
    marks
        .map(|at| source.complaint(at, "marked as unfinished"))
        .collect()
}

/// Examples in the docs run.
pub fn ignored_examples(source: &Source) -> Vec<String> {
    let lines = source.text.match_indices("```").filter(|(at, _)| {
        let fence = source.text[*at..].lines().next().unwrap_or_default();
        fence
            .trim_start_matches('`')
            .split([',', ' '])
            .any(|word| word == "ignore")
    });
    lines
        .map(|(at, _)| source.complaint(at, "an example in the docs that does not run"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Asserts that `rule` complains about each line number of `lines` in `text`, and about nothing
    /// else.
    #[track_caller]
    fn finds(rule: fn(&Source) -> Vec<String>, path: &str, text: &str, lines: &[usize]) {
        let found = rule(&Source::new(path, text));
        let starts: Vec<_> = lines
            .iter()
            .map(|line| format!("{path}:{line}: "))
            .collect();
        assert_eq!(found.len(), lines.len(), "{found:?}");
        for start in starts {
            assert!(
                found.iter().any(|f| f.starts_with(&start)),
                "{start} not in {found:?}"
            );
        }
    }

    const LIB: &str = "crates/gradlet-nn/src/a.rs";
    const STORAGE: &str = "crates/gradlet-tensor/src/storage/pool.rs";
    const OP: &str = "crates/gradlet-autograd/src/ops/a.rs";

    #[test]
    fn long_files_are_found() {
        assert_eq!(
            file_length(&Source::new("a.rs", &"\n".repeat(600))),
            [""; 0]
        );
        assert_eq!(
            file_length(&Source::new("a.rs", &"\n".repeat(601))),
            ["a.rs: 601 lines, more than 600"]
        );
    }

    #[test]
    fn missing_heads_are_found() {
        finds(
            opening_line,
            "a.rs",
            "//! What this is for.\nfn f() {}",
            &[],
        );
        for bad in [
            "fn f() {}",
            "// Not a doc.\n",
            "//! \nfn f() {}",
            "\n//! Too late to say.",
        ] {
            finds(opening_line, "a.rs", bad, &[1]);
        }
    }

    #[test]
    fn banned_calls_are_found_in_library_code_alone() {
        let bad = "fn f() {\n x.unwrap();\n y\n.expect(\"\");\n todo!();\n dbg!(x);\n z.map(Option::unwrap);\n}";
        finds(banned_calls, LIB, bad, &[2, 4, 5, 6, 7]);
        finds(banned_calls, "examples/a.rs", bad, &[]);
        let good = "//! x.unwrap()\n#[expect(dead_code)]\nfn f() { x.unwrap_or(0); eprintln!(\"dbg!\") }\n\
                    #[cfg(test)]\nmod tests { fn g() { x.unwrap() } }";
        finds(banned_calls, LIB, good, &[]);
    }

    #[test]
    fn unsafe_is_found_where_it_may_not_be() {
        finds(unsafe_places, LIB, "// SAFETY: none.\nunsafe { f() }", &[2]);
        finds(
            unsafe_places,
            LIB,
            "#![forbid(unsafe_code)]\n// unsafe\nlet x = \"unsafe\";",
            &[],
        );
    }

    #[test]
    fn unsafe_without_a_reason_is_found() {
        let good = [
            "// SAFETY: in range.\nunsafe { f() }",
            "// SAFETY: in range,\n// as checked above.\n#[inline]\nlet x =\n    unsafe { f() };",
            "/// Does.\n///\n/// # Safety\n/// In range.\npub unsafe fn f() {}",
            "unsafe { f() } // SAFETY: in range.",
        ];
        good.iter()
            .for_each(|text| finds(unsafe_places, STORAGE, text, &[]));
        finds(unsafe_places, STORAGE, "unsafe { f() }", &[1]);
        finds(
            unsafe_places,
            STORAGE,
            "// SAFETY: of g.\nunsafe { g() };\nunsafe { f() };",
            &[3],
        );
        finds(
            unsafe_places,
            STORAGE,
            "// SAFETY: of g.\n\nunsafe { g() };",
            &[3],
        );
        finds(
            unsafe_places,
            STORAGE,
            "// It is fast.\nunsafe impl Send for X {}",
            &[2],
        );
    }

    #[test]
    fn crates_that_allow_unsafe_are_found() {
        finds(
            forbids_unsafe,
            "crates/gradlet-nn/src/lib.rs",
            "// #![forbid(unsafe_code)]\n",
            &[1],
        );
        finds(
            forbids_unsafe,
            "crates/gradlet-nn/src/lib.rs",
            "#![forbid(unsafe_code)]\n",
            &[],
        );
        finds(forbids_unsafe, "crates/gradlet-tensor/src/lib.rs", "", &[]);
    }

    #[test]
    fn ops_that_lack_a_part_are_found() {
        let parts = [
            "/// # Shape\n",
            "/// # Gradient\n",
            "fn forward() {}\n",
            "fn backward() {}\n",
            "#[cfg(test)]\nmod tests { fn t() {\n",
            "gradcheck();\n",
            "gradgradcheck();\n",
            "} }\n",
        ];
        finds(op_file, OP, &parts.concat(), &[]);
        let pointwise = parts.concat().replace("forward", "value");
        finds(op_file, OP, &pointwise.replace("backward", "slope"), &[]);
        let lacks_slope = pointwise.replace("fn backward() {}\n", "");
        finds(op_file, OP, &lacks_slope, &[1]);
        let composed = [parts[0], parts[1], &parts[4..].concat()].concat();
        finds(op_file, OP, &composed, &[]);
        finds(op_file, "crates/gradlet-autograd/src/ops/mod.rs", "", &[]);
        for lacking in [0, 1, 2, 3, 5, 6] {
            let text: String = parts
                .iter()
                .enumerate()
                .filter(|(i, _)| *i != lacking)
                .map(|(_, p)| *p)
                .collect();
            finds(op_file, OP, &text, &[1]);
        }
        finds(
            op_file,
            OP,
            &[
                parts[0], parts[1], parts[3], parts[2], parts[4], parts[5], parts[6],
            ]
            .concat(),
            &[1],
        );
    }

    #[test]
    fn helper_modules_are_found() {
        finds(helper_names, "crates/gradlet-nn/src/utils.rs", "", &[1]);
        finds(helper_names, "tests/common/mod.rs", "", &[1]);
        finds(
            helper_names,
            LIB,
            "mod commonly;\npub mod common;\nmod utils { }",
            &[2, 3],
        );
    }

    #[test]
    fn long_functions_are_found() {
        let function =
            |lines: usize| format!("\nfn f(x: [u8; 2]) {{{}}}\nfn g();", "\n".repeat(lines - 1));
        finds(function_length, LIB, &function(59), &[]);
        finds(function_length, LIB, &function(60), &[2]);
    }

    #[test]
    fn code_in_a_table_of_contents_is_found() {
        let text = "//! fn\nmod a;\npub use a::f;\n";
        finds(table_of_contents, "crates/gradlet-nn/src/lib.rs", text, &[]);
        finds(
            table_of_contents,
            "crates/gradlet-nn/src/layer/mod.rs",
            &format!("{text}fn g() {{}}\nimpl X {{}}"),
            &[4, 5],
        );
        finds(table_of_contents, LIB, "fn g() {}", &[]);
    }

    #[test]
    fn unfinished_work_is_found() {
        for mark in UNFINISHED {
            finds(unfinished, LIB, &format!("ok\n// {mark}: later"), &[2]);
        }
        finds(unfinished, LIB, "METHODOLOGY HACKER", &[]);
    }

    #[test]
    fn ignored_examples_are_found() {
        let fence = "`".repeat(3);
        finds(
            ignored_examples,
            LIB,
            &format!("/// {fence}ignore\n/// {fence}\n\n/// {fence}rust,ignore\n"),
            &[1, 4],
        );
        finds(
            ignored_examples,
            LIB,
            &format!("/// {fence}\n/// {fence}text\n/// ignore"),
            &[],
        );
    }
}
