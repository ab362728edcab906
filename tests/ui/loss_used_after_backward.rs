//! `backward` takes the loss: its graph is gone afterwards.

use gradlet::prelude::*;

fn main() -> Result<()> {
    let x = Var::leaf(tensor![1.0, 2.0]);
    let loss = x.sum(..)?;
    let grads = loss.backward()?;
    println!("{:?} {}", grads.wrt(&x), loss.item()?);
    Ok(())
}
