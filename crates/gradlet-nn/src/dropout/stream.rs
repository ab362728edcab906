//! [`Stream`]: the source of a layer's random numbers.

use std::sync::atomic::{AtomicU64, Ordering};

use gradlet_autograd::replayable;
use gradlet_tensor::DrawKey;
use rand::{Rng, RngExt};

/// A layer's own sequence of draws: a seed taken once from the user's generator, and a counter.
///
/// Each draw has its own key. So nothing is shared or locked, and a layer's draws do not depend on other layers. A
/// clone draws the same as the original; call [`reseed`](Stream::reseed) for different draws.
#[derive(Debug)]
pub struct Stream {
    seed: u64,
    calls: AtomicU64,
}

impl Stream {
    /// A new stream, seeded with one number from this generator.
    pub fn fork(rng: &mut (impl Rng + ?Sized)) -> Self {
        Self {
            seed: rng.random(),
            calls: AtomicU64::new(0),
        }
    }

    /// The key of the next draw. When a [`checkpoint`](gradlet_autograd::checkpoint) computes something again, this is
    /// the key that was drawn there before, and the stream stays where it is.
    pub fn next_key(&self) -> DrawKey {
        replayable(|| DrawKey {
            seed: self.seed,
            call: self.calls.fetch_add(1, Ordering::Relaxed),
        })
    }

    /// The key that the next draw will have; it is the whole state of the stream, for
    /// [`from_state`](Stream::from_state).
    pub fn state(&self) -> DrawKey {
        DrawKey {
            seed: self.seed,
            call: self.calls.load(Ordering::Relaxed),
        }
    }

    /// A stream that draws this key next.
    pub fn from_state(state: DrawKey) -> Self {
        Self {
            seed: state.seed,
            calls: AtomicU64::new(state.call),
        }
    }

    /// Starts a new stream, seeded with a number from this generator.
    pub fn reseed(&mut self, rng: &mut (impl Rng + ?Sized)) {
        *self = Self::fork(rng);
    }
}

impl Clone for Stream {
    fn clone(&self) -> Self {
        Self::from_state(self.state())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gradlet_tensor::rng;

    #[test]
    fn a_clone_continues_and_a_fork_parts() {
        let mut rng = rng(1);
        let stream = Stream::fork(&mut rng);
        stream.next_key();
        let mut clone = stream.clone();
        assert_eq!(stream.next_key(), clone.next_key());
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
        clone.reseed(&mut rng);
        assert_ne!(stream.next_key().seed, clone.next_key().seed);
    }
}
