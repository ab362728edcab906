//! [`Prefetch`]: batches that a thread makes before they are asked for.

use std::any::Any;
use std::fmt;
use std::iter::FusedIterator;
use std::panic::resume_unwind;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::{Builder, JoinHandle};

use gradlet_tensor::{Result, Tensor, threads};

use super::{BatchIter, Rows, Step, Unmapped};
use crate::State;

/// Batches that a thread makes before they are asked for, which [`Batches::prefetch`](crate::Batches::prefetch) returns.
///
/// They are the same batches in the same order as without it. An error of a batch arrives with it, and a panic goes on in
/// the loop. It pays where a batch takes long to make, as rows of your own that are decoded, or the function of
/// [`Dataset::map`](crate::Dataset::map); copying a few rows takes less time than handing them over.
///
/// The thread begins with the first batch that is asked for, and ends with the last one or when this is dropped, which
/// waits for the batch that is in the making.
pub struct Prefetch<X = Tensor, Y = Tensor<i64>, M = Unmapped>
where
    X: Rows,
    Y: Rows,
    M: Step<X::Part, Y::Part>,
{
    /// At the place of the batches that were handed out.
    iter: BatchIter<X, Y, M>,
    ahead: usize,
    worker: Option<Worker<M::Parts>>,
}

impl<X: Rows, Y: Rows, M: Step<X::Part, Y::Part>> Prefetch<X, Y, M> {
    pub(super) fn new(iter: BatchIter<X, Y, M>, ahead: usize) -> Self {
        Self {
            iter,
            ahead: ahead.max(1),
            worker: None,
        }
    }

    /// As [`BatchIter::state`]: the place behind the batches that were handed out, whatever the thread has made.
    pub fn state(&self) -> State {
        self.iter.state()
    }

    /// As [`BatchIter::load_state`].
    ///
    /// # Errors
    ///
    /// If that would return one.
    #[track_caller]
    pub fn load_state(&mut self, state: &State) -> Result<()> {
        self.iter.load_state(state)?;
        // A new one begins at the new place.
        self.worker = None;
        Ok(())
    }
}

impl<X, Y, M> Iterator for Prefetch<X, Y, M>
where
    X: Rows,
    Y: Rows,
    M: Step<X::Part, Y::Part> + Send + 'static,
{
    type Item = M::Item;

    fn next(&mut self) -> Option<M::Item> {
        if self.iter.len() == 0 {
            self.worker = None;
            return None;
        }
        if self.worker.is_none() {
            let mut rest = self.iter.rest();
            self.worker = Worker::start(self.ahead, move || rest.prepared());
        }
        let Some(worker) = &mut self.worker else {
            // The system has no thread left.
            return self.iter.next();
        };
        let parts = worker.receive();
        self.iter.leave_out(1);
        match parts {
            Ok(parts) => Some(M::item(parts)),
            Err(panic) => {
                self.worker = None;
                resume_unwind(panic)
            }
        }
    }

    fn nth(&mut self, n: usize) -> Option<M::Item> {
        if n > 0 {
            // A new one begins behind the batches that are left out, which are not made.
            self.worker = None;
            self.iter.leave_out(n);
        }
        self.next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.iter.size_hint()
    }
}

impl<X, Y, M> ExactSizeIterator for Prefetch<X, Y, M>
where
    X: Rows,
    Y: Rows,
    M: Step<X::Part, Y::Part> + Send + 'static,
{
}

impl<X, Y, M> FusedIterator for Prefetch<X, Y, M>
where
    X: Rows,
    Y: Rows,
    M: Step<X::Part, Y::Part> + Send + 'static,
{
}

/// Shows the set's shapes and the rows that are left, not their order.
impl<X: Rows, Y: Rows, M: Step<X::Part, Y::Part>> fmt::Debug for Prefetch<X, Y, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Prefetch")
            .field("iter", &self.iter)
            .field("ahead", &self.ahead)
            .finish_non_exhaustive()
    }
}

/// A thread and what it makes, in order. It ends when this is dropped.
struct Worker<P> {
    made: Option<Receiver<Result<P>>>,
    thread: Option<JoinHandle<()>>,
}

impl<P: Send + 'static> Worker<P> {
    /// A thread that makes the next `ahead` before they are asked for, or `None` if the system has none left.
    fn start(
        ahead: usize,
        mut make: impl FnMut() -> Option<Result<P>> + Send + 'static,
    ) -> Option<Self> {
        // The one that is made while the others wait counts.
        let (sender, made) = sync_channel(ahead - 1);
        let split = threads::count();
        let run = move || {
            threads::with(split, || {
                while let Some(parts) = make() {
                    if sender.send(parts).is_err() {
                        return;
                    }
                }
            });
        };
        let thread = Builder::new().name("gradlet-prefetch".to_owned());
        Some(Self {
            thread: Some(thread.spawn(run).ok()?),
            made: Some(made),
        })
    }

    /// The next one, or the panic that ended the thread.
    fn receive(&mut self) -> Result<Result<P>, Box<dyn Any + Send>> {
        let made = self.made.as_ref().and_then(|made| made.recv().ok());
        made.ok_or_else(|| {
            let ended = self.thread.take().map(JoinHandle::join);
            match ended {
                Some(Err(panic)) => panic,
                _ => Box::new("the thread that makes batches ended early"),
            }
        })
    }
}

impl<P> Drop for Worker<P> {
    fn drop(&mut self) {
        // The thread's next `send` fails then.
        self.made = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;
    use std::time::Duration;

    use gradlet_tensor::rng;

    use super::*;
    use crate::Dataset;

    fn counting(rows: usize) -> Dataset {
        let inputs = Tensor::from_fn([rows, 2], |i| 0.1 * i as f32).unwrap();
        Dataset::new(inputs, Tensor::from_fn(rows, |i| i as i64).unwrap()).unwrap()
    }

    #[test]
    fn batches_are_the_same_in_the_same_order() {
        for (rows, size, ahead) in [(0, 3, 1), (1, 3, 0), (50, 7, 1), (50, 7, 3), (50, 1, 100)] {
            let batches = || counting(rows).batches(size).shuffled(&mut rng(3));
            let bits = |(x, y): (gradlet_autograd::Var, Tensor<i64>)| {
                let x: Vec<_> = x.to_vec().into_iter().map(f32::to_bits).collect();
                (x, y.to_vec())
            };
            let plain: Vec<_> = batches().into_iter().map(bits).collect();
            let ahead = batches().prefetch(ahead);
            assert_eq!(ahead.len(), plain.len());
            assert_eq!(ahead.map(bits).collect::<Vec<_>>(), plain);
        }
    }

    /// Calls of the function of a set, which fails at row 6 and panics at row 8, and its batches.
    fn counted(
        size: usize,
        ahead: usize,
    ) -> (Arc<AtomicUsize>, impl ExactSizeIterator<Item: Yielded>) {
        let count = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&count);
        let set = counting(10).map(move |x, labels| {
            counter.fetch_add(1, Ordering::SeqCst);
            match labels.at(&[0])? {
                6 => labels.reshape([7]).map(|labels| (x, labels)),
                8 => panic!("row 8 on purpose"),
                _ => Ok((x, labels)),
            }
        });
        (count, set.batches(size).prefetch(ahead))
    }

    /// The labels of a batch, or the text of an error.
    trait Yielded {
        fn labels(self) -> std::result::Result<Vec<i64>, String>;
    }

    impl Yielded for Result<(gradlet_autograd::Var, Tensor<i64>)> {
        fn labels(self) -> std::result::Result<Vec<i64>, String> {
            self.map(|(_, y)| y.to_vec())
                .map_err(|error| error.to_string())
        }
    }

    #[test]
    fn errors_and_panics_arrive_with_their_batch() {
        let (_, mut batches) = counted(2, 2);
        for first in [0, 2, 4] {
            let labels = batches.next().map(Yielded::labels);
            assert_eq!(labels, Some(Ok(vec![first, first + 1])));
        }
        let error = batches.next().map(Yielded::labels);
        assert!(error.is_some_and(|text| text.is_err_and(|text| text.starts_with("reshape: "))));
        let panic = catch_unwind(AssertUnwindSafe(|| batches.next().is_some())).unwrap_err();
        assert_eq!(panic.downcast_ref::<&str>(), Some(&"row 8 on purpose"));
        assert!(batches.next().is_none() && batches.next().is_none());
    }

    /// What the thread has made once it does not go on.
    fn settled(count: &AtomicUsize) -> usize {
        let mut before = usize::MAX;
        loop {
            thread::sleep(Duration::from_millis(30));
            let now = count.load(Ordering::SeqCst);
            if now == before {
                return now;
            }
            before = now;
        }
    }

    #[test]
    fn the_thread_is_ahead_by_what_was_asked_for_and_ends_when_it_is_dropped() {
        for ahead in [1, 2] {
            let (count, mut batches) = counted(1, ahead);
            assert_eq!(settled(&count), 0);
            batches.next();
            assert_eq!(settled(&count), 1 + ahead);
            // Two are held: here and by the function, which the iterator and the thread share.
            assert_eq!(Arc::strong_count(&count), 2);
            drop(batches);
            assert_eq!(
                Arc::strong_count(&count),
                1,
                "the thread is not there any more"
            );
            assert_eq!(count.load(Ordering::SeqCst), 1 + ahead);
        }
    }

    #[test]
    fn batches_that_are_left_out_are_not_made() {
        let (count, mut batches) = counted(1, 1);
        let labels =
            |batch: Option<_>| batch.map(|batch| Yielded::labels(batch).unwrap_or_default());
        assert_eq!(labels(batches.nth(4)), Some(vec![4]));
        assert_eq!(settled(&count), 2);
        assert_eq!(labels(batches.nth(2)), Some(vec![7]));
        assert_eq!(batches.len(), 2);
        assert!(batches.nth(2).is_none());
    }
}
