//! Losses by targets and by labels.

use gradlet::{
    CrossEntropyOptions, Float, KlTarget, Reduction, Tensor, Var, binary_cross_entropy,
    binary_cross_entropy_with_logits, cross_entropy_probabilities, cross_entropy_with, huber_loss,
    kl_div, l1_loss, mse_loss, nll_loss, smooth_l1_loss,
};

use super::Failure;
use super::case::{Case, NAMED, Out};

const LOSSES: [&str; 9] = [
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "cross_entropy",
    "huber_loss",
    "kl_div",
    "l1_loss",
    "mse_loss",
    "nll_loss",
    "smooth_l1_loss",
];

pub(super) fn call<T: Float>(case: &Case<'_, T>) -> Result<Option<Vec<Out<T>>>, Failure> {
    if !LOSSES.contains(&case.op()) {
        return Ok(None);
    }
    let reduction = match case.text(NAMED, "reduction", "mean") {
        "none" => Reduction::None,
        "sum" | "batchmean" => Reduction::Sum,
        _ => Reduction::Mean,
    };
    let mut y = if ["cross_entropy", "nll_loss"].contains(&case.op()) {
        labelled(case, reduction)?
    } else {
        paired(case, reduction)?
    };
    if case.text(NAMED, "reduction", "mean") == "batchmean" {
        let batch = case.var(0, "input")?.shape().first().copied();
        y = y.div_scalar(T::of(batch.unwrap_or(1) as f64));
    }
    Ok(Some(vec![Out::Var(y)]))
}

fn weight<T: Float>(case: &Case<'_, T>, name: &str) -> Result<Option<Tensor<T>>, Failure> {
    Ok(case.maybe_var(NAMED, name)?.map(Var::into_tensor))
}

fn paired<T: Float>(case: &Case<'_, T>, reduction: Reduction) -> Result<Var<T>, Failure> {
    let (x, target) = (case.var(0, "input")?, case.var(1, "target")?);
    Ok(match case.op() {
        "binary_cross_entropy" => {
            binary_cross_entropy(&x, &target, weight(case, "weight")?.as_ref(), reduction)?
        }
        "binary_cross_entropy_with_logits" => {
            let (weight, pos_weight) = (weight(case, "weight")?, weight(case, "pos_weight")?);
            binary_cross_entropy_with_logits(
                &x,
                &target,
                weight.as_ref(),
                pos_weight.as_ref(),
                reduction,
            )?
        }
        "huber_loss" => huber_loss(&x, &target, case.float(NAMED, "delta", 1.0), reduction)?,
        "kl_div" => {
            let logarithms = case.flag(NAMED, "log_target", false);
            let kind = if logarithms {
                KlTarget::LogProbabilities
            } else {
                KlTarget::Probabilities
            };
            kl_div(&x, &target, kind, reduction)?
        }
        "l1_loss" => l1_loss(&x, &target, reduction)?,
        "smooth_l1_loss" => smooth_l1_loss(&x, &target, case.float(NAMED, "beta", 1.0), reduction)?,
        _ => mse_loss(&x, &target, reduction)?,
    })
}

fn labelled<T: Float>(case: &Case<'_, T>, reduction: Reduction) -> Result<Var<T>, Failure> {
    let x = case.var(0, "input")?;
    let mut options = CrossEntropyOptions::new()
        .reduction(reduction)
        .ignore_index(case.int(NAMED, "ignore_index", -100))
        .label_smoothing(case.float(NAMED, "label_smoothing", 0.0));
    if let Some(weight) = weight(case, "weight")? {
        options = options.weight(weight);
    }
    if case.is_floats(1) {
        return Ok(cross_entropy_probabilities(
            &x,
            &case.var(1, "target")?,
            &options,
        )?);
    }
    let labels = case.ints(1, "target")?;
    Ok(match case.op() {
        "nll_loss" => nll_loss(&x, &labels, &options)?,
        _ => cross_entropy_with(&x, &labels, &options)?,
    })
}
