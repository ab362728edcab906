//! Tests of messages and of the names in front of them.

use super::*;

#[test]
fn an_error_is_one_pointer_and_names_this_file() {
    assert_eq!(size_of::<Error>(), size_of::<usize>());
    let error = Error::new(ErrorKind::NoTensors { op: "cat" });
    let line = line!() - 1;
    assert_eq!(
        error.to_string(),
        format!("cat: expected at least one tensor (at {}:{line})", file!())
    );
}

#[test]
fn a_layer_that_is_one_operation_is_not_named_twice() {
    let named = |layers: &str| {
        let error = Error::new(ErrorKind::NoTensors { op: "max_pool2d" });
        error.within(|_| layers.to_owned()).to_string()
    };
    for (layers, start) in [
        ("", "max_pool2d: expected"),
        ("Net: ", "Net: max_pool2d: expected"),
        ("MaxPool2d: ", "MaxPool2d: expected"),
        (
            "layer 0, MaxPool2d(2x2, 1): ",
            "layer 0, MaxPool2d(2x2, 1): expected",
        ),
        (
            "MaxPool2d(2): Inner: ",
            "MaxPool2d(2): Inner: max_pool2d: expected",
        ),
    ] {
        assert!(named(layers).starts_with(start), "{}", named(layers));
    }
}

#[test]
fn an_axis_that_the_target_lacks_has_no_size() {
    let error = crate::tensor![[1.0, 2.0]].broadcast_to([2]).unwrap_err();
    let text = error.to_string();
    assert!(
        text.starts_with("broadcast_to: shapes do not broadcast: [1, 2] and [2] (axis 0 "),
        "{text}"
    );
    assert!(text.contains("sizes 1 and none"), "{text}");
}

#[test]
fn a_broadcast_error_shows_both_shapes_and_the_axis() {
    let error =
        Shape::broadcast_for("add", &Shape::from([2, 3]), &Shape::from([2, 4])).unwrap_err();
    assert!(
        error.to_string().starts_with(
            "add: shapes do not broadcast: [2, 3] and [2, 4] (axis 1 from the left has sizes 3 and 4); sizes must be equal or 1 (at "
        ),
        "{error}"
    );
}

#[test]
fn a_setting_is_shown_without_dozens_of_zeros() {
    let texts = [1e39, -1e-50, 0.5, -1.0, f64::NAN].map(|value| {
        let error = Error::new(ErrorKind::OutOfRange {
            op: "sgd",
            name: "learning_rate",
            expected: "small",
            value,
            remedy: String::new(),
        });
        let text = error.to_string();
        let (_, got) = text.split_once("got ").unwrap();
        got.split_once(" (at ").unwrap().0.to_owned()
    });
    assert_eq!(texts, ["1e39", "-1e-50", "0.5", "-1", "NaN"]);
}
