//! [`Gradients`]: the result of a backward pass.

use std::any::{Any, TypeId};

use gradlet_tensor::{Float, Result, Tensor};

use crate::part::Contribution;
use crate::var::{LeafId, Var};

/// The gradient of each leaf and retained value that a loss depends on. It is a plain value: `Send`, `Sync`, dropped
/// when it goes out of scope.
#[derive(Clone, Debug)]
pub struct Gradients<T: Float = f32> {
    /// Newest leaf first: a backward pass usually meets them in this order.
    entries: Vec<(LeafId, Tensor<T>)>,
    /// Those of leaves of the other type of floats, which casts lead to.
    across: Option<Box<Gradients<T::Other>>>,
}

/// No gradients yet. It is for f32 only, so that `Gradients::default()` needs no type; `new_of` is for all types.
impl Default for Gradients {
    fn default() -> Self {
        Self::new_of()
    }
}

impl<T: Float> Gradients<T> {
    /// As `default`, for any element type: `Gradients::<f64>::new_of()`.
    pub fn new_of() -> Self {
        Self {
            entries: Vec::new(),
            across: None,
        }
    }

    fn find(&self, id: LeafId) -> std::result::Result<usize, usize> {
        self.entries.binary_search_by(|(entry, _)| id.cmp(entry))
    }

    /// The gradient of the leaf or retained value with this name.
    pub fn get(&self, id: LeafId) -> Option<&Tensor<T>> {
        self.find(id).ok().map(|place| &self.entries[place].1)
    }

    /// The gradient of this leaf or [retained](Var::retain) value, of either type of floats; `None` if the loss does
    /// not depend on it, or if it is neither.
    pub fn wrt<U: Float>(&self, x: &Var<U>) -> Option<&Tensor<U>> {
        self.of()?.get(x.leaf_id().or_else(|| x.retained_id())?)
    }

    /// The gradients with elements of type `U`. Those of a type that is not the loss's are apart: methods that get, take,
    /// count or list gradients by id speak of the loss's type alone. `None` if there are none.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let (x, y) = (Var::leaf(tensor![1.0, 2.0]), Var::leaf(tensor![f64; 3.0, 4.0]));
    /// let grads = (x.cast::<f64>() * &y).sum(..)?.backward()?;
    /// assert_eq!((grads.len(), grads.of::<f32>().map(|g| g.len())), (1, Some(1)));
    /// assert_eq!(grads.wrt(&x), Some(&tensor![3.0, 4.0]));
    /// # Ok(())
    /// # }
    /// ```
    pub fn of<U: Float>(&self) -> Option<&Gradients<U>> {
        let here = (self as &dyn Any).downcast_ref();
        here.or_else(|| (self.across.as_deref()? as &dyn Any).downcast_ref())
    }

    /// As [`of`](Self::of), to change.
    pub fn of_mut<U: Float>(&mut self) -> Option<&mut Gradients<U>> {
        if TypeId::of::<U>() == TypeId::of::<T>() {
            return (self as &mut dyn Any).downcast_mut();
        }
        (self.across.as_deref_mut()? as &mut dyn Any).downcast_mut()
    }

    /// The place for gradients of the other type: an `Option<Box<Gradients<T::Other>>>`.
    pub(crate) fn place_across(&mut self) -> &mut dyn Any {
        &mut self.across
    }

    /// The gradients of the other type.
    pub(crate) fn across(&self) -> Option<&Gradients<T::Other>> {
        self.across.as_deref()
    }

    /// The gradients of the other type, to change.
    pub(crate) fn across_mut(&mut self) -> Option<&mut Gradients<T::Other>> {
        self.across.as_deref_mut()
    }

    /// Takes the gradient of the leaf or retained value with this name out.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// let x = Var::leaf(tensor![1.0, 2.0]);
    /// let mut grads = x.sum(..)?.backward()?;
    /// let id = x.leaf_id().expect("x is a leaf");
    /// assert_eq!(grads.remove(id), Some(tensor![1.0, 1.0]));
    /// assert!(grads.is_empty());
    /// # Ok::<(), gradlet_tensor::Error>(())
    /// ```
    pub fn remove(&mut self, id: LeafId) -> Option<Tensor<T>> {
        self.find(id).ok().map(|place| self.entries.remove(place).1)
    }

    /// The number of gradients, of leaves and retained values.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are no gradients.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// All gradients, newest leaf first.
    pub fn iter(&self) -> impl Iterator<Item = (LeafId, &Tensor<T>)> {
        self.entries.iter().map(|(id, gradient)| (*id, gradient))
    }

    /// All gradients, to change.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (LeafId, &mut Tensor<T>)> {
        self.entries
            .iter_mut()
            .map(|(id, gradient)| (*id, gradient))
    }

    /// Adds the gradients of a second pass to these, to accumulate over batches or to join those of several losses. The
    /// gradient of a leaf that only one of the two has is as it is there.
    ///
    /// # Errors
    ///
    /// If the gradients of one leaf differ in shape. Nothing is added then.
    #[track_caller]
    pub fn add(&mut self, other: &Self) -> Result<()> {
        self.fits(other)?;
        if let (Some(sum), Some(across)) = (&self.across, &other.across) {
            sum.fits(across)?;
        }
        self.add_here(other)?;
        match (&mut self.across, &other.across) {
            (Some(sum), Some(across)) => sum.add_here(across)?,
            (none @ None, across) => none.clone_from(across),
            (Some(_), None) => {}
        }
        Ok(())
    }

    /// An error unless gradients of the same leaves have the same shapes.
    #[track_caller]
    fn fits(&self, other: &Self) -> Result<()> {
        for (id, gradient) in &other.entries {
            if let Some(sum) = self.get(*id) {
                gradient.expect_shape("Gradients::add", sum.shape())?;
            }
        }
        Ok(())
    }

    /// Adds the gradients of this element type.
    fn add_here(&mut self, other: &Self) -> Result<()> {
        for (id, gradient) in &other.entries {
            self.accumulate(*id, Var::constant(gradient.clone()).into())?;
        }
        Ok(())
    }

    pub(crate) fn accumulate(&mut self, id: LeafId, g: Contribution<T>) -> Result<()> {
        match self.find(id) {
            Ok(place) => return g.add_to_tensor(&mut self.entries[place].1),
            Err(place) => self.entries.insert(place, (id, g.whole()?.into_tensor())),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{CreateGraph, grad};
    use gradlet_tensor::tensor;

    #[test]
    fn gradients_accumulate_over_passes_and_leave_the_other_alone() -> Result<()> {
        let (x, y) = (Var::leaf(tensor![1.0, 2.0]), Var::leaf(tensor![3.0, 4.0]));
        let mut total = x.sum(..)?.backward()?;
        let other = (&x * &y).sum(..)?.backward()?;
        total.add(&other)?;
        total.add(&other)?;
        assert_eq!(total.wrt(&x).map(Tensor::to_vec), Some(vec![7.0, 9.0]));
        assert_eq!(total.wrt(&y).map(Tensor::to_vec), Some(vec![2.0, 4.0]));
        assert_eq!(other.wrt(&y).map(Tensor::to_vec), Some(vec![1.0, 2.0]));
        assert_eq!(
            (total.len(), total.wrt(&Var::leaf(tensor![0.0]))),
            (2, None)
        );
        Ok(())
    }

    #[test]
    fn gradients_are_taken_out_of_either_type() -> Result<()> {
        let (x, y) = (Var::leaf(tensor![1.0]), Var::leaf(tensor![f64; 2.0]));
        let mut grads = (x.cast::<f64>() * &y).sum(..)?.backward()?;
        let ids = [x.leaf_id(), y.leaf_id()].map(|id| id.unwrap_or_else(|| panic!("a leaf")));
        assert_eq!(grads.remove(ids[0]), None);
        let across = grads.of_mut::<f32>().and_then(|grads| grads.remove(ids[0]));
        assert_eq!(across, Some(tensor![2.0]));
        let here = grads.of_mut::<f64>().and_then(|grads| grads.remove(ids[1]));
        assert_eq!(here, Some(tensor![f64; 1.0]));
        assert!(grads.is_empty() && grads.wrt(&x).is_none());
        Ok(())
    }

    #[test]
    fn gradients_of_different_shapes_are_refused_before_any_is_added() -> Result<()> {
        let (old, new, own) = (LeafId::fresh(), LeafId::fresh(), LeafId::fresh());
        let of = |shapes: [(LeafId, &[usize]); 2]| -> Result<Gradients> {
            let mut all = Gradients::default();
            for (id, shape) in shapes {
                all.accumulate(id, Var::constant(Tensor::ones(shape)?).into())?;
            }
            Ok(all)
        };
        for (first, second) in [
            (&[2][..], &[1][..]),
            (&[3, 2], &[2]),
            (&[2], &[3]),
            (&[1], &[2]),
        ] {
            let mut sum = of([(new, &[2]), (old, first)])?;
            let (before, other) = (sum.clone(), of([(new, &[2]), (old, second)])?);
            let (line, error) = (line!(), sum.add(&other).unwrap_err());
            let text = format!(
                "Gradients::add: shapes differ: expected {first:?}, got {second:?} (at {}:{line})",
                file!()
            );
            assert_eq!(error.to_string(), text);
            assert!(sum.iter().eq(before.iter()), "{first:?}");
            // A gradient that is only in one of them has nothing to fit.
            sum.add(&of([(own, second), (new, &[2])])?)?;
            assert_eq!(sum.get(new).map(Tensor::to_vec), Some(vec![2.0, 2.0]));
        }
        Ok(())
    }

    #[test]
    fn a_leaf_whose_shape_changed_between_two_uses_is_refused() -> Result<()> {
        let id = LeafId::fresh();
        let leaf = |size: usize| Ok(Var::with_id(Tensor::<f32>::ones([size])?, id));
        for (first, second) in [(1, 2), (2, 1), (2, 3)] {
            for part in [false, true] {
                let used = |size| -> Result<Var> {
                    let x = leaf(size)?;
                    if part {
                        x.narrow(0, 0, 1)?.sum(..)
                    } else {
                        x.sum(..)
                    }
                };
                let y = used(first)?.add(&used(second)?)?;
                let (line, error) = (line!(), y.clone().backward().unwrap_err());
                let text = error.to_string();
                assert!(
                    text.starts_with("backward: shapes differ: expected ["),
                    "{text}"
                );
                assert_eq!(
                    (error.location().file(), error.location().line()),
                    (file!(), line)
                );
                for create_graph in [CreateGraph::No, CreateGraph::Yes] {
                    let x = leaf(first)?;
                    let (line, error) = (line!(), grad(&y, &[&x], create_graph).unwrap_err());
                    let text = error.to_string();
                    assert!(
                        text.starts_with("grad: shapes differ: expected ["),
                        "{text}"
                    );
                    assert_eq!(
                        (error.location().file(), error.location().line()),
                        (file!(), line)
                    );
                }
            }
        }
        Ok(())
    }

    #[test]
    fn gradients_cross_threads() {
        fn crosses<X: Send + Sync>() {}
        crosses::<Gradients<f64>>();
    }
}
