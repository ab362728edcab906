//! The same elements in different places: joined, flipped, padded, cut to triangles, sorted.

use gradlet::{Float, Tensor, Var};

use super::Failure;
use super::case::{Case, NAMED, Out};

pub(super) fn call<T: Float>(case: &Case<'_, T>) -> Result<Option<Vec<Out<T>>>, Failure> {
    let x = || case.var(0, "input");
    let axis = |at: usize, name: &str, default: i64| case.int(at, name, default) as isize;
    let list = |at: usize, name: &str| case.list(at, name).unwrap_or_default();
    let y = match case.op() {
        "sort" | "topk" => return sorted(case).map(Some),
        "cat" | "stack" => {
            let (axis, parts) = (axis(1, "dim", 0), case.vars(0, "tensors")?);
            let parts: Vec<&Var<T>> = parts.iter().collect();
            if case.op() == "cat" {
                Var::cat(&parts, axis)?
            } else {
                Var::stack(&parts, axis)?
            }
        }
        "diag" => x()?.diag(axis(1, "diagonal", 0))?,
        "diag_embed" => x()?.diag_embed(
            axis(1, "offset", 0),
            axis(2, "dim1", -2),
            axis(3, "dim2", -1),
        )?,
        "flip" => x()?.flip(list(1, "dims"))?,
        "meshgrid" => {
            let _ij = case.text(NAMED, "indexing", "ij");
            let mut vectors = Vec::new();
            while let Some(x) = case.maybe_var(vectors.len(), "tensors")? {
                vectors.push(x);
            }
            let grid = Var::meshgrid(&vectors.iter().collect::<Vec<_>>())?;
            return Ok(Some(grid.into_iter().map(Out::Var).collect()));
        }
        "pad" | "pad_circular" | "pad_reflect" | "pad_replicate" => padded(case)?,
        "roll" => {
            let (shifts, axes) = (list(1, "shifts"), case.list(2, "dims"));
            match axes {
                None => x()?.roll_flat(shifts[0]),
                Some(axes) => x()?.roll(&shifts, &axes)?,
            }
        }
        "tril" => x()?.tril(axis(1, "diagonal", 0))?,
        "triu" => x()?.triu(axis(1, "diagonal", 0))?,
        _ => return Ok(None),
    };
    Ok(Some(vec![Out::Var(y)]))
}

/// A border of each mode. Those of the elements themselves have no negative sizes: `narrow` takes elements away.
fn padded<T: Float>(case: &Case<'_, T>) -> Result<Var<T>, Failure> {
    let mut x = case.var(0, "input")?;
    let list = case.list(1, "pad").unwrap_or_default();
    let pairs: Vec<_> = list.chunks(2).map(|pair| (pair[0], pair[1])).collect();
    let mode = case.text(2, "mode", "constant");
    let value = case.scalar(3, "value", 0.0);
    if mode == "constant" {
        return Ok(x.pad(&pairs, value)?);
    }
    let cut: Vec<_> = pairs.iter().map(|&(a, b)| (a.min(0), b.min(0))).collect();
    x = x.pad(&cut, value)?;
    let pairs: Vec<_> = pairs
        .iter()
        .map(|&(a, b)| (a.max(0) as usize, b.max(0) as usize))
        .collect();
    Ok(match mode {
        "reflect" => x.pad_reflect(&pairs)?,
        "replicate" => x.pad_replicate(&pairs)?,
        "circular" => x.pad_circular(&pairs)?,
        _ => return Err(format!("no mode {mode}").into()),
    })
}

/// Values in order. Of equal ones any index is right, so that each has to lead to its value.
fn sorted<T: Float>(case: &Case<'_, T>) -> Result<Vec<Out<T>>, Failure> {
    use gradlet::Order::{Ascending, Descending};
    let x = case.var(0, "input")?;
    let (y, places) = if case.op() == "sort" {
        let descending = case.flag(2, "descending", false);
        let _always_stable = case.flag(NAMED, "stable", false);
        x.sort(
            case.int(1, "dim", -1) as isize,
            if descending { Descending } else { Ascending },
        )?
    } else {
        let largest = case.flag(3, "largest", true);
        let _always_sorted = case.flag(4, "sorted", true);
        let (k, axis) = (
            case.int(1, "k", 1) as usize,
            case.int(2, "dim", -1) as isize,
        );
        x.topk(k, axis, if largest { Descending } else { Ascending })?
    };
    let axis = case.int(if case.op() == "sort" { 1 } else { 2 }, "dim", -1) as isize;
    let led: Tensor<T> = x.gather(axis, &places)?.into_tensor();
    if !led
        .iter()
        .zip(y.tensor().iter())
        .all(|(a, b)| a == b || (a != a && b != b))
    {
        return Err("an index does not lead to its value".into());
    }
    Ok(vec![Out::Var(y), Out::Checked])
}
