//! How exact sums, products, norms and deviations of f32 are, at any length: compared with f64 on the same numbers.

use gradlet::tensor::einsum;
use gradlet::{Gradients, Keep, Result, Tensor, Var, rng};

/// One unit in the last place of 1.
const E: f64 = f32::EPSILON as f64;

/// Prints the largest relative error, in units of `E`, and asserts that it is at most `limit`.
fn check(name: &str, n: usize, found: &Tensor, exact: &Tensor<f64>, limit: f64) {
    let errors = found.iter().zip(exact.iter());
    let errors = errors.map(|(found, exact)| (f64::from(found) - exact).abs() / exact.abs() / E);
    let largest = errors.fold(0.0, f64::max);
    println!("{name:<34} {n:>9} {largest:>8.2} of {limit:>6.1}");
    assert!(
        largest <= limit,
        "{name} of {n}: {largest} units, more than {limit}"
    );
}

/// Additions that an element passes in a balanced tree of leaves.
fn levels(n: usize, leaf: usize) -> f64 {
    f64::from(n.div_ceil(leaf).next_power_of_two().ilog2())
}

fn gradient(grads: &Gradients, leaf: &Var) -> Tensor {
    let gradient = leaf.leaf_id().and_then(|id| grads.get(id));
    gradient.expect("a gradient of the leaf").clone()
}

#[test]
fn errors_hardly_grow_with_the_length() -> Result<()> {
    for n in [1_000, 65_536, 1 << 20] {
        let tenths = Tensor::full([n, 2], 0.1)?;
        let uniform = Tensor::uniform([n, 2], 0.0, 1.0, &mut rng(7))?;
        for x in [tenths, uniform] {
            sums(n, &x)?;
            products(n, &x)?;
        }
    }
    Ok(())
}

fn sums(n: usize, x: &Tensor) -> Result<()> {
    // Half a unit for each addition: 64 in a block, 5 between lanes or 8 between blocks, then the tree.
    let limit = (64.0 + 8.0 + levels(n, 512)) / 2.0;
    let wide = x.cast::<f64>();
    let exact = wide.sum(0)?;
    let rows = x.transpose(0, 1)?.contiguous();
    let middle = x.reshape([1, n, 2])?.sum(1)?.squeeze(0)?;
    check("sum(0)", n, &x.sum(0)?, &exact, limit);
    check("sum(1)", n, &rows.sum(1)?, &exact, limit);
    check("sum over a middle axis", n, &middle, &exact, limit);
    check("einsum ij->j", n, &einsum("ij->j", &[x])?, &exact, limit);
    check("sum(..)", n, &x.sum(..)?, &wide.sum(..)?, limit);
    check("mean(0)", n, &x.mean(0)?, &wide.mean(0)?, limit + 0.5);
    let (norm, exact_norm) = (x.norm(2.0, 0)?, wide.norm(2.0, 0)?);
    check("norm(0)", n, &norm, &exact_norm, limit / 2.0 + 1.0);

    let bias = Var::leaf(Tensor::zeros(2)?);
    let loss = (&Var::constant(x.zeros_like()) + &bias).mul(&Var::constant(x.clone()))?;
    let found = gradient(&loss.sum(..)?.backward()?, &bias);
    check("gradient of a bias", n, &found, &exact, limit + 0.5);

    // Equal elements have the variance 0, which a test below asks for exactly.
    if x.at(&[0, 0])? != x.at(&[1, 0])? {
        let (var, std) = (wide.var(0, 1.0)?, wide.std(0, 1.0)?);
        check("var(0)", n, &x.var(0, 1.0)?, &var, limit + 4.0);
        check("std(0)", n, &x.std(0, 1.0)?, &std, limit / 2.0 + 3.0);
    }
    Ok(())
}

fn products(n: usize, x: &Tensor) -> Result<()> {
    // Half a unit for each addition: 256 in a stretch, 64 between stretches, then the tree.
    let additions = n.min(256) + n.div_ceil(256).min(64);
    let limit = 0.5 * (additions as f64 + levels(n, 1 << 14));
    let wide = x.cast::<f64>();
    let other = Tensor::uniform([16, n], 0.0, 1.0, &mut rng(8))?;
    let exact = other.cast::<f64>().matmul(&wide)?;
    let found = other.matmul(x)?;
    check("matmul [16, n] x [n, 2]", n, &found, &exact, limit);
    let weight = Var::leaf(Tensor::zeros([16, 2])?);
    let y = Var::constant(x.clone()).linear(&weight, None)?;
    let y = y.mul(&Var::constant(other.transpose(0, 1)?))?;
    let found = gradient(&y.sum(..)?.backward()?, &weight);
    check("gradient of a linear weight", n, &found, &exact, limit);

    let (turned, wide_turned) = (x.transpose(0, 1)?, wide.transpose(0, 1)?);
    let (found, exact) = (turned.matmul(x)?, wide_turned.matmul(&wide)?);
    check("matmul [2, n] x [n, 2]", n, &found, &exact, limit);
    let (row, wide) = (x.select(1, 0)?, wide.select(1, 0)?);
    check("dot", n, &row.dot(&row)?, &wide.dot(&wide)?, limit);
    Ok(())
}

#[test]
fn columns_and_rows_of_equal_elements_have_no_variance() -> Result<()> {
    for n in [3, 1_000, 1 << 20] {
        let x = Tensor::full([n, 2], 1234.5)?;
        assert_eq!(x.var(0, 1.0)?.to_vec(), [0.0; 2], "{n}");
        assert_eq!(x.std(Keep(0), 1.0)?.to_vec(), [0.0; 2], "{n}");
        assert_eq!(x.reshape([2, n])?.var(1, 1.0)?.to_vec(), [0.0; 2], "{n}");
    }
    Ok(())
}
