//! Reductions, running sums and sorting against loops over the elements that go together.

use gradlet::{Keep, Order, Result};
use proptest::prelude::*;

use crate::recipe::{Outcome, Tensor, fine, indices, recipe};

/// The elements that go together over the axes, in row-major order, for each index of the others.
fn groups(x: &Tensor, axes: &[usize]) -> Result<Vec<Vec<f64>>> {
    let sizes = |reduced: bool| -> Vec<usize> {
        let sizes = x.shape().iter().enumerate();
        sizes
            .map(|(axis, &size)| {
                if axes.contains(&axis) == reduced {
                    size
                } else {
                    1
                }
            })
            .collect()
    };
    let inner = indices(&sizes(true));
    let group = |outer: Vec<usize>| {
        let element = |inner: &Vec<usize>| {
            let at: Vec<usize> = outer.iter().zip(inner).map(|(a, b)| a + b).collect();
            x.at(&at)
        };
        inner.iter().map(element).collect()
    };
    indices(&sizes(false)).into_iter().map(group).collect()
}

/// Elements of a result are those of a fold: each within rounding, or both infinite or NaN.
fn same(name: &str, y: &Tensor, groups: &[Vec<f64>], fold: impl Fn(&[f64]) -> f64) -> Outcome {
    let expected: Vec<f64> = groups.iter().map(|group| fold(group)).collect();
    let near = |(a, &b): (f64, &f64)| {
        a == b || (a.is_nan() && b.is_nan()) || (a - b).abs() <= 1e-12 * (1.0 + b.abs())
    };
    prop_assert!(
        y.len() == expected.len() && y.iter().zip(&expected).all(near),
        "{name}: {y} instead of {expected:?}"
    );
    Ok(())
}

fn sum(group: &[f64]) -> f64 {
    group.iter().sum()
}

fn mean(group: &[f64]) -> f64 {
    sum(group) / group.len() as f64
}

fn variance(group: &[f64], correction: f64) -> f64 {
    let deviations = group.iter().map(|x| (x - mean(group)).powi(2));
    deviations.sum::<f64>() / (group.len() as f64 - correction).max(0.0)
}

fn norm(group: &[f64], p: f64) -> f64 {
    let sizes = group.iter().map(|x| x.abs());
    if p == 0.0 {
        sizes.filter(|&x| x != 0.0).count() as f64
    } else if p == f64::INFINITY {
        sizes.fold(0.0, f64::max)
    } else if p == f64::NEG_INFINITY {
        sizes.fold(f64::INFINITY, f64::min)
    } else {
        sizes.map(|x| x.powf(p)).sum::<f64>().powf(1.0 / p)
    }
}

fn largest(group: &[f64]) -> f64 {
    group.iter().copied().fold(f64::NEG_INFINITY, f64::max)
}

fn smallest(group: &[f64]) -> f64 {
    group.iter().copied().fold(f64::INFINITY, f64::min)
}

fn truth(holds: bool) -> f64 {
    f64::from(u8::from(holds))
}

/// The places of a group's elements in order; those of equal ones stay as they are.
fn order_of(group: &[f64], order: Order) -> Vec<usize> {
    let mut places: Vec<usize> = (0..group.len()).collect();
    // Insertion: each one goes before the first that has to come after it.
    for end in 1..places.len() {
        let before = |a: f64, b: f64| match order {
            Order::Ascending => a < b,
            Order::Descending => a > b,
        };
        let place = places[end];
        let goes = places[..end]
            .iter()
            .position(|&other| before(group[place], group[other]));
        places[goes.unwrap_or(end)..=end].rotate_right(1);
    }
    places
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn reductions_are_naive_folds(recipe in recipe(0..4), chosen in any::<u8>()) {
        let x = fine(recipe.make())?;
        let axes: Vec<usize> = (0..x.rank()).filter(|axis| chosen >> axis & 1 == 1).collect();
        let groups = fine(groups(&x, &axes))?;
        let named: Vec<isize> = axes.iter().map(|&axis| axis as isize).collect();
        let at = named.as_slice();
        same("sum", &fine(x.sum(at))?, &groups, sum)?;
        same("mean", &fine(x.mean(at))?, &groups, mean)?;
        same("prod", &fine(x.prod(at))?, &groups, |g| g.iter().product())?;
        same("logsumexp", &fine(x.logsumexp(at))?, &groups, |g| g.iter().map(|x| x.exp()).sum::<f64>().ln())?;
        for correction in [0.0, 1.0, 1.5] {
            same("var", &fine(x.var(at, correction))?, &groups, |g| variance(g, correction))?;
            same("std", &fine(x.std(at, correction))?, &groups, |g| variance(g, correction).sqrt())?;
        }
        for p in [0.0, 0.5, 1.0, 2.0, 3.0, -1.0] {
            same("norm", &fine(x.norm(p, at))?, &groups, |g| norm(g, p))?;
        }
        let positive = x.map(|x| x > 0.0);
        same("any", &fine(positive.any(at))?.cast(), &groups, |g| truth(g.iter().any(|&x| x > 0.0)))?;
        same("all", &fine(positive.all(at))?.cast(), &groups, |g| truth(g.iter().all(|&x| x > 0.0)))?;
        prop_assert_eq!(positive.count_true(), groups.iter().flatten().filter(|&&x| x > 0.0).count());
        if groups.iter().any(Vec::is_empty) {
            prop_assert!(x.max(at).is_err() && x.min(at).is_err() && x.norm(f64::INFINITY, at).is_err());
            return Ok(());
        }
        same("max", &fine(x.max(at))?, &groups, largest)?;
        same("min", &fine(x.min(at))?, &groups, smallest)?;
        for p in [f64::INFINITY, f64::NEG_INFINITY] {
            same("norm", &fine(x.norm(p, at))?, &groups, |g| norm(g, p))?;
        }
    }

    #[test]
    fn axes_that_are_kept_have_size_1(recipe in recipe(0..4), chosen in any::<u8>()) {
        let x = fine(recipe.make())?;
        let axes: Vec<isize> = (0..x.rank() as isize).filter(|axis| chosen >> axis & 1 == 1).collect();
        let at = axes.as_slice();
        let mut kept = x.shape().to_vec();
        axes.iter().for_each(|&axis| kept[axis as usize] = 1);
        for (whole, part) in [
            (x.sum(Keep(at)), x.sum(at)),
            (x.mean(Keep(at)), x.mean(at)),
            (x.prod(Keep(at)), x.prod(at)),
            (x.logsumexp(Keep(at)), x.logsumexp(at)),
            (x.var(Keep(at), 1.0), x.var(at, 1.0)),
            (x.std(Keep(at), 1.0), x.std(at, 1.0)),
            (x.norm(3.0, Keep(at)), x.norm(3.0, at)),
        ] {
            let (whole, part) = (fine(whole)?, fine(part)?);
            prop_assert_eq!(whole.shape(), kept.as_slice());
            let bits = |x: &Tensor| x.iter().map(f64::to_bits).collect::<Vec<_>>();
            prop_assert_eq!(bits(&whole), bits(&part));
        }
        let positive = x.map(|x| x > 0.0);
        prop_assert_eq!(fine(positive.any(Keep(at)))?, fine(fine(positive.any(at))?.reshape(&kept))?);
        prop_assert_eq!(fine(positive.all(Keep(at)))?, fine(fine(positive.all(at))?.reshape(&kept))?);
        if let (Ok(largest), Ok(smallest)) = (x.max(at), x.min(at)) {
            prop_assert_eq!(fine(x.max(Keep(at)))?, fine(largest.reshape(&kept))?);
            prop_assert_eq!(fine(x.min(Keep(at)))?, fine(smallest.reshape(&kept))?);
            prop_assert_eq!(fine(x.argmax(Keep(at)))?, fine(fine(x.argmax(at))?.reshape(&kept))?);
            prop_assert_eq!(fine(x.argmin(Keep(at)))?, fine(fine(x.argmin(at))?.reshape(&kept))?);
        }
    }

    #[test]
    fn what_goes_along_an_axis_is_a_loop(recipe in recipe(1..4), axis in 0..3usize, whole in any::<bool>()) {
        let x = fine(recipe.make())?;
        // Whole numbers are often equal.
        let x = if whole { x.round() } else { x };
        let axis = axis % x.rank();
        let (groups, at) = (fine(groups(&x, &[axis]))?, axis as isize);
        let (sums, soft, log) = (fine(x.cumsum(at))?, fine(x.softmax(at))?, fine(x.log_softmax(at))?);
        for i in 0..x.shape()[axis] {
            same("cumsum", &fine(sums.select(at, i))?, &groups, |g| sum(&g[..=i]))?;
            let total = |g: &[f64]| g.iter().map(|x| x.exp()).sum::<f64>();
            same("softmax", &fine(soft.select(at, i))?, &groups, |g| g[i].exp() / total(g))?;
            same("log_softmax", &fine(log.select(at, i))?, &groups, |g| g[i] - total(g).ln())?;
        }
        if groups.iter().any(Vec::is_empty) {
            prop_assert!(x.argmax(at).is_err() && x.argmin(at).is_err());
            return Ok(());
        }
        let first = |g: &[f64], value: f64| g.iter().position(|&x| x == value).unwrap_or(99) as f64;
        same("argmax", &fine(x.argmax(at))?.cast(), &groups, |g| first(g, largest(g)))?;
        same("argmin", &fine(x.argmin(at))?.cast(), &groups, |g| first(g, smallest(g)))?;
    }

    #[test]
    fn sorting_is_insertion(recipe in recipe(1..4), axis in 0..3usize, whole in any::<bool>(), k in 0..5usize) {
        let x = fine(recipe.make())?;
        // Whole numbers are often equal.
        let x = if whole { x.round() } else { x };
        let axis = axis % x.rank();
        let (groups, at, k) = (fine(groups(&x, &[axis]))?, axis as isize, k.min(x.shape()[axis]));
        for order in [Order::Ascending, Order::Descending] {
            let (values, places) = fine(x.sort(at, order))?;
            let (top, top_places) = fine(x.topk(k, at, order))?;
            prop_assert_eq!(&fine(x.argsort(at, order))?, &places);
            prop_assert_eq!((values.shape(), top.shape()[axis]), (x.shape(), k));
            let orders: Vec<Vec<usize>> = groups.iter().map(|group| order_of(group, order)).collect();
            for i in 0..x.shape()[axis] {
                let place: Vec<f64> = orders.iter().map(|order| order[i] as f64).collect();
                let value: Vec<f64> = groups.iter().zip(&orders).map(|(group, order)| group[order[i]]).collect();
                prop_assert_eq!(fine(values.select(at, i))?.to_vec(), &value[..]);
                prop_assert_eq!(fine(places.select(at, i))?.cast::<f64>().to_vec(), &place[..]);
                if i < k {
                    prop_assert_eq!(fine(top.select(at, i))?.to_vec(), value);
                    prop_assert_eq!(fine(top_places.select(at, i))?.cast::<f64>().to_vec(), place);
                }
            }
        }
    }
}
