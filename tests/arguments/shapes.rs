//! Every method of `Shape`.

use gradlet::Shape;
use proptest::prelude::*;

use crate::random::{Random, random};
use crate::{calls, check};

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn methods_of_shapes_never_panic(random in random::<f32>()) {
        check(&random, &calls!(
            r: Random<f32>,
            Shape::new(&r.sizes),
            Shape::broadcast(&r.shape, r.x.shape()),
            r.shape.axis(r.axis),
            r.shape.index(r.axis, r.other_axis as i64),
            r.x.shape().index(r.axis, r.size),
            r.shape.axis_or_scalar(r.axis),
            r.shape.squeezed(&r.axes),
            r.shape.flattened(r.axis..=r.other_axis),
            r.shape.unflattened(r.axis, &r.sizes),
            r.shape.expanded(&r.axes),
            r.shape.moved(&r.axes, &[r.axis, r.other_axis]).map(|_| ()),
            r.shape.moved(&[r.axis], &[r.other_axis]).map(|_| ()),
            r.shape.span(r.axis, r.other_axis..),
            r.shape.span(0, ..=r.other_axis),
            r.shape.along(r.axis, *r.x.shape()).map(|[x, indices]| (x, indices)),
            r.x.shape().along(r.axis, *r.indices.shape()).map(|[x, indices]| (x, indices)),
        ))?;
    }
}
