//! The rules for the files of operations.

use syn::{ImplItem, Item};

use super::source::{Complain, Source, can_fail, functions, mentions, name, printed, words};

/// The traits of operations, each with the method of the value and the one, below it, of the gradient.
const TRAITS: [(&str, &str, &str); 2] = [
    ("Op", "forward", "backward"),
    ("Pointwise", "value", "slope"),
];

/// Test helpers that run both checks over many shapes.
const BOTH_CHECKS: [&str; 2] = ["gradcheck_everywhere", "gradcheck_pairs"];

/// Whether the file holds an operation: below a folder `ops`, at any depth, and no `mod.rs`.
fn is_op(source: &Source) -> bool {
    let path = &source.path;
    source.library().is_some() && path.contains("/ops/") && !path.ends_with("/mod.rs")
}

/// A file of an operation has, directly below each value, its gradient, and an `attribute_bytes` where the operation
/// keeps tensors, or a graph would show 0; the sections on shape and gradient; and checks of its first and second
/// derivative. What is composed of other operations has neither value nor gradient.
pub fn op_file(source: &Source, complain: Complain) {
    if !is_op(source) {
        return;
    }
    let (items, tests) = source.parts();
    for item in &items {
        if let Item::Impl(of) = item
            && let Some((path, _)) = &of.trait_
            && let Some((_, value, gradient)) = TRAITS.iter().find(|entry| entry.0 == name(path))
        {
            let line = of.impl_token.span.start().line;
            let mut methods = Vec::new();
            for item in &of.items {
                if let ImplItem::Fn(method) = item {
                    methods.push(method.sig.ident.to_string());
                }
            }
            // Variants of the value, such as `forward_owned`, come between.
            let variant = format!("{value}_");
            let below = methods.iter().skip_while(|name| name != value).skip(1);
            let mut below = below.skip_while(|name| name.starts_with(&variant));
            if below.next() != Some(&(*gradient).to_owned()) {
                complain(line, &format!("no `{gradient}` directly below `{value}`"));
            }
            let says = methods.iter().any(|name| name == "attribute_bytes");
            if !says && keeps_tensors(&items, &name(&of.self_ty)) {
                complain(line, "keeps tensors without an `attribute_bytes`");
            }
        }
    }
    for section in ["# Shape", "# Gradient"] {
        if !source.text.contains(&format!("/// {section}\n")) {
            complain(1, &format!("no `{section}` in the docs"));
        }
    }
    let tests: String = tests.iter().map(printed).collect();
    let both = BOTH_CHECKS.iter().any(|name| mentions(&tests, name));
    for check in ["gradcheck", "gradgradcheck"] {
        if !both && !mentions(&tests, check) {
            complain(1, &format!("no `{check}` in its tests"));
        }
    }
}

/// The types of the file that are operations, with their lines.
pub fn operations(source: &Source) -> Vec<(String, usize)> {
    let mut found = Vec::new();
    if source.library().is_some() {
        for item in source.parts().0 {
            if let Item::Impl(of) = item
                && let Some((path, _)) = &of.trait_
                && TRAITS.iter().any(|entry| entry.0 == name(path))
            {
                found.push((name(&of.self_ty), of.impl_token.span.start().line));
            }
        }
    }
    found
}

/// Whether the type of this name has fields that hold tensors or masks, itself or in types of the same file.
fn keeps_tensors(items: &[Item], name: &str) -> bool {
    let (mut held, mut next) = (vec![name.to_owned()], 0);
    while next < held.len() {
        for item in items {
            let (ident, fields) = match item {
                Item::Struct(of) => (&of.ident, printed(&of.fields)),
                Item::Enum(of) => (&of.ident, printed(&of.variants)),
                _ => continue,
            };
            if *ident == held[next] {
                for word in words(&fields) {
                    // Once: types may hold each other.
                    if !held.iter().any(|name| name == word) {
                        held.push(word.to_owned());
                    }
                }
            }
        }
        next += 1;
    }
    held.iter()
        .any(|name| ["Tensor", "Mask"].contains(&name.as_str()))
}

/// A public function of an operation's file that returns a Var has each section of its own. One whose docs begin with a
/// link to another has the gradient of that one.
pub fn op_docs(source: &Source, complain: Complain) {
    if !is_op(source) {
        return;
    }
    for (owner, attributes, f) in functions(&source.parts().0) {
        let returned = printed(&f.output);
        if mentions(&returned, "Var") || (owner == "Var" && mentions(&returned, "Self")) {
            let docs: Vec<_> = attributes.iter().map(printed).collect();
            let first = docs.iter().find(|line| line.starts_with("# [doc"));
            for section in ["# Shape", "# Gradient", "# Errors", "# Example"] {
                let needed = match section {
                    "# Gradient" => !first.is_some_and(|line| line.contains("\" As [`")),
                    "# Errors" => can_fail(f),
                    _ => true,
                };
                if needed && !docs.contains(&format!("# [doc = \" {section}\"]")) {
                    let line = f.ident.span().start().line;
                    complain(line, &format!("no `{section}` in the docs"));
                }
            }
        }
    }
}
