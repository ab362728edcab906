//! `evaluating` and `sampling`: a different mode while a closure runs.

use super::{Module, walk};
use crate::mode::Mode;

/// Runs `f` on `module` in this mode and restores each layer's own mode, even if `f` panics.
pub(super) fn within<M: Module, R>(module: &mut M, mode: Mode, f: impl FnOnce(&M) -> R) -> R {
    f(Within::new(module, mode).module())
}

/// A module in a different mode. Dropping this puts the earlier modes back, even while a panic unwinds.
pub(crate) struct Within<'m, M: Module> {
    module: &'m mut M,
    earlier: Vec<Mode>,
}

impl<'m, M: Module> Within<'m, M> {
    pub(crate) fn new(module: &'m mut M, mode: Mode) -> Self {
        let mut earlier = Vec::new();
        walk::each_mode(module, |own| {
            earlier.push(std::mem::replace(own, mode));
        });
        Self { module, earlier }
    }

    pub(crate) fn module(&self) -> &M {
        self.module
    }
}

impl<M: Module> Drop for Within<'_, M> {
    fn drop(&mut self) {
        // `f` borrowed the module without `mut`, so the walk meets the same modes in the same order.
        let mut earlier = self.earlier.iter();
        walk::each_mode(self.module, |mode| {
            if let Some(before) = earlier.next() {
                *mode = *before;
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use gradlet_autograd::Result;
    use gradlet_tensor::Tensor;

    use super::*;
    use crate::module::tests::{Affine, Drop};

    type Net = (Affine, Vec<Box<dyn Module>>, Option<Drop>);

    fn mixed() -> Net {
        let mut net: Net = (
            Affine::new(1, 1),
            vec![Box::new(Drop::default()), Box::new(Drop::default())],
            Some(Drop::default()),
        );
        net.0.eval();
        net.1[1].eval();
        net
    }

    fn modes(net: &Net) -> [bool; 4] {
        [
            net.0.training(),
            net.1[0].training(),
            net.1[1].training(),
            net.2.training(),
        ]
    }

    const MIXED: [bool; 4] = [false, true, false, true];

    #[test]
    fn every_layer_evaluates_inside_and_gets_its_own_mode_back() {
        let mut net = mixed();
        assert_eq!(modes(&net), MIXED);
        let inside = net.evaluating(modes);
        assert_eq!(inside, [false; 4]);
        assert_eq!(modes(&net), MIXED);
    }

    #[test]
    fn modes_come_back_after_an_error() {
        let mut net = mixed();
        let result: Result<Tensor> = net.evaluating(|_| Tensor::from_slice(vec![1.0], [2]));
        assert!(result.is_err());
        assert_eq!(modes(&net), MIXED);
    }

    #[test]
    fn modes_come_back_after_a_panic() {
        let mut net = mixed();
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            net.evaluating(|net| assert!(net.training(), "on purpose"));
        }));
        assert!(panicked.is_err());
        assert_eq!(modes(&net), MIXED);
    }

    #[test]
    fn nested_calls_restore_in_turn() {
        let mut net = mixed();
        net.2.evaluating(|last| assert!(!last.training()));
        assert_eq!(modes(&net), MIXED);
    }
}
