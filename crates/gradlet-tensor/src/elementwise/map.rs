//! Elementwise functions over one or two tensors: the loops that arithmetic and operators share.

use crate::element::Element;
use crate::error::{Error, ErrorKind, Result, raise};
use crate::kernel::elementwise as kernel;
use crate::kernel::parallel::{PART, for_chunks};
use crate::shape::Layout;
use crate::shape::Nest;
use crate::shape::Shape;
use crate::tensor::Tensor;

impl<T: Element> Tensor<T> {
    /// The tensor of `f(x)` for each element x; elements that a broadcast view repeats are computed once.
    ///
    /// The function should be small: it is compiled into the loop, for each instruction set.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// assert_eq!(tensor![1.0, -2.0].map(|x| x > 0.0).to_vec(), [true, false]);
    /// ```
    pub fn map<U: Element>(&self, f: impl Fn(T) -> U + Sync) -> Tensor<U> {
        let layout = self.layout();
        if let Some(x) = self.as_dense_slice() {
            if let [x] = *x {
                return Tensor::build_like(layout.at_start(), |y| y.fill(f(x)));
            }
            return Tensor::build_like(layout.at_start(), |y| {
                for_chunks(y, PART, |start, y| {
                    kernel::map(&x[start..start + y.len()], y, &f);
                });
            });
        }
        if let Some(repeats) = layout.repeats_with(layout) {
            let once = self.view(layout.once(&repeats)).map(f);
            let all = once.broadcast_to(layout.shape);
            return all.unwrap_or_else(|error| raise(&error));
        }
        let nest = Nest::new(&layout.shape, [layout]);
        let (_, [step]) = nest.row();
        Tensor::build_like(Layout::contiguous(layout.shape), |y| {
            nest.for_pieces(y, |[place], y| {
                kernel::map_strided(&self.storage()[place..], step, y, &f);
            });
        })
    }

    /// The elements in a different type, each the nearest value: floats truncate to integers, numbers beyond a type's
    /// range saturate, NaN becomes 0; as `bool`, numbers that are not 0 become `true`.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// assert_eq!(tensor![1.9, -1.9, 1e10, f32::NAN].cast::<i32>().to_vec(), [1, -1, i32::MAX, 0]);
    /// assert_eq!(tensor![0.5, 0.0].cast::<bool>().to_vec(), [true, false]);
    /// ```
    pub fn cast<U: Element>(&self) -> Tensor<U> {
        self.map(|x| match x.to_integer() {
            Some(x) => U::from_integer(x),
            None => U::from_f64(x.to_f64()),
        })
    }

    /// Replaces each element x by `f(x)`; in place if the elements are not shared.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// let mut x = tensor![1.0, -2.0];
    /// let before = x.clone();
    /// x.map_in_place(|x| x * 10.0); // makes new elements: `before` keeps the old ones
    /// assert_eq!((x.to_vec(), before.to_vec()), (vec![10.0, -20.0], vec![1.0, -2.0]));
    /// ```
    #[inline]
    pub fn map_in_place(&mut self, f: impl Fn(T) -> T + Sync) {
        match self.try_mut() {
            Some([y]) => *y = f(*y),
            Some(y) => for_chunks(y, PART, |_, y| kernel::map_in_place(y, &f)),
            None => *self = self.map(f),
        }
    }

    /// The tensor of `f` of each pair of elements, after broadcasting; computed once where both tensors repeat.
    ///
    /// # Shape
    ///
    /// `[..., n], [..., n] -> [..., n]`; sizes of 1 and missing leading axes are repeated.
    ///
    /// # Errors
    ///
    /// If the shapes do not broadcast.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let (prices, counts) = (tensor![2.5, 4.0], tensor![i64; [1, 2], [10, 20]]);
    /// let totals = prices.zip(&counts, |price, count| price * count as f32)?;
    /// assert_eq!(totals, tensor![[2.5, 8.0], [25.0, 80.0]]);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    #[inline]
    pub fn zip<U: Element, V: Element>(
        &self,
        rhs: &Tensor<U>,
        f: impl Fn(T, U) -> V + Sync,
    ) -> Result<Tensor<V>> {
        self.zip_for("zip", rhs, f)
    }

    /// As `zip`; the message begins with `op`.
    #[track_caller]
    #[inline]
    pub(crate) fn zip_for<U: Element, V: Element>(
        &self,
        op: &'static str,
        rhs: &Tensor<U>,
        f: impl Fn(T, U) -> V + Sync,
    ) -> Result<Tensor<V>> {
        if self.layout().same_order(rhs.layout())
            && let (Some(a), Some(b)) = (self.as_dense_slice(), rhs.as_dense_slice())
        {
            if let ([a], [b]) = (a, b) {
                return Tensor::build_in(self.layout().at_start(), |y| y.fill(f(*a, *b)));
            }
            return Tensor::build_in(self.layout().at_start(), |y| {
                for_chunks(y, PART, |start, y| {
                    let end = start + y.len();
                    kernel::zip(&a[start..end], &b[start..end], y, &f);
                });
            });
        }
        let shape = Shape::broadcast_for(op, self.shape(), rhs.shape())?;
        let (a, b) = (
            self.layout_broadcast_to(shape)?,
            rhs.layout_broadcast_to(shape)?,
        );
        if let Some(repeats) = a.repeats_with(&b) {
            let once = self
                .view(a.once(&repeats))
                .zip_for(op, &rhs.view(b.once(&repeats)), f)?;
            return once.broadcast_to(shape);
        }
        let nest = Nest::new(&shape, [&a, &b]);
        let (_, [step_a, step_b]) = nest.row();
        Tensor::build(shape, |y| {
            nest.for_pieces(y, |[a, b], y| {
                let (a, b) = (&self.storage()[a..], &rhs.storage()[b..]);
                kernel::zip_strided((a, step_a), (b, step_b), y, &f);
            });
        })
    }

    /// Replaces each element `x` by `f(x, r)`, where `r` is the element of `rhs` after broadcasting it to this shape.
    ///
    /// # Shape
    ///
    /// `self: [..., n], rhs: [..., n]`, whose sizes of 1 and missing leading axes are repeated
    ///
    /// # Errors
    ///
    /// If `rhs` does not broadcast to this shape.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let mut x = tensor![[1.0, 2.0], [3.0, 4.0]];
    /// x.zip_in_place(&tensor![10.0, 100.0], |x, r| x * r)?;
    /// assert_eq!(x, tensor![[10.0, 200.0], [30.0, 400.0]]);
    /// assert!(tensor![1.0].zip_in_place(&x, |x, r| x * r).is_err()); // would grow
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    #[inline]
    pub fn zip_in_place<U: Element>(
        &mut self,
        rhs: &Tensor<U>,
        f: impl Fn(T, U) -> T + Sync,
    ) -> Result<()> {
        self.zip_in_place_for("zip_in_place", rhs, f)
    }

    /// As `zip_in_place`; the message begins with `op`.
    #[track_caller]
    #[inline]
    pub(crate) fn zip_in_place_for<U: Element>(
        &mut self,
        op: &'static str,
        rhs: &Tensor<U>,
        f: impl Fn(T, U) -> T + Sync,
    ) -> Result<()> {
        self.expect_assignable(op, rhs)?;
        if self.shape() == rhs.shape()
            && let Some(b) = rhs.as_slice()
            && let Some(y) = self.try_mut()
        {
            for_chunks(y, PART, |start, y| {
                kernel::zip_in_place(y, &b[start..start + y.len()], &f);
            });
        } else {
            let result = self.zip_for(op, rhs, f)?;
            *self = result;
        }
        Ok(())
    }

    /// Returns an error unless `rhs` broadcasts to this shape.
    #[track_caller]
    #[inline]
    pub(crate) fn expect_assignable<U: Element>(
        &self,
        op: &'static str,
        rhs: &Tensor<U>,
    ) -> Result<()> {
        if self.shape() != rhs.shape()
            && Shape::broadcast_for(op, self.shape(), rhs.shape())? != *self.shape()
        {
            return Err(Error::new(ErrorKind::ShapeMismatch {
                op,
                expected: *self.shape(),
                found: *rhs.shape(),
            }));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor;
    use proptest::prelude::*;

    #[test]
    fn a_transposed_input_keeps_its_order_in_memory() -> Result<()> {
        let x = tensor![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]].t()?;
        let y = x.map(|x| x * 10.0);
        assert_eq!(y.to_vec(), [10.0, 40.0, 20.0, 50.0, 30.0, 60.0]);
        assert!(!y.layout().contiguous && y.is_unshared());
        Ok(())
    }

    #[test]
    fn in_place_functions_leave_shared_elements_alone() -> Result<()> {
        let x = tensor![1.0, 2.0];
        let mut y = x.clone();
        y.map_in_place(|x| -x);
        y.zip_in_place_for("add", &tensor![10.0], |a, b| a + b)?;
        assert_eq!((x.to_vec(), y.to_vec()), (vec![1.0, 2.0], vec![9.0, 8.0]));
        assert!(
            y.zip_in_place_for("add", &tensor![[1.0], [2.0]], |a, b| a + b)
                .is_err()
        );
        Ok(())
    }

    #[test]
    fn large_work_is_the_same_on_two_threads() -> Result<()> {
        let x = Tensor::arange(0.0, 300_000.0, 1.0)?.reshape([1000, 300])?;
        let (row, all) = (Tensor::arange(0.0, 300.0, 1.0)?, x.t()?);
        let run = || -> Result<_> {
            let mut sum = x.clone();
            crate::fused::update([&mut sum], &x, |[a], b| [a + b])?;
            Ok([
                x.map(|x| x + 1.0),
                x.zip_for("add", &row, |a, b| a - b)?,
                all.zip_for("add", &x.t()?, |a, b| a * b)?,
                sum,
            ])
        };
        let one = crate::threads::with(1, run)?;
        assert_eq!(one, crate::threads::with(2, run)?);
        assert_eq!(one[1].at(&[999, 7])?, 299_700.0);
        Ok(())
    }

    #[test]
    fn repeated_elements_are_computed_once() -> Result<()> {
        let calls = std::sync::atomic::AtomicUsize::new(0);
        let count = |x: f32| {
            calls.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            x
        };
        let (row, one) = (tensor![1.0, 2.0, 3.0].broadcast_to([4, 3])?, tensor![[5.0]]);
        let y = row.zip_for("add", &one, |a, b| count(a + b))?.map(count);
        assert_eq!(y.to_vec(), [6.0, 7.0, 8.0].repeat(4));
        assert_eq!(calls.into_inner(), 6);
        Ok(())
    }

    #[test]
    fn casts_give_the_nearest_number_of_the_other_type() {
        let large = tensor![i64; (1 << 53) + 1, i64::MAX, -1];
        assert_eq!(large.cast::<i64>(), large);
        assert_eq!(
            large.cast::<u64>().to_vec(),
            [(1 << 53) + 1, i64::MAX as u64, 0]
        );
        assert_eq!(large.cast::<i32>().to_vec(), [i32::MAX, i32::MAX, -1]);
        // If rounded to f64 first, it would be halfway between two numbers of f32, and become the wrong one.
        let once = tensor![i64; (1 << 54) + (1 << 30) + 1].cast::<f32>();
        assert_eq!(once.to_vec(), [18_014_400_656_965_632.0]);
        assert_eq!(
            tensor![u64; u64::MAX].cast::<f64>().to_vec(),
            [18_446_744_073_709_551_616.0]
        );
        assert_eq!(tensor![bool; true, false].cast::<i64>().to_vec(), [1, 0]);
        assert_eq!(tensor![i64; -7, 0].cast::<bool>().to_vec(), [true, false]);
        assert_eq!(
            tensor![-1.5, f32::NAN, f32::INFINITY].cast::<u8>().to_vec(),
            [0, 0, 255]
        );
    }

    proptest! {
        #[test]
        fn zip_agrees_with_explicit_broadcasting(a in 1..4usize, b in 1..4usize, c in 1..4usize, mask in 0..64u32) {
            let full = [a, b, c];
            let size = |bit: u32, axis: usize| if mask >> bit & 1 == 1 { 1 } else { full[axis] };
            let shape = |first: u32| [size(first, 0), size(first + 1, 1), size(first + 2, 2)];
            let (x, y) = (Tensor::arange(0.0, 27.0, 1.0)?, Tensor::arange(100.0, 127.0, 1.0)?);
            let part = |x: &Tensor, shape: [usize; 3]| -> Result<Tensor> {
                x.narrow(0, 0, shape.iter().product())?.reshape(shape)
            };
            let (x, y) = (part(&x, shape(0))?.transpose(0, 2)?, part(&y, shape(3))?.transpose(0, 2)?);
            let got = x.zip_for("sub", &y, |a, b| a - b)?;
            let target = *got.shape();
            let (x, y) = (x.broadcast_to(target)?.to_vec(), y.broadcast_to(target)?.to_vec());
            let expected: Vec<f32> = x.iter().zip(&y).map(|(a, b)| a - b).collect();
            prop_assert_eq!(got.to_vec(), expected);
        }
    }
}
