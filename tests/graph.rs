//! What a graph allows: shared trunks, kept outputs, great depth.

use gradlet::prelude::*;

#[test]
fn two_losses_on_one_trunk_both_get_right_gradients() -> Result<()> {
    let x = Var::leaf(tensor![1.0, -2.0, 3.0]);
    let trunk = x.mul(&x)?;
    let (sum, cubes) = (trunk.sum(..)?, trunk.mul(&x)?.sum(..)?);
    assert_eq!(sum.backward()?.wrt(&x).unwrap().to_vec(), [2.0, -4.0, 6.0]);
    assert_eq!(
        cubes.backward()?.wrt(&x).unwrap().to_vec(),
        [3.0, 12.0, 27.0]
    );
    Ok(())
}

#[test]
fn a_kept_output_stays_valid_after_backward() -> Result<()> {
    let x = Var::leaf(tensor![1.0, 2.0]);
    let y = x.mul(&x)?;
    let first = y.sum(..)?.backward()?;
    let again = y.sum(..)?.backward()?;
    assert_eq!(
        first.wrt(&x).unwrap().to_vec(),
        again.wrt(&x).unwrap().to_vec()
    );
    Ok(())
}

#[test]
fn a_chain_of_a_million_ops_runs_backward_and_drops_in_a_test_threads_stack() -> Result<()> {
    let chain = |x: &Var| (0..1_000_000).fold(x.clone(), |y, _| y.mul_scalar(1.0));
    let x = Var::leaf(Tensor::scalar(3.0));
    assert_eq!(chain(&x).backward()?.wrt(&x).unwrap().item()?, 1.0);
    drop(chain(&x));
    Ok(())
}
