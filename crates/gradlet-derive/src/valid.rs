//! The mistakes that are rejected, and their messages; all are reported at once.

use std::fmt::Display;

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::{DataEnum, DataUnion, Error, Type};

use crate::attr::{Entry, is_module};

/// The mistakes found so far.
#[derive(Default)]
pub(crate) struct Errors(Option<Error>);

/// The place of an attribute.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Type,
    Field,
}

/// Every key with the place where it belongs.
const KEYS: [(&str, Place); 4] = [
    ("crate", Place::Type),
    ("describe", Place::Type),
    ("kind", Place::Type),
    ("skip", Place::Field),
];

/// Containers of modules that are no modules, and why.
const REFUSED: [(&str, &str); 5] = [
    ("HashMap", UNORDERED),
    ("Arc", SHARED),
    ("Rc", SHARED),
    ("Mutex", LOCKED),
    ("RwLock", LOCKED),
];

const UNORDERED: &str = "its order differs from run to run; use a `BTreeMap`";

const SHARED: &str =
    "a part with several owners would be visited once for each; hold the part itself";

const LOCKED: &str =
    "a walk cannot look inside; hold the part itself (a `Buffer` can be updated through `&self`)";

impl Errors {
    pub(crate) fn push(&mut self, at: impl ToTokens, message: impl Display) {
        self.add(Error::new_spanned(at, message));
    }

    pub(crate) fn add(&mut self, error: Error) {
        match &mut self.0 {
            Some(errors) => errors.combine(error),
            errors => *errors = Some(error),
        }
    }

    /// All mistakes as compiler errors, or `None` if there are none.
    pub(crate) fn into_tokens(self) -> Option<TokenStream> {
        self.0.map(Error::into_compile_error)
    }
}

/// Rejects keys that are unknown, misplaced or given twice.
pub(crate) fn keys(entries: &[Entry], place: Place, errors: &mut Errors) {
    for (index, Entry { key, .. }) in entries.iter().enumerate() {
        match KEYS.iter().find(|(known, _)| key == known) {
            None => errors.push(key, format!("unknown key `{key}`; {}", takes(place))),
            Some((_, at)) if *at != place => {
                let (right, wrong) = match at {
                    Place::Type => ("the type", "a field"),
                    Place::Field => ("a field", "the type"),
                };
                errors.push(key, format!("`{key}` goes on {right}, not on {wrong}"));
            }
            Some(_) if entries[..index].iter().any(|earlier| earlier.key == *key) => {
                errors.push(key, format!("`{key}` is given twice"));
            }
            Some(_) => {}
        }
    }
}

/// The message for an attribute without a list, with the right way to write it.
pub(crate) fn expected(place: Place) -> String {
    let example = match place {
        Place::Type => "describe = path",
        Place::Field => "skip",
    };
    format!("expected `#[module({example})]`; {}", takes(place))
}

/// The error at a place in a list where a key is missing.
pub(crate) fn no_key(at: &Error, place: Place) -> Error {
    Error::new(at.span(), format!("expected a key; {}", takes(place)))
}

fn takes(place: Place) -> &'static str {
    match place {
        Place::Type => "the type takes `crate`, `describe` and `kind`",
        Place::Field => "a field takes `skip`",
    }
}

/// Rejects a field with one of the `REFUSED` containers in its type, at any depth, unless the field is skipped.
pub(crate) fn child(ty: &Type, errors: &mut Errors) {
    fn find(tokens: TokenStream) -> Option<(&'static str, &'static str)> {
        let mut tokens = tokens.into_iter().peekable();
        while let Some(token) = tokens.next() {
            let found = match token {
                TokenTree::Group(group) => find(group.stream()),
                // Without `<`, it is a type of that name that is not generic.
                TokenTree::Ident(ident) if tokens.peek().is_some_and(is_open) => {
                    REFUSED.into_iter().find(|(name, _)| ident == name)
                }
                _ => None,
            };
            if found.is_some() {
                return found;
            }
        }
        None
    }
    fn is_open(token: &TokenTree) -> bool {
        matches!(token, TokenTree::Punct(punct) if punct.as_char() == '<')
    }
    if let Some((name, why)) = find(ty.to_token_stream()) {
        let skip =
            "with `#[module(skip)]`, the field is neither trained, nor saved, nor set to eval mode";
        errors.push(ty, format!("`{name}` cannot hold modules: {why}\n{skip}"));
    }
}

pub(crate) fn variants(data: &DataEnum, errors: &mut Errors) {
    if data.variants.is_empty() {
        errors.push(
            data.enum_token,
            "`Module` cannot be derived for an enum without variants: it has no values",
        );
    }
    for attr in data.variants.iter().flat_map(|variant| &variant.attrs) {
        if is_module(attr) {
            errors.push(
                attr,
                "`#[module(..)]` goes on a field or on the enum, not on a variant",
            );
        }
    }
}

pub(crate) fn union(data: &DataUnion, errors: &mut Errors) {
    errors.push(
        data.union_token,
        "`Module` cannot be derived for a union: nothing tells which field is present; use an enum",
    );
}
