//! Losses by targets and by labels.

use gradlet::autograd::{cross_entropy, mse_loss};
use gradlet::{
    CrossEntropyOptions, GaussianNllOptions, KlTarget, MultiMarginOptions, PoissonNllOptions,
    Reduction, Result, TripletMarginOptions, binary_cross_entropy,
    binary_cross_entropy_with_logits, cosine_embedding_loss, cross_entropy_probabilities,
    cross_entropy_with, gaussian_nll_loss, hinge_embedding_loss, huber_loss, kl_div, l1_loss,
    margin_ranking_loss, multi_label_soft_margin_loss, multi_margin_loss, nll_loss,
    poisson_nll_loss, smooth_l1_loss, soft_margin_loss, triplet_margin_loss,
};

use crate::draw::{Case, Draw, Entry, Labels, Tensor, Var};

/// A function of two inputs of one shape and of what becomes of the losses.
fn reduced(
    d: &mut Draw,
    f: impl Fn(&Var, &Var, Reduction) -> Result<Var> + 'static,
) -> Result<Case> {
    let reduction = d.reduction();
    d.alike(move |x, y| f(x, y, reduction))
}

/// Weights that broadcast to the shape, or none.
fn perhaps_weights(d: &mut Draw) -> Result<Option<Tensor>> {
    let shape = d.shape();
    let part = d.part(&shape);
    d.coin().then(|| d.weights(&part)).transpose()
}

/// Reductions for inputs that are repeated, since they may be repeated 0 times, and the mean of no losses is NaN.
const TOTALS: [Reduction; 2] = [Reduction::Sum, Reduction::None];

/// The label that counts nothing where one is.
const IGNORED: i64 = -7;

/// Logits `[n, c, ...]`, `[n, c]` or `[c]` with at least one class, and the shape of their labels.
fn classes(d: &mut Draw, rank: usize) -> Result<(Tensor, Vec<usize>, usize)> {
    let mut shape = d.shape_of_rank(rank);
    let axis = usize::from(rank > 1);
    shape[axis] = shape[axis].max(1);
    let logits = d.input(&shape)?;
    let classes = shape.remove(axis);
    Ok((logits, shape, classes))
}

/// Labels of which some, but not all, are left out.
fn labels(d: &mut Draw, shape: &[usize], classes: usize, ignored: i64) -> Result<Labels> {
    let (labels, mut left_out) = (d.indices(shape, classes)?, d.mask(shape)?.to_vec());
    if let Some(first) = left_out.first_mut() {
        *first = false;
    }
    let labels = labels.iter().zip(left_out);
    let labels: Vec<i64> = labels
        .map(|(label, out)| if out { ignored } else { label })
        .collect();
    Labels::from_slice(&labels, shape)
}

fn options(d: &mut Draw, classes: usize) -> Result<CrossEntropyOptions<f64>> {
    let options = CrossEntropyOptions::new().reduction(d.reduction());
    Ok(if d.coin() {
        options.weight(d.weights(&[classes])?)
    } else {
        options
    })
}

pub(crate) const ENTRIES: &[Entry] = &[
    ("binary_cross_entropy", |d| {
        let weight = perhaps_weights(d)?;
        reduced(d, move |x, t, reduction| {
            binary_cross_entropy(&x.sigmoid(), t, weight.as_ref(), reduction)
        })
    }),
    ("binary_cross_entropy_with_logits", |d| {
        let (weight, positive) = (perhaps_weights(d)?, perhaps_weights(d)?);
        reduced(d, move |x, t, reduction| {
            binary_cross_entropy_with_logits(x, t, weight.as_ref(), positive.as_ref(), reduction)
        })
    }),
    ("cosine_embedding_loss", |d| {
        let mut shape = d.shape();
        let signs = Var::constant(d.input(&shape)?.sign());
        shape.push(3);
        let (inputs, reduction) = ([d.input(&shape)?, d.input(&shape)?], d.reduction());
        // Below every cosine, since one may be at any other margin.
        Ok(Case::new(inputs, move |x| {
            cosine_embedding_loss(&x[0], &x[1], &signs, -1.5, reduction)
        }))
    }),
    ("cross_entropy", |d| {
        let rank = d.shape().len().max(1);
        let (logits, shape, classes) = classes(d, rank)?;
        let labels = if d.coin() {
            d.indices(&shape, classes)?
        } else {
            labels(d, &shape, classes, -100)?
        };
        Ok(Case::new([logits], move |x| cross_entropy(&x[0], &labels)))
    }),
    ("cross_entropy with options", |d| {
        let rank = d.shape().len().max(1);
        let (logits, shape, classes) = classes(d, rank)?;
        let labels = labels(d, &shape, classes, IGNORED)?;
        let options = options(d, classes)?
            .ignore_index(IGNORED)
            .label_smoothing(d.pick(&[0.0, 0.2, 1.0]));
        Ok(Case::new([logits], move |x| {
            cross_entropy_with(&x[0], &labels, &options)
        }))
    }),
    ("cross_entropy_probabilities", |d| {
        let rank = d.shape().len().max(1);
        let (logits, _, classes) = classes(d, rank)?;
        let target = d.input(logits.shape())?;
        let options = options(d, classes)?.label_smoothing(d.pick(&[0.0, 0.2, 1.0]));
        Ok(Case::new([logits, target], move |x| {
            cross_entropy_probabilities(&x[0], &x[1], &options)
        }))
    }),
    ("gaussian_nll_loss", |d| {
        let shape = d.shape();
        let mut of_variance = shape.clone();
        let reduction = if d.coin() {
            of_variance.pop();
            d.pick(&TOTALS)
        } else {
            d.reduction()
        };
        let options = GaussianNllOptions::new()
            .full(d.coin())
            .reduction(reduction);
        let inputs = [d.input(&shape)?, d.input(&shape)?, d.input(&of_variance)?];
        Ok(Case::new(inputs, move |x| {
            gaussian_nll_loss(&x[0], &x[1], &x[2].abs().add_scalar(0.5), options)
        }))
    }),
    ("huber_loss", |d| {
        let delta = d.kink_size();
        reduced(d, move |x, t, reduction| huber_loss(x, t, delta, reduction))
    }),
    ("huber_loss l1_loss", |d| reduced(d, l1_loss)),
    ("huber_loss smooth_l1_loss", |d| {
        let beta = d.kink_size();
        let beta = d.pick(&[beta, 0.0]);
        reduced(d, move |x, t, reduction| {
            smooth_l1_loss(x, t, beta, reduction)
        })
    }),
    ("kl_div", |d| {
        reduced(d, |x, t, reduction| {
            kl_div(x, &t.abs(), KlTarget::Probabilities, reduction)
        })
    }),
    // Logarithms of probabilities are below 0. Of those above, the loss would be too large to see differences in.
    ("kl_div log", |d| {
        reduced(d, |x, t, reduction| {
            kl_div(x, &t.abs().neg(), KlTarget::LogProbabilities, reduction)
        })
    }),
    ("margin_ranking_loss", |d| {
        let signs = Var::constant(d.input(&d.shape())?.sign());
        let (margin, reduction) = (d.kink(), d.pick(&TOTALS));
        d.pair(move |x1, x2| margin_ranking_loss(x1, x2, &signs, margin, reduction))
    }),
    ("margin_ranking_loss hinge_embedding_loss", |d| {
        let signs = Var::constant(d.input(&d.shape())?.sign());
        let (margin, reduction) = (d.kink(), d.reduction());
        d.unary(move |x| hinge_embedding_loss(x, &signs, margin, reduction))
    }),
    ("mse_loss", |d| reduced(d, mse_loss)),
    ("multi_margin_loss", |d| {
        let rank = d.shape().len().max(1);
        let (x, shape, classes) = classes(d, rank)?;
        let labels = d.indices(&shape, classes)?;
        let weight = if d.coin() {
            Some(d.weights(&[classes])?)
        } else {
            None
        };
        let options = MultiMarginOptions::new()
            .p(d.pick(&[1, 2]))
            .margin(d.kink());
        let options = options.reduction(d.reduction());
        Ok(Case::new([x], move |x| {
            multi_margin_loss(&x[0], &labels, weight.as_ref(), options)
        }))
    }),
    ("nll_loss", |d| {
        let rank = d.shape().len().max(1);
        let (x, shape, classes) = classes(d, rank)?;
        let labels = labels(d, &shape, classes, IGNORED)?;
        let options = options(d, classes)?.ignore_index(IGNORED);
        Ok(Case::new([x], move |x| nll_loss(&x[0], &labels, &options)))
    }),
    ("poisson_nll_loss", |d| {
        let log_input = d.coin();
        let options = PoissonNllOptions::new().log_input(log_input).full(d.coin());
        let options = options.reduction(d.reduction());
        // Counts above 1, where the loss has no kink.
        d.alike(move |x, t| {
            let x = if log_input { x.clone() } else { x.abs() };
            poisson_nll_loss(&x, &t.abs().add_scalar(1.0), options)
        })
    }),
    ("soft_margin_loss", |d| reduced(d, soft_margin_loss)),
    ("soft_margin_loss multi_label_soft_margin_loss", |d| {
        let mut shape = d.shape();
        shape.push(3);
        let (inputs, weight) = ([d.input(&shape)?, d.input(&shape)?], d.weights(&[3])?);
        let (weight, reduction) = (d.coin().then_some(weight), d.reduction());
        Ok(Case::new(inputs, move |x| {
            multi_label_soft_margin_loss(&x[0], &x[1], weight.as_ref(), reduction)
        }))
    }),
    ("triplet_margin_loss", |d| {
        let mut shape = d.shape();
        shape.push(2);
        let part = d.part(&shape);
        let inputs = [d.input(&shape)?, d.input(&part)?, d.input(&shape)?];
        // So large a margin that no loss is 0, and no difference is 0 with half a step more.
        let options = TripletMarginOptions::new().margin(50.0).eps(1.0 / 64.0);
        let options = options
            .p(d.pick(&[1.0, 2.0, 3.0]))
            .reduction(d.pick(&TOTALS));
        Ok(Case::new(inputs, move |x| {
            triplet_margin_loss(&x[0], &x[1], &x[2], options)
        }))
    }),
];
