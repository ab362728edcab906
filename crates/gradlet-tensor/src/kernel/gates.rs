//! One step of recurrent cells over rows of a batch, and its gradient: what follows the products with the state.
//!
//! `n` is the size of the state; rows are contiguous. A gradient gets the gradient `g` of a step's state, adds to it what
//! later steps `carry` to it, and leaves in `carry` what goes to the state before, without the products with the weight.

use crate::element::Float;

vectorized! {
    /// The logistic function of each number, in place.
    fn sigmoid<T: Float>(x: &mut [T]) {
        for x in x {
            *x = x.sigmoid_();
        }
    }

    /// The hyperbolic tangent of each number, in place.
    fn tanh<T: Float>(x: &mut [T]) {
        for x in x {
            *x = x.tanh_();
        }
    }

    /// `h = tanh(a)`
    pub(crate) fn tanh_to<T: Float>(a: &[T], h: &mut [T]) {
        for (h, &a) in h.iter_mut().zip(a) {
            *h = a.tanh_();
        }
    }

    /// `h = max(a, 0)`; NaN stays NaN
    pub(crate) fn relu<T: Float>(a: &[T], h: &mut [T]) {
        let zero = T::of(0.0);
        for (h, &a) in h.iter_mut().zip(a) {
            *h = if a <= zero { zero } else { a };
        }
    }

    /// `da = (g + carry) (1 - h^2)`
    pub(crate) fn tanh_gradient<T: Float>(h: &[T], g: &[T], carry: &mut [T], da: &mut [T]) {
        for (((da, carry), &g), &h) in da.iter_mut().zip(carry).zip(g).zip(h) {
            *da = (g + *carry) * (T::of(1.0) - h * h);
            *carry = T::of(0.0);
        }
    }

    /// `da = g + carry` where `h > 0`, else 0
    pub(crate) fn relu_gradient<T: Float>(h: &[T], g: &[T], carry: &mut [T], da: &mut [T]) {
        let zero = T::of(0.0);
        for (((da, carry), &g), &h) in da.iter_mut().zip(carry).zip(g).zip(h) {
            let dh = g + *carry;
            *da = if h <= zero { zero } else { dh };
            *carry = zero;
        }
    }

    /// `c = f c' + i a, h = o tanh(c)`, for a row of each
    fn lstm_state<T: Float>(gates: &[T], before: &[T], c: &mut [T], h: &mut [T]) {
        let n = h.len();
        let [i, f, a, o] = [0, 1, 2, 3].map(|gate| &gates[gate * n..][..n]);
        let (before, c) = (&before[..n], &mut c[..n]);
        for j in 0..n {
            c[j] = f[j] * before[j] + i[j] * a[j];
            h[j] = o[j] * c[j].tanh_();
        }
    }

    /// With `dh = g + carry` and `dc = dc + carry_c + dh o (1 - tanh(c)^2)`: the gradients of the sums that i, f, a and o
    /// are functions of, and what goes to the cell before; for a row of each.
    fn lstm_row<T: Float>(saved: [&[T]; 5], carry: &mut [T], carry_c: &mut [T], dgates: &mut [T]) {
        let (n, one) = (carry.len(), T::of(1.0));
        let [i, f, a, o] = [0, 1, 2, 3].map(|gate| &saved[0][gate * n..][..n]);
        let [c, before, g, gc] = [1, 2, 3, 4].map(|place| &saved[place][..n]);
        let carry_c = &mut carry_c[..n];
        let (dif, dao) = dgates[..4 * n].split_at_mut(2 * n);
        let ((di, df), (da, d_o)) = (dif.split_at_mut(n), dao.split_at_mut(n));
        for j in 0..n {
            let (t, dh) = (c[j].tanh_(), g[j] + carry[j]);
            let dc = gc[j] + carry_c[j] + dh * o[j] * (one - t * t);
            d_o[j] = dh * t * o[j] * (one - o[j]);
            di[j] = dc * a[j] * i[j] * (one - i[j]);
            df[j] = dc * before[j] * f[j] * (one - f[j]);
            da[j] = dc * i[j] * (one - a[j] * a[j]);
            carry_c[j] = dc * f[j];
            carry[j] = T::of(0.0);
        }
    }

    /// `a = tanh(a + r q), h = (1 - z) a + z h'`, for a row of each
    fn gru_state<T: Float>(saved: [&[T]; 4], a: &mut [T], h: &mut [T]) {
        let (n, one) = (h.len(), T::of(1.0));
        let [r, z, q, before] = saved.map(|x| &x[..n]);
        let a = &mut a[..n];
        for j in 0..n {
            a[j] = (a[j] + r[j] * q[j]).tanh_();
            h[j] = (one - z[j]) * a[j] + z[j] * before[j];
        }
    }

    /// With `dh = g + carry`: the gradients of the sums that r, z and a are functions of, and of q; for a row of each.
    fn gru_row<T: Float>(saved: [&[T]; 4], carry: &mut [T], dinput: &mut [T], dq: &mut [T]) {
        let (n, one) = (carry.len(), T::of(1.0));
        let [r, z, a] = [0, 1, 2].map(|gate| &saved[0][gate * n..][..n]);
        let [q, before, g] = [1, 2, 3].map(|place| &saved[place][..n]);
        let dq = &mut dq[..n];
        let (dr, rest) = dinput[..3 * n].split_at_mut(n);
        let (dz, da) = rest.split_at_mut(n);
        for j in 0..n {
            let dh = g[j] + carry[j];
            let sum = dh * (one - z[j]) * (one - a[j] * a[j]);
            da[j] = sum;
            dq[j] = sum * r[j];
            dr[j] = sum * q[j] * r[j] * (one - r[j]);
            dz[j] = dh * (before[j] - a[j]) * z[j] * (one - z[j]);
            carry[j] = dh * z[j];
        }
    }

    /// `x = sigmoid(x + y)`
    fn sigmoid_of_sum<T: Float>(x: &mut [T], y: &[T]) {
        for (x, &y) in x.iter_mut().zip(y) {
            *x = (*x + y).sigmoid_();
        }
    }
}

/// The four gates `i, f, a, o` of each row, in place, from sums to values; `c = f c' + i a, h = o tanh(c)`.
pub(crate) fn lstm<T: Float>(gates: &mut [T], before: &[T], c: &mut [T], h: &mut [T], n: usize) {
    let rows = gates.chunks_exact_mut(4 * n).zip(before.chunks_exact(n));
    let states = c.chunks_exact_mut(n).zip(h.chunks_exact_mut(n));
    for ((gates, before), (c, h)) in rows.zip(states) {
        sigmoid(&mut gates[..2 * n]);
        tanh(&mut gates[2 * n..3 * n]);
        sigmoid(&mut gates[3 * n..]);
        lstm_state(gates, before, c, h);
    }
}

/// The gradients of the sums behind the gates; see `lstm_row`.
pub(crate) fn lstm_gradient<T: Float>(
    [gates, c, before, g, gc]: [&[T]; 5],
    [carry, carry_c]: [&mut [T]; 2],
    dgates: &mut [T],
    n: usize,
) {
    for (row, dgates) in dgates.chunks_exact_mut(4 * n).enumerate() {
        let at = row * n..(row + 1) * n;
        let gates = &gates[row * 4 * n..][..4 * n];
        let [c, before, g, gc] = [c, before, g, gc].map(|x| &x[at.clone()]);
        let (carry, carry_c) = (&mut carry[at.clone()], &mut carry_c[at]);
        lstm_row([gates, c, before, g, gc], carry, carry_c, dgates);
    }
}

/// The three gates `r, z, a` of each row, in place, from the sums of the inputs to values, given the sums of the state,
/// of which the third is kept in `q`; `a = tanh(a + r q), h = (1 - z) a + z h'`.
pub(crate) fn gru<T: Float>(
    gates: &mut [T],
    [sums, before]: [&[T]; 2],
    q: &mut [T],
    h: &mut [T],
    n: usize,
) {
    let rows = gates.chunks_exact_mut(3 * n).zip(sums.chunks_exact(3 * n));
    let states = q.chunks_exact_mut(n).zip(h.chunks_exact_mut(n));
    for (((gates, sums), before), (q, h)) in rows.zip(before.chunks_exact(n)).zip(states) {
        let (rz, a) = gates.split_at_mut(2 * n);
        sigmoid_of_sum(rz, &sums[..2 * n]);
        q.copy_from_slice(&sums[2 * n..]);
        let (r, z) = rz.split_at(n);
        gru_state([r, z, q, before], a, h);
    }
}

/// The gradients of the sums of the inputs and of the state; see `gru_row`.
pub(crate) fn gru_gradient<T: Float>(
    [gates, q, before, g]: [&[T]; 4],
    carry: &mut [T],
    [dinputs, dsums]: [&mut [T]; 2],
    n: usize,
) {
    let rows = dinputs
        .chunks_exact_mut(3 * n)
        .zip(dsums.chunks_exact_mut(3 * n));
    for (row, (dinput, dsum)) in rows.enumerate() {
        let at = row * n..(row + 1) * n;
        let gates = &gates[row * 3 * n..][..3 * n];
        let [q, before, g] = [q, before, g].map(|x| &x[at.clone()]);
        let (drz, dq) = dsum.split_at_mut(2 * n);
        gru_row([gates, q, before, g], &mut carry[at], dinput, dq);
        drz.copy_from_slice(&dinput[..2 * n]);
    }
}
