//! The same elements in a different shape or order, or some of them.

use gradlet::{Float, Var};

use super::Failure;
use super::case::{Case, Out};

pub(super) fn call<T: Float>(case: &Case<'_, T>) -> Result<Option<Vec<Out<T>>>, Failure> {
    match whole(case)? {
        Some(y) => Ok(Some(vec![Out::Var(y)])),
        None => parts(case),
    }
}

/// Sizes with at most one -1, which takes what is left.
fn resolved(sizes: &[isize], len: usize) -> Vec<usize> {
    let known: usize = sizes
        .iter()
        .filter(|&&size| size >= 0)
        .map(|&size| size as usize)
        .product();
    let size = |&size: &isize| usize::try_from(size).unwrap_or(len / known.max(1));
    sizes.iter().map(size).collect()
}

/// One view, of all elements or of some.
fn whole<T: Float>(case: &Case<'_, T>) -> Result<Option<Var<T>>, Failure> {
    let x = || case.var(0, "input");
    let axis = |at: usize, name: &str, default: i64| case.int(at, name, default) as isize;
    let list = |at: usize, name: &str| case.list(at, name).unwrap_or_default();
    Ok(Some(match case.op() {
        "diagonal" => {
            x()?.diagonal(axis(1, "offset", 0), axis(2, "dim1", 0), axis(3, "dim2", 1))?
        }
        "expand" => x()?.expand(&list(1, "size"))?,
        "flatten" => x()?.flatten(axis(1, "start_dim", 0)..=axis(2, "end_dim", -1))?,
        "moveaxis" => x()?.moveaxis(&list(1, "source"), &list(2, "destination"))?,
        "narrow" => {
            let x = x()?;
            let (axis, length) = (axis(1, "dim", 0), case.int(3, "length", 0) as usize);
            x.narrow(axis, case.int(2, "start", 0), length)?
        }
        "permute" => x()?.permute(&list(1, "dims"))?,
        "reshape" => {
            let x = x()?;
            x.reshape(resolved(&list(1, "shape"), x.len()).as_slice())?
        }
        "select" => x()?.select(axis(1, "dim", 0), case.int(2, "index", 0))?,
        "squeeze" => match case.list(1, "dim") {
            None => x()?.squeeze(..)?,
            Some(axes) => x()?.squeeze(&axes)?,
        },
        "trace" => x()?.trace()?,
        "transpose" => x()?.transpose(axis(1, "dim0", 0), axis(2, "dim1", 1))?,
        "unsqueeze" => x()?.unsqueeze(axis(1, "dim", 0))?,
        "windows" => x()?.windows(
            axis(1, "dimension", 0),
            case.int(2, "size", 0) as usize,
            case.int(3, "step", 1) as usize,
        )?,
        _ => return Ok(None),
    }))
}

/// Several views, which together hold every element once.
fn parts<T: Float>(case: &Case<'_, T>) -> Result<Option<Vec<Out<T>>>, Failure> {
    let vars = |parts: Vec<Var<T>>| parts.into_iter().map(Out::Var).collect();
    Ok(Some(match case.op() {
        "chunk" => {
            let (x, axis) = (case.var(0, "input")?, case.int(2, "dim", 0) as isize);
            vars(x.chunk(case.int(1, "chunks", 1) as usize, axis)?)
        }
        "split" => {
            let (x, axis) = (case.var(0, "input")?, case.int(2, "dim", 0) as isize);
            if let Some(size) = case.maybe_int(1, "split_size") {
                vars(x.split(size as usize, axis)?)
            } else {
                let sizes = case.list(1, "split_size").unwrap_or_default();
                let sizes: Vec<usize> = sizes.iter().map(|&size| size as usize).collect();
                vars(x.split_sizes(&sizes, axis)?)
            }
        }
        _ => return Ok(None),
    }))
}
