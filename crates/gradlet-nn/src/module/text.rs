//! The words of a summary.

use std::fmt::Write as _;

/// `kind`, with the notes in parentheses if there are any.
pub(super) fn in_parentheses(kind: &str, notes: &str) -> String {
    if notes.is_empty() {
        kind.to_owned()
    } else {
        format!("{kind}({notes})")
    }
}

/// The shape, and the element type unless that is f32.
pub(super) fn shape_and_element(shape: &[usize], element: &str) -> String {
    let mut text = format!("{shape:?}");
    if element != "f32" {
        // Writing to a string cannot fail.
        let _ = write!(text, " {element}");
    }
    text
}

/// The number with commas between thousands.
pub(super) fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_grouped() {
        let texts = [0, 999, 1000, 12_345_678].map(grouped);
        assert_eq!(texts, ["0", "999", "1,000", "12,345,678"]);
    }
}
