//! [`History`]: the scores of all epochs.

/// Names and values, the same names in the same order each time. The first is the one that is watched.
pub type Scores = Vec<(&'static str, f64)>;

/// What [`Trainer::fit`](super::Trainer::fit) returns.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    /// The names of the columns: `train_loss`, then those of the evaluation's scores.
    pub names: Vec<&'static str>,
    /// A row for each epoch, of this process and those before it that it resumed.
    pub rows: Vec<Vec<f64>>,
    /// The number of the optimizer's steps.
    pub steps: u64,
    /// The number of epochs before the best one, and the watched score there.
    pub best: Option<(usize, f64)>,
    /// Whether the run ended before the last epoch, since the watched score no longer became better.
    pub stopped_early: bool,
}

impl History {
    /// The values of the column with this name, by epoch; `None` if there is none.
    ///
    /// # Example
    ///
    /// ```
    /// use gradlet_nn::trainer::History;
    ///
    /// let history = History {
    ///     names: vec!["train_loss", "accuracy"],
    ///     rows: vec![vec![0.75, 0.5], vec![0.25, 0.875]],
    ///     ..History::default()
    /// };
    /// assert_eq!(history.column("accuracy"), Some(vec![0.5, 0.875]));
    /// assert_eq!(history.column("speed"), None);
    /// ```
    pub fn column(&self, name: &str) -> Option<Vec<f64>> {
        let column = self.names.iter().position(|own| *own == name)?;
        Some(self.rows.iter().map(|row| row[column]).collect())
    }
}
