//! Values that come again: what was drawn or read in a checkpoint's first run is handed out in its second.

use std::any::Any;
use std::cell::RefCell;
use std::rc::Rc;

use gradlet_tensor::{Error, ErrorKind, Result};

/// A value of any type.
pub(crate) type Value = Rc<dyn Any>;

enum Scope {
    /// Notes each value, for a replay later.
    Log(Vec<Value>),
    /// Hands out the values noted before.
    Replay { values: Rc<[Value]>, given: usize },
}

thread_local! {
    /// The checkpoints that are running, innermost last.
    static SCOPES: RefCell<Vec<Scope>> = const { RefCell::new(Vec::new()) };
}

/// The value of `fresh`, or, while a [`checkpoint`](crate::checkpoint) computes its function again, the value that this
/// had at the same place the first time; then `fresh` is not called.
///
/// A layer of your own that draws random numbers calls this for the key of each draw; one that reads or changes a state
/// that outlives the call does so in here. gradlet's layers do so through their streams and buffers.
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
pub fn replayable<X: Clone + 'static>(fresh: impl FnOnce() -> X) -> X {
    if SCOPES.with_borrow(Vec::is_empty) {
        return fresh();
    }
    let noted = SCOPES.with_borrow_mut(|scopes| {
        let (values, given) = scopes.iter_mut().rev().find_map(Scope::replay)?;
        let value = values.get(*given).cloned();
        // A value of a different type stays where it is, so that in the end the numbers differ.
        let value = value.map(Rc::downcast::<X>);
        *given += usize::from(!matches!(value, Some(Err(_))));
        value?.ok()
    });
    let value = noted.unwrap_or_else(|| Rc::new(fresh()));
    SCOPES.with_borrow_mut(|scopes| {
        // A log does not note the values of a replay inside it.
        for scope in scopes.iter_mut().rev() {
            match scope {
                Scope::Log(values) => values.push(value.clone()),
                Scope::Replay { .. } => break,
            }
        }
    });
    Rc::unwrap_or_clone(value)
}

impl Scope {
    /// The values of a replay, if this is one, and how many were given out.
    fn replay(&mut self) -> Option<(&[Value], &mut usize)> {
        match self {
            Self::Replay { values, given } => Some((values, given)),
            Self::Log(_) => None,
        }
    }
}

/// Whether the innermost checkpoint that runs is in its first run.
pub(crate) fn is_first_run() -> bool {
    SCOPES.with_borrow(|scopes| matches!(scopes.last(), Some(Scope::Log(_))))
}

/// Notes the replayable values until its end.
pub(crate) struct Log(Open);

impl Log {
    pub(crate) fn start() -> Self {
        Self(Open::new(Scope::Log(Vec::new())))
    }

    pub(crate) fn end(self) -> Rc<[Value]> {
        match self.0.close() {
            Some(Scope::Log(values)) => values.into(),
            _ => Rc::new([]),
        }
    }
}

/// Runs `f` with the values noted before.
///
/// # Errors
///
/// If `f` returns one, or the number of values differs.
pub(crate) fn replayed<X>(values: &Rc<[Value]>, f: impl FnOnce() -> Result<X>) -> Result<X> {
    let noted = values.len();
    let values = Rc::clone(values);
    let open = Open::new(Scope::Replay { values, given: 0 });
    let result = f()?;
    match open.close() {
        Some(Scope::Replay { given, .. }) if given != noted => {
            Err(Error::new(ErrorKind::OutOfRange {
                op: "checkpoint",
                name: "the number of random draws and uses of buffers",
                expected: "the same in both runs",
                value: given as f64,
                remedy: format!(
                    " in the second; the first had {noted}, so the function is not the same"
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
    use gradlet_tensor::DrawKey;

    fn logged<R>(f: impl FnOnce() -> R) -> (R, Rc<[Value]>) {
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
        let expected = "checkpoint: the number of random draws and uses of buffers must be the same in both runs, \
                        got 0 in the second; the first had 1, so the function is not the same";
        assert!(fewer.starts_with(expected), "{fewer}");
        assert!(replayed(&keys, || Ok([draw(), draw()])).is_err());
        assert_eq!(draw(), 2, "a draw beyond the last is a fresh one");
    }

    #[test]
    fn a_different_order_of_types_is_an_error() {
        let (_, values) = logged(|| (replayable(|| 1), replayable(|| 2.5)));
        let swapped = || Ok((replayable(|| 5.5), replayable(|| 7)));
        assert!(replayed(&values, swapped).is_err());
        let same = || Ok((replayable(|| 7), replayable(|| 5.5)));
        assert_eq!(replayed(&values, same).ok(), Some((1, 2.5)));
    }

    #[test]
    fn a_log_inside_a_replay_notes_what_is_replayed() -> Result<()> {
        let draw = stream();
        let (_, keys) = logged(|| (draw(), logged(&draw)));
        let (first, inner) = replayed(&keys, || Ok((draw(), logged(&draw).1)))?;
        let key = inner[0].downcast_ref::<DrawKey>();
        assert_eq!((first, key.map(|key| key.call)), (0, Some(1)));
        Ok(())
    }

    #[test]
    fn a_log_outside_a_replay_does_not_note_it() -> Result<()> {
        let draw = stream();
        let (_, inner) = logged(&draw);
        let (result, outer) = logged(|| replayed(&inner, || Ok(draw())).map(|_| draw()));
        let key = outer[0].downcast_ref::<DrawKey>();
        let call = key.map(|key| key.call);
        assert_eq!((result?, outer.len(), call), (1, 1, Some(1)));
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
