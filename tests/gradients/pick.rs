//! Elements picked by tensors of indices, or added to by them.

use crate::draw::{Case, Draw, Entry, Labels};

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
