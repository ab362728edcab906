//! Shapes and indices.

use gradlet::{Float, Tensor, Var};

use super::Failure;
use super::case::{Case, NAMED, Out};

pub(super) fn call<T: Float>(case: &Case<'_, T>) -> Result<Option<Vec<Out<T>>>, Failure> {
    for family in [views, index] {
        if let Some(y) = family(case)? {
            return Ok(Some(vec![Out::Var(y)]));
        }
    }
    several(case)
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

/// An index counted from the end where negative.
fn place(index: i64, size: usize) -> usize {
    index.rem_euclid(size.max(1) as i64) as usize
}

fn views<T: Float>(case: &Case<'_, T>) -> Result<Option<Var<T>>, Failure> {
    let x = || case.var(0, "input");
    let axis = |at: usize, name: &str, default: i64| case.int(at, name, default) as isize;
    let list = |at: usize, name: &str| case.list(at, name).unwrap_or_default();
    Ok(Some(match case.op() {
        "expand" => x()?.expand(&list(1, "size"))?,
        "flatten" => x()?.flatten_axes(axis(1, "start_dim", 0), axis(2, "end_dim", -1))?,
        "flip" => x()?.flip(&list(1, "dims"))?,
        "narrow" => {
            let x = x()?;
            let (axis, length) = (axis(1, "dim", 0), case.int(3, "length", 0) as usize);
            let size = x.tensor().size(axis)?;
            x.narrow(axis, place(case.int(2, "start", 0), size), length)?
        }
        "pad" => {
            let list = list(1, "pad");
            let pairs: Vec<_> = list.chunks(2).map(|pair| (pair[0], pair[1])).collect();
            assert_eq!(case.text(2, "mode", "constant"), "constant");
            x()?.pad(&pairs, case.scalar(3, "value", 0.0))?
        }
        "permute" => x()?.permute(&list(1, "dims"))?,
        "reshape" => {
            let x = x()?;
            x.reshape(resolved(&list(1, "shape"), x.len()).as_slice())?
        }
        "roll" => {
            let (shifts, axes) = (list(1, "shifts"), case.list(2, "dims"));
            match axes {
                None => x()?.roll_flat(shifts[0]),
                Some(axes) => x()?.roll(&shifts, &axes)?,
            }
        }
        "select" => {
            let (x, axis) = (x()?, axis(1, "dim", 0));
            let size = x.tensor().size(axis)?;
            x.select(axis, place(case.int(2, "index", 0), size))?
        }
        "squeeze" => match case.list(1, "dim") {
            None => x()?.squeeze_all(),
            Some(axes) => x()?.squeeze_axes(&axes)?,
        },
        "transpose" => x()?.transpose(axis(1, "dim0", 0), axis(2, "dim1", 1))?,
        "tril" => x()?.tril(axis(1, "diagonal", 0))?,
        "triu" => x()?.triu(axis(1, "diagonal", 0))?,
        "unsqueeze" => x()?.unsqueeze(axis(1, "dim", 0))?,
        _ => return Ok(None),
    }))
}

fn index<T: Float>(case: &Case<'_, T>) -> Result<Option<Var<T>>, Failure> {
    let axis = || case.int(1, "dim", 0) as isize;
    Ok(Some(match case.op() {
        "cumsum" => {
            // What floats become is in the file itself: f64, which the case's own type stands for.
            let wanted = case.value(NAMED, "dtype");
            if wanted.is_some_and(|wanted| wanted["dtype"] != "float64") {
                return Err("sums of another type".into());
            }
            case.var(0, "input")?.cumsum(axis())?
        }
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
        "scatter_add" => {
            let (x, source) = (case.var(0, "input")?, case.var(3, "src")?);
            x.scatter_add(axis(), &case.ints(2, "index")?, &source)?
        }
        "cat" | "stack" => {
            let (axis, parts) = (axis(), case.vars(0, "tensors")?);
            let parts: Vec<&Var<T>> = parts.iter().collect();
            if case.op() == "cat" {
                Var::cat(&parts, axis)?
            } else {
                Var::stack(&parts, axis)?
            }
        }
        _ => return Ok(None),
    }))
}

fn several<T: Float>(case: &Case<'_, T>) -> Result<Option<Vec<Out<T>>>, Failure> {
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
        "one_hot" => {
            let classes = case.int(1, "num_classes", -1);
            vec![Out::Ints(
                case.ints(0, "input")?
                    .one_hot(usize::try_from(classes).ok())?,
            )]
        }
        "sort" | "topk" => sorted(case)?,
        _ => return Ok(None),
    }))
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
