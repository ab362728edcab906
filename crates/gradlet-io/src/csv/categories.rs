//! [`Categories`]: the names behind class labels.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use csv::Writer;
use gradlet_tensor::{Result, Tensor};

use super::{Table, read};
use crate::atomic;
use crate::reason::{OfFile, Reasoned};

/// The header of a file of categories.
const HEADER: &str = "category";

/// The names in an error for a name that is none of them.
const SHOWN: usize = 5;

/// The names that a column of a table has, each with a number: its place among them.
///
/// [`Table::categories`] makes them from the training set, [`encode`](Categories::encode) uses them for a different
/// table, and [`save`](Categories::save) keeps them for the program that uses the trained net.
///
/// # Example
///
/// ```
/// use gradlet_io::csv::{self, Categories};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = std::env::temp_dir().join(format!("gradlet-species-{}", std::process::id()));
/// # std::fs::create_dir(&folder)?;
/// # let [train, test, names] = ["train.csv", "test.csv", "names.csv"].map(|name| folder.join(name));
/// std::fs::write(&train, "species\nvirginica\nsetosa\n")?;
/// std::fs::write(&test, "species\nvirginica\n")?;
/// let (labels, species) = csv::read(&train)?.categories("species")?;
/// species.save(&names)?;
///
/// let species = Categories::load(&names)?;
/// assert_eq!(species.encode(&csv::read(&test)?, "species")?.to_vec(), [1]);
/// # std::fs::remove_dir_all(&folder)?;
/// # Ok(())
/// # }
/// ```
///
/// # Source
///
/// scikit-learn's `LabelEncoder`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Categories {
    names: Vec<String>,
}

impl Categories {
    /// The different texts, sorted.
    pub(super) fn of(texts: Vec<&str>) -> Self {
        let different: BTreeSet<_> = texts.into_iter().collect();
        let names = different.into_iter().map(str::to_owned).collect();
        Self { names }
    }

    /// The names; each is at the index that is its number.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The number of each row's category in a column of a table: `[rows]`.
    ///
    /// # Errors
    ///
    /// If there is no such column, a cell is missing, or its text is none of the names. The error names the line and
    /// the column.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_io::csv;
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let path = std::env::temp_dir().join(format!("gradlet-encode-{}.csv", std::process::id()));
    /// std::fs::write(&path, "left,right\na,b\nb,c\n")?;
    /// let table = csv::read(&path)?;
    /// let (_, letters) = table.categories("left")?;
    /// let error = letters.encode(&table, "right").unwrap_err().to_string();
    /// assert!(error.contains("line 3, column \"right\": \"c\" is none of the 2 categories: a, b"), "{error}");
    /// # std::fs::remove_file(&path)?;
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn encode(&self, table: &Table, column: &str) -> Result<Tensor<i64>> {
        let numbers: BTreeMap<_, _> = self.names.iter().map(String::as_str).zip(0..).collect();
        table.encode(column, |text| {
            let number = numbers.get(text).copied();
            number.ok_or_else(|| {
                let shown: Vec<_> = self.names.iter().take(SHOWN).map(String::as_str).collect();
                let more = if self.names.len() > SHOWN {
                    ", ..."
                } else {
                    ""
                };
                let (count, shown) = (self.names.len(), shown.join(", "));
                format!("{text:?} is none of the {count} categories: {shown}{more}")
            })
        })
    }

    /// Puts the names into the place of a text file, one a line, below a header.
    ///
    /// # Errors
    ///
    /// If the file cannot be written; then it is as it was before.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_io::csv::{self, Categories};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let path = std::env::temp_dir().join(format!("gradlet-save-names-{}.csv", std::process::id()));
    /// # std::fs::write(&path, "letter\nb\na\n")?;
    /// let (_, letters) = csv::read(&path)?.categories("letter")?;
    /// letters.save(&path)?;
    /// assert_eq!(std::fs::read_to_string(&path)?, "category\na\nb\n");
    /// # std::fs::remove_file(&path)?;
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        let written = atomic::write(path, |out| {
            let mut out = Writer::from_writer(out);
            out.write_record([HEADER])?;
            for name in &self.names {
                out.write_record([name])?;
            }
            out.flush()
        });
        written.of_file(path)
    }

    /// The names that [`save`](Categories::save) wrote, in the order of the file.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, is no such file, or has a name twice.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_io::csv::Categories;
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let path = std::env::temp_dir().join(format!("gradlet-load-names-{}.csv", std::process::id()));
    /// std::fs::write(&path, "category\nsmall\nlarge\n")?;
    /// assert_eq!(Categories::load(&path)?.names(), ["small", "large"]);
    /// # std::fs::remove_file(&path)?;
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn load(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        Self::listed(&read(path)?).of_file(path)
    }

    fn listed(table: &Table) -> Reasoned<Self> {
        let names: Vec<_> = table
            .texts(HEADER)?
            .into_iter()
            .map(str::to_owned)
            .collect();
        let mut seen = BTreeSet::new();
        match names.iter().find(|name| !seen.insert(*name)) {
            Some(name) => Err(format!("has the category {name:?} twice")),
            None => Ok(Self { names }),
        }
    }
}
