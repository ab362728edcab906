//! One element of each row of a matrix, as losses take it from probabilities.

use crate::element::{Element, Float};
use crate::error::{Error, ErrorKind, Result};
use crate::pick::check_indices;
use crate::tensor::Tensor;

/// The element of each row that its index names: `y[i] = x[i, indices[i]]`.
///
/// # Shape
///
/// `x: [rows, columns]`, indices `[rows]` -> `[rows]`
///
/// # Errors
///
/// If `x` is not a matrix, the number of indices is not that of rows, or an index is negative or too large.
///
/// # Example
///
/// ```
/// # use gradlet_tensor::{fused, tensor};
/// # fn main() -> gradlet_tensor::Result<()> {
/// let x = tensor![[1.0, 2.0], [3.0, 4.0]];
/// assert_eq!(fused::pick_columns(&x, &tensor![i64; 1, 0])?.to_vec(), [2.0, 3.0]);
/// # Ok(())
/// # }
/// ```
#[track_caller]
pub fn pick_columns<T: Float>(x: &Tensor<T>, indices: &Tensor<i64>) -> Result<Tensor<T>> {
    let places = column_places("pick_columns", x, indices)?;
    let x = x.try_contiguous()?;
    let x = x.as_slice().unwrap_or_default();
    let mut places = places.into_iter();
    Tensor::from_fn(indices.shape(), |_| {
        places.next().map_or(T::of(0.0), |place| x[place])
    })
}

/// Adds `source[i]` to the element `[i, indices[i]]` of each row.
///
/// # Shape
///
/// `x: [rows, columns]`, indices `[rows]`, source `[rows]`
///
/// # Errors
///
/// If [`pick_columns`] would fail, or the shapes of the source and the indices differ. Nothing is changed then.
///
/// # Example
///
/// ```
/// # use gradlet_tensor::{Tensor, fused, tensor};
/// # fn main() -> gradlet_tensor::Result<()> {
/// let mut x = Tensor::zeros([2, 2])?;
/// fused::add_to_columns(&mut x, &tensor![i64; 1, 0], &tensor![5.0, 6.0])?;
/// assert_eq!(x, tensor![[0.0, 5.0], [6.0, 0.0]]);
/// # Ok(())
/// # }
/// ```
#[track_caller]
pub fn add_to_columns<T: Float>(
    x: &mut Tensor<T>,
    indices: &Tensor<i64>,
    source: &Tensor<T>,
) -> Result<()> {
    let places = column_places("add_to_columns", x, indices)?;
    source.expect_shape("add_to_columns", indices.shape())?;
    let x = x.make_mut_slice();
    for (place, source) in places.into_iter().zip(source.iter()) {
        x[place] = x[place] + source;
    }
    Ok(())
}

/// The row-major place of `[i, indices[i]]` for each row i.
#[track_caller]
fn column_places<T: Element>(
    op: &'static str,
    x: &Tensor<T>,
    indices: &Tensor<i64>,
) -> Result<Vec<usize>> {
    let [rows, columns] = x.shape()[..] else {
        return Err(Error::new(ErrorKind::Rank {
            op,
            expected: "a matrix",
            shape: *x.shape(),
        }));
    };
    indices.expect_shape(op, rows)?;
    check_indices(op, x, 1, indices)?;
    let places = indices.iter().enumerate();
    Ok(places
        .map(|(row, column)| row * columns + column as usize)
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor;

    #[test]
    fn columns_are_picked_and_added_to() -> Result<()> {
        let mut x = tensor![[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]];
        let columns = tensor![i64; 1, 0, 1];
        assert_eq!(pick_columns(&x, &columns)?.to_vec(), [2.0, 3.0, 6.0]);
        add_to_columns(&mut x, &columns, &tensor![10.0, 20.0, 30.0])?;
        assert_eq!(x.to_vec(), [1.0, 12.0, 23.0, 4.0, 5.0, 36.0]);
        assert!(pick_columns(&x, &tensor![i64; 1, 0]).is_err());
        assert!(pick_columns(&x, &tensor![i64; 0, 1, 2]).is_err());
        Ok(())
    }
}
