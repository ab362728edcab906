//! Elements picked by tensors of indices, or written to by them.

use gradlet::{Result, Scatter, Shape};

use crate::draw::{Case, Draw, Entry, Labels, Tensor};

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

/// A target and slices for it, their axis, which is named, and indices of the target, some of them repeated.
fn sliced(d: &mut Draw) -> Result<([Tensor; 2], isize, Labels)> {
    let (shape, _, axis, named) = picked(d);
    let (mut source, mut count) = (shape.clone(), 1);
    if let Some(size) = source.get_mut(axis) {
        count = d.between(0, 4);
        *size = count;
    }
    let indices = d.indices(&[count], shape.get(axis).copied().unwrap_or(1))?;
    Ok(([d.input(&shape)?, d.input(&source)?], named, indices))
}

pub(crate) const ENTRIES: &[Entry] = &[
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
    ("scatter", |d| {
        let (shape, indices, axis, named) = picked(d);
        let source: Vec<usize> = indices.iter().map(|&size| size + d.between(0, 1)).collect();
        let indices = d.indices(&indices, shape.get(axis).copied().unwrap_or(1))?;
        let inputs = [d.input(&shape)?, d.input(&source)?];
        Ok(Case::new(inputs, move |x| {
            x[0].scatter(named, &indices, &x[1])
        }))
    }),
    ("scatter fill", |d| {
        let (shape, indices, axis, named) = picked(d);
        let indices = d.indices(&indices, shape.get(axis).copied().unwrap_or(1))?;
        let x = d.input(&shape)?;
        Ok(Case::new([x], move |x| {
            x[0].scatter_fill(named, &indices, 1.5)
        }))
    }),
    ("index_add", |d| {
        let (inputs, named, indices) = sliced(d)?;
        Ok(Case::new(inputs, move |x| {
            x[0].index_add(named, &indices, &x[1])
        }))
    }),
    ("index_copy", |d| {
        let (inputs, named, indices) = sliced(d)?;
        Ok(Case::new(inputs, move |x| {
            x[0].index_copy(named, &indices, &x[1])
        }))
    }),
    ("slice_assign", |d| {
        let mut shape = d.shape();
        if shape.is_empty() {
            shape.push(2);
        }
        let axis = d.axis(shape.len());
        let (named, range) = (d.named(axis, shape.len()), d.signed(-3, 3)..d.signed(-3, 4));
        let step = d.pick(&[1, 2, 3, -1, -2]);
        let x = d.input(&shape)?;
        let slice = *x.slice(named, range.clone(), step)?.shape();
        let source = d.part(&slice);
        let inputs = [x, d.input(&source)?];
        Ok(Case::new(inputs, move |x| {
            x[0].slice_assign(named, range.clone(), step, &x[1])
        }))
    }),
    ("masked_scatter", |d| {
        let shape = d.shape();
        let (of_x, of_mask) = (d.part(&shape), d.part(&shape));
        let mask = d.mask(&of_mask)?;
        let whole = Shape::broadcast(&Shape::new(&of_x)?, mask.shape())?;
        let needed = mask.broadcast_to(whole)?.count_true();
        let more = d.between(0, 2);
        let inputs = [d.input(&of_x)?, d.input(&[needed + more, 1])?];
        Ok(Case::new(inputs, move |x| {
            x[0].masked_scatter(&mask, &x[1])
        }))
    }),
    ("masked_scatter masked_select", |d| {
        let shape = d.shape();
        let (of_x, of_mask) = (d.part(&shape), d.part(&shape));
        let (mask, x) = (d.mask(&of_mask)?, d.input(&of_x)?);
        Ok(Case::new([x], move |x| x[0].masked_select(&mask)))
    }),
    ("scatter_reduce", |d| {
        let (shape, indices, axis, named) = picked(d);
        let source: Vec<usize> = indices.iter().map(|&size| size + d.between(0, 1)).collect();
        let indices = d.indices(&indices, shape.get(axis).copied().unwrap_or(1))?;
        let how = [
            Scatter::Add,
            Scatter::Mul,
            Scatter::Max,
            Scatter::Min,
            Scatter::Mean,
        ];
        let (how, anew) = (d.pick(&how), d.coin());
        let inputs = [d.input(&shape)?, d.input(&source)?];
        Ok(Case::new(inputs, move |x| {
            if anew {
                x[0].scatter_reduce_anew(named, &indices, &x[1], how)
            } else {
                x[0].scatter_reduce(named, &indices, &x[1], how)
            }
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
        let fixed = Labels::from_slice(&rows, [rows.len(), 1])?.map(|row| row == padding as i64);
        let weight = d.input(&[rows.len(), columns])?;
        Ok(Case::new([weight], move |x| {
            x[0].masked_fill(&fixed, 0.5)?
                .embedding_padded(&indices, named)
        }))
    }),
];
