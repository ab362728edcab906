//! Every method of `Tensor` that integers have.

use gradlet::{Integer, Keep, Tensor, rng};
use proptest::prelude::*;

use crate::random::{Random, random};
use crate::tensors::elements;
use crate::{Call, calls, check};

fn integers<T: Integer>() -> Vec<Call<Random<T>>> {
    calls!(
        r: Random<T>,
        r.x.add(&r.y),
        r.x.sub(&r.y),
        r.x.mul(&r.y),
        r.x.add_scalar(r.value),
        r.x.sub_scalar(r.value),
        r.x.mul_scalar(r.value),
        r.x.clone().add_assign(&r.y),
        r.x.clone().sub_assign(&r.y),
        r.x.clone().mul_assign(&r.y),
        r.x.neg(),
        r.x.abs(),
        r.x.div_floor(&r.y),
        r.x.div_trunc(&r.y),
        r.x.remainder(&r.y),
        r.x.fmod(&r.y),
        r.x.div_floor_scalar(r.value),
        r.x.div_trunc_scalar(r.value),
        r.x.remainder_scalar(r.value),
        r.x.fmod_scalar(r.value),
        r.x.wrapping_add(&r.y),
        r.x.wrapping_sub(&r.y),
        r.x.wrapping_mul(&r.y),
        r.x.bit_and(&r.y),
        r.x.bit_or(&r.y),
        r.x.bit_xor(&r.y),
        r.x.shl(&r.y),
        r.x.shr(&r.y),
        r.x.maximum(&r.y),
        r.x.minimum(&r.y),
        Ok(r.x.maximum_scalar(r.value)),
        Ok(r.x.clamp(Some(r.value), None)),
        r.x.sum(r.axes.as_slice()),
        r.x.sum(Keep(r.axis)),
        r.x.prod(r.axes.as_slice()),
        r.x.mean_as::<f64>(r.axes.as_slice()),
        r.x.mean_as::<f32>(Keep(r.axis)),
        r.x.cumsum(r.axis),
        r.x.matmul(&r.y),
        r.x.dot(&r.y),
        r.x.outer(&r.y),
        r.x.bmm(&r.y),
        Tensor::<T>::random_integers(r.sizes.as_slice(), r.value.., &mut rng(r.seed)),
        Tensor::<T>::random_integers(r.few[0], r.value..T::default(), &mut rng(r.seed)),
        Tensor::<i64>::permutation(r.size, &mut rng(r.seed)),
        Tensor::<i64>::permutation_from(r.axis as i64, r.size, &mut rng(r.seed)),
    )
    .into()
}

proptest! {
    // Nothing is written beside the sources; a failure prints its input.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn methods_of_integers_never_panic(random in random::<i64>(), small in random::<u8>()) {
        check(&random, &elements())?;
        check(&random, &integers())?;
        check(&small, &integers())?;
        check(&random, &calls!(
            r: Random<i64>,
            r.x.one_hot(Some(r.size)),
            r.indices.one_hot(Some(r.size)),
            r.indices.one_hot(None),
            r.indices.one_hot_of(None, r.number, 0.0, r.axis),
            r.indices.one_hot_of(Some(r.size), true, false, r.axis),
        ))?;
    }
}
