//! The optimizers' pass over parameters, their states and gradients.

use crate::element::Element;
use crate::error::Result;
use crate::kernel::elementwise as kernel;
use crate::kernel::parallel::{self, PART};
use crate::tensor::Tensor;
use crate::threads;

/// Updates several tensors at once from a source, all of one shape, in one pass:
/// `(t_0, .., t_N) = f([t_0, .., t_N], s)` for each element. Shared targets are copied first.
///
/// # Errors
///
/// If the shapes differ. Nothing is changed then.
///
/// # Example
///
/// ```
/// # use gradlet_tensor::{fused, tensor};
/// # fn main() -> gradlet_tensor::Result<()> {
/// let (mut w, mut v, g) = (tensor![1.0, 2.0], tensor![0.0, 4.0], tensor![8.0, 8.0]);
/// fused::update([&mut w, &mut v], &g, |[w, v], g| [w - v / 4.0, v / 2.0 + g])?;
/// assert_eq!((w.to_vec(), v.to_vec()), (vec![1.0, 1.0], vec![8.0, 10.0]));
/// # Ok(())
/// # }
/// ```
#[track_caller]
#[inline]
pub fn update<T: Element, const N: usize>(
    targets: [&mut Tensor<T>; N],
    source: &Tensor<T>,
    f: impl Fn([T; N], T) -> [T; N] + Sync,
) -> Result<()> {
    for target in &targets {
        if source.shape() != target.shape() {
            source.expect_shape("update", target.shape())?;
        }
    }
    let source = source.row_major()?;
    let source = source.as_slice().unwrap_or_default();
    let mut targets = targets.map(Tensor::make_mut_slice);
    if N == 0 || !parallel::pays(source.len()) {
        kernel::update(&mut targets, source, &f);
        return Ok(());
    }
    threads::for_chunks(targets, PART, |start, mut targets| {
        let end = start + targets[0].len();
        kernel::update(&mut targets, &source[start..end], &f);
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor;

    #[test]
    fn updates_need_one_shape_and_change_nothing_otherwise() -> Result<()> {
        let (mut a, mut b) = (tensor![1.0, 2.0], tensor![3.0, 4.0]);
        update([&mut a, &mut b], &tensor![0.5, 0.5], |[a, b], s| [b + s, a])?;
        assert_eq!((a.to_vec(), b.to_vec()), (vec![3.5, 4.5], vec![1.0, 2.0]));
        assert!(update([&mut a, &mut b], &tensor![1.0], |t, _| t).is_err());
        Ok(())
    }
}
