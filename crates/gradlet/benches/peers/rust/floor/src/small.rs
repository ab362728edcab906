//! A small net on one thread, of arrays whose sizes the compiler knows: step_tiny and step_digits.

use crate::loss::cross_entropy;
use crate::random::{Random, halve_backward};
use crate::tiles::{Left, dots, product};

/// Linear, ReLU, Dropout(0.5), Linear. The second weight is transposed, so that every loop runs along the hidden units.
#[derive(Clone)]
pub struct Mlp<const I: usize, const H: usize, const O: usize> {
    pub w1: [[f32; H]; I],
    pub b1: [f32; H],
    pub w2: [[f32; H]; O],
    pub b2: [f32; O],
    pub random: Random,
}

impl<const I: usize, const H: usize, const O: usize> Mlp<I, H, O> {
    pub fn new(seed: u64) -> Self {
        let mut all = crate::weights(seed, I, H + I * H).into_iter();
        let mut next = || all.next().unwrap_or_default();
        let (w1, b1) = (
            [(); I].map(|()| [(); H].map(|()| next())),
            [(); H].map(|()| next()),
        );
        let mut all = crate::weights(seed + 1, H, O + O * H).into_iter();
        let mut next = || all.next().unwrap_or_default();
        let (w2, b2) = (
            [(); O].map(|()| [(); H].map(|()| next())),
            [(); O].map(|()| next()),
        );
        let random = Random::new(seed);
        Self {
            w1,
            b1,
            w2,
            b2,
            random,
        }
    }

    /// A training step with SGD; the loss before it. Gradients go straight into the weights.
    pub fn step<const B: usize>(&mut self, x: &[[f32; I]; B], labels: &[u32], rate: f32) -> f32 {
        let x = x.as_flattened();
        let (mut h, mut dh) = ([[0.0; H]; B], [[0.0; H]; B]);
        let (rows, columns) = (|row| (row, 1), |step| (1, step));
        let left = |data, (row, step)| Left { data, row, step };

        let w1 = self.w1.as_flattened();
        product(
            [B, H, I],
            left(x, rows(I)),
            w1,
            h.as_flattened_mut(),
            1.0,
            false,
        );
        self.random.bias_relu_halve(h.as_flattened_mut(), &self.b1);
        let mut z = [[0.0; O]; B];
        for (z, h) in z.iter_mut().zip(&h) {
            *z = dots(h, self.w2.as_flattened());
            z.iter_mut().zip(&self.b2).for_each(|(z, b)| *z += b);
        }
        let loss = cross_entropy::<O>(z.as_flattened_mut(), labels, B);

        let (dz, w2) = (z.as_flattened(), self.w2.as_flattened_mut());
        product(
            [B, H, O],
            left(dz, rows(O)),
            w2,
            dh.as_flattened_mut(),
            1.0,
            false,
        );
        halve_backward(dh.as_flattened_mut(), h.as_flattened());
        product(
            [O, H, B],
            left(dz, columns(O)),
            h.as_flattened(),
            w2,
            -rate,
            true,
        );
        let w1 = self.w1.as_flattened_mut();
        product(
            [I, H, B],
            left(x, columns(I)),
            dh.as_flattened(),
            w1,
            -rate,
            true,
        );
        for (dz, dh) in z.iter().zip(&dh) {
            self.b2.iter_mut().zip(dz).for_each(|(b, g)| *b -= rate * g);
            self.b1.iter_mut().zip(dh).for_each(|(b, g)| *b -= rate * g);
        }
        loss
    }
}

/// The data of a batch: inputs and labels.
pub fn batch<const B: usize, const I: usize>(classes: usize) -> (Box<[[f32; I]; B]>, Vec<u32>) {
    let mut x = Box::new([[0.0; I]; B]);
    x.as_flattened_mut().copy_from_slice(&crate::inputs(B * I));
    (x, harness::classes(3, B, classes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::differences::Differences;

    type Tiny = Mlp<16, 32, 4>;

    #[test]
    fn gradients_agree_with_finite_differences() {
        let (x, labels) = batch::<8, 16>(4);
        let net = Tiny::new(0);
        // A step of rate 0 changes nothing, and every clone drops the same units.
        let loss = |net: &Tiny| net.clone().step(&x, &labels, 0.0);
        let mut moved = net.clone();
        moved.step(&x, &labels, 1.0);
        let mut differences = Differences::default();
        let mut check = |place: &dyn Fn(&mut Tiny) -> &mut f32| {
            let before = *place(&mut net.clone());
            differences.compare(before - *place(&mut moved), |by| {
                let mut net = net.clone();
                *place(&mut net) += by;
                loss(&net)
            });
        };
        for j in 0..32 {
            check(&|net| &mut net.b1[j]);
            (0..16).for_each(|i| check(&|net| &mut net.w1[i][j]));
            (0..4).for_each(|o| check(&|net| &mut net.w2[o][j]));
        }
        (0..4).for_each(|o| check(&|net| &mut net.b2[o]));
        differences.are_enough();
    }

    #[test]
    fn half_of_the_hidden_units_are_dropped() {
        let mut random = Random::new(5);
        let mut h = vec![1.0; 1 << 16];
        random.bias_relu_halve(&mut h, &[1.0; 128]);
        let kept = h.iter().filter(|&&x| x == 4.0).count();
        let dropped = h.iter().filter(|&&x| x == 0.0).count();
        assert_eq!(kept + dropped, 1 << 16);
        // Six standard deviations of 128.
        assert!(kept.abs_diff(dropped) < 2 * 6 * 128, "{kept}");
    }

    #[test]
    fn the_loss_falls() {
        let (x, labels) = batch::<32, 64>(10);
        let mut net = Mlp::<64, 128, 10>::new(0);
        let losses: Vec<f32> = (0..400).map(|_| net.step(&x, &labels, 0.1)).collect();
        assert!(
            losses[0] > 2.0 && losses[399] < 0.5,
            "{} {}",
            losses[0],
            losses[399]
        );
    }
}
