//! [`Equation`]: the letters of an `einsum`, checked against its operands.

use std::collections::BTreeMap;

use super::einsum::Contract;
use crate::error::{Error, ErrorKind, Result};

/// The letters of each operand and of the output.
pub(super) struct Equation {
    pub(super) inputs: Vec<Vec<u8>>,
    pub(super) output: Vec<u8>,
}

impl Equation {
    #[track_caller]
    pub(super) fn parse<X: Contract>(equation: &str, operands: &[&X]) -> Result<Self> {
        let letters: String = equation.chars().filter(|c| !c.is_whitespace()).collect();
        let (left, right) = match letters.split_once("->") {
            Some((left, right)) => (left, Some(right)),
            None => (letters.as_str(), None),
        };
        let known = |c: char| c.is_ascii_alphabetic() || c == ',';
        if let Some(c) = left.chars().find(|&c| !known(c)) {
            return Err(mistake(equation, format!("{c:?} is not in a-z or A-Z")));
        }
        let inputs: Vec<Vec<u8>> = left
            .split(',')
            .map(|part| part.as_bytes().to_vec())
            .collect();
        if inputs.len() != operands.len() {
            let (wanted, found) = (inputs.len(), operands.len());
            return Err(mistake(
                equation,
                format!("it has {wanted} operands, got {found}"),
            ));
        }
        let sizes = sizes_of_letters(equation, &inputs, operands)?;
        let output = match right {
            Some(right) => right.as_bytes().to_vec(),
            None => once(&inputs),
        };
        for (i, label) in output.iter().enumerate() {
            let letter = char::from(*label);
            if !sizes.contains_key(label) {
                return Err(mistake(
                    equation,
                    format!("the output names {letter:?}, which no operand has"),
                ));
            }
            if output[..i].contains(label) {
                return Err(mistake(
                    equation,
                    format!("the output names {letter:?} twice"),
                ));
            }
        }
        Ok(Self { inputs, output })
    }
}

/// The size of each letter's axis.
#[track_caller]
fn sizes_of_letters<X: Contract>(
    equation: &str,
    inputs: &[Vec<u8>],
    operands: &[&X],
) -> Result<BTreeMap<u8, usize>> {
    let mut sizes: BTreeMap<u8, usize> = BTreeMap::new();
    for (i, (labels, operand)) in inputs.iter().zip(operands).enumerate() {
        let shape = operand.sizes();
        if labels.len() != shape.len() {
            let (letters, axes) = (labels.len(), shape.len());
            return Err(mistake(
                equation,
                format!(
                    "operand {i} has {letters} letters, but its shape {shape:?} has {axes} axes"
                ),
            ));
        }
        for (&label, &size) in labels.iter().zip(shape) {
            let before = *sizes.entry(label).or_insert(size);
            if before != size {
                let letter = char::from(label);
                return Err(mistake(
                    equation,
                    format!("{letter:?} has the sizes {before} and {size}"),
                ));
            }
        }
    }
    Ok(sizes)
}

#[track_caller]
fn mistake(equation: &str, reason: String) -> Error {
    let equation = equation.to_owned();
    Error::new(ErrorKind::Equation { equation, reason })
}

/// The letters that occur once, in alphabetical order.
fn once(inputs: &[Vec<u8>]) -> Vec<u8> {
    let all: Vec<u8> = inputs.concat();
    let mut output: Vec<u8> = all
        .iter()
        .copied()
        .filter(|label| {
            let is_label = |other: &u8| other == label;
            all.iter().position(is_label) == all.iter().rposition(is_label)
        })
        .collect();
    output.sort_unstable();
    output
}
