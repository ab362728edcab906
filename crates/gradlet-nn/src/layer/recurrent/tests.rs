//! Tests of recurrent layers of several layers and directions.

use gradlet_autograd::{Float, Result, Var};
use gradlet_tensor::{Tensor, rng, threads};

use super::{Directions, Elman, Gated, LongShortTerm, Recurrent, RecurrentForm};
use crate::module::{Children, Module};
use crate::{Forward, Gru, Lstm, Parameter, Rnn};

#[test]
fn parameters_have_pytorchs_names_in_its_order() -> Result<()> {
    let lstm = Lstm::deep(3, 4, 2, Directions::Both, &mut rng(1))?;
    let names = lstm.named_parameters();
    let names: Vec<_> = names
        .iter()
        .map(|(name, own)| (&**name, own.shape().to_vec()))
        .collect();
    let width = 16;
    let mut expected = Vec::new();
    for (suffix, inputs) in [
        ("_l0", 3),
        ("_l0_reverse", 3),
        ("_l1", 8),
        ("_l1_reverse", 8),
    ] {
        for (name, shape) in [
            ("weight_ih", vec![width, inputs]),
            ("weight_hh", vec![width, 4]),
            ("bias_ih", vec![width]),
            ("bias_hh", vec![width]),
        ] {
            expected.push((format!("{name}{suffix}"), shape));
        }
    }
    let expected: Vec<_> = expected
        .iter()
        .map(|(name, shape)| (&**name, shape.clone()))
        .collect();
    assert_eq!(names, expected);
    assert_eq!(lstm.describe(), "3 -> 4, 2 layers, both directions");
    let rnn = Rnn::new(3, 4, &mut rng(1))?
        .relu()
        .batch_first()
        .without_bias();
    assert_eq!(rnn.describe(), "3 -> 4, relu, batch first, no bias");
    assert_eq!(rnn.named_parameters().len(), 2);
    Ok(())
}

#[test]
fn weights_start_inside_the_bound_of_the_hidden_size_and_fill_it() -> Result<()> {
    let gru = Gru::new(2, 100, &mut rng(1))?;
    for (name, parameter) in gru.named_parameters() {
        let weight = parameter.downcast_ref::<f32>().map(Parameter::tensor);
        let extent = weight.map(|weight| weight.abs().max(..).and_then(|max| max.item()));
        let extent = extent.transpose()?.unwrap_or_default();
        assert!((0.09..=0.1).contains(&extent), "{name}: {extent}");
    }
    assert!(Gru::new(2, 0, &mut rng(1)).is_err());
    let text = Gru::deep(2, 3, 0, Directions::Both, &mut rng(1))
        .unwrap_err()
        .to_string();
    assert!(
        text.starts_with("Gru: layers must be at least 1, got 0 (at "),
        "{text}"
    );
    Ok(())
}

#[test]
fn dropout_acts_between_layers_in_training_alone() -> Result<()> {
    let x = Var::constant(Tensor::<f32>::normal([5, 2, 3], 0.0, 1.0, &mut rng(2))?);
    let plain = Gru::deep(3, 50, 2, Directions::Forward, &mut rng(1))?;
    let expected = plain.forward(&x)?;
    let mut gru = Gru::deep(3, 50, 2, Directions::Forward, &mut rng(1))?.dropout(0.5)?;
    let (first, second) = (gru.forward(&x)?, gru.forward(&x)?);
    assert_ne!(first.tensor(), second.tensor());
    assert_ne!(first.tensor(), expected.tensor());
    let again = Gru::deep(3, 50, 2, Directions::Forward, &mut rng(1))?.dropout(0.5)?;
    assert_eq!(again.forward(&x)?.tensor(), first.tensor());
    gru.eval();
    assert_eq!(gru.forward(&x)?.tensor(), expected.tensor());
    // With everything dropped the second layer sees zeros: its output has no trace of x.
    let all = Gru::deep(3, 4, 2, Directions::Forward, &mut rng(1))?.dropout(1.0)?;
    let other = Var::constant(Tensor::ones([5, 2, 3])?);
    assert_eq!(all.forward(&x)?.tensor(), all.forward(&other)?.tensor());
    assert_eq!(gru.named_sources().len(), 1);
    assert!(gru.dropout(1.5).is_err());
    let text = Gru::new(3, 4, &mut rng(1))?
        .dropout(0.5)
        .unwrap_err()
        .to_string();
    let start = "Gru: layers must be at least 2 for dropout between them, got 1 (at ";
    assert!(text.starts_with(start), "{text}");
    Ok(())
}

#[test]
fn without_a_batch_everything_has_one_axis_less() -> Result<()> {
    let lstm = Lstm::deep(3, 4, 2, Directions::Both, &mut rng(1))?;
    let x = Var::constant(Tensor::<f32>::normal([5, 3], 0.0, 1.0, &mut rng(2))?);
    let (y, state) = lstm.forward_from(&x, None)?;
    let (again, (h, c)) = lstm.forward_from(&x, Some(&state))?;
    assert_eq!(
        (y.shape()[..].to_vec(), h.shape()[..].to_vec()),
        (vec![5, 8], vec![4, 4])
    );
    let batch = |x: &Var| x.unsqueeze(1);
    let state = (batch(&state.0)?, batch(&state.1)?);
    let (expected, last) = lstm.forward_from(&batch(&x)?, Some(&state))?;
    assert_eq!(again.tensor(), expected.squeeze(1)?.tensor());
    assert_eq!(
        (h.tensor(), c.tensor()),
        (last.0.squeeze(1)?.tensor(), last.1.squeeze(1)?.tensor())
    );
    let first = lstm.batch_first();
    assert_eq!(first.forward(&x)?.tensor(), y.tensor());
    Ok(())
}

#[test]
fn errors_name_the_layer_and_the_shapes() -> Result<()> {
    let lstm = Lstm::new(3, 4, &mut rng(1))?;
    let x = |shape: &[usize]| Tensor::zeros(shape).map(Var::constant);
    let message =
        |x: &Var, state: Option<&(Var, Var)>| lstm.forward_from(x, state).unwrap_err().to_string();
    let text = message(&x(&[5, 2, 7])?, None);
    let start = "Lstm(3 -> 4): recurrent: inner sizes differ: [5, 2, 7] x [16, 3]";
    assert!(
        text.starts_with(start) && text.contains("tests.rs"),
        "{text}"
    );
    let text = message(&x(&[5])?, None);
    let start =
        "Lstm(3 -> 4): forward: expected sequences [time, batch, in] or [time, in], got shape [5]";
    assert!(text.starts_with(start), "{text}");
    let state = (x(&[2, 2, 4])?, x(&[2, 2, 4])?);
    let text = message(&x(&[5, 2, 3])?, Some(&state));
    let start = "Lstm(3 -> 4): state: shapes differ: expected [2, 1, 2, 4], got [2, 2, 2, 4]";
    assert!(text.starts_with(start), "{text}");
    let state = (x(&[1, 2, 4])?, x(&[1, 2, 5])?);
    assert!(message(&x(&[5, 2, 3])?, Some(&state)).starts_with("Lstm(3 -> 4): "));
    assert!(message(&x(&[0, 2, 3])?, None).contains("the number of steps must be at least 1"));
    let padded = lstm.forward_padded(&x(&[5, 2, 3])?, &[6, 1], None);
    let text = padded.unwrap_err().to_string();
    let start = "Lstm(3 -> 4): recurrent: a length must be from 1 to the number of steps, got 6; there are 5 steps";
    assert!(text.starts_with(start), "{text}");
    Ok(())
}

/// The output and all gradients, first that of x.
fn run<F: RecurrentForm, T: Float>(
    layer: &Recurrent<F, T>,
    x: &Tensor<T>,
    lengths: &[usize],
) -> Result<Vec<Tensor<T>>> {
    let x = Var::leaf(x.clone());
    let (y, last) = layer.forward_padded(&x, lengths, None)?;
    let last = F::stack(&last)?;
    let loss = y.square().sum(..)?.add(&last.square().sum(..)?)?;
    let grads = loss.backward()?;
    let mut all = vec![y.into_tensor(), last.into_tensor()];
    all.extend(grads.wrt(&x).cloned());
    for (_, parameter) in layer.named_parameters() {
        all.extend(grads.get(parameter.id()).cloned());
    }
    assert_eq!(all.len(), 3 + layer.named_parameters().len());
    Ok(all)
}

fn bits_on_threads<F: RecurrentForm>() -> Result<()> {
    let rng = &mut rng(1);
    let layer = Recurrent::<F>::deep(30, 70, 2, Directions::Both, rng)?;
    let x = Tensor::normal([5, 37, 30], 0.0, 1.0, rng)?;
    let lengths: Vec<_> = (0..37).map(|i| 1 + i % 5).collect();
    for lengths in [lengths, vec![5; 37]] {
        let one = threads::with(1, || run(&layer, &x, &lengths))?;
        for count in [2, 3] {
            assert_eq!(threads::with(count, || run(&layer, &x, &lengths))?, one);
        }
    }
    Ok(())
}

#[test]
fn bits_do_not_depend_on_threads() -> Result<()> {
    bits_on_threads::<Elman>()?;
    bits_on_threads::<LongShortTerm>()?;
    bits_on_threads::<Gated>()
}

fn padding_is_never_seen<F: RecurrentForm>() -> Result<()> {
    let rng = &mut rng(1);
    let layer = Recurrent::<F, f64>::new_of(3, 4, 2, Directions::Both, rng)?;
    let x = Tensor::<f64>::normal([4, 2, 3], 0.0, 1.0, rng)?;
    // Steps 2 and 3 of the first of two sequences.
    let ended = Tensor::from_slice(
        [false, false, false, false, true, false, true, false],
        [4, 2, 1],
    )?;
    let clean = run(&layer, &x.masked_fill(&ended, 0.0)?, &[2, 4])?;
    assert_eq!(
        run(&layer, &x.masked_fill(&ended, f64::NAN)?, &[2, 4])?,
        clean
    );
    let zeros = [clean[0].narrow(0, 2, 2)?, clean[2].narrow(0, 2, 2)?];
    for zeros in zeros {
        assert!(zeros.select(1, 0)?.iter().all(|x| x == 0.0));
    }
    // The same sequence alone, whose products may be summed in a different order.
    let alone = run(&layer, &x.narrow(0, 0, 2)?.narrow(1, 0, 1)?, &[2])?;
    let within = |x: &Tensor<f64>| x.narrow(0, 0, 2)?.narrow(1, 0, 1);
    let found = [
        within(&clean[0])?,
        clean[1].narrow(2, 0, 1)?,
        within(&clean[2])?,
    ];
    for (found, alone) in found.iter().zip(&alone) {
        assert!(found.sub(alone)?.abs().max(..)?.item()? < 1e-12);
    }
    Ok(())
}

#[test]
fn steps_after_the_end_touch_nothing() -> Result<()> {
    padding_is_never_seen::<Elman>()?;
    padding_is_never_seen::<LongShortTerm>()?;
    padding_is_never_seen::<Gated>()
}
