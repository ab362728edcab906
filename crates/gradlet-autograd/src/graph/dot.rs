//! A graph as text for Graphviz.

use std::fmt::Write;

use gradlet_tensor::Shape;

use crate::graph::{Graph, GraphInput, GraphLeaf, GraphNode};
use crate::var::LeafId;

/// The lines at the top: boxes in a plain typeface.
const HEAD: &str = "digraph gradlet {\n\
    \x20 node [shape=box, style=\"rounded,filled\", fillcolor=white, fontname=\"Helvetica\", fontsize=11];\n\
    \x20 edge [arrowsize=0.7];\n";

/// Marks the last node, the output.
const OUTPUT: &str = ", penwidth=2";
const LEAF: &str = ", shape=ellipse, style=filled, fillcolor=\"#d9ead3\"";
const CONSTANT: &str = "label=\"constant\", shape=plaintext, style=\"\", fontcolor=\"#777777\"";

impl Graph {
    /// The graph in the language of Graphviz: `dot -Tsvg graph.dot -o graph.svg` draws it.
    ///
    /// Boxes are operations, with the shape of their output and the bytes they keep; green ellipses are leaves, with
    /// their [name](Graph::name). Arrows go from inputs to outputs, and the output has a bold frame.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::leaf(tensor![1.0, 2.0, 3.0]);
    /// let mut graph = x.exp().graph();
    /// x.leaf_id().map(|id| graph.name(id, "x"));
    /// let dot = graph.to_dot();
    /// assert!(dot.contains(r#"n0 [label="exp\n[3]\nkeeps 12 B", penwidth=2];"#));
    /// assert!(dot.contains("l0 -> n0;"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn to_dot(&self) -> String {
        let mut dot = String::from(HEAD);
        for (i, leaf) in self.leaves.iter().enumerate() {
            line(
                &mut dot,
                &format!("l{i} [label=\"{}\"{LEAF}]", label_leaf(i, leaf)),
            );
        }
        for node in &self.nodes {
            let frame = if node.id + 1 == self.nodes.len() {
                OUTPUT
            } else {
                ""
            };
            line(
                &mut dot,
                &format!("n{} [label=\"{}\"{frame}]", node.id, label(node)),
            );
            for (place, input) in node.inputs.iter().enumerate() {
                self.edge(&mut dot, node.id, place, *input);
            }
        }
        dot.push_str("}\n");
        dot
    }

    fn edge(&self, dot: &mut String, node: usize, place: usize, input: GraphInput) {
        match input {
            GraphInput::Node(from) => line(dot, &format!("n{from} -> n{node}")),
            GraphInput::Leaf(id) => {
                if let Some(from) = self.place(id) {
                    line(dot, &format!("l{from} -> n{node}"));
                }
            }
            GraphInput::Constant => {
                line(dot, &format!("c{node}_{place} [{CONSTANT}]"));
                line(dot, &format!("c{node}_{place} -> n{node}"));
            }
        }
    }

    fn place(&self, id: LeafId) -> Option<usize> {
        self.leaves.binary_search_by_key(&id, |leaf| leaf.id).ok()
    }
}

fn line(dot: &mut String, statement: &str) {
    let _ = writeln!(dot, "  {statement};");
}

fn label(node: &GraphNode) -> String {
    let mut label = escaped(&node.op) + &shape_line(node.shape);
    if node.saved_bytes() > 0 {
        let _ = write!(label, "\\nkeeps {}", bytes(node.saved_bytes()));
    }
    label
}

fn label_leaf(place: usize, leaf: &GraphLeaf) -> String {
    let name = leaf.name.as_deref().map(escaped);
    name.unwrap_or_else(|| format!("leaf {place}")) + &shape_line(leaf.shape)
}

fn shape_line(shape: Option<Shape>) -> String {
    shape.map_or_else(String::new, |shape| format!("\\n{shape}"))
}

/// The text as it has to be written between quotes.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '"' | '\\' => escaped.extend(['\\', c]),
            '\n' => escaped.push_str("\\n"),
            // The other control characters would not show, or would break the line.
            c if c.is_control() => escaped.push(' '),
            c => escaped.push(c),
        }
    }
    escaped
}

fn bytes(count: usize) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    let mut value = count as f64;
    let mut unit = "B";
    for larger in UNITS {
        if value < 1024.0 {
            break;
        }
        (value, unit) = (value / 1024.0, larger);
    }
    if unit == "B" {
        return format!("{count} B");
    }
    format!("{value:.1} {unit}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Result, Var};
    use gradlet_tensor::tensor;

    #[test]
    fn the_text_of_a_small_graph() -> Result<()> {
        let x = Var::leaf(tensor![1.0, 2.0]);
        let w = Var::leaf(tensor![3.0]);
        let y = x.mul(&w)?.mul(&Var::constant(tensor![2.0]))?.sum(..)?;
        let mut graph = y.graph();
        graph.name(w.leaf_id().unwrap(), "a \"w\"\\\n0");
        let dot = graph.to_dot();
        let lines: Vec<_> = dot.lines().skip(3).map(str::trim).collect();
        let expected = [
            r##"l0 [label="leaf 0\n[2]", shape=ellipse, style=filled, fillcolor="#d9ead3"];"##,
            r##"l1 [label="a \"w\"\\\n0\n[1]", shape=ellipse, style=filled, fillcolor="#d9ead3"];"##,
            r#"n0 [label="mul\n[2]\nkeeps 12 B"];"#,
            "l0 -> n0;",
            "l1 -> n0;",
            r#"n1 [label="mul\n[2]\nkeeps 4 B"];"#,
            "n0 -> n1;",
            r##"c1_1 [label="constant", shape=plaintext, style="", fontcolor="#777777"];"##,
            "c1_1 -> n1;",
            r#"n2 [label="sum\n[]", penwidth=2];"#,
            "n1 -> n2;",
            "}",
        ];
        assert_eq!(lines, expected);
        assert!(dot.starts_with("digraph gradlet {\n  node ["));
        Ok(())
    }

    #[test]
    fn a_leaf_alone_and_nothing_at_all_are_graphs_too() {
        let x = Var::leaf(tensor![1.0]);
        assert!(x.graph().to_dot().contains("l0 [label=\"leaf 0\\n[1]\""));
        assert!(x.detach().graph().to_dot().ends_with(";\n}\n"));
    }

    #[test]
    fn bytes_are_rounded_to_what_one_reads() {
        let texts = [0, 1023, 1024, 1536, 3 << 20].map(bytes);
        assert_eq!(texts, ["0 B", "1023 B", "1.0 KiB", "1.5 KiB", "3.0 MiB"]);
    }
}
