//! `Children` for the standard containers: sequences and tuples number their children, a `BTreeMap` names them by its
//! keys, `Box` and `Option` pass through.

use std::collections::BTreeMap;

use super::{Children, Leaf, LeafMut, Module, Name};

#[diagnostic::do_not_recommend]
impl<M: Children + ?Sized> Children for Box<M> {
    #[inline]
    fn children<'a>(&'a self, visit: &mut dyn FnMut(Name<'a>, &'a dyn Module)) {
        (**self).children(visit);
    }

    #[inline]
    fn children_mut<'a>(&'a mut self, visit: &mut dyn FnMut(Name<'a>, &'a mut dyn Module)) {
        (**self).children_mut(visit);
    }

    #[inline]
    fn as_leaf(&self) -> Leaf<'_> {
        (**self).as_leaf()
    }

    #[inline]
    fn as_leaf_mut(&mut self) -> LeafMut<'_> {
        (**self).as_leaf_mut()
    }

    #[inline]
    fn keeps_mode(&self) -> bool {
        (**self).keeps_mode()
    }

    fn kind(&self) -> &'static str {
        (**self).kind()
    }

    fn describe(&self) -> String {
        (**self).describe()
    }
}

#[diagnostic::do_not_recommend]
impl<M: Children> Children for Option<M> {
    #[inline]
    fn children<'a>(&'a self, visit: &mut dyn FnMut(Name<'a>, &'a dyn Module)) {
        if let Some(module) = self {
            module.children(visit);
        }
    }

    #[inline]
    fn children_mut<'a>(&'a mut self, visit: &mut dyn FnMut(Name<'a>, &'a mut dyn Module)) {
        if let Some(module) = self {
            module.children_mut(visit);
        }
    }

    #[inline]
    fn as_leaf(&self) -> Leaf<'_> {
        self.as_ref().map_or(Leaf::None, Children::as_leaf)
    }

    #[inline]
    fn as_leaf_mut(&mut self) -> LeafMut<'_> {
        self.as_mut().map_or(LeafMut::None, Children::as_leaf_mut)
    }

    #[inline]
    fn keeps_mode(&self) -> bool {
        self.as_ref().is_some_and(Children::keeps_mode)
    }

    /// The kind of the module inside; empty for `None`, so that a summary leaves it out.
    fn kind(&self) -> &'static str {
        self.as_ref().map_or("", Children::kind)
    }

    fn describe(&self) -> String {
        self.as_ref().map_or_else(String::new, Children::describe)
    }
}

macro_rules! sequence {
    ($kind:literal, [$($generics:tt)*], $type:ty) => {
        #[diagnostic::do_not_recommend]
        impl<$($generics)*> Children for $type {
            #[inline]
            fn children<'a>(&'a self, visit: &mut dyn FnMut(Name<'a>, &'a dyn Module)) {
                for (index, module) in self.iter().enumerate() {
                    visit(Name::Index(index), module);
                }
            }

            #[inline]
            fn children_mut<'a>(&'a mut self, visit: &mut dyn FnMut(Name<'a>, &'a mut dyn Module)) {
                for (index, module) in self.iter_mut().enumerate() {
                    visit(Name::Index(index), module);
                }
            }

            fn kind(&self) -> &'static str {
                $kind
            }
        }
    };
}

sequence!("Vec", [M: Children], Vec<M>);
sequence!("array", [M: Children, const N: usize], [M; N]);

/// A child's name is the text of its key, such as a `String` or a `&'static str`.
#[diagnostic::do_not_recommend]
impl<K: AsRef<str> + Send + Sync, M: Children> Children for BTreeMap<K, M> {
    fn children<'a>(&'a self, visit: &mut dyn FnMut(Name<'a>, &'a dyn Module)) {
        for (key, module) in self {
            visit(Name::Field(key.as_ref()), module);
        }
    }

    fn children_mut<'a>(&'a mut self, visit: &mut dyn FnMut(Name<'a>, &'a mut dyn Module)) {
        for (key, module) in self {
            visit(Name::Field(key.as_ref()), module);
        }
    }

    fn kind(&self) -> &'static str {
        "BTreeMap"
    }
}

macro_rules! tuple {
    ($($module:ident $index:tt),+) => {
        #[diagnostic::do_not_recommend]
        impl<$($module: Module),+> Children for ($($module,)+) {
            #[inline]
            fn children<'a>(&'a self, visit: &mut dyn FnMut(Name<'a>, &'a dyn Module)) {
                $(visit(Name::Index($index), &self.$index);)+
            }

            #[inline]
            fn children_mut<'a>(&'a mut self, visit: &mut dyn FnMut(Name<'a>, &'a mut dyn Module)) {
                $(visit(Name::Index($index), &mut self.$index);)+
            }

            fn kind(&self) -> &'static str {
                "tuple"
            }
        }
    };
}

tuple!(A 0);
tuple!(A 0, B 1);
tuple!(A 0, B 1, C 2);
tuple!(A 0, B 1, C 2, D 3);
tuple!(A 0, B 1, C 2, D 3, E 4);
tuple!(A 0, B 1, C 2, D 3, E 4, F 5);
tuple!(A 0, B 1, C 2, D 3, E 4, F 5, G 6);
tuple!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7);

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use crate::mode::Mode;
    use crate::module::tests::Affine;
    use crate::module::{Children, Module};

    fn paths(module: &dyn Module) -> String {
        let paths: Vec<_> = module
            .named_parameters()
            .into_iter()
            .map(|(path, _)| path)
            .collect();
        paths.join(" ")
    }

    #[test]
    fn sequences_and_tuples_count_their_children() {
        let layer = || Affine::without_bias(1, 1);
        assert_eq!(paths(&vec![layer(), layer()]), "0.weight 1.weight");
        assert_eq!(paths(&[layer(), layer()]), "0.weight 1.weight");
        assert_eq!(
            paths(&(layer(), (Mode::Train, layer()))),
            "0.weight 1.1.weight"
        );
        let eight = (
            Mode::Train,
            Mode::Train,
            Mode::Train,
            Mode::Train,
            Mode::Train,
            Mode::Train,
            layer(),
            layer(),
        );
        assert_eq!(paths(&eight), "6.weight 7.weight");
        assert_eq!([layer()].kind(), "array");
        assert_eq!(vec![layer()].kind(), "Vec");
        assert_eq!((layer(),).kind(), "tuple");
    }

    #[test]
    fn a_map_names_its_children_by_their_keys() {
        let layer = || Affine::without_bias(1, 1);
        let mut heads = BTreeMap::from([("right", layer()), ("left", layer())]);
        assert_eq!(paths(&heads), "left.weight right.weight");
        heads.eval();
        assert!(!heads["left"].training() && !heads["right"].training());
        let owned = BTreeMap::from([("only".to_owned(), Box::new(layer()))]);
        assert_eq!((&*paths(&owned), owned.kind()), ("only.weight", "BTreeMap"));
    }

    #[test]
    fn box_and_option_show_what_they_hold() {
        let mut layer = Some(Box::new(Affine::new(2, 3)));
        assert_eq!(paths(&layer), "weight bias");
        assert_eq!((layer.kind(), &*layer.describe()), ("Affine", "2 -> 3"));
        let mut mode = Some(Box::new(Mode::Train));
        mode.eval();
        assert_eq!(mode.as_deref(), Some(&Mode::Eval));
        layer = None;
        layer.eval();
        assert_eq!(paths(&layer), "");
        assert_eq!((layer.kind(), layer.training()), ("", false));
    }

    #[test]
    fn a_mutable_walk_reaches_what_a_shared_one_does() {
        let layer = || Affine::new(1, 1);
        let mut all = (
            vec![layer()],
            [layer(), layer()],
            Some(layer()),
            Box::new(layer()),
        );
        let mut count = 0;
        all.visit_parameters_mut(&mut |_, parameter| {
            parameter.freeze();
            count += 1;
            Ok(())
        })
        .unwrap();
        assert_eq!((count, all.named_parameters().len()), (10, 10));
        assert!(
            all.named_parameters()
                .iter()
                .all(|(_, parameter)| parameter.is_frozen())
        );
    }
}
