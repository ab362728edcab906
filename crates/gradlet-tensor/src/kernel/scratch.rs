//! Memory for a kernel's own use.

use crate::element::Element;
use crate::storage::Buffer;

/// Memory from this thread's pool, taken when it is first used.
pub(crate) struct Scratch<T: Element> {
    len: usize,
    buffer: Option<Buffer<T>>,
}

impl<T: Element> Scratch<T> {
    pub(crate) fn new(len: usize) -> Self {
        Self { len, buffer: None }
    }

    /// The numbers; at first they are left over from earlier use.
    ///
    /// # Panics
    ///
    /// If memory runs out, as with a `Vec`.
    pub(crate) fn get(&mut self) -> &mut [T] {
        let len = self.len;
        if self.buffer.is_none() {
            self.buffer = Buffer::stale(len);
        }
        match self.buffer.as_mut().and_then(Buffer::get_mut) {
            Some(elements) => elements,
            None => panic!("no memory for {len} elements"),
        }
    }
}
