//! A Rust file as the checks see it: its text, its code without comments and strings, and that
//! without its tests.

use std::ops::Range;

/// A file's path from the workspace's root, and views of its text that keep every line where it is.
#[derive(Clone, Debug)]
pub struct Source {
    /// The path, with `/` between folders.
    pub path: String,
    /// All of it.
    pub text: String,
    /// Comments, strings and characters blanked.
    pub code: String,
    /// `code` with its `#[cfg(test)]` items blanked too.
    pub shipped: String,
}

impl Source {
    /// Makes the views of `text`.
    pub fn new(path: &str, text: &str) -> Self {
        let code = blank(text, &outside_code(text.as_bytes()));
        let shipped = blank(&code, &test_items(&code));
        Self {
            path: path.into(),
            text: text.into(),
            code,
            shipped,
        }
    }

    /// The crate's name if this is library code: `gradlet-nn` for `crates/gradlet-nn/src/mode.rs`.
    pub fn library(&self) -> Option<&str> {
        let (name, rest) = self.path.strip_prefix("crates/")?.split_once('/')?;
        rest.starts_with("src/").then_some(name)
    }

    /// The name of the file without its folders.
    pub fn file_name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or_default()
    }

    /// `path:line: what`, for the line that holds byte `at`.
    pub fn complaint(&self, at: usize, what: &str) -> String {
        let line = self.text[..at].matches('\n').count() + 1;
        format!("{}:{line}: {what}", self.path)
    }
}

/// Where `word` stands in `code` as a word of its own.
pub(super) fn words<'a>(code: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    let part = |b: Option<&u8>| b.is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_');
    let bytes = code.as_bytes();
    code.match_indices(word)
        .map(|(at, _)| at)
        .filter(move |&at| {
            !part(at.checked_sub(1).and_then(|i| bytes.get(i))) && !part(bytes.get(at + word.len()))
        })
}

/// The bytes from the `{` at `open` to behind its `}`, or to the end if it is never closed.
pub(super) fn block(code: &str, open: usize) -> Range<usize> {
    let mut depth = 0_usize;
    for (i, b) in code.bytes().enumerate().skip(open) {
        match b {
            b'{' => depth += 1,
            b'}' => depth = depth.saturating_sub(1),
            _ => continue,
        }
        if depth == 0 {
            return open..i + 1;
        }
    }
    open..code.len()
}

/// Where the item that starts at `from` has its `{`; none if it ends with `;`.
pub(super) fn body(code: &str, from: usize) -> Option<usize> {
    let mut depth = 0_i32;
    for (i, b) in code.bytes().enumerate().skip(from) {
        match b {
            b'(' | b'[' => depth += 1,
            b')' | b']' => depth -= 1,
            b'{' if depth == 0 => return Some(i),
            b';' if depth == 0 => return None,
            _ => {}
        }
    }
    None
}

/// Replaces the bytes of `ranges` by spaces, line ends excepted.
fn blank(text: &str, ranges: &[Range<usize>]) -> String {
    let mut bytes = text.as_bytes().to_vec();
    for range in ranges {
        bytes[range.clone()]
            .iter_mut()
            .filter(|b| **b != b'\n')
            .for_each(|b| *b = b' ');
    }
    // Ranges begin and end at ASCII bytes, so no character is cut in two.
    String::from_utf8_lossy(&bytes).into_owned()
}

fn test_items(code: &str) -> Vec<Range<usize>> {
    let marks = code
        .match_indices("#[cfg(test)]")
        .chain(code.match_indices("#[cfg(all(test"));
    marks
        .map(|(at, _)| {
            let item = at + code[at..].find(']').unwrap_or(0) + 1;
            let end = body(code, item).map(|open| block(code, open).end);
            at..end
                .or_else(|| Some(item + code[item..].find(';')? + 1))
                .unwrap_or(code.len())
        })
        .collect()
}

/// Comments, string literals and character literals.
fn outside_code(text: &[u8]) -> Vec<Range<usize>> {
    let mut ranges = Vec::new();
    let mut at = 0;
    while at < text.len() {
        match literal_or_comment(text, at) {
            Some(end) => {
                ranges.push(at..end);
                at = end;
            }
            None => at += 1,
        }
    }
    ranges
}

/// The end of the comment or literal that begins at `at`.
fn literal_or_comment(text: &[u8], at: usize) -> Option<usize> {
    let rest = &text[at..];
    let word_before = at > 0 && (text[at - 1].is_ascii_alphanumeric() || text[at - 1] == b'_');
    let end = match rest {
        [b'/', b'/', ..] => rest.iter().position(|b| *b == b'\n').unwrap_or(rest.len()),
        [b'/', b'*', ..] => block_comment(rest),
        [b'"', ..] => quoted(rest, b'"'),
        [b'r', b'"' | b'#', ..] if !word_before => raw_string(rest)?,
        [b'b' | b'c', b'r', b'"' | b'#', ..] if !word_before => 1 + raw_string(&rest[1..])?,
        [b'\'', b'\\', ..] => quoted(rest, b'\''),
        // A character of up to four bytes between two quotes; anything else is a lifetime.
        [b'\'', c, ..] if *c != b'\'' => {
            let width = match c {
                0..=0x7f => 1,
                0x80..=0xdf => 2,
                0xe0..=0xef => 3,
                _ => 4,
            };
            if rest.get(1 + width) == Some(&b'\'') {
                2 + width
            } else {
                return None;
            }
        }
        _ => return None,
    };
    Some(at + end)
}

fn block_comment(rest: &[u8]) -> usize {
    let (mut depth, mut i) = (0, 0);
    while i < rest.len() {
        match &rest[i..] {
            [b'/', b'*', ..] => (depth, i) = (depth + 1, i + 2),
            [b'*', b'/', ..] => (depth, i) = (depth - 1, i + 2),
            _ => i += 1,
        }
        if depth == 0 {
            break;
        }
    }
    i
}

fn quoted(rest: &[u8], quote: u8) -> usize {
    let mut i = 1;
    while i < rest.len() {
        match rest[i] {
            b'\\' => i += 2,
            b if b == quote => return i + 1,
            _ => i += 1,
        }
    }
    rest.len()
}

fn raw_string(rest: &[u8]) -> Option<usize> {
    let hashes = rest[1..].iter().take_while(|b| **b == b'#').count();
    let open = 1 + hashes;
    if rest.get(open) != Some(&b'"') {
        return None;
    }
    let close = [vec![b'"'], vec![b'#'; hashes]].concat();
    let inside = rest[open + 1..]
        .windows(close.len())
        .position(|w| w == close);
    Some(inside.map_or(rest.len(), |i| open + 1 + i + close.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_literals_are_blanked_and_code_is_not() {
        let text = "a // b\nc /* d /* e */ f */ g \"h \\\" i\" j r#\"k \" l\"# m 'n' o '\\'' p b\"q\" 'é' r";
        let source = Source::new("x.rs", text);
        let left: Vec<_> = source.code.split_whitespace().collect();
        assert_eq!(left, ["a", "c", "g", "j", "m", "o", "p", "b", "r"]);
        assert_eq!(source.code.len(), text.len());
    }

    #[test]
    fn lifetimes_and_raw_names_are_code() {
        let text = "fn f<'a>(x: &'a str, r#type: u8) -> &'a str { x }";
        assert_eq!(Source::new("x.rs", text).code, text);
    }

    #[test]
    fn tests_are_not_shipped_and_what_follows_is() {
        let text = "fn a() {}\n#[cfg(test)]\nmod tests { fn b() { if x {} } }\nfn c() {}\n#[cfg(test)]\nuse d;\nfn e() {}";
        let shipped = Source::new("x.rs", text).shipped;
        assert_eq!(
            shipped.split_whitespace().collect::<Vec<_>>(),
            ["fn", "a()", "{}", "fn", "c()", "{}", "fn", "e()", "{}"]
        );
    }

    #[test]
    fn words_are_whole() {
        assert_eq!(
            words("unsafe { unsafe_code } my_unsafe unsafe", "unsafe").collect::<Vec<_>>(),
            [0, 33]
        );
    }

    #[test]
    fn bodies_skip_arrays_in_signatures() {
        let code = "fn f(x: [u8; 2]) -> [u8; 2] { x } fn g();";
        assert_eq!(
            body(code, 0).map(|open| &code[block(code, open)]),
            Some("{ x }")
        );
        assert_eq!(body(code, code.len() - 7), None);
    }
}
