//! Laws that hold for every tensor: of algebra, of views and copies, of broadcasting, and reductions and products against
//! loops that anybody can read.
#![allow(
    clippy::disallowed_methods,
    reason = "the functions are compared with the system's"
)]

mod folds;
mod recipe;
mod slopes;

use std::error::Error;

use gradlet::tensor::{einsum, math};
use gradlet::{Result, Shape};
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;

use recipe::{Lies, Outcome, Recipe, Tensor, close, fine, indices, lies, pair, recipe};

type Mask = gradlet::Tensor<bool>;

/// A name, an operation on tensors, and what it is for one pair of elements.
type Pairwise<X, Y> = (
    &'static str,
    fn(&gradlet::Tensor<X>, &gradlet::Tensor<X>) -> Result<gradlet::Tensor<Y>>,
    fn(X, X) -> Y,
);

/// As [`Pairwise`], for an operation that writes into the first tensor.
type Assigning = (
    &'static str,
    fn(&mut Tensor, &Tensor) -> Result<()>,
    fn(f64, f64) -> f64,
);

const BINARY: [Pairwise<f64, f64>; 9] = [
    ("add", Tensor::add, |a, b| a + b),
    ("sub", Tensor::sub, |a, b| a - b),
    ("mul", Tensor::mul, |a, b| a * b),
    ("div", Tensor::div, |a, b| a / b),
    ("pow", |a, b| a.abs().pow(b), |a, b| math::pow(a.abs(), b)),
    ("maximum", Tensor::maximum, f64::max),
    ("minimum", Tensor::minimum, f64::min),
    ("div_floor", Tensor::div_floor, |a, b| (a / b).floor()),
    ("div_trunc", Tensor::div_trunc, |a, b| (a / b).trunc()),
];

const ASSIGNING: [Assigning; 4] = [
    ("add_assign", Tensor::add_assign, |a, b| a + b),
    ("sub_assign", Tensor::sub_assign, |a, b| a - b),
    ("mul_assign", Tensor::mul_assign, |a, b| a * b),
    ("div_assign", Tensor::div_assign, |a, b| a / b),
];

const COMPARISONS: [Pairwise<f64, bool>; 6] = [
    ("eq", Tensor::eq, |a, b| a == b),
    ("ne", Tensor::ne, |a, b| a != b),
    ("lt", Tensor::lt, |a, b| a < b),
    ("le", Tensor::le, |a, b| a <= b),
    ("gt", Tensor::gt, |a, b| a > b),
    ("ge", Tensor::ge, |a, b| a >= b),
];

const LOGIC: [Pairwise<bool, bool>; 3] = [
    ("logical_and", Mask::logical_and, |a, b| a & b),
    ("logical_or", Mask::logical_or, |a, b| a | b),
    ("logical_xor", Mask::logical_xor, |a, b| a ^ b),
];

/// Every pair of elements that broadcasting puts together, in row-major order.
fn pairs(a: &Tensor, b: &Tensor) -> std::result::Result<(Shape, Vec<(f64, f64)>), TestCaseError> {
    let shape = fine(Shape::broadcast(a.shape(), b.shape()))?;
    let element = |x: &Tensor, at: &[usize]| {
        let own = &at[at.len() - x.rank()..];
        let own = own.iter().zip(x.shape());
        let own: Vec<usize> = own
            .map(|(&i, &size)| if size == 1 { 0 } else { i })
            .collect();
        x.at(&own)
    };
    let pair = |at: Vec<usize>| Ok((element(a, &at)?, element(b, &at)?));
    let pairs: Result<Vec<_>> = indices(&shape).into_iter().map(pair).collect();
    Ok((shape, fine(pairs)?))
}

/// The product of two matrices behind leading axes, some of which have size 1.
fn naive_product(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    let (lead, [m, k], n) = (
        a.rank() - 2,
        [a.shape()[a.rank() - 2], a.shape()[a.rank() - 1]],
        b.shape()[b.rank() - 1],
    );
    let sizes: Vec<usize> = a.shape()[..lead]
        .iter()
        .zip(b.shape())
        .map(|(&a, &b)| if a == 1 { b } else { a })
        .collect();
    let shape = [sizes.as_slice(), &[m, n]].concat();
    let element = |x: &Tensor, at: &[usize], row, column| {
        let own = at.iter().zip(x.shape());
        let own: Vec<usize> = own
            .map(|(&i, &size)| if size == 1 { 0 } else { i })
            .collect();
        x.at(&[own.as_slice(), &[row, column]].concat())
    };
    let sum = |at: Vec<usize>| -> Result<f64> {
        let (at, row, column) = (&at[..lead], at[lead], at[lead + 1]);
        (0..k)
            .map(|l| Ok(element(a, at, row, l)? * element(b, at, l, column)?))
            .sum()
    };
    let elements: Result<Vec<f64>> = indices(&shape).into_iter().map(sum).collect();
    Tensor::from_slice(elements?, &shape)
}

fn equal(name: &str, a: &Tensor, b: &Tensor) -> Outcome {
    let bits = |x: &Tensor| x.iter().map(f64::to_bits).collect::<Vec<_>>();
    prop_assert!(
        a.shape() == b.shape() && bits(a) == bits(b),
        "{name}: {a} differs from {b}"
    );
    Ok(())
}

type Map = fn(&Tensor) -> Tensor;

proptest! {
    // Nothing is written beside the sources; a failure prints its input.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn sums_and_products_commute_to_the_bit((a, b) in pair()) {
        let (a, b) = (fine(a.make())?, fine(b.make())?);
        prop_assert_eq!(fine(a.add(&b))?, fine(b.add(&a))?);
        prop_assert_eq!(fine(a.mul(&b))?, fine(b.mul(&a))?);
        prop_assert_eq!(fine(a.maximum(&b))?, fine(b.maximum(&a))?);
        prop_assert_eq!(fine(a.minimum(&b))?, fine(b.minimum(&a))?);
        prop_assert_eq!(fine(a.sub(&b))?, -fine(b.sub(&a))?);
    }

    #[test]
    fn products_distribute_over_sums((a, b) in pair()) {
        let (a, b) = (fine(a.make())?, fine(b.make())?);
        let left = fine(a.mul(&fine(a.add(&b))?))?;
        let right = fine(fine(a.mul(&a))?.add(&fine(a.mul(&b))?))?;
        close(&left, &right)?;
        // With a term that is no product: a factor that is wrong everywhere shows here alone.
        let left = fine(a.mul(&b.add_scalar(1.0)))?;
        let right = fine(fine(a.mul(&b))?.add(&a))?;
        close(&left, &right)?;
    }

    #[test]
    fn broadcasting_is_a_loop_over_pairs((a, b) in pair(), whole in any::<bool>()) {
        let (a, b) = (fine(a.make())?, fine(b.make())?);
        // Whole numbers are often equal.
        let (a, b) = if whole { (a.round().add_scalar(0.5), b.round().add_scalar(0.5)) } else { (a, b) };
        let (shape, pairs) = pairs(&a, &b)?;
        let of = |f: &dyn Fn(f64, f64) -> f64| Tensor::from_slice(pairs.iter().map(|&(a, b)| f(a, b)).collect::<Vec<_>>(), shape);
        let truths = |f: &dyn Fn(f64, f64) -> bool| -> Vec<bool> { pairs.iter().map(|&(a, b)| f(a, b)).collect() };
        for (name, op, f) in BINARY {
            equal(name, &fine(op(&a, &b))?, &fine(of(&f))?)?;
        }
        for (name, op, f) in COMPARISONS {
            prop_assert_eq!(fine(op(&a, &b))?.to_vec(), truths(&f), "{}", name);
        }
        let positive = [&a, &b].map(|x| x.map(|x| x > 0.0));
        for (name, op, f) in LOGIC {
            prop_assert_eq!(fine(op(&positive[0], &positive[1]))?.to_vec(), truths(&|a, b| f(a > 0.0, b > 0.0)), "{}", name);
        }
        let chosen = fine(Tensor::where_cond(&positive[0], &a, &b))?;
        equal("where_cond", &chosen, &fine(of(&|a, b| if a > 0.0 { a } else { b }))?)?;
        equal("masked_fill", &fine(a.masked_fill(&positive[1], 7.0))?, &fine(of(&|a, b| if b > 0.0 { 7.0 } else { a }))?)?;
        if shape == *a.shape() {
            for (name, op, f) in ASSIGNING {
                let mut y = a.clone();
                fine(op(&mut y, &b))?;
                equal(name, &y, &fine(of(&f))?)?;
            }
        }
        let wide = fine(a.broadcast_to(shape))?;
        equal("broadcast_to", &wide, &fine(of(&|a, _| a))?)?;
        let sums = fine(wide.sum_to(*a.shape()))?.mul_scalar(a.len() as f64);
        close(&sums, &a.mul_scalar(shape.numel() as f64))?;
    }

    #[test]
    fn a_view_holds_what_its_copy_does(recipe in recipe(0..4)) {
        let (x, copy) = (fine(recipe.make())?, fine(recipe.copied())?);
        equal("to_vec", &fine(Tensor::from_slice(x.to_vec(), *x.shape()))?, &copy)?;
        equal("contiguous", &x.contiguous(), &copy)?;
        equal("flatten", &x.flatten(..)?, &copy.flatten(..)?)?;
        for at in indices(x.shape()) {
            prop_assert_eq!(fine(x.at(&at))?, fine(copy.at(&at))?);
        }
        prop_assert_eq!(x.iter().collect::<Vec<_>>(), copy.to_vec());
        let mut written = x.clone();
        written.map_in_place(|x| 2.0 * x);
        equal("map_in_place", &written, &copy.mul_scalar(2.0))?;
        written.make_mut_slice().fill(0.0);
        equal("a view after writing to another", &x, &copy)?;
    }

    #[test]
    fn a_view_computes_what_its_copy_does(recipe in recipe(0..4)) {
        let (x, copy) = (fine(recipe.make())?, fine(recipe.copied())?);
        let functions: [(&str, Map); 8] = [
            ("exp", Tensor::exp), ("abs", Tensor::abs), ("tanh", Tensor::tanh), ("round", Tensor::round),
            ("erf", Tensor::erf), ("square", Tensor::square), ("sin", Tensor::sin), ("sign", Tensor::sign),
        ];
        for (name, f) in functions {
            equal(name, &f(&x), &f(&copy))?;
        }
        for (name, op, _) in BINARY {
            equal(name, &fine(op(&x, &copy))?, &fine(op(&copy, &copy))?)?;
            equal(name, &fine(op(&copy, &x))?, &fine(op(&copy, &copy))?)?;
            equal(name, &fine(op(&x, &x))?, &fine(op(&copy, &copy))?)?;
        }
        equal("clamp", &x.clamp(Some(-0.5), Some(0.5)), &copy.clamp(Some(-0.5), Some(0.5)))?;
        close(&fine(x.sum(..))?, &fine(copy.sum(..))?)?;
    }

    #[test]
    fn products_of_matrices_are_naive_sums(
        [m, k, n] in [0..40usize, 0..40, 0..40], lies_a in lies(), lies_b in lies(), seed in any::<u64>(),
    ) {
        let a = fine(Recipe { shape: vec![m, k], lies: lies_a, seed }.make())?;
        let b = fine(Recipe { shape: vec![k, n], lies: lies_b, seed: seed ^ 1 }.make())?;
        let naive = fine(naive_product(&a, &b))?;
        close(&fine(a.matmul(&b))?, &naive)?;
        close(&fine(einsum("ij,jk->ik", &[&a, &b]))?, &naive)?;
        close(&fine(einsum("ij,jk->ki", &[&a, &b]))?, &fine(naive.t())?)?;
        close(&fine(a.linear(&fine(b.t())?, None))?, &naive)?;
        if n > 0 {
            let column = fine(b.select(1, 0))?;
            close(&fine(a.matmul(&column))?, &fine(naive.select(1, 0))?)?;
        }
        if m > 0 {
            let row = fine(a.select(0, 0))?;
            close(&fine(row.matmul(&b))?, &fine(naive.select(0, 0))?)?;
        }
    }

    #[test]
    fn products_of_batches_are_naive_sums(
        [p, q] in [0..3usize, 0..3], [m, k, n] in [0..6usize, 0..6, 0..6], lies_a in lies(), lies_b in lies(), seed in any::<u64>(),
    ) {
        let make = |shape: [usize; 4], lies, seed| Recipe { shape: shape.to_vec(), lies, seed }.make();
        let (a, b) = (fine(make([p, 1, m, k], lies_a, seed))?, fine(make([1, q, k, n], lies_b, seed ^ 1))?);
        let naive = fine(naive_product(&a, &b))?;
        close(&fine(a.matmul(&b))?, &naive)?;
        close(&fine(a.matmul(&fine(b.squeeze(0))?))?, &naive)?;
        if p == 1 {
            let (a, b) = (fine(fine(a.squeeze(0))?.broadcast_to([q, m, k]))?, fine(b.squeeze(0))?);
            close(&fine(a.bmm(&b))?, &fine(naive.squeeze(0))?)?;
            close(&fine(einsum("bij,bjk->bik", &[&a, &b]))?, &fine(naive.squeeze(0))?)?;
        }
    }
}

#[test]
fn the_recipes_make_what_they_say() -> std::result::Result<(), Box<dyn Error>> {
    for lies in [
        vec![],
        vec![Lies::Reversed],
        vec![Lies::Gaps],
        vec![Lies::Repeated],
        vec![Lies::Inside],
        vec![Lies::Steps],
        vec![Lies::Inside, Lies::Reversed, Lies::Steps],
    ] {
        let shape = vec![3, 2];
        let contiguous = lies.is_empty();
        let x = Recipe {
            shape,
            lies: lies.clone(),
            seed: 1,
        }
        .make()?;
        assert_eq!(*x.shape(), Shape::from([3, 2]));
        assert_eq!(x.as_slice().is_some(), contiguous, "{lies:?}");
    }
    Ok(())
}
