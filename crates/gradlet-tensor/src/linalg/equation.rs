//! [`Equation`]: the letters of an `einsum`, checked against its operands.

use std::collections::BTreeMap;

use super::contract::Contract;
use crate::error::{Error, ErrorKind, Result};

/// The labels of axes that an ellipsis covers: `ELLIPSIS` for the last of them, the next for the one before it. Letters
/// are below.
const ELLIPSIS: u8 = 128;

/// The labels of each operand's axes and of the output's: letters, and labels of the axes of ellipses.
pub(super) struct Equation {
    pub(super) inputs: Vec<Vec<u8>>,
    pub(super) output: Vec<u8>,
    /// The size of each label's axis after broadcasting.
    pub(super) sizes: BTreeMap<u8, usize>,
}

impl Equation {
    #[track_caller]
    pub(super) fn parse<X: Contract>(equation: &str, operands: &[&X]) -> Result<Self> {
        let letters: String = equation.chars().filter(|c| !c.is_whitespace()).collect();
        let (left, right) = match letters.split_once("->") {
            Some((left, right)) => (left, Some(right)),
            None => (letters.as_str(), None),
        };
        let parts: Vec<&str> = left.split(',').collect();
        for part in &parts {
            if let Some(c) = part
                .replacen("...", "", 1)
                .chars()
                .find(|c| !c.is_ascii_alphabetic())
            {
                return Err(mistake(equation, format!("{c:?} is not in a-z or A-Z")));
            }
        }
        if parts.len() != operands.len() {
            let (wanted, found) = (parts.len(), operands.len());
            return Err(mistake(
                equation,
                format!("it has {wanted} operands, got {found}"),
            ));
        }
        let mut inputs = Vec::with_capacity(parts.len());
        for (i, (part, operand)) in parts.iter().zip(operands).enumerate() {
            inputs.push(labels(equation, i, part, operand.sizes())?);
        }
        let sizes = sizes_of_labels(equation, &inputs, operands)?;
        // The axes of the longest ellipsis.
        let covered: Vec<u8> = sizes
            .range(ELLIPSIS..)
            .rev()
            .map(|(&label, _)| label)
            .collect();
        let output = match right {
            Some(right) => spelled(right, &covered),
            None => [covered, once(&inputs)].concat(),
        };
        for (i, label) in output.iter().enumerate() {
            if !sizes.contains_key(label) {
                let letter = char::from(*label);
                return Err(mistake(
                    equation,
                    format!("the output names {letter:?}, which no operand has"),
                ));
            }
            if output[..i].contains(label) {
                return Err(mistake(
                    equation,
                    format!("the output names {} twice", name(*label)),
                ));
            }
        }
        Ok(Self {
            inputs,
            output,
            sizes,
        })
    }
}

/// The labels of an operand's axes: its letters, with labels for the axes that the ellipsis covers.
#[track_caller]
fn labels(equation: &str, i: usize, part: &str, shape: &[usize]) -> Result<Vec<u8>> {
    let (letters, axes) = (part.replacen("...", "", 1).len(), shape.len());
    let (covered, ellipsis) = if part.contains("...") {
        (axes.saturating_sub(letters), " beside the ellipsis")
    } else {
        (0, "")
    };
    if letters + covered != axes {
        return Err(mistake(
            equation,
            format!(
                "operand {i} has {letters} letters{ellipsis}, but its shape {shape:?} has {axes} axes"
            ),
        ));
    }
    let covered: Vec<u8> = (0..covered as u8)
        .rev()
        .map(|axis| ELLIPSIS + axis)
        .collect();
    Ok(spelled(part, &covered))
}

/// The letters, with these labels in place of the ellipsis.
fn spelled(letters: &str, covered: &[u8]) -> Vec<u8> {
    match letters.split_once("...") {
        Some((before, behind)) => [before.as_bytes(), covered, behind.as_bytes()].concat(),
        None => letters.as_bytes().to_vec(),
    }
}

/// A label as messages name it.
fn name(label: u8) -> String {
    if label < ELLIPSIS {
        format!("{:?}", char::from(label))
    } else {
        "the ellipsis".to_owned()
    }
}

/// The size of each label's axis: sizes of 1 are broadcast to that of a different operand.
#[track_caller]
fn sizes_of_labels<X: Contract>(
    equation: &str,
    inputs: &[Vec<u8>],
    operands: &[&X],
) -> Result<BTreeMap<u8, usize>> {
    let mut sizes: BTreeMap<u8, usize> = BTreeMap::new();
    for (labels, operand) in inputs.iter().zip(operands) {
        for (i, (&label, &size)) in labels.iter().zip(operand.sizes()).enumerate() {
            let first = labels.iter().position(|&other| other == label);
            // A diagonal is not broadcast.
            let own = first
                .filter(|&first| first < i)
                .map(|first| operand.sizes()[first]);
            let before = sizes.entry(label).or_insert(size);
            let found = own.unwrap_or(*before);
            if found != size && (own.is_some() || (found != 1 && size != 1)) {
                let name = name(label);
                return Err(mistake(
                    equation,
                    format!("{name} has the sizes {found} and {size}"),
                ));
            }
            if *before == 1 {
                *before = size;
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
            *label < ELLIPSIS && all.iter().position(is_label) == all.iter().rposition(is_label)
        })
        .collect();
    output.sort_unstable();
    output
}
