//! [`tensor!`](crate::tensor): tensors written out as nested lists.

use crate::element::Element;
use crate::shape::Shape;
use crate::tensor::Tensor;

/// A number or nested array of numbers: what [`tensor!`](crate::tensor) takes.
pub trait Literal<T> {
    /// The sizes of the nested arrays, outermost last.
    #[doc(hidden)]
    fn sizes(sizes: &mut Vec<usize>);
    /// Appends the numbers in row-major order.
    #[doc(hidden)]
    fn flatten(self, values: &mut Vec<T>);
}

impl<T: Element> Literal<T> for T {
    fn sizes(_: &mut Vec<usize>) {}
    fn flatten(self, values: &mut Vec<T>) {
        values.push(self);
    }
}

impl<T, L: Literal<T>, const N: usize> Literal<T> for [L; N] {
    fn sizes(sizes: &mut Vec<usize>) {
        L::sizes(sizes);
        sizes.push(N);
    }
    fn flatten(self, values: &mut Vec<T>) {
        self.into_iter().for_each(|item| item.flatten(values));
    }
}

/// The tensor that a literal describes. Rows of different lengths do not compile.
#[doc(hidden)]
pub fn from_literal<T: Element>(literal: impl Literal<T>) -> Tensor<T> {
    fn build<T: Element, L: Literal<T>>(literal: L) -> Tensor<T> {
        let (mut sizes, mut values) = (Vec::new(), Vec::new());
        L::sizes(&mut sizes);
        sizes.reverse();
        literal.flatten(&mut values);
        match Shape::new(&sizes).and_then(|shape| Tensor::from_slice(values, shape)) {
            Ok(tensor) => tensor,
            Err(error) => crate::error::raise(&error),
        }
    }
    build(literal)
}

/// A tensor written out: `tensor![1.0, 2.0]`, `tensor![[1.0, 2.0], [3.0, 4.0]]`. The elements are `f32`, unless a type
/// is named first: `tensor![i64; 3, 1, 2]`.
///
/// # Panics
///
/// If there are more than 8 nested lists.
///
/// # Example
///
/// ```
/// # use gradlet_tensor::{Tensor, tensor};
/// let x = tensor![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]];
/// assert_eq!(x.shape(), [2, 3]);
/// let labels: Tensor<i64> = tensor![i64; 3, 1, 2];
/// assert_eq!(tensor![f64; [0.5]].shape(), [1, 1]);
/// ```
#[macro_export]
macro_rules! tensor {
    ($element:ident; $($item:expr),* $(,)?) => {
        $crate::from_literal::<$element>([$($item),*])
    };
    ($($item:expr),* $(,)?) => {
        $crate::from_literal::<f32>([$($item),*])
    };
}
