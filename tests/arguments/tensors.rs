//! Every method of `Tensor` but those of integers alone.

use gradlet::window::{Align, Window};
use gradlet::{Element, Float, Keep, Replacement, Tensor, rng};
use proptest::prelude::*;

use crate::random::{Random, random};
use crate::{Call, calls, check};

fn views<T: Element>() -> Vec<Call<Random<T>>> {
    calls!(
        r: Random<T>,
        r.x.reshape(r.sizes.as_slice()),
        r.x.reshape(r.shape),
        r.x.permute(&r.axes),
        r.x.transpose(r.axis, r.other_axis),
        r.x.t(),
        r.x.moveaxis(&r.axes, &[r.axis, r.other_axis]),
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
        r.x.expect_shape("test", r.sizes.as_slice()),
        r.x.size(r.axis),
        r.x.item().map(drop),
        r.x.at(&r.sizes).map(drop),
        r.x.at(&r.few[..r.x.rank().min(8)]).map(drop),
    )
    .into()
}

fn rearrangements<T: Element>() -> Vec<Call<Random<T>>> {
    calls!(
        r: Random<T>,
        r.x.flip(&r.axes),
        r.x.roll(&r.axes, &[r.axis, r.other_axis]),
        r.x.roll(&[r.other_axis], &[r.axis]),
        Ok(r.x.roll_flat(r.axis)),
        r.x.pad(&[(r.axis, r.other_axis)], r.value),
        r.x.pad(&[(1, -1), (r.axis, 2)], r.value),
        r.x.pad_reflect(&[(r.few[0], r.few[1]), (r.size, 1)]),
        r.x.pad_replicate(&[(r.few[0], r.size)]),
        r.x.pad_replicate(&[(1, 2), (r.few[0], r.few[1])]),
        r.x.pad_circular(&[(r.few[0], r.few[1]), (0, r.size)]),
        Tensor::meshgrid(&[&r.x, &r.y]),
        Tensor::meshgrid_xy(&[&r.x, &r.y]),
        r.x.repeat(&r.sizes),
        r.x.tril(r.axis),
        r.x.triu(r.axis),
        r.x.diag(r.axis),
        r.x.diag_embed(r.axis, r.other_axis, -1),
        r.x.diag_embed(r.few[0] as isize, r.axis, r.other_axis),
        r.x.sort(r.axis, r.order()),
        r.x.argsort(r.axis, r.order()),
        r.x.topk(r.size, r.axis, r.order()),
        r.x.max(r.axes.as_slice()),
        r.x.max(Keep(r.axis)),
        r.x.min(r.axis),
        r.x.min(Keep(r.axes.as_slice())),
        r.x.cummax(r.axis),
        r.x.cummin(r.axis),
        r.x.median(r.axes.as_slice()),
        r.x.median(Keep(r.axis)),
        r.x.median_with_indices(r.axis),
        r.x.median_with_indices(Keep(r.axes.as_slice())),
        r.x.argmax(r.axis),
        r.x.argmax(r.axes.as_slice()),
        r.x.argmin(Keep(r.axis)),
        Tensor::cat(&[&r.x, &r.y, &r.z], r.axis),
        Tensor::<T>::cat(&[], r.axis),
        Tensor::stack(&[&r.x, &r.y], r.axis),
        Tensor::<T>::stack(&[], r.axis),
    )
    .into()
}

fn picks<T: Element>() -> Vec<Call<Random<T>>> {
    calls!(
        r: Random<T>,
        r.x.gather(r.axis, &r.indices),
        r.x.take_along(r.axis, &r.indices),
        r.x.index_select(r.axis, &r.indices),
        r.x.masked_select(&r.mask),
        r.x.clone().masked_scatter(&r.mask, &r.y),
        r.x.nonzero(),
        r.x.nonzero_per_axis(),
        r.x.clone().scatter(r.axis, &r.indices, &r.y),
        r.x.clone().scatter_fill(r.axis, &r.indices, r.value),
        r.x.clone().index_copy(r.axis, &r.indices, &r.y),
        r.x.clone().slice_assign(r.axis, r.other_axis.., r.size as isize, &r.y),
        r.x.clone().slice_assign(0, ..=r.other_axis, r.axis, &r.y),
        r.x.clone().slice_assign(r.axis, .., 1, &r.y),
        r.x.masked_fill(&r.mask, r.value),
        Tensor::where_cond(&r.mask, &r.x, &r.y),
        r.x.eq(&r.y),
        r.x.ne(&r.y),
        r.x.lt(&r.y),
        r.x.le(&r.y),
        r.x.gt(&r.y),
        r.x.ge(&r.y),
        Ok(r.x.eq_scalar(r.value)),
        Ok(r.x.ne_scalar(r.value)),
        Ok(r.x.lt_scalar(r.value)),
        Ok(r.x.le_scalar(r.value)),
        Ok(r.x.gt_scalar(r.value)),
        Ok(r.x.ge_scalar(r.value)),
        Ok(r.x.map(Element::to_f64)),
        {
            let mut x = r.x.clone();
            x.map_in_place(|x| x);
            Ok(x)
        },
        r.x.zip(&r.indices, |x, _| x),
        r.x.clone().zip_in_place(&r.y, |_, y| y),
    )
    .into()
}

fn makers<T: Element>() -> Vec<Call<Random<T>>> {
    calls!(
        r: Random<T>,
        Ok(Tensor::scalar(r.value)),
        Tensor::from_slice([r.value, r.value], r.sizes.as_slice()),
        Tensor::from_slice(r.x.to_vec(), r.shape),
        Tensor::from_fn(r.sizes.as_slice(), |_| r.value),
        Tensor::full_of(r.sizes.as_slice(), r.value),
        Tensor::<T>::zeros_of(r.sizes.as_slice()),
        Tensor::<T>::ones_of(r.sizes.as_slice()),
        Tensor::zeros(r.sizes.as_slice()),
        Tensor::ones(r.sizes.as_slice()),
        Tensor::full(r.sizes.as_slice(), r.number as f32),
        Tensor::eye(r.size),
        Tensor::arange(r.number, r.value.to_f64(), r.value.to_f64().min(r.number)),
        Tensor::arange(r.number, r.size as f64, 1.0),
        Tensor::arange(0.0, 1.0, 1.0 / r.size as f64),
        Tensor::linspace(r.number, r.value.to_f64(), r.size),
        Tensor::<T>::eye_of(r.size),
        Tensor::<T>::arange_of(r.number, r.size as f64, 1.0),
        Tensor::<T>::linspace_of(r.number, r.value.to_f64(), r.size),
    )
    .into()
}

fn reductions<T: Float>() -> Vec<Call<Random<T>>> {
    calls!(
        r: Random<T>,
        r.x.trace(),
        r.x.sum(r.axis),
        r.x.sum(r.axes.as_slice()),
        r.x.sum(Keep(r.axes.as_slice())),
        r.x.mean(r.axes.as_slice()),
        r.x.mean(Keep(r.axis)),
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
        r.x.softmax(r.axis),
        r.x.log_softmax(r.axis),
        r.x.cumsum(r.axis),
        r.x.cumprod(r.axis),
        r.x.quantile(r.number, r.axes.as_slice(), r.interpolation()),
        r.x.quantile(0.3, Keep(r.axis), r.interpolation()),
        r.x.quantiles(&[r.number, 0.7], r.axis, r.interpolation()),
        r.x.quantiles(&[0.1, 1.0], Keep(r.axes.as_slice()), r.interpolation()),
        r.x.cov(r.number),
        r.x.cov_weighted(r.number, Some(&r.indices), None),
        r.x.cov_weighted(1.0, None, Some(&r.y)),
        r.x.corrcoef(),
        r.x.normalize(r.number, r.axis, 0.0),
        r.x.normalize(2.0, r.axes.as_slice(), r.number),
        r.x.cosine_similarity(&r.y, r.axis, r.number),
        r.x.cosine_similarity(&r.y, Keep(r.axes.as_slice()), 1e-8),
        r.x.sum_to(r.shape),
        r.x.sum_to(*r.y.shape()),
    )
    .into()
}

fn arithmetic<T: Float>() -> Vec<Call<Random<T>>> {
    calls!(
        r: Random<T>,
        r.x.add(&r.y),
        r.x.sub(&r.y),
        r.x.mul(&r.y),
        r.x.div(&r.y),
        Ok(r.x.add_scalar(r.value)),
        Ok(r.x.sub_scalar(r.value)),
        Ok(r.x.mul_scalar(r.value)),
        Ok(r.x.div_scalar(r.value)),
        r.x.clone().add_assign(&r.y),
        r.x.clone().sub_assign(&r.y),
        r.x.clone().mul_assign(&r.y),
        r.x.clone().div_assign(&r.y),
        r.x.div_floor(&r.y),
        r.x.div_trunc(&r.y),
        r.x.remainder(&r.y),
        r.x.fmod(&r.y),
        Ok(r.x.div_floor_scalar(r.value)),
        Ok(r.x.div_trunc_scalar(r.value)),
        Ok(r.x.remainder_scalar(r.value)),
        Ok(r.x.fmod_scalar(r.value)),
        r.x.pow(&r.y),
        r.x.maximum(&r.y),
        r.x.minimum(&r.y),
        r.x.atan2(&r.y),
        r.x.hypot(&r.y),
        r.x.remainder(&r.y),
        r.x.fmod(&r.y),
        Ok(r.x.remainder_scalar(r.value)),
        Ok(r.x.fmod_scalar(r.value)),
        Ok(r.x.nan_to_num(r.value, None, Some(-r.value))),
        Ok(r.x.maximum_scalar(r.value)),
        Ok(r.x.clamp(Some(r.value), Some(-r.value))),
        Ok(r.x.powf(r.value)),
        Ok(r.x.powi(r.size as i32)),
        Ok(r.x.allclose(&r.y, r.number, r.number)),
        Tensor::<T>::uniform(r.sizes.as_slice(), r.number, r.value.to_f64(), &mut rng(r.seed)),
        Tensor::<T>::uniform(r.sizes.as_slice(), -f64::MAX, f64::MAX, &mut rng(r.seed)),
        r.x.multinomial(r.size, Replacement::Yes, &mut rng(r.seed)),
        r.x.abs().multinomial(r.few[0], Replacement::Yes, &mut rng(r.seed)),
        r.x.abs().multinomial(r.size, Replacement::No, &mut rng(r.seed)),
        Tensor::<T>::normal(r.sizes.as_slice(), r.value.to_f64(), r.number, &mut rng(r.seed)),
    )
    .into()
}

fn products<T: Float>() -> Vec<Call<Random<T>>> {
    calls!(
        r: Random<T>,
        r.x.matmul(&r.y),
        r.x.dot(&r.y),
        r.x.outer(&r.y),
        r.x.cross(&r.y, r.axis),
        r.x.cross(&r.x, -1),
        r.x.bmm(&r.y),
        r.x.addmm(&r.y, &r.z, r.value, r.value),
        r.x.linear(&r.y, None),
        r.x.linear(&r.y, Some(&r.z)),
        r.x.clone().scatter_add(r.axis, &r.indices, &r.y),
        r.x.clone().index_add(r.axis, &r.indices, &r.y),
        r.x.clone().scatter_reduce(r.axis, &r.indices, &r.y, r.scatter()),
        r.x.clone().scatter_reduce_anew(r.axis, &r.indices, &r.y, r.scatter()),
    )
    .into()
}

fn windows<T: Float>() -> Vec<Call<Random<T>>> {
    calls!(
        r: Random<T>,
        r.x.conv2d(&r.y, None, r.convolution()),
        r.x.conv2d(&r.y, Some(&r.z), r.convolution().groups(1)),
        r.x.avg_pool2d(r.window(), r.divisor()),
        r.x.adaptive_avg_pool2d([r.size, r.few[0]]),
        r.x.max_pool2d(r.window()),
        r.x.adaptive_max_pool2d([r.size, r.few[0]]),
        r.x.unfold(r.window()),
        r.x.fold([r.few[0], r.size], r.window()),
        r.x.fold(2, Window::new(1).stride(r.few[0])),
        r.x.interpolate_nearest(&r.sizes),
        r.x.interpolate_bilinear([r.few[0], r.few[1]], Align::Corners),
        r.x.interpolate_bilinear([r.size, 2], Align::Edges),
    )
    .into()
}

proptest! {
    // Nothing is written beside the sources; a failure prints its input.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn methods_of_doubles_never_panic(random in random::<f64>()) {
        check(&random, &elements())?;
        check(&random, &floats())?;
    }

    #[test]
    fn methods_of_floats_never_panic(random in random::<f32>()) {
        check(&random, &elements())?;
        check(&random, &floats())?;
    }

    #[test]
    fn methods_of_bools_never_panic(random in random::<bool>()) {
        check(&random, &elements())?;
        check(&random, &calls!(
            r: Random<bool>,
            r.x.any(r.axis),
            r.x.any(r.axes.as_slice()),
            r.x.all(r.axes.as_slice()),
            r.x.count(r.axes.as_slice()),
            r.x.logical_and(&r.y),
            r.x.logical_or(&r.y),
            r.x.logical_xor(&r.y),
        ))?;
    }
}

/// Calls of what every type has.
pub(crate) fn elements<T: Element>() -> Vec<Call<Random<T>>> {
    [views(), rearrangements(), picks(), makers()]
        .into_iter()
        .flatten()
        .collect()
}

/// Calls of what numbers with fractions have besides.
fn floats<T: Float>() -> Vec<Call<Random<T>>> {
    [reductions(), arithmetic(), products(), windows()]
        .into_iter()
        .flatten()
        .collect()
}
