//! What a case came to, and whether it is what it should be.

use gradlet::Tensor;

use crate::digest::Digest;

/// What came out of a case, in f64: outputs, what was changed in place, and gradients of the inputs that have one.
#[derive(Debug)]
pub struct Outcome {
    /// The outputs; `None` for one that was checked already.
    pub outs: Vec<Option<Tensor<f64>>>,
    /// The gradients, in the order of the inputs.
    pub grads: Vec<Option<Tensor<f64>>>,
}

/// How far numbers may differ: `absolute + relative * |expected|`.
#[derive(Debug, Clone, Copy)]
pub struct Bound {
    /// Added.
    pub absolute: f64,
    /// Times the expected number.
    pub relative: f64,
}

/// The first difference, in words.
///
/// # Errors
/// If there is one.
pub fn agree(
    what: &str,
    ours: &Tensor<f64>,
    theirs: &Tensor<f64>,
    bound: Bound,
) -> Result<(), String> {
    if ours.shape() != theirs.shape() {
        return Err(format!(
            "{what}: shape {:?}, expected {:?}",
            ours.shape(),
            theirs.shape()
        ));
    }
    for (place, (ours, theirs)) in ours.iter().zip(theirs.iter()).enumerate() {
        let near = (ours - theirs).abs() <= bound.absolute + bound.relative * theirs.abs();
        let same = ours == theirs || (ours.is_nan() && theirs.is_nan());
        if !(same || (near && theirs.is_finite())) {
            return Err(format!(
                "{what}: element {place} is {ours:e}, expected {theirs:e}"
            ));
        }
    }
    Ok(())
}

impl Outcome {
    /// Adds the bits of outputs and gradients.
    pub fn add_to(&self, bits: &mut Digest) {
        let all = self.outs.iter().chain(&self.grads);
        all.flatten().for_each(|x| bits.tensor(x));
    }

    /// Whether outputs and gradients are those of `theirs`.
    ///
    /// # Errors
    /// With the first difference.
    pub fn compare(&self, theirs: &Self, bound: Bound) -> Result<(), String> {
        for (kind, ours, theirs) in [
            ("output", &self.outs, &theirs.outs),
            ("gradient", &self.grads, &theirs.grads),
        ] {
            if ours.len() != theirs.len() {
                return Err(format!("{} {kind}s, expected {}", ours.len(), theirs.len()));
            }
            for (i, pair) in ours.iter().zip(theirs).enumerate() {
                if let (Some(ours), Some(theirs)) = pair {
                    agree(&format!("{kind} {i}"), ours, theirs, bound)?;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gradlet::tensor;

    #[test]
    fn what_differs_is_found_and_nan_equals_nan() {
        let bound = Bound {
            absolute: 1e-3,
            relative: 0.0,
        };
        let x = tensor![f64; 1.0, f64::NAN, f64::INFINITY];
        assert_eq!(agree("x", &x, &x, bound), Ok(()));
        assert_eq!(
            agree("x", &tensor![f64; 1.0005], &tensor![f64; 1.0], bound),
            Ok(())
        );
        for (ours, theirs) in [
            (tensor![f64; 1.002], tensor![f64; 1.0]),
            (tensor![f64; 1.0], tensor![f64; f64::NAN]),
            (tensor![f64; f64::NAN], tensor![f64; 1.0]),
            (tensor![f64; 1.0], tensor![f64; f64::INFINITY]),
            (tensor![f64; f64::INFINITY], tensor![f64; f64::NEG_INFINITY]),
            (tensor![f64; 1.0], tensor![f64; [1.0]]),
        ] {
            assert!(
                agree("x", &ours, &theirs, bound).is_err(),
                "{ours} {theirs}"
            );
        }
    }
}
