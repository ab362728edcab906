//! Products of vectors and matrices, and sums of products.

use gradlet::autograd::{CellKind, Direction, Unrolled};
use gradlet::dropout::Mask;
use gradlet::{AttentionMask, AttentionOptions, Result, einsum};

use crate::draw::{Case, Draw, Entry, Tensor, small};

/// A matrix, or a vector where there is but one row; behind leading axes.
fn factor(
    d: &mut Draw,
    lead: &[usize],
    rank: usize,
    matrix: [usize; 2],
    vector: usize,
) -> Result<Tensor> {
    if rank == 1 {
        return d.input(&[vector]);
    }
    let lead = if rank == 2 { Vec::new() } else { d.part(lead) };
    d.input(&[lead.as_slice(), &matrix].concat())
}

/// An equation of one to three operands over four letters, with diagonals, sums and letters in any order.
fn equation(d: &mut Draw) -> Result<(String, Vec<Tensor>)> {
    let letters = ['i', 'j', 'k', 'l'];
    let (mut words, mut inputs, mut used) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..d.between(1, 3) {
        let axes: Vec<usize> = (0..d.between(0, 3)).map(|_| d.between(0, 3)).collect();
        let shape: Vec<usize> = axes.iter().map(|&axis| small(d, axis)).collect();
        inputs.push(d.input(&shape)?);
        words.push(axes.iter().map(|&axis| letters[axis]).collect::<String>());
        used.extend(axes);
    }
    let kept = d.permutation(letters.len());
    let kept = kept.iter().filter(|axis| used.contains(axis) && d.coin());
    let kept: String = kept.map(|&axis| letters[axis]).collect();
    Ok((format!("{}->{kept}", words.join(",")), inputs))
}

/// As `equation`, with an ellipsis in each operand and axes of size 1 among those that match.
fn broadcast_equation(d: &mut Draw) -> Result<(String, Vec<Tensor>)> {
    let lead = [small(d, 0), small(d, 1)];
    let (mut words, mut inputs) = (Vec::new(), Vec::new());
    for word in ["i...", "...ij", "j...i"].iter().take(d.between(1, 3)) {
        let (before, behind) = word.split_once("...").unwrap_or_default();
        let sizes = |d: &mut Draw, letters: &str| {
            let size = |letter| small(d, if letter == 'i' { 2 } else { 3 });
            let sizes: Vec<usize> = letters.chars().map(size).collect();
            sizes
                .into_iter()
                .map(|size| if d.coin() { 1 } else { size })
                .collect::<Vec<_>>()
        };
        let shape = [sizes(d, before), d.part(&lead), sizes(d, behind)].concat();
        inputs.push(d.input(&shape)?);
        words.push(*word);
    }
    let output = d.pick(&["", "->...", "->i...", "->...i", "->"]);
    Ok((format!("{}{output}", words.join(",")), inputs))
}

/// Queries, keys and values, the first with all leading axes, and options of any kind.
fn attention(d: &mut Draw) -> Result<(Vec<Tensor>, AttentionOptions<f64>)> {
    let [l, s, features, width] = [
        d.between(0, 3),
        d.between(0, 3),
        d.between(0, 2),
        d.between(0, 2),
    ];
    let lead = [small(d, 0)];
    let scores = [lead[0], l, s];
    let with = |lead: &[usize], sizes: [usize; 2]| [lead, &sizes].concat();
    let leads = [d.part(&lead), d.part(&lead)];
    let inputs = vec![
        d.input(&with(&lead, [l, features]))?,
        d.input(&with(&leads[0], [s, features]))?,
        d.input(&with(&leads[1], [s, width]))?,
    ];
    let mut mask = AttentionMask::new();
    if d.coin() {
        mask = mask.and(AttentionMask::causal());
    }
    if d.coin() {
        let shape = d.part(&scores);
        mask = mask.and(AttentionMask::hidden(&d.mask(&shape)?)?);
    }
    let mut options = AttentionOptions::new().mask(mask);
    if d.coin() {
        options = options.scale(0.7);
    }
    if d.coin() {
        options = options.dropout(Mask::from_kept(&d.mask(&scores)?)?, 1.5);
    }
    Ok((inputs, options))
}

pub(crate) const ENTRIES: &[Entry] = &[
    ("bilinear", |d| {
        let (lead, [i, j, o]) = (d.shape(), [small(d, 0), small(d, 1), d.between(0, 2)]);
        let lead = &lead[..lead.len().min(2)];
        let (left, right) = ([lead, &[i]].concat(), [lead, &[j]].concat());
        let inputs = [
            d.input(&left)?,
            d.input(&right)?,
            d.input(&[o, i, j])?,
            d.input(&[o])?,
        ];
        let biased = d.coin();
        Ok(Case::new(inputs, move |x| {
            x[0].bilinear(&x[1], &x[2], biased.then_some(&x[3]))
        }))
    }),
    ("cross", |d| {
        let mut shape = d.shape_of_rank(d.shape().len().max(1));
        let axis = d.axis(shape.len());
        shape[axis] = 3;
        // From the end, since the factors may have fewer axes, and with this axis.
        let named = axis as isize - shape.len() as isize;
        let mut inputs = Vec::new();
        for _ in 0..2 {
            let from = d.between(0, axis);
            let part = shape[from..].iter().enumerate().map(|(i, &size)| {
                if from + i == axis || d.coin() {
                    size
                } else {
                    1
                }
            });
            let part: Vec<usize> = part.collect();
            inputs.push(d.input(&part)?);
        }
        Ok(Case::new(inputs, move |x| x[0].cross(&x[1], named)))
    }),
    ("matmul", |d| {
        let [m, k, n] = [0, 1, 2].map(|axis| small(d, axis));
        let (lead, ranks) = (d.shape_of_rank(2), [d.between(1, 4), d.between(1, 4)]);
        let lead = [lead[0].min(2), lead[1].min(2)];
        let inputs = [
            factor(d, &lead, ranks[0], [m, k], k)?,
            factor(d, &lead, ranks[1], [k, n], k)?,
        ];
        Ok(Case::new(inputs, |x| x[0].matmul(&x[1])))
    }),
    ("matmul with itself", |d| {
        let x = d.input(&d.shape_of_rank(d.shape().len().max(2)))?;
        Ok(Case::new([x], |x| x[0].matmul(&x[0].transpose(-1, -2)?)))
    }),
    ("products addmm", |d| {
        let [m, k, n] = [0, 1, 2].map(|axis| small(d, axis));
        let term = d.part(&[m, n]);
        let inputs = [d.input(&term)?, d.input(&[m, k])?, d.input(&[k, n])?];
        let (beta, alpha) = (d.pick(&[0.0, 1.0, -0.7]), d.pick(&[0.0, 1.0, 1.5]));
        Ok(Case::new(inputs, move |x| {
            x[0].addmm(&x[1], &x[2], beta, alpha)
        }))
    }),
    ("products dot", |d| {
        let inputs = [d.input(&[d.size(0)])?, d.input(&[d.size(0)])?];
        Ok(Case::new(inputs, |x| x[0].dot(&x[1])))
    }),
    ("products outer", |d| {
        let inputs = [d.input(&[d.size(0)])?, d.input(&[d.size(1)])?];
        Ok(Case::new(inputs, |x| x[0].outer(&x[1])))
    }),
    ("products bmm", |d| {
        let [b, m, k] = [0, 1, 2].map(|axis| small(d, axis));
        let n = d.between(0, 2);
        let inputs = [d.input(&[b, m, k])?, d.input(&[b, k, n])?];
        Ok(Case::new(inputs, |x| x[0].bmm(&x[1])))
    }),
    ("einsum", |d| {
        let (equation, inputs) = equation(d)?;
        Ok(Case::new(inputs, move |x| {
            einsum(&equation, &x.iter().collect::<Vec<_>>())
        }))
    }),
    ("einsum with an ellipsis", |d| {
        let (equation, inputs) = broadcast_equation(d)?;
        Ok(Case::new(inputs, move |x| {
            einsum(&equation, &x.iter().collect::<Vec<_>>())
        }))
    }),
    ("linear", |d| {
        let (mut shape, outputs) = (d.shape_of_rank(d.shape().len().max(1)), d.between(0, 3));
        let inputs = shape.pop().unwrap_or(1).min(2);
        let mut all = vec![
            d.input(&[shape.as_slice(), &[inputs]].concat())?,
            d.input(&[outputs, inputs])?,
        ];
        if d.coin() {
            all.push(d.input(&[outputs])?);
        }
        Ok(Case::new(all, |x| x[0].linear(&x[1], x.get(2))))
    }),
    ("scaled_dot_product_attention", |d| {
        let (inputs, options) = attention(d)?;
        Ok(Case::new(inputs, move |x| {
            x[0].scaled_dot_product_attention(&x[1], &x[2], &options)
        }))
    }),
    ("scaled_dot_product_attention with numbers added", |d| {
        let (mut inputs, options) = attention(d)?;
        let scores = [
            inputs[0].shape()[0],
            inputs[0].shape()[1],
            inputs[1].size(-2)?,
        ];
        let shape = d.part(&scores);
        inputs.push(d.input(&shape)?);
        Ok(Case::new(inputs, move |x| {
            let mask = options.mask.clone().and(AttentionMask::added(&x[3]));
            let options = options.clone().mask(mask);
            x[0].scaled_dot_product_attention(&x[1], &x[2], &options)
        }))
    }),
    ("scaled_dot_product_attention weights", |d| {
        let (inputs, options) = attention(d)?;
        let inputs = inputs[..2].to_vec();
        Ok(Case::new(inputs, move |x| {
            x[0].attention_weights(&x[1], &options)
        }))
    }),
    ("recurrent", |d| {
        let (time, batch, inputs) = (d.size(0).max(1), d.size(1), d.size(2));
        let (n, kind) = (
            d.between(1, 2),
            d.pick(&[CellKind::Lstm, CellKind::Gru, CellKind::Tanh]),
        );
        let (width, direction) = (
            kind.gates() * n,
            d.pick(&[Direction::Forward, Direction::Reverse]),
        );
        let (start, biases) = (d.coin(), d.coin());
        let lengths: Vec<usize> = (0..batch).map(|_| d.between(1, time)).collect();
        let lengths = d.coin().then_some(lengths);
        let mut shapes = vec![
            vec![time, batch, inputs],
            vec![width, inputs],
            vec![width, n],
        ];
        if start {
            shapes.push(vec![kind.states(), batch, n]);
        }
        if biases {
            shapes.extend([vec![width], vec![width]]);
        }
        let mut all = Vec::new();
        for shape in shapes {
            all.push(d.input(&shape)?);
        }
        Ok(Case::new(all, move |x| {
            let lengths = lengths.as_deref();
            let cell = Unrolled {
                kind,
                direction,
                lengths,
            };
            let (others, start) = x[3..].split_at(if biases { x.len() - 5 } else { x.len() - 3 });
            let (start, biases) = (others.first(), start.first().zip(start.get(1)));
            let biases = biases.map(|(a, b)| [a, b]);
            let (y, last) = x[0].recurrent(cell, [&x[1], &x[2]], biases, start)?;
            gradlet::Var::cat(&[&y.flatten(..)?, &last.flatten(..)?], 0)
        }))
    }),
];
