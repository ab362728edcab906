//! Finds IDX images and labels in a folder and makes a training and a test set of them.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use gradlet::prelude::*;

/// The folder of the digits that come with the examples.
pub const DIGITS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/data");

/// Of a single pair of files, the rows that train, in percent; the rest tests.
const TRAIN_PERCENT: usize = 80;

type Failure = Box<dyn Error + Send + Sync>;

/// A training and a test set, and what a net must know of them.
#[derive(Debug)]
pub struct Split {
    /// The rows to learn from: `[rows, features]` in [0, 1].
    pub train: Dataset,
    /// The rows to judge by.
    pub test: Dataset,
    /// Pixels of one image.
    pub features: usize,
    /// Kinds of labels: one more than the highest.
    pub classes: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Train,
    Test,
    Whole,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Content {
    Images,
    Labels,
}

type Files = BTreeMap<(Part, Content), PathBuf>;

/// Reads the images and labels in `folder`.
///
/// Files are known by their names: `train-images-idx3-ubyte`, `train-labels-idx1-ubyte`,
/// `t10k-images-idx3-ubyte` and `t10k-labels-idx1-ubyte` (a dot before `idx` is as good), or one
/// pair of any other name, of which the first 80 % train and the rest test. Files that are packed by
/// gzip may have `.gz` behind their names. Pixels are divided by the highest value in the training set.
///
/// # Errors
/// If files are missing, ambiguous or damaged; the message is one line.
pub fn load(folder: &Path) -> Result<Split, Failure> {
    let files = find(folder)?;
    let parts: &[Part] = if files.keys().any(|(part, _)| *part != Part::Whole) {
        &[Part::Train, Part::Test]
    } else {
        &[Part::Whole]
    };
    let mut pairs = Vec::new();
    for part in parts {
        let path = |content| {
            files
                .get(&(*part, content))
                .ok_or_else(|| missing(folder, *part, content))
        };
        pairs.push(read(path(Content::Images)?, path(Content::Labels)?)?);
    }
    let split = match pairs.pop().zip(Some(pairs.pop())) {
        Some((test, Some(train))) => (train, test),
        Some((whole, None)) => divide(&whole)?,
        None => return Err("no data".into()),
    };
    prepare(folder, split)
}

/// Sorts the files of `folder` by what their names say they hold.
fn find(folder: &Path) -> Result<Files, Failure> {
    let entries = fs::read_dir(folder)
        .map_err(|e| format!("cannot open folder {}: {e}", folder.display()))?;
    let mut files = Files::new();
    for entry in entries {
        let path = entry
            .map_err(|e| format!("cannot read folder {}: {e}", folder.display()))?
            .path();
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .to_lowercase();
        let Some(key) = key(&name) else { continue };
        if let Some(other) = files.insert(key, path.clone()) {
            let (first, second) = ((&other).min(&path), (&path).max(&other));
            return Err(format!(
                "cannot choose between {} and {}",
                first.display(),
                second.display()
            )
            .into());
        }
    }
    if files.is_empty() {
        return Err(format!(
            "no IDX files in {}: expected train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte \
             and t10k-labels-idx1-ubyte, or one pair NAME-images-idx3-ubyte and NAME-labels-idx1-ubyte",
            folder.display()
        )
        .into());
    }
    Ok(files)
}

/// What a file of this lower-case name holds.
fn key(name: &str) -> Option<(Part, Content)> {
    let name = name.strip_suffix(".gz").unwrap_or(name).replace('.', "-");
    let (prefix, content) = match name.strip_suffix("images-idx3-ubyte") {
        Some(prefix) => (prefix, Content::Images),
        None => (name.strip_suffix("labels-idx1-ubyte")?, Content::Labels),
    };
    let part = if prefix.contains("train") {
        Part::Train
    } else if prefix.contains("t10k") || prefix.contains("test") {
        Part::Test
    } else {
        Part::Whole
    };
    Some((part, content))
}

fn missing(folder: &Path, part: Part, content: Content) -> Failure {
    let set = match part {
        Part::Train => "train-",
        Part::Test => "t10k-",
        Part::Whole => "NAME-",
    };
    let kind = match content {
        Content::Images => "images-idx3-ubyte",
        Content::Labels => "labels-idx1-ubyte",
    };
    format!("{} lacks a file {set}{kind}", folder.display()).into()
}

/// Reads one pair: pixel values `[rows, features]` as they are in the file, and labels `[rows]`.
fn read(images: &Path, labels: &Path) -> Result<(Tensor<f32>, Tensor<i64>), Failure> {
    let (x, y) = (idx::read_images(images)?, idx::read_labels(labels)?);
    let (rows, known) = (x.shape()[0], y.len());
    if rows != known {
        return Err(format!(
            "{rows} images in {}, but {known} labels in {}",
            images.display(),
            labels.display()
        )
        .into());
    }
    if x.is_empty() {
        return Err(format!("no pixels in {}", images.display()).into());
    }
    Ok((x.flatten(1..)?.cast::<f32>(), y.cast::<i64>()))
}

type Pair = (Tensor<f32>, Tensor<i64>);

/// Cuts one pair into training and test rows.
fn divide((x, y): &Pair) -> Result<(Pair, Pair), Failure> {
    let rows = y.len();
    let cut = rows * TRAIN_PERCENT / 100;
    if cut == 0 {
        return Err("one image alone cannot both train and test".into());
    }
    let part = |start, len| Ok::<_, Failure>((x.narrow(0, start, len)?, y.narrow(0, start, len)?));
    Ok((part(0, cut)?, part(cut, rows - cut)?))
}

/// Scales the pixels and counts features and classes.
fn prepare(folder: &Path, ((x, y), (test_x, test_y)): (Pair, Pair)) -> Result<Split, Failure> {
    let (features, test_features) = (x.shape()[1], test_x.shape()[1]);
    if features != test_features {
        let folder = folder.display();
        return Err(format!(
            "{folder}: training images have {features} pixels, test images {test_features}"
        )
        .into());
    }
    let highest = x.max(..)?.item()?.max(1.0);
    let classes = y.max(..)?.item()?.max(test_y.max(..)?.item()?) as usize + 1;
    Ok(Split {
        train: Dataset::new(x.div_scalar(highest), y)?,
        test: Dataset::new(test_x.div_scalar(highest), test_y)?,
        features,
        classes,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder of its own for one test, removed at the end.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let path =
                std::env::temp_dir().join(format!("gradlet-data-{name}-{}", std::process::id()));
            fs::create_dir_all(&path).unwrap();
            Self(path)
        }

        /// Writes `rows` images of `side` x `side` pixels that all have the value of their row, and
        /// their labels.
        fn pair(&self, images: &str, labels: &str, rows: u8, side: u8) -> &Self {
            let mut bytes = vec![0, 0, 8, 3, 0, 0, 0, rows, 0, 0, 0, side, 0, 0, 0, side];
            bytes
                .extend((0..rows).flat_map(|row| vec![row; usize::from(side) * usize::from(side)]));
            fs::write(self.0.join(images), bytes).unwrap();
            let mut bytes = vec![0, 0, 8, 1, 0, 0, 0, rows];
            bytes.extend(0..rows);
            fs::write(self.0.join(labels), bytes).unwrap();
            self
        }

        fn error(&self) -> String {
            load(&self.0)
                .unwrap_err()
                .to_string()
                .replace(&*self.0.to_string_lossy(), "DIR")
        }
    }

    /// A gzip file whose blocks hold the bytes as they are (RFC 1951, section 3.2.4; RFC 1952).
    fn stored(bytes: &[u8]) -> Vec<u8> {
        let mut packed = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
        for block in bytes.chunks(0xffff) {
            packed.push(0);
            let length = block.len() as u16;
            packed.extend([length.to_le_bytes(), (!length).to_le_bytes()].concat());
            packed.extend(block);
        }
        packed.extend([1, 0, 0, 0xff, 0xff]);
        let crc = bytes.iter().fold(u32::MAX, |crc, byte| {
            (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
                crc >> 1 ^ 0xedb8_8320 & (crc & 1).wrapping_neg()
            })
        });
        packed.extend((!crc).to_le_bytes());
        packed.extend((bytes.len() as u32).to_le_bytes());
        packed
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn digits_split_as_their_readme_says() {
        let split = load(Path::new(DIGITS)).unwrap();
        assert_eq!((split.train.len(), split.test.len()), (1437, 360));
        assert_eq!((split.features, split.classes), (64, 10));
        // The first digit's first row is 0 0 5 13 9 1 0 0 of 16.
        let first = split
            .train
            .inputs()
            .unwrap()
            .narrow(0, 0, 1)
            .unwrap()
            .to_vec();
        assert_eq!(
            first[..8],
            [0.0, 0.0, 0.3125, 0.8125, 0.5625, 0.0625, 0.0, 0.0]
        );
    }

    #[test]
    fn mnist_names_are_known_with_dash_and_dot() {
        for [a, b, c, d] in [
            [
                "train-images-idx3-ubyte",
                "train-labels-idx1-ubyte",
                "t10k-images-idx3-ubyte",
                "t10k-labels-idx1-ubyte",
            ],
            [
                "train-images.idx3-ubyte",
                "train-labels.idx1-ubyte",
                "t10k-images.idx3-ubyte",
                "t10k-labels.idx1-ubyte",
            ],
        ] {
            let folder = Folder::new("names");
            let split = load(&folder.pair(a, b, 5, 2).pair(c, d, 7, 2).0).unwrap();
            assert_eq!(
                (
                    split.train.len(),
                    split.test.len(),
                    split.features,
                    split.classes
                ),
                (5, 7, 4, 7)
            );
        }
    }

    #[test]
    fn one_pair_is_cut_in_order() {
        let folder = Folder::new("pair");
        let split = load(
            &folder
                .pair("x-images.idx3-ubyte", "x-labels.idx1-ubyte", 10, 1)
                .0,
        )
        .unwrap();
        assert_eq!(
            split.train.targets().unwrap().to_vec(),
            [0, 1, 2, 3, 4, 5, 6, 7]
        );
        assert_eq!(split.test.targets().unwrap().to_vec(), [8, 9]);
        // The highest training pixel is 7.
        assert_eq!(
            split.test.inputs().unwrap().to_vec(),
            [8.0 / 7.0, 9.0 / 7.0]
        );
    }

    #[test]
    fn what_is_missing_is_named() {
        let folder = Folder::new("missing");
        assert!(
            folder
                .error()
                .starts_with("no IDX files in DIR: expected train-images-idx3-ubyte")
        );
        folder.pair("train-images-idx3-ubyte", "train-labels-idx1-ubyte", 3, 2);
        assert_eq!(folder.error(), "DIR lacks a file t10k-images-idx3-ubyte");
        let gone = load(Path::new("/no/such/folder")).unwrap_err().to_string();
        assert!(
            gone.starts_with("cannot open folder /no/such/folder: "),
            "{gone}"
        );
    }

    #[test]
    fn packed_files_are_read_as_they_are() {
        let (folder, plain) = (Folder::new("packed"), load(Path::new(DIGITS)).unwrap());
        for name in ["digits-images.idx3-ubyte", "digits-labels.idx1-ubyte"] {
            let bytes = fs::read(Path::new(DIGITS).join(name)).unwrap();
            fs::write(folder.0.join(format!("{name}.gz")), stored(&bytes)).unwrap();
        }
        let split = load(&folder.0).unwrap();
        assert_eq!(split.train.inputs().unwrap(), plain.train.inputs().unwrap());
        assert_eq!(split.test.targets().unwrap(), plain.test.targets().unwrap());
    }

    #[test]
    fn ambiguous_and_unequal_files_are_refused() {
        let folder = Folder::new("ambiguous");
        folder.pair("a-images-idx3-ubyte", "a-labels-idx1-ubyte", 5, 2);
        folder.pair("b-images-idx3-ubyte", "b-labels-idx1-ubyte", 5, 2);
        assert!(
            folder.error().starts_with("cannot choose between DIR/a-"),
            "{}",
            folder.error()
        );

        let folder = Folder::new("unequal");
        folder.pair("a-images-idx3-ubyte", "other", 5, 2).pair(
            "another",
            "a-labels-idx1-ubyte",
            6,
            2,
        );
        assert_eq!(
            folder.error(),
            "5 images in DIR/a-images-idx3-ubyte, but 6 labels in DIR/a-labels-idx1-ubyte"
        );
    }
}
