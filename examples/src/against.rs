//! Means over many dropout masks against what the same net gives at test time: figures, claims and
//! a table.

use std::fmt::Write;

use gradlet::prelude::*;

/// Largest distance, in standard errors, at which a mean counts as equal: of a hundred right means,
/// one run in 17,000 has one further off.
const SIGMAS: f64 = 5.0;

/// Differences below this are rounding, whatever the standard error says.
const ROUNDING: f64 = 1e-9;

/// One unit: its mean over the masks, the standard error of that mean, and its value at test time.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// The mean over the masks.
    pub mean: f64,
    /// The standard error of the mean.
    pub error: f64,
    /// The value at test time.
    pub test: f64,
}

impl Column {
    /// How far the mean lies above test time, in standard errors.
    fn sigmas(&self) -> f64 {
        let gap = self.mean - self.test;
        if gap.abs() < ROUNDING {
            0.0
        } else {
            gap / self.error
        }
    }
}

/// The columns of `train`, `[masks, units]`, against `test`, `[1, units]`.
///
/// # Errors
/// If the shapes do not fit.
pub fn columns(train: &Tensor<f64>, test: &Tensor<f64>) -> Result<Vec<Column>> {
    let rows = train.shape()[0] as f64;
    let means = train.mean(0)?;
    let variances = train.sub(&means)?.powi(2).mean(0)?;
    let triples = means
        .to_vec()
        .into_iter()
        .zip(variances.to_vec())
        .zip(test.to_vec());
    Ok(triples
        .map(|((mean, variance), test)| Column {
            mean,
            error: (variance / rows).sqrt(),
            test,
        })
        .collect())
}

#[derive(Clone, Copy, PartialEq)]
enum Claim {
    /// The mean over masks is the value at test time.
    Equal,
    /// It lies above in some unit and below in none.
    Above,
}

const LINES: [(&str, Claim); 5] = [
    ("1st dropout's output", Claim::Equal),
    ("before the 2nd ReLU", Claim::Equal),
    ("after the 2nd ReLU", Claim::Above),
    ("2nd dropout, its input held", Claim::Equal),
    ("the net's output", Claim::Above),
];

/// A form of the net: the columns of each line of the table.
pub type Report = [Vec<Column>; LINES.len()];

/// The forms side by side, each line summed over its units.
pub fn table(reports: &[(&str, Report)]) -> String {
    let mut text = format!("{:28}", "");
    for (name, _) in reports {
        let _ = write!(text, " |{name:^27}");
    }
    let _ = write!(text, "\n{:28}", "(sums over the units)");
    for _ in reports {
        let _ = write!(text, " |{:>9}{:>9}{:>9}", "mean", "test", "gap");
    }
    for (line, (label, _)) in LINES.iter().enumerate() {
        let _ = write!(text, "\n{label:28}");
        for (_, report) in reports {
            let mean: f64 = report[line].iter().map(|c| c.mean).sum();
            let test: f64 = report[line].iter().map(|c| c.test).sum();
            let _ = write!(text, " |{mean:>9.4}{test:>9.4}{:>+9.4}", mean - test);
        }
    }
    text + "\n"
}

/// Checks each line's claim in each form.
///
/// # Errors
/// The first claim that does not hold, with the distance.
pub fn check(reports: &[(&str, Report)]) -> Result<(), String> {
    for (name, report) in reports {
        for ((label, claim), columns) in LINES.iter().zip(report) {
            let sigmas = columns.iter().map(Column::sigmas);
            let (low, high) = sigmas.fold((0.0, 0.0), |(l, h), s| (f64::min(l, s), f64::max(h, s)));
            let failure = match claim {
                Claim::Equal if low < -SIGMAS || high > SIGMAS => "should equal test time",
                Claim::Above if low < -SIGMAS => "should nowhere lie below test time",
                Claim::Above if high <= SIGMAS => {
                    "should lie above test time, which so few masks do not show"
                }
                _ => continue,
            };
            return Err(format!(
                "{name}: {label}: the mean {failure}, is off by {low:+.1} to {high:+.1} standard errors"
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(gaps: [f64; 5]) -> [(&'static str, Report); 1] {
        [(
            "form",
            gaps.map(|gap| {
                vec![Column {
                    mean: 1.0 + gap,
                    error: 0.01,
                    test: 1.0,
                }]
            }),
        )]
    }

    #[test]
    fn mean_error_and_test_value_of_a_column() {
        let train = Tensor::from_slice(vec![0.0, 5.0, 2.0, 5.0], [2, 2]).unwrap();
        let test = Tensor::from_slice(vec![1.5, 5.0], [1, 2]).unwrap();
        let columns = columns(&train, &test).unwrap();
        assert_eq!((columns[0].mean, columns[0].test), (1.0, 1.5));
        assert!((columns[0].error - 0.5_f64.sqrt()).abs() < 1e-15);
        assert_eq!(columns[1].sigmas(), 0.0);
    }

    #[test]
    fn each_claim_can_fail() {
        assert_eq!(check(&report([0.0, 0.04, 0.2, -0.04, 0.2])), Ok(()));
        for wrong in [
            [0.06, 0.0, 0.2, 0.0, 0.2],
            [0.0, -0.06, 0.2, 0.0, 0.2],
            [0.0, 0.0, 0.0, 0.0, 0.2],
            [0.0, 0.0, 0.2, 0.06, 0.2],
            [0.0, 0.0, 0.2, 0.0, -0.2],
        ] {
            assert!(check(&report(wrong)).is_err(), "{wrong:?}");
        }
    }
}
