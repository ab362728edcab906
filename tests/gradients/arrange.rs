//! The same elements in different places: joined, flipped, padded, cut to triangles, sorted.

use gradlet::{Order, Result};

use crate::draw::{Case, Draw, Entry, Var, along_apart};
use crate::view::plane;

/// A function of a matrix, or of several behind each other.
fn matrices(d: &mut Draw, f: impl Fn(&Var) -> Result<Var> + 'static) -> Result<Case> {
    let x = d.input(&d.shape_of_rank(d.shape().len().max(2)))?;
    Ok(Case::new([x], move |x| f(&x[0])))
}

/// A few Vars whose sizes differ along an axis at most.
fn several(d: &mut Draw, f: fn(&[&Var], isize) -> Result<Var>, differ: bool) -> Result<Case> {
    let shape = d.shape_of_rank(d.shape().len().max(usize::from(differ)));
    let axis = d.between(0, if differ { shape.len() - 1 } else { shape.len() });
    let places = if differ { shape.len() } else { shape.len() + 1 };
    let named = d.named(axis, places);
    let mut inputs = Vec::new();
    for _ in 0..d.between(1, 3) {
        let mut shape = shape.clone();
        if differ {
            shape[axis] = d.between(0, 2);
        }
        inputs.push(d.input(&shape)?);
    }
    Ok(Case::new(inputs, move |x| {
        f(&x.iter().collect::<Vec<_>>(), named)
    }))
}

fn order(d: &mut Draw) -> Order {
    d.pick(&[Order::Ascending, Order::Descending])
}

type Pad = fn(&Var, &[(usize, usize)]) -> Result<Var>;

/// Borders around some of the last axes, which have room for them.
fn bordered(d: &mut Draw, f: Pad) -> Result<Case> {
    let shape = d.shape();
    let mut pairs = Vec::new();
    for &size in shape.iter().rev().take(d.between(0, shape.len())) {
        let most = size.saturating_sub(1).min(2);
        pairs.push((d.between(0, most), d.between(0, most)));
    }
    d.unary(move |x| f(x, &pairs))
}

pub(crate) const ENTRIES: &[Entry] = &[
    ("border pad_reflect", |d| bordered(d, Var::pad_reflect)),
    ("border pad_replicate", |d| bordered(d, Var::pad_replicate)),
    ("border pad_circular", |d| bordered(d, Var::pad_circular)),
    ("cat", |d| several(d, Var::cat, true)),
    ("cat stack", |d| several(d, Var::stack, false)),
    ("cat with itself", |d| {
        d.unary(|x| Var::cat(&[&x.flatten(..)?, &x.flatten(..)?], 0))
    }),
    ("diag", |d| {
        let (rank, diagonal) = (d.between(1, 2), d.signed(-4, 4));
        let x = d.input(&d.shape_of_rank(rank))?;
        Ok(Case::new([x], move |x| x[0].diag(diagonal)))
    }),
    ("diag diag_embed", |d| {
        let (mut shape, offset, [a, b]) = plane(d);
        shape.pop();
        let x = d.input(&shape)?;
        Ok(Case::new([x], move |x| x[0].diag_embed(offset, a, b)))
    }),
    ("flip", |d| {
        let rank = d.shape().len();
        let axes = d.axes(rank);
        let axes = d.all_named(&axes, rank);
        d.unary(move |x| x.flip(&axes))
    }),
    ("meshgrid", |d| {
        let sizes = d.shape();
        let vectors = sizes.iter().take(3).map(|&size| d.input(&[size]));
        let mut inputs = vectors.collect::<Result<Vec<_>>>()?;
        inputs.push(d.input(&[])?);
        let of = if d.coin() {
            Var::meshgrid
        } else {
            Var::meshgrid_xy
        };
        let all = move |x: &[Var]| of(&x.iter().collect::<Vec<_>>());
        Ok(Case::new(inputs, move |x| {
            all(x)?
                .iter()
                .skip(1)
                .try_fold(all(x)?[0].clone(), |y, x| y.mul(x))
        }))
    }),
    ("pad", |d| {
        let shape = d.shape();
        let reached = d.between(0, shape.len());
        let mut pairs = Vec::new();
        for &size in shape.iter().rev().take(reached) {
            let before = d.signed(-(size as isize), 2);
            let left = size as isize + before.min(0);
            pairs.push((before, d.signed(-left, 2)));
        }
        d.unary(move |x| x.pad(&pairs, 0.5))
    }),
    ("repeat", |d| {
        let new = d.between(0, 1);
        let counts: Vec<usize> = (0..new + d.shape().len())
            .map(|_| d.between(0, 2))
            .collect();
        d.unary(move |x| x.repeat(&counts))
    }),
    ("roll", |d| {
        let rank = d.shape().len();
        let mut axes = d.axes(rank);
        // An axis may be named twice.
        axes.extend(axes.first().copied());
        let shifts: Vec<isize> = axes.iter().map(|_| d.signed(-5, 5)).collect();
        let axes = d.all_named(&axes, rank);
        d.unary(move |x| x.roll(&shifts, &axes))
    }),
    ("roll flat", |d| {
        let shift = d.signed(-30, 30);
        d.unary(move |x| Ok(x.roll_flat(shift)))
    }),
    ("tril", |d| {
        let diagonal = d.signed(-4, 4);
        matrices(d, move |x| x.tril(diagonal))
    }),
    ("tril triu", |d| {
        let diagonal = d.signed(-4, 4);
        matrices(d, move |x| x.triu(diagonal))
    }),
    ("sort", |d| {
        let order = order(d);
        along_apart(d, 0, move |x, axis| Ok(x.sort(axis, order)?.0))
    }),
    ("sort topk", |d| {
        let (order, k) = (order(d), d.between(0, 3));
        // Of a scalar there is one element to take.
        let k = if d.shape().is_empty() { 1 } else { k };
        along_apart(d, k, move |x, axis| Ok(x.topk(k, axis, order)?.0))
    }),
];
