//! How many numbers are in each of TensorFlow's buckets.

use std::iter::successors;

use gradlet_tensor::{Element, Tensor};

use super::message::Message;
use crate::reason::Reasoned;

/// The limits of the buckets are 0 and, with either sign, this number times powers of `GROWTH` up to `LARGEST`.
const SMALLEST: f64 = 1e-12;
const LARGEST: f64 = 1e20;
const GROWTH: f64 = 1.1;

/// The upper limits, ascending. The first and the last bucket take whatever is beyond.
fn limits() -> Vec<f64> {
    let positive = successors(Some(SMALLEST), |limit| Some(limit * GROWTH));
    let positive: Vec<f64> = positive.take_while(|limit| *limit < LARGEST).collect();
    let negative = positive.iter().rev().map(|limit| -limit);
    let ascending = negative.chain([0.0]).chain(positive.iter().copied());
    ascending.chain([f64::MAX]).collect()
}

/// TensorBoard's `HistogramProto`, without the empty buckets on both sides.
pub(super) fn histogram<T: Element>(x: &Tensor<T>) -> Reasoned<Message> {
    let (mut min, mut max) = (f64::INFINITY, f64::NEG_INFINITY);
    let (mut sum, mut squares, mut odd) = (0.0, 0.0, 0);
    let limits = limits();
    let mut counts = vec![0.0; limits.len()];
    for x in x.iter().map(T::to_f64) {
        if !x.is_finite() {
            odd += 1;
            continue;
        }
        (min, max) = (x.min(min), x.max(max));
        sum += x;
        squares += x * x;
        // The largest number is below no limit.
        let bucket = limits.partition_point(|limit| *limit <= x);
        counts[bucket.min(limits.len() - 1)] += 1.0;
    }
    if odd > 0 {
        let count = x.len();
        return Err(format!("{odd} of its {count} numbers are not finite"));
    }
    let is_filled = |bucket: &usize| counts[*bucket] > 0.0;
    let Some(first) = (0..counts.len()).find(is_filled) else {
        return Err("a tensor without elements has none".to_owned());
    };
    // A row of empty buckets becomes one, up to the limit of its last.
    let buckets = (first..counts.len()).filter(|bucket| {
        is_filled(bucket) || counts.get(bucket + 1).is_some_and(|next| *next > 0.0)
    });
    let (limits, counts): (Vec<f64>, Vec<f64>) = buckets
        .map(|bucket| (limits[bucket], counts[bucket]))
        .unzip();
    let message = Message::default().double(1, min).double(2, max);
    let message = message.double(3, x.len() as f64);
    let message = message.double(4, sum).double(5, squares);
    let message = message.doubles(6, &limits);
    Ok(message.doubles(7, &counts))
}
