//! [`checkpoint_module`]: runs a module without keeping its intermediate values, and once more in the backward pass.

use gradlet_autograd::{FirstRun, Float, LeafId, Result, Var, is_recording};

use crate::dropout;
use crate::forward::Forward;

/// `module.forward(x)`, but only `x` is kept: backward runs the module again and records then.
///
/// The second run uses a copy of the module as it is now. The copy shares the module's weights and the ids of its
/// parameters, so that the original gets the gradients. Dropout draws the same masks, and its streams stay where the
/// first run left them. The copy holds the weights until the graph is freed. While recording is off, this is
/// `module.forward(x)`.
///
/// For functions see [`checkpoint`](gradlet_autograd::checkpoint).
///
/// # Errors
///
/// If `forward` returns one, here or in the backward pass.
///
/// # Example
///
/// ```
/// # use gradlet_nn::{Dropout, Linear, Module, Relu, checkpoint_module, sequential};
/// # use gradlet_autograd::Var;
/// # use gradlet_tensor::{Tensor, rng};
/// # fn main() -> gradlet_tensor::Result<()> {
/// let mut rng = rng(42);
/// let block = sequential![Linear::new(64, 64, &mut rng)?, Relu::new(), Dropout::new(0.5, &mut rng)?];
/// let x = Var::constant(Tensor::ones([8, 64])?);
/// let y = checkpoint_module(&block, &x)?;
/// assert_eq!(y.graph().nodes.len(), 1);
/// let grads = y.sum(..)?.backward()?;
/// assert!(block.named_parameters().iter().all(|(_, parameter)| grads.get(parameter.id()).is_some()));
/// # Ok(())
/// # }
/// ```
#[track_caller]
pub fn checkpoint_module<T: Float, M: Forward<T> + Clone + 'static>(
    module: &M,
    x: &Var<T>,
) -> Result<Var<T>> {
    if !is_recording() {
        return module.forward(x);
    }
    let copy = with_same_ids::<T, M>(module)?;
    let run = FirstRun::start();
    let y = module.forward(x)?;
    Ok(run.end(y, move |x| copy.forward(&x[0]), vec![x.clone()]))
}

/// A copy of the module with the same ids of parameters, whose dropouts draw the same.
fn with_same_ids<T: Float, M: Forward<T> + Clone>(module: &M) -> Result<M> {
    let mut ids: Vec<LeafId> = Vec::new();
    module.visit_parameters(&mut |_, parameter| {
        ids.push(parameter.id());
        Ok(())
    })?;
    let mut ids = ids.into_iter();
    let mut copy = dropout::twin(module);
    copy.visit_parameters_mut(&mut |_, parameter| {
        let id = ids.next();
        if let (Some(parameter), Some(id)) = (parameter.downcast_mut::<T>(), id) {
            parameter.rename(id);
        }
        Ok(())
    })?;
    Ok(copy)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dropout::twin;
    use crate::{Dropout, GaussianDropout, Linear, Module, Sgd};
    use gradlet_autograd::{Gradients, no_grad};
    use gradlet_tensor::{Tensor, rng};

    #[derive(Clone, Module)]
    struct Block {
        first: Linear<f64>,
        dropout: Dropout,
        noise: GaussianDropout,
        second: Linear<f64>,
    }

    impl Forward<f64> for Block {
        fn forward(&self, x: &Var<f64>) -> Result<Var<f64>> {
            let h = self.dropout.forward(&self.first.forward(x)?.tanh())?;
            self.second.forward(&self.noise.forward(&h)?)
        }
    }

    fn block() -> Result<Block> {
        let mut rng = rng(1);
        Ok(Block {
            first: Linear::new_of(5, 30, &mut rng)?,
            dropout: Dropout::new(0.5, &mut rng)?,
            noise: GaussianDropout::new(0.2, &mut rng)?,
            second: Linear::new_of(30, 3, &mut rng)?,
        })
    }

    fn input() -> Result<Var<f64>> {
        Ok(Var::leaf(Tensor::normal([7, 5], 0.0, 1.0, &mut rng(2))?))
    }

    fn named(block: &Block, grads: &Gradients<f64>) -> Vec<(String, Tensor<f64>)> {
        let parameters = block.named_parameters().into_iter();
        parameters
            .filter_map(|(path, parameter)| Some((path, grads.get(parameter.id())?.clone())))
            .collect()
    }

    #[test]
    fn training_is_the_same_bit_for_bit() -> Result<()> {
        let (mut plain, mut checked, x) = (block()?, block()?, input()?);
        let mut optimizers = [Sgd::new(0.1).momentum(0.9), Sgd::new(0.1).momentum(0.9)];
        for _ in 0..3 {
            let expected = plain.forward(&x)?.powi(2).sum(..)?;
            let found = checkpoint_module(&checked, &x)?.powi(2).sum(..)?;
            assert_eq!(expected.tensor(), found.tensor());
            let (expected, found) = (expected.backward()?, found.backward()?);
            assert_eq!(expected.wrt(&x), found.wrt(&x));
            assert_eq!(named(&plain, &expected), named(&checked, &found));
            assert_eq!(named(&plain, &expected).len(), 4);
            optimizers[0].step(&mut plain, &expected)?;
            optimizers[1].step(&mut checked, &found)?;
        }
        assert_eq!(
            plain.dropout.source().state(),
            checked.dropout.source().state()
        );
        Ok(())
    }

    #[test]
    fn frozen_parameters_stay_so_and_later_changes_do_not_reach_the_graph() -> Result<()> {
        let (mut block, x) = (block()?, input()?);
        block.first.freeze();
        let y = checkpoint_module(&block, &x)?;
        let before = named(&block, &y.clone().sum(..)?.backward()?);
        assert_eq!(before.len(), 2);
        block.eval();
        block.second.weight.tensor_mut().make_mut_slice().fill(0.0);
        let grads = y.sum(..)?.backward()?;
        assert_eq!(named(&block, &grads), before);
        assert!(
            grads
                .wrt(&x)
                .is_some_and(|dx| dx.iter().any(|dx| dx != 0.0))
        );
        Ok(())
    }

    #[test]
    fn nothing_is_kept_where_nothing_is_recorded() -> Result<()> {
        let (block, x) = (block()?, input()?);
        let y = no_grad(|| checkpoint_module(&block, &x))?;
        assert!(!y.is_tracked() && block.first.weight.tensor().is_unshared());
        Ok(())
    }

    #[test]
    fn blocks_nest() -> Result<()> {
        #[derive(Clone, Module)]
        struct Outer {
            inner: Block,
            dropout: Dropout,
        }
        impl Forward<f64> for Outer {
            fn forward(&self, x: &Var<f64>) -> Result<Var<f64>> {
                self.dropout.forward(&checkpoint_module(&self.inner, x)?)
            }
        }
        let (inner, dropout, x) = (block()?, Dropout::new(0.5, &mut rng(3))?, input()?);
        let plain = twin(&dropout).forward(&block()?.forward(&x)?)?.sum(..)?;
        let outer = Outer { inner, dropout };
        let grads = checkpoint_module(&outer, &x)?.sum(..)?.backward()?;
        assert_eq!(grads.wrt(&x), plain.backward()?.wrt(&x));
        assert_eq!(named(&outer.inner, &grads).len(), 4);
        Ok(())
    }

    #[test]
    fn an_error_of_the_module_names_the_callers_line() -> Result<()> {
        let layer = Linear::new(3, 2, &mut rng(0))?;
        let x = Var::constant(Tensor::zeros([1, 4])?);
        let (line, error) = (line!(), checkpoint_module(&layer, &x).unwrap_err());
        assert_eq!(
            (error.location().file(), error.location().line()),
            (file!(), line)
        );
        Ok(())
    }
}
