//! Convolution and pooling.

use std::array::from_fn;

use gradlet::Result;
use gradlet::window::{Align, Convolution, Divisor, Rounding, Window};

use crate::draw::{Case, Draw, Entry, Tensor, Var, small};

/// How one axis is convolved: kernel, stride, padding, dilation. The padding is as large as the kernel needs.
fn convolved(d: &mut Draw, size: usize) -> [usize; 4] {
    let [kernel, stride, padding, dilation] =
        [(1, 3), (1, 3), (0, 2), (1, 2)].map(|(low, high)| d.between(low, high));
    let span = (kernel - 1) * dilation + 1;
    let missing = span.saturating_sub(size + 2 * padding);
    [kernel, stride, padding + missing.div_ceil(2), dilation]
}

/// Images or sequences of the last sizes, a weight that fits, and perhaps a bias.
fn convolution<const N: usize>(
    d: &mut Draw,
    f: fn(&Var, &Var, Option<&Var>, Convolution<N>) -> Result<Var>,
) -> Result<Case> {
    let groups = d.between(1, 2);
    let (inputs, outputs) = (small(d, 1), d.between(0, 2));
    let sizes: Vec<usize> = (0..N).map(|axis| d.size(2 + axis)).collect();
    let along: Vec<[usize; 4]> = sizes.iter().map(|&size| convolved(d, size)).collect();
    let mut images = if d.coin() {
        vec![small(d, 0)]
    } else {
        Vec::new()
    };
    images.push(groups * inputs);
    images.extend(&sizes);
    let mut weight = vec![groups * outputs, inputs];
    weight.extend(along.iter().map(|[kernel, ..]| kernel));
    let mut all = vec![d.input(&images)?, d.input(&weight)?];
    if d.coin() {
        all.push(d.input(&[groups * outputs])?);
    }
    let setting = |at: usize| -> [usize; N] { from_fn(|axis| along[axis][at]) };
    let options = Convolution::default()
        .stride(setting(1))
        .padding(setting(2))
        .dilation(setting(3))
        .groups(groups);
    Ok(Case::new(all, move |x| f(&x[0], &x[1], x.get(2), options)))
}

type Transpose<const N: usize> =
    fn(&Var, &Var, Option<&Var>, Convolution<N>, [usize; N]) -> Result<Var>;

/// Images or sequences of the last sizes, the weight of a transposed convolution that fits, and perhaps a bias.
fn transposed<const N: usize>(d: &mut Draw, f: Transpose<N>) -> Result<Case> {
    let groups = d.between(1, 2);
    let (inputs, outputs) = (d.between(0, 2), small(d, 1));
    let sizes: Vec<usize> = (0..N).map(|axis| d.size(2 + axis).max(1)).collect();
    let [kernel, stride, dilation] = [(1, 3), (1, 3), (1, 2)]
        .map(|(low, high)| -> [usize; N] { from_fn(|_| d.between(low, high)) });
    let more = from_fn(|axis| d.between(0, stride[axis].max(dilation[axis]) - 1));
    let padding = from_fn(|axis| {
        let reach = (sizes[axis] - 1) * stride[axis] + (kernel[axis] - 1) * dilation[axis];
        let room = reach + more[axis];
        d.between(0, room / 2)
    });
    let mut images = if d.coin() {
        vec![small(d, 0)]
    } else {
        Vec::new()
    };
    images.push(groups * inputs);
    images.extend(&sizes);
    let mut weight = vec![groups * inputs, outputs];
    weight.extend(kernel);
    let mut all = vec![d.input(&images)?, d.input(&weight)?];
    if d.coin() {
        all.push(d.input(&[groups * outputs])?);
    }
    let options = Convolution::default()
        .stride(stride)
        .padding(padding)
        .dilation(dilation)
        .groups(groups);
    Ok(Case::new(all, move |x| {
        f(&x[0], &x[1], x.get(2), options, more)
    }))
}

/// How one axis is pooled: its size, and kernel, stride, padding, dilation, with which each window reads something.
fn pooled(d: &mut Draw, size: usize) -> (usize, [usize; 4]) {
    let [kernel, stride, dilation] = [3, 3, 2].map(|high| d.between(1, high));
    let span = (kernel - 1) * dilation + 1;
    let padding = d.between(0, span / 2);
    let least = dilation.max(span.saturating_sub(2 * padding));
    (size.max(least), [kernel, stride, padding, dilation])
}

/// Planes behind up to two leading axes, and windows over them.
fn planes(d: &mut Draw) -> Result<(Tensor, Window<2>)> {
    let mut shape: Vec<usize> = (0..d.between(0, 2)).map(|axis| small(d, axis)).collect();
    let ((h, down), (w, along)) = (pooled(d, d.size(2)), pooled(d, d.size(3)));
    shape.extend([h, w]);
    let [kernel, stride, padding, dilation] = [0, 1, 2, 3].map(|at| [down[at], along[at]]);
    let window = Window::new(kernel)
        .stride(stride)
        .padding(padding)
        .dilation(dilation)
        .rounding(d.pick(&[Rounding::Floor, Rounding::Ceil]));
    Ok((d.input(&shape)?, window))
}

fn max_pooled(d: &mut Draw, f: fn(&Var, Window<2>) -> Result<Var>) -> Result<Case> {
    let (x, window) = planes(d)?;
    let last = [x.rank() - 2, x.rank() - 1];
    Ok(Case::new([x], move |x| f(&x[0], window)).apart(last))
}

/// Sequences behind up to three axes, and windows over them.
fn sequences(d: &mut Draw, f: fn(&Var, Window<1>) -> Result<Var>) -> Result<Case> {
    let (x, planes) = planes(d)?;
    let along = |of: [usize; 2]| [of[1]];
    let window = Window::new(along(planes.kernel))
        .stride(along(planes.sliding.stride))
        .padding(along(planes.sliding.padding))
        .dilation(along(planes.sliding.dilation))
        .rounding(planes.rounding);
    let last = [x.rank() - 1];
    Ok(Case::new([x], move |x| f(&x[0], window)).apart(last))
}

/// As `planes`, with an axis of channels.
fn images(d: &mut Draw) -> Result<(Tensor, Window<2>)> {
    let (x, window) = planes(d)?;
    let channels = small(d, 0);
    let shape = if x.rank() == 2 {
        [&[channels], &x.shape()[..]].concat()
    } else {
        x.shape().to_vec()
    };
    Ok((d.input(&shape)?, window))
}

pub(crate) const ENTRIES: &[Entry] = &[
    ("conv1d", |d| convolution(d, Var::conv1d)),
    ("conv2d", |d| convolution(d, Var::conv2d)),
    ("conv2d of the same size", |d| {
        convolution(d, |x, weight, bias, options: Convolution<2>| {
            let none = x.shape()[x.rank() - 2..].contains(&0);
            let same = options.stride(1).padding_same();
            x.conv2d(weight, bias, if none { options } else { same })
        })
    }),
    ("conv_transpose1d", |d| transposed(d, Var::conv_transpose1d)),
    ("conv_transpose2d", |d| transposed(d, Var::conv_transpose2d)),
    ("pool1d max", |d| {
        sequences(d, |x, window| x.max_pool1d(window))
    }),
    ("pool1d max with indices", |d| {
        sequences(d, |x, window| Ok(x.max_pool1d_with_indices(window)?.0))
    }),
    ("pool1d average", |d| {
        sequences(d, |x, window| x.avg_pool1d(window, Divisor::WithoutPadding))
    }),
    ("pool1d adaptive average", |d| {
        let (x, size) = (planes(d)?.0, d.between(0, 4));
        Ok(Case::new([x], move |x| x[0].adaptive_avg_pool1d(size)))
    }),
    ("pool1d adaptive max", |d| {
        let (x, size) = (planes(d)?.0, d.between(0, 4));
        let last = [x.rank() - 1];
        Ok(Case::new([x], move |x| x[0].adaptive_max_pool1d(size)).apart(last))
    }),
    ("max_pool2d adaptive", |d| {
        let (x, sizes) = (planes(d)?.0, [d.between(0, 4), d.between(0, 4)]);
        let last = [x.rank() - 2, x.rank() - 1];
        Ok(Case::new([x], move |x| x[0].adaptive_max_pool2d(sizes)).apart(last))
    }),
    ("pool1d adaptive max with indices", |d| {
        let (x, size) = (planes(d)?.0, d.between(0, 4));
        let last = [x.rank() - 1];
        Ok(Case::new([x], move |x| {
            Ok(x[0].adaptive_max_pool1d_with_indices(size)?.0)
        })
        .apart(last))
    }),
    ("max_pool2d adaptive with indices", |d| {
        let (x, sizes) = (planes(d)?.0, [d.between(0, 4), d.between(0, 4)]);
        let last = [x.rank() - 2, x.rank() - 1];
        Ok(Case::new([x], move |x| {
            Ok(x[0].adaptive_max_pool2d_with_indices(sizes)?.0)
        })
        .apart(last))
    }),
    ("max_pool2d", |d| max_pooled(d, Var::max_pool2d)),
    ("max_pool2d with indices", |d| {
        max_pooled(d, |x, window| Ok(x.max_pool2d_with_indices(window)?.0))
    }),
    ("avg_pool2d", |d| {
        let (x, window) = planes(d)?;
        let divisor = d.pick(&[
            Divisor::WithPadding,
            Divisor::WithoutPadding,
            Divisor::Fixed(-3),
        ]);
        Ok(Case::new([x], move |x| x[0].avg_pool2d(window, divisor)))
    }),
    ("avg_pool2d adaptive", |d| {
        let (x, _) = planes(d)?;
        let sizes = [d.between(0, 4), d.between(0, 4)];
        Ok(Case::new([x], move |x| x[0].adaptive_avg_pool2d(sizes)))
    }),
    ("interpolate nearest", |d| {
        let (x, _) = planes(d)?;
        let sizes = [d.between(0, 4), d.between(0, 4)];
        let axes = d.between(0, 2);
        Ok(Case::new([x], move |x| {
            x[0].interpolate_nearest(&sizes[..axes])
        }))
    }),
    ("interpolate nearest by factors", |d| {
        let (x, _) = planes(d)?;
        let factors = [0.4, 1.0, 1.3, 2.0].map(|_| d.pick(&[0.4, 1.0, 1.3, 2.0]));
        let axes = d.between(0, 2);
        Ok(Case::new([x], move |x| {
            x[0].upsample_nearest(&factors[..axes])
        }))
    }),
    ("interpolate bilinear", |d| {
        let (x, _) = planes(d)?;
        let sizes = [d.between(0, 4), d.between(0, 4)];
        let align = d.pick(&[Align::Edges, Align::Corners]);
        Ok(Case::new([x], move |x| {
            x[0].interpolate_bilinear(sizes, align)
        }))
    }),
    ("interpolate bilinear by factors", |d| {
        let (x, _) = planes(d)?;
        let factors = [0.4, 1.3].map(|_| d.pick(&[0.4, 1.0, 1.3, 2.0]));
        let align = d.pick(&[Align::Edges, Align::Corners]);
        Ok(Case::new([x], move |x| {
            x[0].upsample_bilinear(factors, align)
        }))
    }),
    ("unfold", |d| {
        let (x, window) = images(d)?;
        Ok(Case::new([x], move |x| x[0].unfold(window)))
    }),
    ("unfold and fold", |d| {
        let (x, window) = images(d)?;
        let sizes = [x.size(-2)?, x.size(-1)?];
        let columns = d.input(x.unfold(window)?.shape())?;
        Ok(Case::new([columns], move |x| x[0].fold(sizes, window)))
    }),
];
