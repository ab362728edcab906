//! What each framework's dropout does, done with gradlet: a test for each; and what none of them has.

use gradlet::dropout::{DrawKey, Scaling, Schedule, functional};
use gradlet::optim::{MaxNorm, Optimizer};
use gradlet::prelude::*;
use gradlet::{
    AlphaDropout, Dropout1d, Dropout2d, Dropout3d, FeatureAlphaDropout, GaussianDropout,
    monte_carlo,
};

fn ones(sizes: &[usize]) -> Result<Var> {
    Ok(Var::leaf(Tensor::ones(sizes)?))
}

/// All sizes but the first `count` summed away: for ones, whether whole channels went.
fn channel_sums(y: &Var, count: usize) -> Result<Vec<f32>> {
    Ok(y.tensor().flatten(count as isize..)?.sum(-1)?.to_vec())
}

#[test]
fn pytorch_nn_dropout() -> Result<()> {
    let mut rng = gradlet::rng(1);
    let mut dropout = Dropout::new(0.5, &mut rng)?;
    assert_eq!(dropout.to_string(), "Dropout(p=0.5, train)");
    let x = ones(&[1000])?;
    assert!(
        dropout
            .forward(&x)?
            .to_vec()
            .iter()
            .all(|&y| y == 0.0 || y == 2.0)
    );
    dropout.eval();
    assert_eq!(dropout.to_string(), "Dropout(p=0.5, eval)");
    assert_eq!(dropout.forward(&x)?.leaf_id(), x.leaf_id());
    dropout.train();
    // inplace: the memory of a value that nobody else holds, and only that.
    let place = |x: &Var| x.tensor().as_slice().map(<[f32]>::as_ptr);
    let owned = Var::constant(Tensor::ones([1000])?);
    let before = place(&owned);
    assert_eq!(place(&dropout.forward_owned(owned)?), before);
    let h = x.exp();
    let saved = h.clone();
    let y = dropout.forward_owned(h)?;
    assert!(
        saved
            .to_vec()
            .iter()
            .all(|&h| h == gradlet::tensor::math::exp(1f32)),
        "exp saved its output"
    );
    let grads = y.clone().sum(..)?.backward()?;
    assert_eq!(grads.wrt(&x), Some(y.tensor()));
    Ok(())
}

#[test]
fn pytorch_f_dropout() -> Result<()> {
    let x = ones(&[1000])?;
    let run = |mode| functional::dropout(&x, 0.2, mode, &mut gradlet::rng(7));
    assert!(
        run(Mode::Train)?
            .to_vec()
            .iter()
            .all(|&y| y == 0.0 || y == 1.25)
    );
    assert_eq!(run(Mode::Train)?.tensor(), run(Mode::Train)?.tensor());
    assert_eq!(run(Mode::Eval)?.leaf_id(), x.leaf_id());
    let error = functional::dropout(&x, 80.0, Mode::Train, &mut gradlet::rng(7)).unwrap_err();
    let error = error.to_string();
    assert!(
        error.starts_with("dropout: p must be in [0, 1], got 80; "),
        "{error}"
    );
    assert!(
        error.contains("in percent? that would be p = 0.8 (at tests/dropout.rs:"),
        "{error}"
    );
    Ok(())
}

#[test]
fn pytorch_dropout1d_2d_and_3d() -> Result<()> {
    let mut rng = gradlet::rng(1);
    let one = Dropout1d::new(0.5, &mut rng)?;
    let two = Dropout2d::new(0.5, &mut rng)?;
    let three = Dropout3d::new(0.5, &mut rng)?;
    let cases: [(&dyn Forward, &[usize], usize); 6] = [
        (&one, &[16, 8, 5], 2),
        (&one, &[128, 5], 1),
        (&two, &[16, 8, 3, 5], 2),
        (&two, &[16, 8, 5], 2),
        (&three, &[16, 8, 2, 3, 5], 2),
        (&three, &[128, 2, 3, 5], 1),
    ];
    for (layer, sizes, count) in cases {
        let sums = channel_sums(&layer.forward(&ones(sizes)?)?, count)?;
        let all = 2.0 * (sizes[count..].iter().product::<usize>() as f32);
        assert_eq!(sums.len(), 128, "{sizes:?}");
        assert!(
            sums.iter().all(|&sum| sum == 0.0 || sum == all),
            "{sizes:?}"
        );
        let dropped = sums.iter().filter(|sum| **sum == 0.0).count();
        assert!(
            (30..=98).contains(&dropped),
            "six standard deviations: {dropped}"
        );
        // Neighbours of one image, too: whole images would change 15 times at most.
        let changes = sums.windows(2).filter(|pair| pair[0] != pair[1]).count();
        assert!(changes > 29, "{sizes:?}: {changes} changes");
    }
    for wrong in [&[5][..], &[2, 3, 4, 5]] {
        assert!(one.forward(&ones(wrong)?).is_err());
    }
    assert!(two.forward(&ones(&[2, 3])?).is_err() && three.forward(&ones(&[2, 3, 4])?).is_err());
    let x = ones(&[8, 8, 3, 3])?;
    for y in [
        functional::dropout1d(&ones(&[8, 8, 3])?, 0.5, Mode::Train, &mut rng)?,
        functional::dropout2d(&x, 0.5, Mode::Train, &mut rng)?,
        functional::dropout3d(&x, 0.5, Mode::Train, &mut rng)?,
    ] {
        assert!(y.to_vec().contains(&0.0) && y.to_vec().contains(&2.0));
    }
    Ok(())
}

#[test]
fn pytorch_alpha_dropout_and_feature_alpha_dropout() -> Result<()> {
    let mut rng = gradlet::rng(1);
    let alpha = AlphaDropout::new(0.5, &mut rng)?;
    let values = alpha.forward(&ones(&[1000])?)?.to_vec();
    // a + b and -b of PyTorch at p = 0.5.
    let near = |y: f32, value: f32| (y - value).abs() < 1e-6;
    assert!(
        values
            .iter()
            .all(|&y| near(y, 1.665_598_8) || near(y, -0.779_193_9))
    );
    let feature = FeatureAlphaDropout::new(0.5, &mut rng)?;
    let sums = channel_sums(&feature.forward(&ones(&[16, 8, 10])?)?, 2)?;
    let near = |y: f32, value: f32| (y - value).abs() < 1e-4;
    assert!(
        sums.iter()
            .all(|&y| near(y, 16.655_988) || near(y, -7.791_939))
    );
    assert!(feature.forward(&ones(&[5])?).is_err());
    assert_eq!(feature.to_string(), "FeatureAlphaDropout(p=0.5, train)");
    let x = ones(&[4, 8, 3, 3])?;
    for y in [
        functional::alpha_dropout(&x, 0.5, Mode::Train, &mut rng)?,
        functional::feature_alpha_dropout(&x, 0.5, Mode::Train, &mut rng)?,
    ] {
        assert!(y.to_vec().iter().any(|&y| y < 0.0) && y.to_vec().iter().any(|&y| y > 1.0));
    }
    Ok(())
}

#[test]
fn aten_native_dropout_and_its_backward() -> Result<()> {
    let (x, mut rng) = (ones(&[3, 500])?, gradlet::rng(1));
    let (y, mask) = functional::native_dropout(&x, 0.25, Mode::Train, &mut rng)?;
    assert_eq!(y.tensor(), &mask.apply(x.tensor(), 1.0 / 0.75)?);
    let g = Tensor::normal([3, 500], 0.0, 1.0, &mut rng)?;
    let grads = y.backward_with(g.clone())?;
    assert_eq!(grads.wrt(&x), Some(&mask.apply(&g, 1.0 / 0.75)?));
    Ok(())
}

#[test]
fn caffe2_dropout_and_dropout_grad() -> Result<()> {
    let (ratio, x) = (
        0.3,
        Tensor::<f64>::normal([700], 0.0, 1.0, &mut gradlet::rng(3))?,
    );
    let run = |is_test| {
        let mode = if is_test { Mode::Eval } else { Mode::Train };
        functional::native_dropout(&Var::constant(x.clone()), ratio, mode, &mut gradlet::rng(1))
    };
    let (y, mask) = run(false)?;
    let scale = 1.0 / (1.0 - ratio);
    let kept = x
        .iter()
        .zip(mask.iter())
        .map(|(x, kept)| if kept { x * scale } else { 0.0 });
    assert_eq!(y.to_vec(), kept.collect::<Vec<_>>());
    let (y, mask) = run(true)?;
    assert_eq!((y.tensor(), mask.count_kept()), (&x, 700));
    Ok(())
}

#[test]
fn tensorflow_dropout_with_noise_shape_and_stateless_dropout() -> Result<()> {
    let x = ones(&[40, 30, 5])?;
    let layer = Dropout::new(0.5, &mut gradlet::rng(1))?.noise_shape(&[None, Some(1), None]);
    assert_eq!(
        layer.to_string(),
        "Dropout(p=0.5, noise_shape=[_, 1, _], train)"
    );
    let y = layer.forward(&x)?;
    let sums = y.tensor().sum(1)?;
    assert!(sums.iter().all(|sum| sum == 0.0 || sum == 60.0));
    assert!(sums.iter().any(|sum| sum == 0.0) && sums.iter().any(|sum| sum == 60.0));
    let key = DrawKey { seed: 5, call: 6 };
    let run = |noise: &[Option<usize>], key| functional::stateless_dropout(&x, 0.5, noise, key);
    assert_eq!(run(&[], key)?.tensor(), run(&[], key)?.tensor());
    assert_ne!(
        run(&[], key)?.tensor(),
        run(&[], DrawKey { call: 7, ..key })?.tensor()
    );
    let rows = channel_sums(&run(&[Some(40), Some(1), Some(1)], key)?, 1)?;
    assert!(rows.iter().all(|&row| row == 0.0 || row == 300.0));
    for bad in [
        &[Some(1)][..],
        &[None, None],
        &[None, Some(2), None],
        &[None, Some(0), None],
    ] {
        let error = run(bad, key).unwrap_err().to_string();
        assert!(error.starts_with("noise_shape: "), "{error}");
    }
    Ok(())
}

#[test]
fn keras_dropout_with_a_mode_in_the_call_spatial_and_gaussian() -> Result<()> {
    let mut rng = gradlet::rng(1);
    let (mut dropout, x) = (Dropout::new(0.5, &mut rng)?, ones(&[1000])?);
    assert_eq!(dropout.forward_as(Mode::Eval, &x)?.leaf_id(), x.leaf_id());
    dropout.eval();
    assert!(dropout.forward_as(Mode::Train, &x)?.to_vec().contains(&0.0));
    // SpatialDropout1D, whose channels come last: a share of noise along time.
    let spatial = Dropout::new(0.5, &mut rng)?.noise_shape(&[None, Some(1), None]);
    let sums = spatial.forward(&ones(&[8, 10, 16])?)?.tensor().sum(1)?;
    assert!(sums.iter().all(|sum| sum == 0.0 || sum == 20.0));

    for p in [1e-6, 0.5, 1.0f64.next_down()] {
        let y = GaussianDropout::new(p, &mut rng)?.forward(&x)?;
        assert!(y.to_vec().iter().all(|y| y.is_finite()), "{p}");
    }
    assert!(GaussianDropout::new(1.0, &mut rng).is_err());
    assert!(functional::gaussian_dropout(&x, 1.0, Mode::Eval, &mut rng).is_err());
    let mut gaussian = GaussianDropout::new(0.5, &mut rng)?;
    assert_ne!(
        gaussian.forward(&x)?.tensor(),
        gaussian.forward(&x)?.tensor()
    );
    gaussian.eval();
    assert_eq!(gaussian.forward(&x)?.leaf_id(), x.leaf_id());
    Ok(())
}

#[test]
fn numpy_by_hand_with_the_scaling_at_test_time() -> Result<()> {
    let mut dropout = Dropout::new(0.25, &mut gradlet::rng(1))?.scaling(Scaling::Test);
    assert_eq!(dropout.to_string(), "Dropout(p=0.25, scaling=test, train)");
    let x = ones(&[1000])?;
    let y = dropout.forward(&x)?;
    assert!(y.to_vec().iter().all(|&y| y == 0.0 || y == 1.0));
    let value = y.tensor().clone();
    assert_eq!(y.sum(..)?.backward()?.wrt(&x), Some(&value));
    dropout.eval();
    let y = dropout.forward(&x)?;
    assert_eq!(y.to_vec(), [0.75; 1000]);
    assert_eq!(
        y.sum(..)?.backward()?.wrt(&x).map(Tensor::to_vec),
        Some(vec![0.75; 1000])
    );
    Ok(())
}

#[test]
fn max_norm_after_any_optimizers_step() -> Result<()> {
    let mut rng = gradlet::rng(1);
    let optimizers: [Box<dyn Optimizer>; 2] = [
        Box::new(Sgd::new(1.0).momentum(0.9)),
        Box::new(Adam::new(0.5)),
    ];
    for (mut optimizer, c) in optimizers.into_iter().zip([0.5, 1e-3]) {
        let mut model = sequential![
            Linear::new(20, 30, &mut rng)?,
            Linear::new(30, 5, &mut rng)?
        ];
        for _ in 0..5 {
            let x = Var::constant(Tensor::normal([8, 20], 0.0, 1.0, &mut rng)?);
            let grads = model.forward(&x)?.powi(2).sum(..)?.backward()?;
            optimizer.step(&mut model, &grads)?;
            MaxNorm::new(c).apply(&mut model)?;
        }
        for (path, parameter) in model.named_parameters() {
            let Some(weight) = parameter
                .downcast_ref::<f32>()
                .filter(|w| w.shape().len() == 2)
            else {
                continue;
            };
            let lengths = weight.tensor().cast::<f64>().powi(2).sum(1)?.sqrt();
            let longest = lengths.max(..)?.item()?;
            assert!(
                longest <= c * (1.0 + 1e-6) && longest > 0.9 * c,
                "{path}: {longest}"
            );
        }
    }
    Ok(())
}

/// A net with dropout on the input and inside, in f64.
fn linear_net(p: f64, scaling: Scaling, rng: &mut Pcg64) -> Result<Sequential<f64>> {
    Ok(sequential![f64;
        Dropout::new(p, rng)?.scaling(scaling),
        Linear::<f64>::new_of(20, 10, rng)?,
        Dropout::new(p, rng)?.scaling(scaling),
        Linear::<f64>::new_of(10, 1, rng)?,
    ])
}

#[test]
fn monte_carlo_mean_of_a_linear_net_is_its_eval_output_in_both_scalings() -> Result<()> {
    for scaling in [Scaling::Training, Scaling::Test] {
        let mut rng = gradlet::rng(1);
        let mut model = linear_net(0.3, scaling, &mut rng)?;
        let x = Var::constant(Tensor::<f64>::normal([4, 20], 0.0, 1.0, &mut rng)?);
        let eval = model.evaluating(|model| model.forward(&x))?;
        let moments = monte_carlo(&mut model, &x, 20_000)?;
        let apart = moments.mean.sub(eval.tensor())?;
        for (apart, variance) in apart.iter().zip(moments.variance.iter()) {
            // The mean of n has a standard deviation of sqrt(variance / n); six of them.
            let bound = 6.0 * (variance / 20_000.0).sqrt();
            assert!(
                variance > 0.0 && apart.abs() < bound,
                "{scaling:?}: {apart} {bound}"
            );
        }
    }
    Ok(())
}

#[test]
fn sampling_keeps_dropout_on_and_restores_mixed_modes() -> Result<()> {
    let mut rng = gradlet::rng(1);
    let mut model = (
        Dropout::new(0.5, &mut rng)?,
        Dropout::new(0.5, &mut rng)?,
        Mode::Train,
    );
    model.0.eval();
    let x = ones(&[100])?;
    let inside = model.sampling(|model| {
        assert_eq!(model.2, Mode::Sample);
        assert!(!model.training(), "what is no dropout evaluates");
        Ok::<_, Error>([model.0.forward(&x)?, model.1.forward(&x)?])
    })?;
    assert!(inside.iter().all(|y| y.to_vec().contains(&0.0)));
    assert_eq!(model.0.to_string(), "Dropout(p=0.5, eval)");
    assert_eq!(model.1.to_string(), "Dropout(p=0.5, train)");
    Ok(())
}

#[test]
fn scheduled_probabilities_reach_a_model() -> Result<()> {
    let mut rng = gradlet::rng(1);
    let mut model = sequential![Dropout::new(0.0, &mut rng)?, Dropout::new(0.9, &mut rng)?];
    for (schedule, middle) in [
        (Schedule::linear(0.0, 0.5, 100)?, 0.125),
        (
            Schedule::cosine(0.0, 0.5, 100)?,
            0.25 * (1.0 - std::f64::consts::FRAC_1_SQRT_2),
        ),
    ] {
        schedule.apply(&mut model, 25)?;
        for (path, source) in model.named_sources() {
            assert!(
                (source.p() - middle).abs() < 1e-15,
                "{path}: {}",
                source.p()
            );
        }
    }
    assert_eq!(
        model
            .summary()
            .to_string()
            .matches("Dropout(p=0.07")
            .count(),
        2
    );
    Ok(())
}
