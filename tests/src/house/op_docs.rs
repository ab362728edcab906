//! The rule that the docs of an operation say its shape, its gradient and its errors, and show an example.

use super::source::{Source, body, words};

/// Where an op file's public functions that return a Var stand, and what each returns.
pub fn operations(source: &Source) -> Vec<(usize, &str)> {
    if !source.path.starts_with("crates/gradlet-autograd/src/ops/") {
        return Vec::new();
    }
    let code = &source.shipped;
    let public = words(code, "fn").filter(|&at| code[..at].ends_with("pub "));
    let returning = public.filter_map(|at| {
        let signature = &code[at..body(code, at)?];
        Some((at, signature.rsplit_once("->")?.1.trim()))
    });
    returning
        .filter(|(at, returned)| {
            let block = code[..*at]
                .lines()
                .rev()
                .find(|line| line.starts_with("impl"));
            let of_var = block == Some("impl<T: Float> Var<T> {");
            let names = |word| words(returned, word).next().is_some();
            names("Var") || (of_var && names("Self"))
        })
        .collect()
}

/// An operation has each section of its own. One whose docs begin with a link to another has the gradient that one
/// has.
pub fn op_docs(source: &Source) -> Vec<String> {
    let mut complaints = Vec::new();
    for (at, returned) in operations(source) {
        let docs = docs_above(&source.text, at);
        let needed = [
            ("# Shape", true),
            ("# Gradient", !docs.starts_with("As [`")),
            ("# Errors", returned.starts_with("Result")),
            ("# Example", true),
        ];
        for (section, _) in needed.iter().filter(|(_, needed)| *needed) {
            if !docs.lines().any(|line| line == *section) {
                complaints.push(source.complaint(at, &format!("no `{section}` in the docs")));
            }
        }
    }
    complaints
}

/// The lines of docs above the item whose line holds byte `at`.
fn docs_above(text: &str, at: usize) -> String {
    let above = &text[..text[..at].rfind('\n').map_or(0, |i| i + 1)];
    let belongs = |line: &&str| line.starts_with("///") || line.starts_with("#[");
    let mut lines: Vec<_> = above
        .lines()
        .rev()
        .map(str::trim)
        .take_while(belongs)
        .filter_map(|line| line.strip_prefix("///"))
        .map(str::trim_start)
        .collect();
    lines.reverse();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    const OP: &str = "crates/gradlet-autograd/src/ops/pick.rs";

    fn complaints(docs: &[&str], item: &str) -> usize {
        let docs = format!("    /// {}\n", docs.join("\n    /// "));
        let text = format!("impl<T: Float> Var<T> {{\n{docs}    #[track_caller]\n{item}\n}}\n");
        op_docs(&Source::new(OP, &text)).len()
    }

    #[test]
    fn operations_that_do_not_say_all_are_found() {
        let all = ["One.", "# Shape", "# Gradient", "# Errors", "# Example"];
        let method = "pub fn pick(&self) -> Result<Self> { f(|| -> u8 { 1 }) }";
        assert_eq!(complaints(&all, method), 0);
        assert_eq!(complaints(&[], method), 4);
        for lacking in 1..all.len() {
            let docs: Vec<_> = all.iter().copied().filter(|l| *l != all[lacking]).collect();
            assert_eq!(complaints(&docs, method), 1, "{}", all[lacking]);
        }
        let infallible = "pub fn pick(&self, f: impl Fn() -> Result<u8>) -> Self { self }";
        assert_eq!(
            complaints(&["One.", "# Shape", "# Gradient", "# Example"], infallible),
            0
        );
        let pair = "pub fn pick(&self) -> (Self, Tensor<i64>) { self }";
        assert_eq!(complaints(&["One."], pair), 3);
        let other = [
            "As [`sum`](Self::sum), kept.",
            "# Shape",
            "# Errors",
            "# Example",
        ];
        assert_eq!(complaints(&other, method), 0);
        assert_eq!(complaints(&other[..2], method), 2);
    }

    #[test]
    fn what_is_no_operation_needs_nothing_of_this() {
        let options = "pub fn new() -> Self { Self }";
        assert_eq!(
            complaints(&[], "pub fn id(&self) -> Option<LeafId> { None }"),
            0
        );
        assert_eq!(complaints(&[], "fn kept(&self) -> Self { self }"), 0);
        assert_eq!(
            complaints(&[], &format!("}}\nimpl Options {{\n{options}")),
            0
        );
        let free = "}\npub fn pick<T: Float>(x: &Var<T>) -> Var<T> { x }\nmod a {";
        assert_eq!(complaints(&[], free), 3);
        let elsewhere = Source::new("crates/gradlet-nn/src/a.rs", free);
        assert_eq!(op_docs(&elsewhere).len(), 0);
    }
}
