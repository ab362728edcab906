//! Each kernel on more numbers than it takes at a time, forward and backward: the benchmarks' workloads, and calls of
//! operations that these do not have, in both types.

use gradlet::prelude::*;
use gradlet::window::{Align, Convolution, Divisor, Window};
use gradlet::{AttentionOptions, Float, Order, Scatter, einsum};

use super::digest::{Digest, Digests};
use super::list::{self, Bits, Harness};

/// Digests of the workloads' second results, which depend on the weights after the first.
#[derive(Default)]
struct Workloads(Digests);

impl Harness for Workloads {
    fn wants(&self, name: &str) -> bool {
        // The same kernels on more numbers.
        let large = ["_16m", "_512", "_1024", "_2048"];
        !(name.starts_with("dropout") || name.starts_with("matmul"))
            || !large.iter().any(|end| name.ends_with(end))
    }

    fn samples(&self, usual: usize) -> usize {
        usual / 4
    }

    fn run<R: Bits>(&mut self, name: &str, mut iteration: impl FnMut() -> Result<R>) -> Result<()> {
        drop(iteration()?);
        let mut digest = Digest::default();
        for bits in iteration()?.bits() {
            digest.add(u64::from(bits));
        }
        self.0.insert(format!("workload {name}"), digest.finish());
        Ok(())
    }
}

/// A name, the sizes of some Vars, and what is computed from these.
type Call<T> = (
    &'static str,
    &'static [&'static [usize]],
    fn(&[Var<T>]) -> Result<Var<T>>,
);

const LONG: &[usize] = &[3, 70_001];
const SQUARE: &[usize] = &[70, 1100];
const MAPS: &[usize] = &[3, 8, 19, 33];
const HEADS: &[usize] = &[2, 3, 150, 20];

/// Numbers of both signs, of which an eighth is 0.
fn numbers<T: Float>(shape: &[usize], rng: &mut Pcg64) -> Result<Tensor<T>> {
    let x = Tensor::<T>::normal(shape, 0.0, 1.0, rng)?;
    let kept = Tensor::<T>::uniform(shape, 0.0, 1.0, rng)?;
    let is_kept = kept.gt(&Tensor::full_of([], T::of(0.125))?)?;
    Tensor::where_cond(&is_kept, &x, &Tensor::zeros_of(shape)?)
}

/// Numbers below `count`, at random.
fn indices(shape: &[usize], count: i64) -> Result<Tensor<i64>> {
    Tensor::random_integers(shape, 0..count, &mut gradlet::rng(3))
}

fn reductions<T: Float>() -> Vec<Call<T>> {
    vec![
        ("sum of rows", &[LONG], |x| x[0].sum(1)),
        ("sum of columns", &[&[70_001, 3]], |x| x[0].sum(0)),
        ("mean of all", &[LONG], |x| x[0].mean(..)),
        ("sum of planes", &[MAPS], |x| x[0].sum([0, 2, 3])),
        ("norms", &[SQUARE], |x| x[0].norm(3.0, 1)),
        ("std of rows", &[SQUARE], |x| x[0].std(1, 1.0)),
        ("var of columns", &[SQUARE], |x| x[0].var(0, 1.0)),
        ("largest", &[SQUARE], |x| x[0].max(1)),
        ("products", &[&[40, 90]], |x| {
            x[0].add_scalar(T::one()).prod(1)
        }),
        ("cumsum", &[SQUARE], |x| x[0].cumsum(1)),
        ("cumprod", &[&[40, 90]], |x| x[0].cumprod(1)),
        ("logsumexp", &[SQUARE], |x| x[0].logsumexp(0)),
        ("median", &[SQUARE], |x| x[0].median(1)),
        ("cov", &[&[9, 3000]], |x| x[0].cov(1.0)),
        ("sort", &[SQUARE], |x| {
            Ok(x[0].sort(1, Order::Descending)?.0)
        }),
        ("softmax of rows", &[SQUARE], |x| x[0].softmax(1)),
        ("softmax of columns", &[SQUARE], |x| x[0].log_softmax(0)),
    ]
}

fn layers<T: Float>() -> Vec<Call<T>> {
    vec![
        ("layer_norm", &[SQUARE, &[1100], &[1100]], |x| {
            x[0].layer_norm([1100], Some(&x[1]), Some(&x[2]), 1e-5)
        }),
        ("rms_norm", &[SQUARE, &[1100]], |x| {
            x[0].rms_norm([1100], Some(&x[1]), Some(1e-6))
        }),
        ("group_norm", &[MAPS, &[8], &[8]], |x| {
            x[0].group_norm(2, Some(&x[1]), Some(&x[2]), 1e-5)
        }),
        ("conv2d", &[MAPS, &[12, 4, 3, 5], &[12]], |x| {
            let options = Convolution::default().padding(1).groups(2);
            x[0].conv2d(&x[1], Some(&x[2]), options)
        }),
        ("conv_transpose2d", &[MAPS, &[8, 5, 3, 3]], |x| {
            x[0].conv_transpose2d(&x[1], None, Convolution::default().stride(2), [1, 0])
        }),
        ("max_pool2d", &[MAPS], |x| {
            x[0].max_pool2d(Window::new(3).stride(2).padding(1))
        }),
        ("avg_pool2d", &[MAPS], |x| {
            let window = Window::new(3).stride(2).padding(1);
            x[0].avg_pool2d(window, Divisor::WithoutPadding)
        }),
        ("interpolate", &[MAPS], |x| {
            x[0].interpolate_bilinear([40, 21], Align::Edges)
        }),
        ("unfold", &[MAPS], |x| {
            x[0].unfold(Window::new(3).padding(1))
        }),
        ("attention", &[HEADS, HEADS, HEADS], |x| {
            x[0].scaled_dot_product_attention(&x[1], &x[2], &AttentionOptions::new())
        }),
    ]
}

fn products<T: Float>() -> Vec<Call<T>> {
    vec![
        ("dot", &[&[5001], &[5001]], |x| x[0].dot(&x[1])),
        ("row times matrix", &[&[1, 700], &[700, 90]], |x| {
            x[0].matmul(&x[1])
        }),
        ("few rows times turned", &[&[3, 2500], &[70, 2500]], |x| {
            x[0].matmul(&x[1].t()?)
        }),
        ("linear", &[&[65, 300], &[130, 300], &[130]], |x| {
            x[0].linear(&x[1], Some(&x[2]))
        }),
        ("long inner size", &[&[33, 20_000], &[20_000, 9]], |x| {
            x[0].matmul(&x[1])
        }),
        ("batches", &[&[6, 40, 70], &[6, 70, 30]], |x| {
            x[0].bmm(&x[1])
        }),
        ("einsum", &[&[9, 20, 30], &[30, 9, 5]], |x| {
            einsum("bij,jbk->ik", &[&x[0], &x[1]])
        }),
    ]
}

fn picks<T: Float>() -> Vec<Call<T>> {
    vec![
        ("embedding", &[&[50, 70]], |x| {
            x[0].embedding(&indices(&[3000], 50)?)
        }),
        ("gather", &[SQUARE], |x| {
            x[0].gather(1, &indices(&[70, 2000], 1100)?)
        }),
        ("scatter_add", &[&[70, 9], SQUARE], |x| {
            x[0].scatter_add(1, &indices(SQUARE, 9)?, &x[1])
        }),
        ("index_add", &[&[4, 90], &[5000, 90]], |x| {
            x[0].index_add(0, &indices(&[5000], 4)?, &x[1])
        }),
        ("scatter_reduce", &[&[70, 9], SQUARE], |x| {
            x[0].scatter_reduce(1, &indices(SQUARE, 9)?, &x[1], Scatter::Mean)
        }),
    ]
}

/// The digest of a call's result and of all its gradients, for a random incoming one.
fn digest<T: Float>((_, shapes, call): &Call<T>) -> Result<u64> {
    let mut rng = gradlet::rng(11);
    let leaves = shapes
        .iter()
        .map(|shape| Ok(Var::leaf(numbers::<T>(shape, &mut rng)?)));
    let leaves: Vec<Var<T>> = leaves.collect::<Result<_>>()?;
    let y = call(&leaves)?;
    let mut digest = Digest::default();
    digest.tensor(&y.tensor().cast());
    let g = numbers(y.shape(), &mut rng)?;
    let grads = y.backward_with(g)?;
    for x in &leaves {
        if let Some(dx) = grads.wrt(x) {
            digest.tensor(&dx.cast());
        }
    }
    Ok(digest.finish())
}

fn both<T: Float>(type_name: &str, digests: &mut Digests) -> Result<()> {
    let families = [reductions::<T>(), layers(), products(), picks()];
    for call in families.iter().flatten() {
        digests.insert(format!("kernel {type_name} {}", call.0), digest(call)?);
    }
    Ok(())
}

pub(crate) fn workloads() -> Result<Digests> {
    let mut workloads = Workloads::default();
    list::run(&mut workloads)?;
    Ok(workloads.0)
}

pub(crate) fn all() -> Result<Digests> {
    let mut digests = Digests::new();
    both::<f32>("f32", &mut digests)?;
    both::<f64>("f64", &mut digests)?;
    Ok(digests)
}
