//! An operation of your own, in your own crate: its value, its gradient, and the checks that find a wrong gradient.
//!
//! ```sh
//! cargo run --release --example custom_op
//! ```

use gradlet::op::{Inputs, One, Op};
use gradlet::prelude::*;
use gradlet::{CreateGraph, Float, grad, gradcheck, gradgradcheck};

/// y = (x + sqrt(x^2 + b)) / 2, a smooth rectifier for b > 0 (Barron, "Squareplus", 2021)
#[derive(Debug)]
struct Squareplus {
    b: f64,
    /// 1, or a different number as a mistake that the checks must find.
    mistake: f64,
}

/// For `f32` and `f64`. `One`: it has one input. `Inputs`: only that input is kept for backward.
impl<T: Float> Op<T> for Squareplus {
    type Arity = One;
    type Saves = Inputs;

    /// The value, on tensors: one pass over the elements.
    fn forward(&self, x: &Tensor<T>) -> Result<Tensor<T>> {
        let (b, half) = (T::of(self.b), T::of(0.5));
        Ok(x.map(|x| half * (x + (x * x + b).sqrt())))
    }

    /// dx = g (1 + x / sqrt(x^2 + b)) / 2, on Vars, so that it can be differentiated again
    fn backward(&self, g: Var<T>, x: Var<T>) -> Result<Var<T>> {
        let root = (x.powi(2) + T::of(self.b)).sqrt();
        Ok(g * (x / root + T::of(1.0)) * T::of(0.5 * self.mistake))
    }
}

fn squareplus<T: Float>(x: &Var<T>, b: f64) -> Result<Var<T>> {
    Squareplus { b, mistake: 1.0 }.apply(x)
}

fn main() -> Result<()> {
    println!("y = (x + sqrt(x^2 + 4)) / 2, by an operation of our own\n");
    println!("{:>6}{:>10}{:>10}{:>10}", "x", "y", "dy/dx", "d2y/dx2");
    let x = Var::leaf(tensor![f64; -3.0, -1.0, 0.0, 1.0, 3.0]);
    let y = squareplus(&x, 4.0)?;
    let first = grad(&y.sum(..)?, &[&x], CreateGraph::Yes)?;
    let second = grad(&first[0].sum(..)?, &[&x], CreateGraph::No)?;
    let columns = [&x, &y, &first[0], &second[0]].map(Var::to_vec);
    for i in 0..x.len() {
        println!(
            "{:>6.1}{:>10.4}{:>10.4}{:>10.4}",
            columns[0][i], columns[1][i], columns[2][i], columns[3][i]
        );
    }
    println!(
        "\nThe last column needed no formula: backward is made of Vars, so it has a gradient too.\n"
    );

    let at = [x.tensor().clone()];
    gradcheck(|x| squareplus(&x[0], 4.0), &at)?;
    gradgradcheck(|x| squareplus(&x[0], 4.0), &at)?;
    println!("gradcheck and gradgradcheck agree with finite differences.");
    let (b, mistake) = (4.0, 1.01);
    let wrong = gradcheck(|x| Squareplus { b, mistake }.apply(&x[0]), &at);
    match wrong {
        Ok(()) => println!("A gradient that is 1 % too large was not found: that is a bug."),
        Err(error) => println!("A gradient that is 1 % too large is found:\n  {error}"),
    }

    println!("\nThe recorded operations, and the bytes that each keeps until backward:");
    for node in squareplus(&(&x * 2.0), 4.0)?.graph().nodes {
        let (op, bytes) = (&node.op, node.saved_bytes());
        println!("  {op:12} keeps {bytes:2} bytes");
    }
    Ok(())
}
