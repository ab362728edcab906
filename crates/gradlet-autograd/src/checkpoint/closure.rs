//! [`Closure`]: a user's function in a graph, freed without recursion.

use std::any::Any;
use std::cell::RefCell;
use std::rc::Rc;

thread_local! {
    /// Closures to free after the one that is being freed; `None` while none is being freed.
    static WAITING: RefCell<Option<Vec<Box<dyn Any>>>> = const { RefCell::new(None) };
}

/// A reference-counted closure.
///
/// It may have captured the end of a graph in which a closure has captured the end of the next graph, and so on.
/// Freeing one inside the other would overflow the stack on long chains, so they wait in a list.
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

/// Frees this closure, and then those that wait.
fn free(closure: Box<dyn Any>) {
    let mut next = Some(closure);
    // At a thread's end the list may be gone already; then closures are freed one inside the other.
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

/// Closes the list when it is dropped, even by a panic.
struct Close;

impl Drop for Close {
    fn drop(&mut self) {
        let left = WAITING.with_borrow_mut(Option::take);
        drop(left);
    }
}
