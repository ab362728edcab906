//! Gradients and gradients of gradients against finite differences, over random shapes, empty ones among them, and over
//! inputs that are views of one tensor.

use gradlet::{
    Order, Reduction, Result, Tensor, Var, gradcheck, gradgradcheck, huber_loss, l1_loss, rng,
};
use proptest::prelude::*;

type View = Box<dyn Fn(&Var<f64>) -> Result<Var<f64>>>;
type Unary = fn(&Var<f64>) -> Result<Var<f64>>;
type Binary = fn(&Var<f64>, &Var<f64>) -> Result<Var<f64>>;

/// Away from 0, from 1, and from where neighbours tie: no function here has a kink there.
fn spread(x: f64) -> f64 {
    x + 0.07f64.copysign(x)
}

fn make(shape: &[usize], seed: u64) -> Tensor<f64> {
    let x = Tensor::<f64>::normal(shape, 0.0, 1.0, &mut rng(seed));
    x.unwrap_or_else(|error| panic!("{error}")).map(spread)
}

fn shape() -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(0..4usize, 0..4)
}

/// Both checks of a function of one input, straight and through views of it.
fn check(name: &str, f: Unary, x: &Tensor<f64>) -> std::result::Result<(), TestCaseError> {
    let reversed: Vec<isize> = (0..x.rank() as isize).rev().collect();
    let views: [(&str, View); 3] = [
        ("plain", Box::new(|x| Ok(x.clone()))),
        ("reversed", Box::new(move |x| x.permute(&reversed))),
        (
            "repeated",
            Box::new(|x| {
                let shape = [&[2], x.shape()].concat();
                x.unsqueeze(0)?.broadcast_to(shape.as_slice())
            }),
        ),
    ];
    for (view, through) in views {
        let g = |x: &[Var<f64>]| f(&through(&x[0])?);
        let x = std::slice::from_ref(x);
        for outcome in [gradcheck(g, x), gradgradcheck(g, x)] {
            outcome.map_err(|error| TestCaseError::fail(format!("{name}, {view}: {error}")))?;
        }
    }
    Ok(())
}

/// Both checks of a function of two inputs, and of two views of one.
fn check_pair(
    name: &str,
    f: Binary,
    x: &Tensor<f64>,
    y: &Tensor<f64>,
) -> std::result::Result<(), TestCaseError> {
    let apart = |x: &[Var<f64>]| f(&x[0], &x[1]);
    let shared = |x: &[Var<f64>]| f(&x[0], &x[0].flip(&[])?.mul_scalar(0.9));
    let pair = [x.clone(), y.clone()];
    for (how, outcome) in [
        ("apart", gradcheck(apart, &pair)),
        ("apart", gradgradcheck(apart, &pair)),
        ("one storage", gradcheck(shared, &pair[..1])),
        ("one storage", gradgradcheck(shared, &pair[..1])),
    ] {
        outcome.map_err(|error| TestCaseError::fail(format!("{name}, {how}: {error}")))?;
    }
    Ok(())
}

const ELEMENTWISE: [(&str, Unary); 38] = [
    ("abs", |x| Ok(x.abs())),
    ("acos", |x| Ok(x.tanh().mul_scalar(0.9).acos())),
    ("asin", |x| Ok(x.tanh().mul_scalar(0.9).asin())),
    ("atan", |x| Ok(x.atan())),
    ("clamp", |x| Ok(x.clamp(Some(-0.05), Some(5.0)))),
    ("cos", |x| Ok(x.cos())),
    ("cosh", |x| Ok(x.cosh())),
    ("elu", |x| Ok(x.elu(0.7))),
    ("erf", |x| Ok(x.erf())),
    ("exp", |x| Ok(x.exp())),
    ("expm1", |x| Ok(x.expm1())),
    ("gelu", |x| Ok(x.gelu())),
    ("gelu_tanh", |x| Ok(x.gelu_tanh())),
    ("hardtanh", |x| Ok(x.hardtanh(-0.04, 6.0))),
    ("leaky_relu", |x| Ok(x.leaky_relu(0.1))),
    ("ln", |x| Ok(x.abs().ln())),
    ("log10", |x| Ok(x.abs().log10())),
    ("log1p", |x| Ok(x.abs().log1p())),
    ("log2", |x| Ok(x.abs().log2())),
    ("masked_fill", |x| {
        x.masked_fill(&x.tensor().map(|x| x > 0.5), 2.0)
    }),
    ("mish", |x| Ok(x.mish())),
    ("mul_scalar", |x| {
        Ok(x.mul_scalar(-1.5).add_scalar(0.5).div_scalar(3.0))
    }),
    ("neg", |x| Ok(x.neg())),
    ("powf", |x| Ok(x.abs().powf(1.7))),
    ("powi", |x| Ok(x.powi(3))),
    ("reciprocal", |x| Ok(x.reciprocal().mul_scalar(0.01))),
    ("relu", |x| Ok(x.relu())),
    ("rsqrt", |x| Ok(x.abs().add_scalar(0.5).rsqrt())),
    ("selu", |x| Ok(x.selu())),
    ("sigmoid", |x| Ok(x.sigmoid())),
    ("silu", |x| Ok(x.silu())),
    ("sin", |x| Ok(x.sin())),
    ("sinh", |x| Ok(x.sinh())),
    ("softplus", |x| Ok(x.softplus(1.0, 20.0))),
    ("sqrt", |x| Ok(x.abs().add_scalar(0.5).sqrt())),
    ("square", |x| Ok(x.square())),
    ("tan", |x| Ok(x.tanh().tan())),
    ("tanh", |x| Ok(x.tanh())),
];

const REDUCTIONS: [(&str, Unary); 14] = [
    ("sum", |x| x.sum(..)),
    ("sum of the last axis", |x| x.sum(-1)),
    ("mean", |x| x.square().mean(-1)),
    ("prod", |x| x.prod(..)),
    ("prod of the last axis", |x| x.prod(-1)),
    ("logsumexp", |x| x.logsumexp(-1)),
    ("norm", |x| x.norm(2.0, -1)),
    ("norm 3", |x| x.norm(3.0, ..)),
    ("softmax", |x| x.softmax(-1)),
    ("log_softmax", |x| x.log_softmax(0)),
    ("cumsum", |x| x.cumsum(-1)),
    ("flatten", |x| Ok(x.flatten().square())),
    ("sort", |x| Ok(x.square().sort(-1, Order::Descending)?.0)),
    ("roll", |x| Ok(x.roll_flat(3).square())),
];

const PAIRS: [(&str, Binary); 10] = [
    ("add", |x, y| x.add(y)?.add(&x.square())),
    ("sub", |x, y| x.sub(&y.square())),
    ("mul", Var::mul),
    ("div", |x, y| x.div(&y.square().add_scalar(0.5))),
    ("pow", |x, y| x.abs().add_scalar(0.5).pow(y)),
    ("maximum", Var::maximum),
    ("minimum", |x, y| x.square().minimum(&y.square())),
    ("where_cond", |x, y| {
        Var::where_cond(&x.tensor().map(|x| x > 0.0), x, &y.square())
    }),
    ("l1_loss", |x, y| l1_loss(x, y, Reduction::Sum)),
    ("huber_loss", |x, y| {
        huber_loss(x, y, 0.013, Reduction::None)
    }),
];

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn elementwise_gradients_hold_for_any_shape(shape in shape(), seed in any::<u64>()) {
        let x = make(&shape, seed);
        for (name, f) in ELEMENTWISE {
            check(name, f, &x)?;
        }
    }

    #[test]
    fn reduced_gradients_hold_for_any_shape(shape in shape(), seed in any::<u64>()) {
        let x = make(&shape, seed);
        for (name, f) in REDUCTIONS {
            check(name, f, &x)?;
        }
    }

    #[test]
    fn gradients_of_pairs_hold_for_any_shape(shape in shape(), seed in any::<u64>()) {
        let (x, y) = (make(&shape, seed), make(&shape, seed ^ 1));
        for (name, f) in PAIRS {
            check_pair(name, f, &x, &y)?;
        }
    }

    #[test]
    fn gradients_of_products_hold_for_any_shape([b, m, k, n] in [0..3usize, 0..3, 0..3, 0..3], seed in any::<u64>()) {
        let (x, y) = (make(&[b, m, k], seed), make(&[b, k, n], seed ^ 1));
        let products: [(&str, Binary); 3] = [
            ("matmul", Var::matmul),
            ("matmul transposed", |x, y| y.transpose(1, 2)?.matmul(&x.transpose(1, 2)?)),
            ("einsum", |x, y| gradlet::autograd::einsum("bij,bjk->kbi", &[x, y])),
        ];
        for (name, f) in products {
            let f = |x: &[Var<f64>]| f(&x[0], &x[1]);
            for outcome in [gradcheck(f, &[x.clone(), y.clone()]), gradgradcheck(f, &[x.clone(), y.clone()])] {
                outcome.map_err(|error| TestCaseError::fail(format!("{name}: {error}")))?;
            }
        }
        let square = |x: &[Var<f64>]| x[0].matmul(&x[0].transpose(1, 2)?);
        for outcome in [gradcheck(square, std::slice::from_ref(&x)), gradgradcheck(square, std::slice::from_ref(&x))] {
            outcome.map_err(|error| TestCaseError::fail(format!("a product with itself: {error}")))?;
        }
    }
}

#[test]
fn spread_keeps_its_distance_from_0() {
    assert!(
        [-1e-9, 0.0, 1e-9]
            .map(spread)
            .iter()
            .all(|x| x.abs() >= 0.07)
    );
}
