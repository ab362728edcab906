//! The same elements in a different shape or order, or some of them.

use gradlet::Result;

use crate::draw::{Case, Draw, Entry, Var};

/// A function of an input and of one of its axes, as callers may name it.
type Along = Box<dyn Fn(&Var, isize) -> Result<Var>>;

/// A function of an input with at least one axis, and of one of these.
fn along(d: &mut Draw, f: impl FnOnce(&mut Draw, usize) -> Result<Along>) -> Result<Case> {
    let shape = d.shape_of_rank(d.shape().len().max(1));
    let axis = d.axis(shape.len());
    let f = f(d, shape[axis])?;
    let named = d.named(axis, shape.len());
    let x = d.input(&shape)?;
    Ok(Case::new([x], move |x| f(&x[0], named)))
}

/// Vars as one vector, in another order than they came in, so that each gets a gradient of its own.
fn joined(parts: Vec<Var>) -> Result<Var> {
    let flat: Vec<_> = parts
        .iter()
        .rev()
        .map(|part| part.flatten(..))
        .collect::<Result<_>>()?;
    Var::cat(&flat.iter().collect::<Vec<_>>(), 0)
}

/// Sizes whose product is the given one.
fn factors(d: &mut Draw, size: usize) -> Vec<usize> {
    let divisors: Vec<usize> = (1..=size)
        .filter(|divisor| size.is_multiple_of(*divisor))
        .collect();
    if divisors.is_empty() {
        return vec![d.between(0, 2), 0];
    }
    let first = d.pick(&divisors);
    vec![first, 1, size / first]
}

/// A shape of at least two axes, an offset, and two of the axes, as callers may name them.
pub(crate) fn plane(d: &mut Draw) -> (Vec<usize>, isize, [isize; 2]) {
    let shape = d.shape_of_rank(d.shape().len().max(2));
    let axes = d.permutation(shape.len());
    let named = d.all_named(&axes[..2], shape.len());
    (shape, d.signed(-3, 3), [named[0], named[1]])
}

pub(crate) const ENTRIES: &[Entry] = &[
    ("broadcast", |d| {
        let shape = d.shape();
        let part = d.part(&shape);
        let x = d.input(&part)?;
        Ok(Case::new([x], move |x| x[0].broadcast_to(&shape)))
    }),
    ("broadcast expand", |d| {
        let shape = d.shape();
        let part = d.part(&shape);
        let new = shape.len() - part.len();
        let keep = |(axis, &size): (usize, &usize)| {
            if axis >= new && part[axis - new] == size {
                -1
            } else {
                size as isize
            }
        };
        let sizes: Vec<isize> = shape.iter().enumerate().map(keep).collect();
        let x = d.input(&part)?;
        Ok(Case::new([x], move |x| x[0].expand(&sizes)))
    }),
    ("diagonal", |d| {
        let (shape, offset, [a, b]) = plane(d);
        let x = d.input(&shape)?;
        Ok(Case::new([x], move |x| x[0].diagonal(offset, a, b)))
    }),
    ("diagonal trace", |d| {
        let x = d.input(&d.shape_of_rank(d.shape().len().max(2)))?;
        Ok(Case::new([x], |x| x[0].trace()))
    }),
    ("narrow", |d| {
        along(d, |d, size| {
            let start = d.between(0, size);
            let length = d.between(0, size - start);
            let from_end = start as isize - size as isize;
            let start = if from_end < 0 && d.coin() {
                from_end
            } else {
                start as isize
            };
            Ok(Box::new(move |x, axis| x.narrow(axis, start, length)))
        })
    }),
    ("narrow select", |d| {
        let mut shape = d.shape_of_rank(d.shape().len().max(1));
        let axis = d.axis(shape.len());
        shape[axis] = shape[axis].max(1);
        let (index, named) = (d.axis(shape[axis]), d.named(axis, shape.len()));
        let index = d.named(index, shape[axis]);
        let x = d.input(&shape)?;
        Ok(Case::new([x], move |x| x[0].select(named, index)))
    }),
    ("permute", |d| {
        let rank = d.shape().len();
        let axes = d.permutation(rank);
        let axes = d.all_named(&axes, rank);
        d.unary(move |x| x.permute(&axes))
    }),
    ("permute moveaxis", |d| {
        let rank = d.shape().len();
        let [from, mut to] = [d.permutation(rank), d.permutation(rank)];
        to.truncate(d.between(0, rank));
        let [from, to] = [&from[..to.len()], &to].map(|axes| d.all_named(axes, rank));
        d.unary(move |x| x.moveaxis(&from, &to))
    }),
    ("permute transpose", |d| {
        let shape = d.shape_of_rank(d.shape().len().max(1));
        let (a, b) = (d.axis(shape.len()), d.axis(shape.len()));
        let (a, b) = (d.named(a, shape.len()), d.named(b, shape.len()));
        let x = d.input(&shape)?;
        Ok(Case::new([x], move |x| x[0].transpose(a, b)))
    }),
    ("permute t", |d| {
        let x = d.input(&d.shape_of_rank(2))?;
        Ok(Case::new([x], |x| x[0].t()))
    }),
    ("reshape", |d| {
        let size = d.shape().iter().product();
        let sizes = factors(d, size);
        d.unary(move |x| x.reshape(&sizes))
    }),
    ("reshape flatten", |d| d.unary(|x| x.flatten(..))),
    ("reshape flatten", |d| {
        let rank = d.shape().len();
        let axis = d.axis(rank);
        let axis = d.named(axis, rank);
        d.unary(move |x| x.flatten(axis..))
    }),
    ("reshape flatten", |d| {
        let rank = d.shape().len();
        let (start, end) = (d.axis(rank), d.axis(rank));
        let (start, end) = (d.named(start.min(end), rank), d.named(start.max(end), rank));
        d.unary(move |x| x.flatten(start..=end))
    }),
    ("reshape unflatten", |d| {
        along(d, |d, size| {
            let sizes = factors(d, size);
            Ok(Box::new(move |x, axis| x.unflatten(axis, &sizes)))
        })
    }),
    ("reshape squeeze", |d| {
        let rank = d.shape().len();
        let axis = d.axis(rank);
        let axis = d.named(axis, rank);
        d.unary(move |x| x.squeeze(axis))
    }),
    ("reshape squeeze", |d| {
        let rank = d.shape().len();
        let axes = d.axes(rank);
        let axes = d.all_named(&axes, rank);
        d.unary(move |x| {
            x.squeeze(&axes)?
                .add(&x.squeeze(&axes)?.squeeze(..)?.sum(..)?)
        })
    }),
    ("reshape squeeze", |d| d.unary(|x| x.squeeze(..))),
    ("reshape unsqueeze", |d| {
        let places = d.shape().len() + 1;
        let axis = d.axis(places);
        let axis = d.named(axis, places);
        d.unary(move |x| x.unsqueeze(axis))
    }),
    ("slice", |d| {
        along(d, |d, size| {
            let size = size as isize;
            let (from, to) = (d.signed(-size - 1, size + 1), d.signed(-size - 1, size + 1));
            let step = d.pick(&[1, 2, 3, -1, -2, -3]);
            Ok(Box::new(move |x, axis| x.slice(axis, from..to, step)))
        })
    }),
    ("slice split", |d| {
        along(d, |d, _| {
            let size = d.between(1, 4);
            Ok(Box::new(move |x, axis| joined(x.split(size, axis)?)))
        })
    }),
    ("slice split_sizes", |d| {
        along(d, |d, size| {
            let first = d.between(0, size);
            let second = d.between(0, size - first);
            let sizes = [first, second, size - first - second];
            Ok(Box::new(move |x, axis| {
                joined(x.split_sizes(&sizes, axis)?)
            }))
        })
    }),
    ("slice chunk", |d| {
        along(d, |d, _| {
            let count = d.between(1, 4);
            Ok(Box::new(move |x, axis| joined(x.chunk(count, axis)?)))
        })
    }),
    ("windows", |d| {
        along(d, |d, size| {
            let (size, step) = (d.between(0, size), d.between(1, 3));
            Ok(Box::new(move |x, axis| x.windows(axis, size, step)))
        })
    }),
];
