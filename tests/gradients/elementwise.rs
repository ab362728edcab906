//! Operations that do the same to each element, of one input or of two that broadcast.

use gradlet::Result;

use crate::draw::{Case, Draw, Entry, Var};

/// Between two inputs, or an input and a sum or difference of others: no pair that is this far apart is equal.
const HALF_A_STEP: f64 = 1.0 / 64.0;

/// A function that jumps at multiples of a half, of an input that is half a step away from them, and a product with
/// it, whose gradient is its value.
fn steps(d: &mut Draw, f: fn(&Var) -> Var) -> Result<Case> {
    d.unary(move |x| {
        let x = x.add_scalar(HALF_A_STEP);
        f(&x).mul(&x)
    })
}

/// A number above 0 that no input is a multiple of.
fn divisor(y: &Var) -> Var {
    y.square().add_scalar(2f64.sqrt() / 4.0)
}

pub(crate) const ENTRIES: &[Entry] = &[
    ("abs", |d| d.unary(|x| Ok(x.abs()))),
    ("acos", |d| d.unary(|x| Ok(x.tanh().mul_scalar(0.9).acos()))),
    ("acosh", |d| {
        d.unary(|x| Ok(x.abs().add_scalar(1.0).acosh()))
    }),
    ("add_scalar", |d| d.unary(|x| Ok(x.add_scalar(0.5)))),
    ("add_scalar owned", |d| {
        d.unary(|x| Ok(3.0 - &(x.square() + 0.5 - 1.0)))
    }),
    ("asin", |d| d.unary(|x| Ok(x.tanh().mul_scalar(0.9).asin()))),
    ("asinh", |d| d.unary(|x| Ok(x.asinh()))),
    ("atan", |d| d.unary(|x| Ok(x.atan()))),
    ("atanh", |d| {
        d.unary(|x| Ok(x.tanh().mul_scalar(0.9).atanh()))
    }),
    // The parts of a number that f32 holds, and of the rest: differences of f32 alone would be too coarse.
    ("cast", |d| {
        d.unary(|x| {
            let high = x.cast::<f32>().cast();
            let low = x.sub(&high)?.cast::<f32>().cast();
            Ok(high.add(&low)?.square())
        })
    }),
    ("clamp", |d| {
        let (low, high) = (d.kink(), d.kink());
        let (low, high) = d.pick(&[
            (Some(low), Some(high)),
            (Some(low), None),
            (None, Some(high)),
        ]);
        d.unary(move |x| Ok(x.clamp(low, high)))
    }),
    ("clamp hardtanh", |d| {
        let (low, high) = (-d.kink_size(), d.kink_size());
        d.unary(move |x| Ok(x.hardtanh(low, high)))
    }),
    ("clamp relu6", |d| {
        // Both bounds are between inputs.
        d.unary(|x| Ok(x.mul_scalar(3.0).add_scalar(HALF_A_STEP).relu6().square()))
    }),
    ("cos", |d| d.unary(|x| Ok(x.cos()))),
    ("cosh", |d| d.unary(|x| Ok(x.cosh()))),
    ("div_scalar", |d| d.unary(|x| Ok(x.div_scalar(-3.0)))),
    ("div_scalar owned", |d| {
        d.unary(|x| Ok(2.0 / &(x.square() / 3.0)))
    }),
    ("elu", |d| {
        let alpha = d.pick(&[0.7, 1.0, -0.3]);
        d.unary(move |x| Ok(x.elu(alpha)))
    }),
    ("elu celu", |d| {
        let alpha = d.pick(&[0.7, 1.0, -1.3]);
        d.unary(move |x| Ok(x.celu(alpha)))
    }),
    ("elu selu", |d| d.unary(|x| Ok(x.selu()))),
    ("erf", |d| d.unary(|x| Ok(x.erf()))),
    ("exp", |d| d.unary(|x| Ok(x.exp()))),
    ("expm1", |d| d.unary(|x| Ok(x.expm1()))),
    ("gelu", |d| d.unary(|x| Ok(x.gelu()))),
    ("gelu_tanh", |d| d.unary(|x| Ok(x.gelu_tanh()))),
    ("leaky_relu", |d| {
        let slope = d.pick(&[0.1, 0.0, -0.5]);
        d.unary(move |x| Ok(x.leaky_relu(slope)))
    }),
    ("glu", |d| {
        let (rank, mut shape) = (
            d.shape().len().max(1),
            d.shape_of_rank(d.shape().len().max(1)),
        );
        let axis = d.axis(rank);
        shape[axis] *= 2;
        let (named, x) = (d.named(axis, rank), d.input(&shape)?);
        Ok(Case::new([x], move |x| x[0].glu(named)))
    }),
    ("hardshrink", |d| {
        let lambda = d.kink_size();
        d.unary(move |x| Ok(x.hardshrink(lambda).square()))
    }),
    ("hardsigmoid", |d| {
        d.unary(|x| {
            Ok(x.mul_scalar(2.0)
                .add_scalar(HALF_A_STEP)
                .hardsigmoid()
                .square())
        })
    }),
    ("hardswish", |d| {
        d.unary(|x| Ok(x.mul_scalar(2.0).add_scalar(HALF_A_STEP).hardswish()))
    }),
    ("ln", |d| d.unary(|x| Ok(x.abs().ln()))),
    ("log_sigmoid", |d| d.unary(|x| Ok(x.log_sigmoid()))),
    ("log10", |d| d.unary(|x| Ok(x.abs().log10()))),
    ("log1p", |d| {
        d.unary(|x| Ok(x.tanh().mul_scalar(0.9).log1p()))
    }),
    ("log2", |d| d.unary(|x| Ok(x.abs().log2()))),
    ("masked_fill", |d| {
        let shape = d.shape();
        let mask = d.part(&shape);
        let mask = d.mask(&mask)?;
        d.unary(move |x| x.masked_fill(&mask, 2.0))
    }),
    ("masked_fill repeats", |d| {
        let shape = d.shape();
        let (part, mask) = (d.part(&shape), d.mask(&shape)?);
        let x = d.input(&part)?;
        Ok(Case::new([x], move |x| x[0].masked_fill(&mask, 2.0)))
    }),
    ("mul_scalar", |d| d.unary(|x| Ok(x.mul_scalar(-1.5)))),
    ("mul_scalar owned", |d| {
        d.unary(|x| Ok(2.0 * &(x.square() * -1.5)))
    }),
    ("nan_to_num", |d| {
        d.unary(|x| Ok(x.nan_to_num(0.0, None, None).square()))
    }),
    ("neg", |d| d.unary(|x| Ok(x.neg()))),
    ("neg owned", |d| d.unary(|x| Ok(-x.square()))),
    ("powf", |d| {
        let exponent = d.pick(&[1.7, 0.5, -1.3, 0.0, 1.0, 2.0]);
        d.unary(move |x| Ok(x.abs().powf(exponent)))
    }),
    ("powi", |d| {
        let exponent = d.signed(-3, 4) as i32;
        d.unary(move |x| Ok(x.powi(exponent)))
    }),
    ("prelu", |d| {
        let shape = d.shape();
        let channels = if d.coin() { 1 } else { d.size(1) };
        let inputs = [d.input(&shape)?, d.input(&[channels])?];
        Ok(Case::new(inputs, |x| x[0].prelu(&x[1])))
    }),
    ("reciprocal", |d| d.unary(|x| Ok(x.reciprocal()))),
    ("relu", |d| d.unary(|x| Ok(x.relu()))),
    ("remainder scalar", |d| {
        let divisor = d.pick(&[0.75, -1.25]);
        d.unary(move |x| Ok(x.add_scalar(HALF_A_STEP).remainder_scalar(divisor)))
    }),
    ("remainder fmod scalar", |d| {
        let divisor = d.pick(&[0.75, -1.25]);
        d.unary(move |x| Ok(x.add_scalar(HALF_A_STEP).fmod_scalar(divisor)))
    }),
    ("round", |d| steps(d, Var::round)),
    ("round ceil", |d| steps(d, Var::ceil)),
    ("round floor", |d| steps(d, Var::floor)),
    ("round sign", |d| steps(d, Var::sign)),
    ("round trunc", |d| steps(d, Var::trunc)),
    ("rsqrt", |d| d.unary(|x| Ok(x.abs().rsqrt()))),
    ("sigmoid", |d| d.unary(|x| Ok(x.sigmoid()))),
    ("silu", |d| d.unary(|x| Ok(x.silu()))),
    ("sin", |d| d.unary(|x| Ok(x.sin()))),
    ("sinh", |d| d.unary(|x| Ok(x.sinh()))),
    ("softshrink", |d| {
        let lambda = d.kink_size();
        d.unary(move |x| Ok(x.softshrink(lambda).square()))
    }),
    ("softplus", |d| {
        let (beta, threshold) = (d.pick(&[0.5, 1.0, 2.0]), d.pick(&[0.51, 20.0]));
        d.unary(move |x| Ok(x.softplus(beta, threshold)))
    }),
    ("softsign", |d| d.unary(|x| Ok(x.softsign()))),
    ("mish", |d| d.unary(|x| Ok(x.mish()))),
    ("sqrt", |d| d.unary(|x| Ok(x.abs().sqrt()))),
    ("square", |d| d.unary(|x| Ok(x.square()))),
    ("tan", |d| d.unary(|x| Ok(x.tanh().tan()))),
    ("tanh", |d| d.unary(|x| Ok(x.tanh()))),
    ("tanhshrink", |d| d.unary(|x| Ok(x.tanhshrink()))),
    ("threshold", |d| {
        let threshold = d.kink();
        d.unary(move |x| Ok(x.threshold(threshold, 2.0).square()))
    }),
    ("add", |d| d.pair(Var::add)),
    ("add owned", |d| d.pair(|x, y| Ok(x.square() + y))),
    ("add to itself", |d| d.unary(|x| x.add(x))),
    ("atan2", |d| d.pair(Var::atan2)),
    ("clamp between", |d| {
        let (low, high) = d.pick(&[(true, true), (true, false), (false, true)]);
        d.pair(move |x, y| {
            let (below, above) = (y.sub_scalar(HALF_A_STEP), y.add_scalar(HALF_A_STEP));
            x.clamp_between(low.then_some(&below), high.then_some(&above))
        })
    }),
    ("div", |d| d.pair(Var::div)),
    ("div owned", |d| d.pair(|x, y| Ok(x.square() / y))),
    ("div by itself", |d| d.unary(|x| x.square().div(x))),
    ("hypot", |d| d.pair(Var::hypot)),
    ("maximum", |d| {
        d.pair(|x, y| x.maximum(&y.add_scalar(HALF_A_STEP)))
    }),
    ("maximum minimum", |d| {
        d.pair(|x, y| x.minimum(&y.add_scalar(HALF_A_STEP)))
    }),
    ("mul", |d| d.pair(Var::mul)),
    ("mul owned", |d| d.pair(|x, y| Ok(x.square() * y))),
    ("mul by itself", |d| d.unary(|x| x.mul(x))),
    ("pow", |d| d.pair(|x, y| x.abs().pow(y))),
    ("pow by itself", |d| d.unary(|x| x.abs().pow(x))),
    ("remainder", |d| d.pair(|x, y| x.remainder(&divisor(y)))),
    ("remainder fmod", |d| d.pair(|x, y| x.fmod(&divisor(y)))),
    ("sub", |d| d.pair(Var::sub)),
    ("sub owned", |d| d.pair(|x, y| Ok(x.square() - y))),
    ("where_cond", |d| {
        let shape = d.shape();
        let condition = d.part(&shape);
        let condition = d.mask(&condition)?;
        d.pair(move |x, y| Var::where_cond(&condition, x, y))
    }),
    ("where_cond repeats", |d| {
        let condition = d.mask(&d.shape())?;
        d.pair(move |x, y| Var::where_cond(&condition, x, y))
    }),
];
