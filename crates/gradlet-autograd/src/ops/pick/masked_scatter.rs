//! Elements replaced where a mask is true, and picked there.

use gradlet_tensor::{Float, Result, Shape, Tensor};

use crate::op::{Fixed, One, Op, Want};
use crate::saves::Nothing;
use crate::var::Var;

/// y = x, with the places where the mask is true replaced by the source; the mask has the shape of x, and the source is
/// a vector of as many elements as are true
#[derive(Debug)]
struct MaskedScatter {
    mask: Tensor<bool>,
}

impl<T: Float> Op<T> for MaskedScatter {
    type Arity = Fixed<2>;
    type Saves = Nothing;

    fn forward(&self, [x, source]: [&Tensor<T>; 2]) -> Result<Tensor<T>> {
        let mut y = x.clone();
        y.masked_scatter(&self.mask, source)?;
        Ok(y)
    }

    fn forward_owned(&self, [mut x, source]: [Tensor<T>; 2]) -> Result<Tensor<T>> {
        x.masked_scatter(&self.mask, &source)?;
        Ok(x)
    }

    /// dx = 0 where the mask is true, else g; dsource = g where the mask is true
    fn backward(
        &self,
        g: Var<T>,
        ((), [want_x, want_source]): ((), [Want; 2]),
    ) -> Result<[Option<Var<T>>; 2]> {
        Ok([
            want_x.then(|| g.masked_fill(&self.mask, T::of(0.0)))?,
            want_source.then(|| g.masked_select(&self.mask))?,
        ])
    }

    fn attribute_bytes(&self) -> usize {
        self.mask.size_bytes()
    }
}

/// y = the elements of x where the mask is true; both of one shape
#[derive(Debug)]
struct MaskedSelect {
    mask: Tensor<bool>,
}

impl<T: Float> Op<T> for MaskedSelect {
    type Arity = One;
    type Saves = Nothing;

    fn forward(&self, x: &Tensor<T>) -> Result<Tensor<T>> {
        x.masked_select(&self.mask)
    }

    /// dx = g where the mask is true, else 0
    fn backward(&self, g: Var<T>, (): ()) -> Result<Var<T>> {
        let zeros = Var::constant(Tensor::zeros_of(self.mask.shape())?);
        let mask = self.mask.clone();
        MaskedScatter { mask }.apply_owned([zeros, g])
    }

    fn attribute_bytes(&self) -> usize {
        self.mask.size_bytes()
    }
}

impl<T: Float> Var<T> {
    /// These elements, with those for which the mask is true replaced by the elements of `source`, both in row-major
    /// order, after broadcasting. Sources behind the last that is needed are left out.
    ///
    /// # Shape
    ///
    /// `x: [a, b]`, mask `[b]`, source of any shape with at least as many elements as are true in the mask after
    /// broadcasting -> `[a, b]`
    ///
    /// # Gradient
    ///
    /// `g` where the mask is not true, 0 elsewhere; the source gets the elements of `g` where the mask is true, and 0 for
    /// those that were left out. The mask is saved.
    ///
    /// # Errors
    ///
    /// If the shapes do not broadcast, or the source has too few elements.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::leaf(tensor![[1.0, 2.0], [3.0, 4.0]]);
    /// let source = Var::leaf(tensor![10.0, 20.0, 30.0]);
    /// let y = x.masked_scatter(&tensor![bool; true, false], &source)?;
    /// assert_eq!(y.tensor(), &tensor![[10.0, 2.0], [20.0, 4.0]]);
    /// let grads = y.sum(..)?.backward()?;
    /// assert_eq!(grads.wrt(&x), Some(&tensor![[0.0, 1.0], [0.0, 1.0]]));
    /// assert_eq!(grads.wrt(&source), Some(&tensor![1.0, 1.0, 0.0]));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.masked_scatter`
    #[track_caller]
    pub fn masked_scatter(&self, mask: &Tensor<bool>, source: &Self) -> Result<Self> {
        let shape = Shape::broadcast(self.shape(), mask.shape());
        let shape = shape.map_err(|error| error.of("masked_scatter"))?;
        // Each element of the mask is repeated equally often.
        let needed = mask.count_true() * (shape.numel() / mask.len().max(1));
        let op = MaskedScatter {
            mask: mask.broadcast_to(shape)?,
        };
        let x = self.broadcast_if_needed(shape)?;
        if source.tensor().len() == needed && source.rank() == 1 {
            return op.apply([&*x, source]);
        }
        let source = source.flatten(..)?;
        let used = source.narrow(0, 0, needed.min(source.tensor().len()))?;
        op.apply([&*x, &used])
    }

    /// The elements for which the mask is true, in row-major order, after broadcasting.
    ///
    /// # Shape
    ///
    /// `x: [a, b]`, mask `[b]` -> `[n]`, where n elements of the mask are true after broadcasting
    ///
    /// # Gradient
    ///
    /// `g` where the mask is true, 0 elsewhere; the mask is saved.
    ///
    /// # Errors
    ///
    /// If the shapes do not broadcast.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::leaf(tensor![[1.0, 2.0], [3.0, 4.0]]);
    /// let y = x.masked_select(&tensor![bool; [false, true], [true, true]])?;
    /// assert_eq!(y.to_vec(), [2.0, 3.0, 4.0]);
    /// assert_eq!(y.sum(..)?.backward()?.wrt(&x), Some(&tensor![[0.0, 1.0], [1.0, 1.0]]));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.masked_select`
    #[track_caller]
    pub fn masked_select(&self, mask: &Tensor<bool>) -> Result<Self> {
        let shape = Shape::broadcast(self.shape(), mask.shape());
        let shape = shape.map_err(|error| error.of("masked_select"))?;
        let mask = mask.broadcast_to(shape)?;
        MaskedSelect { mask }.apply(&*self.broadcast_if_needed(shape)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{gradcheck, gradgradcheck};
    use gradlet_tensor::{rng, tensor};

    #[test]
    fn gradients_agree_with_finite_differences() -> Result<()> {
        let mut rng = rng(1);
        let mut make = |shape: &[usize]| Tensor::<f64>::normal(shape, 0.0, 1.0, &mut rng);
        for mask in [
            tensor![bool; [true, false, true], [false, true, true]],
            tensor![bool; [true], [false]],
            Tensor::scalar(false),
            tensor![bool; [[true, false, false]], [[true, true, false]]],
        ] {
            for source in [make(&[4, 3])?, make(&[12])?] {
                let xs = [make(&[3, 2])?, source];
                let f = |x: &[Var<f64>]| x[0].t()?.masked_scatter(&mask, &x[1]);
                gradcheck(f, &xs)?;
                gradgradcheck(f, &xs)?;
                let f = |x: &[Var<f64>]| x[0].t()?.masked_select(&mask);
                gradcheck(f, &xs[..1])?;
                gradgradcheck(f, &xs[..1])?;
            }
        }
        let scalars = [Tensor::scalar(1.5), Tensor::scalar(2.5)];
        let f = |x: &[Var<f64>]| x[0].masked_scatter(&tensor![bool; true], &x[1].square());
        gradcheck(f, &scalars)?;
        gradgradcheck(f, &scalars)?;
        gradcheck(|x| x[0].masked_select(&Tensor::scalar(true)), &scalars[..1])
    }

    #[test]
    fn repeated_elements_add_up_their_gradients() -> Result<()> {
        let x = Var::leaf(tensor![1.0, 2.0]);
        let mask = tensor![bool; [true, false], [true, true]];
        let y = x.masked_select(&mask)?;
        assert_eq!(y.to_vec(), [1.0, 1.0, 2.0]);
        let grads = y.backward_with(tensor![10.0, 20.0, 30.0])?;
        assert_eq!(grads.wrt(&x), Some(&tensor![30.0, 30.0]));
        let source = Var::leaf(tensor![7.0, 8.0, 9.0]);
        let y = x.masked_scatter(&mask, &source)?;
        assert_eq!(y.tensor(), &tensor![[7.0, 2.0], [8.0, 9.0]]);
        let grads = y.backward_with(tensor![[f32::NAN, 2.0], [3.0, 4.0]])?;
        assert_eq!(grads.wrt(&x), Some(&tensor![0.0, 2.0]));
        let dsource = grads.wrt(&source).map(Tensor::to_vec).unwrap_or_default();
        assert!(dsource[0].is_nan());
        assert_eq!(dsource[1..], [3.0, 4.0]);
        Ok(())
    }

    #[test]
    fn shapes_and_sources_that_do_not_fit_are_errors() {
        let x = Var::leaf(tensor![1.0, 2.0]);
        let mask = tensor![bool; true, true];
        let error = x
            .masked_scatter(&mask, &Var::leaf(tensor![1.0]))
            .unwrap_err();
        let expected = "masked_scatter: the number of sources must be at least";
        assert!(error.to_string().starts_with(expected), "{error}");
        let mask = tensor![bool; true, true, true];
        for error in [x.masked_scatter(&mask, &x), x.masked_select(&mask)] {
            let error = error.unwrap_err().to_string();
            assert!(error.starts_with("masked_s"), "{error}");
        }
    }
}
