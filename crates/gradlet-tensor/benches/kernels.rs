//! The loops under the tensors, each alone: `cargo bench -p gradlet-tensor -- [NAME]`, on one thread.

use divan::counter::{BytesCount, ItemsCount};
use divan::{Bencher, black_box};
use gradlet_tensor::{DrawKey, Mask, Tensor, rng, threads};

/// A net's layer, what fits the second cache, and a million.
const SIZES: [usize; 3] = [4096, 65_536, 1 << 20];

fn main() {
    threads::with(1, divan::main);
}

fn numbers(n: usize) -> Tensor {
    Tensor::uniform(n, -1.0, 1.0, &mut rng(n as u64)).expect("a few MiB")
}

/// Bytes read and written for `streams` passes over `n` numbers.
fn moved(streams: usize, n: usize) -> BytesCount {
    BytesCount::new(streams * n * size_of::<f32>())
}

#[divan::bench(args = SIZES)]
fn copy(bencher: Bencher, n: usize) {
    let (x, mut y) = (numbers(n).to_vec(), vec![0.0; n]);
    bencher
        .counter(moved(2, n))
        .bench_local(|| black_box(&mut y).copy_from_slice(black_box(&x)));
}

#[divan::bench(args = SIZES)]
fn map_exp(bencher: Bencher, n: usize) {
    let x = numbers(n);
    bencher.counter(moved(2, n)).bench_local(|| x.exp());
}

#[divan::bench(args = SIZES)]
fn zip_add(bencher: Bencher, n: usize) {
    let (x, y) = (numbers(n), numbers(n));
    bencher.counter(moved(3, n)).bench_local(|| &x + &y);
}

#[divan::bench(args = SIZES)]
fn zip_add_a_row(bencher: Bencher, n: usize) {
    let x = numbers(n).reshape([n / 64, 64]).expect("whole rows");
    let row = numbers(64);
    bencher.counter(moved(2, n)).bench_local(|| &x + &row);
}

#[divan::bench(args = SIZES)]
fn sum_all(bencher: Bencher, n: usize) {
    let x = numbers(n);
    bencher.counter(moved(1, n)).bench_local(|| x.sum(..));
}

#[divan::bench(args = SIZES)]
fn sum_of_columns(bencher: Bencher, n: usize) {
    let x = numbers(n).reshape([n / 64, 64]).expect("whole rows");
    bencher.counter(moved(1, n)).bench_local(|| x.sum(0));
}

#[divan::bench(args = [4, 10, 64, 1000])]
fn softmax_of_1024_rows(bencher: Bencher, columns: usize) {
    let x = numbers(1024 * columns)
        .reshape([1024, columns])
        .expect("whole rows");
    bencher
        .counter(moved(2, 1024 * columns))
        .bench_local(|| x.softmax(1));
}

#[divan::bench(args = [0.5, 0.1])]
fn draw_a_million_bits(bencher: Bencher, p: f64) {
    let mut call = 0;
    bencher
        .counter(ItemsCount::new(1usize << 20))
        .bench_local(|| {
            call += 1;
            Mask::draw(1 << 20, p, DrawKey { seed: 1, call })
        });
}

#[divan::bench(args = SIZES)]
fn apply_a_mask(bencher: Bencher, n: usize) {
    let mask = Mask::draw(n, 0.5, DrawKey { seed: 1, call: 0 }).expect("a probability");
    let x = numbers(n);
    bencher
        .counter(moved(2, n))
        .bench_local(|| mask.apply(&x, 2.0));
}

/// `x w^T` as in a layer: batch, inputs, outputs.
#[divan::bench(args = [[8, 16, 32], [32, 64, 128], [32, 128, 10], [128, 784, 512]])]
fn linear(bencher: Bencher, [m, k, n]: [usize; 3]) {
    let x = numbers(m * k).reshape([m, k]).expect("the same size");
    let w = numbers(n * k).reshape([n, k]).expect("the same size");
    bencher
        .counter(ItemsCount::new(2 * m * k * n))
        .bench_local(|| x.linear(&w, None));
}

/// `g^T x`, the gradient of a layer's weight.
#[divan::bench(args = [[32, 8, 16], [128, 32, 64], [10, 32, 128], [512, 128, 784]])]
fn weight_gradient(bencher: Bencher, [m, k, n]: [usize; 3]) {
    let g = numbers(k * m).reshape([k, m]).expect("the same size");
    let x = numbers(k * n).reshape([k, n]).expect("the same size");
    bencher
        .counter(ItemsCount::new(2 * m * k * n))
        .bench_local(|| g.t().and_then(|g| g.matmul(&x)));
}
