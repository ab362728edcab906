//! What a steady training step asks the system for.

use gradlet::memory;
use gradlet::prelude::*;
use gradlet_tests::nets::Tiny;

#[test]
fn a_steady_step_takes_its_tensors_from_the_pool() -> Result<()> {
    let mut tiny = Tiny::new()?;
    tiny.steps(10)?;
    let before = (memory::system_requests(), memory::pooled_bytes());
    tiny.steps(1000)?;
    assert_eq!((memory::system_requests(), memory::pooled_bytes()), before);
    Ok(())
}

#[test]
fn a_steady_step_makes_few_and_small_allocations() -> Result<()> {
    let mut tiny = Tiny::new()?;
    tiny.steps(10)?;
    let mut result = Ok(());
    let counted = allocation_counter::measure(|| result = tiny.steps(100));
    let (calls, bytes) = (
        counted.count_total as f64 / 100.0,
        counted.bytes_total as f64 / 100.0,
    );
    println!("a step of 16-32-4 at batch 8: {calls:.1} allocations of {bytes:.0} bytes in all");
    // 10 and 664: records of the graph and the list of gradients.
    assert!(
        calls <= 12.0 && bytes <= 1024.0,
        "{calls} calls, {bytes} bytes"
    );
    result
}

#[test]
fn a_parameter_that_a_kept_graph_shares_is_copied_and_counted() -> Result<()> {
    let mut tiny = Tiny::new()?;
    tiny.steps(3)?;
    assert_eq!(tiny.optimizer.copies().parameters, 0);
    let loss = cross_entropy(&tiny.model.forward(&tiny.x)?, &tiny.labels)?;
    let grads = loss.clone().backward()?;
    tiny.optimizer.step(&mut tiny.model, &grads)?;
    // The second layer's weight is what the graph saved; the first one's input needs no gradient.
    assert_eq!(tiny.optimizer.copies().parameters, 1);
    assert_eq!(loss.backward()?.len(), grads.len());
    Ok(())
}

#[test]
fn steps_of_two_models_in_turn_allocate_nothing_though_some_parameters_are_left_out() -> Result<()>
{
    let weight = || Parameter::new(Tensor::ones([4]).unwrap());
    let mut optimizer = Adam::new(0.1).allow_missing_gradients();
    let mut models = [0, 1].map(|_| vec![weight(), weight(), weight()]);
    for round in 0..20 {
        for model in &mut models {
            model[0].freeze();
            let grads = model[1].leaf().sum(..)?.backward()?;
            let mut result = Ok(());
            let counted = allocation_counter::measure(|| {
                result = optimizer.step(model, &grads);
            });
            result?;
            assert!(
                round == 0 || counted.count_total == 0,
                "{}",
                counted.count_total
            );
        }
    }
    assert_eq!(optimizer.state_count(), 2);
    Ok(())
}

#[test]
fn rounds_of_a_cloned_model_whose_states_are_taken_over_need_no_more_memory() -> Result<()> {
    let mut model = Linear::new(100, 100, &mut gradlet::rng(1))?;
    let mut optimizer = Adam::new(0.1);
    let x = Var::constant(Tensor::ones([2, 100])?);
    let mut rounds = |count: usize| -> Result<(u64, usize)> {
        for _ in 0..count {
            let grads = model.forward(&x)?.sum(..)?.backward()?;
            optimizer.step(&mut model, &grads)?;
            model = model.clone();
            optimizer.adopt(&model)?;
        }
        Ok((memory::system_requests(), optimizer.state_count()))
    };
    let before = rounds(10)?;
    assert_eq!(rounds(100)?, before);
    assert_eq!(before.1, 2);
    Ok(())
}

#[test]
fn dropout_in_eval_mode_and_with_p_zero_allocates_and_records_nothing() -> Result<()> {
    let mut rng = gradlet::rng(1);
    let mut dropout = Dropout::new(0.5, &mut rng)?;
    dropout.eval();
    let none = Dropout::new(0.0, &mut rng)?;
    let x = Var::leaf(Tensor::ones([100, 100])?);
    for layer in [&dropout, &none] {
        let mut y = None;
        let counted = allocation_counter::measure(|| y = layer.forward(&x).ok());
        assert_eq!(
            (counted.count_total, counted.bytes_total),
            (0, 0),
            "{layer}"
        );
        assert_eq!(y.and_then(|y| y.leaf_id()), x.leaf_id(), "{layer}");
    }
    Ok(())
}
