//! The public functions of the library, read from its source, and whether tests call them.

use std::ops::Range;

use super::source::{Source, block, body, words};

/// Whose functions are called in which file: a type's methods, and what stands in no type.
const CALLERS: [(&str, &str); 5] = [
    ("Tensor", "tests/arguments/tensors.rs"),
    ("Var", "tests/arguments/vars.rs"),
    ("Mask", "tests/arguments/functions.rs"),
    ("", "tests/arguments/functions.rs"),
    ("", "tests/arguments/fused.rs"),
];

/// Functions that no random arguments are thrown at, and why.
const EXCEPTIONS: [(&str, &str, &str); 3] = [
    (
        "",
        "read",
        "reads a file, and so has tests of hostile files",
    ),
    (
        "",
        "read_images",
        "reads a file, and so has tests of hostile files",
    ),
    (
        "",
        "read_labels",
        "reads a file, and so has tests of hostile files",
    ),
];

/// A public function that takes arguments beside `self`, or that can fail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Function {
    /// The type whose method it is; empty for a function of a module.
    pub owner: String,
    /// Its name.
    pub name: String,
    /// Where it stands, as `path:line: owner::name`.
    pub place: String,
}

/// The public methods of tensors, variables and masks that take arguments beside `self` or return a `Result`, and the
/// public functions of modules that return one, in a file of the library.
pub fn functions(source: &Source) -> Vec<Function> {
    if source.library().is_none() {
        return Vec::new();
    }
    let (code, impls) = (&source.shipped, impls(&source.shipped));
    let mut found = Vec::new();
    for at in words(code, "pub").filter(|&at| code[at..].starts_with("pub fn ")) {
        let owner = impls.iter().find(|(_, range)| range.contains(&at));
        let owner = owner.map_or("", |(owner, _)| owner.as_str());
        let signature = Signature::at(code, at);
        let wanted = signature.fails || (signature.takes_arguments && !owner.is_empty());
        if !wanted || CALLERS.iter().all(|(of, _)| *of != owner) {
            continue;
        }
        for name in names(code, at, signature.name) {
            let place = source.complaint(at, &format!("{owner}::{name}"));
            let owner = owner.to_owned();
            found.push(Function { owner, name, place });
        }
    }
    found
}

/// The functions that the tests of random arguments among `sources` do not call, as lines to print.
pub fn uncalled(sources: &[Source]) -> Vec<String> {
    let called = |f: &Function| {
        CALLERS
            .iter()
            .filter(|(owner, _)| *owner == f.owner)
            .any(|(_, path)| {
                sources
                    .iter()
                    .any(|source| source.path == *path && calls(&source.code, &f.name))
            })
    };
    let excepted = |f: &Function| EXCEPTIONS.iter().any(|e| (e.0, e.1) == (&f.owner, &f.name));
    let functions = sources.iter().flat_map(functions);
    let missing = functions.filter(|f| !called(f) && !excepted(f));
    missing
        .map(|f| format!("{} is not called with random arguments", f.place))
        .collect()
}

/// Whether `name` is called in `code`: followed by its arguments, or by types and then those, and not defined there.
fn calls(code: &str, name: &str) -> bool {
    words(code, name).any(|at| {
        let (before, after) = (code[..at].trim_end(), &code[at + name.len()..]);
        (after.starts_with('(') || after.starts_with("::<")) && !before.ends_with("fn")
    })
}

/// The blocks of a type's own methods (not of a trait's), with the type's name.
fn impls(code: &str) -> Vec<(String, Range<usize>)> {
    let mut found = Vec::new();
    for at in words(code, "impl") {
        let before = code[..at].trim_end();
        let starts_an_item =
            before.is_empty() || before.ends_with(['}', ';', ']', '{']) || before.ends_with("$(");
        let (true, Some(open)) = (starts_an_item, body(code, at)) else {
            continue;
        };
        let header = &code[at + "impl".len()..open];
        let header = header[angles(header)..].trim_start();
        let name = header.split(['<', ' ']).next().unwrap_or_default();
        if words(header, "for").next().is_none() {
            found.push((name.into(), block(code, open)));
        }
    }
    found
}

struct Signature<'a> {
    name: &'a str,
    takes_arguments: bool,
    fails: bool,
}

impl<'a> Signature<'a> {
    /// Of the `pub fn` that stands at `at`.
    fn at(code: &'a str, at: usize) -> Self {
        let text = &code[at + "pub fn ".len()..body(code, at).unwrap_or(code.len())];
        let name = &text[..text.find(['<', '(']).unwrap_or(text.len())];
        let rest = &text[name.len()..];
        let rest = &rest[angles(rest)..];
        let close = closing(rest);
        let arguments = rest.get(1..close).unwrap_or_default();
        let (first, others) = arguments.split_once(',').unwrap_or((arguments, ""));
        let of_self = words(first, "self").next().is_some();
        Self {
            name,
            takes_arguments: !others.trim().is_empty() || !(of_self || first.trim().is_empty()),
            fails: rest[close..].contains("-> Result<"),
        }
    }
}

/// The length of the list in angle brackets that `text` begins with, if it does.
fn angles(text: &str) -> usize {
    let mut depth = 0;
    for (i, b) in text.bytes().enumerate() {
        match b {
            b'<' => depth += 1,
            b'>' if !text[..i].ends_with('-') => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return if b == b'>' { i + 1 } else { 0 };
        }
    }
    0
}

/// Where the parenthesis that `text` begins with is closed.
fn closing(text: &str) -> usize {
    let mut depth = 0;
    for (i, b) in text.bytes().enumerate() {
        match b {
            b'(' => depth += 1,
            b')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return i;
        }
    }
    text.len()
}

/// The name itself, or all names that the macro around `at` is given for a name that begins with `$`.
fn names(code: &str, at: usize, name: &str) -> Vec<String> {
    if !name.starts_with('$') {
        return vec![name.into()];
    }
    let Some(rules) = words(&code[..at], "macro_rules").last() else {
        return Vec::new();
    };
    let rules = &code[rules..];
    let Some((head, pattern)) = rules.split_once('{') else {
        return Vec::new();
    };
    let name_of_macro = head.trim_start_matches("macro_rules!").trim();
    let pattern = pattern.split("=>").next().unwrap_or_default();
    let place = pattern
        .split(',')
        .position(|part| words(part, &name[1..]).next().is_some());
    let mut found = Vec::new();
    for at in words(code, name_of_macro) {
        let after = &code[at + name_of_macro.len()..];
        let (Some(place), Some(open)) = (place, after.strip_prefix("! {").map(|_| 2)) else {
            continue;
        };
        let items = &after[block(after, open)];
        let items = items.trim_matches(['{', '}']).split(';');
        let identifier = |item: &str| {
            let part = item.split(',').nth(place)?.trim();
            let end = part.find(|c: char| !c.is_alphanumeric() && c != '_');
            let identifier = &part[..end.unwrap_or(part.len())];
            (!identifier.is_empty()).then(|| identifier.to_owned())
        };
        found.extend(items.filter_map(identifier));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIB: &str = "crates/gradlet-tensor/src/a.rs";

    fn named(text: &str) -> Vec<String> {
        let functions = functions(&Source::new(LIB, text));
        functions
            .into_iter()
            .map(|f| format!("{}::{}", f.owner, f.name))
            .collect()
    }

    #[test]
    fn functions_that_take_something_or_can_fail_are_found() {
        let text = "impl<T: Fn() -> u8> Tensor<T> {
            pub fn t(&self) -> Result<Self> {}
            pub fn abs(&self) -> Self {}
            pub fn clamp(&self, low: T) -> Self {}
            pub fn scalar(value: T) -> Self {}
            pub fn from_fn<F: Fn(T) -> T>(f: F) -> Self {}
            pub fn update<const N: usize>(targets: [&mut Self; N]) -> Result<()> {}
            pub(crate) fn hidden(&self, x: T) -> Result<Self> {}
        }
        impl<T> Clone for Tensor<T> { pub fn clone_from(&self, x: T) {} }
        impl Shape { pub fn new(x: u8) -> Result<Self> {} }
        pub fn einsum(x: &[impl Into<u8>]) -> Result<u8> {}
        pub fn rng(seed: u64) -> u64 {}
        #[cfg(test)]
        mod tests { impl Tensor<u8> { pub fn late(x: u8) {} } }";
        let expected =
            ["t", "clamp", "scalar", "from_fn", "update"].map(|name| format!("Tensor::{name}"));
        assert_eq!(
            named(text),
            [&expected[..], &["::einsum".to_owned()]].concat()
        );
    }

    #[test]
    fn names_that_a_macro_is_given_are_found() {
        let text = "macro_rules! binary {
            ($($method:ident, $scalar:ident, $op:tt;)*) => {$(
                impl<T> Tensor<T> {
                    pub fn $method(&self, rhs: &Self) -> Result<Self> {}
                    pub fn $scalar(&self, rhs: T) -> Self {}
                }
            )*};
        }
        binary! {
            add, add_scalar, +;
            sub, sub_scalar, -;
        }";
        let expected =
            ["add", "sub", "add_scalar", "sub_scalar"].map(|name| format!("Tensor::{name}"));
        assert_eq!(named(text), expected);
    }

    #[test]
    fn a_function_that_nothing_calls_is_named() {
        let library = Source::new(LIB, "impl Tensor { pub fn sum(&self, axis: u8) {} }");
        let uncalled_by =
            |path: &str, text: &str| uncalled(&[library.clone(), Source::new(path, text)]);
        let file = "tests/arguments/tensors.rs";
        let complaint = format!("{LIB}:1: Tensor::sum is not called with random arguments");
        assert_eq!(uncalled_by(file, "x.sum(0)"), [""; 0]);
        assert_eq!(uncalled_by(file, "Tensor::sum::<u8>(0)"), [""; 0]);
        for text in [
            "// x.sum(0)",
            "x.sum_to(0)",
            "fn sum(x: u8) {}",
            "\"sum(0)\"",
        ] {
            assert_eq!(uncalled_by(file, text), [complaint.as_str()], "{text}");
        }
        assert_eq!(
            uncalled_by("tests/arguments/vars.rs", "x.sum(0)"),
            [complaint.as_str()]
        );
    }
}
