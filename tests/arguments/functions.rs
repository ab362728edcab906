//! Every function that can fail, and every method of `Mask`.

use std::slice::from_ref;

use gradlet::dropout::functional::{
    alpha_dropout, dropout, dropout1d, dropout2d, dropout3d, feature_alpha_dropout,
    gaussian_dropout, native_dropout, stateless_dropout,
};
use gradlet::dropout::{Mask, alpha_dropout_with, dropout_owned, dropout_with, load_state};
use gradlet::init::{
    Fan, constant, dirac, eye, fan_in_uniform, kaiming_normal, kaiming_uniform, normal, ones,
    orthogonal, truncated_normal, uniform, xavier_normal, xavier_uniform, zeros,
};
use gradlet::{
    Accuracy, AnyTensor, AveragePrecision, ConfusionMatrix, CreateGraph, CrossEntropyOptions,
    Dropout, GaussianNllOptions, KlTarget, Linear, LogLoss, MaxError, MeanAbsoluteError,
    MeanSquaredError, Mode, MultiMarginOptions, PoissonNllOptions, R2, Result, RocAuc,
    RunningStatistics, State, Tensor, TopK, TripletMarginOptions, Var, binary_cross_entropy,
    binary_cross_entropy_with_logits, checkpoint, checkpoint_module, checkpoint_with,
    cosine_embedding_loss, cross_entropy, cross_entropy_probabilities, cross_entropy_with, einsum,
    gaussian_nll_loss, grad, gradcheck, gradgradcheck, hessian, hinge_embedding_loss, huber_loss,
    hvp, jacobian, jvp, kl_div, l1_loss, margin_ranking_loss, monte_carlo, mse_loss,
    multi_label_soft_margin_loss, multi_margin_loss, nll_loss, poisson_nll_loss, rng,
    smooth_l1_loss, soft_margin_loss, triplet_margin_loss, vjp,
};
use proptest::prelude::*;

use crate::random::{Random, random, vars};
use crate::{calls, check};

type Vars = Random<f64, Var<f64>>;
type Tensors = Random<f64>;

/// The product of all, where they broadcast.
fn product(xs: &[Var<f64>]) -> Result<Var<f64>> {
    let mut y = Var::constant(Tensor::scalar(1.0));
    for x in xs {
        y = y.mul(x)?;
    }
    Ok(y)
}

fn total(xs: &[Var<f64>]) -> Result<Var<f64>> {
    product(xs)?.sum(..)
}

/// A state with this at the path of a dropout's source.
fn state(tensor: impl Into<AnyTensor>) -> State {
    let mut state = State::new();
    state.insert("source", tensor);
    state
}

/// At most eight of the elements, since each costs a pass.
fn some(x: &Tensor<f64>) -> Result<Tensor<f64>> {
    if x.len() > 8 {
        x.flatten(..)?.narrow(0, 0, 8)
    } else {
        Ok(x.clone())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn losses_never_panic(random in vars()) {
        check(&random, &calls!(
            r: Vars,
            cross_entropy(&r.x, &r.indices),
            mse_loss(&r.x, &r.y, r.reduction()),
            l1_loss(&r.x, &r.y, r.reduction()),
            smooth_l1_loss(&r.x, &r.y, r.number, r.reduction()),
            huber_loss(&r.x, &r.y, r.number, r.reduction()),
            binary_cross_entropy(&r.x, &r.y, None, r.reduction()),
            binary_cross_entropy(&r.x.sigmoid(), &r.x, Some(r.y.tensor()), r.reduction()),
            binary_cross_entropy_with_logits(&r.x, &r.y, None, Some(r.z.tensor()), r.reduction()),
            binary_cross_entropy_with_logits(&r.x, &r.x, Some(r.y.tensor()), None, r.reduction()),
            kl_div(&r.x, &r.y, KlTarget::LogProbabilities, r.reduction()),
            kl_div(&r.x, &r.y, KlTarget::Probabilities, r.reduction()),
            nll_loss(&r.x, &r.indices, &CrossEntropyOptions::new().ignore_index(r.axis as i64).reduction(r.reduction())),
            cross_entropy_with(&r.x, &r.indices, &CrossEntropyOptions::new().weight(r.y.tensor().clone())),
            cross_entropy_with(&r.x, &r.indices, &CrossEntropyOptions::new().label_smoothing(r.number).reduction(r.reduction())),
            cross_entropy_probabilities(&r.x, &r.y, &CrossEntropyOptions::new().label_smoothing(r.number)),
            cross_entropy_probabilities(&r.x, &r.x, &CrossEntropyOptions::new().weight(r.z.tensor().clone())),
            cosine_embedding_loss(&r.x, &r.y, &r.z, r.number, r.reduction()),
            cosine_embedding_loss(&r.x, &r.x, &r.x.sum(-1)?, 0.5, r.reduction()),
            margin_ranking_loss(&r.x, &r.y, &r.z, r.number, r.reduction()),
            hinge_embedding_loss(&r.x, &r.y, r.number, r.reduction()),
            soft_margin_loss(&r.x, &r.y, r.reduction()),
            multi_label_soft_margin_loss(&r.x, &r.y, Some(r.z.tensor()), r.reduction()),
            gaussian_nll_loss(&r.x, &r.y, &r.z, GaussianNllOptions::new().reduction(r.reduction())),
            gaussian_nll_loss(&r.x, &r.x, &r.y.square(), GaussianNllOptions::new().eps(r.number)),
            poisson_nll_loss(&r.x, &r.y, PoissonNllOptions::new().full(true).reduction(r.reduction())),
            poisson_nll_loss(&r.x, &r.y, PoissonNllOptions::new().log_input(false).eps(r.number)),
            triplet_margin_loss(&r.x, &r.y, &r.z, TripletMarginOptions::new().p(r.number).swap(true)),
            triplet_margin_loss(&r.x, &r.y, &r.x, TripletMarginOptions::new().margin(r.number).reduction(r.reduction())),
            multi_margin_loss(&r.x, &r.indices, None, MultiMarginOptions::new().p(r.few[0] as u32)),
            multi_margin_loss(&r.x, &r.indices, Some(r.y.tensor()), MultiMarginOptions::new().reduction(r.reduction())),
            einsum(r.equation, &[&r.x, &r.y]),
            einsum(r.equation, &[&r.x]),
            einsum(r.equation, &[&r.x, &r.y, &r.z]),
            einsum::<f64>(r.equation, &[]),
            RunningStatistics::<f64>::new(r.size),
        ))?;
    }

    #[test]
    fn gradients_never_panic(random in random::<f64>()) {
        check(&random, &calls!(
            r: Tensors,
            vjp(product, &[r.x.clone(), r.y.clone()], &r.z),
            vjp(product, &[], &r.z),
            jvp(product, &[r.x.clone(), r.y.clone()], &[r.y.clone(), r.z.clone()]),
            jvp(product, from_ref(&r.x), &[]),
            hvp(total, &[r.x.clone(), r.y.clone()], &[r.x.clone(), r.z.clone()]),
            hvp(product, from_ref(&r.x), from_ref(&r.x)),
            jacobian(product, &[some(&r.x)?, some(&r.y)?]),
            jacobian(product, &[]),
            hessian(total, &[some(&r.x)?, some(&r.y)?]),
            hessian(product, from_ref(&r.x)),
            gradcheck(total, &[some(&r.x)?, some(&r.y)?]),
            gradcheck(product, &[some(&r.x)?]),
            gradgradcheck(product, &[some(&r.x)?]),
            gradgradcheck(product, &[]),
            {
                let (x, y) = (Var::leaf(r.x.clone()), Var::leaf(r.y.clone()));
                grad(&x.mul(&x)?, &[&x, &y], CreateGraph::Yes)
            },
            {
                let x = Var::leaf(some(&r.x)?);
                grad(&x.square().sum(..)?, &[&x, &Var::leaf(r.y.clone())], CreateGraph::Yes)
            },
            checkpoint(product, &[&Var::leaf(r.x.clone()), &Var::leaf(r.y.clone())]),
            checkpoint(product, &[]),
            checkpoint_with(product, total, &[&Var::leaf(r.x.clone()), &Var::leaf(r.y.clone())]),
        ))?;
    }

    #[test]
    fn dropout_never_panics(random in vars()) {
        check(&random, &calls!(
            r: Vars,
            dropout(&r.x, r.number, Mode::Train, &mut rng(r.seed)),
            dropout1d(&r.x, r.number, Mode::Train, &mut rng(r.seed)),
            dropout2d(&r.x, r.number, Mode::Train, &mut rng(r.seed)),
            dropout3d(&r.x, r.number, Mode::Train, &mut rng(r.seed)),
            alpha_dropout(&r.x, r.number, Mode::Train, &mut rng(r.seed)),
            feature_alpha_dropout(&r.x, r.number, Mode::Train, &mut rng(r.seed)),
            gaussian_dropout(&r.x, r.number, Mode::Train, &mut rng(r.seed)),
            native_dropout(&r.x, r.number, Mode::Train, &mut rng(r.seed)),
            native_dropout(&r.x, r.number, Mode::Eval, &mut rng(r.seed)),
            stateless_dropout(&r.x, r.number, &[None, Some(r.size)], r.key()),
            stateless_dropout(&r.x, 0.5, &[Some(1); 2], r.key()),
            dropout_with(&r.x, Mask::from_kept(&r.mask)?, r.number),
            dropout_owned(r.x.clone(), Mask::from_kept(&r.mask)?, r.number),
            alpha_dropout_with(r.x.clone(), Mask::from_kept(&r.mask)?, r.number),
            monte_carlo(&mut Dropout::new(0.5, &mut rng(r.seed))?, &r.x, r.size.min(3)).map(|m| m.mean),
            checkpoint_module(&Linear::<f64>::new_of(r.few[0], 2, &mut rng(r.seed))?, &r.x),
            load_state(&mut Dropout::new(0.5, &mut rng(r.seed))?, &state(r.indices.clone())).map(|()| r.x.clone()),
        ))?;
    }

    // In braces, since errors name the metric and not its method.
    #[test]
    fn metrics_never_panic(random in random::<f64>()) {
        check(&random, &calls!(
            r: Tensors,
            { Accuracy::new().update(&r.x, &r.indices) },
            { Accuracy::new().update_predictions(&r.indices, &r.indices) },
            { TopK::new(r.size).update_weighted(&r.x, &r.indices, &r.y) },
            { LogLoss::new().update(&r.x.softmax(-1)?, &r.indices) },
            { ConfusionMatrix::new(r.few[0])?.update(&r.x, &r.indices) },
            { ConfusionMatrix::new(r.few[0])?.update_weighted(&r.x, &r.indices, &r.y) },
            { ConfusionMatrix::new(r.few[0])?.update_predictions(&r.indices, &r.indices) },
            { RocAuc::new().update_weighted(&r.x, &r.indices, &r.y) },
            { AveragePrecision::new().update(&r.x, &r.indices) },
            { MaxError::new().update(&r.x, &r.y) },
            { MeanAbsoluteError::new().update_weighted(&r.x, &r.y, &r.z) },
            { MeanSquaredError::new().update(&r.x, &r.y) },
            { R2::new().update_weighted(&r.x, &r.y, &r.z) },
        ))?;
    }

    #[test]
    fn masks_and_initial_weights_never_panic(random in random::<f64>()) {
        check(&random, &calls!(
            r: Tensors,
            Mask::draw(r.sizes.as_slice(), r.number, r.key()),
            Mask::draw(r.sizes.as_slice(), 0.5, r.key()),
            Mask::check_probability("test", r.number),
            Ok(Mask::bad_probability("test", "in [0, 1]", r.number)),
            Mask::from_kept(&r.mask),
            Mask::from_kept(&r.mask)?.broadcast_to(r.sizes.as_slice()),
            Mask::from_kept(&r.mask)?.broadcast_to(r.x.shape()),
            Mask::from_kept(&r.mask)?.apply(&r.x, r.number),
            Mask::from_kept(&r.mask)?.apply_owned(r.x.clone(), r.number),
            Mask::from_kept(&r.mask)?.to_tensor(),
            kaiming_uniform::<f64>(r.sizes.as_slice(), Fan::In, r.number, &mut rng(r.seed)),
            kaiming_normal::<f64>(r.sizes.as_slice(), Fan::Out, r.number, &mut rng(r.seed)),
            xavier_uniform::<f64>(r.sizes.as_slice(), r.number, &mut rng(r.seed)),
            xavier_normal::<f64>(r.sizes.as_slice(), r.number, &mut rng(r.seed)),
            fan_in_uniform::<f64>(r.sizes.as_slice(), r.size, &mut rng(r.seed)),
            constant(r.sizes.as_slice(), r.value),
            zeros::<f64>(r.sizes.as_slice()),
            ones::<f64>(r.sizes.as_slice()),
            eye::<f64>(r.size, r.few[0]),
            uniform::<f64>(r.sizes.as_slice(), r.number, r.value, &mut rng(r.seed)),
            normal::<f64>(r.sizes.as_slice(), r.value, r.number, &mut rng(r.seed)),
            truncated_normal::<f64>(r.sizes.as_slice(), 0.0, 1.0, r.number, r.value, &mut rng(r.seed)),
            truncated_normal::<f64>(r.sizes.as_slice(), r.value, r.number, -1.0, 1.0, &mut rng(r.seed)),
            orthogonal::<f64>(r.few.get(..r.size.min(3)).unwrap_or(&[2, 3]), r.number, &mut rng(r.seed)),
            dirac::<f64>(r.sizes.as_slice(), r.size),
            dirac::<f64>(&r.few[..4], r.few[4]),
        ))?;
    }
}
