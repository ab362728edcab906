//! Reads `#[module(..)]` on the type and on its fields.

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::{Attribute, Ident, LitStr, Path, Token};

use crate::valid::{self, Errors, Place};

/// The settings on the type.
#[derive(Default)]
pub(crate) struct TypeAttrs {
    pub(crate) krate: Option<Path>,
    /// A string, or the path of a constant.
    pub(crate) kind: Option<TokenStream>,
    pub(crate) describe: Option<Path>,
}

/// The settings on a field.
#[derive(Default)]
pub(crate) struct FieldAttrs {
    pub(crate) skip: bool,
}

/// One `key`, `key = value` or `key(..)` of a list.
pub(crate) struct Entry {
    pub(crate) key: Ident,
    /// Everything after the key, up to the comma.
    pub(crate) rest: TokenStream,
}

pub(crate) fn of_type(attrs: &[Attribute], errors: &mut Errors) -> TypeAttrs {
    let mut found = TypeAttrs::default();
    for entry in entries(attrs, Place::Type, errors) {
        match entry.key.to_string().as_str() {
            "crate" => found.krate = entry.path("gradlet_nn", errors),
            "describe" => found.describe = entry.path("Self::sizes", errors),
            "kind" => found.kind = entry.name("Linear", errors),
            _ => {}
        }
    }
    found
}

pub(crate) fn of_field(attrs: &[Attribute], errors: &mut Errors) -> FieldAttrs {
    let mut found = FieldAttrs::default();
    for entry in entries(attrs, Place::Field, errors) {
        if entry.key == "skip" {
            found.skip = true;
            if !entry.rest.is_empty() {
                errors.push(&entry.rest, "`skip` takes no value");
            }
        }
    }
    found
}

pub(crate) fn is_module(attr: &Attribute) -> bool {
    attr.path().is_ident("module")
}

/// The entries of all `#[module(..)]` lists, as far as they can be read; their keys are checked.
fn entries(attrs: &[Attribute], place: Place, errors: &mut Errors) -> Vec<Entry> {
    let mut entries = Vec::new();
    for attr in attrs.iter().filter(|attr| is_module(attr)) {
        match attr.meta.require_list() {
            Ok(list) if !list.tokens.is_empty() => {
                if let Err(error) = (|input: ParseStream<'_>| parse(input, &mut entries))
                    .parse2(list.tokens.clone())
                {
                    errors.add(valid::no_key(&error, place));
                }
            }
            _ => errors.push(&attr.meta, valid::expected(place)),
        }
    }
    valid::keys(&entries, place, errors);
    entries
}

fn parse(input: ParseStream<'_>, entries: &mut Vec<Entry>) -> syn::Result<()> {
    while !input.is_empty() {
        let key = input.call(Ident::parse_any)?;
        let mut rest = TokenStream::new();
        while !input.is_empty() && !input.peek(Token![,]) {
            input.parse::<TokenTree>()?.to_tokens(&mut rest);
        }
        entries.push(Entry { key, rest });
        if !input.is_empty() {
            input.parse::<Token![,]>()?;
        }
    }
    Ok(())
}

impl Entry {
    fn path(&self, example: &str, errors: &mut Errors) -> Option<Path> {
        let value = |input: ParseStream<'_>| {
            input.parse::<Token![=]>()?;
            input.call(Path::parse_mod_style)
        };
        self.value(
            value.parse2(self.rest.clone()),
            &format!("a path, as in `{} = {example}`", self.key),
            errors,
        )
    }

    /// A string, or the path of a constant in a type or module; a plain word is a string without its quotes.
    fn name(&self, example: &str, errors: &mut Errors) -> Option<TokenStream> {
        let constant = self.path(example, &mut Errors::default());
        match constant.filter(|path| path.segments.len() > 1) {
            Some(path) => Some(path.into_token_stream()),
            None => self
                .string(example, errors)
                .map(ToTokens::into_token_stream),
        }
    }

    fn string(&self, example: &str, errors: &mut Errors) -> Option<LitStr> {
        let value = |input: ParseStream<'_>| {
            input.parse::<Token![=]>()?;
            input.parse::<LitStr>()
        };
        let value = self.value(
            value.parse2(self.rest.clone()),
            &format!("a string, as in `{} = \"{example}\"`", self.key),
            errors,
        )?;
        if value.value().is_empty() {
            errors.push(&value, format!("`{}` is empty", self.key));
        }
        Some(value)
    }

    fn value<V>(&self, read: syn::Result<V>, needs: &str, errors: &mut Errors) -> Option<V> {
        if read.is_err() {
            let at = if self.rest.is_empty() {
                self.key.to_token_stream()
            } else {
                self.rest.clone()
            };
            errors.push(at, format!("`{}` needs {needs}", self.key));
        }
        read.ok()
    }
}
