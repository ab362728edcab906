//! Runs a case in one element type, with its gradients.

use gradlet::{Float, Gradients, Tensor, Var};
use serde_json::Value;

use super::case::{Case, Layout, Out};
use super::compare::Outcome;
use super::{Failure, call};
use crate::golden::{Array, Golden};

/// The case in f64, and what PyTorch computed; `None` where gradlet has no such operation.
///
/// # Errors
/// What the operation returns.
pub fn run_f64(
    golden: &Golden,
    json: &Value,
    layout: Layout,
) -> Result<Option<(Outcome, Outcome)>, Failure> {
    let case = Case::<f64>::new(golden, json, layout)?;
    let Some(ours) = run(golden, json, &case, Tensor::clone)? else {
        return Ok(None);
    };
    Ok(Some((ours, expected(golden, json)?)))
}

/// The case in f32, and the same in f64 from the same rounded inputs.
///
/// # Errors
/// What the operation returns.
pub fn run_f32(
    golden: &Golden,
    json: &Value,
    layout: Layout,
) -> Result<Option<(Outcome, Outcome)>, Failure> {
    let case = Case::<f32>::new(golden, json, layout)?;
    let Some(ours) = run(golden, json, &case, Tensor::cast::<f32>)? else {
        return Ok(None);
    };
    let wide = Case::<f64>::rounded(golden, json)?;
    let theirs = run(golden, json, &wide, |g| g.cast::<f32>().cast::<f64>())?;
    Ok(theirs.map(|theirs| (ours, theirs)))
}

/// What the file says.
fn expected(golden: &Golden, json: &Value) -> Result<Outcome, Failure> {
    let floats = |key: &Value| -> Result<Option<Tensor<f64>>, Failure> {
        Ok(match key {
            Value::Null => None,
            key => Some(match golden.array(key)? {
                Array::Floats(x) => x,
                Array::Ints(x) => x.cast(),
                Array::Bools(x) => x.cast(),
            }),
        })
    };
    let all = |keys: &Value| -> Result<Vec<_>, Failure> {
        keys.as_array().into_iter().flatten().map(floats).collect()
    };
    let mut outs = all(&json["outs"])?;
    for key in json["mutated"]
        .as_object()
        .into_iter()
        .flat_map(|map| map.values())
    {
        outs.push(floats(key)?);
    }
    Ok(Outcome {
        outs,
        grads: all(&json["grads"])?,
    })
}

fn run<T: Float>(
    golden: &Golden,
    json: &Value,
    case: &Case<'_, T>,
    round: impl Fn(&Tensor<f64>) -> Tensor<T>,
) -> Result<Option<Outcome>, Failure> {
    let Some(outs) = call(case)? else {
        return Ok(None);
    };
    let (values, loss) = values_and_loss(golden, &json["grad_outs"], outs, round)?;
    let grads = loss.map(Var::backward).transpose()?;
    let grads = grads.unwrap_or_else(Gradients::new_of);
    Ok(Some(Outcome {
        outs: values,
        grads: case.gradients(&json["grads"], &grads),
    }))
}

type Values = Vec<Option<Tensor<f64>>>;

/// The outputs as numbers, and the sum of their products with the gradients that the keys of `grad_outs` name, so that
/// a backward pass of it begins with those gradients.
pub(crate) fn values_and_loss<T: Float>(
    golden: &Golden,
    grad_outs: &Value,
    outs: Vec<Out<T>>,
    round: impl Fn(&Tensor<f64>) -> Tensor<T>,
) -> Result<(Values, Option<Var<T>>), Failure> {
    let mut values = Vec::new();
    let mut loss: Option<Var<T>> = None;
    let null = Value::Null;
    for (i, out) in outs.iter().enumerate() {
        values.push(match out {
            Out::Var(y) => Some(y.tensor().cast::<f64>()),
            Out::Floats(y) => Some(y.cast()),
            Out::Ints(y) => Some(y.cast()),
            Out::Checked => None,
        });
        let key = grad_outs.get(i).unwrap_or(&null);
        if let (Out::Var(y), false) = (out, key.is_null())
            && y.is_tracked()
        {
            let g = Var::constant(round(&golden.tensor(key)?));
            let part = y.mul(&g)?.sum(..)?;
            loss = Some(match loss {
                None => part,
                Some(loss) => &loss + &part,
            });
        }
    }
    Ok((values, loss))
}
