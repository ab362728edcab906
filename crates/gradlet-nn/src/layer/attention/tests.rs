//! [`MultiheadAttention`]: its ways to be called, its weights at the start, its errors.

use super::MultiheadAttention;
use crate::forward::Forward;
use crate::module::{Children, Module};
use crate::parameter::Parameter;
use gradlet_autograd::{AttentionMask, Result, Var};
use gradlet_tensor::{Tensor, rng, tensor};

fn x(shape: &[usize]) -> Result<Var> {
    Ok(Var::leaf(Tensor::normal(shape, 0.0, 1.0, &mut rng(5))?))
}

#[test]
fn all_ways_to_call_it_agree() -> Result<()> {
    let layer = MultiheadAttention::new(6, 2, &mut rng(1))?;
    let (x, mask) = (x(&[3, 4, 6])?, AttentionMask::causal());
    let y = layer.attend(&x, &x, &x, &mask)?;
    let near = |other: &Var| y.tensor().allclose(other.tensor(), 1e-5, 1e-6);
    // Copies are projected one by one.
    assert!(near(&layer.attend(&x, &x.clone(), &x.clone(), &mask)?));
    let (same, weights) = layer.attend_with_weights(&x, &x, &x, &mask)?;
    assert!(near(&same));
    assert_eq!(weights.shape(), [3, 2, 4, 4]);
    let sums = weights.tensor().sum(-1)?;
    assert!(sums.allclose(&Tensor::ones_of(*sums.shape())?, 1e-6, 0.0));
    let alone = x.select(0, 1)?;
    let (one, weights) = layer.attend_with_weights(&alone, &alone, &alone, &mask)?;
    assert_eq!(weights.shape(), [2, 4, 4]);
    assert!(one.tensor().allclose(&y.tensor().select(0, 1)?, 1e-5, 1e-6));
    let turned = x.transpose(0, 1)?;
    let first = layer.clone().sequence_first();
    assert!(near(
        &first
            .attend(&turned, &turned, &turned, &mask)?
            .transpose(0, 1)?
    ));
    assert!(
        first
            .attend(&alone, &alone, &alone, &mask)?
            .tensor()
            .allclose(one.tensor(), 1e-5, 1e-6)
    );
    Ok(())
}

#[test]
fn weights_drop_in_training_alone_and_the_gradient_has_the_same_mask() -> Result<()> {
    let mut layer = MultiheadAttention::new(4, 2, &mut rng(1))?.dropout(0.5)?;
    let x = x(&[2, 50, 4])?;
    let (_, weights) = layer.attend_with_weights(&x, &x, &x, &AttentionMask::new())?;
    let zeros = weights.tensor().eq_scalar(0.0).count_true();
    assert!((4500..5500).contains(&zeros), "{zeros}");
    assert_ne!(layer.forward(&x)?.tensor(), layer.forward(&x)?.tensor());
    layer.eval();
    assert_eq!(layer.forward(&x)?.tensor(), layer.forward(&x)?.tensor());
    assert!(layer.dropout(1.5).is_err());
    Ok(())
}

#[test]
fn weights_start_as_pytorchs_do() -> Result<()> {
    let layer = MultiheadAttention::new(100, 4, &mut rng(1))?;
    let largest = |weight: &Tensor| weight.abs().max(..).and_then(|x| x.item());
    let weight = layer.in_proj_weight.as_ref().map(Parameter::tensor);
    // The root of 6 / (300 + 100), and that of 1 / 100.
    assert!(
        weight.is_some_and(|weight| (0.122..=0.1225).contains(&largest(weight).unwrap_or(0.0)))
    );
    assert!((0.099..=0.1).contains(&largest(layer.out_proj.weight.tensor())?));
    for bias in [&layer.in_proj_bias, &layer.out_proj.bias] {
        assert!(
            bias.as_ref()
                .is_some_and(|bias| bias.tensor().iter().all(|x| x == 0.0))
        );
    }
    assert_eq!(layer.describe(), "100, heads=4");
    let own = MultiheadAttention::<f64>::new_of(6, 3, [2, 5], &mut rng(1))?
        .sequence_first()
        .without_bias();
    assert_eq!(
        own.describe(),
        "6, heads=3, kdim=2, vdim=5, no bias, sequence first"
    );
    let names: Vec<_> = own
        .named_parameters()
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    assert_eq!(
        names,
        [
            "q_proj_weight",
            "k_proj_weight",
            "v_proj_weight",
            "out_proj.weight"
        ]
    );
    Ok(())
}

#[test]
fn errors_name_the_layer() -> Result<()> {
    let error = MultiheadAttention::new(6, 4, &mut rng(1))
        .unwrap_err()
        .to_string();
    assert!(
        error.starts_with("MultiheadAttention: num_heads must be a divisor of embed_dim, got 4"),
        "{error}"
    );
    assert!(MultiheadAttention::new(6, 0, &mut rng(1)).is_err());
    assert!(MultiheadAttention::new(0, 1, &mut rng(1)).is_err());
    let layer = MultiheadAttention::new(6, 2, &mut rng(1))?;
    let (x3, mask) = (x(&[2, 3, 6])?, AttentionMask::new());
    for other in [x(&[2, 3, 5])?, x(&[1, 3, 6])?, x(&[3, 6])?, x(&[6])?] {
        for inputs in [[&other, &x3, &x3], [&x3, &other, &x3], [&x3, &x3, &other]] {
            let [q, k, v] = inputs;
            let error = layer.attend(q, k, v, &mask).unwrap_err().to_string();
            assert!(
                error.starts_with("MultiheadAttention(6, heads=2): "),
                "{error}"
            );
        }
    }
    let hidden = AttentionMask::hidden(&tensor![bool; true, false])?;
    assert!(layer.attend(&x3, &x3, &x3, &hidden).is_err());
    assert!(layer.attend(&x3, &x3, &x(&[2, 4, 6])?, &mask).is_err());
    Ok(())
}
