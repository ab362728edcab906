//! [`Dropout`]: zeroes elements at random while training.

use std::fmt;

use gradlet_autograd::{Float, Result, Var, dropout_with};
use gradlet_tensor::Mask;
use rand::Rng;

use crate::forward::Forward;
use crate::mode::Mode;
use crate::module::Module;
use crate::stream::Stream;

/// Zeroes each element with probability p and scales the others by 1/(1 - p), while training; the identity in eval
/// mode.
///
/// The mask is drawn first, each bit exact to the last digit of p, and is what the gradient uses again: given the mask,
/// dropout is linear. Elements are selected, not multiplied, so a dropped NaN or infinity is 0, forward and backward.
/// With p = 0 and in eval mode the output is the input itself, and nothing is drawn or recorded; with p = 1 outputs and
/// gradients are exactly 0.
///
/// Random numbers come from the layer's own stream, forked from the generator it was built with. A clone continues the
/// same stream; [`reseed`](Dropout::reseed) parts them.
///
/// # Shape
///
/// `[...] -> [...]`
///
/// # Example
///
/// ```
/// # use gradlet_nn::{Dropout, Forward, Module};
/// # use gradlet_autograd::Var;
/// # use gradlet_tensor::{Tensor, rng};
/// # fn main() -> gradlet_tensor::Result<()> {
/// let mut dropout = Dropout::new(0.5, &mut rng(42))?;
/// let x = Var::constant(Tensor::ones([1000])?);
/// assert!(dropout.forward(&x)?.to_vec().iter().all(|&y| y == 0.0 || y == 2.0));
/// dropout.eval();
/// assert_eq!(dropout.forward(&x)?.tensor(), x.tensor());
/// # Ok(())
/// # }
/// ```
///
/// # Source
///
/// N. Srivastava and others, "Dropout: A Simple Way to Prevent Neural Networks from Overfitting", 2014; scaled while
/// training, as `torch.nn.Dropout`.
#[derive(Clone, Debug, Module)]
#[module(describe = Self::setting)]
pub struct Dropout {
    #[module(skip)]
    p: f64,
    #[module(skip)]
    stream: Stream,
    mode: Mode,
}

impl Dropout {
    /// A layer that zeroes with probability `p`, in [0, 1], and takes one number from the generator.
    ///
    /// # Errors
    ///
    /// A `p` outside [0, 1].
    #[track_caller]
    pub fn new(p: f64, rng: &mut (impl Rng + ?Sized)) -> Result<Self> {
        Mask::check_probability("Dropout", p)?;
        Ok(Self {
            p,
            stream: Stream::fork(rng),
            mode: Mode::Train,
        })
    }

    /// The probability that an element is zeroed.
    pub fn p(&self) -> f64 {
        self.p
    }

    /// Starts a new stream of masks, so that this layer parts from the one it was cloned from.
    pub fn reseed(&mut self, rng: &mut (impl Rng + ?Sized)) {
        self.stream.reseed(rng);
    }

    fn setting(&self) -> String {
        format!("p={}, {}", self.p, self.mode)
    }
}

impl<T: Float> Forward<T> for Dropout {
    fn forward(&self, x: &Var<T>) -> Result<Var<T>> {
        if self.mode == Mode::Eval || self.p == 0.0 {
            return Ok(x.clone());
        }
        let mask = Mask::draw(x.dims(), self.p, self.stream.next_key())?;
        // Infinite for p = 1, where the mask selects no element to scale.
        dropout_with(x, mask, T::of(1.0 / (1.0 - self.p)))
    }
}

impl fmt::Display for Dropout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Dropout({})", self.setting())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gradlet_autograd::no_grad;
    use gradlet_tensor::{Tensor, rng, tensor};

    fn ones(n: usize) -> Var {
        Var::leaf(Tensor::ones([n]).unwrap())
    }

    #[test]
    fn training_draws_a_new_mask_each_call_and_scales_what_is_kept() -> Result<()> {
        let dropout = Dropout::new(0.2, &mut rng(1))?;
        let (first, second) = (
            dropout.forward(&ones(10_000))?,
            dropout.forward(&ones(10_000))?,
        );
        assert_ne!(first.tensor(), second.tensor());
        for y in [first, second] {
            assert!(y.to_vec().iter().all(|&y| y == 0.0 || y == 1.25));
            // The mean of 10,000 has a standard deviation of 0.005.
            assert!((y.tensor().mean(..)?.item()? - 1.0).abs() < 0.03);
        }
        Ok(())
    }

    #[test]
    fn eval_and_p_zero_return_the_input_itself_and_draw_nothing() -> Result<()> {
        let mut dropout = Dropout::new(0.5, &mut rng(1))?;
        dropout.eval();
        let x = ones(100);
        let y = dropout.forward(&x)?;
        assert_eq!((y.leaf_id(), y.tensor()), (x.leaf_id(), x.tensor()));
        dropout.train();
        let drawn = dropout.forward(&x)?;
        let fresh = Dropout::new(0.5, &mut rng(1))?;
        assert_eq!(
            drawn.tensor(),
            fresh.forward(&x)?.tensor(),
            "eval must not have advanced the stream"
        );
        assert_eq!(
            Dropout::new(0.0, &mut rng(1))?.forward(&x)?.leaf_id(),
            x.leaf_id()
        );
        Ok(())
    }

    #[test]
    fn p_one_gives_exact_zeros_both_ways() -> Result<()> {
        let dropout = Dropout::new(1.0, &mut rng(1))?;
        let x = Var::leaf(tensor![1.0, f32::NAN, f32::INFINITY]);
        let y = dropout.forward(&x)?;
        assert_eq!(y.to_vec(), [0.0; 3]);
        assert_eq!(
            y.backward_with(Tensor::ones([3])?)?
                .wrt(&x)
                .map(Tensor::to_vec),
            Some(vec![0.0; 3])
        );
        Ok(())
    }

    #[test]
    fn a_clone_continues_the_stream_until_reseeded() -> Result<()> {
        let mut rng = rng(1);
        let (dropout, x) = (Dropout::new(0.5, &mut rng)?, ones(500));
        let mut clone = dropout.clone();
        assert_eq!(dropout.forward(&x)?.tensor(), clone.forward(&x)?.tensor());
        clone.reseed(&mut rng);
        assert_ne!(dropout.forward(&x)?.tensor(), clone.forward(&x)?.tensor());
        Ok(())
    }

    #[test]
    fn gradients_flow_in_eval_and_use_the_mask_in_training() -> Result<()> {
        let mut dropout = Dropout::new(0.5, &mut rng(1))?;
        let x = ones(50);
        let y = dropout.forward(&x)?;
        let (value, grads) = (y.tensor().clone(), y.sum(..)?.backward()?);
        assert_eq!(grads.wrt(&x), Some(&value));
        dropout.eval();
        let grads = dropout.forward(&x)?.sum(..)?.backward()?;
        assert_eq!(grads.wrt(&x), Some(x.tensor()));
        no_grad(|| assert!(!dropout.forward(&(&x * 1.0)).unwrap().is_tracked()));
        Ok(())
    }

    #[test]
    fn a_bad_probability_says_which_way_round_it_is() {
        for p in [-0.1, 1.1, f64::NAN] {
            let error = Dropout::new(p, &mut rng(1)).unwrap_err().to_string();
            assert!(error.starts_with(&format!(
                "Dropout: p must be in [0, 1], got {p}; it is the probability that"
            )));
        }
    }

    #[test]
    fn it_prints_p_and_mode() -> Result<()> {
        let mut dropout = Dropout::new(0.5, &mut rng(1))?;
        assert_eq!(dropout.to_string(), "Dropout(p=0.5, train)");
        dropout.eval();
        assert_eq!(dropout.to_string(), "Dropout(p=0.5, eval)");
        Ok(())
    }
}
