//! [`Table`]: rows of cells, whose columns become tensors.

use std::path::{Path, PathBuf};

use csv::StringRecord;
use gradlet_tensor::{Element, Result, Tensor};

use super::Categories;
use crate::reason::{OfFile, Reasoned};

/// Words that mean that a number is not known.
const MISSING: [&str; 8] = ["", "NA", "N/A", "NaN", "nan", "NULL", "null", "None"];

/// 2^63: floats below it are numbers of `i64`.
const I64_BOUND: f64 = 9_223_372_036_854_775_808.0;

/// Named columns of cells, as [`read`](super::read()) gives them.
///
/// # Example
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let path = std::env::temp_dir().join(format!("gradlet-table-{}.csv", std::process::id()));
/// std::fs::write(&path, "length,width,species\n5.1,3.5,setosa\n6.3,2.5,virginica\n")?;
/// let table = gradlet_io::csv::read(&path)?;
/// let x = table.floats(&["length", "width"])?;
/// let (labels, species) = table.categories("species")?;
/// assert_eq!((x.shape(), labels.to_vec()), (&[2, 2].into(), vec![0, 1]));
/// assert_eq!(species.names(), ["setosa", "virginica"]);
/// # std::fs::remove_file(&path)?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Table {
    path: PathBuf,
    columns: Vec<String>,
    /// For each column, the number that missing cells have.
    fills: Vec<Option<f64>>,
    /// All cells without anything between them, row after row.
    text: String,
    /// Where each cell ends in the text.
    ends: Vec<usize>,
    /// The line of the file in which each row begins.
    lines: Vec<u64>,
}

/// One cell, and its place for messages.
struct Cell<'a> {
    text: &'a str,
    line: u64,
    column: &'a str,
}

impl Table {
    pub(super) fn new(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            columns: Vec::new(),
            fills: Vec::new(),
            text: String::new(),
            ends: Vec::new(),
            lines: Vec::new(),
        }
    }

    pub(super) fn name_columns(
        &mut self,
        first: &StringRecord,
        is_header: bool,
        line: u64,
    ) -> Reasoned<()> {
        let names = first.iter().enumerate();
        let name = |(i, name): (usize, &str)| {
            if is_header {
                name.to_owned()
            } else {
                i.to_string()
            }
        };
        self.columns = names.map(name).collect();
        self.fills = vec![None; self.columns.len()];
        let mut sorted: Vec<_> = self.columns.iter().collect();
        sorted.sort();
        match sorted.windows(2).find(|pair| pair[0] == pair[1]) {
            Some(pair) => Err(format!("line {line} names two columns {:?}", pair[0])),
            None => Ok(()),
        }
    }

    pub(super) fn push(&mut self, row: &StringRecord, line: u64) -> Reasoned<()> {
        let (found, expected) = (row.len(), self.columns.len());
        if found != expected {
            return Err(format!(
                "line {line} has {found} cells, the first line {expected}"
            ));
        }
        for cell in row {
            self.text.push_str(cell);
            self.ends.push(self.text.len());
        }
        self.lines.push(line);
        Ok(())
    }

    /// The names of the columns, in order.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// The number of rows below the header.
    pub fn rows(&self) -> usize {
        self.lines.len()
    }

    /// The cells of a column as they are in the file, without their quotes.
    ///
    /// # Errors
    ///
    /// If there is no such column.
    ///
    /// # Example
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let path = std::env::temp_dir().join(format!("gradlet-cells-{}.csv", std::process::id()));
    /// # std::fs::write(&path, "name,age\n\"Lee, Ann\",31\n")?;
    /// let table = gradlet_io::csv::read(&path)?;
    /// assert_eq!(table.cells("name")?, ["Lee, Ann"]);
    /// # std::fs::remove_file(&path)?;
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn cells<'a>(&'a self, column: &str) -> Result<Vec<&'a str>> {
        let cells = self
            .column(column)
            .map(|j| self.down(j).map(|cell| cell.text).collect());
        cells.of_file(&self.path)
    }

    /// The numbers of some columns: `[rows, columns]`, in the order in which the columns are named here.
    ///
    /// # Errors
    ///
    /// If there is no such column, a cell is missing and its column has no [`fill`](Table::fill), or a cell is not a
    /// number that `f32` holds. The error names the line and the column.
    ///
    /// # Example
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let path = std::env::temp_dir().join(format!("gradlet-floats-{}.csv", std::process::id()));
    /// std::fs::write(&path, "x,y\n1,2\n3,?\n")?;
    /// let table = gradlet_io::csv::read(&path)?;
    /// assert_eq!(table.floats(&["x"])?.to_vec(), [1.0, 3.0]);
    /// let error = table.floats(&["x", "y"]).unwrap_err().to_string();
    /// assert!(error.contains("line 3, column \"y\": \"?\" is not a number"), "{error}");
    /// # std::fs::remove_file(&path)?;
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn floats(&self, columns: &[&str]) -> Result<Tensor<f32>> {
        self.numbers(columns, float, |fill| Some(fill as f32))
            .of_file(&self.path)
    }

    /// The integers of some columns: `[rows, columns]`, in the order in which the columns are named here.
    ///
    /// # Errors
    ///
    /// If there is no such column, a cell is missing and its column has no [`fill`](Table::fill), or a cell is not an
    /// integer that `i64` holds, or such is the number for missing ones. The error names the line and the column.
    ///
    /// # Example
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let path = std::env::temp_dir().join(format!("gradlet-integers-{}.csv", std::process::id()));
    /// std::fs::write(&path, "digit\n7\n-1\n")?;
    /// let digits = gradlet_io::csv::read(&path)?.integers(&["digit"])?;
    /// assert_eq!(digits.squeeze(1)?.to_vec(), [7, -1]);
    /// # std::fs::remove_file(&path)?;
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn integers(&self, columns: &[&str]) -> Result<Tensor<i64>> {
        self.numbers(columns, integer, |fill| {
            (fill.trunc() == fill && fill.abs() < I64_BOUND).then_some(fill as i64)
        })
        .of_file(&self.path)
    }

    /// The mean of the numbers in a column that are not missing, for [`fill`](Table::fill).
    ///
    /// # Errors
    ///
    /// If there is no such column, or it has no numbers or a cell that is not one.
    ///
    /// # Example
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let path = std::env::temp_dir().join(format!("gradlet-mean-{}.csv", std::process::id()));
    /// std::fs::write(&path, "name,age\nAnn,31\nBob,NA\nCid,28\n")?;
    /// assert_eq!(gradlet_io::csv::read(&path)?.mean("age")?, 29.5);
    /// # std::fs::remove_file(&path)?;
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn mean(&self, column: &str) -> Result<f64> {
        self.mean_of(column).of_file(&self.path)
    }

    /// Puts a number into the missing cells of a column, such as the [`mean`](Table::mean) of the training set's.
    ///
    /// # Errors
    ///
    /// If there is no such column.
    ///
    /// # Example
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let path = std::env::temp_dir().join(format!("gradlet-fill-{}.csv", std::process::id()));
    /// std::fs::write(&path, "name,age\nAnn,31\nBob,\n")?;
    /// let mut table = gradlet_io::csv::read(&path)?;
    /// table.fill("age", 40.0)?;
    /// assert_eq!(table.floats(&["age"])?.to_vec(), [31.0, 40.0]);
    /// # std::fs::remove_file(&path)?;
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn fill(&mut self, column: &str, number: f64) -> Result<()> {
        let filled = self.column(column).map(|j| self.fills[j] = Some(number));
        filled.of_file(&self.path)
    }

    /// The categories of a column, sorted by name, and the number of each row's: `[rows]`.
    ///
    /// # Errors
    ///
    /// If there is no such column, or a cell is missing.
    ///
    /// # Example
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let path = std::env::temp_dir().join(format!("gradlet-categories-{}.csv", std::process::id()));
    /// std::fs::write(&path, "species\nvirginica\nsetosa\nvirginica\n")?;
    /// let (labels, species) = gradlet_io::csv::read(&path)?.categories("species")?;
    /// assert_eq!(labels.to_vec(), [1, 0, 1]);
    /// assert_eq!(species.names()[1], "virginica");
    /// # std::fs::remove_file(&path)?;
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn categories(&self, column: &str) -> Result<(Tensor<i64>, Categories)> {
        let categories = self.texts(column).map(Categories::of).of_file(&self.path)?;
        Ok((categories.encode(self, column)?, categories))
    }

    /// The numbers of the cells of a column.
    pub(super) fn encode(
        &self,
        column: &str,
        encode: impl Fn(&str) -> Reasoned<i64>,
    ) -> Result<Tensor<i64>> {
        let codes = self.numbers(&[column], encode, |_| None);
        let codes = self.texts(column).and(codes).of_file(&self.path)?;
        codes.reshape([self.rows()])
    }

    /// The cells of a column, none of which is missing.
    pub(super) fn texts<'a>(&'a self, column: &str) -> Reasoned<Vec<&'a str>> {
        let cells = self.down(self.column(column)?);
        let text = |cell: Cell<'a>| {
            if cell.is_missing() {
                Err(cell.wrong("is missing"))
            } else {
                Ok(cell.text)
            }
        };
        cells.map(text).collect()
    }

    fn numbers<T: Element>(
        &self,
        columns: &[&str],
        parse: impl Fn(&str) -> Reasoned<T>,
        filled: impl Fn(f64) -> Option<T>,
    ) -> Reasoned<Tensor<T>> {
        let columns = columns.iter().map(|name| self.column(name));
        let columns = columns.collect::<Reasoned<Vec<_>>>()?;
        let numbers = Tensor::zeros_of([self.rows(), columns.len()]);
        let mut numbers = numbers.map_err(|error| error.kind().to_string())?;
        let elements = numbers.make_mut_slice();
        for (place, &j) in columns.iter().enumerate() {
            let places = elements.iter_mut().skip(place).step_by(columns.len());
            for (element, cell) in places.zip(self.down(j)) {
                *element = match self.fills[j].filter(|_| cell.is_missing()) {
                    Some(fill) => filled(fill).ok_or_else(|| {
                        cell.wrong(&format!(
                            "is missing, and the number for it is {fill}, not an integer of i64"
                        ))
                    })?,
                    None if cell.is_missing() => {
                        return Err(cell.wrong("is missing; Table::fill puts a number there"));
                    }
                    None => parse(cell.text).map_err(|reason| cell.wrong(&reason))?,
                };
            }
        }
        Ok(numbers)
    }

    fn mean_of(&self, column: &str) -> Reasoned<f64> {
        let (mut sum, mut count) = (0.0, 0);
        for cell in self
            .down(self.column(column)?)
            .filter(|cell| !cell.is_missing())
        {
            let number = cell.text.trim().parse::<f64>();
            sum += number.map_err(|_| cell.wrong(&not_a(cell.text, "a number")))?;
            count += 1;
        }
        if count == 0 {
            return Err(format!(
                "the column {column:?} has no numbers, so that it has no mean"
            ));
        }
        Ok(sum / f64::from(count))
    }

    fn column(&self, name: &str) -> Reasoned<usize> {
        let place = self.columns.iter().position(|column| column == name);
        place.ok_or_else(|| {
            let columns = self.columns.join(", ");
            format!("has no column {name:?}; its columns are {columns}")
        })
    }

    /// The cells of a column, from the first row to the last.
    fn down(&self, j: usize) -> impl Iterator<Item = Cell<'_>> {
        let count = self.columns.len();
        self.lines.iter().enumerate().map(move |(i, &line)| {
            let end = i * count + j;
            let start = if end == 0 { 0 } else { self.ends[end - 1] };
            let (text, column) = (&self.text[start..self.ends[end]], &*self.columns[j]);
            Cell { text, line, column }
        })
    }
}

impl Cell<'_> {
    fn is_missing(&self) -> bool {
        MISSING.contains(&self.text.trim())
    }

    fn wrong(&self, reason: &str) -> String {
        let (line, column) = (self.line, self.column);
        format!("line {line}, column {column:?}: {reason}")
    }
}

fn not_a(text: &str, kind: &str) -> String {
    let shown: String = text.chars().take(40).collect();
    format!("{shown:?} is not {kind}")
}

fn float(text: &str) -> Reasoned<f32> {
    let number = text.trim().parse::<f32>().ok();
    // An infinite number is one that was written so, not one that is too large.
    let is_written = |x: &f32| x.is_finite() || text.to_lowercase().contains("inf");
    number
        .filter(is_written)
        .ok_or_else(|| not_a(text, "a number of f32"))
}

fn integer(text: &str) -> Reasoned<i64> {
    text.trim()
        .parse()
        .map_err(|_| not_a(text, "an integer of i64"))
}
