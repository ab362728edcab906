//! [`CsvLog`]: a table of the numbers of a run.

use std::fs::{self, OpenOptions};
use std::path::{Path, PathBuf};

use gradlet_tensor::Result;

use super::rows::{header, kept, row};
use crate::append::Append;
use crate::reason::{OfFile, Reasoned};

/// A table of the numbers of a training run: a line of names, and a row for each step or for each epoch.
///
/// The columns are `epoch`, `step` and the names of the scores. A number has the fewest digits that read back as the
/// same `f64`. Each row is in the file at once, so that a process that is killed has lost none.
///
/// The first row of a run replaces what is in the file, unless [`resumed`](Self::resumed) was called before: then the
/// rows up to that step stay. A run that was killed and resumed leaves the same bytes as one that was not.
///
/// # Example
///
/// ```
/// use gradlet_io::CsvLog;
///
/// # fn main() -> gradlet_tensor::Result<()> {
/// # let folder = std::env::temp_dir().join(format!("gradlet-csv-{}", std::process::id()));
/// let mut log = CsvLog::epochs(folder.join("digits.csv"))?;
/// log.epoch(0, 100, &[("train_loss", 0.5), ("accuracy", 0.875)])?;
/// log.epoch(1, 200, &[("train_loss", 0.1), ("accuracy", 0.9375)])?;
/// let text = std::fs::read_to_string(folder.join("digits.csv")).unwrap();
/// assert_eq!(text, "epoch,step,train_loss,accuracy\n0,100,0.5,0.875\n1,200,0.1,0.9375\n");
/// # let _ = std::fs::remove_dir_all(&folder);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct CsvLog {
    path: PathBuf,
    rows: Rows,
    /// The header and the end of the file, once it is known what stays of an older log.
    table: Option<Table>,
}

/// What has a row.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Rows {
    Steps,
    Epochs,
}

#[derive(Debug)]
struct Table {
    /// Empty before the first row.
    header: String,
    lines: Append,
}

impl CsvLog {
    /// A log with a row for each step. Epochs are left out.
    ///
    /// The folder is made if there is none, and so is the file.
    ///
    /// # Errors
    ///
    /// If the file cannot be opened, or is no log: it would be overwritten.
    ///
    /// # Example
    ///
    /// ```
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// # let folder = std::env::temp_dir().join(format!("gradlet-csv-steps-{}", std::process::id()));
    /// let mut log = gradlet_io::CsvLog::steps(folder.join("steps.csv"))?;
    /// log.step(0, 1, &[("loss", 2.5)])?;
    /// log.epoch(0, 1, &[("train_loss", 2.5)])?;
    /// let text = std::fs::read_to_string(folder.join("steps.csv")).unwrap();
    /// assert_eq!(text, "epoch,step,loss\n0,1,2.5\n");
    /// # let _ = std::fs::remove_dir_all(&folder);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn steps(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        Self::opened(path, Rows::Steps).of_file(path)
    }

    /// A log with a row for each epoch. Steps are left out.
    ///
    /// The folder is made if there is none, and so is the file.
    ///
    /// # Errors
    ///
    /// If the file cannot be opened, or is no log: it would be overwritten.
    ///
    /// # Example
    ///
    /// ```
    /// # let path = std::env::temp_dir().join(format!("gradlet-csv-epochs-{}", std::process::id()));
    /// std::fs::write(&path, "name,age\nAda,36\n").unwrap();
    /// let text = gradlet_io::CsvLog::epochs(&path).unwrap_err().to_string();
    /// assert!(text.contains("is no log: its first line does not begin with \"epoch,step\""), "{text}");
    /// # let _ = std::fs::remove_file(&path);
    /// ```
    #[track_caller]
    pub fn epochs(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        Self::opened(path, Rows::Epochs).of_file(path)
    }

    /// Adds the row of a step, if this log has rows of steps.
    ///
    /// # Errors
    ///
    /// If the names are not those of the rows before, or the row cannot be written; nothing of it is in the file then.
    ///
    /// # Example
    ///
    /// ```
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// # let path = std::env::temp_dir().join(format!("gradlet-csv-step-{}", std::process::id()));
    /// let mut log = gradlet_io::CsvLog::steps(&path)?;
    /// log.step(0, 1, &[("loss", 2.5), ("learning_rate", 0.1)])?;
    /// # let _ = std::fs::remove_file(&path);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn step(&mut self, epoch: usize, step: u64, scores: &[(&str, f64)]) -> Result<()> {
        let added = self.add(Rows::Steps, epoch, step, scores);
        added.of_file(&self.path)
    }

    /// Adds the row of an epoch that ends after `step` steps of the run, if this log has rows of epochs.
    ///
    /// # Errors
    ///
    /// If the names are not those of the rows before, or the row cannot be written; nothing of it is in the file then.
    ///
    /// # Example
    ///
    /// ```
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// # let path = std::env::temp_dir().join(format!("gradlet-csv-epoch-{}", std::process::id()));
    /// let mut log = gradlet_io::CsvLog::epochs(&path)?;
    /// log.epoch(0, 100, &[("train_loss", 0.5)])?;
    /// let error = log.epoch(1, 200, &[("loss", 0.5)]).unwrap_err().to_string();
    /// assert!(error.contains("has the columns \"epoch,step,train_loss\", the new row \"epoch,step,loss\""), "{error}");
    /// # let _ = std::fs::remove_file(&path);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn epoch(&mut self, epoch: usize, step: u64, scores: &[(&str, f64)]) -> Result<()> {
        let added = self.add(Rows::Epochs, epoch, step, scores);
        added.of_file(&self.path)
    }

    /// Takes out the rows that a run adds again which goes on after `step` steps, with `epoch` whole epochs: those of later
    /// steps, or those of epochs from `epoch` on.
    ///
    /// A last row that a crash left incomplete is taken out too.
    ///
    /// # Errors
    ///
    /// If the file cannot be read or changed, is no log, or has a row without an epoch and a step.
    ///
    /// # Example
    ///
    /// ```
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// # let path = std::env::temp_dir().join(format!("gradlet-csv-resumed-{}", std::process::id()));
    /// std::fs::write(&path, "epoch,step,loss\n0,1,0.5\n0,2,0.4\n0,3,").unwrap();
    /// let mut log = gradlet_io::CsvLog::steps(&path)?;
    /// log.resumed(0, 1)?;
    /// log.step(0, 2, &[("loss", 0.4)])?;
    /// assert_eq!(std::fs::read_to_string(&path).unwrap(), "epoch,step,loss\n0,1,0.5\n0,2,0.4\n");
    /// # let _ = std::fs::remove_file(&path);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn resumed(&mut self, epoch: usize, step: u64) -> Result<()> {
        let table = self.begin(Some((epoch as u64, step)));
        let table = table.of_file(&self.path)?;
        self.table = Some(table);
        Ok(())
    }

    fn opened(path: &Path, rows: Rows) -> Reasoned<Self> {
        let failed = |error| format!("cannot be made: {error}");
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(failed)?;
        }
        if !path.exists() {
            fs::write(path, "").map_err(failed)?;
        }
        // Refuses what is no log before the first row would replace it.
        kept(path, |_, _| false)?;
        let (path, table) = (path.to_owned(), None);
        Ok(Self { path, rows, table })
    }

    /// The file, with the rows before a number of epochs or up to a number of steps, or with none.
    fn begin(&self, from: Option<(u64, u64)>) -> Reasoned<Table> {
        let (header, size_bytes) = match from {
            Some((epochs, steps)) => kept(&self.path, |epoch, step| match self.rows {
                Rows::Epochs => epoch < epochs,
                Rows::Steps => step <= steps,
            })?,
            None => (String::new(), 0),
        };
        let file = OpenOptions::new().append(true).open(&self.path);
        let file = file.map_err(|error| format!("cannot be written: {error}"))?;
        let mut lines = Append::new(file, size_bytes, 0);
        // Takes out the rows behind.
        lines.flush()?;
        Ok(Table { header, lines })
    }

    fn add(&mut self, rows: Rows, epoch: usize, step: u64, scores: &[(&str, f64)]) -> Reasoned<()> {
        if self.rows != rows {
            return Ok(());
        }
        let mut table = match self.table.take() {
            Some(table) => table,
            None => self.begin(None)?,
        };
        let added = table.add(epoch, step, scores);
        self.table = Some(table);
        added
    }
}

impl Table {
    fn add(&mut self, epoch: usize, step: u64, scores: &[(&str, f64)]) -> Reasoned<()> {
        let (header, row) = (header(scores), row(epoch, step, scores));
        if self.header == header {
            return self.lines.push(row.as_bytes());
        }
        if !self.header.is_empty() {
            let [old, new] = [&self.header, &header].map(|line| line.trim_end());
            return Err(format!(
                "has the columns {old:?}, the new row {new:?}: a log has the same ones in all rows"
            ));
        }
        self.lines.push([&header[..], &row].concat().as_bytes())?;
        self.header = header;
        Ok(())
    }
}
