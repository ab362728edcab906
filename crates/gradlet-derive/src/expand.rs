//! Writes the `impl Children`.

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::{DeriveInput, Generics, Member, Type, WherePredicate, parse_quote};

use crate::ast::{Field, Input, Variant};
use crate::valid::Errors;

/// The `impl` for `node`, or its errors and an `impl` without children.
pub(crate) fn derive(node: &DeriveInput) -> TokenStream {
    let mut errors = Errors::default();
    let input = Input::read(node, &mut errors);
    match errors.into_tokens() {
        // With the stand-in, the compiler does not report every use of the type too.
        Some(errors) => {
            let stand_in = input.stand_in();
            quote!(#errors #stand_in)
        }
        None => input.expand(),
    }
}

impl Input<'_> {
    /// The path of the crate's `module` module.
    fn home(&self) -> TokenStream {
        let krate = self
            .attrs
            .krate
            .as_ref()
            .map_or_else(|| quote!(::gradlet), ToTokens::to_token_stream);
        quote!(#krate::module)
    }

    fn stand_in(&self) -> TokenStream {
        let params: Vec<_> = self
            .generics
            .type_params()
            .map(|param| &param.ident)
            .collect();
        let bounds = params
            .iter()
            .map(|param| parse_quote!(#param: ::core::marker::Send + ::core::marker::Sync));
        self.implement(bounds.collect(), &quote!(), &quote!(), &quote!())
    }

    fn expand(&self) -> TokenStream {
        let home = self.home();
        let children = self.each(|variant| variant.visit(&home, Access::Shared));
        let children_mut = self.each(|variant| variant.visit(&home, Access::Mut));
        let others = [self.leaves(&home), self.kind(&home), self.describe(&home)];
        self.implement(
            self.bounds(&home),
            &children,
            &children_mut,
            &quote!(#(#others)*),
        )
    }

    fn implement(
        &self,
        bounds: Vec<WherePredicate>,
        children: &TokenStream,
        children_mut: &TokenStream,
        others: &TokenStream,
    ) -> TokenStream {
        let (home, ident) = (self.home(), self.ident);
        let mut generics: Generics = self.generics.clone();
        if !bounds.is_empty() {
            generics.make_where_clause().predicates.extend(bounds);
        }
        // Keeps the type out of the compiler's lists of other modules. With a type parameter, though,
        // this would also hide which part of a `Net<M>` is not a module; a parameter with a default is
        // an element type.
        let hidden = generics.type_params().all(|param| param.default.is_some());
        let hidden = hidden.then(|| quote!(#[diagnostic::do_not_recommend]));
        let (params, args, bounds) = generics.split_for_impl();
        quote! {
            #[automatically_derived]
            #hidden
            impl #params #home::Children for #ident #args #bounds {
                #[inline]
                fn children<'__a>(
                    &'__a self,
                    visit: &mut dyn ::core::ops::FnMut(#home::Name<'__a>, &'__a dyn #home::Module),
                ) {
                    #children
                }

                #[inline]
                fn children_mut<'__a>(
                    &'__a mut self,
                    visit: &mut dyn ::core::ops::FnMut(#home::Name<'__a>, &'__a mut dyn #home::Module),
                ) {
                    #children_mut
                }

                #others
            }
        }
    }

    /// A `match` with an arm for each variant.
    fn each(&self, arm: impl Fn(&Variant<'_>) -> TokenStream) -> TokenStream {
        let arms = self.variants.iter().map(|variant| {
            let (pattern, body) = (variant.pattern(), arm(variant));
            quote!(#pattern => { #body })
        });
        quote!(match self { #(#arms)* })
    }

    fn has_transparent(&self) -> bool {
        self.variants
            .iter()
            .any(|variant| variant.transparent().is_some())
    }

    /// The methods `as_leaf`, `as_leaf_mut` and `keeps_mode`, if a variant passes through to its field.
    fn leaves(&self, home: &TokenStream) -> TokenStream {
        if !self.has_transparent() {
            return quote!();
        }
        let leaf = self.through(home, "as_leaf", |_| quote!(#home::Leaf::None));
        let leaf_mut = self.through(home, "as_leaf_mut", |_| quote!(#home::LeafMut::None));
        let keeps_mode = self.through(home, "keeps_mode", |_| quote!(false));
        quote! {
            #[inline]
            fn as_leaf(&self) -> #home::Leaf<'_> { #leaf }

            #[inline]
            fn as_leaf_mut(&mut self) -> #home::LeafMut<'_> { #leaf_mut }

            #[inline]
            fn keeps_mode(&self) -> bool { #keeps_mode }
        }
    }

    fn kind(&self, home: &TokenStream) -> TokenStream {
        let name = self.ident.unraw().to_string();
        let kind = match &self.attrs.kind {
            Some(kind) => kind.clone(),
            None => self.through(home, "kind", |_| quote!(#name)),
        };
        quote!(fn kind(&self) -> &'static str { #kind })
    }

    /// The method `describe`: it calls the given function; without one, an enum shows its variant's name.
    fn describe(&self, home: &TokenStream) -> TokenStream {
        let text = match &self.attrs.describe {
            Some(path) => {
                // Located at the path, so that a wrong signature is reported there.
                let (_, last) = ends(path);
                let mut arguments = Group::new(Delimiter::Parenthesis, quote!(self));
                arguments.set_span(Span::call_site().located_at(last));
                quote!(#path #arguments)
            }
            None => self.through(home, "describe", |variant| {
                let name = variant
                    .ident
                    .map(|ident| ident.unraw().to_string())
                    .unwrap_or_default();
                quote!(::std::string::String::from(#name))
            }),
        };
        quote!(fn describe(&self) -> ::std::string::String { #text })
    }

    /// A `match` that calls `method` on the field that a variant passes through to, or else gives `own`.
    fn through(
        &self,
        home: &TokenStream,
        method: &str,
        own: impl Fn(&Variant<'_>) -> TokenStream,
    ) -> TokenStream {
        let method = format_ident!("{method}");
        self.each(|variant| {
            let call = variant.transparent().map(|field| {
                let (ty, binding) = (field.ty, field.binding());
                quote!(<#ty as #home::Children>::#method(#binding))
            });
            call.unwrap_or_else(|| own(variant))
        })
    }

    /// The bounds on fields that use a type parameter.
    ///
    /// A field of the type itself (a tree's children) gets no bound: it would
    /// refer to the `impl` that it is part of.
    fn bounds(&self, home: &TokenStream) -> Vec<WherePredicate> {
        let params: Vec<_> = self
            .generics
            .type_params()
            .map(|param| param.ident.clone())
            .collect();
        let own = [self.ident.clone(), Ident::new("Self", Span::call_site())];
        let fields = self.variants.iter().flat_map(|variant| &variant.fields);
        let generic = fields.filter(|field| names(field.ty, &params) && !names(field.ty, &own));
        generic
            .map(|field| {
                let ty = field.ty;
                if field.attrs.skip {
                    parse_quote!(#ty: ::core::marker::Send + ::core::marker::Sync)
                } else {
                    parse_quote!(#ty: #home::Module)
                }
            })
            .collect()
    }
}

/// How a generated method borrows the fields.
#[derive(Clone, Copy)]
enum Access {
    Shared,
    Mut,
}

impl Variant<'_> {
    /// The pattern that binds the children.
    fn pattern(&self) -> TokenStream {
        let variant = self.ident.map(|ident| quote!(::#ident));
        let bindings = self.children().map(|field| {
            let (member, binding) = (&field.member, field.binding());
            quote!(#member: #binding,)
        });
        quote!(Self #variant { #(#bindings)* .. })
    }

    /// The calls that visit the children.
    fn visit(&self, home: &TokenStream, access: Access) -> TokenStream {
        if let Some(field) = self.transparent() {
            let binding = field.binding();
            let method = match access {
                Access::Shared => quote!(children),
                Access::Mut => quote!(children_mut),
            };
            let ty = field.ty;
            return quote!(<#ty as #home::Children>::#method(#binding, visit););
        }
        let calls = self.children().map(|field| {
            let name = match &field.member {
                Member::Named(ident) => {
                    let name = ident.unraw().to_string();
                    quote!(Field(#name))
                }
                Member::Unnamed(index) => {
                    let index = index.index as usize;
                    quote!(Index(#index))
                }
            };
            let (check, binding) = (field.check(home), field.borrowed(access));
            quote!(#check visit(#home::Name::#name, #binding);)
        });
        calls.collect()
    }
}

impl Field<'_> {
    /// The variable that a pattern binds the field to.
    fn binding(&self) -> Ident {
        let (first, _) = ends(&self.ty);
        match &self.member {
            Member::Named(ident) => format_ident!("__{}", ident.unraw(), span = first),
            Member::Unnamed(index) => format_ident!("__{}", index.index, span = first),
        }
    }

    /// The borrowed field, as an expression with exactly the span of the field's type: so the compiler
    /// reports a missing trait there once, however often it is needed.
    fn borrowed(&self, access: Access) -> TokenStream {
        let (first, last) = ends(&self.ty);
        let mut binding = self.binding();
        binding.set_span(binding.span().located_at(last));
        match access {
            Access::Shared => quote_spanned!(first=> &*#binding),
            Access::Mut => quote_spanned!(first=> &mut *#binding),
        }
    }

    /// A statement that does not compile if the field's type is not a module; the error is at the type.
    fn check(&self, home: &TokenStream) -> TokenStream {
        let (ty, (first, _)) = (self.ty, ends(&self.ty));
        quote_spanned!(first=> let _ = <#ty as #home::Children>::kind;)
    }
}

/// The first and the last span of a type or path.
fn ends(node: &impl ToTokens) -> (Span, Span) {
    let mut spans = node.to_token_stream().into_iter().map(|token| token.span());
    let first = spans.next().unwrap_or_else(Span::call_site);
    (first, spans.last().unwrap_or(first))
}

/// Whether one of these identifiers occurs in the type.
fn names(ty: &Type, idents: &[Ident]) -> bool {
    fn any(tokens: TokenStream, idents: &[Ident]) -> bool {
        tokens.into_iter().any(|token| match token {
            TokenTree::Ident(ident) => idents.contains(&ident),
            TokenTree::Group(group) => any(group.stream(), idents),
            _ => false,
        })
    }
    any(ty.to_token_stream(), idents)
}
