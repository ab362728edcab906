//! The place of a pass over a data set, as data: a run that was interrupted goes on with the same batches.

use gradlet_tensor::{Result, Tensor};

use super::batches::Order;
use super::{BatchIter, Rows};
use crate::state::{AnyTensor, Misfit, State};

impl<X: Rows, Y: Rows, M: Clone> BatchIter<X, Y, M> {
    /// The place of this pass, all in `i64`: `position`, the number of batches yielded so far; `batch_size`; `rows`, the
    /// number of rows; and `order`, if they are shuffled or drawn, the numbers of the rows as they come.
    ///
    /// The numbers count the rows of the inputs and targets that the data set was made of.
    ///
    /// # Example
    ///
    /// ```
    /// use gradlet_nn::Dataset;
    /// use gradlet_tensor::{rng, tensor};
    ///
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let set = Dataset::new(tensor![1.0, 2.0, 3.0], tensor![i64; 0, 1, 0])?;
    /// let mut batches = set.batches(1).shuffled(&mut rng(1)).into_iter();
    /// batches.next();
    /// let state = batches.state();
    ///
    /// let mut later = set.batches(1).shuffled(&mut rng(2)).into_iter();
    /// later.load_state(&state)?;
    /// for ((x, _), (y, _)) in batches.zip(later) {
    ///     assert_eq!(x.to_vec(), y.to_vec());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn state(&self) -> State {
        let mut state = State::new();
        let mut number = |name, value: usize| {
            let value = i64::try_from(value).unwrap_or(i64::MAX);
            state.insert(name, Tensor::scalar(value));
        };
        let batches = &self.batches;
        number("position", self.next.div_ceil(batches.size));
        number("batch_size", batches.size);
        number("rows", batches.set.len());
        if let (Order::Shuffled | Order::Drawn(_), Some(order)) =
            (&batches.order, batches.set.order())
        {
            state.insert("order", order.clone());
        }
        state
    }

    /// Goes to the place of a state that batches of the same kind gave: the same number of rows and size of batches,
    /// in order, shuffled or drawn as these are. The next batch is the one behind the last that was yielded there.
    ///
    /// # Errors
    ///
    /// If a part is missing, unexpected or of a different type, shape or size, the position is beyond the last batch, or
    /// the order is no permutation of the rows that are shuffled, or of rows that were not to draw from. All that does
    /// not fit is listed, and nothing changes.
    #[track_caller]
    pub fn load_state(&mut self, state: &State) -> Result<()> {
        let own = self.state();
        let mut misfit = Misfit::of(&own, state);
        for name in ["batch_size", "rows"] {
            if let (Some(own), Some(given)) = (own.number::<i64>(name), state.number::<i64>(name))
                && own != given
            {
                misfit.different(name, &format!("expected {own}, got {given}"));
            }
        }
        let (count, position) = (
            self.end.div_ceil(self.batches.size),
            state.number::<i64>("position"),
        );
        let position = position.unwrap_or_default();
        if !(0..=count as i64).contains(&position) {
            let reason = format!("expected 0 to {count}, got {position}");
            misfit.different("position", &reason);
        }
        let order = state.any("order").and_then(AnyTensor::get);
        if order.is_some_and(|order| !self.is_order(order)) {
            misfit.different("order", "has rows that the batches do not have");
        }
        misfit.refuse("load_state")?;
        if let Some(order) = order {
            self.batches.set.set_numbers(order.clone());
        }
        self.next = 0;
        self.leave_out(position as usize);
        Ok(())
    }

    /// Whether these are the rows that are shuffled, or could be drawn.
    fn is_order(&self, order: &Tensor<i64>) -> bool {
        let sorted = |numbers: &Tensor<i64>| {
            let mut numbers = numbers.to_vec();
            numbers.sort_unstable();
            numbers
        };
        match &self.batches.order {
            Order::Given => true,
            Order::Shuffled => self.batches.set.order().map(sorted) == Some(sorted(order)),
            Order::Drawn(rows) => {
                let rows = sorted(rows);
                order.iter().all(|row| rows.binary_search(&row).is_ok())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use gradlet_tensor::{rng, tensor};
    use proptest::prelude::*;

    use super::*;
    use crate::{Batches, Dataset};

    fn counting(rows: usize) -> Dataset {
        let inputs = Tensor::from_fn([rows, 2], |i| i as f32).unwrap();
        Dataset::new(inputs, Tensor::from_fn(rows, |i| i as i64).unwrap()).unwrap()
    }

    /// Batches of one of three kinds.
    fn batches(set: &Dataset, kind: usize, size: usize, seed: u64) -> Batches {
        let batches = set.batches(size);
        match kind {
            0 => batches,
            1 => batches.shuffled(&mut rng(seed)),
            _ => batches.sampled(20, &mut rng(seed)).unwrap(),
        }
    }

    fn targets(
        batches: impl Iterator<Item = (gradlet_autograd::Var, Tensor<i64>)>,
    ) -> Vec<Vec<i64>> {
        batches.map(|(_, targets)| targets.to_vec()).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn a_pass_goes_on_with_the_same_batches(
            (kind, rows, size, done) in (0..3usize, 1..30usize, 1..9usize, 0..9usize),
            (last, ahead) in (any::<bool>(), any::<bool>()),
            seed: u64,
        ) {
            let set = counting(rows + 2).split_at(2).unwrap().1;
            let make = |seed| {
                let batches = batches(&set, kind, size, seed);
                if last { batches } else { batches.drop_last() }
            };
            let mut first = make(seed).into_iter();
            first.by_ref().take(done).for_each(drop);
            let (state, rest) = (first.state(), targets(first));
            if ahead {
                let mut early = make(seed).prefetch(2);
                early.by_ref().take(done).for_each(drop);
                prop_assert_eq!(&early.state(), &state);
                let mut later = make(seed ^ 1).prefetch(2);
                later.next();
                later.load_state(&state).unwrap();
                prop_assert_eq!(targets(later), rest);
            } else {
                let mut later = make(seed ^ 1).into_iter();
                later.next();
                later.load_state(&state).unwrap();
                prop_assert_eq!(&later.state(), &state);
                prop_assert_eq!(targets(later), rest);
            }
        }
    }

    /// Demands that batches of a kind refuse their own state after a change, with this text, and stay as they are.
    fn refuses(kind: usize, change: impl FnOnce(&mut State), expected: &str) {
        let set = counting(5);
        let mut iter = batches(&set, kind, 2, 1).into_iter();
        iter.next();
        let before = iter.state();
        let mut state = before.clone();
        change(&mut state);
        let text = iter.load_state(&state).unwrap_err().to_string();
        let expected = format!("load_state: the state does not fit: {expected} (at ");
        assert!(
            text.starts_with(&expected) && text.contains("place.rs"),
            "{text}"
        );
        assert_eq!(iter.state(), before);
        let mut ahead = batches(&set, kind, 2, 1).prefetch(1);
        ahead.next();
        assert!(ahead.load_state(&state).is_err() && ahead.state() == before);
    }

    #[test]
    fn what_does_not_fit_is_listed_and_changes_nothing() -> Result<()> {
        let put = |name: &'static str, value: i64| {
            move |state: &mut State| drop(state.insert(name, Tensor::scalar(value)))
        };
        let all = "it lacks position, batch_size, rows";
        refuses(0, |state| *state = State::new(), all);
        let position = "different are position (expected 0 to 3, got";
        refuses(0, put("position", 4), &format!("{position} 4)"));
        refuses(1, put("position", -1), &format!("{position} -1)"));
        refuses(
            1,
            |state| {
                put("batch_size", 3)(state);
                put("rows", 6)(state);
            },
            "different are batch_size (expected 2, got 3), rows (expected 5, got 6)",
        );
        refuses(0, put("order", 0), "it should not have order");
        let order = |numbers: Tensor<i64>| {
            move |state: &mut State| drop(state.insert("order", numbers.clone()))
        };
        let other = "different are order (has rows that the batches do not have)";
        refuses(1, order(tensor![i64; 0, 1, 2, 3, 3]), other);
        refuses(1, order(tensor![i64; 0, 1, 2, 3, 5]), other);
        refuses(2, order(Tensor::full_of(20, 5)?), other);
        refuses(2, order(Tensor::full_of(20, -1)?), other);
        let shape = "different are order (expected i64 [20], got i64 [2])";
        refuses(2, order(tensor![i64; 0, 1]), shape);
        Ok(())
    }
}
