//! Elementwise functions of one tensor that `NumPy` has too.

use crate::element::{Element, Float};
use crate::math;
use crate::tensor::Tensor;

impl<T: Float> Tensor<T> {
    /// e^x, within 2 units in the last place.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// assert_eq!(tensor![0.0, -f32::INFINITY, 100.0].exp().to_vec(), [1.0, 0.0, f32::INFINITY]);
    /// ```
    pub fn exp(&self) -> Self {
        self.map(math::exp)
    }

    /// The natural logarithm, within 2 units in the last place; -inf at 0, NaN below.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// assert_eq!(tensor![1.0, 0.0].ln().to_vec(), [0.0, -f32::INFINITY]);
    /// ```
    ///
    /// # Source
    ///
    /// `torch.log`
    pub fn ln(&self) -> Self {
        self.map(math::ln)
    }

    /// The square root, correctly rounded; NaN below 0.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// assert_eq!(tensor![9.0, 2.25].sqrt().to_vec(), [3.0, 1.5]);
    /// ```
    pub fn sqrt(&self) -> Self {
        self.map(num_traits::Float::sqrt)
    }

    /// The hyperbolic tangent, within 2 units in the last place.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// assert_eq!(tensor![0.0, 100.0, -100.0].tanh().to_vec(), [0.0, 1.0, -1.0]);
    /// ```
    pub fn tanh(&self) -> Self {
        self.map(math::tanh)
    }

    /// 1 / (1 + e^-x), within 2 units in the last place.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// assert_eq!(tensor![0.0, 1000.0, -1000.0].sigmoid().to_vec(), [0.5, 1.0, 0.0]);
    /// ```
    pub fn sigmoid(&self) -> Self {
        self.map(math::sigmoid)
    }

    /// x to an integer power by repeated squaring, as [`math::powi`](crate::math::powi); x^0 is 1 for every x, even NaN.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// assert_eq!(tensor![2.0, -3.0].powi(3).to_vec(), [8.0, -27.0]);
    /// assert_eq!(tensor![4.0, 0.0].powi(-1).to_vec(), [0.25, f32::INFINITY]);
    /// assert_eq!(tensor![f32::NAN].powi(0).to_vec(), [1.0]);
    /// ```
    pub fn powi(&self, exponent: i32) -> Self {
        match exponent {
            0 => self.map(|_| T::of(1.0)),
            1 => self.clone(),
            2 => self.map(|x| x * x),
            3 => self.map(|x| x * x * x),
            -1 => self.map(|x| T::of(1.0) / x),
            _ => self.map(|x| math::powi(x, exponent)),
        }
    }

    /// x to a real power; NaN where x is negative and the exponent is not an integer.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// let y = tensor![4.0, -4.0].powf(0.5).to_vec();
    /// assert!(y[0] == 2.0 && y[1].is_nan());
    /// ```
    pub fn powf(&self, exponent: T) -> Self {
        self.map(|x| math::pow(x, exponent))
    }
}

impl<T: Element> Tensor<T> {
    /// The larger of each element and a number; NaN stays NaN. If the number is NaN, the elements stay as they are.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// let y = tensor![-1.0, 2.0, f32::NAN].maximum_scalar(0.0).to_vec();
    /// assert!(y[0] == 0.0 && y[1] == 2.0 && y[2].is_nan());
    /// ```
    pub fn maximum_scalar(&self, low: T) -> Self {
        self.map(|x| if x < low { low } else { x })
    }
}

#[cfg(test)]
mod tests {
    use crate::tensor;

    #[test]
    fn functions_give_known_values() {
        let x = tensor![f64; 0.0, 1.0, 4.0];
        assert!(
            x.exp()
                .allclose(&tensor![f64; 1.0, 1f64.exp(), 4f64.exp()], 1e-15, 0.0)
        );
        assert!(
            x.tanh()
                .allclose(&tensor![f64; 0.0, 1f64.tanh(), 4f64.tanh()], 1e-15, 0.0)
        );
        assert_eq!(x.ln().to_vec()[..2], [f64::NEG_INFINITY, 0.0]);
        assert_eq!(x.sqrt().to_vec(), [0.0, 1.0, 2.0]);
        assert_eq!(x.sigmoid().to_vec()[0], 0.5);
        assert_eq!(x.maximum_scalar(1.0).to_vec(), [1.0, 1.0, 4.0]);
    }

    #[test]
    fn powers_have_their_edge_cases() {
        let x = tensor![0.0, -2.0, f32::NAN];
        assert_eq!(x.powi(0).to_vec(), [1.0; 3]);
        assert_eq!(x.powi(3).to_vec()[..2], [0.0, -8.0]);
        assert_eq!(x.powi(-1).to_vec()[..2], [f32::INFINITY, -0.5]);
        assert_eq!(x.powi(-2).to_vec()[1], 0.25);
        assert!(x.powf(0.5).to_vec()[1].is_nan());
        assert_eq!(x.powf(2.0).to_vec()[1], 4.0);
        assert!(x.maximum_scalar(0.0).to_vec()[2].is_nan());
    }
}
