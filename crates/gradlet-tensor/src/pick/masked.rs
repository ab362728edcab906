//! Writing to the elements that a mask names, and finding elements that are not zero.

use crate::element::Element;
use crate::error::{Error, Result, out_of_range};
use crate::kernel::masked as kernel;
use crate::shape::Shape;
use crate::tensor::Tensor;

impl<T: Element> Tensor<T> {
    /// Replaces the elements for which the mask is true by the elements of `source`, both in row-major order. Sources
    /// behind the last that is needed are left out.
    ///
    /// # Shape
    ///
    /// `self: [a, b]`, mask `[b]`, source of any shape with at least as many elements as are true in the mask after
    /// broadcasting it to `[a, b]`
    ///
    /// # Errors
    ///
    /// If the mask does not broadcast to this shape, or `source` has too few elements. The elements are then unchanged.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let mut x = tensor![[1.0, 2.0], [3.0, 4.0]];
    /// x.masked_scatter(&tensor![bool; true, false], &tensor![10.0, 20.0, 30.0])?;
    /// assert_eq!(x, tensor![[10.0, 2.0], [20.0, 4.0]]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.Tensor.masked_scatter_`
    #[track_caller]
    pub fn masked_scatter(&mut self, mask: &Tensor<bool>, source: &Self) -> Result<()> {
        let mask = mask.broadcast_to(self.shape());
        let mask = mask.map_err(|error| error.of("masked_scatter"))?;
        let (mask, source) = (mask.try_contiguous()?, source.try_contiguous()?);
        let mask = mask.as_slice().unwrap_or_default();
        let source = source.as_slice().unwrap_or_default();
        let counts = kernel::counts(mask);
        let needed = counts.last().copied().unwrap_or(0);
        if source.len() < needed {
            return Err(out_of_range(
                "masked_scatter",
                "the number of sources",
                "at least the number of true elements in the mask",
                source.len(),
                format!("; {needed} are true"),
            ));
        }
        if needed > 0 {
            kernel::scatter(self.make_mut_slice(), mask, &counts, source);
        }
        Ok(())
    }

    /// The indices of the elements that are not zero (of `bool`, that are true), in row-major order: one row for each
    /// element, with its index along each axis. NaN is not zero.
    ///
    /// # Shape
    ///
    /// `[a, b] -> [n, 2]`, where n elements are not zero; `[] -> [n, 0]`, where n is 0 or 1
    ///
    /// # Errors
    ///
    /// If the tensor is a broadcast view that is too large for memory.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = tensor![[1.0, 0.0], [3.0, 4.0]];
    /// assert_eq!(x.nonzero()?, tensor![i64; [0, 0], [1, 0], [1, 1]]);
    /// let rows = x.gt(&tensor![2.0])?.nonzero()?.select(1, 0)?;
    /// assert_eq!(rows.to_vec(), [1, 1]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.nonzero`
    #[track_caller]
    pub fn nonzero(&self) -> Result<Tensor<i64>> {
        let mask = self.try_contiguous()?.map(|x| x != T::default());
        let mask = mask.as_slice().unwrap_or_default();
        let counts = kernel::counts(mask);
        let count = counts.last().copied().unwrap_or(0);
        Tensor::build(Shape::from([count, self.rank()]), |out| {
            kernel::nonzero(mask, self.shape(), &counts, out);
        })
    }

    /// The indices of [`nonzero`](Self::nonzero) along each axis in a tensor of their own, as `index_select` and others
    /// take them. A scalar counts as a vector of one element.
    ///
    /// # Shape
    ///
    /// `[a, b] -> [n], [n]`, where n elements are not zero
    ///
    /// # Errors
    ///
    /// As for `nonzero`.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let axes = tensor![[1.0, 0.0], [3.0, 4.0]].nonzero_per_axis()?;
    /// assert_eq!(axes, [tensor![i64; 0, 1, 1], tensor![i64; 0, 0, 1]]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.nonzero` with `as_tuple=True`
    #[track_caller]
    pub fn nonzero_per_axis(&self) -> Result<Vec<Tensor<i64>>> {
        if self.rank() == 0 {
            return self.unsqueeze(0)?.nonzero_per_axis();
        }
        let name = |error: Error| error.of("nonzero_per_axis");
        let along = self.nonzero().map_err(name)?.t()?.try_contiguous()?;
        (0..self.rank()).map(|axis| along.select(0, axis)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;
    use crate::{tensor, threads};
    use proptest::prelude::*;

    #[test]
    fn masks_broadcast_to_the_tensor_and_surplus_sources_are_left_out() -> Result<()> {
        let mut x = tensor![i64; [1, 2], [3, 4]];
        let before = x.clone();
        let source = tensor![i64; [10, 20], [30, 40]].t()?;
        x.masked_scatter(&tensor![bool; [false], [true]], &source)?;
        assert_eq!(x, tensor![i64; [1, 2], [10, 30]]);
        x.masked_scatter(&Tensor::scalar(false), &Tensor::zeros_of(0)?)?;
        assert_eq!(x, tensor![i64; [1, 2], [10, 30]]);
        assert_eq!(before, tensor![i64; [1, 2], [3, 4]]);
        let mut scalar = Tensor::scalar(1.0f32);
        scalar.masked_scatter(&Tensor::scalar(true), &tensor![5.0, 6.0])?;
        assert_eq!(scalar, Tensor::scalar(5.0));
        Ok(())
    }

    #[test]
    fn too_few_sources_and_wide_masks_are_errors_and_change_nothing() {
        let mut x = tensor![1.0, 2.0, 3.0];
        let mask = tensor![bool; true, false, true];
        let error = x.masked_scatter(&mask, &tensor![10.0]).unwrap_err();
        assert!(
            error.to_string().starts_with(
                "masked_scatter: the number of sources must be at least the number of true elements in the mask, got 1; \
                 2 are true"
            ),
            "{error}"
        );
        for mask in [tensor![bool; [true], [true]], tensor![bool; true, true]] {
            let error = x.masked_scatter(&mask, &x.clone()).unwrap_err();
            assert!(
                matches!(
                    error.kind(),
                    ErrorKind::Broadcast {
                        op: "masked_scatter",
                        ..
                    }
                ),
                "{error}"
            );
        }
        assert_eq!(x, tensor![1.0, 2.0, 3.0]);
    }

    #[test]
    fn nan_and_true_are_not_zero_and_minus_0_is() -> Result<()> {
        let x = tensor![f32::NAN, 0.0, -0.0, -1.0];
        assert_eq!(x.nonzero()?, tensor![i64; [0], [3]]);
        assert_eq!(x.nonzero_per_axis()?, [tensor![i64; 0, 3]]);
        let one = |x: bool| Tensor::scalar(x).nonzero_per_axis();
        assert_eq!(
            (one(true)?, one(false)?),
            (vec![tensor![i64; 0]], vec![Tensor::zeros_of(0)?])
        );
        let none = Tensor::<u8>::zeros_of([2, 0, 3])?.nonzero_per_axis()?;
        assert!(none.len() == 3 && none.iter().all(|along| along.shape() == [0]));
        assert_eq!(Tensor::scalar(true).nonzero()?.shape(), [1, 0]);
        assert_eq!(Tensor::scalar(0i64).nonzero()?.shape(), [0, 0]);
        assert_eq!(
            Tensor::<u8>::zeros_of([2, 0, 3])?.nonzero()?.shape(),
            [0, 3]
        );
        assert_eq!(
            Tensor::scalar(2i64).broadcast_to([2])?.nonzero()?.to_vec(),
            [0, 1]
        );
        Ok(())
    }

    #[test]
    fn the_places_of_true_elements_do_not_depend_on_the_number_of_axes() -> Result<()> {
        let mask = Tensor::<bool>::from_fn(300_000, |i| i % 7 == 3 && i % 5000 > 300)?;
        let expected: Vec<_> = (0..mask.len())
            .filter(|i| i % 7 == 3 && i % 5000 > 300)
            .collect();
        for sizes in [&[300_000][..], &[6, 50_000], &[2, 3, 1000, 50]] {
            let found = threads::with(2, || mask.reshape(sizes)?.nonzero())?.to_vec();
            let place = |index: &[i64]| {
                let axes = index.iter().zip(sizes);
                axes.fold(0, |place, (&i, &size)| place * size + i as usize)
            };
            let places: Vec<_> = found.chunks(sizes.len()).map(place).collect();
            assert_eq!(places, expected, "{sizes:?}");
        }
        Ok(())
    }

    proptest! {
        #[test]
        fn masked_elements_agree_with_naive_loops_and_on_any_number_of_threads(
            sizes in prop::array::uniform3(0..5usize), long in 0..12usize, sparse in 1..5u64, once in any::<bool>(), seed in 0..100u64,
        ) {
            let mut sizes = sizes;
            if long < 3 {
                sizes[long] = 30_000;
            }
            let [a, b, c] = sizes;
            let mask = [c, if once { b.min(1) } else { b }, a];
            let mask = Tensor::<bool>::from_fn(mask, |i| (i as u64 * 7919 + seed) % 11 < sparse * 2)?.transpose(0, 2)?;
            let mask = mask.broadcast_to(sizes)?;
            let x = Tensor::<i64>::from_fn([b, a, c], |i| i as i64)?.transpose(0, 1)?;
            let source = Tensor::<i64>::from_fn(mask.count_true() + 1, |i| -1 - i as i64)?;
            let (mut expected, mut indices, mut next) = (x.to_vec(), Vec::new(), 0);
            for (i, taken) in mask.iter().enumerate() {
                if taken {
                    next -= 1;
                    expected[i] = next;
                    indices.extend([i / (b * c), i / c % b, i % c].map(|i| i as i64));
                }
            }
            for n in 1..4 {
                let mut y = x.clone();
                threads::with(n, || y.masked_scatter(&mask, &source))?;
                prop_assert!(y.to_vec() == expected);
                let found = threads::with(n, || mask.nonzero())?;
                prop_assert!(found.to_vec() == indices);
                let numbers = mask.map(|taken| if taken { 0.5 } else { 0.0 });
                prop_assert!(threads::with(n, || numbers.nonzero())? == found);
            }
        }
    }
}
