//! A mistake in the arguments of a loss is reported with the loss that was called and the shapes that it was given.

use gradlet::prelude::*;
use gradlet::{
    CrossEntropyOptions, GaussianNllOptions, KlTarget, MultiMarginOptions, PoissonNllOptions,
    Reduction, binary_cross_entropy, binary_cross_entropy_with_logits, cosine_embedding_loss,
    cross_entropy_probabilities, cross_entropy_with, gaussian_nll_loss, hinge_embedding_loss,
    huber_loss, kl_div, l1_loss, mse_loss, multi_label_soft_margin_loss, multi_margin_loss,
    nll_loss, poisson_nll_loss, smooth_l1_loss, soft_margin_loss, tensor,
};

/// Losses of zeros of this shape and of these labels, whatever they are.
fn losses_by_labels(shape: &[usize], labels: &Tensor<i64>) -> Result<Vec<(&'static str, Error)>> {
    let logits = Var::leaf(Tensor::zeros(shape)?);
    let plain = CrossEntropyOptions::new();
    let each = plain.clone().reduction(Reduction::None);
    let losses = [
        ("cross_entropy", cross_entropy(&logits, labels)),
        (
            "cross_entropy_with",
            cross_entropy_with(&logits, labels, &plain),
        ),
        (
            "cross_entropy_with",
            cross_entropy_with(&logits, labels, &each),
        ),
        ("nll_loss", nll_loss(&logits, labels, &plain)),
        (
            "multi_margin_loss",
            multi_margin_loss(&logits, labels, None, MultiMarginOptions::new()),
        ),
    ];
    Ok(losses.map(|(name, loss)| (name, loss.unwrap_err())).into())
}

#[test]
fn each_loss_by_labels_names_itself_and_the_shapes_that_it_was_given() -> Result<()> {
    let labels = |sizes: &[usize], value: i64| Tensor::full_of(sizes, value);
    let cases = [
        (
            &[2, 3, 4][..],
            labels(&[3], 0)?,
            "shapes differ: expected [2, 4], got [3]",
        ),
        (
            &[2, 3],
            Tensor::scalar(0),
            "shapes differ: expected [2], got []",
        ),
        (
            &[3],
            labels(&[1], 0)?,
            "shapes differ: expected [], got [1]",
        ),
        (
            &[],
            Tensor::scalar(0),
            "expected classes [n, c, ...] or [c], got shape []",
        ),
        (
            &[2, 3, 4],
            labels(&[2, 4], 5)?,
            "index 5 is out of range for axis 1 of size 3 in shape [2, 3, 4]",
        ),
        (
            &[3],
            Tensor::scalar(-1),
            "index -1 is out of range for axis 0 of size 3 in shape [3]; \
             indices in a tensor count from 0: for the last one use size - 1",
        ),
        (
            &[2, 0],
            labels(&[2], 0)?,
            "index 0 is out of range for axis 1 of size 0 in shape [2, 0]",
        ),
        (
            &[2, 0, 4],
            labels(&[2, 4], 0)?,
            "index 0 is out of range for axis 1 of size 0 in shape [2, 0, 4]",
        ),
    ];
    for (shape, labels, expected) in cases {
        for (name, error) in losses_by_labels(shape, &labels)? {
            let text = error.to_string();
            assert!(
                text.starts_with(&format!("{name}: {expected} (at ")),
                "{name}: {text}"
            );
        }
    }
    Ok(())
}

type Loss = fn(&Var, &Var) -> Result<Var>;

/// Losses of a target, without weights.
const BY_TARGET: [(&str, Loss); 14] = [
    ("mse_loss", |x, t| mse_loss(x, t, Reduction::Mean)),
    ("l1_loss", |x, t| l1_loss(x, t, Reduction::Mean)),
    ("smooth_l1_loss", |x, t| {
        smooth_l1_loss(x, t, 1.0, Reduction::Mean)
    }),
    ("huber_loss", |x, t| huber_loss(x, t, 1.0, Reduction::Mean)),
    ("kl_div", |x, t| {
        kl_div(x, t, KlTarget::Probabilities, Reduction::Mean)
    }),
    ("binary_cross_entropy", |x, t| {
        binary_cross_entropy(x, t, None, Reduction::Mean)
    }),
    ("binary_cross_entropy_with_logits", |x, t| {
        binary_cross_entropy_with_logits(x, t, None, None, Reduction::Mean)
    }),
    ("cross_entropy_probabilities", |x, t| {
        cross_entropy_probabilities(x, t, &CrossEntropyOptions::new())
    }),
    ("cosine_embedding_loss", |x, t| {
        cosine_embedding_loss(x, t, t, 0.0, Reduction::Mean)
    }),
    ("gaussian_nll_loss", |x, t| {
        gaussian_nll_loss(x, t, x, GaussianNllOptions::new())
    }),
    ("hinge_embedding_loss", |x, t| {
        hinge_embedding_loss(x, t, 1.0, Reduction::Mean)
    }),
    ("multi_label_soft_margin_loss", |x, t| {
        multi_label_soft_margin_loss(x, t, None, Reduction::Mean)
    }),
    ("poisson_nll_loss", |x, t| {
        poisson_nll_loss(x, t, PoissonNllOptions::new())
    }),
    ("soft_margin_loss", |x, t| {
        soft_margin_loss(x, t, Reduction::Mean)
    }),
];

#[test]
fn each_loss_by_a_target_names_itself_and_the_shapes_that_it_was_given() -> Result<()> {
    let (x, target) = (
        Var::leaf(Tensor::zeros([2, 3])?),
        Var::leaf(Tensor::zeros([3])?),
    );
    for (name, loss) in BY_TARGET {
        let text = loss(&x, &target).unwrap_err().to_string();
        let expected = format!("{name}: shapes differ: expected [2, 3], got [3] (at ");
        assert!(text.starts_with(&expected), "{name}: {text}");
    }
    Ok(())
}

#[test]
fn each_weighted_loss_names_itself_and_the_shape_of_its_weights() -> Result<()> {
    let (x, labels, two) = (
        Var::leaf(Tensor::zeros([2, 3])?),
        tensor![i64; 0, 0],
        tensor![1.0, 1.0],
    );
    let (mean, weighted) = (
        Reduction::Mean,
        CrossEntropyOptions::new().weight(two.clone()),
    );
    let classes = "shapes differ: expected [3], got [2] (at ";
    let broadcast = "shapes do not broadcast: [2] and [2, 3] (axis 1 from the left";
    let (of_two, with_logits) = (Some(&two), binary_cross_entropy_with_logits);
    let cases = [
        (
            "binary_cross_entropy",
            binary_cross_entropy(&x, &x, of_two, mean),
            broadcast,
        ),
        (
            "binary_cross_entropy_with_logits",
            with_logits(&x, &x, of_two, None, mean),
            broadcast,
        ),
        (
            "binary_cross_entropy_with_logits",
            with_logits(&x, &x, None, of_two, mean),
            broadcast,
        ),
        (
            "cross_entropy_probabilities",
            cross_entropy_probabilities(&x, &x, &weighted),
            classes,
        ),
        (
            "cross_entropy_with",
            cross_entropy_with(&x, &labels, &weighted),
            classes,
        ),
        ("nll_loss", nll_loss(&x, &labels, &weighted), classes),
    ];
    for (name, loss, expected) in cases {
        let text = loss.unwrap_err().to_string();
        assert!(
            text.starts_with(&format!("{name}: {expected}")),
            "{name}: {text}"
        );
    }
    Ok(())
}

#[test]
fn one_sample_without_a_batch_is_taken_by_each_loss_and_metric() -> Result<()> {
    let (x, label) = (
        Var::constant(tensor![1.0, 3.0, 2.0].log_softmax(0)?),
        Tensor::scalar(1),
    );
    let (rows, labels) = (x.unsqueeze(0)?, tensor![i64; 1]);
    let (plain, target) = (
        CrossEntropyOptions::new(),
        Var::constant(tensor![0.0, 1.0, 0.0]),
    );
    let alone = [
        cross_entropy(&x, &label)?,
        cross_entropy_with(&x, &label, &plain)?,
        nll_loss(&x, &label, &plain)?,
        cross_entropy_probabilities(&x, &target, &plain)?,
    ];
    let expected = cross_entropy(&rows, &labels)?.item()?;
    for loss in alone {
        assert!(
            loss.rank() == 0 && (loss.item()? - expected).abs() < 1e-6,
            "{loss}"
        );
    }
    let each = plain.reduction(Reduction::None);
    assert_eq!(nll_loss(&x, &label, &each)?.shape(), label.shape());
    assert_eq!(
        (x.accuracy(&label)?, x.accuracy(&Tensor::scalar(0))?),
        (1.0, 0.0)
    );
    // [1, 2, 3]: class 0 is larger at the first and the last place.
    let planes = Var::constant(tensor![[[1.0, 0.0, 1.0], [0.0, 1.0, 0.0]]]);
    assert_eq!(planes.accuracy(&tensor![i64; [0, 1, 1]])?, 2.0 / 3.0);
    let text = planes.accuracy(&tensor![i64; 0]).unwrap_err().to_string();
    assert!(
        text.starts_with("accuracy: shapes differ: expected [1, 3], got [1] (at "),
        "{text}"
    );
    Ok(())
}
