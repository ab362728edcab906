//! Switching recording off: operations inside [`no_grad`] build no graph.

use std::cell::Cell;

thread_local! {
    static RECORDING: Cell<bool> = const { Cell::new(true) };
}

/// Whether operations on this thread are being recorded.
#[inline]
pub fn is_recording() -> bool {
    RECORDING.get()
}

/// Runs `f` on this thread without recording: its results are constants, whatever they were computed from.
///
/// # Example
///
/// ```
/// # use gradlet_autograd::{Var, no_grad};
/// # use gradlet_tensor::tensor;
/// let x = Var::leaf(tensor![2.0]);
/// assert!((&x * 3.0).is_tracked());
/// assert!(!no_grad(|| &x * 3.0).is_tracked());
/// ```
pub fn no_grad<R>(f: impl FnOnce() -> R) -> R {
    let _restore = set_recording(false);
    f()
}

/// Sets recording on or off until the guard is dropped, even by a panic.
#[doc(hidden)]
pub fn set_recording(on: bool) -> Recording {
    Recording(RECORDING.replace(on))
}

/// The setting that comes back when this is dropped.
#[derive(Debug)]
#[doc(hidden)]
pub struct Recording(bool);

impl Drop for Recording {
    fn drop(&mut self) {
        RECORDING.set(self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recording_comes_back_after_nesting_and_panics() {
        no_grad(|| {
            no_grad(|| assert!(!is_recording()));
            assert!(!is_recording());
        });
        assert!(std::panic::catch_unwind(|| no_grad(|| panic!("on purpose"))).is_err());
        assert!(is_recording());
    }
}
