//! Every function of `gradlet_tensor::fused`, for crates that build on tensors.

use gradlet::tensor::ReducedAxes;
use gradlet::tensor::fused::{self, Border, Centre, Resizing};
use gradlet::window::{Align, Convolution};
use gradlet::{Float, Keep};
use proptest::prelude::*;

use crate::random::{Random, random};
use crate::{Call, calls, check};

fn losses<T: Float>() -> Vec<Call<Random<T>>> {
    calls!(
        r: Random<T>,
        fused::softmax_gradient(&r.x, &r.y, r.axis),
        fused::log_softmax_gradient(&r.x, &r.y, r.axis),
        fused::cross_entropy_rows(&r.x, &r.indices),
        fused::cross_entropy_gradient(&r.x, &r.indices, &r.y, r.value),
        fused::pick_columns(&r.x, &r.indices),
        fused::add_to_columns(&mut r.x.clone(), &r.indices, &r.y),
        fused::narrow_add(&mut r.x.clone(), r.axis, r.size, &r.y),
        fused::bordered(&r.x, &[(r.few[0], r.size)], Border::Replicate),
        fused::bordered(&r.x, &[(r.few[0], r.few[1])], Border::Reflect),
        fused::bordered_gradient(&r.x, r.shape, &[(r.few[0], r.size)], Border::Circular),
        fused::bordered_gradient(&r.x, *r.y.shape(), &[(0, 0), (1, r.few[1])], Border::Reflect),
        fused::diagonal_gradient(&r.x, r.shape, r.axis, [0, r.other_axis]),
        fused::diagonal_gradient(&r.x, *r.y.shape(), r.other_axis, [r.axis, -1]),
        fused::windows_gradient(&r.x, r.shape, r.axis, r.size),
        fused::windows_gradient(&r.x, *r.y.shape(), r.axis, r.few[0]),
        fused::cumsum_reversed(&r.x, r.axis),
        fused::recurrence(&r.x, &r.y, r.axis),
        fused::recurrence(&r.x, &r.x, r.axis),
        fused::recurrence_reversed(&r.x, &r.z, r.axis),
        fused::recurrence_reversed(&r.x, &r.x, r.axis),
        fused::at_ranks(&r.x, &[r.size, 0]),
        fused::mul_sum_to(&r.x, &r.y, r.shape),
        fused::mul_sum_to(&r.x, &r.y, *r.z.shape()),
        fused::expect_batches(&r.shape, r.x.shape()),
        fused::corner(&r.x, r.shape),
        fused::update([&mut r.x.clone(), &mut r.z.clone()], &r.y, |[x, z], _| [z, x]),
        fused::moments(&r.x, Centre::Mean).map(|[mean, square]| (mean, square)),
        fused::moments(&r.x, Centre::Zero).map(|[mean, square]| (mean, square)),
        fused::affine(&r.x, [&r.y, &r.z, &r.y]),
        fused::affine(&r.x, [&r.y; 3]),
        fused::standardized_gradient(&r.x, &r.y, [&r.z; 2], Centre::Mean),
        fused::standardized_gradient(&r.x, &r.x, [&r.y; 2], Centre::Zero),
        fused::rescaling(&r.x, ReducedAxes::new("rescaling", *r.x.shape(), &r.axis)?, &r.y, T::is_finite).map(|_| ()),
        fused::rescaling(&r.x, ReducedAxes::new("rescaling", *r.y.shape(), &Keep(r.axis))?, &r.z, |_| false).map(|_| ()),
        r.normalization().normalize(&r.x, Some(&r.y), Some(&r.z)).map(Vec::from),
        r.normalization().normalize(&r.x, None, None).map(Vec::from),
        r.normalization().normalize_gradient(&r.x, &r.y, Some(&r.z), [&r.z; 2]).map(Vec::from),
        r.normalization().normalize_gradient(&r.x, &r.x, None, [&r.y, &r.z]).map(Vec::from),
        fused::rescaled_groups(&r.x, &r.y, |_| false).map(|_| ()),
        fused::attention([&r.x, &r.y, &r.z], &[], &r.attention()).map(|[y, kept]| (y, kept)),
        fused::attention([&r.x; 3], std::slice::from_ref(&r.y), &r.attention()).map(|[y, kept]| (y, kept)),
        fused::attention_gradient([&r.x, &r.y, &r.z], &[], &r.attention(), [&r.x, &r.y]).map(Vec::from),
        fused::attention_gradient([&r.x; 3], &[], &r.attention(), [&r.y, &r.x]).map(Vec::from),
        fused::require(r.number > 0.0, "require", "number", "positive", r.number),
        fused::setting::<T>("setting", "number", "finite", r.number, f64::is_finite),
    )
    .into()
}

fn windows<T: Float>() -> Vec<Call<Random<T>>> {
    calls!(
        r: Random<T>,
        fused::conv_transpose2d(&r.x, &r.y, None, r.shape, r.convolution()),
        fused::conv_transpose2d(&r.x, &r.y, Some(&r.z), *r.z.shape(), r.convolution()),
        fused::transposed("transposed", r.shape, *r.y.shape(), r.convolution(), [r.few[7], 0]).map(|_| ()),
        fused::transposed("transposed", *r.x.shape(), r.shape, Convolution::default(), [0, 0]).map(|_| ()),
        fused::scaled_indices("scaled_indices", r.few[0], r.number),
        fused::conv2d_weight_gradient(&r.x, &r.y, r.shape, r.convolution()),
        fused::conv2d_weight_gradient(&r.x, &r.y, *r.z.shape(), r.convolution()),
        fused::avg_pool2d_gradient(&r.x, r.shape, r.window(), r.divisor()),
        fused::avg_pool2d_gradient(&r.x, *r.y.shape(), r.window(), r.divisor()),
        fused::adaptive_avg_pool2d_gradient(&r.x, r.shape, r.size),
        fused::adaptive_avg_pool2d_gradient(&r.x, *r.y.shape(), [r.few[0], r.few[1]]),
        fused::interpolate_bilinear(&r.x, Resizing::to([r.few[0], r.size], Align::Corners)),
        fused::interpolate_bilinear_gradient(&r.x, r.shape, Resizing::to([r.few[0], r.few[1]], Align::Corners)),
        fused::interpolate_bilinear_gradient(&r.x, *r.y.shape(), Resizing::to([2, 3], Align::Edges)),
        fused::variables("variables", r.shape).map(|_| ()),
        fused::observations("observations", r.few[0], Some(&r.indices), Some(&r.x)),
        fused::scaled_size("scaled_size", r.size, r.number),
        fused::nearest_indices(r.few[0], r.size),
        fused::resized("resized", r.shape, &r.sizes).map(|_| ()),
        fused::pick_in_planes(&r.x, &r.indices),
        fused::spread_in_planes(&r.x, &r.indices, r.shape),
        fused::spread_in_planes(&r.x, &r.indices, *r.y.shape()),
    )
    .into()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn functions_of_doubles_never_panic(random in random::<f64>()) {
        check(&random, &losses())?;
        check(&random, &windows())?;
    }

    #[test]
    fn functions_of_floats_never_panic(random in random::<f32>()) {
        check(&random, &losses())?;
        check(&random, &windows())?;
    }
}
