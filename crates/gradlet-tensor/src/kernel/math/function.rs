//! `Math`: the functions for each element type.

/// The functions that [`crate::math`] documents, for each element type; the underscore sets their names apart from
/// those of `num_traits::Float`.
pub trait Math: Sized {
    fn exp_(self) -> Self;
    fn expm1_(self) -> Self;
    fn ln_(self) -> Self;
    fn log1p_(self) -> Self;
    fn tanh_(self) -> Self;
    fn asinh_(self) -> Self;
    fn acosh_(self) -> Self;
    fn atanh_(self) -> Self;
    fn sigmoid_(self) -> Self;
    fn erf_(self) -> Self;
    fn gelu_(self) -> Self;
    fn gelu_slope_(self) -> Self;
    fn gelu_tanh_(self) -> Self;
    fn silu_(self) -> Self;
    fn log2_(self) -> Self;
    fn log10_(self) -> Self;
    fn sin_(self) -> Self;
    fn cos_(self) -> Self;
    fn tan_(self) -> Self;
    fn asin_(self) -> Self;
    fn acos_(self) -> Self;
    fn atan_(self) -> Self;
    fn sinh_(self) -> Self;
    fn cosh_(self) -> Self;
    fn pow_(self, exponent: Self) -> Self;
    fn powi_(self, exponent: i32) -> Self;
    fn atan2_(self, x: Self) -> Self;
    fn hypot_(self, other: Self) -> Self;
    /// The remainder of the quotient rounded toward 0, and whether it is right.
    #[doc(hidden)]
    fn rest_(self, divisor: Self) -> (Self, bool);

    /// e^x of a distance below the largest of several numbers; 0 where it is lost beside 1.
    #[doc(hidden)]
    fn exp_beside_1_(self) -> Self;
    /// The largest absolute value for which the functions below are correct: the same bits without a branch.
    #[doc(hidden)]
    const NEAR: Self;
    /// The sine of a near number.
    #[doc(hidden)]
    fn near_sin_(self) -> Self;
    /// The cosine of a near number.
    #[doc(hidden)]
    fn near_cos_(self) -> Self;
    /// The tangent of a near number.
    #[doc(hidden)]
    fn near_tan_(self) -> Self;
}

macro_rules! math {
    ($($t:ty, NEAR = $near:path, $atan2:path, $hypot:path, $pow:path, $rest:path: $($method:ident = $function:path),*;)*) => {$(
        impl Math for $t {
            const NEAR: Self = $near;
            #[inline(always)]
            fn atan2_(self, x: Self) -> Self { $atan2(self, x) }
            #[inline(always)]
            fn hypot_(self, other: Self) -> Self { $hypot(self, other) }
            #[inline(always)]
            fn pow_(self, exponent: Self) -> Self { $pow(self, exponent) }
            #[inline(always)]
            fn powi_(self, exponent: i32) -> Self { super::pow::powi(self, exponent) }
            #[inline(always)]
            fn atan_(self) -> Self { $atan2(self, 1.0) }
            #[inline(always)]
            fn rest_(self, divisor: Self) -> (Self, bool) { $rest(self, divisor) }
            $(
                #[inline(always)]
                fn $method(self) -> Self { $function(self) }
            )*
        }
    )*};
}

math! {
    f32, NEAR = super::trig::NEAR_F32, super::atan2::atan2_f32, super::hypot::hypot_f32,
        super::pow::pow_f32, super::rest::rest_f32:
        exp_ = super::exp::exp_f32,
        exp_beside_1_ = super::exp::exp_beside_1_f32,
        expm1_ = super::exp::expm1_f32,
        ln_ = super::ln::ln_f32,
        log1p_ = super::ln::log1p_f32,
        tanh_ = super::tanh::tanh_f32,
        asinh_ = super::hyperbolic::asinh,
        acosh_ = super::hyperbolic::acosh,
        atanh_ = super::hyperbolic::atanh,
        sigmoid_ = super::tanh::sigmoid_f32,
        erf_ = super::erf::erf_f32,
        gelu_ = super::gelu::gelu_f32,
        gelu_slope_ = super::gelu::gelu_slope_f32,
        gelu_tanh_ = super::silu::gelu_tanh_f32,
        silu_ = super::silu::silu_f32,
        log2_ = super::log::log2_f32,
        log10_ = super::log::log10_f32,
        sin_ = super::trig::sin_f32,
        cos_ = super::trig::cos_f32,
        tan_ = super::trig::tan_f32,
        asin_ = super::arc::asin_f32,
        acos_ = super::arc::acos_f32,
        sinh_ = super::sinh::sinh_f32,
        cosh_ = super::sinh::cosh_f32,
        near_sin_ = super::trig::near_sin_f32,
        near_cos_ = super::trig::near_cos_f32,
        near_tan_ = super::trig::near_tan_f32;
    f64, NEAR = super::trig_f64::NEAR_F64, super::atan2::atan2_f64, super::hypot::hypot_f64,
        super::pow::pow_f64, super::rest::rest_f64:
        exp_ = super::exp::exp_f64,
        exp_beside_1_ = super::exp::exp_beside_1_f64,
        expm1_ = super::exp::expm1_f64,
        ln_ = super::ln::ln_f64,
        log1p_ = super::ln::log1p_f64,
        tanh_ = super::tanh::tanh_f64,
        asinh_ = super::hyperbolic::asinh,
        acosh_ = super::hyperbolic::acosh,
        atanh_ = super::hyperbolic::atanh,
        sigmoid_ = super::tanh::sigmoid_f64,
        erf_ = super::erf::erf_f64,
        gelu_ = super::gelu::gelu_f64,
        gelu_slope_ = super::gelu::gelu_slope_f64,
        gelu_tanh_ = super::silu::gelu_tanh_f64,
        silu_ = super::silu::silu_f64,
        log2_ = super::log::log2_f64,
        log10_ = super::log::log10_f64,
        sin_ = super::trig_f64::sin_f64,
        cos_ = super::trig_f64::cos_f64,
        tan_ = super::trig_f64::tan_f64,
        asin_ = super::arc::asin_f64,
        acos_ = super::arc::acos_f64,
        sinh_ = super::sinh::sinh_f64,
        cosh_ = super::sinh::cosh_f64,
        near_sin_ = super::trig_f64::near_sin_f64,
        near_cos_ = super::trig_f64::near_cos_f64,
        near_tan_ = super::trig_f64::near_tan_f64;
}
