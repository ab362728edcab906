//! A chain of layers can be cloned, so each layer can.

use gradlet::prelude::*;

#[derive(Module)]
struct Bias {
    bias: Parameter,
}

impl Forward for Bias {
    fn forward(&self, x: &Var) -> Result<Var> {
        Ok(x + &self.bias.leaf())
    }
}

fn main() -> Result<()> {
    let bias = Bias { bias: Parameter::new(tensor![1.0]) };
    println!("{}", sequential![bias, Relu::new()]);
    Ok(())
}
