//! Loops without a trainer that give the same bits.

use gradlet_autograd::{Gradients, no_grad};

use super::*;
use crate::Stateful;
use crate::schedule::{CosineAnnealing, Schedule};

/// The mean loss of an evaluation.
fn judged(model: &mut Sequential) -> Result<f64> {
    model.evaluating(|model| no_grad(|| Ok(score(model)?[0].1)))
}

#[test]
fn the_same_bits_come_from_a_plain_loop() -> Result<()> {
    let schedule = CosineAnnealing::new(14)?;
    let mut trainer = Trainer::new(2).batch_size(4).schedule(schedule).drop_last();
    let (history, weights) = process(&mut trainer)?;
    assert_eq!(
        (history.steps, history.names),
        (12, vec!["train_loss", "loss"])
    );

    let (mut rng, mut step) = (rng(1), 0);
    let (mut model, mut optimizer) = (net(&mut rng)?, Adam::new(0.05));
    for _ in 0..2 {
        model.train();
        for (x, labels) in rows()?.batches(4).shuffled(&mut rng).drop_last() {
            optimizer.set_learning_rate(schedule.rate(0.05, step));
            let grads = loss(&model, &x, &labels)?.backward()?;
            optimizer.step(&mut model, &grads)?;
            step += 1;
        }
    }
    assert_eq!(model.state(), weights);
    Ok(())
}

#[test]
fn so_do_accumulation_clipping_averages_and_plateaus() -> Result<()> {
    let mut trainer = full()?;
    let (history, weights) = process(&mut trainer)?;

    let mut rng = rng(1);
    let (mut model, mut optimizer) = (net(&mut rng)?, Adam::new(0.05));
    let (mut average, mut plateau) = (Average::ema(0.75)?, plateau());
    let (mut best, mut rows_seen) = ((f64::INFINITY, State::new()), Vec::new());
    for _ in 0..3 {
        model.train();
        let batches: Vec<_> = rows()?.batches(4).shuffled(&mut rng).into_iter().collect();
        let mut losses = Vec::new();
        for pair in batches.chunks(2) {
            let (mut sum, mut value) = (Gradients::default(), 0.0);
            for (x, labels) in pair {
                let loss = loss(&model, x, labels)?;
                value += f64::from(loss.item()?);
                sum.add(&loss.backward()?)?;
            }
            if pair.len() > 1 {
                sum.scale(0.5);
            }
            losses.push(value / pair.len() as f64);
            sum.clip_norm(0.5, 2.0)?;
            optimizer.step(&mut model, &sum)?;
            average.update(&model)?;
        }
        average.swap(&mut model)?;
        let (score, state) = (judged(&mut model)?, model.state());
        average.swap(&mut model)?;
        if score < best.0 {
            best = (score, state);
        }
        plateau.apply(score, &mut optimizer)?;
        rows_seen.push(vec![
            losses.iter().sum::<f64>() / losses.len() as f64,
            score,
        ]);
    }
    assert_eq!((history.rows, weights), (rows_seen, best.1));
    assert_eq!(
        trainer.averaged().map(|average| average.state()),
        Some(average.state())
    );
    assert!(
        optimizer.learning_rate() < 0.05,
        "the plateau was never met"
    );
    Ok(())
}
