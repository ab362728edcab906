//! Runs a layer's case in one element type, from PyTorch's state, with all gradients.

use gradlet::module::Module;
use gradlet::{Float, Forward, Gradients, Mode, State, Tensor, Var};
use serde_json::{Value, json};

use super::make;
use crate::conformance::{Case, Failure, Layout, Out, Outcome, values_and_loss};
use crate::golden::{Array, Golden};

/// A layer, and how a case calls it.
pub trait Built<T: Float> {
    /// The layer.
    fn module(&mut self) -> &mut dyn Module;

    /// Its outputs.
    ///
    /// # Errors
    /// What the layer returns.
    fn call(&self, case: &Case<'_, T>) -> Result<Vec<Out<T>>, Failure>;
}

/// What a wing makes of a case's settings; `None` if the layer is not its own.
pub(super) type Made<T> = Result<Option<Box<dyn Built<T>>>, Failure>;

struct With<M, F>(M, F);

impl<T, M, F> Built<T> for With<M, F>
where
    T: Float,
    M: Module,
    F: Fn(&M, &Case<'_, T>) -> Result<Vec<Out<T>>, Failure>,
{
    fn module(&mut self) -> &mut dyn Module {
        &mut self.0
    }

    fn call(&self, case: &Case<'_, T>) -> Result<Vec<Out<T>>, Failure> {
        (self.1)(&self.0, case)
    }
}

/// A layer that `call` calls.
pub(super) fn built<T: Float, M: Module + 'static>(
    module: M,
    call: impl Fn(&M, &Case<'_, T>) -> Result<Vec<Out<T>>, Failure> + 'static,
) -> Box<dyn Built<T>> {
    Box::new(With(module, call))
}

/// A layer that maps one Var to one Var.
pub(super) fn forward<T: Float, M: Forward<T> + 'static>(module: M) -> Box<dyn Built<T>> {
    built(module, |module: &M, case| {
        Ok(vec![Out::Var(module.forward(&case.var(0, "input")?)?)])
    })
}

/// The case in f64, and what PyTorch computed; `None` where gradlet has no such layer.
///
/// # Errors
/// What the layer returns, or a state with different names.
pub fn run_f64(golden: &Golden, json: &Value) -> Result<Option<(Outcome, Outcome)>, Failure> {
    let Some(ours) = run(golden, json, Tensor::clone)? else {
        return Ok(None);
    };
    let find = |key: &Value| match key {
        Value::Null => Ok(None),
        key => golden.array(key).map(|array| Some(in_f64(array))),
    };
    let all = |keys: &Value| -> Result<Vec<_>, Failure> {
        let (list, map) = (keys.as_array(), keys.as_object());
        let values = map.into_iter().flat_map(|map| map.values());
        list.into_iter().flatten().chain(values).map(find).collect()
    };
    let (mut outs, mut grads) = (all(&json["outs"])?, all(&json["grads"])?);
    outs.extend(all(&buffers_after(json))?);
    grads.extend(all(&json["param_grads"])?);
    Ok(Some((ours, Outcome { outs, grads })))
}

/// The case in f32, and the same in f64 from the same rounded numbers.
///
/// # Errors
/// What the layer returns.
pub fn run_f32(golden: &Golden, json: &Value) -> Result<Option<(Outcome, Outcome)>, Failure> {
    let Some(ours) = run(golden, json, Tensor::cast::<f32>)? else {
        return Ok(None);
    };
    let mut wide = json.clone();
    if json["class"] == "RMSNorm" && json["kwargs"]["eps"].is_null() {
        // Its default is that of the type.
        wide["kwargs"]["eps"] = f32::EPSILON.into();
    }
    let theirs = run(golden, &wide, |x| x.cast::<f32>().cast::<f64>())?;
    Ok(theirs.map(|theirs| (ours, theirs)))
}

fn in_f64(array: Array) -> Tensor<f64> {
    match array {
        Array::Floats(x) => x,
        Array::Ints(x) => x.cast(),
        Array::Bools(x) => x.cast(),
    }
}

/// The keys of all buffers after the call; those of before where PyTorch changed none.
fn buffers_after(json: &Value) -> Value {
    let mut after = json!({});
    for key in json["state"].as_array().into_iter().flatten() {
        let name = name_of(key);
        if json["param_grads"].get(name).is_none() && !is_loss(json) {
            after[name] = key.clone();
        }
    }
    for (name, key) in json["buffers_after"].as_object().into_iter().flatten() {
        after[name] = key.clone();
    }
    after
}

/// PyTorch's losses keep the weights they are made with as buffers.
fn is_loss(json: &Value) -> bool {
    json["class"]
        .as_str()
        .is_some_and(|class| class.ends_with("Loss"))
}

/// The name of a state's key, `7.state.hidden.weight`.
fn name_of(key: &Value) -> &str {
    let key = key.as_str().unwrap_or_default();
    key.split_once(".state.").map_or(key, |(_, name)| name)
}

fn run<T: Float>(
    golden: &Golden,
    json: &Value,
    round: impl Fn(&Tensor<f64>) -> Tensor<T> + Copy,
) -> Result<Option<Outcome>, Failure> {
    let settings = json!({
        "op": json["class"], "args": json["args"], "kwargs": json["kwargs"],
    });
    let mut called = json["call"].clone();
    called["op"] = json["class"].clone();
    called["inputs"] = json["inputs"].clone();
    if json["lengths"].is_string() {
        called["kwargs"]["lengths"] = json!({"tensor": json["lengths"]});
    }
    let settings = Case::with(golden, &settings, Layout::Contiguous, round)?;
    let case = Case::with(golden, &called, Layout::Contiguous, round)?;
    let Some(mut built) = make(&settings)? else {
        return Ok(None);
    };
    settings.all_read()?;
    if !is_loss(json) {
        load(built.module(), golden, json, round)?;
    }
    built.module().set_mode(match json["mode"].as_str() {
        Some("eval") => Mode::Eval,
        _ => Mode::Train,
    });
    let outs = built.call(&case)?;
    case.all_read()?;
    let (mut outs, loss) = values_and_loss(golden, &json["grad_outs"], outs, round)?;
    let grads = loss.map(Var::backward).transpose()?;
    let grads = grads.unwrap_or_else(Gradients::new_of);
    let mut all = case.gradients(&json["grads"], &grads);
    let (buffers, dparameters) = after(built.module(), json, &grads);
    outs.extend(buffers);
    all.extend(dparameters);
    Ok(Some(Outcome { outs, grads: all }))
}

/// Puts PyTorch's state into the layer, whose own must have the same names in the same order.
fn load<T: Float>(
    module: &mut dyn Module,
    golden: &Golden,
    json: &Value,
    round: impl Fn(&Tensor<f64>) -> Tensor<T>,
) -> Result<(), Failure> {
    let mut state = State::new();
    for key in json["state"].as_array().into_iter().flatten() {
        match golden.array(key)? {
            Array::Ints(x) => state.insert(name_of(key), x),
            array => state.insert(name_of(key), round(&in_f64(array))),
        };
    }
    state.load_into(module)?;
    let own = State::of(module);
    if !own.paths().eq(state.paths()) {
        let [own, theirs] = [&own, &state].map(|state| state.paths().collect::<Vec<_>>());
        return Err(format!("the state is {own:?}, PyTorch's {theirs:?}").into());
    }
    Ok(())
}

type Tensors = Vec<Option<Tensor<f64>>>;

/// The buffers, and the gradients of the parameters that PyTorch has one of: zeros where none arrived.
fn after<T: Float>(module: &dyn Module, json: &Value, grads: &Gradients<T>) -> (Tensors, Tensors) {
    let buffers = module.named_buffers();
    let wanted = buffers_after(json);
    let buffers = wanted.as_object().into_iter().flatten().map(|(name, _)| {
        let (_, buffer) = buffers.iter().find(|(own, _)| own == name)?;
        let floats = buffer
            .downcast_ref::<T>()
            .map(|buffer| buffer.tensor().cast());
        let ints = || {
            buffer
                .downcast_ref::<i64>()
                .map(|buffer| buffer.tensor().cast())
        };
        floats.or_else(ints)
    });
    let parameters = module.named_parameters();
    let wanted = json["param_grads"].as_object().into_iter().flatten();
    let dparameters = wanted.map(|(name, key)| {
        let (_, parameter) = parameters
            .iter()
            .find(|(own, _)| own == name && !key.is_null())?;
        let g = grads.get(parameter.id()).map(Tensor::cast);
        let zeros = || Tensor::zeros_of(parameter.shape()).ok();
        g.or_else(zeros)
    });
    (buffers.collect(), dparameters.collect())
}
