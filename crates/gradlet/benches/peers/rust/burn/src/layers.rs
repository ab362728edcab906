//! Single layers under both kinds of incoming gradient.

use std::hint::black_box;

use burn::module::Module;
use burn::nn::{BatchNormConfig, EmbeddingConfig, GroupNormConfig, LayerNormConfig};
use burn::optim::GradientsParams;
use burn::tensor::module::attention;
use burn::tensor::{Gradients, Tensor};

use crate::{Env, labels, tensor};

impl Env {
    /// Backward of the sum, and of the sum of products with a fixed tensor: a backward takes no gradient from outside.
    fn both<const D: usize, R>(
        &self,
        layer: &str,
        forward: impl Fn() -> Tensor<D>,
        gradients: impl Fn(Gradients) -> R,
    ) {
        let [ones, dense] = ["ones", "dense"].map(|incoming| format!("{layer}_{incoming}"));
        self.run(&ones, || {
            black_box(gradients(forward().sum().backward()));
        });
        if self.bench.wants(&dense) {
            let g: Tensor<D> = tensor(3, forward().dims(), &self.device);
            self.run(&dense, || {
                black_box(gradients((forward() * g.clone()).sum().backward()));
            });
        }
    }

    /// A layer with parameters, and an input that has a gradient too.
    fn layer<const D: usize, M: Module>(
        &self,
        name: &str,
        shape: [usize; D],
        layer: M,
        forward: impl Fn(&M, Tensor<D>) -> Tensor<D>,
    ) {
        if !["ones", "dense"]
            .iter()
            .any(|incoming| self.bench.wants(&format!("{name}_{incoming}")))
        {
            return;
        }
        let x: Tensor<D> = self.leaf(1, shape);
        self.both(
            name,
            || forward(&layer, x.clone()),
            |mut grads| {
                let dx = x.grad_remove(&mut grads);
                (dx, GradientsParams::from_grads(grads, &layer))
            },
        );
    }

    pub(crate) fn layers(&self) {
        let device = &self.device;
        let norm = LayerNormConfig::new(1024).init(device);
        let square = [1024, 1024];
        self.layer("layer_norm_fb_1024", square, norm, |norm, x| {
            norm.forward(x)
        });
        let norm = BatchNormConfig::new(1024).init(device);
        self.layer("batch_norm_fb_1024", square, norm, |norm, x| {
            norm.forward(x)
        });
        let norm = BatchNormConfig::new(64).init(device);
        let maps = [32, 64, 16, 16];
        self.layer("batch_norm_fb_maps", maps, norm, |norm, x| norm.forward(x));
        let norm = GroupNormConfig::new(4, 64).init(device);
        self.layer("group_norm_fb_maps", maps, norm, |norm, x| norm.forward(x));
        let words = EmbeddingConfig::new(10_000, 64).init(device);
        let indices = labels(4096, 10_000, device);
        self.both(
            "embedding_fb",
            || words.forward(indices.clone().unsqueeze()),
            |grads| GradientsParams::from_grads(grads, &words),
        );
        let [q, k, v] = [1, 2, 3].map(|seed| self.leaf(seed, [8, 4, 256, 32]));
        self.both(
            "attention_fb",
            || {
                attention(
                    q.clone(),
                    k.clone(),
                    v.clone(),
                    None,
                    None,
                    Default::default(),
                )
            },
            |grads| (q.grad(&grads), k.grad(&grads), v.grad(&grads)),
        );
    }
}
