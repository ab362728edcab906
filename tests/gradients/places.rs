//! Operations that move elements: into another shape, to other places, beside others, and by index.

use gradlet::Result;

use crate::draw::{Case, Draw, Entry, Labels, Var};

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

/// A function of a matrix, or of several behind each other.
fn matrices(d: &mut Draw, f: impl Fn(&Var) -> Result<Var> + 'static) -> Result<Case> {
    let x = d.input(&d.shape_of_rank(d.shape().len().max(2)))?;
    Ok(Case::new([x], move |x| f(&x[0])))
}

/// Vars as one vector, in another order than they came in, so that each gets a gradient of its own.
fn joined(parts: Vec<Var>) -> Result<Var> {
    let flat: Vec<Var> = parts.iter().rev().map(Var::flatten).collect();
    Var::cat(&flat.iter().collect::<Vec<_>>(), 0)
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

pub(crate) const SHAPES: &[Entry] = &[
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
    ("cat", |d| several(d, Var::cat, true)),
    ("cat stack", |d| several(d, Var::stack, false)),
    ("cat with itself", |d| {
        d.unary(|x| Var::cat(&[&x.flatten(), &x.flatten()], 0))
    }),
    ("diag", |d| {
        let (rank, diagonal) = (d.between(1, 2), d.signed(-4, 4));
        let x = d.input(&d.shape_of_rank(rank))?;
        Ok(Case::new([x], move |x| x[0].diag(diagonal)))
    }),
    ("flip", |d| {
        let rank = d.shape().len();
        let axes = d.axes(rank);
        let axes = d.all_named(&axes, rank);
        d.unary(move |x| x.flip(&axes))
    }),
    ("narrow", |d| {
        along(d, |d, size| {
            let start = d.between(0, size);
            let length = d.between(0, size - start);
            Ok(Box::new(move |x, axis| x.narrow(axis, start, length)))
        })
    }),
    ("narrow select", |d| {
        let mut shape = d.shape_of_rank(d.shape().len().max(1));
        let axis = d.axis(shape.len());
        shape[axis] = shape[axis].max(1);
        let (index, named) = (d.between(0, shape[axis] - 1), d.named(axis, shape.len()));
        let x = d.input(&shape)?;
        Ok(Case::new([x], move |x| x[0].select(named, index)))
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
    ("permute", |d| {
        let rank = d.shape().len();
        let axes = d.permutation(rank);
        let axes = d.all_named(&axes, rank);
        d.unary(move |x| x.permute(&axes))
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
    ("repeat", |d| {
        let new = d.between(0, 1);
        let counts: Vec<usize> = (0..new + d.shape().len())
            .map(|_| d.between(0, 2))
            .collect();
        d.unary(move |x| x.repeat(&counts))
    }),
    ("reshape", |d| {
        let size = d.shape().iter().product();
        let sizes = factors(d, size);
        d.unary(move |x| x.reshape(&sizes))
    }),
    ("reshape flatten", |d| d.unary(|x| Ok(x.flatten()))),
    ("reshape flatten_from", |d| {
        let rank = d.shape().len();
        let axis = d.axis(rank);
        let axis = d.named(axis, rank);
        d.unary(move |x| x.flatten_from(axis))
    }),
    ("reshape flatten_axes", |d| {
        let rank = d.shape().len();
        let (start, end) = (d.axis(rank), d.axis(rank));
        let (start, end) = (d.named(start.min(end), rank), d.named(start.max(end), rank));
        d.unary(move |x| x.flatten_axes(start, end))
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
    ("reshape squeeze_axes", |d| {
        let rank = d.shape().len();
        let axes = d.axes(rank);
        let axes = d.all_named(&axes, rank);
        d.unary(move |x| {
            x.squeeze_axes(&axes)?
                .add(&x.squeeze_axes(&axes)?.squeeze_all().sum(..)?)
        })
    }),
    ("reshape squeeze_all", |d| d.unary(|x| Ok(x.squeeze_all()))),
    ("reshape unsqueeze", |d| {
        let places = d.shape().len() + 1;
        let axis = d.axis(places);
        let axis = d.named(axis, places);
        d.unary(move |x| x.unsqueeze(axis))
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
    ("slice", |d| {
        along(d, |d, size| {
            let size = size as isize;
            let (from, to) = (d.signed(-size - 1, size + 1), d.signed(-size - 1, size + 1));
            let step = d.between(1, 3);
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
    ("tril", |d| {
        let diagonal = d.signed(-4, 4);
        matrices(d, move |x| x.tril(diagonal))
    }),
    ("tril triu", |d| {
        let diagonal = d.signed(-4, 4);
        matrices(d, move |x| x.triu(diagonal))
    }),
];

/// Shapes of a source and of indices into it along an axis, which is named: along the others there are at most as many
/// indices as elements.
fn picked(d: &mut Draw) -> (Vec<usize>, Vec<usize>, usize, isize) {
    let mut shape = d.shape();
    let axis = d.axis(shape.len());
    let mut indices: Vec<usize> = shape.iter().map(|&size| d.between(0, size)).collect();
    if let (Some(size), Some(count)) = (shape.get_mut(axis), indices.get_mut(axis)) {
        *size = (*size).max(1);
        *count = d.between(0, 4);
    }
    let named = d.named(axis, shape.len());
    (shape, indices, axis, named)
}

pub(crate) const PICKS: &[Entry] = &[
    ("gather", |d| {
        let (shape, indices, axis, named) = picked(d);
        let indices = d.indices(&indices, shape.get(axis).copied().unwrap_or(1))?;
        let x = d.input(&shape)?;
        Ok(Case::new([x], move |x| x[0].gather(named, &indices)))
    }),
    ("gather take_along", |d| {
        let (all, _, axis, named) = picked(d);
        // Sizes of 1 are repeated, of the source and of the indices.
        let once = |d: &mut Draw| -> Vec<usize> {
            all.iter()
                .map(|&size| if d.coin() { 1 } else { size })
                .collect()
        };
        let (mut shape, mut indices) = (once(d), once(d));
        if let (Some(size), Some(count)) = (shape.get_mut(axis), indices.get_mut(axis)) {
            (*size, *count) = (all[axis], d.between(0, 4));
        }
        let indices = d.indices(&indices, shape.get(axis).copied().unwrap_or(1))?;
        let x = d.input(&shape)?;
        Ok(Case::new([x], move |x| x[0].take_along(named, &indices)))
    }),
    ("index_select", |d| {
        let (shape, _, axis, named) = picked(d);
        let count = if shape.is_empty() { 1 } else { d.between(0, 4) };
        let indices = d.indices(&[count], shape.get(axis).copied().unwrap_or(1))?;
        let x = d.input(&shape)?;
        Ok(Case::new([x], move |x| x[0].index_select(named, &indices)))
    }),
    ("scatter_add", |d| {
        let (shape, indices, axis, named) = picked(d);
        // A source may be larger than the indices.
        let source: Vec<usize> = indices.iter().map(|&size| size + d.between(0, 1)).collect();
        let indices = d.indices(&indices, shape.get(axis).copied().unwrap_or(1))?;
        let inputs = [d.input(&shape)?, d.input(&source)?];
        Ok(Case::new(inputs, move |x| {
            x[0].scatter_add(named, &indices, &x[1])
        }))
    }),
    ("embedding", |d| {
        let (rows, columns) = (d.between(1, 3), d.size(0));
        let indices = d.shape();
        let indices = d.indices(&indices, rows)?;
        let weight = d.input(&[rows, columns])?;
        Ok(Case::new([weight], move |x| x[0].embedding(&indices)))
    }),
    ("embedding padded", |d| {
        let (rows, columns) = (d.between(1, 3), d.size(0));
        let indices = d.shape();
        let indices = d.indices(&indices, rows)?;
        let padding = d.axis(rows);
        let named = d.named(padding, rows);
        // Its row learns nothing, although the result depends on it: so it must not depend on the input.
        let rows: Vec<i64> = (0..rows as i64).collect();
        let fixed = Labels::from_vec(&rows, [rows.len(), 1])?.map(|row| row == padding as i64);
        let weight = d.input(&[rows.len(), columns])?;
        Ok(Case::new([weight], move |x| {
            x[0].masked_fill(&fixed, 0.5)?
                .embedding_padded(&indices, named)
        }))
    }),
];
