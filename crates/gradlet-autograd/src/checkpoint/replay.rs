//! Random draws that come again: the keys drawn in a checkpoint's first run are handed out in its second.

use std::cell::RefCell;
use std::rc::Rc;

use gradlet_tensor::{DrawKey, Error, ErrorKind, Result};

enum Scope {
    /// Notes each key, for a replay later.
    Log(Vec<DrawKey>),
    /// Hands out the keys noted before.
    Replay { keys: Rc<[DrawKey]>, drawn: usize },
}

thread_local! {
    /// The checkpoints that are running, innermost last.
    static SCOPES: RefCell<Vec<Scope>> = const { RefCell::new(Vec::new()) };
}

/// The key that `fresh` gives, or, while a [`checkpoint`](crate::checkpoint) computes its function again, the key that was
/// drawn at the same place the first time.
///
/// A layer of your own that draws random numbers calls this for each draw; gradlet's layers do so through their
/// streams.
///
/// # Example
///
/// ```
/// # use std::cell::Cell;
/// # use gradlet_autograd::{Var, checkpoint, dropout_with, replayable};
/// # use gradlet_tensor::{DrawKey, Mask, Tensor};
/// # fn main() -> gradlet_tensor::Result<()> {
/// let call = Cell::new(0); // a stream of keys: each draw has the next number
/// let drop_half = move |x: &[Var]| {
///     let key = replayable(|| DrawKey { seed: 1, call: call.replace(call.get() + 1) });
///     dropout_with(&x[0], Mask::draw(x[0].shape(), 0.5, key)?, 2.0)
/// };
/// let x = Var::leaf(Tensor::ones([100])?);
/// let y = checkpoint(drop_half, &[&x])?;
/// let value = y.tensor().clone();
/// assert_eq!(y.sum(..)?.backward()?.wrt(&x), Some(&value)); // the same mask
/// # Ok(())
/// # }
/// ```
pub fn replayable(fresh: impl FnOnce() -> DrawKey) -> DrawKey {
    let replayed = SCOPES.with_borrow_mut(|scopes| {
        let (keys, drawn) = scopes.iter_mut().rev().find_map(Scope::replay)?;
        *drawn += 1;
        keys.get(*drawn - 1).copied()
    });
    let key = replayed.unwrap_or_else(fresh);
    SCOPES.with_borrow_mut(|scopes| {
        // A log does not note the keys of a replay inside it.
        for scope in scopes.iter_mut().rev() {
            match scope {
                Scope::Log(keys) => keys.push(key),
                Scope::Replay { .. } => break,
            }
        }
    });
    key
}

impl Scope {
    /// The keys of a replay, if this is one, and how many were drawn.
    fn replay(&mut self) -> Option<(&[DrawKey], &mut usize)> {
        match self {
            Self::Replay { keys, drawn } => Some((keys, drawn)),
            Self::Log(_) => None,
        }
    }
}

/// Whether the innermost checkpoint that runs is in its first run.
pub(crate) fn is_first_run() -> bool {
    SCOPES.with_borrow(|scopes| matches!(scopes.last(), Some(Scope::Log(_))))
}

/// Notes the keys that are drawn until its end.
pub(crate) struct Log(Open);

impl Log {
    pub(crate) fn start() -> Self {
        Self(Open::new(Scope::Log(Vec::new())))
    }

    pub(crate) fn end(self) -> Rc<[DrawKey]> {
        match self.0.close() {
            Some(Scope::Log(keys)) => keys.into(),
            _ => Rc::new([]),
        }
    }
}

/// Runs `f` with the keys noted before.
///
/// # Errors
///
/// If `f` returns one, or the number of draws differs.
pub(crate) fn replayed<X>(keys: &Rc<[DrawKey]>, f: impl FnOnce() -> Result<X>) -> Result<X> {
    let noted = keys.len();
    let keys = Rc::clone(keys);
    let open = Open::new(Scope::Replay { keys, drawn: 0 });
    let result = f()?;
    match open.close() {
        Some(Scope::Replay { drawn, .. }) if drawn != noted => {
            Err(Error::new(ErrorKind::OutOfRange {
                op: "checkpoint",
                name: "the number of random draws",
                expected: "the same in both runs",
                value: drawn as f64,
                remedy: format!(
                    " in the second; the first drew {noted}, so the function is not the same"
                ),
            }))
        }
        _ => Ok(result),
    }
}

/// A scope that ends when this is dropped, even by a panic.
struct Open {
    depth: usize,
}

impl Open {
    fn new(scope: Scope) -> Self {
        SCOPES.with_borrow_mut(|scopes| {
            scopes.push(scope);
            Self {
                depth: scopes.len(),
            }
        })
    }

    fn close(self) -> Option<Scope> {
        SCOPES.with_borrow_mut(|scopes| {
            scopes.truncate(self.depth);
            scopes.pop()
        })
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        SCOPES.with_borrow_mut(|scopes| scopes.truncate(self.depth - 1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn logged<R>(f: impl FnOnce() -> R) -> (R, Rc<[DrawKey]>) {
        let log = Log::start();
        (f(), log.end())
    }

    use std::cell::Cell;

    fn stream() -> impl Fn() -> u64 {
        let call = Cell::new(0);
        move || {
            let fresh = || DrawKey {
                seed: 1,
                call: call.replace(call.get() + 1),
            };
            replayable(fresh).call
        }
    }

    #[test]
    fn keys_come_again_and_the_stream_does_not_move() -> Result<()> {
        let draw = stream();
        assert_eq!(draw(), 0);
        let (drawn, keys) = logged(|| [draw(), draw()]);
        assert_eq!(drawn, [1, 2]);
        for _ in 0..2 {
            assert_eq!(replayed(&keys, || Ok([draw(), draw()]))?, [1, 2]);
        }
        assert_eq!(draw(), 3);
        Ok(())
    }

    #[test]
    fn another_number_of_draws_is_an_error_that_names_both() {
        let draw = stream();
        let (_, keys) = logged(&draw);
        let fewer = replayed(&keys, || Ok(())).unwrap_err().to_string();
        let expected = "checkpoint: the number of random draws must be the same in both runs, got 0 in the second; \
                        the first drew 1, so the function is not the same";
        assert!(fewer.starts_with(expected), "{fewer}");
        assert!(replayed(&keys, || Ok([draw(), draw()])).is_err());
        assert_eq!(draw(), 2, "a draw beyond the last is a fresh one");
    }

    #[test]
    fn a_log_inside_a_replay_notes_what_is_replayed() -> Result<()> {
        let draw = stream();
        let (_, keys) = logged(|| (draw(), logged(&draw)));
        let (first, inner) = replayed(&keys, || Ok((draw(), logged(&draw).1)))?;
        assert_eq!((first, inner[0].call), (0, 1));
        Ok(())
    }

    #[test]
    fn a_log_outside_a_replay_does_not_note_it() -> Result<()> {
        let draw = stream();
        let (_, inner) = logged(&draw);
        let (result, outer) = logged(|| replayed(&inner, || Ok(draw())).map(|_| draw()));
        assert_eq!((result?, outer.len(), outer[0].call), (1, 1, 1));
        Ok(())
    }

    #[test]
    fn scopes_end_with_errors_and_panics() {
        let draw = stream();
        let (_, keys) = logged(&draw);
        let failing = || Err(Error::new(ErrorKind::NoTensors { op: "cat" }));
        assert!(replayed::<()>(&keys, failing).is_err());
        let panics = || logged(|| panic!("on purpose"));
        assert!(std::panic::catch_unwind(panics).is_err());
        assert_eq!((draw(), SCOPES.with_borrow(Vec::len)), (1, 0));
    }
}
