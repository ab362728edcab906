//! Reductions over chosen axes, and running sums.

use gradlet::tensor::Axes;
use gradlet::{Element, Float, Keep, Tensor, Var};

use super::Failure;
use super::case::{Case, NAMED, Out};

pub(super) fn call<T: Float>(case: &Case<'_, T>) -> Result<Option<Vec<Out<T>>>, Failure> {
    let y = match case.op() {
        "sum" if !case.is_floats(0) => return Ok(Some(vec![Out::Ints(whole_sum(case)?)])),
        "max" | "median" | "min" if case.value(1, "dim").is_some() => {
            return extreme_and_place(case);
        }
        "argmax" | "argmin" => return place(case),
        "cummax" | "cummin" => return running_extreme(case).map(Some),
        "cumsum" | "cumprod" => running(case)?,
        "quantile" => quantile(case)?,
        "cov"
            if case.value(NAMED, "fweights").is_none()
                && case.value(NAMED, "aweights").is_none() =>
        {
            case.var(0, "input")?
                .cov(case.float(NAMED, "correction", 1.0))?
        }
        "corrcoef" => case.var(0, "input")?.corrcoef()?,
        "normalize" => case.var(0, "input")?.normalize(
            case.float(1, "p", 2.0),
            case.list(2, "dim").unwrap_or(vec![1]).as_slice(),
            case.float(3, "eps", 1e-12),
        )?,
        "cosine_similarity" => case.var(0, "x1")?.cosine_similarity(
            &case.var(1, "x2")?,
            case.int(2, "dim", 1) as isize,
            case.float(3, "eps", 1e-8),
        )?,
        "amax" | "amin" | "logsumexp" | "max" | "mean" | "median" | "min" | "prod" | "std"
        | "sum" | "var" | "vector_norm" => reduced(case)?,
        _ => return Ok(None),
    };
    Ok(Some(vec![Out::Var(y)]))
}

/// The sum of truths or whole numbers: here a count, and a sum of floats as exact as f64 holds.
fn whole_sum<T: Float>(case: &Case<'_, T>) -> Result<Tensor<i64>, Failure> {
    if let Ok(truths) = case.bools(0, "input") {
        return Ok(Tensor::scalar(truths.count_true() as i64));
    }
    let numbers = case.ints(0, "input")?.cast::<f64>();
    let axes = case.list(1, "dim").ok_or("no axes")?;
    Ok(numbers.sum(axes.as_slice())?.cast())
}

/// The axes to reduce; an empty list means all, as in PyTorch.
fn axes<T: Float>(case: &Case<'_, T>, x: &Var<T>, place: usize) -> Vec<isize> {
    match case.list(place, "dim") {
        Some(axes) if !axes.is_empty() => axes,
        _ => (0..x.rank() as isize).collect(),
    }
}

fn reduced<T: Float>(case: &Case<'_, T>) -> Result<Var<T>, Failure> {
    let x = case.var(0, "input")?;
    let axes = axes(case, &x, if case.op() == "vector_norm" { 2 } else { 1 });
    let keep = if case.op() == "vector_norm" { 3 } else { 2 };
    if case.flag(keep, "keepdim", false) {
        over(case, &x, Keep(axes.as_slice()))
    } else {
        over(case, &x, axes.as_slice())
    }
}

fn over<T: Float>(case: &Case<'_, T>, x: &Var<T>, axes: impl Axes) -> Result<Var<T>, Failure> {
    Ok(match case.op() {
        "amax" | "max" => x.max(axes)?,
        "amin" | "min" => x.min(axes)?,
        "logsumexp" => x.logsumexp(axes)?,
        "mean" => x.mean(axes)?,
        "median" => x.median(axes)?,
        "prod" => x.prod(axes)?,
        "std" => x.std(axes, correction(case))?,
        "var" => x.var(axes, correction(case))?,
        "vector_norm" => x.norm(case.float(1, "ord", 2.0), axes)?,
        _ => x.sum(axes)?,
    })
}

fn correction<T: Float>(case: &Case<'_, T>) -> f64 {
    // `x.var(False)` says the same by place.
    let unbiased = case.flag(1, "unbiased", case.flag(NAMED, "unbiased", true));
    case.float(NAMED, "correction", f64::from(u8::from(unbiased)))
}

/// `max`, `median` and `min` along one axis, with indices.
fn extreme_and_place<T: Float>(case: &Case<'_, T>) -> Result<Option<Vec<Out<T>>>, Failure> {
    let (x, axis) = (case.var(0, "input")?, case.int(1, "dim", 0) as isize);
    let (y, places) = match (case.op(), case.flag(2, "keepdim", false)) {
        ("max", false) => x.max_with_indices(axis)?,
        ("max", true) => x.max_with_indices(Keep(axis))?,
        ("median", false) => x.median_with_indices(axis)?,
        ("median", true) => x.median_with_indices(Keep(axis))?,
        (_, false) => x.min_with_indices(axis)?,
        (_, true) => x.min_with_indices(Keep(axis))?,
    };
    Ok(Some(vec![Out::Var(y), Out::Ints(places)]))
}

fn place<T: Float>(case: &Case<'_, T>) -> Result<Option<Vec<Out<T>>>, Failure> {
    fn of<T: Float>(op: &str, x: &Tensor<T>, axes: impl Axes) -> gradlet::Result<Tensor<i64>> {
        match op {
            "argmax" => x.argmax(axes),
            _ => x.argmin(axes),
        }
    }
    let x = case.var(0, "input")?.into_tensor();
    let axis = case.maybe_int(1, "dim").map(|axis| axis as isize);
    let y = match (axis, case.flag(2, "keepdim", false)) {
        (None, _) => of(case.op(), &x, ..)?,
        (Some(axis), false) => of(case.op(), &x, axis)?,
        (Some(axis), true) => of(case.op(), &x, Keep(axis))?,
    };
    Ok(Some(vec![Out::Ints(y)]))
}

fn running<T: Float>(case: &Case<'_, T>) -> Result<Var<T>, Failure> {
    // What floats become is in the file itself: f64, which the case's own type stands for.
    let wanted = case.value(NAMED, "dtype");
    if wanted.is_some_and(|wanted| wanted["dtype"] != "float64") {
        return Err("sums of another type".into());
    }
    let (x, axis) = (case.var(0, "input")?, case.int(1, "dim", 0) as isize);
    Ok(match case.op() {
        "cumprod" => x.cumprod(axis)?,
        _ => x.cumsum(axis)?,
    })
}

fn running_extreme<T: Float>(case: &Case<'_, T>) -> Result<Vec<Out<T>>, Failure> {
    let (x, axis) = (case.var(0, "input")?, case.int(1, "dim", 0) as isize);
    let (y, places) = match case.op() {
        "cummax" => x.cummax(axis)?,
        _ => x.cummin(axis)?,
    };
    Ok(vec![Out::Var(y), Out::Ints(places)])
}

fn quantile<T: Float>(case: &Case<'_, T>) -> Result<Var<T>, Failure> {
    use gradlet::Interpolation::{Higher, Linear, Lower, Midpoint, Nearest};
    let (x, q) = (case.var(0, "input")?, case.var(1, "q")?);
    let interpolation = match case.text(NAMED, "interpolation", "linear") {
        "lower" => Lower,
        "higher" => Higher,
        "midpoint" => Midpoint,
        "nearest" => Nearest,
        _ => Linear,
    };
    let axes = match case.maybe_int(2, "dim") {
        Some(axis) => vec![axis as isize],
        None => (0..x.rank() as isize).collect(),
    };
    // Numbers that were rounded to f32 are not meant to be others.
    let numbers: Vec<f64> = q.to_vec().into_iter().map(Element::to_f64).collect();
    let keep = case.flag(3, "keepdim", false);
    Ok(match (q.rank(), keep) {
        (0, false) => x.quantile(numbers[0], axes.as_slice(), interpolation)?,
        (0, true) => x.quantile(numbers[0], Keep(axes.as_slice()), interpolation)?,
        (_, false) => x.quantiles(&numbers, axes.as_slice(), interpolation)?,
        (_, true) => x.quantiles(&numbers, Keep(axes.as_slice()), interpolation)?,
    })
}
