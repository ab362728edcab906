//! Every method of `Var`; of what comes out the gradient is taken too.

use gradlet::autograd::{CellKind, Direction, LeafId, Unrolled};
use gradlet::window::{Align, Convolution, Window};
use gradlet::{AttentionMask, AttentionOptions, Keep, RunningStatistics, Statistics, Tensor, Var};
use proptest::prelude::*;

use crate::random::{Random, vars};
use crate::{calls, check};

type Vars = Random<f64, Var<f64>>;

fn cell(r: &Vars, with_lengths: bool) -> Unrolled<'_> {
    let kinds = [
        CellKind::Tanh,
        CellKind::Relu,
        CellKind::Lstm,
        CellKind::Gru,
    ];
    Unrolled {
        kind: kinds[r.seed as usize % 4],
        direction: [Direction::Forward, Direction::Reverse][r.few[0] % 2],
        lengths: with_lengths.then_some(&r.sizes),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn reductions_never_panic(random in vars()) {
        check(&random, &calls!(
            r: Vars,
            r.x.sum(r.axis),
            r.x.sum(r.axes.as_slice()),
            r.x.sum(Keep(r.axes.as_slice())),
            r.x.mean(r.axes.as_slice()),
            r.x.mean(Keep(r.axis)),
            r.x.max(r.axes.as_slice()),
            r.x.min(r.axis),
            r.x.max(Keep(r.axis)),
            r.x.min(Keep(r.axes.as_slice())),
            r.x.max_with_indices(r.axis),
            r.x.max_with_indices(Keep(r.axes.as_slice())),
            r.x.min_with_indices(r.axes.as_slice()),
            r.x.min_with_indices(Keep(r.axis)),
            r.x.prod(r.axes.as_slice()),
            r.x.prod(Keep(r.axis)),
            r.x.var(r.axes.as_slice(), r.number),
            r.x.var(Keep(r.axis), r.number),
            r.x.std(r.axis, r.number),
            r.x.std(Keep(r.axes.as_slice()), r.number),
            r.x.logsumexp(r.axes.as_slice()),
            r.x.logsumexp(Keep(r.axis)),
            r.x.norm(r.number, r.axes.as_slice()),
            r.x.norm(r.number, Keep(r.axis)),
            r.x.log_softmax(r.axis),
            r.x.softmax(r.axis),
            r.x.softmin(r.axis),
            r.x.cumsum(r.axis),
            r.x.cumprod(r.axis),
            r.x.cummax(r.axis),
            r.x.cummin(r.axis),
            r.x.median(r.axes.as_slice()),
            r.x.median_with_indices(Keep(r.axis)),
            r.x.quantile(r.number, r.axes.as_slice(), r.interpolation()),
            r.x.quantile(0.3, Keep(r.axis), r.interpolation()),
            r.x.quantiles(&[r.number, 0.7], r.axis, r.interpolation()),
            r.x.quantiles(&[0.1, 1.0], Keep(r.axes.as_slice()), r.interpolation()),
            r.x.cov(r.number),
            r.x.cov_weighted(r.number, Some(&r.indices), Some(&r.y)),
            r.x.cov_weighted(1.0, None, Some(&r.y)),
            r.x.corrcoef(),
            r.x.normalize(r.number, r.axis, r.value),
            r.x.normalize(2.0, r.axes.as_slice(), 1e-12),
            r.x.cosine_similarity(&r.y, r.axis, r.number),
            r.x.cosine_similarity(&r.y, Keep(r.axes.as_slice()), 1e-8),
            r.x.pairwise_distance(&r.y, r.number, r.axis, 1e-6),
            r.x.pairwise_distance(&r.y, 2.0, Keep(r.axes.as_slice()), r.number),
            r.x.sort(r.axis, r.order()),
            r.x.topk(r.size, r.axis, r.order()),
        ))?;
    }

    #[test]
    fn elementwise_functions_never_panic(random in vars()) {
        check(&random, &calls!(
            r: Vars,
            r.x.add(&r.y),
            r.x.sub(&r.y),
            r.x.mul(&r.y),
            r.x.div(&r.y),
            r.x.pow(&r.y),
            r.x.maximum(&r.y),
            r.x.minimum(&r.y),
            r.x.atan2(&r.y),
            r.x.hypot(&r.y),
            r.x.remainder(&r.y),
            r.x.fmod(&r.y),
            Ok(r.x.remainder_scalar(r.number)),
            Ok(r.x.fmod_scalar(r.number)),
            Ok(r.x.nan_to_num(r.number, Some(r.value), None)),
            Ok(r.x.add_scalar(r.number)),
            Ok(r.x.sub_scalar(r.number)),
            Ok(r.x.mul_scalar(r.number)),
            Ok(r.x.div_scalar(r.number)),
            r.x.clamp_between(Some(&r.y), None),
            r.x.clamp_between(Some(&r.y), Some(&r.z)),
            r.x.masked_fill(&r.mask, r.number),
            Var::where_cond(&r.mask, &r.x, &r.y),
            Ok(r.x.clamp(Some(r.number), Some(-r.number))),
            Ok(r.x.hardtanh(r.number, r.value)),
            Ok(r.x.elu(r.number)),
            Ok(r.x.celu(r.number)),
            Ok(r.x.softshrink(r.number)),
            Ok(r.x.hardshrink(r.number)),
            Ok(r.x.threshold(r.number, r.value)),
            r.x.glu(r.axis),
            r.x.prelu(&r.y),
            r.x.prelu(&Var::leaf(Tensor::ones_of(r.few[0])?)),
            Ok(r.x.softplus(r.number, r.value)),
            Ok(r.x.leaky_relu(r.number)),
            Ok(r.x.powf(r.number)),
            Ok(r.x.powi(r.size as i32)),
        ))?;
    }

    #[test]
    fn products_never_panic(random in vars()) {
        check(&random, &calls!(
            r: Vars,
            r.x.matmul(&r.y),
            r.x.dot(&r.y),
            r.x.outer(&r.y),
            r.x.cross(&r.y, r.axis),
            r.x.cross(&r.x, -1),
            r.x.bmm(&r.y),
            r.x.addmm(&r.y, &r.z, r.number, r.value),
            r.x.scaled_dot_product_attention(&r.y, &r.z, &r.attention_options()),
            r.x.scaled_dot_product_attention(&r.x, &r.x, &r.attention_options()),
            r.x.scaled_dot_product_attention(&r.x, &r.x, &AttentionOptions::new().mask(AttentionMask::added(&r.y))),
            r.x.attention_weights(&r.y, &r.attention_options()),
            r.x.attention_weights(&r.x, &AttentionOptions::new().mask(AttentionMask::causal())),
            r.x.linear(&r.y, None),
            r.x.linear(&r.y, Some(&r.z)),
            r.x.bilinear(&r.y, &r.z, None),
            r.x.bilinear(&r.x, &Var::leaf(Tensor::ones_of([2, r.few[0], r.few[1]])?), Some(&r.y)),
            r.x.conv2d(&r.y, None, r.convolution()),
            r.x.conv2d(&r.y, Some(&r.z), r.convolution().groups(1)),
            r.x.conv2d(&r.y, None, Convolution::default().padding(r.size)),
            r.x.conv1d(&r.y, None, r.convolution()),
            r.x.conv1d(&r.y, Some(&r.z), r.convolution().groups(1)),
            r.x.conv2d(&r.y, None, r.convolution().padding_same()),
            r.x.conv_transpose1d(&r.y, None, r.convolution(), r.few[7]),
            r.x.conv_transpose1d(&r.y, Some(&r.z), Convolution::default(), r.size),
            r.x.conv_transpose2d(&r.y, None, r.convolution(), r.few[7]),
            r.x.conv_transpose2d(&r.y, Some(&r.z), r.convolution().groups(1), [0, r.few[7]]),
            r.x.max_pool1d(Window::new(r.few[0]).padding(r.few[1])),
            r.x.max_pool1d_with_indices(Window::new(r.size).stride(r.few[0])),
            r.x.avg_pool1d(Window::new(r.few[0]).dilation(r.few[1]), r.divisor()),
            r.x.adaptive_max_pool1d(r.size),
            r.x.adaptive_max_pool1d_with_indices(r.few[0]),
            r.x.adaptive_max_pool2d([r.few[0], r.size]),
            r.x.adaptive_max_pool2d_with_indices(r.few[0]),
            r.x.adaptive_avg_pool1d(r.size),
            r.x.upsample_nearest(&[r.number, 2.0]),
            r.x.upsample_nearest(&[r.few[0] as f64]),
            r.x.upsample_bilinear([r.number, 1.5], Align::Edges),
            r.x.upsample_bilinear([r.few[0] as f64, 0.7], Align::Corners),
            r.x.avg_pool2d(r.window(), r.divisor()),
            r.x.adaptive_avg_pool2d([r.size, r.few[0]]),
            r.x.max_pool2d(r.window()),
            r.x.unfold(r.window()),
            r.x.fold([r.few[0], r.size], r.window()),
            r.x.fold(2, Window::new(1).stride(r.few[0])),
            r.x.interpolate_nearest(&r.sizes),
            r.x.interpolate_nearest(&r.few[..2]),
            r.x.interpolate_bilinear([r.few[0], r.few[1]], Align::Corners),
            r.x.interpolate_bilinear([r.size, 2], Align::Edges),
            r.x.max_pool2d_with_indices(r.window()),
        ))?;
    }

    #[test]
    fn shapes_never_panic(random in vars()) {
        check(&random, &calls!(
            r: Vars,
            r.x.reshape(r.sizes.as_slice()),
            r.x.reshape(r.shape),
            r.x.permute(&r.axes),
            r.x.transpose(r.axis, r.other_axis),
            r.x.t(),
            r.x.moveaxis(&r.axes, &[r.axis, r.other_axis]),
            r.x.trace(),
            r.x.moveaxis(&[r.axis], &[r.other_axis]),
            r.x.diagonal(r.other_axis, r.axis, -1),
            r.x.diagonal(r.axis, 0, r.other_axis),
            r.x.squeeze(r.axis),
            r.x.squeeze(&r.axes),
            r.x.unsqueeze(r.axis),
            r.x.flatten(r.axis..),
            r.x.flatten(r.axis..=r.other_axis),
            r.x.unflatten(r.axis, &r.sizes),
            r.x.broadcast_to(r.sizes.as_slice()),
            r.x.broadcast_to(r.y.shape()),
            r.x.expand(&r.axes),
            r.x.narrow(r.axis, r.size, r.few[0]),
            r.x.narrow(r.axis, r.few[0], r.size),
            r.x.narrow(r.axis, r.other_axis as i64, r.few[0]),
            r.x.select(r.axis, r.size),
            r.x.select(r.axis, r.other_axis as i64),
            r.x.slice(r.axis, r.other_axis.., r.size as isize),
            r.x.slice(0, ..=r.other_axis, r.axis),
            r.x.slice(r.axis, r.other_axis..r.axis, 1),
            r.x.windows(r.axis, r.few[0], r.few[1]),
            r.x.windows(r.axis, r.size, r.few[0]),
            r.x.split(r.size, r.axis),
            r.x.split_sizes(&r.sizes, r.axis),
            r.x.chunk(r.size, r.axis),
            r.x.flip(&r.axes),
            r.x.roll(&r.axes, &[r.axis, r.other_axis]),
            r.x.roll(&[r.other_axis], &[r.axis]),
            Ok(r.x.roll_flat(r.axis)),
            r.x.pad(&[(r.axis, r.other_axis)], r.number),
            r.x.pad(&[(1, -1), (r.axis, 2)], r.number),
            r.x.pad_reflect(&[(r.few[0], r.few[1]), (r.size, 1)]),
            r.x.pad_replicate(&[(r.few[0], r.size)]),
            r.x.pad_replicate(&[(1, 2), (r.few[0], r.few[1])]),
            r.x.pad_circular(&[(r.few[0], r.few[1]), (0, r.size)]),
            Var::meshgrid(&[&r.x, &r.y]),
            Var::meshgrid_xy(&[&r.x, &r.y]),
            r.x.repeat(&r.sizes),
            r.x.tril(r.axis),
            r.x.triu(r.axis),
            r.x.diag(r.axis),
            r.x.diag_embed(r.axis, r.other_axis, -1),
            r.x.diag_embed(r.few[0] as isize, r.axis, r.other_axis),
            Var::cat(&[&r.x, &r.y, &r.z], r.axis),
            Var::<f64>::cat(&[], r.axis),
            Var::stack(&[&r.x, &r.y], r.axis),
            Var::<f64>::stack(&[], r.axis),
        ))?;
    }

    #[test]
    fn indices_and_losses_never_panic(random in vars()) {
        check(&random, &calls!(
            r: Vars,
            r.x.index_select(r.axis, &r.indices),
            r.x.gather(r.axis, &r.indices),
            r.x.take_along(r.axis, &r.indices),
            r.x.scatter_add(r.axis, &r.indices, &r.y),
            r.x.scatter(r.axis, &r.indices, &r.y),
            r.x.scatter_fill(r.axis, &r.indices, r.number),
            r.x.index_add(r.axis, &r.indices, &r.y),
            r.x.index_copy(r.axis, &r.indices, &r.y),
            r.x.masked_scatter(&r.mask, &r.y),
            r.x.masked_select(&r.mask),
            r.x.scatter_reduce(r.axis, &r.indices, &r.y, r.scatter()),
            r.x.scatter_reduce_anew(r.axis, &r.indices, &r.y, r.scatter()),
            r.x.slice_assign(r.axis, r.other_axis.., r.size as isize, &r.y),
            r.x.slice_assign(0, ..=r.other_axis, r.axis, &r.y),
            r.x.embedding(&r.indices),
            r.x.embedding_padded(&r.indices, r.axis),
            r.x.accuracy(&r.indices),
            r.x.layer_norm(r.sizes.as_slice(), Some(&r.y), None, r.number),
            r.x.layer_norm(r.shape, Some(&r.y), Some(&r.z), r.number.abs()),
            r.x.group_norm(r.size, Some(&r.y), Some(&r.z), r.number),
            r.x.group_norm(r.few[0], None, None, 0.1),
            r.x.rms_norm(r.sizes.as_slice(), None, Some(r.number)),
            r.x.rms_norm(r.shape, Some(&r.y), None),
            {
                let mut running = RunningStatistics::new(r.sizes.len())?;
                let statistics = Statistics::Batch { running: Some(&mut running), momentum: r.number };
                r.x.batch_norm(statistics, Some(&r.y), None, r.value)
            },
            r.x.batch_norm(Statistics::Batch { running: None, momentum: r.number }, Some(&r.z), Some(&r.y), 0.1),
            {
                let running = RunningStatistics::new(r.x.shape().get(1).copied().unwrap_or(r.size))?;
                r.x.batch_norm(Statistics::Running(&running), None, Some(&r.y), r.number)
            },
            {
                let mut running = RunningStatistics::new(r.sizes.len())?;
                let statistics = Statistics::Batch { running: Some(&mut running), momentum: r.number };
                r.x.instance_norm(statistics, Some(&r.y), None, r.value)
            },
            r.x.instance_norm(Statistics::Batch { running: None, momentum: 0.5 }, None, Some(&r.y), 0.1),
            {
                let running = RunningStatistics::new(r.x.shape().get(1).copied().unwrap_or(r.size))?;
                r.x.instance_norm(Statistics::Running(&running), Some(&r.z), None, r.number)
            },
        ))?;
    }

    #[test]
    fn sequences_never_panic(random in vars()) {
        check(&random, &calls!(
            r: Vars,
            r.x.recurrent(cell(r, false), [&r.y, &r.z], None, None),
            r.x.recurrent(cell(r, true), [&r.y, &r.z], Some([&r.x, &r.y]), Some(&r.z)),
            {
                let (width, inputs) = (2 * cell(r, false).kind.gates(), r.x.shape().last().copied());
                let [w, u] = [inputs.unwrap_or(1), 2].map(|n| Tensor::zeros_of([width, n]).map(Var::leaf));
                r.x.recurrent(cell(r, r.size.is_multiple_of(2)), [&w?, &u?], None, None)
            },
        ))?;
    }

    #[test]
    fn graphs_never_panic(random in vars()) {
        check(&random, &calls!(
            r: Vars,
            r.x.item(),
            r.x.clone().backward(),
            r.x.square().backward(),
            r.x.clone().backward_with(r.y.tensor().clone()),
            r.x.square().backward_with(r.y.tensor().clone()),
            Ok(Var::constant(r.x.tensor().clone())),
            Ok(Var::leaf(r.x.tensor().clone())),
            Ok(Var::with_id(r.x.tensor().clone(), LeafId::fresh())),
            Ok(r.x.hook(|g| Ok(Some(g.clone())))),
            Ok(r.x.hook(|_| Ok(Some(Var::constant(Tensor::zeros_of([7])?))))),
        ))?;
    }
}
