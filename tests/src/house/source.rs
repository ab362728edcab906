//! A Rust file as the rules see it.

use quote::ToTokens;
use syn::{Attribute, ImplItem, ImplItemFn, Item, ItemFn, Signature, Visibility};

/// Takes the line that breaks a rule, and what is wrong with it.
pub type Complain<'a> = &'a mut dyn FnMut(usize, &str);

/// A file's path from the workspace's root, with `/` between folders, and its text.
#[derive(Clone, Debug)]
pub struct Source {
    /// The path.
    pub path: String,
    /// The text.
    pub text: String,
}

impl Source {
    /// The crate's name if this is library code: `gradlet-nn` for `crates/gradlet-nn/src/mode.rs`.
    pub(super) fn library(&self) -> Option<&str> {
        let (name, rest) = self.path.strip_prefix("crates/")?.split_once('/')?;
        rest.starts_with("src/").then_some(name)
    }

    pub(super) fn items(&self) -> Vec<Item> {
        let file = syn::parse_file(&self.text);
        file.unwrap_or_else(|error| panic!("{}: {error}", self.path))
            .items
    }

    /// The items that every build sees, and those under `#[cfg(test)]`.
    pub(super) fn parts(&self) -> (Vec<Item>, Vec<Item>) {
        self.items().into_iter().partition(|item| {
            let code = printed(item);
            let head = code.split('{').next().unwrap_or_default();
            !head.contains("# [cfg (test") && !head.contains("# [cfg (all (test")
        })
    }
}

/// Tokens as text, with spaces between them; comments are gone, and docs are attributes.
pub(super) fn printed(code: &impl ToTokens) -> String {
    code.to_token_stream().to_string()
}

/// The words of `code`.
pub(super) fn words(code: &str) -> impl Iterator<Item = &str> {
    code.split(|c: char| !c.is_alphanumeric() && c != '_')
}

/// Whether `word` is a word of `code`.
pub(super) fn mentions(code: &str, word: &str) -> bool {
    words(code).any(|other| other == word)
}

/// The name of a type or trait without its path and generics.
pub(super) fn name(of: &impl ToTokens) -> String {
    let code = printed(of);
    let path = code.split('<').next().unwrap_or_default();
    path.trim().rsplit(' ').next().unwrap_or_default().into()
}

/// The public functions among `items`, each with the type whose method it is, which is empty for a module's.
pub(super) fn functions(items: &[Item]) -> Vec<(String, &[Attribute], &Signature)> {
    let mut found = Vec::new();
    for item in items {
        match item {
            Item::Fn(ItemFn {
                vis: Visibility::Public(_),
                attrs,
                sig,
                ..
            }) => {
                found.push((String::new(), &attrs[..], sig));
            }
            Item::Impl(of) if of.trait_.is_none() => {
                for item in &of.items {
                    if let ImplItem::Fn(ImplItemFn {
                        vis: Visibility::Public(_),
                        attrs,
                        sig,
                        ..
                    }) = item
                    {
                        found.push((name(&of.self_ty), &attrs[..], sig));
                    }
                }
            }
            _ => {}
        }
    }
    found
}

pub(super) fn can_fail(function: &Signature) -> bool {
    printed(&function.output).starts_with("-> Result")
}
