//! Single operations on 1,048,576 elements: microseconds forward, and forward and backward.
//!
//! `cargo bench --bench operations -- [--threads N] NAME` prints one JSON line; `--list` prints the names; `--fma` prints
//! how many times as much two threads compute as one. The script `peers/operations` runs this beside PyTorch.

use std::hint::black_box;
use std::time::{Duration, Instant};

use gradlet::prelude::*;
use gradlet::window::{Align, Window};
use gradlet::{Interpolation, Replacement, Scatter, einsum};

const N: usize = 1 << 20;
const ROWS: [usize; 2] = [1024, 1024];

/// A function of float inputs of these shapes.
type Run = Box<dyn Fn(&[Var]) -> Result<Var>>;

/// The shapes of an operation's inputs, and the operation.
type Operation = (Vec<Vec<usize>>, Run);

/// The median time of a call in microseconds, in 0.6 s after 0.2 s of warming up.
fn median(mut f: impl FnMut() -> Result<()>) -> Result<f64> {
    let start = Instant::now();
    while start.elapsed() < Duration::from_millis(200) {
        f()?;
    }
    let (start, mut times) = (Instant::now(), Vec::new());
    while times.len() < 5 || start.elapsed() < Duration::from_millis(600) {
        let begin = Instant::now();
        f()?;
        times.push(begin.elapsed().as_nanos() as f64 / 1e3);
    }
    times.sort_by(f64::total_cmp);
    Ok(times[times.len() / 2])
}

/// As `median`, for a function of a result.
fn timed<T>(mut f: impl FnMut() -> Result<T>) -> Result<f64> {
    median(|| f().map(|y| drop(black_box(y))))
}

/// How many times as much two threads compute as one: less than 2 if a different program runs on the second processor.
fn second_processor() -> f64 {
    let work = || {
        let (factor, term) = black_box((0.999f32, 1e-3f32));
        let mut lanes = [1f32; 64];
        for _ in 0..1_000_000 {
            lanes.iter_mut().for_each(|x| *x = *x * factor + term);
        }
        black_box(lanes);
    };
    let seconds = |threads| {
        let start = Instant::now();
        std::thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(work))));
        start.elapsed().as_secs_f64()
    };
    let [one, two] = [1, 2].map(|threads| seconds(threads).min(seconds(threads)));
    2.0 * one / two
}

/// Of each element, or pair of elements.
fn elementwise(name: &str) -> Option<Operation> {
    let flat = || vec![vec![N]];
    let pair = || vec![vec![N], vec![N]];
    let operation: Operation = match name {
        "floor" => (flat(), Box::new(|x| Ok(x[0].floor()))),
        "trunc" => (flat(), Box::new(|x| Ok(x[0].trunc()))),
        "sign" => (flat(), Box::new(|x| Ok(x[0].sign()))),
        "acosh" => (
            flat(),
            Box::new(|x| Ok(x[0].square().add_scalar(1.0).acosh())),
        ),
        "asinh" => (flat(), Box::new(|x| Ok(x[0].asinh()))),
        "atanh" => (flat(), Box::new(|x| Ok(x[0].mul_scalar(0.1).atanh()))),
        "nan_to_num" => (flat(), Box::new(|x| Ok(x[0].nan_to_num(0.0, None, None)))),
        "atan2" => (pair(), Box::new(|x| x[0].atan2(&x[1]))),
        "hypot" => (pair(), Box::new(|x| x[0].hypot(&x[1]))),
        "remainder" => (pair(), Box::new(|x| x[0].remainder(&x[1]))),
        "fmod" => (pair(), Box::new(|x| x[0].fmod(&x[1]))),
        _ => return None,
    };
    Some(operation)
}

/// Of rows.
fn along_rows(name: &str) -> Option<Operation> {
    let rows = || vec![ROWS.to_vec()];
    let operation: Operation = match name {
        "cumprod" => (rows(), Box::new(|x| x[0].cumprod(1))),
        "cummax" => (rows(), Box::new(|x| Ok(x[0].cummax(1)?.0))),
        "cummin" => (rows(), Box::new(|x| Ok(x[0].cummin(1)?.0))),
        "corrcoef" => (vec![vec![256, 4096]], Box::new(|x| x[0].corrcoef())),
        "trace" => (rows(), Box::new(|x| x[0].trace())),
        "einsum_ellipsis" => (
            vec![vec![64, 128, 128]; 2],
            Box::new(|x| einsum("...ij,...jk", &[&x[0], &x[1]])),
        ),
        "median" => (rows(), Box::new(|x| x[0].median(1))),
        "quantile" => (
            rows(),
            Box::new(|x| x[0].quantile(0.3, 1, Interpolation::Linear)),
        ),
        "cov" => (vec![vec![256, 4096]], Box::new(|x| x[0].cov(1.0))),
        "cosine_similarity" => (
            vec![ROWS.to_vec(); 2],
            Box::new(|x| x[0].cosine_similarity(&x[1], 1, 1e-8)),
        ),
        "normalize" => (rows(), Box::new(|x| x[0].normalize(2.0, 1, 1e-12))),
        "cross" => (
            vec![vec![349_525, 3]; 2],
            Box::new(|x| x[0].cross(&x[1], 1)),
        ),
        _ => return None,
    };
    Some(operation)
}

/// Of images, mostly.
fn moving(name: &str) -> Option<Operation> {
    let images = || vec![vec![4, 16, 128, 128]];
    let small_images = || vec![vec![4, 16, 64, 64]];
    let operation: Operation = match name {
        "unfold" => (
            vec![vec![1, 7, 128, 128]],
            Box::new(|x| x[0].unfold(Window::new(3).stride(1).padding(1))),
        ),
        "fold" => (
            vec![vec![1, 63, 16384]],
            Box::new(|x| x[0].fold([128, 128], Window::new(3).stride(1).padding(1))),
        ),
        "pad_reflect" => (images(), Box::new(|x| x[0].pad_reflect(&[(1, 1), (1, 1)]))),
        "pad_replicate" => (
            images(),
            Box::new(|x| x[0].pad_replicate(&[(1, 1), (1, 1)])),
        ),
        "pad_circular" => (images(), Box::new(|x| x[0].pad_circular(&[(1, 1), (1, 1)]))),
        "interpolate_nearest" => (
            small_images(),
            Box::new(|x| x[0].interpolate_nearest(&[128, 128])),
        ),
        "interpolate_bilinear" => (
            small_images(),
            Box::new(|x| x[0].interpolate_bilinear([128, 128], Align::Edges)),
        ),
        "diagonal" => (
            vec![vec![1024, 32, 32]],
            Box::new(|x| Ok(x[0].diagonal(0, 1, 2)?.mul_scalar(2.0))),
        ),
        "diag_embed" => (vec![vec![1024, 32]], Box::new(|x| x[0].diag_embed(0, 1, 2))),
        "moveaxis_copy" => (
            vec![vec![64, 128, 128]],
            Box::new(|x| x[0].moveaxis(&[0], &[2])?.reshape(N)),
        ),
        "meshgrid" => (
            vec![vec![1024]; 2],
            Box::new(|x| {
                let grids = Var::meshgrid(&[&x[0], &x[1]])?;
                grids[0].mul(&grids[1])
            }),
        ),
        "slice_backward" => (vec![ROWS.to_vec()], Box::new(|x| x[0].slice(1, .., -2))),
        "windows" => (
            vec![ROWS.to_vec()],
            Box::new(|x| x[0].windows(1, 3, 1)?.sum(-1)),
        ),
        _ => return None,
    };
    Some(operation)
}

/// By index or mask.
fn picking(name: &str) -> Result<Option<Operation>> {
    let mask = Tensor::from_fn(ROWS, |i| i % 3 == 0)?;
    let spread = Tensor::from_fn(ROWS, |i| (i * 7919 % 1024) as i64)?;
    let repeated = Tensor::from_fn(1024, |i| (i * 7 % 512) as i64)?;
    let even = Tensor::from_fn(512, |i| 2 * i as i64)?;
    let rows = || vec![ROWS.to_vec()];
    let operation: Operation = match name {
        "slice_assign" => (
            vec![ROWS.to_vec(), vec![1024, 512]],
            Box::new(|x| x[0].slice_assign(1, 256..768, 1, &x[1])),
        ),
        "index_copy" => (
            vec![ROWS.to_vec(), vec![512, 1024]],
            Box::new(move |x| x[0].index_copy(0, &even, &x[1])),
        ),
        "index_add" => (
            vec![vec![512, 1024], ROWS.to_vec()],
            Box::new(move |x| x[0].index_add(0, &repeated, &x[1])),
        ),
        "scatter_add" => (
            vec![ROWS.to_vec(); 2],
            Box::new(move |x| x[0].scatter_add(1, &spread, &x[1])),
        ),
        "scatter" => (
            vec![ROWS.to_vec(); 2],
            Box::new(move |x| x[0].scatter(1, &spread, &x[1])),
        ),
        "scatter_reduce_max" => (
            vec![ROWS.to_vec(); 2],
            Box::new(move |x| x[0].scatter_reduce(1, &spread, &x[1], Scatter::Max)),
        ),
        "masked_scatter" => (
            vec![ROWS.to_vec(), vec![N]],
            Box::new(move |x| x[0].masked_scatter(&mask, &x[1])),
        ),
        "masked_select" => (rows(), Box::new(move |x| x[0].masked_select(&mask))),
        _ => return Ok(None),
    };
    Ok(Some(operation))
}

fn find(name: &str) -> Result<Option<Operation>> {
    let found = elementwise(name)
        .or_else(|| along_rows(name))
        .or_else(|| moving(name));
    found.map_or_else(|| picking(name), |found| Ok(Some(found)))
}

/// The time of an operation on integers.
fn integers(name: &str) -> Result<Option<f64>> {
    let long = Tensor::<i64>::from_fn(N, |i| (i % 100 + 1) as i64)?;
    let (short, bytes, few) = (
        long.cast::<i32>(),
        long.cast::<u8>(),
        long.bit_and(&tensor![i64; 7])?,
    );
    let square = long.narrow(0, 0, 1 << 16)?.reshape([256, 256])?;
    let (long_rows, labels) = (long.reshape(ROWS)?, long.narrow(0, 0, 4096)?);
    let time = match name {
        "add_i64" => timed(|| long.add(&long)),
        "mul_i32" => timed(|| short.mul(&short)),
        "add_u8" => timed(|| bytes.add(&bytes)),
        "div_floor_i64" => timed(|| long.div_floor(&long)),
        "abs_i64" => timed(|| long.abs()),
        "neg_i64" => timed(|| long.neg()),
        "sign_i64" => timed(|| Ok(long.sign())),
        "bit_and_i64" => timed(|| long.bit_and(&long)),
        "bit_xor_i64" => timed(|| long.bit_xor(&long)),
        "shl_i64" => timed(|| long.shl(&few)),
        "sum_i32" => timed(|| short.sum(..)),
        "mean_as_u8" => timed(|| bytes.mean_as::<f32>(..)),
        "cumsum_i64" => timed(|| long_rows.cumsum(1)),
        "matmul_i64" => timed(|| square.matmul(&square)),
        "one_hot_of" => timed(|| labels.one_hot_of(Some(256), 1f32, 0.0, 1)),
        _ => return Ok(None),
    };
    time.map(Some)
}

/// The time of a different operation that has no gradient.
fn plain(name: &str) -> Result<Option<f64>> {
    let mask = Tensor::from_fn(ROWS, |i| i % 3 == 0)?;
    let mut rng = gradlet::rng(0);
    let x = Tensor::<f32>::uniform(ROWS, 0.0, 1.0, &mut rng)?;
    let time = match name {
        "gt_scalar" => timed(|| Ok(x.gt_scalar(0.5))),
        "count_true" => timed(|| Ok(mask.count_true())),
        "nonzero" => timed(|| mask.nonzero()),
        "random_integers" => timed(|| Tensor::<i64>::random_integers(N, 0..1000, &mut rng)),
        "permutation" => timed(|| Tensor::<i64>::permutation(N, &mut rng)),
        "multinomial_again" => timed(|| x.multinomial(1024, Replacement::Yes, &mut rng)),
        "multinomial_once" => timed(|| x.multinomial(512, Replacement::No, &mut rng)),
        _ => return integers(name),
    };
    time.map(Some)
}

const NAMES: [&str; 66] = [
    "add_i64",
    "mul_i32",
    "add_u8",
    "div_floor_i64",
    "bit_and_i64",
    "sum_i32",
    "cumsum_i64",
    "nonzero",
    "random_integers",
    "permutation",
    "floor",
    "asinh",
    "atanh",
    "nan_to_num",
    "atan2",
    "hypot",
    "remainder",
    "fmod",
    "cumprod",
    "cummax",
    "median",
    "quantile",
    "cov",
    "cosine_similarity",
    "normalize",
    "cross",
    "unfold",
    "fold",
    "pad_reflect",
    "pad_replicate",
    "interpolate_nearest",
    "interpolate_bilinear",
    "slice_assign",
    "index_copy",
    "scatter",
    "scatter_reduce_max",
    "masked_scatter",
    "masked_select",
    "diagonal",
    "abs_i64",
    "neg_i64",
    "sign_i64",
    "bit_xor_i64",
    "shl_i64",
    "mean_as_u8",
    "matmul_i64",
    "one_hot_of",
    "gt_scalar",
    "count_true",
    "multinomial_again",
    "multinomial_once",
    "trunc",
    "sign",
    "acosh",
    "cummin",
    "corrcoef",
    "trace",
    "einsum_ellipsis",
    "pad_circular",
    "diag_embed",
    "moveaxis_copy",
    "meshgrid",
    "slice_backward",
    "windows",
    "index_add",
    "scatter_add",
];

fn run(name: &str) -> Result<()> {
    if let Some(us) = plain(name)? {
        println!("{{\"operation\":\"{name}\",\"forward_us\":{us:.2},\"both_us\":null}}");
        return Ok(());
    }
    let (shapes, run) =
        find(name)?.unwrap_or_else(|| panic!("no operation {name}; --list shows all"));
    let mut rng = gradlet::rng(0);
    let inputs = shapes
        .iter()
        .map(|shape| Tensor::normal(shape, 0.0, 1.0, &mut rng));
    let inputs: Vec<Tensor> = inputs.collect::<Result<_>>()?;
    let constants: Vec<Var> = inputs.iter().cloned().map(Var::constant).collect();
    let forward = median(|| run(&constants).map(|y| drop(black_box(y))))?;
    let leaves: Vec<Var> = inputs.iter().cloned().map(Var::leaf).collect();
    let shape = *run(&constants)?.shape();
    let g = Tensor::normal(shape, 0.0, 1.0, &mut rng)?;
    let both = median(|| {
        let y = run(&leaves)?;
        y.backward_with(g.clone())
            .map(|grads| drop(black_box(grads)))
    })?;
    println!("{{\"operation\":\"{name}\",\"forward_us\":{forward:.2},\"both_us\":{both:.2}}}");
    Ok(())
}

fn main() -> Result<()> {
    let mut threads = 2;
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--threads" => {
                threads = args
                    .next()
                    .and_then(|n| n.parse().ok())
                    .expect("a number of threads");
            }
            "--list" => println!("{}", NAMES.join("\n")),
            "--fma" => println!("{:.2}", second_processor()),
            // What `cargo bench` adds.
            "--bench" => {}
            name => gradlet::threads::with(threads, || run(name))?,
        }
    }
    Ok(())
}
