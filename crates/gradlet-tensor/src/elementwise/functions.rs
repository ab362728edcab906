//! Elementwise functions of one number.

use crate::element::Float;
use crate::kernel::fold;
use crate::math;
use crate::tensor::Tensor;

macro_rules! by_number {
    ($($method:ident = $function:path: $doc:literal;)*) => {
        impl<T: Float> Tensor<T> {$(
            #[doc = $doc]
            pub fn $method(&self) -> Self {
                self.map($function)
            }
        )*}
    };
}

by_number! {
    floor = num_traits::Float::floor: "The largest whole number that is not above x: -2 for -1.5.";
    ceil = num_traits::Float::ceil: "The smallest whole number that is not below x: -1 for -1.5.";
    trunc = num_traits::Float::trunc: "The whole number next to x on the side of 0: -1 for -1.5.";
    acos = math::acos: "The arc cosine in `[0, pi]`; NaN outside `[-1, 1]`.";
    asin = math::asin: "The arc sine in `[-pi/2, pi/2]`; NaN outside `[-1, 1]`.";
    atan = math::atan: "The arc tangent in `[-pi/2, pi/2]`.";
    cosh = math::cosh: "The hyperbolic cosine, `(e^x + e^-x) / 2`.";
    sinh = math::sinh: "The hyperbolic sine, `(e^x - e^-x) / 2`, with all digits near 0.";
    log2 = math::log2: "The logarithm to base 2; -inf at 0, NaN below. It is exact for powers of 2.";
    log10 = math::log10: "The logarithm to base 10; -inf at 0, NaN below. It is exact for powers of 10.";
}

impl<T: Float> Tensor<T> {
    /// The cosine of x in radians; NaN for infinite x.
    pub fn cos(&self) -> Self {
        self.periodic(T::near_cos_, math::cos)
    }

    /// The sine of x in radians; NaN for infinite x.
    pub fn sin(&self) -> Self {
        self.periodic(T::near_sin_, math::sin)
    }

    /// The tangent of x in radians; NaN for infinite x.
    pub fn tan(&self) -> Self {
        self.periodic(T::near_tan_, math::tan)
    }

    /// `near` if all numbers are known to be near 0, so that the loop has no branches, and else `any`: the same bits.
    fn periodic(&self, near: impl Fn(T) -> T + Sync, any: impl Fn(T) -> T + Sync) -> Self {
        let larger = |a: T, b: T| if b.abs() > a { b.abs() } else { a };
        let all_near = |x: &[T]| fold::fold(x, T::zero(), &larger) <= T::NEAR;
        if self.as_dense_slice().is_some_and(all_near) {
            self.map(near)
        } else {
            self.map(any)
        }
    }

    /// The nearest whole number; the even one if two are equally near, as in PyTorch.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// assert_eq!(tensor![0.5, 1.5, -2.5, 2.6].round().to_vec(), [0.0, 2.0, -2.0, 3.0]);
    /// ```
    ///
    /// # Source
    ///
    /// `torch.round`
    pub fn round(&self) -> Self {
        let half = T::of(0.5);
        self.map(|x| {
            let away = x.round();
            if (away - x).abs() == half {
                (x * half).round() + (x * half).round()
            } else {
                away
            }
        })
    }

    /// x, but `nan` in place of NaN, and these numbers in place of the infinities: if not given, the largest and the
    /// smallest finite number.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// let x = tensor![f32::NAN, f32::INFINITY, -f32::INFINITY, 2.0];
    /// assert_eq!(x.nan_to_num(0.0, Some(9.0), None).to_vec(), [0.0, 9.0, f32::MIN, 2.0]);
    /// ```
    ///
    /// # Source
    ///
    /// `torch.nan_to_num`
    pub fn nan_to_num(&self, nan: T, posinf: Option<T>, neginf: Option<T>) -> Self {
        let posinf = posinf.unwrap_or(T::max_value());
        let neginf = neginf.unwrap_or(T::min_value());
        self.map(|x| {
            let beyond = if x > T::zero() { posinf } else { neginf };
            let y = if x.is_infinite() { beyond } else { x };
            if x.is_nan() { nan } else { y }
        })
    }

    /// `e^x - 1`, within 2 units in the last place, even near 0.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// assert_eq!(tensor![1e-10].expm1().to_vec(), [1e-10]); // exp() - 1 gives 0
    /// ```
    pub fn expm1(&self) -> Self {
        self.map(math::expm1)
    }

    /// `ln(1 + x)`, within 2 units in the last place, even near 0; -inf at -1, NaN below.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// assert_eq!(tensor![1e-10, -1.0].log1p().to_vec(), [1e-10, -f32::INFINITY]); // (1 + x).ln() gives 0
    /// ```
    pub fn log1p(&self) -> Self {
        self.map(math::log1p)
    }

    /// The inverse hyperbolic sine, within 3 units in the last place, even near 0.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// assert_eq!(tensor![1e-10, 3e38].asinh().to_vec(), [1e-10, 89.289_99]);
    /// ```
    pub fn asinh(&self) -> Self {
        self.map(math::asinh)
    }

    /// The inverse hyperbolic cosine, within 3 units in the last place, even near 1; NaN below.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// assert_eq!(tensor![1.0, 3e38].acosh().to_vec(), [0.0, 89.289_99]);
    /// ```
    pub fn acosh(&self) -> Self {
        self.map(math::acosh)
    }

    /// The inverse hyperbolic tangent, within 3 units in the last place, even near 0; infinite at 1 and -1, NaN
    /// beyond.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// assert_eq!(tensor![1e-10, -1.0].atanh().to_vec(), [1e-10, -f32::INFINITY]);
    /// ```
    pub fn atanh(&self) -> Self {
        self.map(math::atanh)
    }

    /// `1 / sqrt(x)`; infinite at 0, NaN below.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// assert_eq!(tensor![4.0, 0.0].rsqrt().to_vec(), [0.5, f32::INFINITY]);
    /// ```
    pub fn rsqrt(&self) -> Self {
        self.map(|x| T::of(1.0) / num_traits::Float::sqrt(x))
    }

    /// `x * x`.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// assert_eq!(tensor![-3.0, 0.5].square().to_vec(), [9.0, 0.25]);
    /// ```
    pub fn square(&self) -> Self {
        self.map(|x| x * x)
    }

    /// `1 / x`; infinite at 0, with the sign of the zero.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// assert_eq!(tensor![4.0, 0.0, -0.0].reciprocal().to_vec(), [0.25, f32::INFINITY, -f32::INFINITY]);
    /// ```
    pub fn reciprocal(&self) -> Self {
        self.map(|x| T::of(1.0) / x)
    }

    /// The error function `2 / sqrt(pi) * integral of e^(-t^2) from 0 to x`, within 2 units in the last place.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// assert_eq!(tensor![0.0, 10.0, -10.0].erf().to_vec(), [0.0, 1.0, -1.0]);
    /// ```
    pub fn erf(&self) -> Self {
        self.map(math::erf)
    }
}

#[cfg(test)]
mod tests {
    use crate::{Tensor, tensor};

    #[test]
    fn functions_give_known_values() {
        let x = tensor![f64; -1.0, 0.0, 0.5];
        assert_eq!(x.abs().to_vec(), [1.0, 0.0, 0.5]);
        assert_eq!(x.sign().to_vec(), [-1.0, 0.0, 1.0]);
        assert_eq!(x.floor().to_vec(), [-1.0, 0.0, 0.0]);
        assert_eq!(x.ceil().to_vec(), [-1.0, 0.0, 1.0]);
        let halves = tensor![f64; -1.5, -0.5, 2.5, f64::INFINITY];
        assert_eq!(halves.trunc().to_vec(), [-1.0, 0.0, 2.0, f64::INFINITY]);
        assert_eq!(x.square().to_vec(), [1.0, 0.0, 0.25]);
        assert_eq!(x.reciprocal().to_vec(), [-1.0, f64::INFINITY, 2.0]);
        assert_eq!(x.expm1().to_vec()[1..], [0.0, 0.5f64.exp_m1()]);
        assert_eq!(x.log1p().to_vec()[..2], [f64::NEG_INFINITY, 0.0]);
        assert_eq!(tensor![f64; 8.0].log2().to_vec(), [3.0]);
        assert_eq!(tensor![f64; 1000.0].log10().to_vec(), [3.0]);
        assert_eq!(
            tensor![f64; 4.0, 0.0].rsqrt().to_vec(),
            [0.5, f64::INFINITY]
        );
        assert_eq!(x.erf().to_vec()[1], 0.0);
        let pi = std::f64::consts::PI;
        assert_eq!(x.acos().to_vec()[..2], [pi, pi / 2.0]);
        assert_eq!(x.asin().to_vec()[..2], [-pi / 2.0, 0.0]);
        assert_eq!(x.atan().to_vec()[..2], [-pi / 4.0, 0.0]);
        assert_eq!(x.cos().to_vec()[1..], [1.0, 0.5f64.cos()]);
        assert_eq!(x.sin().to_vec()[1..], [0.0, 0.5f64.sin()]);
        assert_eq!(x.tan().to_vec()[1..], [0.0, 0.5f64.tan()]);
        assert_eq!(x.cosh().to_vec()[1], 1.0);
        assert_eq!(x.sinh().to_vec()[1..], [0.0, 0.5f64.sinh()]);
    }

    #[test]
    fn angles_give_the_same_beside_large_ones() -> crate::Result<()> {
        let x = Tensor::<f32>::normal(1000, 0.0, 1e3, &mut crate::rng(1))?;
        let far = tensor![1e7, -3e38, f32::INFINITY, f32::NAN];
        let all = Tensor::cat(&[&x, &far], 0)?;
        let wide = Tensor::stack(&[&x, &x], 1)?;
        let bits = |x: &Tensor| x.iter().map(f32::to_bits).collect::<Vec<_>>();
        for (f, exact) in [
            (
                Tensor::sin as fn(&Tensor) -> Tensor,
                f64::sin as fn(f64) -> f64,
            ),
            (Tensor::cos, f64::cos),
            (Tensor::tan, f64::tan),
        ] {
            let y = f(&x);
            assert!(bits(&f(&all)).starts_with(&bits(&y)));
            assert_eq!(bits(&f(&wide.select(1, 0)?)), bits(&y));
            assert!(y.cast::<f64>().allclose(&x.cast().map(exact), 1e-7, 0.0));
            let far = f(&far).to_vec();
            assert!((f64::from(far[1]) - exact(f64::from(-3e38f32))).abs() < 1e-6);
            assert!(far[2].is_nan() && far[3].is_nan());
        }
        Ok(())
    }

    #[test]
    fn angles_of_double_precision_give_the_same_beside_large_ones() -> crate::Result<()> {
        let x = Tensor::<f64>::normal(1000, 0.0, 1e5, &mut crate::rng(1))?;
        let all = Tensor::cat(&[&x, &tensor![f64; 1e300]], 0)?;
        for f in [
            Tensor::sin as fn(&Tensor<f64>) -> Tensor<f64>,
            Tensor::cos,
            Tensor::tan,
        ] {
            assert!(f(&all).to_vec().starts_with(&f(&x).to_vec()));
        }
        Ok(())
    }

    #[test]
    fn halves_go_to_the_even_number() {
        let x = tensor![-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 2.51, 0.499_999_97];
        assert_eq!(
            x.round().to_vec(),
            [-2.0, -2.0, 0.0, 0.0, 2.0, 2.0, 3.0, 0.0]
        );
        let odd = tensor![f32::NAN, f32::INFINITY, 1e30, 8_388_609.0];
        assert!(odd.round().to_vec()[0].is_nan());
        assert_eq!(
            odd.round().to_vec()[1..],
            [f32::INFINITY, 1e30, 8_388_609.0]
        );
    }

    #[test]
    fn a_sign_of_nan_is_0_and_of_minus_0_too() {
        assert_eq!(tensor![f32::NAN, -0.0].sign().to_vec(), [0.0, 0.0]);
        assert!(tensor![f32::NAN].abs().to_vec()[0].is_nan());
    }
}
