//! Functions of single numbers, with their gradients, at numbers of every size and at special ones, in both types.

use gradlet::Float;
use gradlet::prelude::*;

use super::digest::{Digest, Digests};

type One<T> = fn(&Var<T>) -> Var<T>;
type Two<T> = fn(&Var<T>, &Var<T>) -> Result<Var<T>>;

fn of_one<T: Float>() -> Vec<(&'static str, One<T>)> {
    vec![
        ("exp", Var::exp),
        ("expm1", Var::expm1),
        ("ln", Var::ln),
        ("log1p", Var::log1p),
        ("log2", Var::log2),
        ("log10", Var::log10),
        ("sqrt", Var::sqrt),
        ("rsqrt", Var::rsqrt),
        ("sin", Var::sin),
        ("cos", Var::cos),
        ("tan", Var::tan),
        ("asin", Var::asin),
        ("acos", Var::acos),
        ("atan", Var::atan),
        ("sinh", Var::sinh),
        ("cosh", Var::cosh),
        ("tanh", Var::tanh),
        ("asinh", Var::asinh),
        ("acosh", Var::acosh),
        ("atanh", Var::atanh),
        ("sigmoid", Var::sigmoid),
        ("log_sigmoid", Var::log_sigmoid),
        ("erf", Var::erf),
        ("gelu", Var::gelu),
        ("gelu_tanh", Var::gelu_tanh),
        ("silu", Var::silu),
        ("mish", Var::mish),
        ("selu", Var::selu),
        ("softplus", |x| x.softplus(T::one(), T::of(20.0))),
        ("powi 7", |x| x.powi(7)),
        ("powi -3", |x| x.powi(-3)),
        ("powf 0.3", |x| x.powf(T::of(0.3))),
        ("round", Var::round),
    ]
}

fn of_two<T: Float>() -> Vec<(&'static str, Two<T>)> {
    vec![
        ("pow", |x, y| x.abs().pow(y)),
        ("atan2", Var::atan2),
        ("hypot", Var::hypot),
        ("remainder", Var::remainder),
        ("fmod", Var::fmod),
        ("div", Var::div),
        ("maximum", Var::maximum),
    ]
}

/// Numbers of every size and both signs, usual ones, and special ones.
fn numbers<T: Float>(seed: u64) -> Result<Tensor<T>> {
    let mut rng = gradlet::rng(seed);
    let bits = Tensor::<i64>::random_integers(3000, .., &mut rng)?;
    let any = bits.to_vec().into_iter().map(|bits| {
        // The exponents of f32, of which some are subnormal there, and those of f64.
        let x = f64::from_bits(bits.cast_unsigned());
        if bits % 2 == 0 {
            x
        } else {
            f64::from(f32::from_bits(bits as u32))
        }
    });
    let usual = Tensor::<f64>::uniform(3000, -8.0, 8.0, &mut rng)?.to_vec();
    let near_one = Tensor::<f64>::uniform(1000, -1.0, 1.0, &mut rng)?.to_vec();
    let special = [
        0.0,
        1.0,
        0.5,
        2.0,
        1e6,
        1e22,
        3e38,
        1e308,
        f64::INFINITY,
        f64::NAN,
    ];
    let special = special.into_iter().flat_map(|x| [x, -x]);
    let all = any.chain(usual).chain(near_one).chain(special);
    Tensor::from_slice(all.map(T::of).collect::<Vec<T>>(), 7020)
}

/// The digest of values and gradients.
fn digest<T: Float>(y: Var<T>, inputs: &[&Var<T>]) -> Result<u64> {
    let mut digest = Digest::default();
    digest.tensor(&y.tensor().cast());
    let grads = y.sum(..)?.backward()?;
    for x in inputs {
        if let Some(dx) = grads.wrt(x) {
            digest.tensor(&dx.cast());
        }
    }
    Ok(digest.finish())
}

fn both<T: Float>(kind: &str, digests: &mut Digests) -> Result<()> {
    let [x, y] = [numbers(1)?, numbers(2)?].map(Var::<T>::leaf);
    for (name, f) in of_one() {
        digests.insert(format!("function {kind} {name}"), digest(f(&x), &[&x])?);
    }
    for (name, f) in of_two() {
        digests.insert(
            format!("function {kind} {name}"),
            digest(f(&x, &y)?, &[&x, &y])?,
        );
    }
    Ok(())
}

pub(crate) fn all() -> Result<Digests> {
    let mut digests = Digests::new();
    both::<f32>("f32", &mut digests)?;
    both::<f64>("f64", &mut digests)?;
    Ok(digests)
}
