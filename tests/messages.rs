//! A mistake deep in a model is reported with the operation, the shapes, the layer's kind and sizes, its place in a
//! `Sequential`, and the user's line.

use gradlet::prelude::*;
use gradlet::{
    AlphaDropout, BatchNorm2d, DropConnect, Dropout1d, Dropout2d, Dropout3d, FeatureAlphaDropout,
    Glu, GroupNorm, Hardtanh, InstanceNorm1d, LayerNorm, Prelu, RmsNorm, Softmax, Unflatten,
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

/// Each layer's error for a scalar begins with this text.
fn refuse_a_scalar(layers: &[(Box<dyn Forward>, &str)]) -> Result<()> {
    let scalar = zeros(&[])?;
    for (layer, start) in layers {
        let (line, error) = (line!(), layer.forward(&scalar));
        let Err(error) = error else {
            panic!("{start} takes a scalar")
        };
        assert_says(&error, line, start);
    }
    Ok(())
}

#[test]
fn norms_activations_and_layers_of_shapes_name_themselves() -> Result<()> {
    let layers: [(Box<dyn Forward>, &str); 10] = [
        (Box::new(BatchNorm2d::new(3)?), "BatchNorm2d(3): "),
        (Box::new(InstanceNorm1d::new(3)?), "InstanceNorm1d(3): "),
        (
            Box::new(GroupNorm::new(2, 4)?),
            "GroupNorm(4 channels, 2 groups): ",
        ),
        (Box::new(LayerNorm::new(3)?), "LayerNorm(3): "),
        (Box::new(RmsNorm::new(3)?), "RmsNorm(3): "),
        (
            Box::new(Hardtanh::new().low(2.0)),
            "Hardtanh(low 2, high 1): low ",
        ),
        (Box::new(Softmax::new(1)), "Softmax(axis 1): axis "),
        (Box::new(Glu::new(0)), "Glu(axis 0): axis "),
        (Box::new(Prelu::new(2)?), "Prelu(2): "),
        (
            Box::new(Unflatten::new(1, &[2, -1])?),
            "Unflatten(axis 1, [2, -1]): axis ",
        ),
    ];
    refuse_a_scalar(&layers)
}

#[test]
fn every_layer_that_can_fail_names_itself() -> Result<()> {
    let rng = &mut gradlet::rng(0);
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
    refuse_a_scalar(&layers)?;
    assert!(AlphaDropout::new(0.5, rng)?.forward(&zeros(&[])?).is_ok());
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

#[test]
fn a_noise_shape_that_does_not_fit_is_shown_with_the_sizes_that_it_means() -> Result<()> {
    let key = gradlet::dropout::DrawKey { seed: 0, call: 0 };
    let text = |sizes: &[usize], noise: &[Option<usize>]| {
        let x = Var::constant(Tensor::zeros(sizes)?);
        let y = gradlet::dropout::functional::stateless_dropout(&x, 0.5, noise, key);
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
