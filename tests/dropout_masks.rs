//! What gradlet promises of dropout's masks and gradients, and others do not.

use gradlet::dropout::{
    Alpha, AlphaChannels, Channels, DrawKey, Elements, Form, Gaussian, Mask, Noise, Scaling,
    Source, functional, twin,
};
use gradlet::prelude::*;
use gradlet::{
    AlphaDropout, DropConnect, Dropout2d, FeatureAlphaDropout, GaussianDropout, gradcheck,
    gradgradcheck, threads,
};

fn ones(sizes: &[usize]) -> Result<Var> {
    Ok(Var::leaf(Tensor::ones(sizes)?))
}

fn bits<T: gradlet::Float>(tensor: &Tensor<T>) -> Vec<u64> {
    tensor.cast::<f64>().iter().map(f64::to_bits).collect()
}

#[test]
fn a_mask_saved_for_backward_takes_one_bit_an_element() -> Result<()> {
    for draw in [0.5, 0.1] {
        let (_, mask) = functional::native_dropout(
            &ones(&[64, 1000])?,
            draw,
            Mode::Train,
            &mut gradlet::rng(1),
        )?;
        assert_eq!(mask.size_bytes(), 8000);
    }
    Ok(())
}

/// FNV-1a of bits: enough to notice a change.
fn digest(bits: &[u64]) -> u64 {
    let step = |hash: u64, word: &u64| (hash ^ word).wrapping_mul(0x0100_0000_01b3);
    bits.iter().fold(0xcbf2_9ce4_8422_2325, step)
}

#[test]
fn masks_of_a_seed_are_the_same_for_ever_on_any_number_of_threads() -> Result<()> {
    let draw = || -> Result<Vec<u64>> {
        let mut rng = gradlet::rng(42);
        let mut outputs = Vec::new();
        for p in [0.5, 0.1] {
            let dropout = Dropout::new(p, &mut rng)?;
            // Contiguous, turned and repeated elements, and none.
            let x = Tensor::ones([300, 2000])?;
            for x in [
                x.clone(),
                Tensor::ones([2000, 300])?.t()?,
                Tensor::scalar(1.0f32).broadcast_to([300, 2000])?,
                Tensor::ones([0, 7])?,
            ] {
                outputs.extend(bits(dropout.forward(&Var::constant(x))?.tensor()));
            }
        }
        Ok(outputs)
    };
    let one = threads::with(1, draw)?;
    for count in [2, 3, 8] {
        assert!(threads::with(count, draw)? == one, "{count} threads");
    }
    // The layout of the input is no part of a mask.
    let key = DrawKey { seed: 3, call: 4 };
    let dropped = |x: Tensor| functional::stateless_dropout(&Var::constant(x), 0.4, &[], key);
    let rows = dropped(Tensor::ones([300, 2000])?)?;
    assert_eq!(
        rows.tensor(),
        dropped(Tensor::ones([2000, 300])?.t()?)?.tensor()
    );
    assert_eq!(
        rows.tensor(),
        dropped(Tensor::scalar(1.0f32).broadcast_to([300, 2000])?)?.tensor()
    );
    assert_eq!(
        digest(&one),
        GOLDEN,
        "masks change with a major version alone"
    );
    Ok(())
}

/// Of the outputs above, as the first version with this test drew them.
const GOLDEN: u64 = 0x4bd9_1319_debc_8525;

#[test]
fn backward_is_the_mask_on_the_upstream_gradient_bit_by_bit() -> Result<()> {
    let mut rng = gradlet::rng(1);
    for p in [1e-6, 0.1, 0.5, 1.0 - 1e-6, 1.0] {
        let dropout = Dropout::new(p, &mut rng)?;
        let x = Var::leaf(Tensor::normal([100, 777], 0.0, 1.0, &mut rng)?);
        let state = dropout.source().state();
        let y = dropout.forward(&x)?;
        let mask = Mask::draw([100, 777], p, state)?;
        let scale = (1.0 / (1.0 - p)) as f32;
        assert_eq!(bits(y.tensor()), bits(&mask.apply(x.tensor(), scale)?));
        let g = Tensor::normal([100, 777], 0.0, 1.0, &mut rng)?;
        let grads = y.backward_with(g.clone())?;
        let dx = grads.wrt(&x).map(bits);
        assert_eq!(dx, Some(bits(&mask.apply(&g, scale)?)), "{p}");
    }
    Ok(())
}

#[test]
fn streams_part_between_calls_and_layers_and_continue_in_clones() -> Result<()> {
    let mut rng = gradlet::rng(1);
    let layers = (0..20)
        .map(|_| Dropout::new(0.5, &mut rng))
        .collect::<Result<Vec<_>>>()?;
    let x = ones(&[200])?;
    let mut seen = Vec::new();
    for layer in &layers {
        for _ in 0..5 {
            seen.push(bits(layer.forward(&x)?.tensor()));
        }
    }
    let all = seen.len();
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), all, "no mask comes twice");

    let (layer, mut same) = (&layers[0], twin(&layers[0]));
    assert_eq!(layer.forward(&x)?.tensor(), same.forward(&x)?.tensor());
    same.reseed(&mut rng);
    assert_ne!(layer.forward(&x)?.tensor(), same.forward(&x)?.tensor());
    Ok(())
}

#[test]
fn the_state_of_every_stream_can_be_read_and_put_back() -> Result<()> {
    let mut rng = gradlet::rng(1);
    let linear = Linear::new(8, 8, &mut rng)?;
    let mut model = sequential![
        Dropout::new(0.5, &mut rng)?,
        DropConnect::new(linear, 0.5, &mut rng)?,
        GaussianDropout::new(0.5, &mut rng)?,
    ];
    let x = ones(&[16, 8])?;
    model.forward(&x)?;
    let states: Vec<_> = model
        .named_sources()
        .iter()
        .map(|(_, s)| s.state())
        .collect();
    assert_eq!(
        states.iter().map(|state| state.call).collect::<Vec<_>>(),
        [1, 1, 1]
    );
    let expected = [model.forward(&x)?, model.forward(&x)?];
    let mut states = states.into_iter();
    model.visit_sources_mut(&mut |_, source: &mut Source| {
        states
            .next()
            .into_iter()
            .for_each(|state| source.set_state(state));
        Ok(())
    })?;
    for expected in expected {
        assert_eq!(model.forward(&x)?.tensor(), expected.tensor());
    }
    Ok(())
}

#[test]
fn eval_and_p_zero_draw_nothing_whatever_the_form() -> Result<()> {
    fn check<F: Form>(sizes: &[usize]) -> Result<()> {
        let mut rng = gradlet::rng(1);
        let mut layer = Noise::<F>::new(0.5, &mut rng)?;
        let x = ones(sizes)?;
        let before = layer.source().state();
        layer.eval();
        assert_eq!(layer.forward(&x)?.leaf_id(), x.leaf_id(), "{}", F::NAME);
        layer.train();
        layer.set_p(0.0)?;
        assert_eq!(layer.forward(&x)?.leaf_id(), x.leaf_id(), "{}", F::NAME);
        assert_eq!(layer.source().state(), before, "{}", F::NAME);
        let mut untouched = gradlet::rng(9);
        functional::dropout(&x, 0.0, Mode::Train, &mut untouched)?;
        functional::dropout(&x, 0.5, Mode::Eval, &mut untouched)?;
        assert_eq!(untouched, gradlet::rng(9));
        Ok(())
    }
    check::<Elements>(&[3, 4])?;
    check::<Channels<1>>(&[3, 4, 5])?;
    check::<Channels<2>>(&[3, 4, 5, 2])?;
    check::<Channels<3>>(&[3, 4, 5, 2, 2])?;
    check::<Alpha>(&[3, 4])?;
    check::<AlphaChannels>(&[3, 4])?;
    check::<Gaussian>(&[3, 4])
}

#[test]
fn p_one_is_exactly_zero_both_ways_for_every_zeroing_form() -> Result<()> {
    let mut rng = gradlet::rng(1);
    let edges = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, -1.0];
    let x = Var::leaf(Tensor::from_slice(edges.repeat(4), [2, 2, 2, 2])?);
    let dropout = Dropout::new(1.0, &mut rng)?;
    let mut test_scaled = dropout.clone().scaling(Scaling::Test);
    test_scaled.eval();
    let cases: [&dyn Forward; 5] = [
        &dropout,
        &test_scaled,
        &Dropout2d::new(1.0, &mut rng)?,
        &AlphaDropout::new(1.0, &mut rng)?,
        &FeatureAlphaDropout::new(1.0, &mut rng)?,
    ];
    for layer in cases {
        let y = layer.forward(&x)?;
        assert_eq!(bits(y.tensor()), [0; 16], "{}", layer.describe());
        let g = Tensor::from_slice(edges.repeat(4), [2, 2, 2, 2])?;
        let grads = y.backward_with(g)?;
        assert_eq!(
            grads.wrt(&x).map(bits),
            Some(vec![0; 16]),
            "{}",
            layer.describe()
        );
    }
    Ok(())
}

/// A form's output under one mask.
fn held<F: Form>(x: &[Var<f64>]) -> Result<Var<f64>> {
    let y = F::default().perturb(x[0].clone(), 0.4, DrawKey { seed: 1, call: 2 })?;
    // Squared, so that second derivatives are not all zero.
    y.powi(2).sum(..)
}

#[test]
fn gradients_of_every_form_agree_with_finite_differences() -> Result<()> {
    type Held = fn(&[Var<f64>]) -> Result<Var<f64>>;
    let forms: [Held; 6] = [
        held::<Elements>,
        held::<Channels<1>>,
        held::<Channels<2>>,
        held::<Alpha>,
        held::<AlphaChannels>,
        held::<Gaussian>,
    ];
    let mut rng = gradlet::rng(1);
    let inputs = [Tensor::<f64>::normal([2, 3, 4], 0.0, 1.0, &mut rng)?];
    for form in forms {
        gradcheck(form, &inputs)?;
        gradgradcheck(form, &inputs)?;
    }
    let linear = Linear::<f64>::new_of(4, 2, &mut rng)?;
    let layer = DropConnect::new(linear, 0.5, &mut rng)?;
    // Every twin draws the same mask.
    let connect = |x: &[Var<f64>]| twin(&layer).forward(&x[0])?.powi(2).sum(..);
    gradcheck(connect, &inputs)?;
    gradgradcheck(connect, &inputs)
}

#[test]
fn shapes_that_a_mask_does_not_fit_are_errors() -> Result<()> {
    let mask = Mask::draw([3, 1], 0.5, DrawKey { seed: 1, call: 1 })?;
    let error = mask.broadcast_to([4, 5]).unwrap_err().to_string();
    assert!(
        error.contains("[3, 1]") && error.contains("[4, 5]"),
        "{error}"
    );
    Ok(())
}
