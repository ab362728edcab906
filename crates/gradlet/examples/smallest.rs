//! The smallest whole program: a net for digits, trained on random ones. What `docs/performance.md` builds and weighs.

use gradlet::prelude::*;

fn main() -> Result<()> {
    let mut rng = gradlet::rng(42);
    let mut model = sequential![
        Linear::new(64, 128, &mut rng)?,
        Relu::new(),
        Dropout::new(0.5, &mut rng)?,
        Linear::new(128, 10, &mut rng)?,
    ];
    let images = Tensor::<f32>::uniform([1024, 64], 0.0, 1.0, &mut rng)?;
    let labels = Tensor::<i64>::from_fn(1024, |i| i as i64 % 10)?;
    let data = Dataset::new(images, labels)?;
    let mut optimizer = Sgd::new(0.01);
    for _epoch in 0..10 {
        for (x, labels) in data.batches(32).shuffled(&mut rng) {
            let loss = cross_entropy(&model.forward(&x)?, &labels)?;
            optimizer.step(&mut model, &loss.backward()?)?;
        }
    }
    model.eval();
    println!("{}", model.summary());
    Ok(())
}
