//! The rule that tests call the library's functions with random arguments.

use proc_macro2::TokenStream;
use syn::Item;

use super::source::{Complain, Source, can_fail, functions, printed};

/// Whose functions are called in which file: a type's methods, and functions of modules.
const CALLERS: [(&str, &str); 7] = [
    ("Tensor", "tests/arguments/tensors.rs"),
    ("Tensor", "tests/arguments/integers.rs"),
    ("Var", "tests/arguments/vars.rs"),
    ("Shape", "tests/arguments/shapes.rs"),
    ("Mask", "tests/arguments/functions.rs"),
    ("", "tests/arguments/functions.rs"),
    ("", "tests/arguments/fused.rs"),
];

/// Functions of files, which have tests of hostile ones, and one that takes an operation: each has its method.
const EXCEPTIONS: [&str; 9] = [
    "load",
    "pointwise",
    "read",
    "read_any",
    "read_images",
    "read_labels",
    "save",
    "save_with",
    "write",
];

/// The public methods of tensors, variables, shapes and masks that take arguments beside `self` or can fail, and the public
/// functions of modules that can fail, are called in their file among `callers`.
pub fn uncalled(source: &Source, callers: &[Source], complain: Complain) {
    if source.library().is_none() {
        return;
    }
    let items = source.parts().0;
    let mut needed = written(&items);
    for (owner, _, f) in functions(&items) {
        let arguments = f.inputs.len() > usize::from(f.receiver().is_some());
        if can_fail(f) || (arguments && !owner.is_empty()) {
            needed.push((owner, f.ident.to_string(), f.ident.span().start().line));
        }
    }
    for (owner, name, line) in needed {
        let excepted = EXCEPTIONS.contains(&name.as_str());
        if !excepted && CALLERS.iter().any(|caller| caller.0 == owner) {
            let is_caller = |file: &&Source| CALLERS.contains(&(&owner, &file.path));
            let mut callers = callers.iter().filter(is_caller);
            if !callers.any(|caller| calls(&caller.text, &name)) {
                complain(line, &format!("no random arguments reach {owner}::{name}"));
            }
        }
    }
}

/// The functions, with their owners and lines, that can fail and that macros write for what they are given in lower
/// case before a comma or a colon.
fn written(items: &[Item]) -> Vec<(String, String, usize)> {
    let mut found = Vec::new();
    for item in items {
        let Item::Macro(call) = item else { continue };
        let name = call.mac.path.get_ident();
        let defines = |item: &&Item| matches!(item, Item::Macro(of) if of.ident.as_ref() == name);
        let rules = items.iter().find(defines).map(printed).unwrap_or_default();
        if rules.contains("pub fn $") && rules.contains("-> Result <") {
            let is_owner = |owner: &&str| rules.contains(&format!("> {owner} <"));
            let owner = CALLERS.iter().map(|caller| caller.0).find(is_owner);
            let given: Vec<_> = call.mac.tokens.clone().into_iter().collect();
            for pair in given.windows(2) {
                let (name, next) = (pair[0].to_string(), pair[1].to_string());
                if name.starts_with(char::is_lowercase) && [",", ":"].contains(&next.as_str()) {
                    let line = pair[0].span().start().line;
                    found.push((owner.unwrap_or_default().into(), name, line));
                }
            }
        }
    }
    found
}

/// Whether `name` is followed by arguments, or by types, and not defined.
fn calls(code: &str, name: &str) -> bool {
    let code = printed(&code.parse::<TokenStream>().unwrap());
    let name = format!(" {name} ");
    code.match_indices(&name).any(|(at, _)| {
        let (before, after) = (&code[..at], &code[at + name.len()..]);
        !before.ends_with("fn") && (after.starts_with('(') || after.starts_with("::<"))
    })
}
