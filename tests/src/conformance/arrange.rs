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
        "flip" => x()?.flip(list(1, "dims"))?,
        "pad" => {
            let list = list(1, "pad");
            let pairs: Vec<_> = list.chunks(2).map(|pair| (pair[0], pair[1])).collect();
            assert_eq!(case.text(2, "mode", "constant"), "constant");
            x()?.pad(&pairs, case.scalar(3, "value", 0.0))?
        }
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
