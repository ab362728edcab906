//! Metrics against the numbers of scikit-learn.

use std::error::Error;
use std::fs;

use gradlet::metric::Average;
use gradlet::{
    Accuracy, AveragePrecision, ConfusionMatrix, LogLoss, MaxError, MeanAbsoluteError,
    MeanSquaredError, R2, RocAuc, Tensor, TopK,
};
use gradlet_tests::golden::{layers_folder, number};
use serde_json::Value;

type Outcome = Result<(), Box<dyn Error>>;

/// The last digits of sums in another order.
const TOLERANCE: f64 = 1e-12;

fn cases(family: &str) -> Result<Vec<Value>, Box<dyn Error>> {
    let json: Value = serde_json::from_slice(&fs::read(layers_folder().join("metrics.json"))?)?;
    let cases = json[family].as_array().cloned().unwrap_or_default();
    assert!(cases.len() > 8, "{family}: only {} cases", cases.len());
    Ok(cases)
}

fn floats(value: &Value) -> Vec<f64> {
    let all = value.as_array().into_iter().flatten();
    all.filter_map(number).collect()
}

fn ints(value: &Value) -> Tensor<i64> {
    let all = value.as_array().into_iter().flatten();
    let all: Vec<_> = all.filter_map(Value::as_i64).collect();
    Tensor::from_slice(&all, all.len()).unwrap()
}

fn tensor(value: &Value) -> Tensor<f64> {
    let all = floats(value);
    Tensor::from_slice(&all, all.len()).unwrap()
}

/// An error unless both are the same, or NaN.
#[track_caller]
fn expect(case: &Value, name: &str, found: f64, expected: &Value) {
    let expected = number(expected).unwrap_or_else(|| panic!("no {name}: {expected}"));
    let near = (found - expected).abs() <= TOLERANCE * expected.abs().max(1.0);
    let same = near || (found.is_nan() && expected.is_nan());
    assert!(same, "{}, {name}: {found}, not {expected}", case["id"]);
}

#[track_caller]
fn expect_all(case: &Value, name: &str, found: &[f64], expected: &Value) {
    assert_eq!(found.len(), floats(expected).len(), "{name}");
    for (found, expected) in found.iter().zip(expected.as_array().unwrap()) {
        expect(case, name, *found, expected);
    }
}

/// The rows of each part, and then all of them: metrics that are merged are those of all samples.
fn parts(rows: usize) -> [(usize, usize); 2] {
    [(0, rows / 3), (rows / 3, rows - rows / 3)]
}

#[test]
fn classifications_are_scored_as_by_scikit_learn() -> Outcome {
    for case in &cases("classification")? {
        let classes = usize::try_from(case["classes"].as_u64().unwrap())?;
        let (labels, predictions) = (ints(&case["labels"]), ints(&case["predictions"]));
        let rows: Vec<_> = case["probabilities"]
            .as_array()
            .into_iter()
            .flatten()
            .flat_map(floats)
            .collect();
        let scores = Tensor::from_slice(&rows, [labels.len(), classes])?;
        let (mut accuracy, mut loss) = (Accuracy::new(), LogLoss::new());
        let mut matrix = ConfusionMatrix::new(classes)?;
        for (from, count) in parts(labels.len()) {
            let [labels, predictions] = [&labels, &predictions].map(|x| x.narrow(0, from, count));
            let (labels, predictions) = (labels?, predictions?);
            let mut part = (
                Accuracy::new(),
                LogLoss::new(),
                ConfusionMatrix::new(classes)?,
            );
            part.0.update_predictions(&predictions, &labels)?;
            part.1.update(&scores.narrow(0, from, count)?, &labels)?;
            part.2.update_predictions(&predictions, &labels)?;
            accuracy.merge(&part.0);
            loss.merge(&part.1);
            matrix.merge(&part.2)?;
        }
        expect(case, "accuracy", accuracy.value(), &case["accuracy"]);
        expect(
            case,
            "accuracy of the matrix",
            matrix.accuracy(),
            &case["accuracy"],
        );
        expect(case, "log_loss", loss.value(), &case["log_loss"]);
        for (k, expected) in case["top_k"].as_object().unwrap() {
            let mut top = TopK::new(k.parse()?);
            top.update(&scores, &labels)?;
            expect(case, "top_k", top.value(), expected);
        }
        of_the_matrix(case, &matrix);
        // By scores, whose largest is the prediction.
        let mut by_scores = ConfusionMatrix::new(classes)?;
        by_scores.update(&scores, &labels)?;
        let mut right = Accuracy::new();
        right.update(&scores, &labels)?;
        expect(
            case,
            "accuracy of scores",
            right.value(),
            &Value::from(by_scores.accuracy()),
        );
        if scores.argmax(1)? == predictions {
            assert_eq!(by_scores, matrix, "{}", case["id"]);
        }
    }
    Ok(())
}

fn of_the_matrix(case: &Value, matrix: &ConfusionMatrix) {
    let rows = case["confusion_matrix"].as_array().unwrap();
    let counts: Vec<_> = rows.iter().flat_map(floats).collect();
    assert_eq!(matrix.counts, counts, "{}", case["id"]);
    let each = &case["per_class"];
    expect_all(case, "support", &matrix.support(), &each["support"]);
    expect_all(case, "precision", &matrix.precisions(), &each["precision"]);
    expect_all(case, "recall", &matrix.recalls(), &each["recall"]);
    expect_all(case, "f1", &matrix.f1s(), &each["f1"]);
    for (name, average) in [
        ("macro", Average::Macro),
        ("micro", Average::Micro),
        ("weighted", Average::Weighted),
    ] {
        let of = &case[name];
        expect(case, name, matrix.precision(average), &of["precision"]);
        expect(case, name, matrix.recall(average), &of["recall"]);
        expect(case, name, matrix.f1(average), &of["f1"]);
    }
    expect(
        case,
        "balanced accuracy",
        matrix.balanced_accuracy(),
        &case["balanced_accuracy"],
    );
}

#[test]
fn scores_are_ranked_as_by_scikit_learn() -> Outcome {
    for case in &cases("scores")? {
        let (scores, labels) = (tensor(&case["scores"]), ints(&case["labels"]));
        let (mut area, mut precision) = (RocAuc::new(), AveragePrecision::new());
        for (from, count) in parts(labels.len()) {
            let (scores, labels) = (
                scores.narrow(0, from, count)?,
                labels.narrow(0, from, count)?,
            );
            let mut part = (RocAuc::new(), AveragePrecision::new());
            part.0.update(&scores, &labels)?;
            part.1.update(&scores, &labels)?;
            area.merge(&part.0);
            precision.merge(&part.1);
        }
        expect(case, "roc_auc", area.value(), &case["roc_auc"]);
        expect(
            case,
            "average_precision",
            precision.value(),
            &case["average_precision"],
        );
    }
    Ok(())
}

#[test]
fn regressions_are_scored_as_by_scikit_learn() -> Outcome {
    for case in &cases("regression")? {
        let (predictions, targets) = (tensor(&case["predictions"]), tensor(&case["targets"]));
        let (mut mae, mut mse) = (MeanAbsoluteError::new(), MeanSquaredError::new());
        let (mut largest, mut r2) = (MaxError::new(), R2::new());
        for (from, count) in parts(targets.len()) {
            let x = predictions.narrow(0, from, count)?;
            let y = targets.narrow(0, from, count)?;
            mae.update(&x, &y)?;
            mse.update(&x, &y)?;
            largest.update(&x, &y)?;
            let mut part = R2::new();
            part.update(&x, &y)?;
            r2.merge(&part);
        }
        expect(case, "mae", mae.value(), &case["mae"]);
        expect(case, "mse", mse.value(), &case["mse"]);
        expect(case, "rmse", mse.root(), &case["rmse"]);
        expect(case, "max_error", largest.value(), &case["max_error"]);
        expect(case, "r2", r2.value(), &case["r2"]);
    }
    Ok(())
}
