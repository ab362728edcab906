//! The rules for every file.

use syn::Item;
use syn::spanned::Spanned;

use super::source::{Complain, Source, mentions, printed};

/// What a library's root says of its code. `unsafe` has its place in gradlet-tensor.
pub(super) const HEADS: [&str; 2] = [
    "#![warn(clippy::expect_used, clippy::print_stdout, clippy::unwrap_used)]",
    "#![forbid(unsafe_code)]",
];

/// Names of modules that hold what was left over.
const LEFTOVER: [&str; 6] = ["util", "utils", "common", "helper", "helpers", "misc"];

/// Marks of what is not finished, each with a hyphen too much, so that this line does not mark itself.
pub(super) const UNFINISHED: [&str; 4] = ["TO-DO", "FIX-ME", "XX-X", "HA-CK"];

/// A file has at most 400 lines, or 500 if a line of the docs at its head begins with "Long because".
pub fn file_length(source: &Source, complain: Complain) {
    let (text, lines) = (&source.text, source.text.lines().count());
    let mut head = text.lines().take_while(|line| line.starts_with("//!"));
    let reasoned = head.any(|line| line.starts_with("//! Long because "));
    let most = if reasoned { 500 } else { 400 };
    if lines > most {
        complain(1, &format!("{lines} lines, more than {most}"));
    }
}

/// A file opens with `//!` and says in one sentence what it is for.
pub fn opening_line(source: &Source, complain: Complain) {
    let first = source.text.lines().next().unwrap_or_default();
    if !first.starts_with("//! ") || first.len() < 15 {
        complain(1, "does not open with `//! ` and what the file is for");
    }
}

/// The root of each library asks for the lints that tests and examples need not pass.
pub fn strict_heads(source: &Source, complain: Complain) {
    let root = source.path.ends_with("/src/lib.rs");
    let library = source.library().filter(|_| root);
    for (i, head) in HEADS.iter().enumerate() {
        let needed = library.is_some_and(|name| i == 0 || name != "gradlet-tensor");
        if needed && source.text.lines().all(|line| line != *head) {
            complain(1, &format!("lacks `{head}`"));
        }
    }
}

/// No module is named for being left over.
pub fn helper_names(source: &Source, complain: Complain) {
    let path = source.path.split(['/', '.']);
    let mut names: Vec<_> = path.map(|name| (name.to_owned(), 1)).collect();
    for item in source.items() {
        if let Item::Mod(of) = item {
            names.push((of.ident.to_string(), of.ident.span().start().line));
        }
    }
    names.retain(|(name, _)| LEFTOVER.contains(&name.as_str()));
    for (_, line) in names {
        complain(line, "a module's name says what it holds");
    }
}

/// `lib.rs` and `mod.rs` list what there is; code is in files with names. A derive's entry must be in its root.
pub fn table_of_contents(source: &Source, complain: Complain) {
    let (path, library) = (&source.path, source.library());
    let bound = library.is_some_and(|name| name != "gradlet-derive");
    if bound && (path.ends_with("/lib.rs") || path.ends_with("/mod.rs")) {
        for item in source.parts().0 {
            let is_code = match &item {
                Item::Use(_) | Item::ExternCrate(_) => false,
                Item::Mod(of) => of.content.is_some(),
                Item::Macro(of) => mentions(&printed(of), "fn"),
                _ => true,
            };
            if is_code {
                complain(item.span().start().line, "code in a table of contents");
            }
        }
    }
}

/// Nothing is marked as unfinished, and examples in the docs run.
pub fn finished(source: &Source, complain: Complain) {
    let marks = UNFINISHED.map(|mark| mark.replace('-', ""));
    for (number, line) in (1..).zip(source.text.lines()) {
        if marks.iter().any(|mark| mentions(line, mark)) {
            complain(number, "marked as unfinished");
        }
        let docs = line.trim_start().trim_start_matches(['/', '!', ' ']);
        let fence = docs.strip_prefix("```").unwrap_or_default();
        if mentions(fence, "ignore") {
            complain(number, "an example in the docs that does not run");
        }
    }
}

/// Each section on errors in a library's docs begins with a condition, or with a function that has the same errors.
pub fn errors_section(source: &Source, complain: Complain) {
    let mut opens = false;
    for (number, line) in (1..).zip(source.text.lines()) {
        let line = line.trim_start();
        let docs = line.strip_prefix("///").or(line.strip_prefix("//!"));
        let docs = docs.map(str::trim);
        if opens && docs != Some("") {
            let begins = |start| docs.is_some_and(|text| text.starts_with(start));
            if source.library().is_some() && !begins("If ") && !begins("As for ") {
                complain(
                    number,
                    "`# Errors` does not begin with \"If\" or \"As for\"",
                );
            }
            opens = false;
        }
        opens |= docs == Some("# Errors");
    }
}
