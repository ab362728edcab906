//! The largest error of each function over all 2^32 f32, in units in the last place:
//! `cargo run --release -p gradlet-tensor --example accuracy -- [NAME ..] [N]`. With a number N it looks at one in N blocks
//! of 2^14 neighbours.
//!
//! The exact values are from the standard library's function in f64, or from gradlet's own, whose tests compare it with
//! slower and more exact ones. The exit code is 1 if an error is above its limit, and 2 if a name is unknown.

#![allow(
    clippy::disallowed_methods,
    reason = "the functions are compared with the system's"
)]

#[path = "../src/kernel/math/ulp.rs"]
mod ulp;

use std::process::ExitCode;
use std::time::Instant;

use gradlet_tensor::{Float, Result, Tensor, math, threads};

struct Function {
    name: &'static str,
    /// The largest error allowed, in units in the last place.
    limit: f64,
    f: fn(&Tensor) -> Tensor,
    exact: fn(&Tensor<f64>) -> Tensor<f64>,
}

const FUNCTIONS: [Function; 22] = [
    Function {
        name: "exp",
        limit: 2.0,
        f: Tensor::exp,
        exact: |x| x.map(f64::exp),
    },
    Function {
        name: "ln",
        limit: 2.0,
        f: Tensor::ln,
        exact: |x| x.map(f64::ln),
    },
    Function {
        name: "tanh",
        limit: 2.0,
        f: Tensor::tanh,
        exact: |x| x.map(f64::tanh),
    },
    Function {
        name: "sigmoid",
        limit: 2.0,
        f: Tensor::sigmoid,
        exact: |x| x.map(|x| 1.0 / (1.0 + (-x).exp())),
    },
    Function {
        name: "erf",
        limit: 4.0,
        f: Tensor::erf,
        exact: Tensor::erf,
    },
    Function {
        name: "gelu",
        limit: 4.0,
        f: gelu,
        exact: gelu,
    },
    Function {
        name: "gelu_tanh",
        limit: 4.0,
        f: gelu_tanh,
        exact: gelu_tanh,
    },
    Function {
        name: "silu",
        limit: 4.0,
        f: silu,
        exact: silu,
    },
    Function {
        name: "expm1",
        limit: 2.0,
        f: Tensor::expm1,
        exact: |x| x.map(f64::exp_m1),
    },
    Function {
        name: "log1p",
        limit: 2.0,
        f: Tensor::log1p,
        exact: |x| x.map(f64::ln_1p),
    },
    Function {
        name: "sin",
        limit: 1.0,
        f: Tensor::sin,
        exact: |x| x.map(f64::sin),
    },
    Function {
        name: "cos",
        limit: 1.0,
        f: Tensor::cos,
        exact: |x| x.map(f64::cos),
    },
    Function {
        name: "tan",
        limit: 1.0,
        f: Tensor::tan,
        exact: |x| x.map(f64::tan),
    },
    Function {
        name: "log2",
        limit: 1.0,
        f: Tensor::log2,
        exact: |x| x.map(f64::log2),
    },
    Function {
        name: "log10",
        limit: 1.0,
        f: Tensor::log10,
        exact: |x| x.map(f64::log10),
    },
    Function {
        name: "asin",
        limit: 1.0,
        f: Tensor::asin,
        exact: |x| x.map(f64::asin),
    },
    Function {
        name: "acos",
        limit: 1.0,
        f: Tensor::acos,
        exact: |x| x.map(f64::acos),
    },
    Function {
        name: "atan",
        limit: 1.0,
        f: Tensor::atan,
        exact: |x| x.map(f64::atan),
    },
    Function {
        name: "sinh",
        limit: 1.0,
        f: Tensor::sinh,
        exact: |x| x.map(f64::sinh),
    },
    Function {
        name: "cosh",
        limit: 1.0,
        f: Tensor::cosh,
        exact: |x| x.map(f64::cosh),
    },
    Function {
        name: "x^1.7",
        limit: 1.0,
        f: |x| x.powf(1.7),
        exact: |x| x.map(|x| x.powf(f64::from(1.7f32))),
    },
    Function {
        name: "1.7^x",
        limit: 1.0,
        f: |x| x.map(|x| math::pow(1.7, x)),
        exact: |x| x.map(|x| f64::from(1.7f32).powf(x)),
    },
];

// These are generic because the trait of the methods has no public name, but is part of `Float`.
fn gelu<T: Float>(x: &Tensor<T>) -> Tensor<T> {
    x.map(math::gelu)
}

fn gelu_tanh<T: Float>(x: &Tensor<T>) -> Tensor<T> {
    x.map(math::gelu_tanh)
}

fn silu<T: Float>(x: &Tensor<T>) -> Tensor<T> {
    x.map(math::silu)
}

/// The number of f32 in a block, and the number of blocks of all f32.
const BLOCK: u32 = 1 << 14;
const BLOCKS: u32 = 1 << 18;

/// The largest error, and where it is.
type Worst = (f64, f32);

fn larger(a: Worst, b: Worst) -> Worst {
    if b.0 > a.0 { b } else { a }
}

/// The largest error over the f32 whose bits begin with the block's number.
fn worst_of_block(function: &Function, block: u32) -> Result<Worst> {
    let x = Tensor::<f32>::from_fn(BLOCK as usize, |i| f32::from_bits(block * BLOCK + i as u32))?;
    let errors = (function.f)(&x).zip(&(function.exact)(&x.map(f64::from)), ulp::error_f32)?;
    let errors = errors.to_vec().into_iter().zip(x.to_vec());
    Ok(errors.fold((0.0, 0.0), larger))
}

/// The largest error over one in `every` blocks, which `count` threads take in turn.
fn worst_of_all(function: &Function, every: u32, count: u32) -> Result<Worst> {
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..count)
            .map(|first| {
                scope.spawn(move || {
                    (first * every..BLOCKS)
                        .step_by((count * every) as usize)
                        .try_fold((0.0, 0.0), |worst, block| {
                            Ok(larger(worst, worst_of_block(function, block)?))
                        })
                })
            })
            .collect();
        threads.into_iter().try_fold((0.0, 0.0), |worst, thread| {
            let found = thread
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
            Ok(larger(worst, found))
        })
    })
}

fn main() -> Result<ExitCode> {
    let (numbers, names): (Vec<_>, Vec<_>) = std::env::args()
        .skip(1)
        .partition(|name| name.parse::<u32>().is_ok());
    let every = numbers
        .iter()
        .find_map(|n| n.parse().ok())
        .unwrap_or(1)
        .clamp(1, BLOCKS);
    let known = |name: &&String| FUNCTIONS.iter().any(|function| function.name == *name);
    if let Some(name) = names.iter().find(|name| !known(name)) {
        let all = FUNCTIONS.map(|function| function.name).join(", ");
        eprintln!("no function {name}; the functions are {all}");
        return Ok(ExitCode::from(2));
    }
    let count = threads::count() as u32;
    let mut code = ExitCode::SUCCESS;
    println!("function      inputs  largest error (limit)  at              seconds");
    for function in &FUNCTIONS {
        if !names.is_empty() && !names.iter().any(|name| name == function.name) {
            continue;
        }
        let start = Instant::now();
        let (worst, x) = worst_of_all(function, every, count)?;
        if worst > function.limit {
            code = ExitCode::FAILURE;
        }
        println!(
            "{:9} {:10}  {worst:9.3} ulp ({:3.1})    {x:14e}  {:7.0}",
            function.name,
            u64::from(BLOCK) * u64::from(BLOCKS.div_ceil(every)),
            function.limit,
            start.elapsed().as_secs_f64(),
        );
    }
    Ok(code)
}
