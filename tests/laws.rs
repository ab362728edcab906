//! Laws that hold for every tensor: of algebra, of views and copies, of broadcasting, and reductions and products against
//! loops that anybody can read.

use std::error::Error;

use gradlet::{Result, Shape, Tensor, rng};
use proptest::prelude::*;

/// How a tensor lies in memory.
#[derive(Clone, Copy, Debug)]
enum Lies {
    Contiguous,
    Reversed,
    Gaps,
    Repeated,
}

/// What a tensor is made from.
#[derive(Clone, Debug)]
struct Recipe {
    shape: Vec<usize>,
    lies: Lies,
    seed: u64,
}

impl Recipe {
    fn make(&self) -> Result<Tensor<f64>> {
        let normal = |shape: &[usize]| Tensor::<f64>::normal(shape, 0.0, 1.0, &mut rng(self.seed));
        let axes: Vec<isize> = (0..self.shape.len() as isize).rev().collect();
        let turned: Vec<usize> = self.shape.iter().rev().copied().collect();
        match self.lies {
            Lies::Contiguous => normal(&self.shape),
            Lies::Reversed => normal(&turned)?.permute(&axes),
            Lies::Gaps => normal(&[self.shape.as_slice(), &[2]].concat())?.select(-1, 1),
            Lies::Repeated => {
                let once: Vec<usize> = self
                    .shape
                    .iter()
                    .enumerate()
                    .map(|(axis, &size)| if axis % 2 == 0 { 1 } else { size })
                    .collect();
                normal(&once)?.broadcast_to(self.shape.as_slice())
            }
        }
    }
}

fn lies() -> impl Strategy<Value = Lies> {
    prop_oneof![
        Just(Lies::Contiguous),
        Just(Lies::Reversed),
        Just(Lies::Gaps),
        Just(Lies::Repeated)
    ]
}

fn recipe(ranks: std::ops::Range<usize>) -> impl Strategy<Value = Recipe> {
    (
        prop::collection::vec(0..5usize, ranks),
        lies(),
        any::<u64>(),
    )
        .prop_map(|(shape, lies, seed)| Recipe { shape, lies, seed })
}

/// Two shapes that broadcast, made from one by making sizes 1 and leaving out leading axes.
fn pair() -> impl Strategy<Value = (Recipe, Recipe)> {
    let sizes = prop::collection::vec(0..4usize, 0..4);
    (
        sizes,
        any::<u8>(),
        any::<u8>(),
        lies(),
        lies(),
        any::<u64>(),
    )
        .prop_map(|(shape, ones_a, ones_b, lies_a, lies_b, seed)| {
            let part = |ones: u8| -> Vec<usize> {
                let from = usize::from(ones >> 6).min(shape.len());
                let sizes = shape.iter().enumerate().skip(from);
                sizes
                    .map(|(axis, &size)| if ones >> axis & 1 == 1 { 1 } else { size })
                    .collect()
            };
            let make = |ones, lies, seed| Recipe {
                shape: part(ones),
                lies,
                seed,
            };
            (make(ones_a, lies_a, seed), make(ones_b, lies_b, seed ^ 1))
        })
}

/// Every index of a shape, in row-major order.
fn indices(shape: &[usize]) -> Vec<Vec<usize>> {
    shape.iter().fold(vec![vec![]], |all, &size| {
        let longer = |index: Vec<usize>| (0..size).map(move |i| [index.as_slice(), &[i]].concat());
        all.into_iter().flat_map(longer).collect()
    })
}

/// The elements that a reduction over `axis` puts together, for each index of the result.
fn groups(x: &Tensor<f64>, axis: usize) -> Result<Vec<Vec<f64>>> {
    let mut outer = x.shape().to_vec();
    let size = outer.remove(axis);
    indices(&outer)
        .into_iter()
        .map(|index| {
            let at = |i| {
                let mut place = index.clone();
                place.insert(axis, i);
                x.at(&place)
            };
            (0..size).map(at).collect()
        })
        .collect()
}

fn close(a: &Tensor<f64>, b: &Tensor<f64>) -> std::result::Result<(), TestCaseError> {
    prop_assert!(a.allclose(b, 1e-12, 1e-12), "{a} differs from {b}");
    Ok(())
}

fn fine<X>(result: Result<X>) -> std::result::Result<X, TestCaseError> {
    result.map_err(|error| TestCaseError::fail(error.to_string()))
}

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
        prop_assert!(left.allclose(&right, 1e-12, 1e-12));
    }

    #[test]
    fn broadcasting_is_explicit_expansion((a, b) in pair()) {
        let (a, b) = (fine(a.make())?, fine(b.make())?);
        let sum = fine(a.add(&b))?;
        let wide = |x: &Tensor<f64>| x.broadcast_to(sum.dims()).map(|x| x.contiguous());
        let (wide_a, wide_b) = (fine(wide(&a))?, fine(wide(&b))?);
        prop_assert_eq!(&sum, &fine(wide_a.add(&wide_b))?);
        let less = fine(a.lt(&b))?;
        prop_assert_eq!(&less, &fine(wide_a.lt(&wide_b))?);
        prop_assert_eq!(fine(Tensor::where_cond(&less, &a, &b))?, fine(wide_a.minimum(&wide_b))?);
        let names: Vec<f64> = indices(sum.shape()).iter().map(|index| {
            wide_a.at(index).and_then(|x| Ok(x + wide_b.at(index)?)).unwrap_or(f64::NAN)
        }).collect();
        prop_assert_eq!(sum.to_vec(), names);
    }

    #[test]
    fn a_view_computes_what_its_copy_does(recipe in recipe(0..4)) {
        let x = fine(recipe.make())?;
        let copy = fine(Tensor::from_vec(x.to_vec(), x.dims()))?;
        for f in [Tensor::exp, Tensor::abs, Tensor::tanh, Tensor::round, Tensor::erf, Tensor::square] {
            prop_assert_eq!(f(&x), f(&copy));
        }
        close(&fine(x.sum(..))?, &fine(copy.sum(..))?)?;
        prop_assert_eq!(x.clamp(Some(-0.5), Some(0.5)), copy.clamp(Some(-0.5), Some(0.5)));
        prop_assert_eq!(x.flatten(), copy.flatten());
        prop_assert_eq!(x.to_vec(), copy.to_vec());
    }

    #[test]
    fn reductions_are_naive_folds(recipe in recipe(1..4), axis in 0..3usize) {
        let x = fine(recipe.make())?;
        let axis = axis % x.rank();
        let (groups, at) = (fine(groups(&x, axis))?, axis as isize);
        let of = |f: &dyn Fn(&[f64]) -> f64| -> Vec<f64> { groups.iter().map(|group| f(group)).collect() };
        let same = |y: Tensor<f64>, f: &dyn Fn(&[f64]) -> f64| {
            let expected = of(f);
            let near = |(a, b): (f64, &f64)| a == *b || (a - b).abs() <= 1e-12 * (1.0 + b.abs());
            prop_assert!(y.len() == expected.len() && y.iter().zip(&expected).all(near), "{} {:?}", y, expected);
            Ok(())
        };
        same(fine(x.sum(at))?, &|g| g.iter().sum())?;
        same(fine(x.prod(at))?, &|g| g.iter().product())?;
        same(fine(x.norm(2.0, at))?, &|g| g.iter().map(|x| x * x).sum::<f64>().sqrt())?;
        same(fine(x.norm(1.0, at))?, &|g| g.iter().map(|x| x.abs()).sum())?;
        if x.shape()[axis] == 0 {
            return Ok(());
        }
        let mean = |g: &[f64]| g.iter().sum::<f64>() / g.len() as f64;
        same(fine(x.mean(at))?, &mean)?;
        same(fine(x.var(at, 0.0))?, &|g| g.iter().map(|x| (x - mean(g)).powi(2)).sum::<f64>() / g.len() as f64)?;
        same(fine(x.max(at))?, &|g| g.iter().copied().fold(f64::NEG_INFINITY, f64::max))?;
        same(fine(x.min(at))?, &|g| g.iter().copied().fold(f64::INFINITY, f64::min))?;
        same(fine(x.logsumexp(at))?, &|g| g.iter().map(|x| x.exp()).sum::<f64>().ln())?;
        let first_largest = |g: &[f64]| {
            let largest = g.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            g.iter().position(|&x| x == largest).unwrap_or(0) as f64
        };
        same(fine(x.argmax(at))?.cast(), &first_largest)?;
        let positive = x.map(|x| x > 0.0);
        same(fine(positive.any(at))?.cast(), &|g| f64::from(u8::from(g.iter().any(|&x| x > 0.0))))?;
        same(fine(positive.all(at))?.cast(), &|g| f64::from(u8::from(g.iter().all(|&x| x > 0.0))))?;
    }

    #[test]
    fn products_of_matrices_are_naive_sums(
        [m, k, n] in [0..7usize, 0..7, 0..7], lies_a in lies(), lies_b in lies(), seed in any::<u64>(),
    ) {
        let a = fine(Recipe { shape: vec![m, k], lies: lies_a, seed }.make())?;
        let b = fine(Recipe { shape: vec![k, n], lies: lies_b, seed: seed ^ 1 }.make())?;
        let mut naive = Vec::new();
        for index in indices(&[m, n]) {
            let products = (0..k).map(|l| Ok(a.at(&[index[0], l])? * b.at(&[l, index[1]])?));
            naive.push(fine(products.sum::<Result<f64>>())?);
        }
        let naive = fine(Tensor::from_vec(naive, [m, n]))?;
        close(&fine(a.matmul(&b))?, &naive)?;
        close(&fine(gradlet::tensor::einsum("ij,jk->ik", &[&a, &b]))?, &naive)?;
        close(&fine(gradlet::tensor::einsum("ij,jk->ki", &[&a, &b]))?, &fine(naive.t())?)?;
    }
}

#[test]
fn the_recipes_make_what_they_say() -> std::result::Result<(), Box<dyn Error>> {
    for lies in [Lies::Contiguous, Lies::Reversed, Lies::Gaps, Lies::Repeated] {
        let x = Recipe {
            shape: vec![3, 2],
            lies,
            seed: 1,
        }
        .make()?;
        assert_eq!(x.dims(), Shape::from([3, 2]));
        assert_eq!(
            x.as_slice().is_some(),
            matches!(lies, Lies::Contiguous),
            "{lies:?}"
        );
    }
    Ok(())
}
