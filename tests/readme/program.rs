use gradlet::io::{self, Checkpoints};
use gradlet::prelude::*;
use gradlet::trainer::Trainer;

#[derive(Module)]
struct TwoLayer {
    hidden: Linear,
    dropout: Dropout,
    output: Linear,
}

impl Forward for TwoLayer {
    fn forward(&self, x: &Var) -> Result<Var> {
        let h = self.hidden.forward(x)?.relu();
        self.output.forward(&self.dropout.forward(&h)?)
    }
}

fn main() -> Result<()> {
    let mut rng = gradlet::rng(42); // all random numbers come from generators that you pass in

    // Rows of 64 random numbers. The label says whether the left half is the larger one.
    let rows = Tensor::<f32>::uniform([600, 64], 0.0, 1.0, &mut rng)?;
    let (left, right) = (rows.narrow(1, 0, 32)?.sum(1)?, rows.narrow(1, 32, 32)?.sum(1)?);
    let labels = left.gt(&right)?.cast::<i64>();
    let (train, test) = Dataset::new(rows, labels)?.split_at(500)?;

    let mut model = TwoLayer {
        hidden: Linear::new(64, 128, &mut rng)?,
        dropout: Dropout::new(0.5, &mut rng)?,
        output: Linear::new(128, 2, &mut rng)?,
    };
    let mut optimizer = Sgd::new(0.1).momentum(0.9);

    model.train();
    for _epoch in 0..10 {
        for (x, labels) in train.batches(32).shuffled(&mut rng) {
            let loss = cross_entropy(&model.forward(&x)?, &labels)?;
            let grads = loss.backward()?; // consumes the graph and frees its memory step by step
            optimizer.step(&mut model, &grads)?; // plain ownership: no locks, no zero_grad to forget
        }
    }

    model.eval(); // dropout is now the identity
    let score = |x: Var, labels| Ok([model.forward(&x)?.accuracy(&labels)?]);
    let [accuracy] = no_grad(|| test.evaluate(100, score))?;
    println!("{}\naccuracy: {accuracy:.2}", model.summary());
    assert!(accuracy > 0.8);

    io::save("two_layer.safetensors", &model.state())?; // a file that PyTorch reads, too
    model.load_state(&io::load("two_layer.safetensors")?)?;

    // Saved every 50 steps, and resumed after a crash as if there had been none, to the same bits.
    let checkpoints = Checkpoints::in_folder("runs/two_layer")?.keep(3);
    Trainer::new(5).save(checkpoints, 50).resume(true).fit(
        &mut model,
        &mut optimizer,
        &mut rng,
        &train,
        |model, x, labels| cross_entropy(&model.forward(x)?, labels),
        |_| Ok(vec![]),
    )?;
    Ok(())
}
