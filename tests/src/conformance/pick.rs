//! Elements picked by tensors of indices, or added to by them.

use gradlet::Float;

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
        "scatter_add" => {
            let (x, source) = (case.var(0, "input")?, case.var(3, "src")?);
            x.scatter_add(axis(), &case.ints(2, "index")?, &source)?
        }
        "one_hot" => {
            let classes = case.int(1, "num_classes", -1);
            return Ok(Some(vec![Out::Ints(
                case.ints(0, "input")?
                    .one_hot(usize::try_from(classes).ok())?,
            )]));
        }
        _ => return Ok(None),
    };
    Ok(Some(vec![Out::Var(y)]))
}
