//! Arguments that make no sense give errors that name the operation and the caller's line, and never a panic.
//!
//! `tests/tidy.rs` demands that every method of `Tensor` is called in `tensors.rs`, every method of `Var` in `vars.rs`,
//! and every function in `functions.rs`.

use std::panic::{AssertUnwindSafe, catch_unwind};

use gradlet::{Element, ErrorKind, Result, Tensor, Var};
use proptest::prelude::*;

mod functions;
mod random;
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
        let g = Tensor::scalar(0.5).broadcast_to(self.dims())?;
        match self.backward_with(g) {
            // A gradient may have elements where the value has none.
            Err(error) if !matches!(error.kind(), ErrorKind::TooLarge { .. }) => Err(error),
            _ => Ok(()),
        }
    }
}

impl Outcome for gradlet::Mask {
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

/// Makes all calls, and demands of each a value, or an error that says where it was made.
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
        }
    }
    Ok(())
}
