//! The type as the derive sees it: variants with fields, where a struct is a single variant.

use syn::{Data, DeriveInput, Generics, Ident, Index, Member, Type};

use crate::attr::{self, FieldAttrs, TypeAttrs};
use crate::valid::{self, Errors};

/// The type to implement `Children` for.
pub(crate) struct Input<'a> {
    pub(crate) ident: &'a Ident,
    pub(crate) generics: &'a Generics,
    pub(crate) attrs: TypeAttrs,
    pub(crate) variants: Vec<Variant<'a>>,
}

/// A struct's fields, or one of an enum's variants.
pub(crate) struct Variant<'a> {
    /// The variant's name; `None` for a struct.
    pub(crate) ident: Option<&'a Ident>,
    pub(crate) fields: Vec<Field<'a>>,
}

/// A field and its attributes.
pub(crate) struct Field<'a> {
    pub(crate) member: Member,
    pub(crate) ty: &'a Type,
    pub(crate) attrs: FieldAttrs,
}

impl<'a> Input<'a> {
    /// Reads `node`; mistakes in it go to `errors`.
    pub(crate) fn read(node: &'a DeriveInput, errors: &mut Errors) -> Self {
        let attrs = attr::of_type(&node.attrs, errors);
        let variants = match &node.data {
            Data::Struct(data) => vec![Variant::read(None, &data.fields, errors)],
            Data::Enum(data) => {
                valid::variants(data, errors);
                let read = |variant: &'a syn::Variant| {
                    Variant::read(Some(&variant.ident), &variant.fields, errors)
                };
                data.variants.iter().map(read).collect()
            }
            Data::Union(data) => {
                valid::union(data, errors);
                Vec::new()
            }
        };
        Self {
            ident: &node.ident,
            generics: &node.generics,
            attrs,
            variants,
        }
    }
}

impl<'a> Variant<'a> {
    fn read(ident: Option<&'a Ident>, fields: &'a syn::Fields, errors: &mut Errors) -> Self {
        let read = |(index, field): (usize, &'a syn::Field)| {
            let attrs = attr::of_field(&field.attrs, errors);
            if !attrs.skip {
                valid::child(&field.ty, errors);
            }
            Field {
                member: match &field.ident {
                    Some(ident) => Member::Named(ident.clone()),
                    None => Member::Unnamed(Index::from(index)),
                },
                ty: &field.ty,
                attrs,
            }
        };
        Self {
            ident,
            fields: fields.iter().enumerate().map(read).collect(),
        }
    }

    /// The fields that are children.
    pub(crate) fn children(&self) -> impl Iterator<Item = &Field<'a>> {
        self.fields.iter().filter(|field| !field.attrs.skip)
    }

    /// The field that this variant passes through to: the single, unnamed field of an enum's variant.
    pub(crate) fn transparent(&self) -> Option<&Field<'a>> {
        match (&self.fields[..], self.ident) {
            ([field], Some(_))
                if !field.attrs.skip && matches!(field.member, Member::Unnamed(_)) =>
            {
                Some(field)
            }
            _ => None,
        }
    }
}
