//! Coordinates of the points of a grid.

use gradlet_tensor::{Float, Result, Tensor};

use crate::var::Var;

impl<T: Float> Var<T> {
    /// Vectors, each along an axis of its own and repeated along the axes of the others: at `[i, j]`, the first has
    /// element i of the first vector, the second element j of the second. A scalar counts as one element. Views.
    ///
    /// # Shape
    ///
    /// `[m], [n] -> [m, n], [m, n]`
    ///
    /// # Gradient
    ///
    /// `g` summed over the axes of the other vectors; nothing is saved.
    ///
    /// # Errors
    ///
    /// If there are no vectors, one of them has more than one axis, or there are more than eight.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let (x, y) = (Var::leaf(tensor![1.0, 2.0]), Var::leaf(tensor![3.0, 4.0, 5.0]));
    /// let grid = Var::meshgrid(&[&x, &y])?;
    /// assert_eq!(grid[0].tensor(), &tensor![[1.0, 1.0, 1.0], [2.0, 2.0, 2.0]]);
    /// assert_eq!(grid[0].clone().sum(..)?.backward()?.wrt(&x), Some(&tensor![3.0, 3.0]));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.meshgrid` with indexing "ij"
    #[track_caller]
    pub fn meshgrid(vectors: &[&Self]) -> Result<Vec<Self>> {
        let tensors: Vec<_> = vectors.iter().map(|x| x.tensor()).collect();
        let mut views = Vec::with_capacity(vectors.len());
        for (axis, (x, view)) in vectors.iter().zip(Tensor::meshgrid(&tensors)?).enumerate() {
            let mut along = vec![1; vectors.len()];
            along[axis] = x.len();
            let column = x.reshape(along.as_slice())?;
            views.push(column.broadcast_to(view.shape())?);
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
    /// # Gradient
    ///
    /// `g` summed over the axes of the other vectors; nothing is saved.
    ///
    /// # Errors
    ///
    /// As for `meshgrid`.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let (x, y) = (Var::leaf(tensor![1.0, 2.0, 3.0]), Var::leaf(tensor![4.0, 5.0]));
    /// let grid = Var::meshgrid_xy(&[&x, &y])?;
    /// assert_eq!(grid[0].tensor(), &tensor![[1.0, 2.0, 3.0], [1.0, 2.0, 3.0]]);
    /// assert_eq!(grid[1].clone().sum(..)?.backward()?.wrt(&y), Some(&tensor![3.0, 3.0]));
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
    use crate::check::{gradcheck, gradgradcheck};
    use gradlet_tensor::rng;

    #[test]
    fn gradients_agree_with_finite_differences() -> Result<()> {
        let mut rng = rng(1);
        let mut input = |shape: &[usize]| Tensor::<f64>::normal(shape, 0.0, 1.0, &mut rng);
        let x = [input(&[2])?, input(&[])?, input(&[3])?];
        let f = |x: &[Var<f64>]| {
            let grid = Var::meshgrid(&[&x[0], &x[1], &x[2]])?;
            grid[0].mul(&grid[1])?.mul(&grid[2].exp())
        };
        gradcheck(f, &x)?;
        gradgradcheck(f, &x)?;
        let f = |x: &[Var<f64>]| {
            let grid = Var::meshgrid_xy(&[&x[0], &x[2]])?;
            grid[0].mul(&grid[1].exp())
        };
        gradcheck(f, &x)?;
        gradgradcheck(f, &x)
    }

    #[test]
    fn mistakes_name_this_line() -> Result<()> {
        let x = Var::constant(Tensor::ones([1, 2])?);
        let error = Var::meshgrid(&[&x]).unwrap_err();
        let here = format!("(at {}:{})", file!(), line!() - 1);
        assert!(error.to_string().ends_with(&here), "{error}");
        let error = Var::meshgrid_xy(&[&x]).unwrap_err();
        let here = format!("(at {}:{})", file!(), line!() - 1);
        assert!(error.to_string().ends_with(&here), "{error}");
        Ok(())
    }
}
