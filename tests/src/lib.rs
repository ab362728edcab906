//! What the tests share: the nets they train, and the house rules with the checks behind them.

#![forbid(unsafe_code)]

pub mod audit;
pub mod conformance;
#[path = "../../crates/gradlet/tests/same_bits/digest.rs"]
pub mod digest;
pub mod files;
pub mod golden;
pub mod hostile;
pub mod house;
pub mod layers;
pub mod nets;
pub mod python;

/// The code in docs/dropout.md, compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../../docs/dropout.md")]
pub struct DropoutPage;

/// The code in docs/extending.md, compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../../docs/extending.md")]
pub struct ExtendingPage;

/// The code in docs/files.md, compiled. It is not run, since it writes files where it is.
#[cfg(doctest)]
#[doc = include_str!("../../docs/files.md")]
pub struct FilesPage;

/// The code in docs/same-bits.md, compiled and run: its digest must come out.
#[cfg(doctest)]
#[doc = include_str!("../../docs/same-bits.md")]
pub struct SameBitsPage;
