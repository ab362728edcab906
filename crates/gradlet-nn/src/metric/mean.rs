//! [`Mean`]: the weighted mean of numbers, which most metrics are.

/// The weighted mean of the numbers so far; by itself, the mean loss of an epoch.
///
/// # Example
///
/// ```
/// # use gradlet_nn::metric::Mean;
/// let mut loss = Mean::default();
/// loss.add(0.5, 32.0); // the mean loss of a batch, and its size
/// loss.add(2.0, 16.0);
/// assert_eq!(loss.value(), 1.0);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Mean {
    /// The sum of the numbers, each times its weight.
    pub sum: f64,
    /// The sum of the weights.
    pub weight: f64,
}

impl Mean {
    /// Adds a number with its weight.
    pub fn add(&mut self, number: f64, weight: f64) {
        self.sum += weight * number;
        self.weight += weight;
    }

    /// Adds the numbers of a different mean.
    pub fn merge(&mut self, other: &Self) {
        self.sum += other.sum;
        self.weight += other.weight;
    }

    /// The mean; NaN if the weights add up to 0.
    pub fn value(&self) -> f64 {
        self.sum / self.weight
    }

    /// Forgets all numbers.
    pub fn reset(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_count_and_nothing_has_no_mean() {
        let (mut a, mut b) = (Mean::default(), Mean::default());
        assert!(a.value().is_nan());
        a.add(1.0, 3.0);
        b.add(5.0, 1.0);
        a.merge(&b);
        assert_eq!(a.value(), 2.0);
        a.reset();
        assert_eq!(a, Mean::default());
        a.add(7.0, 0.0);
        assert!(a.value().is_nan());
    }
}
