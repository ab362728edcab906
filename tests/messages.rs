//! A mistake deep in a model is reported with the operation, the shapes, the layer's kind and sizes, its place in a
//! `Sequential`, and the user's line.

use gradlet::prelude::*;
use gradlet::{
    AlphaDropout, CrossEntropyOptions, DropConnect, Dropout1d, Dropout2d, Dropout3d,
    FeatureAlphaDropout, KlTarget, Reduction, binary_cross_entropy,
    binary_cross_entropy_with_logits, cross_entropy_probabilities, cross_entropy_with, huber_loss,
    kl_div, l1_loss, mse_loss, nll_loss, smooth_l1_loss, tensor,
};

#[track_caller]
fn assert_says(error: &Error, line: u32, start: &str) {
    let text = error.to_string();
    let place = format!("(at {}:{line})", file!());
    assert!(text.starts_with(start), "`{start}` does not begin: {text}");
    assert!(text.ends_with(&place), "{text}");
    assert_eq!(text.lines().count(), 1, "{text}");
}

const LINEAR: &str = "Linear(5 -> 3): inner sizes differ: [1, 4] x [3, 5] (";

/// A part that names no layer itself.
#[derive(Clone, Module)]
struct Block<F = Linear> {
    first: F,
}

impl<F: Forward> Forward for Block<F> {
    fn forward(&self, x: &Var) -> Result<Var> {
        self.first.forward(x)
    }
}

fn linear() -> Result<Linear> {
    Linear::new(5, 3, &mut gradlet::rng(0))
}

fn zeros(sizes: &[usize]) -> Result<Var> {
    Ok(Var::constant(Tensor::zeros(sizes)?))
}

#[test]
fn a_lone_layer_names_its_sizes_the_operation_shapes_and_line() -> Result<()> {
    let (layer, x) = (linear()?, zeros(&[1, 4])?);
    let (line, error) = (line!(), layer.forward(&x).unwrap_err());
    assert_says(&error, line, LINEAR);
    Ok(())
}

#[test]
fn a_field_of_a_model_is_named_as_a_lone_layer_is() -> Result<()> {
    let first = linear()?;
    let (model, x) = (Block { first }, zeros(&[1, 4])?);
    let (line, error) = (line!(), model.forward(&x).unwrap_err());
    assert_says(&error, line, LINEAR);
    Ok(())
}

#[test]
fn nested_sequentials_add_the_place_in_them() -> Result<()> {
    let model = sequential![
        Relu::new(),
        Relu::new(),
        sequential![linear()?, Relu::new()]
    ];
    let x = zeros(&[1, 4])?;
    let (line, error) = (line!(), model.forward(&x).unwrap_err());
    let start = format!("layer 2.0 of a Sequential, {LINEAR}");
    assert_says(&error, line, &start);
    Ok(())
}

#[test]
fn boxes_pass_place_and_line_through() -> Result<()> {
    let inner = Box::new(sequential![Relu::new(), linear()?]);
    let model: Box<dyn Forward> = Box::new(Sequential::new().push(Relu::new()).push(inner));
    let x = zeros(&[1, 4])?;
    let (line, error) = (line!(), model.forward(&x).unwrap_err());
    let start = format!("layer 1.1 of a Sequential, {LINEAR}");
    assert_says(&error, line, &start);
    Ok(())
}

#[test]
fn a_part_between_two_chains_is_named_and_its_index_is_not_joined_to_theirs() -> Result<()> {
    let x = zeros(&[1, 4])?;
    let error = sequential![Relu::new(), Block { first: linear()? }].forward(&x);
    let start = format!("layer 1 of a Sequential, Block: {LINEAR}");
    assert!(error.unwrap_err().to_string().starts_with(&start));
    let first = sequential![linear()?];
    let error = sequential![Relu::new(), Block { first }].forward(&x);
    let start = format!("layer 1 of a Sequential, Block: layer 0 of a Sequential, {LINEAR}");
    let text = error.unwrap_err().to_string();
    assert!(text.starts_with(&start), "{text}");
    Ok(())
}

#[test]
fn every_layer_that_can_fail_names_itself() -> Result<()> {
    let rng = &mut gradlet::rng(0);
    let scalar = zeros(&[])?;
    let layers: [(Box<dyn Forward>, &str); 10] = [
        (
            Box::new(linear()?.without_bias()),
            "Linear(5 -> 3, no bias): ",
        ),
        (
            Box::new(Conv2d::new(3, 8, 3, rng)?),
            "Conv2d(3 -> 8, 3x3): ",
        ),
        (Box::new(MaxPool2d::new(2)), "MaxPool2d(2x2, stride 2x2): "),
        (Box::new(Flatten::new()), "Flatten: axis "),
        (
            Box::new(Dropout::new(0.5, rng)?.noise_shape(&[Some(1)])),
            "Dropout(p=0.5, noise_shape=[1], train): ",
        ),
        (
            Box::new(Dropout1d::new(0.5, rng)?),
            "Dropout1d(p=0.5, train): ",
        ),
        (
            Box::new(Dropout2d::new(0.5, rng)?),
            "Dropout2d(p=0.5, train): ",
        ),
        (
            Box::new(Dropout3d::new(0.5, rng)?),
            "Dropout3d(p=0.5, train): ",
        ),
        (
            Box::new(FeatureAlphaDropout::new(0.5, rng)?),
            "FeatureAlphaDropout(p=0.5, train): ",
        ),
        (
            Box::new(DropConnect::new(linear()?, 0.5, rng)?),
            "DropConnect(p=0.5, train): linear: ",
        ),
    ];
    for (layer, start) in layers {
        let (line, error) = (line!(), layer.forward(&scalar));
        let Err(error) = error else {
            panic!("{start} takes a scalar")
        };
        assert_says(&error, line, start);
    }
    assert!(AlphaDropout::new(0.5, rng)?.forward(&scalar).is_ok());
    Ok(())
}

#[test]
fn dropouts_other_calls_name_it_too() -> Result<()> {
    let dropout = Dropout2d::new(0.5, &mut gradlet::rng(0))?;
    let start = "Dropout2d(p=0.5, train): ";
    let (line, error) = (line!(), dropout.forward_as(Mode::Train, &zeros(&[2])?));
    assert_says(&error.unwrap_err(), line, start);
    let (line, error) = (line!(), dropout.forward_owned(zeros(&[2])?));
    assert_says(&error.unwrap_err(), line, start);
    Ok(())
}

#[test]
fn images_with_their_channels_last_are_told_to_be_permuted() -> Result<()> {
    let layer = Conv2d::new(3, 8, 3, &mut gradlet::rng(0))?;
    let permute = "; channels come before height and width: permute the input (";
    for (image, says) in [
        (
            &[2, 9, 7, 3][..],
            ["input [2, 9, 7, 3] has 9 channels", permute],
        ),
        (&[9, 7, 3], ["input [1, 9, 7, 3] has 9 channels", permute]),
        (
            &[2, 1, 9, 7],
            ["input [2, 1, 9, 7] has 1 channels", " (at "],
        ),
    ] {
        let x = zeros(image)?;
        let (line, error) = (line!(), layer.forward(&x).unwrap_err());
        let [shape, remedy] = says;
        let start = format!("Conv2d(3 -> 8, 3x3): {shape}, weight [8, 3, 3, 3] takes 3{remedy}");
        assert_says(&error, line, &start);
    }
    let grouped = Conv2d::grouped(4, 8, 3, 2, &mut gradlet::rng(0))?;
    let x = zeros(&[2, 9, 7, 4])?;
    let (line, error) = (line!(), grouped.forward(&x).unwrap_err());
    let start = format!(
        "Conv2d(4 -> 8, 3x3, 2 groups): input [2, 9, 7, 4] has 9 channels, \
         weight [8, 2, 3, 3] takes 4{permute}"
    );
    assert_says(&error, line, &start);
    Ok(())
}

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
            "index -1 is out of range for axis 0 of size 3 in shape [3]",
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
const BY_TARGET: [(&str, Loss); 8] = [
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

#[test]
fn a_noise_shape_that_does_not_fit_is_shown_with_the_sizes_that_it_means() -> Result<()> {
    let key = gradlet::DrawKey { seed: 0, call: 0 };
    let text = |sizes: &[usize], noise: &[Option<usize>]| {
        let x = Var::constant(Tensor::zeros(sizes)?);
        let y = gradlet::functional::stateless_dropout(&x, 0.5, noise, key);
        Ok::<_, Error>(y.unwrap_err().to_string())
    };
    let message = text(&[2, 1, 5], &[None, Some(3), None])?;
    let expected = "noise_shape: shapes differ: expected [2, 1, 5], got [2, 3, 5] (at ";
    assert!(message.starts_with(expected), "{message}");
    let message = text(&[2, 4, 5], &[None, Some(4)])?;
    let expected =
        "noise_shape: expected an input with as many axes as the noise shape, got shape [2, 4, 5]";
    assert!(message.starts_with(expected), "{message}");
    Ok(())
}
