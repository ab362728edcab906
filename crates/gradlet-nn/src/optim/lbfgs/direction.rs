//! The direction of a step, from the latest pairs of steps and changes of the gradient.

use std::collections::VecDeque;
use std::fmt;

use gradlet_tensor::{Float, Result, Tensor, fused};

/// Pairs with a smaller product, of which the curvature is not positive, are left out: PyTorch's bound.
const LEAST_CURVATURE: f64 = 1e-10;

/// A step, and how the gradient changed in it.
#[derive(Clone)]
pub(super) struct Pair<T: Float> {
    pub(super) s: Tensor<T>,
    pub(super) y: Tensor<T>,
    /// `1 / (y . s)`
    pub(super) ro: f64,
}

/// What one step leaves for the next.
#[derive(Clone)]
pub(super) struct Memory<T: Float> {
    pub(super) pairs: VecDeque<Pair<T>>,
    /// The scale of the first guess at the inverse of the Hessian.
    pub(super) scale: f64,
    /// The latest direction, and how far along it the parameters went.
    pub(super) latest: Option<(Tensor<T>, f64)>,
    /// The gradient before that.
    pub(super) gradient: Option<Tensor<T>>,
}

impl<T: Float> Memory<T> {
    pub(super) fn new() -> Self {
        Self {
            pairs: VecDeque::new(),
            scale: 1.0,
            latest: None,
            gradient: None,
        }
    }

    /// The number of elements of all vectors, once there are any.
    pub(super) fn len(&self) -> Option<usize> {
        self.gradient.as_ref().map(Tensor::len)
    }

    /// The direction down from a point with gradient `g`: `-H g`, where `H` is the inverse of the Hessian as the pairs show
    /// it.
    pub(super) fn direction(&mut self, g: &Tensor<T>, history_size: usize) -> Result<Tensor<T>> {
        if let (Some((d, t)), Some(before)) = (&self.latest, &self.gradient) {
            let (y, s) = (g.sub(before)?, d.mul_scalar(T::of(*t)));
            let curvature = dot(&y, &s)?;
            if curvature > LEAST_CURVATURE {
                if self.pairs.len() >= history_size {
                    self.pairs.pop_front();
                }
                self.scale = curvature / dot(&y, &y)?;
                let ro = 1.0 / curvature;
                self.pairs.push_back(Pair { s, y, ro });
            }
        }
        self.gradient = Some(g.clone());
        let mut d = g.neg();
        let mut shares = Vec::with_capacity(self.pairs.len());
        for pair in self.pairs.iter().rev() {
            let share = dot(&pair.s, &d)? * pair.ro;
            add_scaled(&mut d, -share, &pair.y)?;
            shares.push(share);
        }
        if self.latest.is_some() {
            d = d.mul_scalar(T::of(self.scale));
        }
        for (pair, share) in self.pairs.iter().zip(shares.into_iter().rev()) {
            let back = dot(&pair.y, &d)? * pair.ro;
            add_scaled(&mut d, share - back, &pair.s)?;
        }
        Ok(d)
    }
}

impl<T: Float> fmt::Debug for Memory<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Memory of {} pairs", self.pairs.len())
    }
}

pub(super) fn dot<T: Float>(a: &Tensor<T>, b: &Tensor<T>) -> Result<f64> {
    Ok(a.dot(b)?.item()?.to_f64())
}

/// The size of the largest element.
pub(super) fn largest<T: Float>(x: &Tensor<T>) -> Result<f64> {
    Ok(x.norm(f64::INFINITY, ..)?.item()?.to_f64())
}

/// Adds `factor * y` to `x`, in one pass.
pub(super) fn add_scaled<T: Float>(x: &mut Tensor<T>, factor: f64, y: &Tensor<T>) -> Result<()> {
    let factor = T::of(factor);
    fused::update([x], y, |[x], y| [x + factor * y])
}

#[cfg(test)]
mod tests {
    use super::*;
    use gradlet_tensor::tensor;

    /// f = (x^2 + 4 y^2) / 2. A step along an axis shows the curvature there, so that the next direction leads to the
    /// lowest point on it; the other axis gets the same scale.
    #[test]
    fn a_pair_shows_the_curvature_along_its_step() -> Result<()> {
        let mut memory = Memory::new();
        let d = memory.direction(&tensor![f64; 1.0, 8.0], 5)?;
        assert_eq!(d.to_vec(), [-1.0, -8.0]);
        memory.latest = Some((tensor![f64; 0.0, -8.0], 0.125));
        let d = memory.direction(&tensor![f64; 1.0, 4.0], 5)?;
        assert_eq!(d.to_vec(), [-0.25, -1.0]);
        // A step in which the gradient did not change says nothing.
        memory.latest = Some((d, 1.0));
        let d = memory.direction(&tensor![f64; 1.0, 4.0], 5)?;
        assert_eq!((d.to_vec(), memory.pairs.len()), (vec![-0.25, -1.0], 1));
        Ok(())
    }

    #[test]
    fn the_oldest_pair_makes_room() -> Result<()> {
        let mut memory = Memory::new();
        memory.direction(&tensor![f64; 1.0, 8.0], 1)?;
        for g in [[1.0, 4.0], [0.5, 4.0]] {
            let step = if g[0] == 1.0 {
                [0.0, -1.0]
            } else {
                [-0.5, 0.0]
            };
            memory.latest = Some((Tensor::from_slice(step, 2)?, 1.0));
            memory.direction(&Tensor::from_slice(g, 2)?, 1)?;
        }
        assert_eq!(memory.pairs.len(), 1);
        // The pair along x, of curvature 1, is left.
        memory.latest = Some((tensor![f64; 0.0, 0.0], 1.0));
        let d = memory.direction(&tensor![f64; 0.5, 4.0], 1)?;
        assert_eq!(d.to_vec(), [-0.5, -4.0]);
        Ok(())
    }
}
