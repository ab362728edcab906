//! Slopes in f32 against those in f64 at the same numbers, from the smallest subnormal to the largest finite one.

use gradlet::{Element, Float, Result, Tensor, Var};

/// A function's text, and the function in both types.
type Function = (
    &'static str,
    fn(&Var<f32>) -> Result<Var<f32>>,
    fn(&Var<f64>) -> Result<Var<f64>>,
);

macro_rules! functions {
    ($x:ident: $($f:expr),* $(,)?) => {
        [$((stringify!($f), |$x| Ok($f), |$x| Ok($f))),*]
    };
}

const FUNCTIONS: [Function; 94] = functions!(
    x: x.abs(), x.acos(), x.add(x)?, x.add_scalar(1.0), x.asin(), x.atan(), x.cast::<f32>().cast(),
    x.clamp(Some(-1.0), None), x.cos(),
    x.cosh(), of(x, 3.0).div(x)?, of(x, 0.0).div(x)?, of(x, 1e-30).div(x)?, of(x, 1e-40).div(x)?, x.div(&of(x, 3.0))?,
    x.div(&of(x, 1e30))?, x.div_scalar(3.0), x.elu(1.0), x.erf(), x.exp(), x.expm1(), x.gelu(), x.gelu_tanh(),
    x.hardtanh(-1.0, 1.0), x.relu6(), x.celu(0.5), Var::cat(&[x, &of(x, 1.0)], 0)?.glu(0)?, x.hardshrink(0.5), x.hardsigmoid(), x.hardswish(),
    x.log_sigmoid(), x.prelu(&Var::constant(Tensor::full_of(1, Float::of(0.25))?))?, x.softshrink(0.5), x.tanhshrink(),
    x.threshold(0.5, 2.0), x.leaky_relu(0.25), x.ln(), x.log10(), x.log1p(), x.log2(),
    x.masked_fill(&x.tensor().map(|x| x < Float::of(0.0)), 1.0)?, x.maximum(&of(x, 1.0))?, x.minimum(&of(x, 1.0))?,
    x.mish(), x.mul(x)?, x.mul_scalar(3.0), x.neg(), of(x, 0.0).pow(x)?, of(x, 1e-40).pow(x)?, of(x, 2.0).pow(x)?,
    x.pow(&of(x, -1.0))?, x.pow(&of(x, 0.0))?, x.pow(&of(x, 0.5))?, x.pow(&of(x, 1.0))?, x.pow(&of(x, 2.0))?,
    x.powf(-1.0), x.powf(-0.5), x.powf(0.0), x.powf(0.5), x.powf(1.0), x.powf(2.0), x.powf(3.0), x.powi(-2),
    x.powi(-1), x.powi(0), x.powi(1), x.powi(2), x.powi(3), x.reciprocal(), x.relu(), x.rsqrt(), x.selu(), x.sigmoid(),
    x.silu(), x.sin(), x.sinh(), x.softplus(1.0, 20.0), x.softsign(), x.sqrt(), x.square(), x.sub(&x.square())?,
    x.acosh(), x.asinh(), x.atanh(), x.atan2(&of(x, 3.0))?, of(x, 3.0).atan2(x)?, x.hypot(&of(x, 3.0))?, x.round(),
    x.remainder(&of(x, 3.0))?, x.nan_to_num(0.0, None, None), x.hypot(&of(x, 1e-30))?,
    x.tan(), x.tanh(), Var::where_cond(&x.tensor().map(|x| x < Float::of(0.0)), x, &x.neg())?,
);

/// A constant of the shape of x.
fn of<T: Float>(x: &Var<T>, value: f64) -> Var<T> {
    // Both types get the number that f32 has.
    Var::constant(x.tensor().map(|_| T::of(f64::from(value as f32))))
}

/// Both signs of zero, of powers of ten, of numbers between them, and of the limits of f32.
fn points() -> Vec<f32> {
    let powers = (-45..=38).map(|power| 10f64.powi(power) as f32);
    let others = [
        0.0,
        f32::MIN_POSITIVE,
        f32::MIN_POSITIVE / 4.0,
        0.5,
        1.0 - f32::EPSILON,
        1.5,
        3.0,
        20.0,
        88.0,
        f32::MAX,
    ];
    powers.chain(others).flat_map(|x| [x, -x]).collect()
}

fn slopes<T: Float>(x: &[f32], f: fn(&Var<T>) -> Result<Var<T>>) -> Result<Vec<f64>> {
    let x = Var::leaf(Tensor::from_slice(x, x.len())?.cast::<T>());
    let grads = f(&x)?.sum(..)?.backward()?;
    let slopes = grads
        .wrt(&x)
        .map(|dx| dx.iter().map(Element::to_f64).collect());
    Ok(slopes.unwrap_or_default())
}

#[test]
fn every_elementwise_operation_has_its_slope_compared() {
    let folder = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../crates/gradlet-autograd/src/ops/elementwise"
    );
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let op = path.file_stem().unwrap().to_str().unwrap();
        let is_op = |(name, ..): &Function| name.split(['.', ':', '(']).any(|word| word == op);
        let compared = FUNCTIONS.iter().any(is_op);
        assert!(op == "mod" || compared, "{op}");
    }
}

#[test]
fn slopes_of_floats_are_those_of_doubles() -> Result<()> {
    let points = points();
    let mut faults = Vec::new();
    for (name, narrow, wide) in FUNCTIONS {
        let (found, expected) = (slopes(&points, narrow)?, slopes(&points, wide)?);
        assert_eq!([found.len(), expected.len()], [points.len(); 2], "{name}");
        // The slope is a distance of the rounded output, which is about 1, from 1 or -1.
        let of_output = ["x.expm1()", "x.sigmoid()", "x.tanh()"].contains(&name);
        for ((x, found), expected) in points.iter().zip(found).zip(expected) {
            let representable = expected.abs() <= f64::from(f32::MAX);
            // At most 16 steps, each off by one epsilon at most; subnormal numbers have fewer digits.
            let scale = expected.abs() + if of_output { 1.0 } else { 0.0 };
            let bound = 16.0 * f64::from(f32::EPSILON) * scale + f64::from(f32::MIN_POSITIVE);
            let near = (found - expected).abs() <= bound;
            if representable && !near {
                faults.push(format!("{name} at {x:e}: {found:e}, not {expected:e}"));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    Ok(())
}
