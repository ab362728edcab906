//! Coordinates of the points of a grid.

use crate::element::Element;
use crate::error::{Error, ErrorKind, Result};
use crate::shape::Shape;
use crate::tensor::Tensor;

impl<T: Element> Tensor<T> {
    /// Views of vectors, each along an axis of its own and repeated along the axes of the others: at `[i, j]`, the first
    /// has element i of the first vector, the second element j of the second. A scalar counts as one element.
    ///
    /// # Shape
    ///
    /// `[m], [n] -> [m, n], [m, n]`
    ///
    /// # Errors
    ///
    /// If there are no vectors, one of them has more than one axis, or there are more than eight.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::{Tensor, tensor};
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let grid = Tensor::meshgrid(&[&tensor![1.0, 2.0], &tensor![3.0, 4.0, 5.0]])?;
    /// assert_eq!(grid[0], tensor![[1.0, 1.0, 1.0], [2.0, 2.0, 2.0]]);
    /// assert_eq!(grid[1], tensor![[3.0, 4.0, 5.0], [3.0, 4.0, 5.0]]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.meshgrid` with indexing "ij"
    #[track_caller]
    pub fn meshgrid(vectors: &[&Self]) -> Result<Vec<Self>> {
        let op = "meshgrid";
        if vectors.is_empty() {
            return Err(Error::new(ErrorKind::NoTensors { op }));
        }
        let mut grid = Shape::SCALAR;
        for x in vectors {
            if x.rank() > 1 {
                let (expected, shape) = ("vectors", *x.shape());
                return Err(Error::new(ErrorKind::Rank {
                    op,
                    expected,
                    shape,
                }));
            }
            grid.push(x.len())?;
        }
        let mut views = Vec::with_capacity(vectors.len());
        for (axis, x) in vectors.iter().enumerate() {
            let mut along = vec![1; vectors.len()];
            along[axis] = x.len();
            views.push(x.reshape(along.as_slice())?.broadcast_to(grid)?);
        }
        Ok(views)
    }

    /// As [`meshgrid`](Self::meshgrid), with the first two axes exchanged, as a picture has them: the first vector runs
    /// along the columns, the second along the rows.
    ///
    /// # Shape
    ///
    /// `[m], [n] -> [n, m], [n, m]`
    ///
    /// # Errors
    ///
    /// As for `meshgrid`.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::{Tensor, tensor};
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let grid = Tensor::meshgrid_xy(&[&tensor![1.0, 2.0, 3.0], &tensor![4.0, 5.0]])?;
    /// assert_eq!(grid[0], tensor![[1.0, 2.0, 3.0], [1.0, 2.0, 3.0]]);
    /// assert_eq!(grid[1], tensor![[4.0, 4.0, 4.0], [5.0, 5.0, 5.0]]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.meshgrid` with indexing "xy"
    #[track_caller]
    pub fn meshgrid_xy(vectors: &[&Self]) -> Result<Vec<Self>> {
        let mut views = Self::meshgrid(vectors).map_err(|error| error.of("meshgrid_xy"))?;
        if vectors.len() > 1 {
            for view in &mut views {
                *view = view.transpose(0, 1)?;
            }
        }
        Ok(views)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor;

    #[test]
    fn each_vector_runs_along_its_own_axis() -> Result<()> {
        let (a, c) = (tensor![i64; 1, 2], tensor![i64; 5, 6, 7].flip(0)?);
        let grid = Tensor::meshgrid(&[&a, &Tensor::scalar(9), &c])?;
        assert!(grid.iter().all(|x| x.shape() == [2, 1, 3]));
        assert_eq!(grid[0].to_vec(), [1, 1, 1, 2, 2, 2]);
        assert_eq!(grid[1].to_vec(), [9; 6]);
        assert_eq!(grid[2].to_vec(), [7, 6, 5, 7, 6, 5]);
        assert_eq!(grid[0].storage().as_ptr(), a.storage().as_ptr());
        assert_eq!(
            Tensor::meshgrid(&[&a, &Tensor::zeros_of(0)?])?[0].shape(),
            [2, 0]
        );
        Ok(())
    }

    #[test]
    fn the_first_two_axes_are_exchanged_for_pictures() -> Result<()> {
        let (a, b, c) = (
            tensor![i64; 1, 2, 3],
            tensor![i64; 4, 5],
            tensor![i64; 6, 7],
        );
        let grid = Tensor::meshgrid_xy(&[&a, &b, &c])?;
        assert!(grid.iter().all(|x| x.shape() == [2, 3, 2]));
        assert_eq!(grid[0].to_vec(), [1, 1, 2, 2, 3, 3, 1, 1, 2, 2, 3, 3]);
        assert_eq!(grid[1].to_vec(), [4, 4, 4, 4, 4, 4, 5, 5, 5, 5, 5, 5]);
        assert_eq!(grid[2].to_vec(), [6, 7].repeat(6));
        assert_eq!(Tensor::meshgrid_xy(&[&a])?[0], a);
        let message = Tensor::<f32>::meshgrid_xy(&[]).unwrap_err().to_string();
        assert!(message.starts_with("meshgrid_xy: "), "{message}");
        Ok(())
    }

    #[test]
    fn what_makes_no_grid_is_an_error() {
        let message = Tensor::meshgrid(&[&tensor![1.0], &tensor![[1.0]]]).unwrap_err();
        assert!(
            message
                .to_string()
                .starts_with("meshgrid: expected vectors, got shape [1, 1]")
        );
        assert!(Tensor::<f32>::meshgrid(&[]).is_err());
        assert!(Tensor::meshgrid(&[&Tensor::scalar(1.0f32); 9]).is_err());
    }
}
