//! `Forward`: a module that maps one `Var` to one `Var`.

use gradlet_autograd::{Result, Var};
use gradlet_tensor::Float;

use crate::module::Module;

/// A [`Module`] that maps one [`Var`] to one `Var`; containers such as `Sequential` chain these.
///
/// A module that takes something else (indices, two inputs, a mask) defines
/// its own method instead.
///
/// # Example
///
/// ```
/// use gradlet_autograd::{Result, Var};
/// # use gradlet_nn::module::{Children, Module, Name};
/// use gradlet_nn::Forward;
///
/// struct Same;
/// # impl Children for Same {
/// #     fn children<'a>(&'a self, _: &mut dyn FnMut(Name<'a>, &'a dyn Module)) {}
/// #     fn children_mut<'a>(&'a mut self, _: &mut dyn FnMut(Name<'a>, &'a mut dyn Module)) {}
/// # }
///
/// impl Forward for Same {
///     fn forward(&self, x: &Var) -> Result<Var> {
///         Ok(x.clone())
///     }
/// }
///
/// let layers: Vec<Box<dyn Forward>> = vec![Box::new(Same), Box::new(Same)];
/// # assert_eq!(layers.len(), 2);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no forward pass from `Var<{T}>` to `Var<{T}>`",
    label = "`Forward<{T}>` is not implemented",
    note = "write `impl Forward for ...` with `fn forward(&self, x: &Var) -> Result<Var>`; \
            f64 is `Forward<f64>` with `Var<f64>`"
)]
pub trait Forward<T: Float = f32>: Module {
    /// The output for `x`, in each layer's current [`Mode`](crate::Mode).
    ///
    /// # Errors
    ///
    /// If `x` does not have a shape that the module takes.
    #[track_caller]
    fn forward(&self, x: &Var<T>) -> Result<Var<T>>;
}

#[diagnostic::do_not_recommend]
impl<T: Float, F: Forward<T> + ?Sized> Forward<T> for Box<F> {
    #[inline]
    fn forward(&self, x: &Var<T>) -> Result<Var<T>> {
        (**self).forward(x)
    }
}

#[cfg(test)]
mod tests {
    use std::panic::Location;
    use std::sync::{Arc, Mutex};

    use gradlet_tensor::Tensor;

    use super::*;
    use crate::module::{Children, Name};

    type Seen = Arc<Mutex<Option<&'static Location<'static>>>>;

    struct Witness(Seen);

    impl Children for Witness {
        fn children<'a>(&'a self, _visit: &mut dyn FnMut(Name<'a>, &'a dyn Module)) {}
        fn children_mut<'a>(&'a mut self, _visit: &mut dyn FnMut(Name<'a>, &'a mut dyn Module)) {}
    }

    impl Forward for Witness {
        fn forward(&self, x: &Var) -> Result<Var> {
            *self.0.lock().unwrap() = Some(Location::caller());
            Ok(x.clone())
        }
    }

    #[test]
    fn a_boxed_forward_runs_and_keeps_the_callers_line() {
        let seen = Seen::default();
        let line = || seen.lock().unwrap().map(|at| (at.file(), at.line()));
        let x = Var::constant(Tensor::zeros([2, 3]).unwrap());

        let layer = Box::new(Box::new(Witness(seen.clone())));
        assert_eq!(layer.forward(&x).unwrap().shape(), [2, 3]);
        assert_eq!(line(), Some((file!(), line!() - 1)));

        let layer: Box<dyn Forward> = Box::new(Box::new(Witness(seen.clone())) as Box<dyn Forward>);
        assert_eq!(layer.forward(&x).unwrap().shape(), [2, 3]);
        assert_eq!(line(), Some((file!(), line!() - 1)));
        assert_eq!(layer.kind(), "Witness");
    }
}
