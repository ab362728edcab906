//! [`Error`]: what went wrong, in which of the user's calls, and in which layer.

use std::fmt;
use std::panic::Location;
use std::path::PathBuf;

use crate::shape::Shape;

mod message;
mod op;
use message::{
    axis_range, elements, excess, in_a_tensor, is_layer, last_axis, no_gradient, number, parameter,
    sizes, unfit,
};

/// The result of every function in gradlet that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The error type: what went wrong, with the caller's file and line and, if it comes from a layer, the layer's name.
///
/// It is one pointer wide. There is one error type for all of gradlet, so that `?` never converts.
pub struct Error(Box<Report>);

struct Report {
    kind: ErrorKind,
    location: &'static Location<'static>,
    /// The layers that it came from, outermost first, each with a colon and a space: `Linear(2 -> 3): `.
    layers: String,
}

/// Everything that can go wrong, with the values that explain it.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "each message names its fields")]
#[non_exhaustive]
pub enum ErrorKind {
    /// Two shapes have sizes that are neither equal nor 1.
    #[error("{op}: shapes do not broadcast: {lhs} and {rhs} (axis {axis} from {}); sizes must be equal or 1", sizes(lhs, rhs, *axis))]
    Broadcast {
        op: &'static str,
        lhs: Shape,
        rhs: Shape,
        axis: usize,
    },
    /// Two shapes that have to be the same differ.
    #[error("{op}: shapes differ: expected {expected}, got {found}")]
    ShapeMismatch {
        op: &'static str,
        expected: Shape,
        found: Shape,
    },
    /// The inner sizes of a matrix product differ.
    #[error("{op}: inner sizes differ: {lhs} x {rhs} ({columns} columns, {rows} rows){remedy}")]
    InnerSizes {
        op: &'static str,
        lhs: Shape,
        rhs: Shape,
        columns: usize,
        rows: usize,
        remedy: &'static str,
    },
    /// The input does not have the number of channels that the weight takes.
    #[error("{op}: input {input} has {channels} channels, weight {weight} takes {expected}{}", last_axis(input, weight, *expected))]
    Channels {
        op: &'static str,
        input: Shape,
        weight: Shape,
        channels: usize,
        expected: usize,
    },
    /// The input's shape does not end with the sizes over which it is normalized.
    #[error("{op}: expected an input whose shape ends with {expected}, got {input}")]
    LastAxes {
        op: &'static str,
        input: Shape,
        expected: Shape,
    },
    /// The number of axes is not one that the operation takes.
    #[error("{op}: expected {expected}, got shape {shape}")]
    Rank {
        op: &'static str,
        expected: &'static str,
        shape: Shape,
    },
    /// A shape has more axes than a tensor can have.
    #[error("shape {shape} cannot take another axis of size {size}: a tensor has at most 8 axes")]
    TooManyAxes { shape: Shape, size: usize },
    /// The elements of a shape do not fit into memory.
    #[error("shape {shape} {}", excess(shape, *size_bytes))]
    TooLarge { shape: Shape, size_bytes: usize },
    /// A reshape would change the number of elements.
    #[error(
        "reshape: {from} has {} elements, {to} has {}",
        elements(from),
        elements(to)
    )]
    ElementCount { from: Shape, to: Shape },
    /// The number of values is not the number of elements in the shape.
    #[error("from_slice: shape {shape} needs {} values, got {found}", shape.numel())]
    ValueCount { shape: Shape, found: usize },
    /// The tensor does not have this axis.
    #[error(
        "{op}: axis {axis} is out of range for shape {shape}{}",
        axis_range(shape)
    )]
    AxisOutOfRange {
        op: &'static str,
        axis: isize,
        shape: Shape,
    },
    /// The same axis is named twice.
    #[error("{op}: axis {axis} is named twice for shape {shape}")]
    AxisRepeated {
        op: &'static str,
        axis: usize,
        shape: Shape,
    },
    /// The axis does not have this index.
    #[error("{op}: index {index} is out of range for axis {axis} of size {size} in shape {shape}{}", in_a_tensor(*index, *size))]
    IndexOutOfRange {
        op: &'static str,
        index: i64,
        axis: usize,
        size: usize,
        shape: Shape,
    },
    /// The axis does not have this range of indices.
    #[error("{op}: {start}..{} is out of range for axis {axis} of size {size} in shape {shape}", start.saturating_add(*length))]
    RangeOutOfRange {
        op: &'static str,
        start: usize,
        length: usize,
        axis: usize,
        size: usize,
        shape: Shape,
    },
    /// There are no elements where at least one is needed.
    #[error(
        "{op}: shape {shape} has no elements along the reduced axes, so there is no value to return"
    )]
    Empty { op: &'static str, shape: Shape },
    /// A list of tensors is empty.
    #[error("{op}: expected at least one tensor")]
    NoTensors { op: &'static str },
    /// The number of elements is not 1.
    #[error("{op}: expected one element, got shape {shape}{remedy}")]
    NotOneElement {
        op: &'static str,
        shape: Shape,
        remedy: &'static str,
    },
    /// A setting is outside its range.
    #[error("{op}: {name} must be {expected}, got {}{remedy}", number(*value))]
    OutOfRange {
        op: &'static str,
        name: &'static str,
        expected: &'static str,
        value: f64,
        remedy: String,
    },
    /// The result of integer arithmetic is not a number of the element type.
    #[error("{op}: {element} overflows: {term} at {indices:?}")]
    Overflow {
        op: &'static str,
        element: &'static str,
        term: String,
        indices: Vec<usize>,
    },
    /// An integer is divided by 0.
    #[error("{op}: division by zero: {term} at {indices:?}")]
    DivisionByZero {
        op: &'static str,
        term: String,
        indices: Vec<usize>,
    },
    /// An `einsum` equation cannot be read, or the operands do not fit it.
    #[error("einsum: {equation:?}: {reason}")]
    Equation { equation: String, reason: String },
    /// Backward started from a value that depends on no tracked variable.
    #[error(
        "backward: the loss does not depend on any tracked variable; was it computed under no_grad, or from constants?"
    )]
    Untracked,
    /// A gradient is taken in the first run of a checkpointed function.
    #[error(
        "{op}: gradients cannot be taken inside a checkpointed function, since its first run is not recorded; take them \
         outside, or, if they are not differentiated again, with vjp, jvp or hvp"
    )]
    InsideCheckpoint { op: &'static str },
    /// A parameter has no gradient in an optimizer's step; `taken` parameters of the model have one.
    #[error("{op}: {}", no_gradient(path, *taken))]
    MissingGradient {
        op: &'static str,
        path: String,
        taken: usize,
    },
    /// The element type of a parameter is not that of the gradients.
    #[error("{op}: {} is not of type {expected}", parameter(path))]
    ElementType {
        op: &'static str,
        path: String,
        expected: &'static str,
    },
    /// A state does not fit what it is loaded into: paths that it lacks, paths that it should not have, and tensors of a
    /// different shape or element type.
    #[error(
        "{op}: the state does not fit{}",
        unfit(missing, unexpected, different)
    )]
    StateMismatch {
        op: &'static str,
        missing: Vec<String>,
        unexpected: Vec<String>,
        different: Vec<String>,
    },
    /// The state that an optimizer keeps for a parameter, or for the one before it, does not go with it.
    #[error("{op}: {} {reason}", parameter(path))]
    OptimizerState {
        op: &'static str,
        path: String,
        reason: String,
    },
    /// Numeric differentiation contradicts an analytic gradient.
    #[error("{check}: input {input}, element {element}: analytic {analytic}, numeric {numeric}")]
    GradientMismatch {
        check: &'static str,
        input: usize,
        element: usize,
        analytic: f64,
        numeric: f64,
    },
    /// A part of a model cannot have this name.
    #[error("{op}: the name {name:?} {reason}")]
    BadName {
        op: &'static str,
        name: String,
        reason: &'static str,
    },
    /// A file cannot be read or written.
    #[error("{}: {reason}", path.display())]
    File { path: PathBuf, reason: String },
}

impl Error {
    /// The error of this kind, at the caller's file and line.
    #[track_caller]
    #[cold]
    pub fn new(kind: ErrorKind) -> Self {
        Self(Box::new(Report {
            kind,
            location: Location::caller(),
            layers: String::new(),
        }))
    }

    /// What went wrong.
    pub fn kind(&self) -> &ErrorKind {
        &self.0.kind
    }

    /// The place of the failed call in the user's code.
    pub fn location(&self) -> &'static Location<'static> {
        self.0.location
    }

    /// The same error under a different operation's name, for an operation that calls the one that failed.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// let product = tensor![1.0].matmul(&tensor![1.0, 2.0]);
    /// let error = product.map_err(|error| error.of("similarity")).unwrap_err();
    /// assert!(error.to_string().starts_with("similarity: inner sizes differ: [1] x [2]"));
    /// ```
    #[must_use]
    pub fn of(mut self, operation: &'static str) -> Self {
        if let Some(op) = self.0.kind.op_mut() {
            *op = operation;
        }
        self
    }

    /// The same error at a different line, for an error that shows later than the call that caused it.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::{Tensor, tensor};
    /// let (line, here) = (line!(), std::panic::Location::caller());
    /// let error = tensor![1.0].reshape([2]).unwrap_err().at(here);
    /// assert_eq!(error.location().line(), line);
    /// ```
    #[must_use]
    pub fn at(mut self, location: &'static Location<'static>) -> Self {
        self.0.location = location;
        self
    }

    /// The same error with the text that `layers` makes of its present one for the layers that it came from: empty, or
    /// ending in a colon and a space. A layer calls `Module::name_in`, which is shorter.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// let error = tensor![1.0].reshape([2]).unwrap_err();
    /// let error = error.within(|inner| format!("Block: {inner}"));
    /// assert!(error.to_string().starts_with("Block: reshape: [1] has 1 elements"));
    /// ```
    #[must_use]
    pub fn within(mut self, layers: impl FnOnce(&str) -> String) -> Self {
        self.0.layers = layers(&self.0.layers);
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Report {
            kind,
            location,
            layers,
        } = &*self.0;
        let message = kind.to_string();
        let (op, rest) = message.split_once(": ").unwrap_or_default();
        let message = if is_layer(op, layers) { rest } else { &message };
        write!(
            f,
            "{layers}{message} (at {}:{})",
            location.file(),
            location.line()
        )
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Error {}

/// Panics with the error's message, as the operators do.
#[track_caller]
#[cold]
pub(crate) fn raise(error: &Error) -> ! {
    panic!("{error}")
}

/// The error for a setting that is not as `expected`.
#[track_caller]
pub(crate) fn out_of_range(
    op: &'static str,
    name: &'static str,
    expected: &'static str,
    value: usize,
    remedy: String,
) -> Error {
    Error::new(ErrorKind::OutOfRange {
        op,
        name,
        expected,
        value: value as f64,
        remedy,
    })
}

#[cfg(test)]
mod tests;
