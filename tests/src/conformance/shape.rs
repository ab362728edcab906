//! x

use gradlet::Float;

use super::Failure;
use super::case::{Case, Out};

pub(super) fn call<T: Float>(_: &Case<'_, T>) -> Result<Option<Vec<Out<T>>>, Failure> {
    Ok(None)
}
