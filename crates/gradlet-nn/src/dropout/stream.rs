//! [`Stream`]: the source of a layer's random numbers.

use std::sync::atomic::{AtomicU64, Ordering};

use gradlet_autograd::replayable;
use gradlet_tensor::DrawKey;
use rand::{Rng, RngExt};

/// A layer's own sequence of draws: a seed taken once from the user's generator, and a counter.
///
/// Each draw has its own key. So nothing is shared or locked, and a layer's draws do not depend on other layers. A
/// clone is a new stream, whose seed follows from the original's seed and the number of its clones before: it draws
/// different numbers, which are the same whenever the program runs. `Stream::from_state(stream.state())` goes on as the
/// original would.
#[derive(Debug)]
pub struct Stream {
    seed: u64,
    calls: AtomicU64,
    clones: AtomicU64,
}

impl Stream {
    /// A new stream, seeded with one number from this generator.
    pub fn fork(rng: &mut (impl Rng + ?Sized)) -> Self {
        Self::from_state(DrawKey {
            seed: rng.random(),
            call: 0,
        })
    }

    /// The key of the next draw. When a [`checkpoint`](gradlet_autograd::checkpoint) computes something again, this is
    /// the key that was drawn there before, and the stream stays where it is.
    pub fn next_key(&self) -> DrawKey {
        replayable(|| DrawKey {
            seed: self.seed,
            call: self.calls.fetch_add(1, Ordering::Relaxed),
        })
    }

    /// The key that the next draw will have; it is the whole state of the draws, for
    /// [`from_state`](Stream::from_state).
    pub fn state(&self) -> DrawKey {
        DrawKey {
            seed: self.seed,
            call: self.calls.load(Ordering::Relaxed),
        }
    }

    /// A stream that draws this key next, and that has no clones yet.
    pub fn from_state(state: DrawKey) -> Self {
        Self {
            seed: state.seed,
            calls: AtomicU64::new(state.call),
            clones: AtomicU64::new(0),
        }
    }

    /// The seed, the number of draws and the number of clones: all of a stream.
    pub(super) fn words(&self) -> [u64; 3] {
        let DrawKey { seed, call } = self.state();
        [seed, call, self.clones.load(Ordering::Relaxed)]
    }

    /// The stream of these words.
    pub(super) fn from_words([seed, call, clones]: [u64; 3]) -> Self {
        let mut stream = Self::from_state(DrawKey { seed, call });
        stream.clones = AtomicU64::new(clones);
        stream
    }

    /// Starts a new stream, seeded with a number from this generator.
    pub fn reseed(&mut self, rng: &mut (impl Rng + ?Sized)) {
        *self = Self::fork(rng);
    }
}

impl Clone for Stream {
    fn clone(&self) -> Self {
        // Numbers from the end, since draws count up from 0: no draw has the key that gives the seed.
        let key = DrawKey {
            seed: self.seed,
            call: !self.clones.fetch_add(1, Ordering::Relaxed),
        };
        Self::fork(&mut key.rng())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use gradlet_tensor::rng;

    #[test]
    fn clones_and_their_clones_part_and_leave_the_original_alone() {
        let seeds = || {
            let (stream, alone) = (Stream::fork(&mut rng(1)), Stream::fork(&mut rng(1)));
            let children = vec![stream.clone(); 30];
            assert_eq!(stream.next_key(), alone.next_key());
            let grandchildren = children.iter().flat_map(|child| vec![child.clone(); 30]);
            let all = grandchildren.chain([stream]).chain(children.clone());
            all.map(|stream| stream.next_key().seed).collect::<Vec<_>>()
        };
        let first = seeds();
        assert_eq!(first, seeds(), "the same in each run");
        let distinct: HashSet<_> = first.iter().collect();
        assert_eq!(distinct.len(), 931);
    }

    #[test]
    fn a_state_continues_and_a_fork_parts() {
        let mut rng = rng(1);
        let stream = Stream::fork(&mut rng);
        stream.next_key();
        let mut same = Stream::from_state(stream.state());
        assert_eq!(stream.next_key(), same.next_key());
        assert_ne!(
            stream.next_key().seed,
            Stream::fork(&mut rng).next_key().seed
        );
        let state = stream.state();
        assert_eq!(stream.next_key(), state);
        assert_eq!(
            stream.next_key(),
            Stream::from_state(DrawKey {
                call: state.call + 1,
                ..state
            })
            .next_key()
        );
        same.reseed(&mut rng);
        assert_ne!(stream.next_key().seed, same.next_key().seed);
    }
}
