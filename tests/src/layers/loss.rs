//! Losses, and the distances and angles that some are made of.

use gradlet::module::Module;
use gradlet::{
    CosineEmbeddingLoss, CosineSimilarity, Float, GaussianNllLoss, HingeEmbeddingLoss,
    MarginRankingLoss, Mode, MultiLabelSoftMarginLoss, MultiMarginLoss, PairwiseDistance,
    PoissonNllLoss, Reduction, SoftMarginLoss, TripletMarginLoss, Var,
};

use super::run::{Built, Made, built};
use crate::conformance::{Case, Out};

/// A place that no positional argument of these classes has.
const NAMED: usize = usize::MAX;

/// A module of two inputs.
fn of_two<T: Float, M: Module + 'static>(
    module: M,
    f: impl Fn(&M, &Var<T>, &Var<T>) -> gradlet::Result<Var<T>> + 'static,
) -> Box<dyn Built<T>> {
    built(module, move |module: &M, case| {
        let (x, y) = (case.var(0, "input")?, case.var(1, "target")?);
        Ok(vec![Out::Var(f(module, &x, &y)?)])
    })
}

/// A module of three inputs.
fn of_three<T: Float, M: Module + 'static>(
    module: M,
    f: impl Fn(&M, [&Var<T>; 3]) -> gradlet::Result<Var<T>> + 'static,
) -> Box<dyn Built<T>> {
    built(module, move |module: &M, case| {
        let (x, y) = (case.var(0, "input1")?, case.var(1, "input2")?);
        Ok(vec![Out::Var(f(
            module,
            [&x, &y, &case.var(2, "target")?],
        )?)])
    })
}

fn reduction<T: Float>(settings: &Case<'_, T>) -> Reduction {
    match settings.text(NAMED, "reduction", "mean") {
        "none" => Reduction::None,
        "sum" => Reduction::Sum,
        _ => Reduction::Mean,
    }
}

pub(super) fn make<T: Float>(settings: &Case<'_, T>) -> Made<T> {
    let number = |name: &str, default: f64| settings.float(NAMED, name, default);
    let margin = |default: f64| number("margin", default);
    Ok(Some(match settings.op() {
        "functional.normalize" => built(Mode::Train, |_: &Mode, case| {
            let (p, axis) = (case.float(NAMED, "p", 2.0), case.int(NAMED, "dim", 1));
            let eps = case.float(NAMED, "eps", 1e-12);
            let y = case.var(0, "input")?.normalize(p, axis as isize, eps)?;
            Ok(vec![Out::Var(y)])
        }),
        "CosineSimilarity" => {
            let axis = settings.int(NAMED, "dim", 1) as isize;
            let layer = CosineSimilarity::new().axis(axis).eps(number("eps", 1e-8));
            of_two(layer, |layer, x, y| layer.forward(x, y))
        }
        "PairwiseDistance" => {
            let layer = PairwiseDistance::new()
                .p(number("p", 2.0))
                .eps(number("eps", 1e-6));
            let layer = layer.keepdim(settings.flag(NAMED, "keepdim", false));
            of_two(layer, |layer, x, y| layer.forward(x, y))
        }
        "CosineEmbeddingLoss" => {
            let loss = CosineEmbeddingLoss::new()
                .margin(margin(0.0))
                .reduction(reduction(settings));
            of_three(loss, |loss, [x, y, t]| loss.forward(x, y, t))
        }
        "MarginRankingLoss" => {
            let loss = MarginRankingLoss::new()
                .margin(margin(0.0))
                .reduction(reduction(settings));
            of_three(loss, |loss, [x, y, t]| loss.forward(x, y, t))
        }
        "HingeEmbeddingLoss" => {
            let loss = HingeEmbeddingLoss::new()
                .margin(margin(1.0))
                .reduction(reduction(settings));
            of_two(loss, |loss, x, t| loss.forward(x, t))
        }
        "TripletMarginLoss" => {
            let loss = TripletMarginLoss::new()
                .margin(margin(1.0))
                .p(number("p", 2.0));
            let loss = loss
                .eps(number("eps", 1e-6))
                .swap(settings.flag(NAMED, "swap", false));
            of_three(loss.reduction(reduction(settings)), |loss, [a, p, n]| {
                loss.forward(a, p, n)
            })
        }
        _ => return of_likelihoods(settings),
    }))
}

fn of_likelihoods<T: Float>(settings: &Case<'_, T>) -> Made<T> {
    let flag = |name: &str, default: bool| settings.flag(NAMED, name, default);
    let eps = |default: f64| settings.float(NAMED, "eps", default);
    let weight = || settings.maybe_var(NAMED, "weight");
    Ok(Some(match settings.op() {
        "GaussianNLLLoss" => {
            let loss = GaussianNllLoss::new()
                .full(flag("full", false))
                .eps(eps(1e-6));
            of_three(loss.reduction(reduction(settings)), |loss, [x, t, v]| {
                loss.forward(x, t, v)
            })
        }
        "PoissonNLLLoss" => {
            let loss = PoissonNllLoss::new().log_input(flag("log_input", true));
            let loss = loss.full(flag("full", false)).eps(eps(1e-8));
            of_two(loss.reduction(reduction(settings)), |loss, x, t| {
                loss.forward(x, t)
            })
        }
        "MultiMarginLoss" => {
            let p = u32::try_from(settings.int(NAMED, "p", 1))?;
            let mut loss = MultiMarginLoss::new()
                .p(p)
                .margin(settings.float(NAMED, "margin", 1.0));
            if let Some(weight) = weight()? {
                loss = loss.weight(weight.into_tensor());
            }
            built(
                loss.reduction(reduction(settings)),
                |loss: &MultiMarginLoss<T>, case| {
                    let (x, labels) = (case.var(0, "input")?, case.ints(1, "target")?);
                    Ok(vec![Out::Var(loss.forward(&x, &labels)?)])
                },
            )
        }
        "SoftMarginLoss" => {
            let loss = SoftMarginLoss::new().reduction(reduction(settings));
            of_two(loss, |loss, x, t| loss.forward(x, t))
        }
        "MultiLabelSoftMarginLoss" => {
            let mut loss = MultiLabelSoftMarginLoss::new();
            if let Some(weight) = weight()? {
                loss = loss.weight(weight.into_tensor());
            }
            of_two(
                loss.reduction(reduction(settings)),
                |loss: &MultiLabelSoftMarginLoss<T>, x, t| loss.forward(x, t),
            )
        }
        _ => return Ok(None),
    }))
}
