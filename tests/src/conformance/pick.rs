//! Elements picked by tensors of indices, or written to by them.

use gradlet::{Float, Scatter, Var};

use super::Failure;
use super::case::{Case, NAMED, Out};

pub(super) fn call<T: Float>(case: &Case<'_, T>) -> Result<Option<Vec<Out<T>>>, Failure> {
    let axis = || case.int(1, "dim", 0) as isize;
    let y = match case.op() {
        "embedding" => {
            let (indices, weight) = (case.ints(0, "input")?, case.var(1, "weight")?);
            match case.maybe_int(NAMED, "padding_idx") {
                None => weight.embedding(&indices)?,
                Some(row) => weight.embedding_padded(&indices, row as isize)?,
            }
        }
        "gather" => case
            .var(0, "input")?
            .gather(axis(), &case.ints(2, "index")?)?,
        "index_select" => case
            .var(0, "input")?
            .index_select(axis(), &case.ints(2, "index")?)?,
        "masked_select" => case
            .var(0, "input")?
            .masked_select(&case.bools(1, "mask")?)?,
        "nonzero" => {
            let found = if case.is_floats(0) {
                case.var(0, "input")?.tensor().nonzero()?
            } else if let Ok(truths) = case.bools(0, "input") {
                truths.nonzero()?
            } else {
                case.ints(0, "input")?.nonzero()?
            };
            return Ok(Some(vec![Out::Ints(found)]));
        }
        "one_hot" => {
            let classes = case.int(1, "num_classes", -1);
            return Ok(Some(vec![Out::Ints(
                case.ints(0, "input")?
                    .one_hot(usize::try_from(classes).ok())?,
            )]));
        }
        _ => return Ok(written(case)?.map(|y| vec![Out::Var(y)])),
    };
    Ok(Some(vec![Out::Var(y)]))
}

/// The first input, with elements of a different one written into it.
fn written<T: Float>(case: &Case<'_, T>) -> Result<Option<Var<T>>, Failure> {
    let axis = |at: usize| case.int(at, "dim", 0) as isize;
    let x = || case.var(0, "input");
    let indices = || case.ints(2, "index");
    Ok(Some(match case.op() {
        "scatter_add" => x()?.scatter_add(axis(1), &indices()?, &case.var(3, "src")?)?,
        "scatter" if case.is_tensor(3) => {
            x()?.scatter(axis(1), &indices()?, &case.var(3, "src")?)?
        }
        "scatter" => {
            let value = case.scalar(3, "value", 0.0);
            x()?.scatter_fill(axis(1), &indices()?, value)?
        }
        "index_add" => {
            let source = case.var(3, "source")?;
            let source = source.mul_scalar(case.scalar(NAMED, "alpha", 1.0));
            x()?.index_add(axis(1), &indices()?, &source)?
        }
        "index_copy" => x()?.index_copy(axis(1), &indices()?, &case.var(3, "source")?)?,
        "slice_scatter" => {
            let (source, step) = (case.var(1, "src")?, case.int(5, "step", 1) as isize);
            let start = case.int(3, "start", 0) as isize;
            let end = case.int(4, "end", i64::MAX) as isize;
            x()?.slice_assign(axis(2), start..end, step, &source)?
        }
        "select_scatter" => {
            let source = case.var(1, "src")?.unsqueeze(axis(2))?;
            let index = case.int(3, "index", 0) as isize;
            x()?.slice_assign(axis(2), index..=index, 1, &source)?
        }
        "masked_scatter" => {
            x()?.masked_scatter(&case.bools(1, "mask")?, &case.var(2, "source")?)?
        }
        "scatter_reduce" => {
            let how = match case.text(4, "reduce", "") {
                "sum" => Scatter::Add,
                "prod" => Scatter::Mul,
                "amax" => Scatter::Max,
                "amin" => Scatter::Min,
                "mean" => Scatter::Mean,
                other => return Err(format!("no reduction {other}").into()),
            };
            let (x, indices, source) = (x()?, indices()?, case.var(3, "src")?);
            if case.flag(NAMED, "include_self", true) {
                x.scatter_reduce(axis(1), &indices, &source, how)?
            } else {
                x.scatter_reduce_anew(axis(1), &indices, &source, how)?
            }
        }
        _ => return Ok(None),
    }))
}
