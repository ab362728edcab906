//! What is done with the rows of each batch before a loop gets them: [`Unmapped`], nothing; [`Mapped`], a function.

use std::fmt;
use std::sync::Arc;

use gradlet_tensor::Result;

use super::IntoBatch;

/// What is done with the inputs `X` and targets `Y` of each batch, and what a loop gets of the result.
pub trait Step<X, Y>: Clone {
    /// What the rows become; a thread may hand it over.
    type Parts: Send + 'static;
    /// What a loop gets.
    type Item;

    /// What these rows become.
    ///
    /// # Errors
    ///
    /// If the function that is called returns one.
    fn run(&self, x: X, y: Y) -> Result<Self::Parts>;

    /// What a loop gets.
    fn item(parts: Result<Self::Parts>) -> Self::Item;
}

/// Rows as they are: a loop gets inputs and targets.
#[derive(Clone, Copy, Debug)]
pub struct Unmapped;

impl<X: IntoBatch, Y: IntoBatch> Step<X, Y> for Unmapped {
    type Parts = (X, Y);
    type Item = (X::Batch, Y::Batch);

    fn run(&self, x: X, y: Y) -> Result<(X, Y)> {
        Ok((x, y))
    }

    fn item(parts: Result<(X, Y)>) -> Self::Item {
        match parts {
            Ok(parts) => parts.into_batch(),
            // The rows exist, so memory ran out, or rows of the user's own cannot be read: ending early would train on
            // less data without telling anybody.
            Err(error) => panic!("{error}"),
        }
    }
}

/// The function of [`Dataset::map`](crate::Dataset::map): a loop gets a `Result`.
pub struct Mapped<F>(Arc<F>);

impl<F> Mapped<F> {
    pub(super) fn new(f: F) -> Self {
        Self(Arc::new(f))
    }
}

impl<F, X, Y, A: IntoBatch, B: IntoBatch> Step<X, Y> for Mapped<F>
where
    F: Fn(X, Y) -> Result<(A, B)>,
{
    type Parts = (A, B);
    type Item = Result<(A::Batch, B::Batch)>;

    fn run(&self, x: X, y: Y) -> Result<(A, B)> {
        (self.0)(x, y)
    }

    fn item(parts: Result<(A, B)>) -> Self::Item {
        parts.map(IntoBatch::into_batch)
    }
}

impl<F> Clone for Mapped<F> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<F> fmt::Debug for Mapped<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mapped(..)")
    }
}
