//! Elementwise loops over contiguous and strided rows.

vectorized! {
    /// `y[i] = f(x[i])`
    pub(crate) fn map<T: Copy, U, F: Fn(T) -> U>(x: &[T], y: &mut [U], f: &F) {
        for (y, &x) in y.iter_mut().zip(x) {
            *y = f(x);
        }
    }

    /// `y[i] = f(x[i * step])`
    pub(crate) fn map_strided<T: Copy, U, F: Fn(T) -> U>(x: &[T], step: usize, y: &mut [U], f: &F) {
        if step == 0 {
            y.iter_mut().for_each(|y| *y = f(x[0]));
        } else {
            for (y, &x) in y.iter_mut().zip(x.iter().step_by(step)) {
                *y = f(x);
            }
        }
    }

    /// `out[i] = condition[i] ? x[i] : y[i]`
    fn choose_each<T: Copy>(condition: &[bool], x: &[T], y: &[T], out: &mut [T]) {
        for (((out, &holds), &x), &y) in out.iter_mut().zip(condition).zip(x).zip(y) {
            *out = if holds { x } else { y };
        }
    }

    /// `y[i] = f(y[i])`
    pub(crate) fn map_in_place<T: Copy, F: Fn(T) -> T>(y: &mut [T], f: &F) {
        for y in y {
            *y = f(*y);
        }
    }

    /// `y[i] = f(a[i], b[i])`
    pub(crate) fn zip<A: Copy, B: Copy, U, F: Fn(A, B) -> U>(a: &[A], b: &[B], y: &mut [U], f: &F) {
        for ((y, &a), &b) in y.iter_mut().zip(a).zip(b) {
            *y = f(a, b);
        }
    }

    /// `y[i] = f(a, b[i])`
    pub(crate) fn zip_left<A: Copy, B: Copy, U, F: Fn(A, B) -> U>(a: A, b: &[B], y: &mut [U], f: &F) {
        for (y, &b) in y.iter_mut().zip(b) {
            *y = f(a, b);
        }
    }

    /// `y[i] = f(a[i], b)`
    pub(crate) fn zip_right<A: Copy, B: Copy, U, F: Fn(A, B) -> U>(a: &[A], b: B, y: &mut [U], f: &F) {
        for (y, &a) in y.iter_mut().zip(a) {
            *y = f(a, b);
        }
    }

    /// `y[i] = f(y[i], b[i])`
    pub(crate) fn zip_in_place<A: Copy, B: Copy, F: Fn(A, B) -> A>(y: &mut [A], b: &[B], f: &F) {
        for (y, &b) in y.iter_mut().zip(b) {
            *y = f(*y, b);
        }
    }

    /// `(y_0[i], .., y_N[i]) = f((y_0[i], .., y_N[i]), b[i])` for slices of the same length
    pub(crate) fn update<T: Copy, const N: usize, F: Fn([T; N], T) -> [T; N]>(
        targets: &mut [&mut [T]; N],
        b: &[T],
        f: &F,
    ) {
        // Blocks of fixed size on the stack let the compiler see that no memory overlaps.
        const BLOCK: usize = 64;
        let len = b.len();
        let mut start = 0;
        while start + BLOCK <= len {
            let mut source = [b[start]; BLOCK];
            source.copy_from_slice(&b[start..start + BLOCK]);
            let mut block = [source; N];
            for k in 0..N {
                block[k].copy_from_slice(&targets[k][start..start + BLOCK]);
            }
            for i in 0..BLOCK {
                let mut now = [source[i]; N];
                for k in 0..N {
                    now[k] = block[k][i];
                }
                let next = f(now, source[i]);
                for k in 0..N {
                    block[k][i] = next[k];
                }
            }
            for k in 0..N {
                targets[k][start..start + BLOCK].copy_from_slice(&block[k]);
            }
            start += BLOCK;
        }
        for i in start..len {
            let next = f(std::array::from_fn(|k| targets[k][i]), b[i]);
            for k in 0..N {
                targets[k][i] = next[k];
            }
        }
    }
}

/// `y[i] = f(a[i * step_a], b[i * step_b])`, with a loop of its own for each usual pair of steps.
#[inline]
pub(crate) fn zip_strided<A: Copy, B: Copy, U, F: Fn(A, B) -> U>(
    (a, step_a): (&[A], usize),
    (b, step_b): (&[B], usize),
    y: &mut [U],
    f: &F,
) {
    match (step_a, step_b) {
        (1, 1) => zip(a, b, y, f),
        (0, 1) => zip_left(a[0], b, y, f),
        (1, 0) => zip_right(a, b[0], y, f),
        _ => {
            for (i, y) in y.iter_mut().enumerate() {
                *y = f(a[i * step_a], b[i * step_b]);
            }
        }
    }
}

/// `out[i] = condition[i * step] ? x[i * step_x] : y[i * step_y]`
#[inline]
pub(crate) fn choose<T: Copy>(
    (condition, step): (&[bool], usize),
    (x, step_x): (&[T], usize),
    (y, step_y): (&[T], usize),
    out: &mut [T],
) {
    match (step, step_x, step_y) {
        (1, 1, 1) => choose_each(condition, x, y, out),
        (_, 0, _) => {
            let x = x[0];
            let one = |holds, y| if holds { x } else { y };
            zip_strided((condition, step), (y, step_y), out, &one);
        }
        (_, _, 0) => {
            let y = y[0];
            let other = |holds, x| if holds { x } else { y };
            zip_strided((condition, step), (x, step_x), out, &other);
        }
        _ => {
            for (i, out) in out.iter_mut().enumerate() {
                let holds = condition[i * step];
                *out = if holds { x[i * step_x] } else { y[i * step_y] };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pair_of_steps_reads_the_right_elements() {
        let a: Vec<i64> = (0..40).collect();
        let b: Vec<i64> = (100..140).collect();
        for step_a in 0..3 {
            for step_b in 0..3 {
                let mut y = vec![0; 13];
                zip_strided((&a, step_a), (&b, step_b), &mut y, &|a, b| a * 1000 + b);
                let expected: Vec<i64> = (0..13)
                    .map(|i| a[i * step_a] * 1000 + b[i * step_b])
                    .collect();
                assert_eq!(y, expected, "{step_a} {step_b}");
            }
        }
    }

    #[test]
    fn updates_change_all_targets_over_blocks_and_rests() {
        for len in [0, 1, 63, 64, 200] {
            let g: Vec<f32> = (0..len).map(|i| i as f32).collect();
            let (mut p, mut v) = (vec![1.0; len], vec![2.0; len]);
            update(&mut [&mut p, &mut v], &g, &|[p, v], g| [p - v, v + g]);
            assert!(p.iter().all(|&p| p == -1.0));
            assert!(v.iter().zip(&g).all(|(&v, &g)| v == 2.0 + g), "{len}");
        }
    }
}
