//! [`RecurrentForm`]: what recurrent layers differ in.

use std::fmt::Debug;

use gradlet_autograd::{CellKind, Float, Result, Var};

/// The cell of a recurrent layer, and the form of its state.
pub trait RecurrentForm: Clone + Debug + Default + Send + Sync + 'static {
    /// The layer's name in messages and summaries.
    const NAME: &'static str;
    /// The name of a layer of one step.
    const CELL_NAME: &'static str;
    /// The state between two steps.
    type State<T: Float>: Debug;

    /// The cell.
    fn kind(&self) -> CellKind;

    /// The state whose tensors are along the first axis.
    ///
    /// # Errors
    ///
    /// If the axis does not have the size of the state.
    #[track_caller]
    fn from_stack<T: Float>(stack: &Var<T>) -> Result<Self::State<T>>;

    /// The tensors of a state along a new first axis.
    ///
    /// # Errors
    ///
    /// If their shapes differ.
    #[track_caller]
    fn stack<T: Float>(state: &Self::State<T>) -> Result<Var<T>>;
}

/// The form of [`Rnn`](crate::Rnn): `h' = tanh(W_ih x + b_ih + W_hh h + b_hh)`, or with the rectifier; the state is h.
#[derive(Clone, Debug)]
pub struct Elman(pub(super) CellKind);

impl Default for Elman {
    fn default() -> Self {
        Self(CellKind::Tanh)
    }
}

/// The form of [`Lstm`](crate::Lstm): the state is `(h, c)`.
#[derive(Clone, Debug, Default)]
pub struct LongShortTerm;

/// The form of [`Gru`](crate::Gru): the state is h.
#[derive(Clone, Debug, Default)]
pub struct Gated;

macro_rules! of_one_tensor {
    ($form:ty, $name:literal, $cell:literal, |$self:ident| $kind:expr) => {
        impl RecurrentForm for $form {
            const NAME: &'static str = $name;
            const CELL_NAME: &'static str = $cell;
            type State<T: Float> = Var<T>;

            fn kind(&self) -> CellKind {
                let $self = self;
                $kind
            }

            #[track_caller]
            fn from_stack<T: Float>(stack: &Var<T>) -> Result<Var<T>> {
                stack.squeeze(0)
            }

            #[track_caller]
            fn stack<T: Float>(state: &Var<T>) -> Result<Var<T>> {
                state.unsqueeze(0)
            }
        }
    };
}

of_one_tensor!(Elman, "Rnn", "RnnCell", |form| form.0);
of_one_tensor!(Gated, "Gru", "GruCell", |_form| CellKind::Gru);

impl RecurrentForm for LongShortTerm {
    const NAME: &'static str = "Lstm";
    const CELL_NAME: &'static str = "LstmCell";
    type State<T: Float> = (Var<T>, Var<T>);

    fn kind(&self) -> CellKind {
        CellKind::Lstm
    }

    #[track_caller]
    fn from_stack<T: Float>(stack: &Var<T>) -> Result<(Var<T>, Var<T>)> {
        Ok((stack.select(0, 0)?, stack.select(0, 1)?))
    }

    #[track_caller]
    fn stack<T: Float>((h, c): &(Var<T>, Var<T>)) -> Result<Var<T>> {
        Var::stack(&[h, c], 0)
    }
}
