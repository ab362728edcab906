//! Products of vectors and matrices, and sums of products.

use gradlet::autograd::einsum;
use gradlet::{Float, Var};

use super::Failure;
use super::case::{Case, NAMED, Out};

pub(super) fn call<T: Float>(case: &Case<'_, T>) -> Result<Option<Vec<Out<T>>>, Failure> {
    let pair = || -> Result<_, Failure> { Ok((case.var(0, "input")?, case.var(1, "other")?)) };
    let y = match case.op() {
        "matmul" | "mm" | "mv" => {
            let (x, y) = pair()?;
            x.matmul(&y)?
        }
        "bmm" => {
            let (x, y) = pair()?;
            x.bmm(&y)?
        }
        "cross" => {
            let (x, y) = pair()?;
            x.cross(&y, case.int(2, "dim", -1) as isize)?
        }
        "dot" => {
            let (x, y) = pair()?;
            x.dot(&y)?
        }
        "outer" => {
            let (x, y) = pair()?;
            x.outer(&y)?
        }
        "addmm" => {
            let (beta, alpha) = (
                case.scalar(NAMED, "beta", 1.0),
                case.scalar(NAMED, "alpha", 1.0),
            );
            case.var(0, "input")?.addmm(
                &case.var(1, "mat1")?,
                &case.var(2, "mat2")?,
                beta,
                alpha,
            )?
        }
        "linear" => linear(case)?,
        "einsum" => {
            let operands = case.vars(1, "operands")?;
            einsum(
                case.text(0, "equation", ""),
                &operands.iter().collect::<Vec<_>>(),
            )?
        }
        _ => return Ok(None),
    };
    Ok(Some(vec![Out::Var(y)]))
}

fn linear<T: Float>(case: &Case<'_, T>) -> Result<Var<T>, Failure> {
    let (x, weight) = (case.var(0, "input")?, case.var(1, "weight")?);
    let bias = case.maybe_var(2, "bias")?;
    if weight.rank() == 1 {
        // One output without an axis of its own: what a product with a vector is.
        return Ok(x.matmul(&weight)?);
    }
    Ok(x.linear(&weight, bias.as_ref())?)
}
