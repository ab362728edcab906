//! A check of every optimizer: [`check_refusals`], which the tests of each one call.

use gradlet_autograd::Var;
use gradlet_tensor::{ErrorKind, tensor};

use super::{Rule, Stepper};
use crate::parameter::Parameter;

/// Checks that a step with each of these optimizers is refused for the setting of this name, and changes nothing.
#[track_caller]
pub(super) fn check_refusals<R: Rule, const N: usize>(cases: [(Stepper<R>, &str); N]) {
    for (mut optimizer, setting) in cases {
        let mut weight = Parameter::new(tensor![1.0]);
        let grads = weight.leaf().sum(..).and_then(Var::backward).unwrap();
        let error = optimizer.step(&mut weight, &grads).unwrap_err();
        assert!(
            matches!(error.kind(), ErrorKind::OutOfRange { op, name, .. } if (*op, *name) == (R::NAME, setting)),
            "{setting}: {error}"
        );
        assert_eq!(weight.tensor().to_vec(), [1.0]);
    }
}
