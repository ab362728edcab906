//! A text as numbers of characters, and two simple models of it to compare a net with.

use std::error::Error;
use std::fs;
use std::path::Path;

use gradlet::prelude::*;
use gradlet::tensor::math;

/// The folder of gradlet's own documentation.
pub const DOCS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs");

type Failure = Box<dyn Error + Send + Sync>;

/// A text whose end is kept to judge by.
#[derive(Debug)]
pub struct Text {
    /// All characters that occur, in order. The number of a character is its place here.
    pub alphabet: Vec<char>,
    /// The first nine tenths, to learn from.
    pub train: Tensor<i64>,
    /// The last tenth, to judge by.
    pub held_out: Tensor<i64>,
}

impl Text {
    /// Divides `text`, of which both parts have more than `context` characters.
    ///
    /// # Errors
    /// If the text is too short.
    pub fn new(text: &str, context: usize) -> Result<Self, Failure> {
        let text: Vec<char> = text.chars().collect();
        let least = 10 * (context + 1);
        if text.len() < least {
            let found = text.len();
            return Err(
                format!("{found} characters are too few, at least {least} are needed").into(),
            );
        }
        let mut alphabet = text.clone();
        alphabet.sort_unstable();
        alphabet.dedup();
        let number = |c| alphabet.partition_point(|&other| other < c) as i64;
        let numbers = Tensor::from_fn(text.len(), |i| number(text[i]))?;
        let held_out = text.len() / 10;
        let parts = numbers.split_sizes(&[text.len() - held_out, held_out], 0)?;
        let [train, held_out] = [parts[0].clone(), parts[1].clone()];
        Ok(Self {
            alphabet,
            train,
            held_out,
        })
    }

    /// The characters with these numbers.
    pub fn spell(&self, numbers: &[i64]) -> String {
        numbers
            .iter()
            .map(|&number| self.alphabet[number as usize])
            .collect()
    }

    /// Bits per character of the part that is held out, where each is as probable as it is frequent in the other part.
    pub fn unigram(&self) -> f64 {
        self.bits(1, |_| 0)
    }

    /// Bits per character of the part that is held out, where each is as probable as it is frequent in the other part
    /// behind the same character.
    pub fn bigram(&self) -> f64 {
        self.bits(self.alphabet.len(), |before| before as usize)
    }

    /// By a table of how often each character comes in a context, one added to each count. The context follows from the
    /// character before.
    fn bits(&self, contexts: usize, context: impl Fn(i64) -> usize) -> f64 {
        let mut counts = vec![vec![1.0; self.alphabet.len()]; contexts];
        for pair in self.train.to_vec().windows(2) {
            counts[context(pair[0])][pair[1] as usize] += 1.0;
        }
        let totals: Vec<f64> = counts.iter().map(|row| row.iter().sum()).collect();
        let held_out = self.held_out.to_vec();
        let bits = held_out.windows(2).map(|pair| {
            let context = context(pair[0]);
            math::log2(totals[context] / counts[context][pair[1] as usize])
        });
        bits.sum::<f64>() / (held_out.len() - 1) as f64
    }
}

/// The text of a file, or of all Markdown files in a folder, by name.
///
/// # Errors
/// If a file cannot be read or is not in UTF-8, or the folder has no Markdown files.
pub fn read(path: &Path) -> Result<String, Failure> {
    let whole = |path: &Path| {
        fs::read_to_string(path).map_err(|e| format!("cannot read {}: {e}", path.display()))
    };
    if !path.is_dir() {
        return Ok(whole(path)?);
    }
    let entries = fs::read_dir(path)?.collect::<Result<Vec<_>, _>>()?;
    let mut files: Vec<_> = entries.iter().map(fs::DirEntry::path).collect();
    files.retain(|file| file.extension().is_some_and(|ending| ending == "md"));
    files.sort();
    let texts = files
        .iter()
        .map(|file| whole(file))
        .collect::<Result<Vec<_>, _>>()?;
    if texts.is_empty() {
        return Err(format!("no Markdown files in {}", path.display()).into());
    }
    Ok(texts.concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_divided_and_spelled_again() {
        let text = Text::new("banana sandwiches or ananas", 1).unwrap();
        assert_eq!(text.alphabet, " abcdehinorsw".chars().collect::<Vec<_>>());
        assert_eq!(
            text.spell(&text.train.to_vec()),
            "banana sandwiches or anan"
        );
        assert_eq!(text.spell(&text.held_out.to_vec()), "as");
        let error = Text::new("banana", 1).unwrap_err().to_string();
        assert_eq!(error, "6 characters are too few, at least 20 are needed");
    }

    #[test]
    fn tables_count_characters_and_pairs() {
        // Of 36 characters to learn from, 18 pairs "ab" and 17 "ba"; held out is "abab".
        let text = Text::new(&"ab".repeat(20), 1).unwrap();
        let unigram = -math::log2(19.0 * 18.0 * 19.0 / (37.0 * 37.0 * 37.0)) / 3.0;
        let bigram = -math::log2(19.0 / 20.0 * 18.0 / 19.0 * 19.0 / 20.0) / 3.0;
        assert!(
            (text.unigram() - unigram).abs() < 1e-12,
            "{}",
            text.unigram()
        );
        assert!((text.bigram() - bigram).abs() < 1e-12, "{}", text.bigram());
    }

    #[test]
    fn a_folder_is_its_markdown_files_and_errors_name_the_path() {
        assert!(read(Path::new(DOCS)).unwrap().starts_with("# "));
        for (path, start) in [
            ("no/such/file", "cannot read no/such/file: "),
            ("src", "no Markdown files in src"),
        ] {
            let error = read(Path::new(path)).unwrap_err().to_string();
            assert!(error.starts_with(start), "{error}");
        }
    }
}
