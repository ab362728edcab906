//! `Math`: the functions by element type.

/// The functions of this folder for whichever float a loop is over; the underscore keeps them apart from `num_traits::Float`'s.
pub trait Math: Sized {
    /// e^x
    fn exp_(self) -> Self;
    /// The natural logarithm.
    fn ln_(self) -> Self;
    /// The hyperbolic tangent.
    fn tanh_(self) -> Self;
    /// 1 / (1 + e^-x)
    fn sigmoid_(self) -> Self;
    /// The error function.
    fn erf_(self) -> Self;
}

macro_rules! math {
    ($($t:ty: $exp:path, $ln:path, $tanh:path, $sigmoid:path, $erf:path;)*) => {$(
        impl Math for $t {
            #[inline(always)]
            fn exp_(self) -> Self { $exp(self) }
            #[inline(always)]
            fn ln_(self) -> Self { $ln(self) }
            #[inline(always)]
            fn tanh_(self) -> Self { $tanh(self) }
            #[inline(always)]
            fn sigmoid_(self) -> Self { $sigmoid(self) }
            #[inline(always)]
            fn erf_(self) -> Self { $erf(self) }
        }
    )*};
}

math! {
    f32: super::exp::exp_f32, super::ln::ln_f32, super::tanh::tanh_f32, super::tanh::sigmoid_f32, super::erf::erf_f32;
    f64: super::exp::exp_f64, super::ln::ln_f64, super::tanh::tanh_f64, super::tanh::sigmoid_f64, super::erf::erf_f64;
}
