//! `step` needs the model for itself: nothing may still be reading its weights.

use gradlet::prelude::*;

fn main() -> Result<()> {
    let mut model = Linear::new(2, 1, &mut gradlet::rng(0))?;
    let grads = model
        .forward(&Var::constant(tensor![[1.0, 2.0]]))?
        .sum(..)?
        .backward()?;
    let weights = model.named_parameters();
    Sgd::new(0.1).step(&mut model, &grads)?;
    println!("{}", weights.len());
    Ok(())
}
