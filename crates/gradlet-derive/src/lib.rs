//! `#[derive(Module)]`: a model's fields as its children.
//!
//! The macro runs in four stages: `ast` reads the type, `attr` the
//! `#[module(..)]` attributes, `valid` says all that is wrong with them at
//! once, and `expand` writes the `impl`.

#![forbid(unsafe_code)]
#![warn(clippy::expect_used, clippy::print_stdout, clippy::unwrap_used)]

mod ast;
mod attr;
mod expand;
mod valid;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

/// Implements `Module`: every field is a child, in the order of declaration.
///
/// A named field's path segment is its name, a tuple field's its position.
/// Every field must be a `Module` or be skipped; a type parameter that a field
/// uses is bound accordingly.
///
/// An enum has the children of its present variant. A variant of one unnamed
/// field is seen through, as `Box` is: `Layer::Linear(Linear)` adds no segment
/// and shows as its `Linear`.
///
/// # Attributes
///
/// | on | attribute | meaning |
/// |---|---|---|
/// | a field | `#[module(skip)]` | no child: a size, a name, a generator |
/// | the type | `#[module(describe = path)]` | a `fn(&Self) -> String` that says what a summary puts in parentheses |
/// | the type | `#[module(kind = "Name")]` | the short name, instead of the type's |
/// | the type | `#[module(crate = path)]` | where `module::Module` lies, if not in `::gradlet` |
///
/// # Example
///
/// ```
/// use gradlet::{Mode, Module, Parameter, Tensor};
///
/// #[derive(Module)]
/// #[module(describe = Scale::size)]
/// struct Scale {
///     weight: Parameter,
///     mode: Mode,
///     #[module(skip)]
///     features: usize,
/// }
///
/// impl Scale {
///     fn size(&self) -> String {
///         self.features.to_string()
///     }
/// }
///
/// let mut scale = Scale {
///     weight: Parameter::new(Tensor::zeros([3])?),
///     mode: Mode::Train,
///     features: 3,
/// };
/// assert_eq!(scale.named_parameters()[0].0, "weight");
/// assert_eq!((scale.kind(), scale.describe()), ("Scale", "3".to_owned()));
/// scale.eval();
/// assert!(!scale.training());
/// # Ok::<(), gradlet::Error>(())
/// ```
#[proc_macro_derive(Module, attributes(module))]
pub fn derive_module(input: TokenStream) -> TokenStream {
    let node = parse_macro_input!(input as DeriveInput);
    expand::derive(&node).into()
}
