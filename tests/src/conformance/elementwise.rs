//! Functions of each element.

use gradlet::{Float, Var};

use super::Failure;
use super::case::{Case, NAMED, Out};

pub(super) fn call<T: Float>(case: &Case<'_, T>) -> Result<Option<Vec<Out<T>>>, Failure> {
    let y = match unary(case)? {
        Some(y) => y,
        None => match binary(case)? {
            Some(y) => y,
            None => return choices(case),
        },
    };
    Ok(Some(vec![Out::Var(y)]))
}

fn unary<T: Float>(case: &Case<'_, T>) -> Result<Option<Var<T>>, Failure> {
    let plain: fn(&Var<T>) -> Var<T> = match case.op() {
        "abs" => Var::abs,
        "acosh" => Var::acosh,
        "asinh" => Var::asinh,
        "atanh" => Var::atanh,
        "cast" => |x| x.cast::<f32>().cast(),
        "ceil" => Var::ceil,
        "cos" => Var::cos,
        "erf" => Var::erf,
        "exp" => Var::exp,
        "expm1" => Var::expm1,
        "floor" => Var::floor,
        "log" => Var::ln,
        "log1p" => Var::log1p,
        "neg" => Var::neg,
        "reciprocal" => Var::reciprocal,
        "relu" => Var::relu,
        "round" => Var::round,
        "rsqrt" => Var::rsqrt,
        "sigmoid" => Var::sigmoid,
        "sign" => Var::sign,
        "silu" => Var::silu,
        "sin" => Var::sin,
        "sqrt" => Var::sqrt,
        "square" => Var::square,
        "tanh" => Var::tanh,
        "trunc" => Var::trunc,
        _ => return parametric(case),
    };
    Ok(Some(plain(&case.var(0, "input")?)))
}

fn parametric<T: Float>(case: &Case<'_, T>) -> Result<Option<Var<T>>, Failure> {
    let x = || case.var(0, "input");
    Ok(Some(match case.op() {
        "elu" => x()?.elu(case.scalar(1, "alpha", 1.0)),
        "gelu" => match case.text(NAMED, "approximate", "none") {
            "tanh" => x()?.gelu_tanh(),
            _ => x()?.gelu(),
        },
        "leaky_relu" => x()?.leaky_relu(case.scalar(1, "negative_slope", 0.01)),
        "nan_to_num" => {
            let number = |place, name| {
                case.value(place, name)
                    .map(|_| case.scalar(place, name, 0.0))
            };
            x()?.nan_to_num(
                case.scalar(1, "nan", 0.0),
                number(2, "posinf"),
                number(3, "neginf"),
            )
        }
        "softplus" => x()?.softplus(
            case.scalar(1, "beta", 1.0),
            case.scalar(2, "threshold", 20.0),
        ),
        _ => return Ok(None),
    }))
}

fn binary<T: Float>(case: &Case<'_, T>) -> Result<Option<Var<T>>, Failure> {
    const ALL: [&str; 11] = [
        "add",
        "atan2",
        "div",
        "fmod",
        "hypot",
        "maximum",
        "minimum",
        "mul",
        "pow",
        "remainder",
        "sub",
    ];
    let op = case.op();
    if !ALL.contains(&op) {
        return Ok(None);
    }
    let (x, y) = (case.var(0, "input")?, case.var(1, "other")?);
    let scaled = |y: Var<T>| y.mul_scalar(case.scalar(NAMED, "alpha", 1.0));
    Ok(Some(match op {
        "add" => x.add(&scaled(y))?,
        "sub" => x.sub(&scaled(y))?,
        "atan2" => x.atan2(&y)?,
        "fmod" if !case.is_tensor(1) => x.fmod_scalar(y.item()?),
        "fmod" => x.fmod(&y)?,
        "hypot" => x.hypot(&y)?,
        "mul" => x.mul(&y)?,
        "remainder" if !case.is_tensor(1) => x.remainder_scalar(y.item()?),
        "remainder" => x.remainder(&y)?,
        "div" => match case.text(NAMED, "rounding_mode", "") {
            "floor" => Var::constant(x.tensor().div_floor(y.tensor())?),
            "trunc" => Var::constant(x.tensor().div_trunc(y.tensor())?),
            _ => x.div(&y)?,
        },
        "pow" if !case.is_tensor(1) => x.powf(y.item()?),
        "pow" => x.pow(&y)?,
        "maximum" => x.maximum(&y)?,
        _ => x.minimum(&y)?,
    }))
}

fn choices<T: Float>(case: &Case<'_, T>) -> Result<Option<Vec<Out<T>>>, Failure> {
    let y = match case.op() {
        "where" => Var::where_cond(
            &case.bools(0, "condition")?,
            &case.var(1, "input")?,
            &case.var(2, "other")?,
        )?,
        "masked_fill" => {
            let (x, mask) = (case.var(0, "input")?, case.bools(1, "mask")?);
            if case.is_tensor(2) {
                Var::where_cond(&mask, &case.var(2, "value")?, &x)?
            } else {
                x.masked_fill(&mask, case.scalar(2, "value", 0.0))?
            }
        }
        "clamp" => {
            let x = case.var(0, "input")?;
            let bound = |place, name| case.maybe_var(place, name);
            let (low, high) = (bound(1, "min")?, bound(2, "max")?);
            if case.is_tensor(1) || case.is_tensor(2) {
                x.clamp_between(low.as_ref(), high.as_ref())?
            } else {
                let number = |bound: Option<Var<T>>| bound.and_then(|bound| bound.item().ok());
                x.clamp(number(low), number(high))
            }
        }
        _ => return Ok(None),
    };
    Ok(Some(vec![Out::Var(y)]))
}
