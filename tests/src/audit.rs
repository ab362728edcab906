//! Statistics of dropout's masks: checks of independence and rate, with a bound on how often they err.
//!
//! Each check counts something that is binomial if the bits are independent and kept with probability 1 - p. A count is
//! refused where Chernoff's bound, which holds for every size, gives it less than its
//! share of [`FALSE_ALARM`].

/// Rows and columns of the masks that are checked: 64 blocks of one generator each.
pub const SHAPE: [usize; 2] = [1024, 1024];

/// Elements that share one generator.
const BLOCK: usize = 16_384;

/// Probabilities that an element is dropped.
pub const RATES: [f64; 9] = [1e-6, 1e-3, 0.1, 0.3, 0.5, 0.7, 0.9, 0.999, 1.0 - 1e-6];

/// Counts that one run of all checks makes, at most: see [`is_within_bound`].
const COUNTS: usize = 1000;

/// The odds that all checks together refuse good masks.
pub const FALSE_ALARM: f64 = 1e-6;

/// The odds of one count.
const LEVEL: f64 = FALSE_ALARM / COUNTS as f64;

/// What is kept by a layer (counted among those of one generator) in a call, for a p.
pub type Sampler<'a> = dyn Fn(usize, u64, f64) -> Vec<bool> + 'a;

/// What one check looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    /// The number of elements kept.
    Rate,
    /// Elements next to each other.
    Neighbours,
    /// The same column of two rows.
    Rows,
    /// The same bit of two words.
    Words,
    /// The same place of two blocks of one generator each.
    Blocks,
    /// Each of a word's 64 bits.
    Bits,
    /// Each of the 256 patterns of 8 bits, at p = 0.5.
    Patterns,
    /// The same element in two calls.
    Calls,
    /// The same element of two layers.
    Layers,
}

impl Check {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Rate,
        Self::Neighbours,
        Self::Rows,
        Self::Words,
        Self::Blocks,
        Self::Bits,
        Self::Patterns,
        Self::Calls,
        Self::Layers,
    ];

    /// The counts that this check refuses, in words, and how many it made.
    pub fn run(self, sample: &Sampler<'_>) -> (Vec<String>, usize) {
        let mut refused = Vec::new();
        let mut counts = 0;
        for p in RATES {
            let kept = sample(0, 0, p);
            let mut count = |what: &str, hits: usize, of: usize, probability: f64| {
                counts += 1;
                if !is_plausible(hits, of, probability) {
                    refused.push(format!(
                        "p = {p}: {what}: {hits} of {of}, not {probability}"
                    ));
                }
            };
            let agree = p * p + (1.0 - p) * (1.0 - p);
            let mut pairs = |what: &str, a: &mut dyn Iterator<Item = bool>, b: &[bool]| {
                let hits = a.zip(b).filter(|(a, b)| a == *b).count();
                count(what, hits, b.len(), agree);
            };
            match self {
                Self::Rate => count("kept", ones(&kept), kept.len(), 1.0 - p),
                Self::Neighbours => apart(&kept, 1, &mut pairs),
                Self::Rows => apart(&kept, SHAPE[1], &mut pairs),
                Self::Words => apart(&kept, 64, &mut pairs),
                Self::Blocks => apart(&kept, BLOCK, &mut pairs),
                Self::Bits => {
                    for bit in 0..64 {
                        let lane: Vec<_> = kept.iter().skip(bit).step_by(64).copied().collect();
                        count(&format!("bit {bit}"), ones(&lane), lane.len(), 1.0 - p);
                    }
                }
                Self::Patterns if p == 0.5 => {
                    let mut seen = [0; 256];
                    let (bytes, _) = kept.as_chunks::<8>();
                    for byte in bytes {
                        seen[byte.iter().fold(0, |all, &bit| 2 * all + usize::from(bit))] += 1;
                    }
                    for (pattern, &hits) in seen.iter().enumerate() {
                        count(&format!("{pattern:08b}"), hits, bytes.len(), 1.0 / 256.0);
                    }
                }
                Self::Patterns => {}
                Self::Calls => pairs("two calls", &mut kept.into_iter(), &sample(0, 1, p)),
                Self::Layers => pairs("two layers", &mut kept.into_iter(), &sample(1, 0, p)),
            }
        }
        (refused, counts)
    }
}

/// Whether one run of all checks keeps to the bound on false alarms.
#[must_use]
pub fn is_within_bound(counts: usize) -> bool {
    counts <= COUNTS
}

fn ones(kept: &[bool]) -> usize {
    kept.iter().filter(|kept| **kept).count()
}

type Pairs<'a> = dyn FnMut(&str, &mut dyn Iterator<Item = bool>, &[bool]) + 'a;

/// Pairs elements at a distance, so that no element is in two pairs.
fn apart(kept: &[bool], distance: usize, pairs: &mut Pairs<'_>) {
    let chunks = || kept.chunks_exact(2 * distance);
    let first = chunks().flat_map(|chunk| chunk[..distance].iter().copied());
    let second: Vec<_> = chunks()
        .flat_map(|chunk| chunk[distance..].iter().copied())
        .collect();
    pairs(&format!("{distance} apart"), &mut { first }, &second);
}

/// Whether so many hits of a binomial are not refused: P(as far out) <= 2 exp(-n KL(hits / n, probability)).
fn is_plausible(hits: usize, of: usize, probability: f64) -> bool {
    let n = of as f64;
    let share = hits as f64 / n;
    let term = |a: f64, b: f64| {
        if a == 0.0 {
            0.0
        } else {
            a * gradlet::tensor::math::ln(a / b)
        }
    };
    let divergence = term(share, probability) + term(1.0 - share, 1.0 - probability);
    n * divergence <= gradlet::tensor::math::ln(2.0 / LEVEL)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bound_is_chernoffs() {
        // ln(2e9) = 21.416: sqrt(21.416 / 2 / 1e6) = 0.00327 away from a half.
        assert!(is_plausible(503_270, 1_000_000, 0.5) && is_plausible(496_730, 1_000_000, 0.5));
        assert!(!is_plausible(503_280, 1_000_000, 0.5) && !is_plausible(496_720, 1_000_000, 0.5));
        // (1 - 1e-3)^n for no hit at all: n = 21.416 / 0.0010005.
        assert!(is_plausible(0, 21_400, 1e-3) && !is_plausible(0, 21_410, 1e-3));
        assert!(is_plausible(10, 10, 1.0 - 1e-9) && !is_plausible(10, 10, 0.1));
    }
}
