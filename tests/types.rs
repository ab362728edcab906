//! Plain code means f32 without a type annotation, and f64 has a plain spelling.

use gradlet::prelude::*;

/// Takes nothing but f32: what is passed here was inferred to be f32 before.
fn is_f32(_: &Tensor<f32>) {}

fn is_f64(_: &Tensor<f64>) {}

#[test]
fn plain_code_means_f32() -> Result<()> {
    let mut rng = gradlet::rng(0);
    is_f32(&Tensor::zeros([2, 3])?);
    // Without any later use that could fix the type.
    let zeros = Tensor::zeros([2, 3])?;
    let literal = tensor![[1.0, 2.0], [3.0, 4.0]];
    let layer = Linear::new(2, 3, &mut rng)?;
    let dropout = Dropout::new(0.5, &mut rng)?;
    let y = dropout.forward(&layer.forward(&Var::constant(literal.clone()))?)?;
    assert_eq!(size_of_val(&zeros.to_vec()[0]), 4);
    assert_eq!(size_of_val(&literal.to_vec()[0]), 4);
    assert_eq!(size_of_val(&y.tensor().to_vec()[0]), 4);
    for tensor in [
        Tensor::ones(2)?,
        Tensor::full(2, 0.5)?,
        Tensor::eye(2)?,
        Tensor::arange(0.0, 2.0, 1.0)?,
    ] {
        is_f32(&tensor);
    }
    Ok(())
}

#[test]
fn f64_has_a_plain_spelling() -> Result<()> {
    let mut rng = gradlet::rng(0);
    is_f64(&Tensor::<f64>::zeros_of([2, 3])?);
    is_f64(&Tensor::<f64>::uniform([2, 3], 0.0, 1.0, &mut rng)?);
    is_f64(&Tensor::from_slice(vec![1.0_f64, 2.0], 2)?);
    let layer = Linear::<f64>::new_of(3, 2, &mut rng)?;
    let y = layer.forward(&Var::constant(Tensor::<f64>::zeros_of([1, 3])?))?;
    is_f64(y.tensor());
    // Dropout has no element type: the same layer serves both.
    let dropout = Dropout::new(0.5, &mut rng)?;
    is_f64(dropout.forward(&y)?.tensor());
    is_f32(
        dropout
            .forward(&Var::constant(Tensor::ones([1, 3])?))?
            .tensor(),
    );
    Ok(())
}

#[test]
fn optimizers_take_their_element_type_from_the_gradients() -> Result<()> {
    let mut frozen = Parameter::new(tensor![1.0]);
    frozen.freeze();
    Sgd::new(0.1).step(&mut frozen, &Gradients::default())?;
    Adam::new(0.1).step(&mut frozen, &Gradients::default())?;
    RmsProp::new(0.1).step(&mut frozen, &Gradients::<f64>::new_of())?;

    let mut weight = Parameter::new(Tensor::scalar(1.0_f64));
    let grads = weight.leaf().sum(..)?.backward()?;
    Sgd::new(0.5).step(&mut weight, &grads)?;
    assert_eq!(weight.tensor().item()?, 0.5_f64);
    Ok(())
}

/// Fields and arguments of the plain names are f32.
struct Training {
    optimizer: (Sgd, Adam, RmsProp),
}

#[test]
fn optimizers_of_no_other_type_are_of_f32() -> Result<()> {
    let mut training = Training {
        optimizer: (Sgd::new(0.1), Adam::new(0.1), RmsProp::new(0.1)),
    };
    let mut weight = Parameter::new(tensor![1.0]);
    let grads = weight.leaf().sum(..)?.backward()?;
    training.optimizer.0.step(&mut weight, &grads)?;
    training.optimizer.1.step(&mut weight, &grads)?;
    training.optimizer.2.step(&mut weight, &grads)?;
    is_f32(weight.tensor());
    assert!(weight.tensor().item()? < 0.0);
    Ok(())
}

#[test]
fn models_and_gradients_cross_threads() {
    fn crosses<T: Send + Sync>() {}
    crosses::<Tensor>();
    crosses::<Linear>();
    crosses::<Sequential>();
    crosses::<Box<dyn Forward>>();
    crosses::<Gradients>();
    crosses::<Error>();
}
