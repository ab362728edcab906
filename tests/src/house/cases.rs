//! Each rule finds the code that breaks it, and no other.

use super::files::{HEADS, UNFINISHED};
use super::*;

const LIB: &str = "crates/gradlet-nn/src/a.rs";
const ROOT: &str = "crates/gradlet-nn/src/lib.rs";
const OP: &str = "crates/gradlet-autograd/src/ops/pick.rs";
const OPS: &str = "crates/gradlet-autograd/src/ops/view/mod.rs";
const WING: &str = "crates/gradlet-autograd/src/ops/view/pick.rs";

/// Asserts that the rule complains of these lines, in this order, and of nothing else.
#[track_caller]
fn check(rule: impl Fn(&Source, Complain), path: &str, text: &str, lines: &[usize]) {
    let mut found = Vec::new();
    rule(&Source { path: path.into(), text: text.into() }, &mut |line, _| found.push(line));
    assert_eq!(found, lines, "{path}:\n{text}");
}

/// The same for each change of the text of an operation's file, wherever such files are.
#[track_caller]
fn check_op(rule: fn(&Source, Complain), text: &str, changes: &[(&str, &str)], lines: &[usize]) {
    for (from, to) in changes {
        assert!(text.contains(from), "{from}");
        for (path, lines) in [(OP, lines), (WING, lines), (OPS, &[]), (LIB, &[])] {
            check(rule, path, &text.replace(from, to), lines);
        }
    }
}

#[test]
fn rules_for_every_file_find_what_breaks_them() {
    let reason = "//! A thing.\n//!\n//! Long because its cases are many.\n";
    let late = format!("//! A thing.\n\n{reason}");
    for (head, most) in [("", 400), (reason, 497), (&late, 395)] {
        check(file_length, LIB, &(head.to_owned() + &"\n".repeat(most)), &[]);
        check(file_length, LIB, &(head.to_owned() + &"\n".repeat(most + 1)), &[1]);
    }

    check(opening_line, LIB, "//! The purpose.\nfn f() {}", &[]);
    for bad in ["fn f() {}", "// Not in the docs.", "//! \nfn f() {}", "\n//! Too late."] {
        check(opening_line, LIB, bad, &[1]);
    }

    check(strict_heads, ROOT, &HEADS.join("\n"), &[]);
    check(strict_heads, ROOT, HEADS[0], &[1]);
    check(strict_heads, ROOT, &HEADS.join("\n").replace('#', "// #"), &[1, 1]);
    check(strict_heads, "crates/gradlet-tensor/src/lib.rs", HEADS[0], &[]);
    check(strict_heads, LIB, "", &[]);

    check(helper_names, "crates/gradlet-nn/src/utils.rs", "", &[1]);
    check(helper_names, "tests/common/mod.rs", "", &[1]);
    check(helper_names, LIB, "mod commonly;\npub mod common;\nmod utils { }\n// mod misc;", &[2, 3]);

    let contents = "//! fn\nmod a;\npub use a::f;\nmacro_rules! m { () => {}; }\n#[cfg(test)]\nuse b::{c};\n";
    let contents = contents.to_owned() + "#[cfg(all(test, unix))] fn t() {}\nfn g() {}\nimpl X {}\nstruct S;\nmod b {}\n#[cfg(unix)] fn h() {}";
    for (path, lines) in [(ROOT, &[8, 9, 10, 11, 12][..]), (OPS, &[8, 9, 10, 11, 12]), (LIB, &[])] {
        check(table_of_contents, path, &contents, lines);
    }
    check(table_of_contents, "crates/gradlet-derive/src/lib.rs", &contents, &[]);

    let marks = UNFINISHED.join(": later\nMETHODOLOGY HACKER\n// ").replace('-', "");
    check(finished, LIB, &marks, &[1, 3, 5, 7]);
    check(finished, LIB, "/// ```ignore\n/// ```text\n/// ignore\n/// ```rust,ignore\n", &[1, 4]);

    for good in ["/// If an axis is out of range.\n/// Then this.", "/// As for [`sum`](Self::sum)."] {
        check(errors_section, LIB, &format!("//! # Errors\n    /// # Errors\n    ///\n    {good}\nfn f() {{}}"), &[2]);
    }
    for bad in ["/// An axis.\n/// If not.", "/// Iffy.", "/// # Example", "// If it is no doc.", "fn f() {}"] {
        let text = format!("/// # Errors\n///\n{bad}\n");
        check(errors_section, LIB, &text, &[3]);
        check(errors_section, "tests/a.rs", &text, &[]);
    }
}

#[test]
fn rules_for_operations_find_what_breaks_them() {
    let op = "/// # Shape\n/// # Gradient\nimpl a::Op<T> for Pick {\nfn forward() {}\nfn forward_owned() {}\nfn backward() {} }
        #[cfg(test)] mod tests { fn t() { gradcheck(); gradgradcheck(); } }\n";
    let composed = ("a::Op<T> for Pick {\nfn forward() {}", "Pick {");
    check_op(op_file, op, &[("", ""), ("gradcheck(); gradgradcheck()", "gradcheck_pairs()"), composed], &[]);
    let swapped = ("fn forward() {}\nfn forward_owned() {}\nfn backward() {}", "fn backward() {} fn forward() {}");
    check_op(op_file, op, &[("fn forward() {}", ""), ("fn backward() {}", ""), ("_owned", "s"), swapped], &[3]);
    check_op(op_file, op, &["# Shape", "# Gradient", " gradcheck()", " gradgradcheck()"].map(|part| (part, "")), &[1]);

    let keeps = op.to_owned() + "struct Pick<T> { x: Option<Tensor<i64>> }";
    let inside = ("Option<Tensor<i64>>", "Inner } enum Inner { One(Tensor<u8>), More(Box<Inner>)");
    check_op(op_file, &keeps, &[("", ""), ("Tensor<i64>", "Mask"), inside], &[3]);
    check_op(op_file, &keeps, &[("backward() {}", "backward() {} fn attribute_bytes() {}"), ("struct Pick", "struct P"), ("Tensor", "T"), ("x: Option", "x: Pick, y: T } struct Other { x: Option")], &[]);

    let method = "impl<T: Float> Var<T> {\n/// One.\n/// # Shape\n/// # Gradient\n/// # Errors\n/// # Example
        #[inline] pub fn pick(&self) -> Result<Self> {} }";
    check_op(op_docs, method, &[("", ""), ("One.\n/// # Shape\n/// # Gradient", "As [`sum`].\n/// # Shape")], &[]);
    check_op(op_docs, method, &["# Shape", "# Gradient", "# Errors", "# Example"].map(|section| (section, "")), &[7]);
    let bare = "impl<T: Float> Var<T> { pub fn pick(&self) -> Result<Self> {} }";
    check_op(op_docs, bare, &[("", "")], &[1; 4]);
    check_op(op_docs, bare, &[("Result<Self>", "(Self, u8)"), ("Result<Self>", "Var<T>")], &[1; 3]);
    check_op(op_docs, bare, &[("Self", "u8"), ("pub", ""), ("Var", "Options")], &[]);
    check_op(op_docs, "pub fn pick<T: Float>(x: &Var<T>) -> Var<T> {}", &[("", "")], &[1; 3]);
}

#[test]
fn functions_that_no_random_arguments_reach_are_found() {
    let text = "impl<T: Fn() -> u8> Tensor<T> { pub fn t(&self) -> Result<u8> {} }
        impl a::Tensor<T> { pub fn of<F: Fn() -> T>(f: F) {} pub fn abs(&self) {} pub(crate) fn hidden(x: u8) {} }
        pub fn einsum(x: u8) -> Result<u8> {} pub fn rng(seed: u64) -> u64 {} pub fn read() -> Result<u8> {}
        impl Layout { pub fn new(x: u8) {} } impl A for Tensor { fn a(x: u8) {} }
        macro_rules! m { ($($(#[$d:meta])* $name:ident, $more:ident: $form:expr, $op:tt;)*) => {$(
            impl<T> $t<$n> for Tensor<T> { fn f(self) { self $op 1 } }
            impl<T> Tensor<T> { $(#[$d])* pub fn $name(&self, x: T) -> Result<T> { self $op 1 } } )*}; }
        m! { /** Docs. */ add, add_scalar: Form::default(), +=; sub, sub_scalar: B, -; }";
    let tensors = "tests/arguments/tensors.rs";
    let all: &[usize] = &[8, 8, 8, 8, 1, 2, 3];
    for (caller, calls, lines) in [
        ("tests/arguments/vars.rs", "x.t(0); Tensor::of(0)", all),
        (tensors, "calls![x.t(), Tensor::of::<u8>(0), x.add(1), x.sub_scalar(1), einsum(0)]", &[8, 8, 3]),
        (tensors, "fn t(x: u8) { T { of: 1 }; x.of_all(0); /* x.t() */ \"x.t()\" }", all),
    ] {
        let callers = [Source { path: caller.into(), text: calls.into() }];
        check(|source, complain| uncalled(source, &callers, complain), LIB, text, lines);
    }
    check(|source, complain| uncalled(source, &[], complain), "examples/a.rs", text, &[]);
}
