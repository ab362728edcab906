//! [`Path`]: the place of a module in a model, built without allocating.

use std::fmt;

/// One segment of a [`Path`]: a field's name or a position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Name<'a> {
    /// A named field, as in `hidden.weight`.
    Field(&'a str),
    /// A position in a sequence or tuple, as in `layers.0`.
    Index(usize),
}

impl From<usize> for Name<'_> {
    fn from(index: usize) -> Self {
        Name::Index(index)
    }
}

impl<'a> From<&'a str> for Name<'a> {
    fn from(name: &'a str) -> Self {
        Name::Field(name)
    }
}

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Name::Field(name) => name.fmt(f),
            Name::Index(index) => index.fmt(f),
        }
    }
}

/// The names that lead from a model to one of its parts; prints as `layers.0.bias`.
///
/// A walk builds it segment by segment on the stack; [`ToString`] turns it into text.
///
/// # Example
///
/// ```
/// use gradlet_nn::module::{Name, Path};
///
/// let layers = Path::Root.child(Name::Field("layers"));
/// assert_eq!(layers.child(Name::Index(0)).to_string(), "layers.0");
/// assert_eq!(Path::Root.to_string(), "");
/// ```
#[derive(Clone, Copy, Debug)]
pub enum Path<'a> {
    /// The model itself; prints as an empty text.
    Root,
    /// A part of the module at `parent`.
    Child {
        /// The path of the module that holds this part.
        parent: &'a Path<'a>,
        /// The last segment.
        name: Name<'a>,
    },
}

impl<'a> Path<'a> {
    /// The path of a child of the module at this path.
    #[inline]
    pub fn child(&'a self, name: Name<'a>) -> Path<'a> {
        Path::Child { parent: self, name }
    }

    /// The last segment, or `None` for the model itself.
    pub fn name(&self) -> Option<Name<'a>> {
        match self {
            Path::Root => None,
            Path::Child { name, .. } => Some(*name),
        }
    }

    /// The number of segments.
    pub fn depth(&self) -> usize {
        match self {
            Path::Root => 0,
            Path::Child { parent, .. } => parent.depth() + 1,
        }
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Path::Root => Ok(()),
            Path::Child {
                parent: Path::Root,
                name,
            } => name.fmt(f),
            Path::Child { parent, name } => write!(f, "{parent}.{name}"),
        }
    }
}

/// The name of a type without its path and parameters: `Net` for `a::b::Net<c::D>`.
pub(super) fn short(type_name: &'static str) -> &'static str {
    let plain = type_name
        .split_once('<')
        .map_or(type_name, |(plain, _)| plain);
    plain.rsplit_once("::").map_or(plain, |(_, last)| last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_joins_its_names_with_dots() {
        let layers = Path::Root.child(Name::Field("layers"));
        let third = layers.child(Name::Index(3));
        let bias = third.child(Name::Field("bias"));
        assert_eq!(bias.to_string(), "layers.3.bias");
        assert_eq!((bias.depth(), bias.name()), (3, Some(Name::Field("bias"))));
        assert_eq!((Path::Root.depth(), Path::Root.name()), (0, None));
    }

    #[test]
    fn a_type_is_named_without_path_and_parameters() {
        assert_eq!(short("a::b::Net<c::D<e::F>>"), "Net");
        assert_eq!(short("Net"), "Net");
        assert_eq!(short("<dyn a::B>"), "");
    }
}
