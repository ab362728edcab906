//! Dropout's masks are independent and of the right rate, and the checks of that find masks that are not.

use gradlet::dropout::DrawKey;
use gradlet::prelude::*;
use gradlet_tests::audit::{Check, SHAPE, is_within_bound};

/// What the layers themselves keep: some from one generator, each in any of its calls.
fn layers(layer: usize, call: u64, p: f64) -> Vec<bool> {
    let mut rng = gradlet::rng(2026);
    let dropouts = (0..=layer).map(|_| Dropout::new(p, &mut rng).unwrap());
    let mut dropout = dropouts.last().unwrap();
    let state = dropout.source().state();
    dropout.source_mut().set_state(DrawKey { call, ..state });
    let x = Var::constant(Tensor::ones(SHAPE).unwrap());
    let y = dropout.forward(&x).unwrap();
    y.tensor().iter().map(|y| y != 0.0).collect()
}

#[test]
fn masks_pass_every_check() {
    let mut counts = 0;
    for check in Check::ALL {
        let (refused, made) = check.run(&layers);
        assert!(refused.is_empty(), "{check:?}: {refused:#?}");
        counts += made;
    }
    assert!(counts > 800 && is_within_bound(counts), "{counts} counts");
}

/// Takes element `from(i)` for element i.
fn rearranged(kept: &[bool], from: impl Fn(usize) -> usize) -> Vec<bool> {
    (0..kept.len()).map(|i| kept[from(i)]).collect()
}

/// What is wrong, which check must see it, and the sampler.
type Mutant = (&'static str, Check, fn(usize, u64, f64) -> Vec<bool>);

const OF_RATE: [Mutant; 4] = [
    ("p is 1 % too high", Check::Rate, |l, c, p| {
        layers(l, c, (p * 1.01).min(1.0))
    }),
    ("p is 1 % too low", Check::Rate, |l, c, p| {
        layers(l, c, p * 0.99)
    }),
    ("p has 8 binary digits", Check::Rate, |l, c, p| {
        layers(l, c, (p * 256.0).round() / 256.0)
    }),
    ("kept and dropped change places", Check::Rate, |l, c, p| {
        layers(l, c, 1.0 - p)
    }),
];

const OF_PLACE: [Mutant; 6] = [
    ("a neighbour is copied", Check::Neighbours, |l, c, p| {
        rearranged(&layers(l, c, p), |i| i & !1)
    }),
    ("a row is copied", Check::Rows, |l, c, p| {
        rearranged(&layers(l, c, p), |i| i & !SHAPE[1])
    }),
    ("a word is copied", Check::Words, |l, c, p| {
        rearranged(&layers(l, c, p), |i| i & !64)
    }),
    ("every block is the first", Check::Blocks, |l, c, p| {
        rearranged(&layers(l, c, p), |i| i % 16_384)
    }),
    ("one bit of each word is kept", Check::Bits, |l, c, p| {
        let bits = layers(l, c, p).into_iter().enumerate();
        bits.map(|(i, kept)| kept || i % 64 == 17).collect()
    }),
    ("no byte drops all", Check::Patterns, |l, c, p| {
        let mut kept = layers(l, c, p);
        for byte in kept.chunks_exact_mut(8) {
            byte[3] |= byte.iter().all(|kept| !kept);
        }
        kept
    }),
];

const OF_CALL: [Mutant; 3] = [
    ("a mask is used twice", Check::Calls, |l, c, p| {
        layers(l, c / 2, p)
    }),
    ("every other mask is turned", Check::Calls, |l, c, p| {
        let kept = layers(l, c / 2, p);
        kept.into_iter().map(|kept| kept != (c % 2 == 1)).collect()
    }),
    ("layers share one stream", Check::Layers, |_, c, p| {
        layers(0, c, p)
    }),
];

#[test]
fn every_check_rejects_its_mutants() {
    let mutants = || OF_RATE.iter().chain(&OF_PLACE).chain(&OF_CALL);
    for (name, check, mutant) in mutants() {
        let (refused, _) = check.run(mutant);
        assert!(!refused.is_empty(), "{check:?} does not see that {name}");
    }
    let unused = |check| !mutants().any(|(_, rejects, _)| rejects == check);
    assert!(!Check::ALL.iter().any(unused), "a check without a mutant");
}
