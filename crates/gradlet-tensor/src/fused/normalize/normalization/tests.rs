//! Normalization against its formulas.

use super::*;
use crate::shape::Keep;
use crate::threads;
use proptest::prelude::*;

type Inputs<T> = [Tensor<T>; 4];

/// y, dx, dweight and dbias of x, g, weight and bias by their formulas.
fn naive(norm: Normalization, [x, g, weight, bias]: &Inputs<f64>) -> Result<[Tensor<f64>; 4]> {
    let [n, c, places] = [0, 1, 2].map(|axis| x.shape()[axis]);
    let rows = |x: &Tensor<f64>| match norm.over {
        Over::Groups(k) => x.reshape([n * k, c / k * places]),
        Over::Samples => x.transpose(0, 1)?.reshape([c, n * places]),
    };
    let back = |x: &Tensor<f64>| match norm.over {
        Over::Groups(_) => x.reshape([n, c, places]),
        Over::Samples => x.reshape([c, n, places])?.transpose(0, 1),
    };
    let centred = if norm.centre == Centre::Mean {
        1.0
    } else {
        0.0
    };
    let mean = |x: &Tensor<f64>| x.mean(Keep(1));
    let each = |x: &Tensor<f64>| x.reshape([c, 1]);
    let distances = rows(x)?.sub(&mean(&rows(x)?)?.mul_scalar(centred))?;
    let scale = mean(&distances.powi(2))?.map(|v| 1.0 / (v + norm.eps).sqrt());
    let h = distances.mul(&scale)?;
    let y = back(&h)?.mul(&each(weight)?)?.add(&each(bias)?)?;
    let d = rows(&g.mul(&each(weight)?)?)?;
    let level = mean(&d)?.mul_scalar(centred);
    let dx = d
        .sub(&level)?
        .sub(&h.mul(&mean(&d.mul(&h)?)?)?)?
        .mul(&scale)?;
    let dweight = g.mul(&back(&h)?)?.sum([0, 2])?;
    Ok([y, back(&dx)?, dweight, g.sum([0, 2])?])
}

fn fast<T: Float>(norm: Normalization, all: &Inputs<T>, plain: bool) -> Result<Inputs<T>> {
    let [x, g, weight, bias] = all;
    let [weight, bias] = [weight, bias].map(|x| Some(x).filter(|_| !plain));
    let [y, mean, square] = norm.normalize(x, weight, bias)?;
    let scale = square.map(|v| T::one() / (v + T::of(norm.eps)).sqrt());
    let [dx, dweight, dbias] = norm.normalize_gradient(x, g, weight, [&mean, &scale])?;
    Ok([y, dx, dweight, dbias])
}

/// Samples, channels and places: one block or several of rows and of columns, few places or many, and enough
/// elements to be split between threads.
const SIZES: [[usize; 3]; 11] = [
    [1, 4, 1],
    [3, 4, 1],
    [3, 6, 5],
    [2, 4, 70],
    [150, 4, 1],
    [200, 6, 3],
    [3, 260, 2],
    [130, 520, 1],
    [700, 12, 7],
    [20, 24, 150],
    [2, 8, 5000],
];

proptest! {
    #[test]
    fn norms_agree_with_formulas_on_any_number_of_threads(
        size in 0..SIZES.len(), groups in 0..4usize, zero: bool, plain: bool, swapped: bool, constant in 0..3usize, seed in 0..100u64,
    ) {
        let [n, c, places] = SIZES[size];
        let over = if groups == 3 { Over::Samples } else { Over::Groups([1, 2, c][groups]) };
        let centre = if zero { Centre::Zero } else { Centre::Mean };
        let norm = Normalization { over, centre, eps: 0.1 };
        let mut rng = crate::rng(seed);
        let mut make = |shape: &[usize]| Tensor::<f64>::normal(shape, 0.5, 1.0, &mut rng);
        let x = if swapped { make(&[places, c, n])?.transpose(0, 2)? } else { make(&[n, c, places])? };
        let g = match constant {
            0 => Tensor::scalar(0.3).broadcast_to([n, c, places])?,
            1 => make(&[1, c, 1])?.broadcast_to([n, c, places])?,
            _ => make(&[n, c, places])?,
        };
        let (weight, bias) = if plain { (Tensor::ones_of(c)?, Tensor::zeros_of(c)?) } else { (make(&[c])?, make(&[c])?) };
        let all = [x, g, weight, bias];
        let expected = naive(norm, &all)?;
        let found = threads::with(1, || fast(norm, &all, plain))?;
        for (found, expected) in found.iter().zip(&expected) {
            prop_assert!(found.allclose(expected, 1e-11, 1e-10), "{norm:?} {found} {expected}");
        }
        for count in [2, 3] {
            prop_assert!(found == threads::with(count, || fast(norm, &all, plain))?);
        }
        // In f32, from the same rounded numbers: sums of up to 10,000 terms are wrong by parts of 1e-6 of their terms.
        let all = all.map(|x| x.cast::<f32>());
        let expected = naive(norm, &all.each_ref().map(Tensor::cast))?;
        for (i, (found, expected)) in fast(norm, &all, plain)?.iter().zip(&expected).enumerate() {
            let atol = if i < 2 { 1e-4 } else { 2e-6 * (n * places) as f64 };
            prop_assert!(found.cast::<f64>().allclose(expected, 1e-4, atol), "{norm:?} {found} {expected}");
        }
    }
}

#[test]
fn equal_elements_become_the_bias() -> Result<()> {
    for (value, n) in [(123_456.1, 7), (16_777.217, 1000), (0.1, 3), (0.1, 5000)] {
        for sizes in [[n, 2, 1], [n, 2, 3], [1, 2, n], [2, n, 1]] {
            for over in [Over::Samples, Over::Groups(1)] {
                let norm = Normalization {
                    over,
                    centre: Centre::Mean,
                    eps: 1e-5,
                };
                let [y, ..] = norm.normalize(&Tensor::<f32>::full(sizes, value)?, None, None)?;
                // A group of one element too.
                assert!(y.iter().all(|y| y == 0.0), "{value} {sizes:?} {over:?}");
            }
        }
    }
    Ok(())
}

#[test]
fn what_does_not_fit_is_refused() -> Result<()> {
    let norm = |over| Normalization {
        over,
        centre: Centre::Mean,
        eps: 0.1,
    };
    let (x, four, three) = (
        Tensor::zeros([2, 4, 3])?,
        Tensor::ones(4)?,
        Tensor::ones(3)?,
    );
    for groups in [0, 3, 5] {
        assert!(
            norm(Over::Groups(groups))
                .normalize(&x, None, None)
                .is_err(),
            "{groups}"
        );
    }
    let groups = norm(Over::Groups(2));
    assert!(groups.normalize(&x, Some(&four), Some(&four)).is_ok());
    assert!(groups.normalize(&x, Some(&three), None).is_err());
    assert!(groups.normalize(&x, None, Some(&three)).is_err());
    assert!(groups.normalize(&four, None, None).is_err());
    let (of_groups, of_channels) = (four.unsqueeze(1)?, Tensor::ones([4, 1])?);
    assert!(
        groups
            .normalize_gradient(&x, &x, None, [&of_groups; 2])
            .is_ok()
    );
    assert!(
        groups
            .normalize_gradient(&x, &four, None, [&of_groups; 2])
            .is_err()
    );
    assert!(
        groups
            .normalize_gradient(&x, &x, None, [&of_groups, &four])
            .is_err()
    );
    assert!(
        norm(Over::Groups(4))
            .normalize_gradient(&x, &x, None, [&of_channels; 2])
            .is_err()
    );
    Ok(())
}

#[test]
fn of_no_elements_come_no_elements() -> Result<()> {
    for sizes in [[0, 2, 3], [2, 0, 3], [2, 4, 0], [0, 2, 1], [2, 0, 100]] {
        for over in [Over::Samples, Over::Groups(1)] {
            let norm = Normalization {
                over,
                centre: Centre::Mean,
                eps: 0.1,
            };
            let x = Tensor::<f32>::zeros(sizes)?;
            let [y, mean, square] = norm.normalize(&x, None, None)?;
            let [dx, dweight, dbias] = norm.normalize_gradient(&x, &x, None, [&mean, &square])?;
            assert_eq!((y.shape(), dx.shape()), (x.shape(), x.shape()));
            assert_eq!(
                (dweight, dbias),
                (Tensor::zeros(sizes[1])?, Tensor::zeros(sizes[1])?)
            );
        }
    }
    Ok(())
}
