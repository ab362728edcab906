//! What a check of gradients draws: arguments that fit a shape, inputs away from kinks and ties, and how they lie in
//! memory.

use gradlet::{Pcg64, Reduction, Result, rng};
use proptest::prelude::*;
use rand::RngExt;
use rand::seq::SliceRandom;

pub(crate) type Labels = gradlet::Tensor<i64>;
pub(crate) type Mask = gradlet::Tensor<bool>;
pub(crate) type Tensor = gradlet::Tensor<f64>;
pub(crate) type Var = gradlet::Var<f64>;

/// What makes a case of what is drawn.
type Make = fn(&mut Draw) -> Result<Case>;

/// A name that begins with that of the operation's file, and its cases.
pub(crate) type Entry = (&'static str, Make);

/// Inputs are multiples of this, and so are their sums and differences, while kinks are put halfway between two.
const STEP: f64 = 1.0 / 32.0;
/// The size of the smallest input, in steps: far from 0.
const SMALLEST: usize = 4;
/// How many sizes are shuffled at a time: inputs are below 2.2 unless there are more of them.
const DECK: usize = 64;

/// Where the arguments of a case come from: a shape, which they fit by construction, and random numbers.
pub(crate) struct Draw {
    shape: Vec<usize>,
    rng: Pcg64,
    dealt: usize,
    deck: Vec<usize>,
}

impl Draw {
    pub(crate) fn new(shape: &[usize], seed: u64) -> Self {
        let (shape, rng) = (shape.to_vec(), rng(seed));
        let (dealt, deck) = (0, Vec::new());
        Self {
            shape,
            rng,
            dealt,
            deck,
        }
    }

    /// The shape.
    pub(crate) fn shape(&self) -> Vec<usize> {
        self.shape.clone()
    }

    /// The shape's size along an axis, or 1 where it has fewer.
    pub(crate) fn size(&self, axis: usize) -> usize {
        self.shape.get(axis).copied().unwrap_or(1)
    }

    /// The shape with leading or trailing axes until it has so many.
    pub(crate) fn shape_of_rank(&self, rank: usize) -> Vec<usize> {
        (0..rank).map(|axis| self.size(axis)).collect()
    }

    /// A number from `low` to `high`, both included.
    pub(crate) fn between(&mut self, low: usize, high: usize) -> usize {
        self.rng.random_range(low..=high)
    }

    /// As [`between`](Self::between), for numbers that may be negative.
    pub(crate) fn signed(&mut self, low: isize, high: isize) -> isize {
        self.rng.random_range(low as i64..=high as i64) as isize
    }

    /// Whether a coin falls on one side.
    pub(crate) fn coin(&mut self) -> bool {
        self.rng.random_range(0..2) == 0
    }

    pub(crate) fn pick<X: Copy>(&mut self, of: &[X]) -> X {
        of[self.rng.random_range(0..of.len())]
    }

    pub(crate) fn reduction(&mut self) -> Reduction {
        self.pick(&[Reduction::Mean, Reduction::Sum, Reduction::None])
    }

    /// A place for a kink: between -2 and 2, and half a step away from every input, sum and difference.
    pub(crate) fn kink(&mut self) -> f64 {
        (self.signed(-64, 63) as f64 + 0.5) * STEP
    }

    /// The size of a kink: as [`kink`](Self::kink), and above 0.
    pub(crate) fn kink_size(&mut self) -> f64 {
        self.kink().abs()
    }

    /// An axis of so many; a scalar has an axis 0.
    pub(crate) fn axis(&mut self, rank: usize) -> usize {
        self.between(0, rank.max(1) - 1)
    }

    /// An axis as callers may name it: from the start, or from the end.
    pub(crate) fn named(&mut self, axis: usize, rank: usize) -> isize {
        let from_end = axis as isize - rank.max(1) as isize;
        if self.coin() { axis as isize } else { from_end }
    }

    /// Some of so many axes, in any order, each once.
    pub(crate) fn axes(&mut self, rank: usize) -> Vec<usize> {
        let mut axes: Vec<usize> = (0..rank).filter(|_| self.coin()).collect();
        axes.shuffle(&mut self.rng);
        axes
    }

    pub(crate) fn all_named(&mut self, axes: &[usize], rank: usize) -> Vec<isize> {
        axes.iter().map(|&axis| self.named(axis, rank)).collect()
    }

    /// All of so many axes, in any order.
    pub(crate) fn permutation(&mut self, rank: usize) -> Vec<usize> {
        let mut axes: Vec<usize> = (0..rank).collect();
        axes.shuffle(&mut self.rng);
        axes
    }

    /// A shape that broadcasts to the given one: without some of its leading axes, and with sizes 1 in others.
    pub(crate) fn part(&mut self, shape: &[usize]) -> Vec<usize> {
        let from = self.between(0, shape.len());
        let sizes = shape[from..].iter();
        sizes
            .map(|&size| if self.coin() { 1 } else { size })
            .collect()
    }

    /// Values of either sign, each of another size.
    pub(crate) fn input(&mut self, shape: &[usize]) -> Result<Tensor> {
        Tensor::from_fn(shape, |_| {
            let size = self.deal();
            if self.coin() { size } else { -size }
        })
    }

    fn deal(&mut self) -> f64 {
        if self.deck.is_empty() {
            self.deck = (self.dealt..self.dealt + DECK).collect();
            self.deck.shuffle(&mut self.rng);
        }
        self.dealt += 1;
        (SMALLEST + self.deck.pop().unwrap_or(0)) as f64 * STEP
    }

    /// Values from 0.5 to 2, of which no gradient is asked: weights of classes and the like.
    pub(crate) fn weights(&mut self, shape: &[usize]) -> Result<Tensor> {
        Tensor::from_fn(shape, |_| self.rng.random_range(0.5..2.0))
    }

    /// Indices below a size, some of them repeated; the size is not 0 unless the shape is empty.
    pub(crate) fn indices(&mut self, shape: &[usize], size: usize) -> Result<Labels> {
        Labels::from_fn(shape, |_| self.rng.random_range(0..size as i64))
    }

    pub(crate) fn mask(&mut self, shape: &[usize]) -> Result<Mask> {
        Mask::from_fn(shape, |_| self.coin())
    }

    /// A function of one input of the shape.
    pub(crate) fn unary(&mut self, f: impl Fn(&Var) -> Result<Var> + 'static) -> Result<Case> {
        let x = self.input(&self.shape())?;
        Ok(Case::new([x], move |x| f(&x[0])))
    }

    /// A function of two inputs of the shape.
    pub(crate) fn alike(
        &mut self,
        f: impl Fn(&Var, &Var) -> Result<Var> + 'static,
    ) -> Result<Case> {
        let shape = self.shape();
        let inputs = [self.input(&shape)?, self.input(&shape)?];
        Ok(Case::new(inputs, move |x| f(&x[0], &x[1])))
    }

    /// A function of two inputs, either or both of which are repeated to the shape.
    pub(crate) fn pair(&mut self, f: impl Fn(&Var, &Var) -> Result<Var> + 'static) -> Result<Case> {
        let shape = self.shape();
        let shapes = [self.part(&shape), self.part(&shape)];
        let [left, right] = match self.between(0, 2) {
            0 => [&shape, &shapes[1]],
            1 => [&shapes[0], &shape],
            _ => [&shapes[0], &shapes[1]],
        };
        let inputs = [self.input(left)?, self.input(right)?];
        Ok(Case::new(inputs, move |x| f(&x[0], &x[1])))
    }
}

/// Sizes small enough that a product of several checks fast.
pub(crate) fn small(d: &Draw, axis: usize) -> usize {
    d.size(axis).min(2)
}

/// A function of an input and one of its axes.
pub(crate) fn along(
    d: &mut Draw,
    f: impl Fn(&Var, isize) -> Result<Var> + 'static,
) -> Result<Case> {
    let rank = d.shape().len();
    let axis = d.axis(rank);
    let named = d.named(axis, rank);
    d.unary(move |x| f(x, named))
}

/// As `along`, with at least `least` elements along the axis, no two of which are equal.
pub(crate) fn along_apart(
    d: &mut Draw,
    least: usize,
    f: impl Fn(&Var, isize) -> Result<Var> + 'static,
) -> Result<Case> {
    let mut shape = d.shape();
    let axis = d.axis(shape.len());
    if let Some(size) = shape.get_mut(axis) {
        *size = (*size).max(least);
    }
    let named = d.named(axis, shape.len());
    let x = d.input(&shape)?;
    Ok(Case::new([x], move |x| f(&x[0], named)).apart([axis]))
}

/// How the inputs of a case lie in memory.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Way {
    Plain,
    /// With their axes in reverse order.
    Reversed,
    /// As every other element of something larger.
    Gaps,
    /// One element, or slice, for all indices of one axis: this one of those that may be repeated.
    Repeated(usize),
    /// As overlapping windows of one vector.
    Shared,
    /// Without a gradient for this one, where there are several.
    Constant(usize),
}

pub(crate) fn ways() -> impl Strategy<Value = Way> {
    prop_oneof![
        Just(Way::Plain),
        Just(Way::Reversed),
        Just(Way::Gaps),
        (0..3usize).prop_map(Way::Repeated),
        Just(Way::Shared),
        (0..3usize).prop_map(Way::Constant),
    ]
}

type Function = Box<dyn Fn(&[Var]) -> Result<Var>>;
type View = Box<dyn Fn(&Var) -> Result<Var>>;

/// An operation with its arguments, as a function of what it is differentiated by.
pub(crate) struct Case {
    pub(crate) inputs: Vec<Tensor>,
    pub(crate) f: Function,
    apart: Vec<usize>,
}

impl Case {
    pub(crate) fn new(
        inputs: impl Into<Vec<Tensor>>,
        f: impl Fn(&[Var]) -> Result<Var> + 'static,
    ) -> Self {
        let (inputs, f, apart) = (inputs.into(), Box::new(f), Vec::new());
        Self { inputs, f, apart }
    }

    /// Where equal elements along these axes would tie.
    pub(crate) fn apart(self, axes: impl Into<Vec<usize>>) -> Self {
        let apart = axes.into();
        Self { apart, ..self }
    }

    /// The same, as a function of other inputs that its own are views of.
    pub(crate) fn seen(self, way: Way) -> Result<Self> {
        match way {
            Way::Plain => Ok(self),
            Way::Reversed => self.through(|x| {
                let axes: Vec<isize> = (0..x.rank() as isize).rev().collect();
                let turned = x.permute(&axes)?.contiguous();
                Ok((turned, Box::new(move |x| x.permute(&axes))))
            }),
            Way::Gaps => self.through(|x| {
                let wide = Tensor::stack(&[&x.ones_like(), x], -1)?;
                Ok((wide, Box::new(|x| x.select(-1, 1))))
            }),
            Way::Repeated(which) => {
                let apart = self.apart.clone();
                self.through(|x| repeated(x, which, &apart))
            }
            Way::Shared => self.shared(),
            Way::Constant(which) => Ok(self.constant(which)),
        }
    }

    fn through(self, mut view: impl FnMut(&Tensor) -> Result<(Tensor, View)>) -> Result<Self> {
        let seen = self.inputs.iter().map(&mut view);
        let (inputs, views): (Vec<_>, Vec<_>) =
            seen.collect::<Result<Vec<_>>>()?.into_iter().unzip();
        let f = self.f;
        Ok(Self::new(inputs, move |x| {
            let seen = x.iter().zip(&views).map(|(x, view)| view(x));
            f(&seen.collect::<Result<Vec<_>>>()?)
        }))
    }

    fn shared(self) -> Result<Self> {
        let values: Vec<f64> = self.inputs.iter().flat_map(Tensor::to_vec).collect();
        let (mut windows, mut end) = (Vec::new(), 0);
        for (start, x) in self.inputs.iter().enumerate() {
            let start = start.min(values.len() - x.len());
            windows.push((start, *x.shape()));
            end = end.max(start + x.len());
        }
        let vector = Tensor::from_slice(&values[..end], end)?;
        let f = self.f;
        Ok(Self::new([vector], move |x| {
            let view = |&(start, shape): &(usize, gradlet::Shape)| {
                x[0].narrow(0, start, shape.numel())?.reshape(shape)
            };
            f(&windows.iter().map(view).collect::<Result<Vec<_>>>()?)
        }))
    }

    fn constant(self, which: usize) -> Self {
        let Self { mut inputs, f, .. } = self;
        if inputs.len() < 2 {
            return Self::new(inputs, f);
        }
        let at = which % inputs.len();
        let constant = Var::constant(inputs.remove(at));
        Self::new(inputs, move |x| {
            let mut all = x.to_vec();
            all.insert(at, constant.clone());
            f(&all)
        })
    }
}

/// Of an axis that may be repeated, where there is one, the first element.
fn repeated(x: &Tensor, which: usize, apart: &[usize]) -> Result<(Tensor, View)> {
    let shape = *x.shape();
    let longer = |axis: &usize| x.shape()[*axis] > 1 && !apart.contains(axis);
    let axes: Vec<usize> = (0..x.rank()).filter(longer).collect();
    let once = match axes.len() {
        0 => x.clone(),
        several => x.narrow(axes[which % several] as isize, 0, 1)?.contiguous(),
    };
    Ok((once, Box::new(move |x| x.broadcast_to(shape))))
}
