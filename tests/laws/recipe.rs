//! Tensors that lie in memory in every way a view can, made for a shape, and how they are compared.

use std::ops::Range;

use gradlet::{Result, rng};
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;

pub(crate) type Tensor = gradlet::Tensor<f64>;
pub(crate) type Outcome = std::result::Result<(), TestCaseError>;

/// What a tensor is a view of: another one, with..
#[derive(Clone, Copy, Debug)]
pub(crate) enum Lies {
    /// its axes in reverse order
    Reversed,
    /// one more axis, of which one index is taken
    Gaps,
    /// size 1 along every other axis
    Repeated,
    /// more elements on both ends of each axis
    Inside,
    /// an element more behind each one along an axis
    Steps,
}

impl Lies {
    /// The shape of what is looked at, for a view of a shape.
    fn inside(self, shape: &[usize]) -> Vec<usize> {
        let mut inside = shape.to_vec();
        match self {
            Self::Reversed => inside.reverse(),
            Self::Gaps => inside.push(2),
            Self::Repeated => inside.iter_mut().step_by(2).for_each(|size| *size = 1),
            Self::Inside => inside.iter_mut().for_each(|size| *size += 2),
            Self::Steps => inside.iter_mut().take(1).for_each(|size| *size *= 2),
        }
        inside
    }

    fn view(self, x: &Tensor, shape: &[usize]) -> Result<Tensor> {
        let mut axes = 0..shape.len() as isize;
        match self {
            Self::Reversed => x.permute(&axes.rev().collect::<Vec<_>>()),
            Self::Gaps => x.select(-1, 1),
            Self::Repeated => x.broadcast_to(shape),
            Self::Inside => {
                axes.try_fold(x.clone(), |x, axis| x.narrow(axis, 1, shape[axis as usize]))
            }
            Self::Steps if shape.is_empty() => Ok(x.clone()),
            Self::Steps => x.slice(0, 1.., 2),
        }
    }

    /// Where in what is looked at an element of the view stands.
    fn place(self, at: &[usize]) -> Vec<usize> {
        let mut place = at.to_vec();
        match self {
            Self::Reversed => place.reverse(),
            Self::Gaps => place.push(1),
            Self::Repeated => place.iter_mut().step_by(2).for_each(|i| *i = 0),
            Self::Inside => place.iter_mut().for_each(|i| *i += 1),
            Self::Steps => place.iter_mut().take(1).for_each(|i| *i = 2 * *i + 1),
        }
        place
    }
}

/// What a tensor is made from.
#[derive(Clone, Debug)]
pub(crate) struct Recipe {
    pub(crate) shape: Vec<usize>,
    /// The last one looks at memory of its own.
    pub(crate) lies: Vec<Lies>,
    pub(crate) seed: u64,
}

/// A tensor of a shape, made from what it looks at.
type Look = fn(Lies, &Tensor, &[usize]) -> Result<Tensor>;

impl Recipe {
    pub(crate) fn make(&self) -> Result<Tensor> {
        self.seen(&self.shape, &self.lies, Lies::view)
    }

    /// The same elements without views: copied from where the recipe says that they stand.
    pub(crate) fn copied(&self) -> Result<Tensor> {
        self.seen(&self.shape, &self.lies, |lies, x, shape| {
            let indices = indices(shape);
            let elements: Result<Vec<f64>> =
                indices.iter().map(|at| x.at(&lies.place(at))).collect();
            Tensor::from_slice(elements?, shape)
        })
    }

    fn seen(&self, shape: &[usize], lies: &[Lies], look: Look) -> Result<Tensor> {
        match lies.split_first() {
            None => Tensor::normal(shape, 0.0, 1.0, &mut rng(self.seed)),
            Some((first, rest)) => {
                let x = self.seen(&first.inside(shape), rest, look)?;
                look(*first, &x, shape)
            }
        }
    }
}

pub(crate) fn lies() -> impl Strategy<Value = Vec<Lies>> {
    let one = prop_oneof![
        Just(Lies::Reversed),
        Just(Lies::Gaps),
        Just(Lies::Repeated),
        Just(Lies::Inside),
        Just(Lies::Steps),
    ];
    prop::collection::vec(one, 0..4)
}

pub(crate) fn recipe(ranks: Range<usize>) -> impl Strategy<Value = Recipe> {
    (
        prop::collection::vec(0..5usize, ranks),
        lies(),
        any::<u64>(),
    )
        .prop_map(|(shape, lies, seed)| Recipe { shape, lies, seed })
}

/// Two shapes that broadcast, made from one by making sizes 1 and leaving out leading axes.
pub(crate) fn pair() -> impl Strategy<Value = (Recipe, Recipe)> {
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
pub(crate) fn indices(shape: &[usize]) -> Vec<Vec<usize>> {
    shape.iter().fold(vec![vec![]], |all, &size| {
        let longer = |index: Vec<usize>| (0..size).map(move |i| [index.as_slice(), &[i]].concat());
        all.into_iter().flat_map(longer).collect()
    })
}

pub(crate) fn close(a: &Tensor, b: &Tensor) -> Outcome {
    prop_assert!(a.allclose(b, 1e-12, 1e-12), "{a} differs from {b}");
    Ok(())
}

pub(crate) fn fine<X>(result: Result<X>) -> std::result::Result<X, TestCaseError> {
    result.map_err(|error| TestCaseError::fail(error.to_string()))
}
