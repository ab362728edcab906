//! `Summary`: a model as a printed tree.

use std::fmt;
use std::ops::ControlFlow;

use super::text::{grouped, in_parentheses, shape_and_element};
use super::{Leaf, Module, Path, walk};
use crate::mode::Mode;

/// A model as a tree with one line for each layer; [`Module::summary`] makes it, and it prints as
///
/// ```text
/// TwoLayer (9,610 parameters, train)
///   hidden: Linear(64 -> 128)       weight [128, 64], bias [128]  8,320
///   dropout: Dropout(p=0.5, train)
///   output: Linear(128 -> 10)       weight [10, 128], bias [10]   1,290
/// ```
///
/// The last column counts the parameters of that line alone, so the counts add
/// up to the total. A tensor is marked `frozen` or `buffer`, and with its
/// element type unless that is f32. The first line shows the mode of all layers;
/// if it is `mixed`, every line shows its own. An absent `Option` is not listed.
#[derive(Clone, Debug)]
pub struct Summary {
    rows: Vec<Row>,
    frozen: usize,
}

/// A module with the tensors that it holds directly. The first row is the model.
#[derive(Clone, Debug)]
struct Row {
    depth: usize,
    name: String,
    kind: &'static str,
    description: String,
    tensors: Vec<Tensor>,
    modes: Modes,
}

#[derive(Clone, Debug)]
struct Tensor {
    name: String,
    /// The shape and the marks as printed text.
    text: String,
    /// The number of parameters; `None` for a buffer.
    count: Option<usize>,
}

/// The modes at and below a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Modes {
    Absent,
    All(Mode),
    Mixed,
}

impl Summary {
    pub(super) fn of<M: Module + ?Sized>(module: &M) -> Self {
        let mut summary = Self {
            rows: vec![Row::of(module, &Path::Root)],
            frozen: 0,
        };
        // The rows of the modules that contain the one being visited.
        let mut lineage = vec![0];
        summary.add(&lineage, &Path::Root, module.as_leaf());
        let _ = walk::modules(module, &Path::Root, &mut |path, child| {
            let depth = path.depth();
            while lineage
                .last()
                .is_some_and(|&row| summary.rows[row].depth >= depth)
            {
                lineage.pop();
            }
            match child.as_leaf() {
                Leaf::None if child.kind().is_empty() => {}
                Leaf::None => {
                    lineage.push(summary.rows.len());
                    summary.rows.push(Row::of(child, path));
                }
                leaf => summary.add(&lineage, path, leaf),
            }
            ControlFlow::Continue(())
        });
        summary
    }

    /// Adds a tensor to the last row of its lineage, or a mode to every row of it.
    fn add(&mut self, lineage: &[usize], path: &Path<'_>, leaf: Leaf<'_>) {
        let name = path
            .name()
            .map_or_else(String::new, |name| name.to_string());
        let tensor = match leaf {
            Leaf::None | Leaf::Source(_) => return,
            Leaf::Mode(mode) => {
                for &row in lineage {
                    self.rows[row].modes.add(mode);
                }
                return;
            }
            Leaf::Parameter(parameter) => {
                let mut text = shape_and_element(parameter.shape(), parameter.element());
                if parameter.is_frozen() {
                    text.push_str(" frozen");
                    self.frozen += parameter.len();
                }
                Tensor {
                    name,
                    text,
                    count: Some(parameter.len()),
                }
            }
            Leaf::Buffer(buffer) => {
                let text = shape_and_element(&buffer.shape(), buffer.element()) + " buffer";
                Tensor {
                    name,
                    text,
                    count: None,
                }
            }
        };
        if let Some(&row) = lineage.last() {
            self.rows[row].tensors.push(tensor);
        }
    }

    fn header(&self, model: &Row) -> String {
        let count = self.rows.iter().filter_map(Row::count).sum();
        let mut notes = vec![match count {
            1 => "1 parameter".to_owned(),
            count => format!("{} parameters", grouped(count)),
        }];
        if self.frozen > 0 {
            notes.push(format!("{} frozen", grouped(self.frozen)));
        }
        notes.extend(model.modes.unless_said_in(&model.description));
        let kind = if model.kind.is_empty() {
            "None"
        } else {
            model.kind
        };
        let head = in_parentheses(kind, &model.description);
        format!("{head} ({})", notes.join(", "))
    }

    /// The lines under the header. The model's own tensors get a line each.
    fn lines(model: &Row, below: &[Row]) -> Vec<Line> {
        let own = model
            .tensors
            .iter()
            .filter(|tensor| !tensor.name.is_empty());
        let own = own.map(|tensor| Line {
            head: format!("  {}: {}", tensor.name, tensor.kind()),
            tensors: tensor.text.clone(),
            count: tensor.count.map_or_else(String::new, grouped),
        });
        let mixed = model.modes == Modes::Mixed;
        own.chain(below.iter().map(|row| row.line(mixed))).collect()
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some((model, below)) = self.rows.split_first() else {
            return Ok(());
        };
        f.write_str(&self.header(model))?;
        let lines = Self::lines(model, below);
        let width = |of: fn(&Line) -> &str| {
            let widths = lines.iter().map(|line| of(line).chars().count());
            widths.max().unwrap_or(0)
        };
        let (heads, tensors) = (width(|line| &line.head), width(|line| &line.tensors));
        let counts = width(|line| &line.count);
        for Line {
            head,
            tensors: shapes,
            count,
        } in &lines
        {
            match (shapes.is_empty(), count.is_empty()) {
                (true, _) => write!(f, "\n{head}")?,
                (false, true) => write!(f, "\n{head:heads$}  {shapes}")?,
                (false, false) => {
                    write!(f, "\n{head:heads$}  {shapes:tensors$}  {count:>counts$}")?;
                }
            }
        }
        Ok(())
    }
}

/// One printed line in its three columns.
struct Line {
    head: String,
    tensors: String,
    count: String,
}

impl Row {
    fn of<M: Module + ?Sized>(module: &M, path: &Path<'_>) -> Self {
        Self {
            depth: path.depth(),
            name: path
                .name()
                .map_or_else(String::new, |name| name.to_string()),
            kind: module.kind(),
            description: module.describe(),
            tensors: Vec::new(),
            modes: Modes::Absent,
        }
    }

    /// The number of parameters that this row holds directly, if it has any.
    fn count(&self) -> Option<usize> {
        self.tensors
            .iter()
            .filter_map(|tensor| tensor.count)
            .reduce(|a, b| a + b)
    }

    fn line(&self, mixed: bool) -> Line {
        let mut notes = self.description.clone();
        if let Some(mode) = self.modes.unless_said_in(&notes).filter(|_| mixed) {
            notes = if notes.is_empty() {
                mode
            } else {
                notes + ", " + &mode
            };
        }
        let tensors: Vec<_> = self
            .tensors
            .iter()
            .map(|t| format!("{} {}", t.name, t.text))
            .collect();
        Line {
            head: format!(
                "{:indent$}{}: {}",
                "",
                self.name,
                in_parentheses(self.kind, &notes),
                indent = 2 * self.depth
            ),
            tensors: tensors.join(", "),
            count: self.count().map_or_else(String::new, grouped),
        }
    }
}

impl Tensor {
    fn kind(&self) -> &'static str {
        if self.count.is_some() {
            "Parameter"
        } else {
            "Buffer"
        }
    }
}

impl Modes {
    fn add(&mut self, mode: Mode) {
        *self = match *self {
            Modes::Absent => Modes::All(mode),
            Modes::All(same) if same == mode => *self,
            _ => Modes::Mixed,
        };
    }

    /// The word for these modes, unless there is no mode or `description` already has the word.
    fn unless_said_in(self, description: &str) -> Option<String> {
        let word = match self {
            Modes::Absent => return None,
            Modes::All(mode) => mode.to_string(),
            Modes::Mixed => "mixed".to_owned(),
        };
        let said = description.split([',', ' ']).any(|said| said == word);
        (!said).then_some(word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::buffer::Buffer;
    use crate::module::tests::{Affine, Drop, zeros};
    use crate::parameter::Parameter;

    #[derive(Module)]
    struct TwoLayer {
        hidden: Affine,
        dropout: Drop,
        output: Affine,
    }

    fn two_layer() -> TwoLayer {
        TwoLayer {
            hidden: Affine::new(64, 128),
            dropout: Drop::default(),
            output: Affine::new(128, 10),
        }
    }

    #[test]
    fn a_tree_lines_up_shapes_and_counts() {
        let expected = "\
TwoLayer (9,610 parameters, train)
  hidden: Affine(64 -> 128)       weight [128, 64], bias [128]  8,320
  dropout: Dropout(p=0.5, train)
  output: Affine(128 -> 10)       weight [10, 128], bias [10]   1,290";
        assert_eq!(two_layer().summary().to_string(), expected);
    }

    #[test]
    fn a_uniform_mode_shows_once_and_mixed_modes_on_every_line() {
        let mut net = two_layer();
        net.eval();
        assert!(
            net.summary()
                .to_string()
                .starts_with("TwoLayer (9,610 parameters, eval)\n  hidden: Affine(64 -> 128) ")
        );
        let mut net = (net, vec![Drop::default()]);
        net.0.output.train();
        let expected = "\
tuple (9,610 parameters, mixed)
  0: TwoLayer(mixed)
    hidden: Affine(64 -> 128, eval)   weight [128, 64], bias [128]  8,320
    dropout: Dropout(p=0.5, eval)
    output: Affine(128 -> 10, train)  weight [10, 128], bias [10]   1,290
  1: Vec(train)
    0: Dropout(p=0.5, train)";
        assert_eq!(net.summary().to_string(), expected);
    }

    #[test]
    fn own_tensors_frozen_ones_buffers_and_other_elements_are_told_apart() {
        #[derive(Module)]
        struct Mixture {
            scale: Parameter<f64>,
            mean: Buffer,
            first: Affine,
            absent: Option<Affine>,
            stack: Vec<Parameter>,
        }
        let mut net = Mixture {
            scale: Parameter::new(gradlet_tensor::Tensor::<f64>::zeros_of([3]).unwrap()),
            mean: Buffer::new(zeros([1000, 2])),
            first: Affine::without_bias(1000, 2),
            absent: None,
            stack: vec![Parameter::new(zeros([1]))],
        };
        net.first.freeze();
        let expected = "\
Mixture (2,004 parameters, 2,000 frozen, train)
  scale: Parameter          [3] f64                      3
  mean: Buffer              [1000, 2] buffer
  first: Affine(1000 -> 2)  weight [2, 1000] frozen  2,000
  stack: Vec                0 [1]                        1";
        assert_eq!(net.summary().to_string(), expected);
    }

    #[test]
    fn a_lone_layer_lists_its_tensors_and_a_bare_module_has_no_mode() {
        let expected = "\
Affine(2 -> 1) (3 parameters, train)
  weight: Parameter  [1, 2]  2
  bias: Parameter    [1]     1";
        assert_eq!(Affine::new(2, 1).summary().to_string(), expected);
        assert_eq!(
            Drop::default().summary().to_string(),
            "Dropout(p=0.5, train) (0 parameters)"
        );
        assert_eq!(
            Vec::<Affine>::new().summary().to_string(),
            "Vec (0 parameters)"
        );
        assert_eq!(None::<Affine>.summary().to_string(), "None (0 parameters)");
        let weight = Parameter::new(zeros([1]));
        assert_eq!(weight.summary().to_string(), "Parameter (1 parameter)");
        assert_eq!(
            Mode::Eval.summary().to_string(),
            "Mode (0 parameters, eval)"
        );
    }
}
