//! Every method of data sets, their batches and states that can fail.

use gradlet::{
    AnyTensor, Batches, Dataset, Element, Forward, Linear, Module, Normalizer, Result, State,
    Tensor, Var, rng,
};
use proptest::prelude::*;

use crate::random::{Random, random};
use crate::{Outcome, calls, check};

type Tensors = Random<f64>;
type Set = Dataset<Tensor<f64>, Tensor<bool>>;

impl Outcome for Set {
    fn settle(self) -> Result<()> {
        self.batches(2).settle()
    }
}

impl Outcome for Batches<Tensor<f64>, Tensor<bool>> {
    fn settle(self) -> Result<()> {
        self.into_iter().take(3).try_for_each(Outcome::settle)
    }
}

impl<X: Outcome, const N: usize> Outcome for [X; N] {
    fn settle(self) -> Result<()> {
        self.into_iter().try_for_each(Outcome::settle)
    }
}

impl Outcome for State {
    fn settle(self) -> Result<()> {
        assert!(self.paths().all(|path| self.any(path).is_some()));
        Ok(())
    }
}

/// A scalar counts as one row.
fn set(r: &Tensors) -> Result<Set> {
    let x = match r.x.rank() {
        0 => r.x.reshape(1)?,
        _ => r.x.clone(),
    };
    Dataset::new(x.clone(), x.gt_scalar(0.0))
}

/// At most four rows.
fn few(r: &Tensors) -> Result<Set> {
    let set = set(r)?;
    Ok(set.split_at(set.len().min(4))?.0)
}

/// The same with finite numbers.
fn some(x: &Tensor<f64>) -> Result<Tensor<f64>> {
    x.masked_fill(&x.is_finite().logical_not(), 0.5)
}

/// Batches in order, shuffled or, if there are any, drawn.
fn batches(r: &Tensors) -> Result<Batches<Tensor<f64>, Tensor<bool>>> {
    let set = few(r)?;
    let batches = set.batches(r.few[1]);
    match r.seed % 3 {
        kind if kind == 0 || set.is_empty() => Ok(batches),
        1 => Ok(batches.shuffled(&mut rng(r.seed))),
        _ => batches.sampled(4, &mut rng(r.seed)),
    }
}

/// What a state of batches may have, or not.
fn state(r: &Tensors) -> State {
    let mut state = State::new();
    state.insert("position", Tensor::scalar(r.axis as i64));
    state.insert("batch_size", Tensor::scalar(r.few[1] as i64));
    state.insert("rows", Tensor::scalar(r.few[0] as i64));
    if !r.seed.is_multiple_of(3) {
        state.insert("order", r.indices.clone());
    }
    state
}

/// A state that may be that of a layer with one bias.
fn weights(r: &Tensors) -> State {
    fn any<T: Element>(x: &Tensor<T>) -> AnyTensor {
        x.clone().into()
    }
    let mut state = State::new();
    state.insert(["weight", "x"][r.few[0] % 2], any(&r.x));
    state.insert("bias", any(&r.y));
    state
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    // In braces where an error does not have the name of the method.
    #[test]
    fn data_sets_never_panic(random in random::<f64>()) {
        check(&random, &calls!(
            r: Tensors,
            { Normalizer::fit(&r.x)?.forward(&Var::constant(r.y.clone())) },
            { Normalizer::fit(&some(&r.x)?)?.denormalize(&Var::constant(r.x.clone())) },
            { Normalizer::fit_over(&r.x, &r.axes).map(|_| ()) },
            { Normalizer::<f64>::new_of(r.shape)?.forward(&Var::constant(r.x.clone())) },
            { Dataset::new(r.x.clone(), r.mask.clone()) },
            { Dataset::new((r.x.clone(), r.y.clone(), r.mask.clone()), r.z.clone()).map(|_| ()) },
            set(r)?.inputs(),
            { set(r)?.split_at(r.size)?.1.targets() },
            set(r)?.split_at(r.size),
            set(r)?.subset(&[0, r.size, 0]),
            { set(r)?.split_at(r.few[0])?.1.subset(&[r.few[1]]) },
            few(r)?.filter(|row| row == r.size),
            set(r)?.random_split([r.size, r.few[0]], &mut rng(r.seed)),
            set(r)?.random_split([r.number, 0.5, r.value], &mut rng(r.seed)),
            few(r)?.folds(r.size, &mut rng(r.seed)),
            few(r)?.batches(r.few[1]).sampled(r.size.min(1 << 10), &mut rng(r.seed)),
            few(r)?.batches(r.size).sampled(r.few[2], &mut rng(r.seed)).map(|_| ()),
            few(r)?.batches(r.few[1]).weighted(&r.y, r.few[0].min(1 << 10), &mut rng(r.seed)),
            set(r)?.batches(r.few[1]).weighted(&r.y.abs(), 3, &mut rng(r.seed)),
        ))?;
    }

    #[test]
    fn states_never_panic(random in random::<f64>()) {
        check(&random, &calls!(
            r: Tensors,
            batches(r)?.into_iter().load_state(&state(r)),
            batches(r)?.prefetch(r.size.min(2)).load_state(&state(r)),
            {
                let (mut later, saved) = (batches(r)?.into_iter(), batches(r)?.into_iter().state());
                later.load_state(&saved)
            },
            { weights(r).get::<f64>(["weight", "y"][r.few[1] % 2]).cloned() },
            { weights(r).get::<i64>("bias").cloned() },
            { weights(r).renamed(|path| Some(format!("layer.{path}"))) },
            { weights(r).renamed(|_| Some("weight".to_owned())) },
            Linear::<f64>::new_of(2, 3, &mut rng(r.seed))?.load_state(&weights(r)),
            Linear::<f64>::new_of(2, 3, &mut rng(r.seed))?.load_state_partly(&weights(r)).map(|_| ()),
            { weights(r).load_into(&mut Linear::<f64>::new_of(2, 3, &mut rng(r.seed))?) },
        ))?;
    }
}
