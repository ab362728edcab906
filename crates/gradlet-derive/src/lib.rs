//! `#[derive(Module)]`: a model's fields as its children.
//!
//! The macro runs in four stages: `ast` reads the type, `attr` reads the
//! `#[module(..)]` attributes, `valid` reports all mistakes in them at
//! once, and `expand` writes the `impl`.

#![forbid(unsafe_code)]
#![warn(clippy::expect_used, clippy::print_stdout, clippy::unwrap_used)]

mod ast;
mod attr;
mod expand;
mod valid;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

/// Implements `Children`, and so `Module`: every field is a child, in the order of declaration.
///
/// In paths, a named field appears with its name, a tuple field with its
/// position. Every field must be a `Module` or be skipped; the type of a field
/// that uses a type parameter gets the matching bound. `HashMap`, `Arc`, `Rc`,
/// `Mutex` and `RwLock` are refused, with the reason.
///
/// An enum has the children of its current variant. A variant with one unnamed
/// field passes through to it, as `Box` does: `Layer::Linear(Linear)` adds no
/// segment to paths and prints as its `Linear`.
///
/// # Attributes
///
/// | on | attribute | meaning |
/// |---|---|---|
/// | a field | `#[module(skip)]` | the field is not a child: a size, a name, a generator; it is neither trained, nor saved, nor set to eval mode |
/// | the type | `#[module(describe = path)]` | a `fn(&Self) -> String`: the text in parentheses in a summary |
/// | the type | `#[module(kind = "Name")]` | the short name, if not that of the type: a string, or a constant such as `Self::KIND` |
/// | the type | `#[module(crate = path)]` | the crate with `module::Children`, if not `::gradlet` |
///
/// # Example
///
/// ```
/// use gradlet::module::Children;
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
