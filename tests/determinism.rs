//! The same seed gives the same bits, again and again, on one thread and on two.

use std::path::Path;

use gradlet::prelude::*;
use gradlet::threads;
use gradlet_examples::data;
use gradlet_tests::nets::{TwoLayer, fit, weight_bits};

/// Losses and weights of one run, as bits.
type Bits = (Vec<u32>, Vec<u32>);

/// Three epochs of the digits net.
fn digits_run() -> Result<Bits> {
    let split = data::load(Path::new(data::DIGITS)).unwrap();
    let mut rng = gradlet::rng(7);
    let mut model = TwoLayer::new(0.5, &mut rng)?;
    let mut optimizer = Sgd::new(0.1).momentum(0.9);
    let mut losses = Vec::new();
    for _ in 0..3 {
        losses.extend(fit(
            &mut model,
            &mut optimizer,
            split.train.batches(32).shuffled(&mut rng),
        )?);
    }
    Ok((losses, weight_bits(&model)))
}

/// Five steps of 784-1024-1024-10 at batch 128, on random images.
fn wide_run() -> Result<Bits> {
    let mut rng = gradlet::rng(7);
    let mut model = sequential![
        Linear::new(784, 1024, &mut rng)?,
        Relu::new(),
        Dropout::new(0.5, &mut rng)?,
        Linear::new(1024, 1024, &mut rng)?,
        Relu::new(),
        Dropout::new(0.5, &mut rng)?,
        Linear::new(1024, 10, &mut rng)?,
    ];
    let images = Tensor::<f32>::uniform([640, 784], 0.0, 1.0, &mut rng)?;
    let labels = Tensor::<i64>::from_fn(640, |i| i as i64 % 10)?;
    let data = Dataset::new(images, labels)?;
    let losses = fit(
        &mut model,
        &mut Sgd::new(0.05).momentum(0.9),
        data.batches(128).shuffled(&mut rng),
    )?;
    Ok((losses, weight_bits(&model)))
}

/// The same bits in two runs on one thread and in two on two.
fn same_bits_everywhere(run: fn() -> Result<Bits>, steps: usize) {
    let first = threads::with(1, run).unwrap();
    assert_eq!(first.0.len(), steps);
    assert!(first.0.iter().all(|bits| f32::from_bits(*bits).is_finite()));
    assert!(first.0.first() != first.0.last() && !first.1.is_empty());
    for (name, count) in [
        ("one thread", 1),
        ("two threads", 2),
        ("two threads again", 2),
    ] {
        let (losses, weights) = threads::with(count, run).unwrap();
        assert_eq!(losses, first.0, "losses, {name}");
        assert!(weights == first.1, "weights, {name}");
    }
}

#[test]
fn the_digits_net_gives_the_same_bits_on_one_thread_and_on_two() {
    same_bits_everywhere(digits_run, 3 * 45);
}

#[test]
fn a_wide_net_gives_the_same_bits_on_one_thread_and_on_two() {
    same_bits_everywhere(wide_run, 5);
}

/// What makes the test above mean something: a helper did its share of the work.
#[test]
fn the_wide_net_keeps_two_threads_busy() {
    let before = threads::parts_run();
    threads::with(2, wide_run).unwrap();
    let after = threads::parts_run();
    let shares = [0, 1].map(|thread| after[thread] - before.get(thread).copied().unwrap_or(0));
    assert!(
        shares.iter().all(|parts| *parts >= 50),
        "parts of callers and helper: {shares:?}"
    );
}
