//! The parameters of a model as one vector.

use gradlet_autograd::Gradients;
use gradlet_tensor::{Error, ErrorKind, Float, Result, Tensor};

use super::direction::add_scaled;
use crate::module::Module;
use crate::parameter::Parameter;

pub(super) const NAME: &str = "lbfgs";

/// The values of all parameters that are not frozen.
///
/// An error if one does not have elements of type `T`.
#[track_caller]
pub(super) fn values<T: Float>(model: &(impl Module + ?Sized)) -> Result<Vec<Tensor<T>>> {
    let (mut values, mut refused) = (Vec::new(), None);
    model.visit_parameters(&mut |path, parameter| {
        match parameter.downcast_ref::<T>() {
            _ if parameter.is_frozen() => {}
            Some(parameter) => values.push(parameter.tensor().clone()),
            None => refused = refused.take().or_else(|| Some(path.to_string())),
        }
        Ok(())
    })?;
    match refused {
        Some(path) => Err(Error::new(ErrorKind::ElementType {
            op: NAME,
            path,
            expected: T::NAME,
        })),
        None => Ok(values),
    }
}

/// The gradients of all parameters that are not frozen, joined, times `sign`.
///
/// An error if one is missing, or has a different shape.
#[track_caller]
pub(super) fn gradient<T: Float>(
    model: &(impl Module + ?Sized),
    grads: &Gradients<T>,
    sign: f64,
) -> Result<Tensor<T>> {
    let (mut parts, mut missing) = (Vec::new(), None);
    model.visit_parameters(&mut |path, parameter| {
        if parameter.is_frozen() {
            return Ok(());
        }
        match grads.get(parameter.id()) {
            Some(g) => {
                g.expect_shape(NAME, parameter.shape())?;
                parts.push(g.reshape([g.len()])?);
            }
            None => missing = missing.take().or_else(|| Some(path.to_string())),
        }
        Ok(())
    })?;
    if let Some(path) = missing {
        let (op, taken) = (NAME, parts.len());
        return Err(Error::new(ErrorKind::MissingGradient { op, path, taken }));
    }
    let joined = Tensor::cat(&parts.iter().collect::<Vec<_>>(), 0)?;
    Ok(if sign < 0.0 { joined.neg() } else { joined })
}

/// Adds `t * d` to the parameters.
pub(super) fn walk<T: Float>(
    model: &mut (impl Module + ?Sized),
    t: f64,
    d: &Tensor<T>,
) -> Result<()> {
    let mut start = 0;
    each(model, |parameter: &mut Parameter<T>| {
        let count = parameter.tensor().len();
        let part = d.narrow(0, start, count)?.reshape(*parameter.shape())?;
        start += count;
        add_scaled(parameter.tensor_mut(), t, &part)
    })
}

/// Gives the parameters these values.
pub(super) fn put_back<T: Float>(
    model: &mut (impl Module + ?Sized),
    values: &[Tensor<T>],
) -> Result<()> {
    let mut values = values.iter();
    each(model, |parameter: &mut Parameter<T>| {
        if let Some(value) = values.next() {
            parameter.tensor_mut().clone_from(value);
        }
        Ok(())
    })
}

fn each<T: Float>(
    model: &mut (impl Module + ?Sized),
    mut f: impl FnMut(&mut Parameter<T>) -> Result<()>,
) -> Result<()> {
    model.visit_parameters_mut(&mut |_, parameter| match parameter.downcast_mut::<T>() {
        Some(parameter) if !parameter.is_frozen() => f(parameter),
        _ => Ok(()),
    })
}
