//! The operation that an error names.

use super::ErrorKind;

impl ErrorKind {
    /// The name of the operation that failed; `None` if the message does not begin with a name that can be replaced.
    pub(super) fn op_mut(&mut self) -> Option<&mut &'static str> {
        match self {
            Self::Broadcast { op, .. }
            | Self::ShapeMismatch { op, .. }
            | Self::InnerSizes { op, .. }
            | Self::Channels { op, .. }
            | Self::LastAxes { op, .. }
            | Self::Rank { op, .. }
            | Self::AxisOutOfRange { op, .. }
            | Self::AxisRepeated { op, .. }
            | Self::IndexOutOfRange { op, .. }
            | Self::RangeOutOfRange { op, .. }
            | Self::Empty { op, .. }
            | Self::NoTensors { op }
            | Self::NotOneElement { op, .. }
            | Self::OutOfRange { op, .. }
            | Self::Overflow { op, .. }
            | Self::DivisionByZero { op, .. }
            | Self::InsideCheckpoint { op }
            | Self::MissingGradient { op, .. }
            | Self::ElementType { op, .. }
            | Self::StateMismatch { op, .. }
            | Self::OptimizerState { op, .. }
            | Self::BadName { op, .. } => Some(op),
            Self::TooManyAxes { .. }
            | Self::TooLarge { .. }
            | Self::ElementCount { .. }
            | Self::ValueCount { .. }
            | Self::Equation { .. }
            | Self::Untracked
            | Self::GradientMismatch { .. }
            | Self::File { .. } => None,
        }
    }
}
