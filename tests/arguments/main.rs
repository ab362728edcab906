//! Arguments that make no sense give errors that name the function that was called and the caller's line,
//! and never a panic.
//!
//! `tests/tidy.rs` demands that every method of `Tensor` is called in `tensors.rs` or `integers.rs`, every method of `Var`
//! in `vars.rs`, every method of `Shape` in `shapes.rs`, and every function in `functions.rs` or `fused.rs`.

use std::panic::{AssertUnwindSafe, catch_unwind};

use gradlet::{Element, ErrorKind, Result, Tensor, Var};
use proptest::prelude::*;

mod data;
mod functions;
mod fused;
mod integers;
mod random;
mod shapes;
mod tensors;
mod vars;

/// The most memory that a call may ask for: all arguments are small, or refused.
const MOST_BYTES: u64 = 32 << 20;

/// More bytes than there are addresses: nobody gets them, and asking costs nothing.
const ADDRESSES: u64 = 1 << 47;

/// A call as text, and as a function of random arguments. What it returns does not matter, how it fails does.
pub(crate) struct Call<R> {
    text: &'static str,
    run: fn(&R) -> Result<()>,
}

/// The calls that are listed, of arguments of type `$random`, which are called `$r`.
macro_rules! calls {
    ($r:ident: $random:ty, $($call:expr),* $(,)?) => {
        [$(crate::Call {
            text: stringify!($call),
            #[allow(unused_variables, reason = "a call may be of nothing")]
            run: |$r: &$random| $call.and_then(crate::Outcome::settle),
        }),*]
    };
}
pub(crate) use calls;

/// What a call returns, used in a way that would show that it is unsound.
pub(crate) trait Outcome {
    fn settle(self) -> Result<()>;
}

macro_rules! plain {
    ($($t:ty),*) => {$(
        impl Outcome for $t {
            fn settle(self) -> Result<()> {
                Ok(())
            }
        }
    )*};
}

plain! { (), bool, f32, f64, i64, usize, gradlet::Error, gradlet::Shape, gradlet::Gradients<f64>, gradlet::RunningStatistics<f64> }

impl<T: Element> Outcome for Tensor<T> {
    /// Reads every element where it stands.
    fn settle(self) -> Result<()> {
        // A broadcast view may have more elements than there is time for.
        let read = self.iter().take(1 << 16).count();
        assert!(read == self.len().min(1 << 16));
        Ok(())
    }
}

impl Outcome for Var<f64> {
    /// Goes back through what made it, with a gradient that is no copy.
    fn settle(self) -> Result<()> {
        if !self.is_tracked() {
            return Ok(());
        }
        let g = Tensor::scalar(0.5).broadcast_to(self.shape())?;
        match self.backward_with(g) {
            // A gradient may have elements where the value has none.
            Err(error) if !matches!(error.kind(), ErrorKind::TooLarge { .. }) => Err(error),
            _ => Ok(()),
        }
    }
}

impl Outcome for gradlet::dropout::Mask {
    fn settle(self) -> Result<()> {
        self.to_tensor()?.settle()
    }
}

impl<X: Outcome> Outcome for Vec<X> {
    fn settle(self) -> Result<()> {
        self.into_iter().try_for_each(Outcome::settle)
    }
}

impl<A: Outcome, B: Outcome> Outcome for (A, B) {
    fn settle(self) -> Result<()> {
        self.0.settle()?;
        self.1.settle()
    }
}

/// Functions whose errors begin with another name than theirs, with that name, and why.
const OTHER_NAMES: [(&str, &str, &str); 31] = [
    ("apply", "mask", MASK),
    ("apply_owned", "mask", MASK),
    ("draw", "mask", MASK),
    ("alpha_dropout_with", "mask", MASK),
    ("dropout_owned", "mask", MASK),
    ("dropout_with", "mask", MASK),
    ("stateless_dropout", "noise_shape", "the argument at fault"),
    ("check_probability", "test", GIVEN),
    ("expect_shape", "test", GIVEN),
    ("checkpoint", "mul", INSIDE),
    ("checkpoint_with", "mul", INSIDE),
    ("checkpoint_module", "Linear", INSIDE),
    (
        "checkpoint_module",
        "fan_in_uniform",
        "of the module's making",
    ),
    ("gradcheck", "mul", INSIDE),
    ("hessian", "mul", INSIDE),
    ("hvp", "mul", INSIDE),
    ("jacobian", "mul", INSIDE),
    ("vjp", "mul", INSIDE),
    ("expect_batches", "bmm", PART),
    ("corner", "scatter_add", PART),
    ("along", "take_along", PART),
    ("expanded", "expand", PART),
    ("flattened", "flatten", PART),
    ("bordered", "pad_reflect", GIVEN),
    ("bordered", "pad_replicate", GIVEN),
    ("bordered_gradient", "pad_circular", GIVEN),
    ("bordered_gradient", "pad_reflect", GIVEN),
    ("moved", "moveaxis", PART),
    ("squeezed", "squeeze", PART),
    ("unflattened", "unflatten", PART),
    ("span", "slice", PART),
];
const MASK: &str = "the type, whose methods have no names that say so";
const GIVEN: &str = "the name is an argument";
const PART: &str = "a part of the method that is called";
const INSIDE: &str = "of the function that it was given";

/// Whether an error says which function was called: `cumsum` for `cumsum_reversed`, too, and `Dropout1d` for `dropout1d`.
fn names_the_function(text: &str, message: &str) -> bool {
    let (Some(function), Some((name, _))) = (function(text), message.split_once(": ")) else {
        return true;
    };
    // A layer's name has its sizes behind it: `Linear(64 -> 10)`.
    let name = name.split('(').next().unwrap_or(name);
    let plain = |name: &str| name.replace('_', "").to_lowercase();
    name.starts_with("shape [")
        || plain(function).starts_with(&plain(name))
        || OTHER_NAMES
            .iter()
            .any(|other| (other.0, other.1) == (function, name))
}

/// The function that a call calls last, of which it returns the result; `None` where it is not written as one call.
fn function(text: &str) -> Option<&str> {
    let text = text.split(".map(").next()?;
    let (mut depth, mut open) = (0, None);
    for (i, b) in text.bytes().enumerate() {
        match b {
            b'(' if depth == 0 => (depth, open) = (1, Some(i)),
            b'(' | b'{' => depth += 1,
            b')' | b'}' => depth -= 1,
            _ => {}
        }
    }
    let path = &text[..open?];
    let path = path.split_once("::<").map_or(path, |(start, types)| {
        types.split_once(">::").map_or(start, |(_, name)| name)
    });
    let name = path
        .rsplit(|c: char| !c.is_alphanumeric() && c != '_')
        .next();
    name.filter(|name| !["", "Ok"].contains(name))
}

#[test]
fn a_call_is_known_by_its_last_function() {
    for (text, name) in [
        ("r.x.sum(r.axis)", Some("sum")),
        ("r.x.sum(Keep(r.axis))", Some("sum")),
        ("r.x.clone().add_assign(&r.y)", Some("add_assign")),
        ("Tensor::<T>::cat(&[], r.axis)", Some("cat")),
        ("einsum::<f64>(r.equation, &[])", Some("einsum")),
        ("r.x.item().map(drop)", Some("item")),
        ("Ok(r.x.abs())", None),
        ("{ let x = f(); g(x) }", None),
    ] {
        assert_eq!(function(text), name, "{text}");
    }
    assert!(names_the_function("x.cumsum_reversed(0)", "cumsum: axis"));
    assert!(!names_the_function("x.select(0, 1)", "narrow: axis"));
}

/// Makes all calls, and demands of each a value, or an error that says what was called and where.
pub(crate) fn check<R>(random: &R, calls: &[Call<R>]) -> std::result::Result<(), TestCaseError> {
    for Call { text, run } in calls {
        let mut outcome = None;
        let memory = allocation_counter::measure(|| {
            outcome = catch_unwind(AssertUnwindSafe(|| run(random))).ok();
        });
        let Some(outcome) = outcome else {
            return Err(TestCaseError::fail(format!("{text} panics")));
        };
        let most = memory.bytes_max;
        prop_assert!(
            !(MOST_BYTES..=ADDRESSES).contains(&most),
            "{text} asks for {most} bytes: {outcome:?}"
        );
        if let Err(error) = outcome {
            let (message, file) = (error.to_string(), error.location().file());
            prop_assert!(file.contains("tests/arguments/"), "{text}: {message}");
            prop_assert!(message.len() > 20, "{text}: {message}");
            prop_assert!(names_the_function(text, &message), "{text}: {message}");
        }
    }
    Ok(())
}
