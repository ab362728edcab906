//! Recurrent layers and their cells.

use gradlet::layer::{
    Directions, Elman, Gated, LongShortTerm, Recurrent, RecurrentCell, RecurrentForm,
};
use gradlet::{Float, Var};

use super::run::{Built, Made, built};
use crate::conformance::{Case, Failure, Out};

pub(super) fn make<T: Float>(settings: &Case<'_, T>) -> Made<T> {
    let relu = settings.text(usize::MAX, "nonlinearity", "tanh") == "relu";
    Ok(Some(match settings.op() {
        "RNN" if relu => layer::<Elman, T>(settings, Recurrent::relu)?,
        "RNN" => layer::<Elman, T>(settings, |layer| layer)?,
        "LSTM" => layer::<LongShortTerm, T>(settings, |layer| layer)?,
        "GRU" => layer::<Gated, T>(settings, |layer| layer)?,
        "RNNCell" if relu => cell::<Elman, T>(settings, RecurrentCell::relu)?,
        "RNNCell" => cell::<Elman, T>(settings, |cell| cell)?,
        "LSTMCell" => cell::<LongShortTerm, T>(settings, |cell| cell)?,
        "GRUCell" => cell::<Gated, T>(settings, |cell| cell)?,
        _ => return Ok(None),
    }))
}

/// How a form's state is given in a case, and what the case calls its tensors.
trait State: RecurrentForm {
    fn given<T: Float>(case: &Case<'_, T>) -> Result<Option<Self::State<T>>, Failure>;
    fn tensors<T: Float>(state: Self::State<T>) -> Vec<Var<T>>;
}

impl State for LongShortTerm {
    fn given<T: Float>(case: &Case<'_, T>) -> Result<Option<(Var<T>, Var<T>)>, Failure> {
        if case.value(1, "hx").is_none() {
            return Ok(None);
        }
        match &case.vars(1, "hx")?[..] {
            [h, c] => Ok(Some((h.clone(), c.clone()))),
            _ => Err("a state is h and c".into()),
        }
    }

    fn tensors<T: Float>((h, c): (Var<T>, Var<T>)) -> Vec<Var<T>> {
        vec![h, c]
    }
}

macro_rules! of_one_tensor {
    ($($form:ty)*) => {$(
        impl State for $form {
            fn given<T: Float>(case: &Case<'_, T>) -> Result<Option<Var<T>>, Failure> {
                case.maybe_var(1, "hx")
            }

            fn tensors<T: Float>(h: Var<T>) -> Vec<Var<T>> {
                vec![h]
            }
        }
    )*};
}

of_one_tensor!(Elman Gated);

fn layer<F: State, T: Float>(
    settings: &Case<'_, T>,
    set: impl FnOnce(Recurrent<F, T>) -> Recurrent<F, T>,
) -> Result<Box<dyn Built<T>>, Failure> {
    let [inputs, hidden] = [(0, "input_size"), (1, "hidden_size")]
        .map(|(place, name)| settings.int(place, name, 0) as usize);
    let layers = settings.int(2, "num_layers", 1) as usize;
    let directions = if settings.flag(6, "bidirectional", false) {
        Directions::Both
    } else {
        Directions::Forward
    };
    let rng = &mut gradlet::rng(1);
    let mut layer = set(Recurrent::new_of(inputs, hidden, layers, directions, rng)?);
    if !settings.flag(3, "bias", true) {
        layer = layer.without_bias();
    }
    if settings.flag(4, "batch_first", false) {
        layer = layer.batch_first();
    }
    Ok(built(layer, |layer, case| {
        let (x, state) = (case.var(0, "input")?, F::given(case)?);
        let (y, state) = if case.value(usize::MAX, "lengths").is_some() {
            let lengths = case.ints(usize::MAX, "lengths")?;
            let lengths: Vec<_> = lengths.iter().map(|length| length as usize).collect();
            layer.forward_padded(&x, &lengths, state.as_ref())?
        } else {
            layer.forward_from(&x, state.as_ref())?
        };
        let all = [y].into_iter().chain(F::tensors(state));
        Ok(all.map(Out::Var).collect())
    }))
}

fn cell<F: State, T: Float>(
    settings: &Case<'_, T>,
    set: impl FnOnce(RecurrentCell<F, T>) -> RecurrentCell<F, T>,
) -> Result<Box<dyn Built<T>>, Failure> {
    let [inputs, hidden] = [(0, "input_size"), (1, "hidden_size")]
        .map(|(place, name)| settings.int(place, name, 0) as usize);
    let mut cell = set(RecurrentCell::new_of(inputs, hidden, &mut gradlet::rng(1))?);
    if !settings.flag(2, "bias", true) {
        cell = cell.without_bias();
    }
    Ok(built(cell, |cell, case| {
        let (x, state) = (case.var(0, "input")?, F::given(case)?);
        let state = cell.step(&x, state.as_ref())?;
        Ok(F::tensors(state).into_iter().map(Out::Var).collect())
    }))
}
