//! A line search whose result meets the strong Wolfe conditions: J. Nocedal, S. Wright, "Numerical Optimization",
//! algorithms 3.5 and 3.6, with PyTorch's details.

use std::mem;

use gradlet_tensor::{Float, Result, Tensor};

/// A step must lower the value by this share of what the slope promises.
const DECREASE: f64 = 1e-4;

/// The slope at the end of a step is at most this share of the one at its start.
const CURVATURE: f64 = 0.9;

/// A point on the line.
#[derive(Clone, Debug)]
pub(super) struct Point<T: Float> {
    /// How far along the direction.
    pub(super) t: f64,
    /// The value.
    pub(super) f: f64,
    /// The value's derivative by `t`.
    pub(super) slope: f64,
    /// The gradient.
    pub(super) g: Tensor<T>,
}

/// The bounds of one search.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// The largest number of evaluations after the first.
    pub(super) max_ls: usize,
    /// The size of the direction's largest element.
    pub(super) length: f64,
    pub(super) tolerance_change: f64,
}

impl<T: Float> Point<T> {
    /// Whether `new` is too high, seen from here.
    fn is_below(&self, new: &Self) -> bool {
        new.f > self.f + DECREASE * new.t * self.slope
    }

    /// Whether it is flat enough at `new`, seen from here.
    fn is_flat(&self, new: &Self) -> bool {
        new.slope.abs() <= -CURVATURE * self.slope
    }
}

/// The point to step to, from `start` with a first guess of `t`, and the number of points that `at` was called for.
pub(super) fn strong_wolfe<T: Float>(
    start: &Point<T>,
    t: f64,
    bounds: Bounds,
    mut at: impl FnMut(f64) -> Result<Point<T>>,
) -> Result<(Point<T>, usize)> {
    let (mut before, mut now) = (start.clone(), at(t)?);
    let mut iterations = 0;
    while iterations < bounds.max_ls {
        if start.is_below(&now) || (iterations > 1 && now.f >= before.f) {
            return zoom(start, [before, now], iterations, bounds, at);
        }
        if start.is_flat(&now) {
            return Ok((now, iterations + 1));
        }
        if now.slope >= 0.0 {
            return zoom(start, [before, now], iterations, bounds, at);
        }
        let (least, most) = (now.t + 0.01 * (now.t - before.t), now.t * 10.0);
        let t = lowest_of_cubic(&before, &now, least, most);
        before = mem::replace(&mut now, at(t)?);
        iterations += 1;
    }
    zoom(start, [start.clone(), now], iterations, bounds, at)
}

/// The lowest point of a bracket that is made smaller until a point meets the conditions.
fn zoom<T: Float>(
    start: &Point<T>,
    mut bracket: [Point<T>; 2],
    mut iterations: usize,
    bounds: Bounds,
    mut at: impl FnMut(f64) -> Result<Point<T>>,
) -> Result<(Point<T>, usize)> {
    let lower = |bracket: &[Point<T>; 2]| usize::from(bracket[0].f > bracket[1].f);
    let (mut low, mut stuck) = (lower(&bracket), false);
    while iterations < bounds.max_ls {
        let [a, b] = [bracket[0].t, bracket[1].t];
        if (b - a).abs() * bounds.length < bounds.tolerance_change {
            break;
        }
        let (least, most) = (a.min(b), a.max(b));
        let mut t = lowest_of_cubic(&bracket[0], &bracket[1], least, most);
        // A point close to an end may make little progress: the second in a row is moved a tenth inside.
        let tenth = 0.1 * (most - least);
        if (most - t).min(t - least) < tenth {
            let inside = stuck || t >= most || t <= least;
            if inside && (t - most).abs() < (t - least).abs() {
                t = most - tenth;
            } else if inside {
                t = least + tenth;
            }
            stuck = !inside;
        } else {
            stuck = false;
        }
        let new = at(t)?;
        iterations += 1;
        if start.is_below(&new) || new.f >= bracket[low].f {
            bracket[1 - low] = new;
            low = lower(&bracket);
            continue;
        }
        let done = start.is_flat(&new);
        if !done && new.slope * (bracket[1 - low].t - bracket[low].t) >= 0.0 {
            bracket[1 - low] = bracket[low].clone();
        }
        bracket[low] = new;
        if done {
            break;
        }
    }
    let [first, second] = bracket;
    Ok((if low == 0 { first } else { second }, iterations + 1))
}

/// The lowest point in `[least, most]` of the cubic with these values and slopes; the middle if it has none.
fn lowest_of_cubic<T: Float>(a: &Point<T>, b: &Point<T>, least: f64, most: f64) -> f64 {
    let d1 = a.slope + b.slope - 3.0 * (a.f - b.f) / (a.t - b.t);
    let square = d1 * d1 - a.slope * b.slope;
    if square < 0.0 || square.is_nan() {
        return f64::midpoint(least, most);
    }
    let d2 = square.sqrt();
    let (left, right) = if a.t <= b.t { (a, b) } else { (b, a) };
    let share = (right.slope + d2 - d1) / (right.slope - left.slope + 2.0 * d2);
    (right.t - (right.t - left.t) * share).max(least).min(most)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The points on the curve of a function with this derivative.
    fn on(f: fn(f64) -> f64, slope: fn(f64) -> f64) -> impl Fn(f64) -> Result<Point<f64>> {
        move |t| {
            Ok(Point {
                t,
                f: f(t),
                slope: slope(t),
                g: Tensor::scalar(slope(t)),
            })
        }
    }

    const BOUNDS: Bounds = Bounds {
        max_ls: 25,
        length: 1.0,
        tolerance_change: 1e-9,
    };

    #[test]
    fn the_lowest_point_of_a_parabola_is_found_at_once_from_both_sides() -> Result<()> {
        let at = on(|t| (t - 2.0) * (t - 2.0), |t| 2.0 * (t - 2.0));
        let start = at(0.0)?;
        let (point, evaluations) = strong_wolfe(&start, 0.05, BOUNDS, &at)?;
        // The step may grow by 10 at most.
        assert_eq!((point.t, evaluations), (0.5, 2));
        for t in [4.5, 20.0] {
            let (point, evaluations) = strong_wolfe(&start, t, BOUNDS, &at)?;
            assert!((point.t - 2.0).abs() < 1e-12, "{point:?}");
            assert_eq!(evaluations, 2);
        }
        Ok(())
    }

    /// Points and counts that PyTorch's `_strong_wolfe` gave. The last guess is so far off that the search ends without a
    /// point that meets the conditions.
    #[test]
    fn searches_beside_a_long_plain_end_where_pytorchs_do() -> Result<()> {
        let at = on(
            |t| -t / (t * t + 2.0),
            |t| (t * t - 2.0) / ((t * t + 2.0) * (t * t + 2.0)),
        );
        let start = at(0.0)?;
        for (t, expected, count) in [
            (1e-3, 0.823_049_306_085_167_8, 4),
            (0.1, 0.822_303_296_454_025, 2),
            (1.0, 1.0, 1),
            (10.0, 10.0, 1),
            (1e3, 333.335_000_002_833_34, 26),
        ] {
            let (point, evaluations) = strong_wolfe(&start, t, BOUNDS, &at)?;
            assert_eq!(evaluations, count, "{t}");
            assert!((point.t / expected - 1.0).abs() < 1e-12, "{t}: {point:?}");
            let meets = !start.is_below(&point) && start.is_flat(&point);
            assert_eq!(meets, t < 1e3, "{t}: {point:?}");
            for max_ls in 0..3 {
                let bounds = Bounds { max_ls, ..BOUNDS };
                let (point, evaluations) = strong_wolfe(&start, t, bounds, &at)?;
                assert!(point.f <= start.f && evaluations <= max_ls + 1);
            }
        }
        Ok(())
    }
}
