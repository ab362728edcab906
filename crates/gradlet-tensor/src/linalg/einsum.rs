//! Sums of products by Einstein's convention, for tensors and for Vars.

use std::collections::BTreeMap;

use super::contract::Contract;
use super::equation::Equation;
use crate::error::{Error, ErrorKind, Result};
use crate::tensor::Tensor;

/// The sum of products that the equation names: `ij,jk->ik` is the matrix product.
///
/// The operands are all tensors, or all Vars. Each has one letter per axis. Letters that the output does not name are
/// summed over; a letter that occurs twice in one operand takes its diagonal. An ellipsis `...` is all axes of an operand
/// that no letter names; those of different operands are matched from the last one on. An axis of size 1 is
/// repeated to the size that the same letter has in a different operand, as is one of an ellipsis. Without `->`, the
/// output names the axes of the ellipsis, then the letters that occur once, in alphabetical order; an output without the
/// ellipsis is summed over its axes. Operands are combined from left to right, each pair by one batched matrix product; or
/// elementwise, if one has only letters of the other and none is summed, or both have the same letters.
///
/// # Shape
///
/// `ij,jk->ik`: `[i, j], [j, k] -> [i, k]`; `ij->`: `[i, j] -> []`; `...ij,...jk`: `[b, i, j], [j, k] -> [b, i, k]`
///
/// # Errors
///
/// If the equation cannot be read, or its output names a letter twice or one that no operand has, or the number of
/// operands or of an operand's axes differs, or a letter has two sizes other than 1.
///
/// # Example
///
/// ```
/// # use gradlet_tensor::{einsum, tensor};
/// # fn main() -> gradlet_tensor::Result<()> {
/// let (x, w) = (tensor![[1.0, 2.0], [3.0, 4.0]], tensor![10.0, 100.0]);
/// assert_eq!(einsum("ij,j->i", &[&x, &w])?.to_vec(), [210.0, 430.0]);
/// assert_eq!(einsum("ii", &[&x])?.to_vec(), [5.0]);
/// assert_eq!(einsum("...i->...", &[&x])?.to_vec(), [3.0, 7.0]);
/// # Ok(())
/// # }
/// ```
///
/// # Source
///
/// `torch.einsum`
#[track_caller]
pub fn einsum<X: Contract>(equation: &str, operands: &[&X]) -> Result<X> {
    let Equation {
        inputs,
        output,
        sizes,
    } = Equation::parse(equation, operands)?;
    let mut terms = Vec::with_capacity(operands.len());
    for (labels, operand) in inputs.into_iter().zip(operands) {
        terms.push(
            Term {
                labels,
                x: (*operand).clone(),
            }
            .diagonals()?
            .without_repeated(&sizes)?,
        );
    }
    let mut terms = terms.into_iter();
    let Some(mut left) = terms.next() else {
        return Err(Error::new(ErrorKind::NoTensors { op: "einsum" }));
    };
    let mut rest: Vec<Term<X>> = terms.collect();
    while !rest.is_empty() {
        let right = rest.remove(0);
        let needed = |label: &u8| {
            output.contains(label) || rest.iter().any(|term| term.labels.contains(label))
        };
        left = left.times(right, needed)?;
    }
    left.sum_others(|label| output.contains(label))?
        .ordered(&output)
}

/// An operand and the letters of its axes.
struct Term<X> {
    labels: Vec<u8>,
    x: X,
}

impl<X: Contract> Term<X> {
    /// The term with each letter once: the diagonal is taken for a letter that occurs twice.
    #[track_caller]
    fn diagonals(mut self) -> Result<Self> {
        while let Some((first, second)) = repeated(&self.labels) {
            let rest = (0..self.labels.len()).filter(|&axis| axis != first && axis != second);
            let rest: Vec<usize> = rest.collect();
            let mut axes = vec![first as isize, second as isize];
            axes.extend(rest.iter().map(|&axis| axis as isize));
            let x = self.x.permuted(&axes)?;
            let n = x.sizes()[0];
            let mut merged = vec![n * n];
            merged.extend_from_slice(&x.sizes()[2..]);
            let places = Tensor::<i64>::from_fn(n, |i| (i * (n + 1)) as i64)?;
            let mut labels = vec![self.labels[first]];
            labels.extend(rest.iter().map(|&axis| self.labels[axis]));
            self = Self {
                labels,
                x: x.reshaped(&merged)?.picked(&places)?,
            };
        }
        Ok(self)
    }

    /// The term without the axes of size 1 that a different operand repeats: a product broadcasts them.
    #[track_caller]
    fn without_repeated(self, sizes: &BTreeMap<u8, usize>) -> Result<Self> {
        let all = self.labels.iter().zip(self.x.sizes());
        let kept = all.filter(|(label, size)| sizes.get(label) == Some(size));
        let (labels, sizes): (Vec<u8>, Vec<usize>) = kept.unzip();
        if labels.len() == self.labels.len() {
            return Ok(self);
        }
        let x = self.x.reshaped(&sizes)?;
        Ok(Self { labels, x })
    }

    /// The term summed over the axes whose letters are not needed.
    #[track_caller]
    fn sum_others(self, needed: impl Fn(&u8) -> bool) -> Result<Self> {
        let axes: Vec<isize> = (0..self.labels.len())
            .filter(|&axis| !needed(&self.labels[axis]))
            .map(|axis| axis as isize)
            .collect();
        if axes.is_empty() {
            return Ok(self);
        }
        let x = self.x.summed(&axes)?;
        let labels = self
            .labels
            .into_iter()
            .filter(|label| needed(label))
            .collect();
        Ok(Self { labels, x })
    }

    /// The elements with the axes in the order of these letters, which are the term's.
    #[track_caller]
    fn ordered(self, labels: &[u8]) -> Result<X> {
        if self.labels == labels {
            return Ok(self.x);
        }
        let place = |label: &u8| self.labels.iter().position(|other| other == label);
        let axes: Vec<isize> = labels
            .iter()
            .filter_map(place)
            .map(|axis| axis as isize)
            .collect();
        self.x.permuted(&axes)
    }

    /// The elementwise product with a term that has only letters of this one.
    #[track_caller]
    fn scaled_by(self, other: Self) -> Result<Self> {
        let both = |label: &&u8| other.labels.contains(label);
        let order: Vec<u8> = self.labels.iter().filter(both).copied().collect();
        let axes = self.labels.iter().zip(self.x.sizes());
        let sizes: Vec<usize> = axes
            .map(|(label, &size)| if both(&label) { size } else { 1 })
            .collect();
        let x = self.x.scaled(&other.ordered(&order)?.reshaped(&sizes)?)?;
        Ok(Self { x, ..self })
    }

    /// The product of two terms, summed over the letters that are not needed.
    #[track_caller]
    fn times(self, other: Self, needed: impl Fn(&u8) -> bool) -> Result<Self> {
        let (left, right) = (self.labels.clone(), other.labels.clone());
        let lhs = self.sum_others(|label| needed(label) || right.contains(label))?;
        let rhs = other.sum_others(|label| needed(label) || left.contains(label))?;
        let both = |label: &&u8| rhs.labels.contains(label);
        let pick = |labels: &[u8], keep: &dyn Fn(&&u8) -> bool| -> Vec<u8> {
            labels.iter().filter(|label| keep(label)).copied().collect()
        };
        let batch = pick(&lhs.labels, &|label| both(label) && needed(label));
        let summed = pick(&lhs.labels, &|label| both(label) && !needed(label));
        let rows = pick(&lhs.labels, &|label| !both(label));
        let columns = pick(&rhs.labels, &|label| !lhs.labels.contains(label));
        if rows.is_empty() && (summed.is_empty() || columns.is_empty()) {
            return rhs.scaled_by(lhs)?.sum_others(needed);
        }
        if columns.is_empty() && summed.is_empty() {
            return lhs.scaled_by(rhs);
        }
        let sizes: BTreeMap<u8, usize> = (lhs
            .labels
            .iter()
            .copied()
            .zip(lhs.x.sizes().iter().copied()))
        .chain(
            rhs.labels
                .iter()
                .copied()
                .zip(rhs.x.sizes().iter().copied()),
        )
        .collect();
        let sizes_of = |labels: &[u8]| -> Vec<usize> {
            labels
                .iter()
                .filter_map(|label| sizes.get(label).copied())
                .collect()
        };
        let count = |labels: &[u8]| sizes_of(labels).into_iter().product::<usize>();
        let (b, m, k, n) = (count(&batch), count(&rows), count(&summed), count(&columns));
        let x = lhs
            .ordered(&[&batch[..], &rows, &summed].concat())?
            .reshaped(&[b, m, k])?;
        let y = rhs
            .ordered(&[&batch[..], &summed, &columns].concat())?
            .reshaped(&[b, k, n])?;
        let labels = [batch, rows, columns].concat();
        let x = x.multiplied(&y)?.reshaped(&sizes_of(&labels))?;
        Ok(Self { labels, x })
    }
}

/// The axes of the first letter that occurs twice.
fn repeated(labels: &[u8]) -> Option<(usize, usize)> {
    labels.iter().enumerate().find_map(|(second, label)| {
        let first = labels[..second].iter().position(|other| other == label)?;
        Some((first, second))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor;

    fn reason(equation: &str, operands: &[&Tensor]) -> String {
        match einsum(equation, operands) {
            Ok(y) => format!("no error: {y}"),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn usual_equations_agree_with_their_methods() -> Result<()> {
        let normal = |shape: &[usize]| Tensor::<f64>::normal(shape, 0.0, 1.0, &mut crate::rng(3));
        let (a, b) = (normal(&[2, 3, 4])?, normal(&[2, 4, 5])?);
        let close =
            |x: Tensor<f64>, y: Tensor<f64>| assert!(x.allclose(&y, 1e-12, 1e-12), "{x} {y}");
        close(einsum("bij,bjk->bik", &[&a, &b])?, a.matmul(&b)?);
        close(
            einsum("bij,bjk->kib", &[&a, &b])?,
            a.matmul(&b)?.permute(&[2, 1, 0])?,
        );
        close(einsum("bij->", &[&a])?, a.sum(..)?);
        close(einsum("bij", &[&a])?, a.clone());
        close(einsum("bij,bij->bij", &[&a, &a])?, a.mul(&a)?);
        close(einsum("bij , xyz -> bx", &[&a, &b])?, {
            let (a, b) = (a.sum([1, 2])?, b.sum([1, 2])?);
            a.unsqueeze(1)?.mul(&b)?
        });
        let square = normal(&[3, 3])?;
        let places = tensor![i64; 0, 4, 8];
        let diagonal = square.reshape([9])?.index_select(0, &places)?;
        close(einsum("ii->i", &[&square])?, diagonal.clone());
        close(einsum("ii", &[&square])?, diagonal.sum(..)?);
        close(einsum("ij,ii->j", &[&square, &square])?, {
            diagonal.unsqueeze(1)?.mul(&square)?.sum(0)?
        });
        let three = einsum("bij,bjk,k->i", &[&a, &b, &normal(&[5])?])?;
        close(three, a.matmul(&b)?.matmul(&normal(&[5])?)?.sum(0)?);
        Ok(())
    }

    #[test]
    fn ellipses_and_axes_of_size_one_are_repeated() -> Result<()> {
        let normal = |shape: &[usize]| Tensor::<f64>::normal(shape, 0.0, 1.0, &mut crate::rng(3));
        let close =
            |x: Tensor<f64>, y: Tensor<f64>| assert!(x.allclose(&y, 1e-12, 1e-12), "{x} {y}");
        let (a, b) = (normal(&[4, 1, 2, 3])?, normal(&[5, 3, 2])?);
        let product = a.matmul(&b)?;
        close(einsum("...ij,...jk->...ik", &[&a, &b])?, product.clone());
        close(einsum("...ij,...jk", &[&a, &b])?, product.clone());
        close(einsum("...ij,...jk->ik", &[&a, &b])?, product.sum([0, 1])?);
        let turned = product.permute(&[3, 0, 1, 2])?;
        close(einsum("...ij,...jk->k...i", &[&a, &b])?, turned);
        close(
            einsum("...ii", &[&normal(&[2, 3, 3])?])?,
            normal(&[2, 3, 3])?.trace()?,
        );
        close(einsum("i...->...", &[&a])?, a.sum(0)?);
        close(einsum("...", &[&a])?, a.clone());
        close(einsum("bij...->...b", &[&b])?, b.sum([1, 2])?);
        let (row, column) = (normal(&[1, 3])?, normal(&[2, 1])?);
        close(einsum("ij,ij->ij", &[&row, &column])?, row.mul(&column)?);
        close(
            einsum("ij,ij->", &[&row, &column])?,
            row.mul(&column)?.sum(..)?,
        );
        close(
            einsum("ij,ij->j", &[&row, &normal(&[2, 3])?])?,
            row.mul(&normal(&[2, 3])?)?.sum(0)?,
        );
        close(
            einsum("ij,jk->ik", &[&column, &normal(&[3, 4])?])?,
            column.mul(&normal(&[3, 4])?.sum(0)?)?,
        );
        close(
            einsum("ij,ij,ij->j", &[&row, &row, &column])?,
            row.mul(&row)?.mul(&column)?.sum(0)?,
        );
        assert_eq!(
            einsum("i,i->i", &[&tensor![1.0], &Tensor::zeros([0])?])?.shape(),
            [0]
        );
        Ok(())
    }

    #[test]
    fn scalars_and_empty_operands_have_their_sums() -> Result<()> {
        let (one, none) = (Tensor::scalar(3.0), Tensor::zeros([0, 2])?);
        assert_eq!(einsum(",->", &[&one, &one])?.item()?, 9.0);
        assert_eq!(einsum("ij,ik->jk", &[&none, &none])?.to_vec(), [0.0; 4]);
        Ok(())
    }

    #[test]
    fn mistakes_are_told_with_the_equation() {
        let x = tensor![[1.0, 2.0], [3.0, 4.0]];
        for (equation, expected) in [
            ("ij->ii", "the output names 'i' twice"),
            ("ij->ik", "the output names 'k', which no operand has"),
            (
                "ijk->i",
                "operand 0 has 3 letters, but its shape [2, 2] has 2 axes",
            ),
            ("ij,jk->ik", "it has 2 operands, got 1"),
            ("i.->i", "'.' is not in a-z or A-Z"),
            ("......->", "'.' is not in a-z or A-Z"),
            (
                "ijk...",
                "operand 0 has 3 letters beside the ellipsis, but its shape [2, 2] has 2 axes",
            ),
            ("...->......", "the output names '.', which no operand has"),
        ] {
            let message = reason(equation, &[&x]);
            let start = format!("einsum: {equation:?}: {expected} (at ");
            assert!(message.starts_with(&start), "{message}");
        }
        let three = tensor![[1.0], [2.0], [3.0]];
        for (equation, expected) in [
            ("ij,jk", "'j' has the sizes 2 and 3"),
            ("i...,...k", "the ellipsis has the sizes 2 and 3"),
            ("ij,kk", "'k' has the sizes 3 and 1"),
        ] {
            let message = reason(equation, &[&x, &three]);
            assert!(message.contains(expected), "{message}");
        }
    }
}
