//! Products of Hessians with vectors.

use gradlet::{CreateGraph, Tensor, Var, grad};
use serde_json::Value;

use super::case::{Case, Layout, Out};
use super::compare::{Bound, agree};
use super::{Failure, call};
use crate::golden::Golden;

/// Runs one case of L = sum(w * op(inputs)): its gradients, and the gradients of sum(gradients * vs).
///
/// # Errors
/// What the operation returns, or the first difference.
pub fn second_order(
    golden: &Golden,
    json: &Value,
    layout: Layout,
    bound: Bound,
) -> Result<(), Failure> {
    let case = Case::<f64>::new(golden, json, layout)?;
    let outs = call(&case)?.ok_or("no such operation")?;
    let Some(Out::Var(y)) = outs.first() else {
        return Err("no output with a gradient".into());
    };
    let w = Var::constant(golden.tensor(&json["w"])?);
    let loss = y.mul(&w)?.sum(..)?;
    let keys = |name: &str| json[name].as_array().cloned().unwrap_or_default();
    let (vs, expected, products) = (keys("vs"), keys("grads"), keys("hvs"));
    let leaves = case.input_keys();
    let leaves: Vec<&Var<f64>> = leaves
        .iter()
        .filter_map(|key| case.leaf(key))
        .take(vs.len())
        .collect();
    let first = grad(&loss, &leaves, CreateGraph::Yes)?;
    let mut sum = Var::constant(Tensor::scalar(0.0));
    for ((dx, v), expected) in first.iter().zip(&vs).zip(&expected) {
        agree("gradient", dx.tensor(), &golden.tensor(expected)?, bound)?;
        let part = dx.mul(&Var::constant(golden.tensor(v)?))?.sum(..)?;
        sum = &sum + &part;
    }
    let second = grad(&sum, &leaves, CreateGraph::No)?;
    for (i, (hv, expected)) in second.iter().zip(&products).enumerate() {
        let what = format!("product {i} with the Hessian");
        agree(&what, hv.tensor(), &golden.tensor(expected)?, bound)?;
    }
    Ok(())
}
