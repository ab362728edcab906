//! What recording costs beside the arithmetic: `cargo bench -p gradlet-autograd -- [NAME]`.

use divan::Bencher;
use divan::counter::ItemsCount;
use gradlet_autograd::{Tensor, Var, no_grad};

const NODES: usize = 1000;

fn main() {
    divan::main();
}

fn start(n: usize) -> Var {
    Var::leaf(Tensor::ones(n).expect("a few numbers"))
}

fn chain(x: &Var) -> Var {
    (0..NODES).fold(x.clone(), |x, _| x * 1.0001)
}

/// A thousand nodes, recorded and freed.
#[divan::bench(args = [1, 16])]
fn forward(bencher: Bencher, n: usize) {
    let x = start(n);
    bencher
        .counter(ItemsCount::new(NODES))
        .bench_local(|| chain(&x));
}

/// The same without recording.
#[divan::bench(args = [1, 16])]
fn forward_without_recording(bencher: Bencher, n: usize) {
    let x = start(n);
    bencher
        .counter(ItemsCount::new(NODES))
        .bench_local(|| no_grad(|| chain(&x)));
}

/// The walk back alone.
#[divan::bench(args = [1, 16])]
fn backward(bencher: Bencher, n: usize) {
    let x = start(n);
    let g = Tensor::ones(n).expect("a few numbers");
    bencher
        .counter(ItemsCount::new(NODES))
        .with_inputs(|| (chain(&x), g.clone()))
        .bench_local_values(|(y, g)| y.backward_with(g).expect("gradients"));
}

/// A node with two recorded inputs, so that gradients are added up.
#[divan::bench]
fn diamonds(bencher: Bencher) {
    let x = start(16);
    bencher.counter(ItemsCount::new(NODES)).bench_local(|| {
        let y = (0..NODES / 2).fold(x.clone(), |x, _| &x + &(&x * 0.5));
        y.sum(..).and_then(Var::backward)
    });
}
