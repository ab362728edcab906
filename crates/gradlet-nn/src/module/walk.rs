//! The recursion over a model, shared and mutable, and everything that is computed with it.

use std::ops::ControlFlow;

use gradlet_autograd::Result;

use super::{Leaf, LeafMut, Module, Path};
use crate::buffer::AnyBuffer;
use crate::dropout::Source;
use crate::mode::Mode;
use crate::parameter::AnyParameter;

const CONTINUE: ControlFlow<()> = ControlFlow::Continue(());

/// Visits every module below `module`, parents before children, until `visit` breaks.
pub(super) fn modules<'a, M: Module + ?Sized>(
    module: &'a M,
    path: &Path<'_>,
    visit: &mut impl FnMut(&Path<'_>, &'a dyn Module) -> ControlFlow<()>,
) -> ControlFlow<()> {
    let mut flow = CONTINUE;
    module.children(&mut |name, child| {
        if flow.is_continue() {
            let path = path.child(name);
            flow = visit(&path, child);
            if flow.is_continue() {
                flow = modules(child, &path, visit);
            }
        }
    });
    flow
}

/// Visits every leaf of `module`, or `module` itself if it is one, until `visit` breaks.
fn leaves<'a, M: Module + ?Sized>(
    module: &'a M,
    mut visit: impl FnMut(&Path<'_>, Leaf<'a>) -> ControlFlow<()>,
) -> ControlFlow<()> {
    match module.as_leaf() {
        Leaf::None => modules(
            module,
            &Path::Root,
            &mut |path, child| match child.as_leaf() {
                Leaf::None => CONTINUE,
                leaf => visit(path, leaf),
            },
        ),
        leaf => visit(&Path::Root, leaf),
    }
}

/// Visits every leaf of `module`, or `module` itself if it is one, mutably, until `visit` breaks.
fn leaves_mut<M: Module + ?Sized>(
    module: &mut M,
    path: &Path<'_>,
    visit: &mut impl FnMut(&Path<'_>, LeafMut<'_>) -> ControlFlow<()>,
) -> ControlFlow<()> {
    match module.as_leaf_mut() {
        LeafMut::None => {}
        leaf => return visit(path, leaf),
    }
    let mut flow = CONTINUE;
    module.children_mut(&mut |name, child| {
        if flow.is_continue() {
            flow = leaves_mut(child, &path.child(name), visit);
        }
    });
    flow
}

/// Stores an error in `kept` and breaks; continues if there is none.
fn keep(kept: &mut Result<()>, result: Result<()>) -> ControlFlow<()> {
    if result.is_err() {
        *kept = result;
        return ControlFlow::Break(());
    }
    CONTINUE
}

pub(super) fn visit_leaves<'a, M: Module + ?Sized>(
    module: &'a M,
    visit: &mut dyn FnMut(&Path<'_>, Leaf<'a>) -> Result<()>,
) -> Result<()> {
    let mut kept = Ok(());
    let _ = leaves(module, |path, leaf| keep(&mut kept, visit(path, leaf)));
    kept
}

pub(super) fn visit_leaves_mut<M: Module + ?Sized>(
    module: &mut M,
    visit: &mut dyn FnMut(&Path<'_>, LeafMut<'_>) -> Result<()>,
) -> Result<()> {
    let mut kept = Ok(());
    let _ = leaves_mut(module, &Path::Root, &mut |path, leaf| {
        keep(&mut kept, visit(path, leaf))
    });
    kept
}

pub(super) fn visit_parameters<'a, M: Module + ?Sized>(
    module: &'a M,
    visit: &mut dyn FnMut(&Path<'_>, &'a dyn AnyParameter) -> Result<()>,
) -> Result<()> {
    visit_leaves(module, &mut |path, leaf| match leaf {
        Leaf::Parameter(parameter) => visit(path, parameter),
        _ => Ok(()),
    })
}

pub(super) fn visit_parameters_mut<M: Module + ?Sized>(
    module: &mut M,
    visit: &mut dyn FnMut(&Path<'_>, &mut dyn AnyParameter) -> Result<()>,
) -> Result<()> {
    let mut kept = Ok(());
    let _ = leaves_mut(module, &Path::Root, &mut |path, leaf| match leaf {
        LeafMut::Parameter(parameter) => keep(&mut kept, visit(path, parameter)),
        _ => CONTINUE,
    });
    kept
}

pub(super) fn each_parameter<M: Module + ?Sized>(
    module: &mut M,
    visit: impl Fn(&mut dyn AnyParameter),
) {
    let _ = leaves_mut(module, &Path::Root, &mut |_, leaf| {
        if let LeafMut::Parameter(parameter) = leaf {
            visit(parameter);
        }
        CONTINUE
    });
}

/// Visits every mode below that is not kept, in the order of the walk.
pub(super) fn each_mode<M: Module + ?Sized>(module: &mut M, mut visit: impl FnMut(&mut Mode)) {
    modes(module, &mut visit);
}

fn modes<M: Module + ?Sized>(module: &mut M, visit: &mut impl FnMut(&mut Mode)) {
    if module.keeps_mode() {
        return;
    }
    match module.as_leaf_mut() {
        LeafMut::None => {}
        LeafMut::Mode(mode) => return visit(mode),
        _ => return,
    }
    module.children_mut(&mut |_, child| modes(child, visit));
}

pub(super) fn training<M: Module + ?Sized>(module: &M) -> bool {
    let flow = leaves(module, |_, leaf| match leaf {
        Leaf::Mode(Mode::Train) => ControlFlow::Break(()),
        _ => CONTINUE,
    });
    flow.is_break()
}

/// Everything that `pick` finds in the leaves below, each with its path.
fn named<'a, M: Module + ?Sized, X>(
    module: &'a M,
    pick: impl Fn(Leaf<'a>) -> Option<X>,
) -> Vec<(String, X)> {
    let mut named = Vec::new();
    let _ = leaves(module, |path, leaf| {
        named.extend(pick(leaf).map(|found| (path.to_string(), found)));
        CONTINUE
    });
    named
}

pub(super) fn named_parameters<M: Module + ?Sized>(module: &M) -> Vec<(String, &dyn AnyParameter)> {
    named(module, |leaf| match leaf {
        Leaf::Parameter(parameter) => Some(parameter),
        _ => None,
    })
}

pub(super) fn named_buffers<M: Module + ?Sized>(module: &M) -> Vec<(String, &dyn AnyBuffer)> {
    named(module, |leaf| match leaf {
        Leaf::Buffer(buffer) => Some(buffer),
        _ => None,
    })
}

pub(super) fn named_sources<M: Module + ?Sized>(module: &M) -> Vec<(String, &Source)> {
    named(module, |leaf| match leaf {
        Leaf::Source(source) => Some(source),
        _ => None,
    })
}

pub(super) fn visit_sources_mut<M: Module + ?Sized>(
    module: &mut M,
    visit: &mut dyn FnMut(&Path<'_>, &mut Source) -> Result<()>,
) -> Result<()> {
    visit_leaves_mut(module, &mut |path, leaf| match leaf {
        LeafMut::Source(source) => visit(path, source),
        _ => Ok(()),
    })
}

pub(super) fn parameter_count<M: Module + ?Sized>(module: &M) -> usize {
    let mut count = 0;
    let _ = leaves(module, |_, leaf| {
        if let Leaf::Parameter(parameter) = leaf {
            count += parameter.len();
        }
        CONTINUE
    });
    count
}

#[cfg(test)]
mod tests {
    use gradlet_autograd::Error;
    use gradlet_tensor::Tensor;

    use super::*;
    use crate::buffer::Buffer;
    use crate::module::tests::{Affine, zeros};
    use crate::parameter::Parameter;

    fn some_error() -> Error {
        Tensor::<f32>::from_slice(vec![1.0], [2]).unwrap_err()
    }

    #[test]
    fn a_walk_ends_with_the_first_error() {
        let mut model = vec![Affine::new(1, 1), Affine::new(1, 1)];
        let mut seen = Vec::new();
        let result = model.visit_parameters_mut(&mut |path, _| {
            seen.push(path.to_string());
            if path.to_string() == "0.bias" {
                Err(some_error())
            } else {
                Ok(())
            }
        });
        assert!(result.is_err());
        assert_eq!(seen, ["0.weight", "0.bias"]);

        let mut seen = 0;
        let result = model.visit_leaves(&mut |_, _| {
            seen += 1;
            if seen == 4 { Err(some_error()) } else { Ok(()) }
        });
        assert!(result.is_err());
        assert_eq!(seen, 4);
    }

    #[test]
    fn shared_and_mutable_walks_meet_the_same_leaves() {
        let mut model = (Affine::new(1, 2), [Buffer::new(zeros([3]))], Mode::Eval);
        let mut shared = Vec::new();
        model
            .visit_leaves(&mut |path, leaf| {
                shared.push(format!("{path} {leaf:?}"));
                Ok(())
            })
            .unwrap();
        let mut mutable = Vec::new();
        model
            .visit_leaves_mut(&mut |path, leaf| {
                mutable.push(format!("{path} {leaf:?}"));
                Ok(())
            })
            .unwrap();
        assert_eq!(shared, mutable);
        let paths: Vec<_> = shared
            .iter()
            .filter_map(|line| line.split(' ').next())
            .collect();
        assert_eq!(paths, ["0.weight", "0.bias", "0.mode", "1.0", "2"]);
    }

    #[test]
    fn a_lone_leaf_is_visited_at_the_root() {
        let mut weight = Parameter::new(zeros([2]));
        assert_eq!(weight.named_parameters()[0].0, "");
        each_parameter(&mut weight, AnyParameter::freeze);
        assert!(weight.is_frozen());
    }

    #[test]
    fn parameters_of_both_precisions_and_buffers_are_named() {
        let model = (
            Parameter::new(zeros([2])),
            Parameter::new(Tensor::<f64>::zeros_of([3]).unwrap()),
            Buffer::new(Tensor::<i64>::zeros_of([4]).unwrap()),
        );
        let named = model.named_parameters();
        assert!(named[0].1.downcast_ref::<f32>().is_some());
        assert!(named[1].1.downcast_ref::<f64>().is_some());
        assert_eq!(named.len(), 2);
        let buffers = model.named_buffers();
        assert_eq!(
            (buffers.len(), &*buffers[0].0, buffers[0].1.element()),
            (1, "2", "i64")
        );
        assert_eq!(model.parameter_count(), 5);
    }
}
