//! How a state differs from the one that is expected.

use gradlet_tensor::{Error, ErrorKind, Result};

use super::{AnyTensor, State, Unmatched};

/// What keeps a state from being loaded.
#[derive(Debug, Default)]
pub(crate) struct Misfit {
    pub(crate) unmatched: Unmatched,
    /// Paths that both have, each with what is wrong there in parentheses.
    pub(crate) different: Vec<String>,
}

impl Misfit {
    /// Compares the paths, element types and shapes of a state with those of the expected one.
    pub(crate) fn of(expected: &State, given: &State) -> Self {
        let mut misfit = Self::default();
        for (path, own) in expected.iter() {
            let Some(given) = given.any(path) else {
                misfit.unmatched.missing.push(path.to_owned());
                continue;
            };
            let form = |tensor: &AnyTensor| format!("{} {}", tensor.element(), tensor.shape());
            let (own, given) = (form(own), form(given));
            if own != given {
                misfit.different(path, &format!("expected {own}, got {given}"));
            }
        }
        let has = |path| expected.any(path).is_some();
        let tied: Vec<_> = given.aliases().filter(|(alias, _)| has(alias)).collect();
        let others = given.paths().filter(|path| !has(path));
        let others = others.filter(|path| tied.iter().all(|(_, of)| of != path));
        misfit.unmatched.unexpected = others.map(str::to_owned).collect();
        misfit
    }

    /// Says what is wrong with the tensor at this path.
    pub(crate) fn different(&mut self, path: &str, reason: &str) {
        self.different.push(format!("{path} ({reason})"));
    }

    /// The error that names everything, if there is anything.
    #[track_caller]
    pub(crate) fn refuse(self, op: &'static str) -> Result<()> {
        let (unmatched, different) = (self.unmatched, self.different);
        let (missing, unexpected) = (unmatched.missing, unmatched.unexpected);
        if missing.is_empty() && unexpected.is_empty() && different.is_empty() {
            return Ok(());
        }
        Err(Error::new(ErrorKind::StateMismatch {
            op,
            missing,
            unexpected,
            different,
        }))
    }
}
