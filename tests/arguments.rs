//! Arguments that make no sense give errors that name the operation and this file, and never a panic.

use std::panic::{AssertUnwindSafe, catch_unwind};

use gradlet::autograd::einsum;
use gradlet::{
    AveragePooling, BatchNorm, Convolution, CrossEntropy, Divisor, KlTarget, Order, Pooling,
    Reduction, Result, RunningStatistics, Tensor, Var, binary_cross_entropy,
    binary_cross_entropy_with_logits, cross_entropy_probabilities, cross_entropy_with, huber_loss,
    kl_div, l1_loss, mse_loss, nll_loss, rng, smooth_l1_loss,
};
use proptest::prelude::*;

/// What calls are made with.
#[derive(Clone, Debug)]
struct Random {
    x: Var<f64>,
    y: Var<f64>,
    indices: Tensor<i64>,
    mask: Tensor<bool>,
    axis: isize,
    other_axis: isize,
    axes: Vec<isize>,
    size: usize,
    sizes: Vec<usize>,
    number: f64,
    equation: String,
}

fn shape() -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(0..4usize, 0..5)
}

fn axis() -> impl Strategy<Value = isize> {
    prop_oneof![8 => -5..5isize, 1 => Just(isize::MIN), 1 => Just(isize::MAX)]
}

fn size() -> impl Strategy<Value = usize> {
    prop_oneof![8 => 0..6usize, 1 => Just(usize::MAX), 1 => Just(usize::MAX / 2 + 1)]
}

fn number() -> impl Strategy<Value = f64> {
    let odd = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 0.0, -1.0];
    prop_oneof![2 => -3.0..3.0, 1 => prop::sample::select(odd.to_vec())]
}

fn tensor(shape: &[usize], seed: u64) -> Tensor<f64> {
    let turned: Vec<usize> = shape.iter().rev().copied().collect();
    let axes: Vec<isize> = (0..shape.len() as isize).rev().collect();
    let x =
        Tensor::normal(turned.as_slice(), 0.0, 1.0, &mut rng(seed)).and_then(|x| x.permute(&axes));
    x.unwrap_or_else(|error| panic!("{error}"))
}

fn random() -> impl Strategy<Value = Random> {
    let tensors = (shape(), shape(), shape(), any::<u64>());
    let axes = (axis(), axis(), prop::collection::vec(axis(), 0..4));
    let sizes = (size(), prop::collection::vec(size(), 0..4), number());
    let equation = prop::sample::select(vec![
        "ij,jk->ik",
        "ii",
        "i,j->ij",
        "ij->jj",
        "a.->",
        "ij,k",
        "->",
        ",",
        "ijk,ijk->k",
    ]);
    (tensors, axes, sizes, equation).prop_map(
        |((a, b, c, seed), (axis, other_axis, axes), (size, sizes, number), equation)| {
            let places = tensor(&c, seed);
            Random {
                x: Var::leaf(tensor(&a, seed)),
                y: Var::leaf(tensor(&b, seed ^ 1)),
                indices: places.map(|x| (x * 2.0) as i64),
                mask: places.map(|x| x > 0.0),
                axis,
                other_axis,
                axes,
                size,
                sizes,
                number,
                equation: equation.to_owned(),
            }
        },
    )
}

type Call = fn(&Random) -> Result<()>;

/// A call by name; what it returns does not matter, how it fails does.
macro_rules! calls {
    ($($name:literal: |$r:ident| $call:expr;)*) => {
        [$(($name, (|$r: &Random| $call.map(drop)) as Call)),*]
    };
}

fn check(calls: &[(&str, Call)], random: &Random) -> std::result::Result<(), TestCaseError> {
    for (name, call) in calls {
        let outcome = catch_unwind(AssertUnwindSafe(|| call(random)));
        let Ok(outcome) = outcome else {
            return Err(TestCaseError::fail(format!("{name} panics")));
        };
        if let Err(error) = outcome {
            let message = error.to_string();
            prop_assert!(
                error.location().file().ends_with("arguments.rs"),
                "{}: {}",
                name,
                message
            );
            prop_assert!(message.len() > 20, "{}: {}", name, message);
        }
    }
    Ok(())
}

proptest! {
    // Nothing is written beside the sources; a failure prints its input.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn reductions_never_panic(random in random()) {
        check(&calls![
            "sum": |r| r.x.sum(r.axis);
            "sum axes": |r| r.x.sum(r.axes.as_slice());
            "sum_keepdim": |r| r.x.sum_keepdim(r.axes.as_slice());
            "mean": |r| r.x.mean(r.axes.as_slice());
            "max": |r| r.x.max(r.axes.as_slice());
            "min_keepdim": |r| r.x.min_keepdim(r.axis);
            "prod": |r| r.x.prod(r.axes.as_slice());
            "var": |r| r.x.var(r.axes.as_slice(), r.number);
            "std_keepdim": |r| r.x.std_keepdim(r.axis, r.number);
            "logsumexp": |r| r.x.logsumexp(r.axes.as_slice());
            "norm": |r| r.x.norm(r.number, r.axes.as_slice());
            "argmax": |r| r.x.tensor().argmax(r.axis);
            "argmin": |r| r.x.tensor().argmin(r.axis);
            "any": |r| r.mask.any(r.axis);
            "all": |r| r.mask.all(r.axes.as_slice());
            "tensor var": |r| r.x.tensor().var(r.axis, r.number);
            "tensor std": |r| r.x.tensor().std(r.axis, r.number);
            "tensor prod": |r| r.x.tensor().prod(r.axes.as_slice());
            "tensor norm": |r| r.x.tensor().norm(r.number, r.axis);
            "tensor logsumexp": |r| r.x.tensor().logsumexp(r.axis);
            "tensor max_keepdim": |r| r.x.tensor().max_keepdim(r.axis);
            "tensor mean_keepdim": |r| r.x.tensor().mean_keepdim(r.axis);
            "tensor softmax": |r| r.x.tensor().softmax(r.axis);
            "log_softmax": |r| r.x.log_softmax(r.axis);
            "softmax": |r| r.x.softmax(r.axis);
        ], &random)?;
    }

    #[test]
    fn elementwise_functions_never_panic(random in random()) {
        check(&calls![
            "add": |r| r.x.add(&r.y);
            "sub": |r| r.x.sub(&r.y);
            "mul": |r| r.x.mul(&r.y);
            "div": |r| r.x.div(&r.y);
            "pow": |r| r.x.pow(&r.y);
            "maximum": |r| r.x.maximum(&r.y);
            "minimum": |r| r.x.minimum(&r.y);
            "clamp_between": |r| r.x.clamp_between(Some(&r.y), None);
            "masked_fill": |r| r.x.masked_fill(&r.mask, r.number);
            "where_cond": |r| Var::where_cond(&r.mask, &r.x, &r.y);
            "tensor eq": |r| r.x.tensor().eq(r.y.tensor());
            "tensor div_floor": |r| r.x.tensor().div_floor(r.y.tensor());
            "logical_and": |r| r.mask.logical_and(&r.mask.map(|m| !m));
            "clamp": |r| Ok(r.x.clamp(Some(r.number), Some(-r.number)));
            "elu": |r| Ok(r.x.elu(r.number));
            "softplus": |r| Ok(r.x.softplus(r.number, r.number));
            "leaky_relu": |r| Ok(r.x.leaky_relu(r.number));
            "powf": |r| Ok(r.x.powf(r.number));
            "powi": |r| Ok(r.x.powi(r.size as i32));
        ], &random)?;
    }

    #[test]
    fn products_never_panic(random in random()) {
        check(&calls![
            "matmul": |r| r.x.matmul(&r.y);
            "dot": |r| r.x.dot(&r.y);
            "outer": |r| r.x.outer(&r.y);
            "bmm": |r| r.x.bmm(&r.y);
            "addmm": |r| r.x.addmm(&r.y, &r.x, r.number, r.number);
            "linear": |r| r.x.linear(&r.y, None);
            "linear bias": |r| r.x.linear(&r.y, Some(&r.x));
            "einsum": |r| einsum(&r.equation, &[&r.x, &r.y]);
            "einsum of one": |r| einsum(&r.equation, &[&r.x]);
            "tensor linear": |r| r.x.tensor().linear(r.y.tensor(), Some(r.x.tensor()));
            "conv2d": |r| {
                let groups = r.sizes.first().copied().unwrap_or(1);
                let options = Convolution::default().stride(r.size).padding(r.sizes.len()).groups(groups);
                r.x.conv2d(&r.y, None, options)
            };
            "conv2d dilation": |r| r.x.conv2d(&r.y, Some(&r.x), Convolution::default().dilation(r.size));
            "conv2d padding": |r| r.x.conv2d(&r.y, None, Convolution::default().padding(r.size));
            "conv1d": |r| r.x.conv1d(&r.y, None, Convolution::default().stride(r.size).padding(r.sizes.len()));
            "avg_pool2d": |r| {
                let kernel = r.sizes.first().copied().unwrap_or(1);
                r.x.avg_pool2d(AveragePooling::new(kernel).stride(r.size).divisor(Divisor::Fixed(r.axis as i64)))
            };
            "avg_pool2d padding": |r| r.x.avg_pool2d(AveragePooling::new(2).padding(r.size));
            "adaptive_avg_pool2d": |r| r.x.adaptive_avg_pool2d([r.size, r.sizes.first().copied().unwrap_or(2)]);
            "max_pool2d_with_indices": |r| r.x.max_pool2d_with_indices(Pooling::new(2).dilation(r.size));
            "max_pool2d": |r| {
                let kernel = r.sizes.first().copied().unwrap_or(1);
                r.x.max_pool2d(Pooling::new(kernel).stride(r.size))
            };
            "max_pool2d padding": |r| r.x.max_pool2d(Pooling::new(r.size).padding(r.sizes.len()));
        ], &random)?;
    }

    #[test]
    fn shapes_never_panic(random in random()) {
        check(&calls![
            "reshape": |r| r.x.reshape(r.sizes.as_slice());
            "permute": |r| r.x.permute(&r.axes);
            "transpose": |r| r.x.transpose(r.axis, r.other_axis);
            "t": |r| r.x.t();
            "squeeze": |r| r.x.squeeze(r.axis);
            "unsqueeze": |r| r.x.unsqueeze(r.axis);
            "flatten_from": |r| r.x.flatten_from(r.axis);
            "broadcast_to": |r| r.x.broadcast_to(r.sizes.as_slice());
            "narrow": |r| r.x.narrow(r.axis, r.size, r.sizes.first().copied().unwrap_or(0));
            "select": |r| r.x.select(r.axis, r.size);
            "index_select": |r| r.x.index_select(r.axis, &r.indices);
            "cat": |r| Var::cat(&[&r.x, &r.y], r.axis);
            "squeeze_axes": |r| r.x.squeeze_axes(&r.axes);
            "unflatten": |r| r.x.unflatten(r.axis, &r.sizes);
            "flatten_axes": |r| r.x.flatten_axes(r.axis, r.other_axis);
            "expand": |r| r.x.expand(&r.axes);
            "split": |r| r.x.split(r.size, r.axis);
            "split_sizes": |r| r.x.split_sizes(&r.sizes, r.axis);
            "chunk": |r| r.x.chunk(r.size, r.axis);
            "slice": |r| r.x.slice(r.axis, r.other_axis.., r.size);
            "slice to": |r| r.x.slice(0, ..=r.other_axis, r.sizes.len());
            "slice between": |r| r.x.slice(r.axis, r.other_axis..r.axis, 1);
        ], &random)?;
    }

    #[test]
    fn indices_never_panic(random in random()) {
        check(&calls![
            "gather": |r| r.x.gather(r.axis, &r.indices);
            "take_along": |r| r.x.take_along(r.axis, &r.indices);
            "scatter_add": |r| r.x.scatter_add(r.axis, &r.indices, &r.y);
            "tensor scatter_add": |r| r.x.tensor().clone().scatter_add(r.axis, &r.indices, r.y.tensor());
            "masked_select": |r| r.x.tensor().masked_select(&r.mask);
            "embedding": |r| r.x.embedding(&r.indices);
            "embedding_padded": |r| r.x.embedding_padded(&r.indices, r.axis);
            "flip": |r| r.x.flip(&r.axes);
            "roll": |r| r.x.roll(&r.axes, &[r.axis, r.other_axis]);
            "roll one": |r| r.x.roll(&[r.other_axis], &[r.axis]);
            "roll_flat": |r| Ok(r.x.roll_flat(r.axis));
            "pad": |r| r.x.pad(&[(r.axis, r.other_axis)], r.number);
            "pad two": |r| r.x.pad(&[(1, -1), (r.axis, 2)], r.number);
            "repeat": |r| r.x.repeat(&r.sizes);
            "tril": |r| r.x.tril(r.axis);
            "triu": |r| r.x.triu(r.axis);
            "diag": |r| r.x.diag(r.axis);
            "one_hot": |r| r.indices.one_hot(Some(r.size));
            "one_hot of all": |r| r.indices.one_hot(None);
            "sort": |r| r.x.sort(r.axis, Order::Descending);
            "topk": |r| r.x.topk(r.size, r.axis, Order::Ascending);
            "argsort": |r| r.x.tensor().argsort(r.axis, Order::Ascending);
            "cumsum": |r| r.x.cumsum(r.axis);
            "max_with_indices": |r| r.x.max_with_indices(r.axis);
            "stack": |r| Var::stack(&[&r.x, &r.y], r.axis);
            "tensor stack": |r| Tensor::stack(&[r.x.tensor(), r.y.tensor()], r.axis);
            "tensor surround": |r| r.x.tensor().surround(r.axis, r.size.min(9), r.sizes.len());
            "tensor surround by much": |r| r.x.tensor().surround(r.axis, r.size, r.size);
            "tensor at": |r| r.x.tensor().at(&r.sizes);
            "tensor size": |r| r.x.tensor().size(r.axis);
            "tensor item": |r| r.x.tensor().item();
            "tensor index_add": |r| r.x.tensor().clone().index_add(r.axis, &r.indices, r.y.tensor());
            "tensor pick_columns": |r| r.x.tensor().pick_columns(&r.indices);
            "tensor zeros": |r| Tensor::<f64>::zeros_of(r.sizes.as_slice()).map(|_| ());
            "tensor from_vec": |r| Tensor::from_vec([1.0, 2.0], r.sizes.as_slice());
        ], &random)?;
    }

    #[test]
    fn losses_never_panic(random in random()) {
        check(&calls![
            "nll": |r| r.x.nll(&r.indices);
            "mse": |r| r.x.mse(&r.y);
            "cross_entropy": |r| gradlet::cross_entropy(&r.x, &r.indices);
            "mse_loss": |r| mse_loss(&r.x, &r.y, Reduction::None);
            "l1_loss": |r| l1_loss(&r.x, &r.y, Reduction::Mean);
            "smooth_l1_loss": |r| smooth_l1_loss(&r.x, &r.y, r.number, Reduction::Sum);
            "huber_loss": |r| huber_loss(&r.x, &r.y, r.number, Reduction::Mean);
            "binary_cross_entropy": |r| binary_cross_entropy(&r.x, &r.y, None, Reduction::Mean);
            "binary_cross_entropy weighted": |r| binary_cross_entropy(&r.x.sigmoid(), &r.x, Some(r.y.tensor()), Reduction::Mean);
            "binary_cross_entropy_with_logits": |r| {
                binary_cross_entropy_with_logits(&r.x, &r.x, Some(r.y.tensor()), Some(r.y.tensor()), Reduction::None)
            };
            "kl_div": |r| kl_div(&r.x, &r.y, KlTarget::LogProbabilities, Reduction::Mean);
            "nll_loss": |r| nll_loss(&r.x, &r.indices, &CrossEntropy::new().ignore_index(r.axis as i64));
            "cross_entropy_with": |r| {
                let options = CrossEntropy::new().label_smoothing(r.number).weight(r.y.tensor().clone());
                cross_entropy_with(&r.x, &r.indices, &options)
            };
            "cross_entropy_probabilities": |r| {
                cross_entropy_probabilities(&r.x, &r.y, &CrossEntropy::new().label_smoothing(r.number))
            };
            "layer_norm": |r| r.x.layer_norm(r.sizes.as_slice(), Some(&r.y), None, r.number);
            "group_norm": |r| r.x.group_norm(r.size, Some(&r.y), Some(&r.y), r.number);
            "rms_norm": |r| r.x.rms_norm(r.sizes.as_slice(), None, Some(r.number));
            "batch_norm": |r| {
                let mut running = RunningStatistics::new(r.sizes.len())?;
                let statistics = BatchNorm::Train { running: Some(&mut running), momentum: r.number };
                r.x.batch_norm(statistics, Some(&r.y), None, r.number)
            };
            "batch_norm eval": |r| {
                let running = RunningStatistics::new(r.x.shape().get(1).copied().unwrap_or(0))?;
                r.x.batch_norm(BatchNorm::Eval(&running), None, Some(&r.y), r.number)
            };
            "backward": |r| r.x.clone().backward();
            "backward_with": |r| r.x.clone().backward_with(r.y.tensor().clone());
        ], &random)?;
    }
}
