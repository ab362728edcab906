//! Printing as `NumPy` does: nested brackets, aligned columns, the middle of large tensors left out.

use std::fmt;

use crate::element::Element;
use crate::tensor::Tensor;

/// Tensors with more elements than this are shortened, as in `NumPy`.
const THRESHOLD: usize = 1000;
/// The number of items shown at each end of a shortened axis.
const EDGE: usize = 3;
/// Digits after the point if the formatter does not set their number.
const PRECISION: usize = 4;

/// Nested brackets with aligned columns; large tensors are shortened, `{:.2}` sets the digits.
impl<T: Element> fmt::Display for Tensor<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // An axis of a tensor without elements may have any size.
        let places = |n: usize, &size: &usize| n.saturating_mul(size.max(1));
        let shorten = self.shape().iter().fold(1, places) > THRESHOLD;
        let mut shown = Vec::new();
        visit(self.shape(), shorten, &mut Vec::new(), &mut |index| {
            shown.push(self.at(index).unwrap_or_default());
        });
        let numbers = numbers(&shown, f.precision().unwrap_or(PRECISION));
        let width = numbers.iter().map(String::len).max().unwrap_or(0);
        let mut numbers = numbers.into_iter();
        nested(f, self.shape(), shorten, 1, &mut |f| {
            write!(f, "{:>width$}", numbers.next().unwrap_or_default())
        })
    }
}

/// Numbers as text: floats as `1.` if all are whole, else with `precision` digits; in scientific notation if one is at
/// least 1e8, or, where not all are whole, if one is below 1e-4 or two differ by a factor of at least 1e8.
fn numbers<T: Element>(values: &[T], precision: usize) -> Vec<String> {
    let is_float = matches!(T::NAME, "f32" | "f64");
    if !is_float {
        return values.iter().map(ToString::to_string).collect();
    }
    let values: Vec<f64> = values.iter().map(|x| x.to_f64()).collect();
    let finite = || {
        values
            .iter()
            .map(|x| x.abs())
            .filter(|x| x.is_finite() && *x > 0.0)
    };
    let (low, high) = finite().fold((f64::INFINITY, 0.0f64), |(low, high), x| {
        (low.min(x), high.max(x))
    });
    let whole = finite().all(|x| x.fract() == 0.0);
    values
        .iter()
        .map(|x| {
            if !x.is_finite() {
                x.to_string()
            } else if high >= 1e8 || (!whole && (low < 1e-4 || high / low >= 1e8)) {
                format!("{x:.precision$e}")
            } else if whole {
                format!("{x:.0}.")
            } else {
                format!("{x:.precision$}")
            }
        })
        .collect()
}

/// The indices along an axis that are shown; `None` marks the ones left out.
fn shown(size: usize, shorten: bool) -> impl Iterator<Item = Option<usize>> {
    let cut = shorten && size > 2 * EDGE;
    let head = if cut { EDGE } else { size };
    let tail = if cut { size - EDGE..size } else { 0..0 };
    (0..head)
        .map(Some)
        .chain(cut.then_some(None))
        .chain(tail.map(Some))
}

fn visit(sizes: &[usize], shorten: bool, index: &mut Vec<usize>, f: &mut impl FnMut(&[usize])) {
    let Some((&size, inner)) = sizes.split_first() else {
        return f(index);
    };
    for i in shown(size, shorten).flatten() {
        index.push(i);
        visit(inner, shorten, index, f);
        index.pop();
    }
}

fn nested(
    f: &mut fmt::Formatter<'_>,
    sizes: &[usize],
    shorten: bool,
    depth: usize,
    number: &mut impl FnMut(&mut fmt::Formatter<'_>) -> fmt::Result,
) -> fmt::Result {
    let Some((&size, inner)) = sizes.split_first() else {
        return number(f);
    };
    f.write_str("[")?;
    for (place, item) in shown(size, shorten).enumerate() {
        if place > 0 && inner.is_empty() {
            f.write_str(", ")?;
        } else if place > 0 {
            write!(f, ",{}{:depth$}", "\n".repeat(inner.len()), "")?;
        }
        match item {
            Some(_) => nested(f, inner, shorten, depth + 1, number)?,
            None => f.write_str("...")?,
        }
    }
    f.write_str("]")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Result;
    use crate::tensor;

    #[test]
    fn large_tensors_without_elements_are_shortened() -> crate::Result<()> {
        let text = Tensor::zeros([1 << 50, 0])?.to_string();
        assert!(text.len() < 100 && text.contains("..."), "{text}");
        Ok(())
    }

    #[test]
    fn columns_line_up() {
        assert_eq!(
            tensor![[1.0, -20.0], [0.0, 3.0]].to_string(),
            "[[  1., -20.],\n [  0.,   3.]]"
        );
        assert_eq!(tensor![0.5, -1.25].to_string(), "[ 0.5000, -1.2500]");
        assert_eq!(format!("{:.1}", tensor![0.5, 10.0]), "[ 0.5, 10.0]");
        assert_eq!(tensor![i64; 3, -4].to_string(), "[ 3, -4]");
        assert_eq!(tensor![bool; true, false].to_string(), "[ true, false]");
    }

    #[test]
    fn odd_values_and_shapes_print() -> Result<()> {
        assert_eq!(Tensor::scalar(2.5f32).to_string(), "2.5000");
        assert_eq!(Tensor::zeros([0, 2])?.to_string(), "[]");
        assert_eq!(
            tensor![f32::NAN, f32::INFINITY, 1.0].to_string(),
            "[NaN, inf,  1.]"
        );
        assert_eq!(
            tensor![f64; 1e-10, 1.0].to_string(),
            "[1.0000e-10,   1.0000e0]"
        );
        assert_eq!(
            tensor![[[1.0], [2.0]], [[3.0], [4.0]]].to_string(),
            "[[[1.],\n  [2.]],\n\n [[3.],\n  [4.]]]"
        );
        Ok(())
    }

    #[test]
    fn large_tensors_are_shortened() -> Result<()> {
        let text = Tensor::arange(0.0, 1100.0, 1.0)?.to_string();
        assert_eq!(text, "[   0.,    1.,    2., ..., 1097., 1098., 1099.]");
        let text = Tensor::zeros([100, 100])?.to_string();
        assert_eq!(text.lines().count(), 7);
        assert!(text.lines().nth(3).is_some_and(|line| line == " ...,"));
        Ok(())
    }

    #[test]
    fn debug_names_type_and_shape() {
        assert_eq!(format!("{:?}", tensor![1.0]), "Tensor<f32>[1]([1.])");
    }
}
