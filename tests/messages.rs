//! A mistake deep in a model is reported with the operation, the shapes, the layer's path and the
//! user's line.

use gradlet::prelude::*;

#[track_caller]
fn assert_says(error: &Error, line: u32, parts: &[&str]) {
    let text = error.to_string();
    let place = format!("(at {}:{line})", file!());
    for part in parts.iter().copied().chain([place.as_str()]) {
        assert!(text.contains(part), "`{part}` is not in: {text}");
    }
    assert_eq!(text.lines().count(), 1, "{text}");
}

#[test]
fn a_lone_layer_names_operation_shapes_and_line() -> Result<()> {
    let layer = Linear::new(5, 3, &mut gradlet::rng(0))?;
    let x = Var::constant(Tensor::zeros([1, 4])?);
    let (line, error) = (line!(), layer.forward(&x).unwrap_err());
    assert_says(&error, line, &["linear", "[1, 4]", "[3, 5]"]);
    Ok(())
}

#[test]
fn nested_sequentials_add_path_and_kind() -> Result<()> {
    let mut rng = gradlet::rng(0);
    let model = sequential![
        Linear::new(6, 4, &mut rng)?,
        Relu::new(),
        sequential![Linear::new(5, 3, &mut rng)?, Relu::new()],
    ];
    let x = Var::constant(Tensor::zeros([1, 6])?);
    let (line, error) = (line!(), model.forward(&x).unwrap_err());
    assert_says(&error, line, &["2.0 Linear", "linear", "[1, 4]", "[3, 5]"]);
    Ok(())
}

#[test]
fn boxes_pass_path_and_line_through() -> Result<()> {
    let mut rng = gradlet::rng(0);
    let inner = Box::new(sequential![Relu::new(), Linear::new(5, 3, &mut rng)?]);
    let model: Box<dyn Forward> = Box::new(Sequential::new().push(Relu::new()).push(inner));
    let x = Var::constant(Tensor::zeros([1, 4])?);
    let (line, error) = (line!(), model.forward(&x).unwrap_err());
    assert_says(&error, line, &["1.1 Linear", "linear", "[1, 4]", "[3, 5]"]);
    Ok(())
}
