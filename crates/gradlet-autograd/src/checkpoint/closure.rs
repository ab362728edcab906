//! [`Closure`]: a user's function in a graph, freed without recursion.

use std::any::Any;
use std::cell::RefCell;
use std::rc::Rc;

thread_local! {
    /// Closures to free once the one that is being freed is gone; `None` while none is.
    static WAITING: RefCell<Option<Vec<Box<dyn Any>>>> = const { RefCell::new(None) };
}

/// A counted closure.
///
/// What it captured may be the end of a graph in which the next closure has captured the end of another. Freeing one
/// inside another would overflow the stack on long chains, so they wait for each other in a list.
pub(crate) struct Closure<F: ?Sized + 'static>(Option<Rc<F>>);

impl<F: ?Sized> Closure<F> {
    pub(crate) fn new(closure: Rc<F>) -> Self {
        Self(Some(closure))
    }

    /// The closure; `None` only while this is dropped.
    pub(crate) fn get(&self) -> Option<&F> {
        self.0.as_deref()
    }
}

impl<F: ?Sized> Clone for Closure<F> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<F: ?Sized> Drop for Closure<F> {
    fn drop(&mut self) {
        if let Some(closure) = self.0.take()
            && Rc::strong_count(&closure) == 1
        {
            free(Box::new(closure));
        }
    }
}

/// Frees what this captured, and then what waits.
fn free(closure: Box<dyn Any>) {
    let mut next = Some(closure);
    // At a thread's end the list may be gone already; then closures are freed one inside another.
    let first = WAITING.try_with(|waiting| match &mut *waiting.borrow_mut() {
        Some(list) => {
            list.extend(next.take());
            false
        }
        none => {
            *none = Some(Vec::new());
            true
        }
    });
    if first != Ok(true) {
        return;
    }
    let _close = Close;
    while let Some(closure) = next {
        drop(closure);
        next = WAITING.with_borrow_mut(|waiting| waiting.as_mut().and_then(Vec::pop));
    }
}

/// Closes the list when it is dropped, also by a panic.
struct Close;

impl Drop for Close {
    fn drop(&mut self) {
        let left = WAITING.with_borrow_mut(Option::take);
        drop(left);
    }
}
