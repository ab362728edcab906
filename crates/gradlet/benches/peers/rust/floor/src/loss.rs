//! Cross-entropy with its gradient.

/// e^x to (2 + |x|) 1e-7 of its value, for x <= 0; without branches, so that loops over it vectorize.
///
/// e^x = 2^t = 2^n 2^(t - n) with n the integer next to t, and the second factor from the power series of e^f.
#[inline(always)]
fn exp(x: f32) -> f32 {
    let t = (x * std::f32::consts::LOG2_E).max(-126.0);
    let n = t.round_ties_even();
    let f = (t - n) * std::f32::consts::LN_2;
    let series: [f32; 7] = [
        1.0 / 720.0,
        1.0 / 120.0,
        1.0 / 24.0,
        1.0 / 6.0,
        0.5,
        1.0,
        1.0,
    ];
    let power = series.into_iter().reduce(|sum, c| sum.mul_add(f, c));
    let two_to_n = f32::from_bits(((n as i32 + 127) as u32) << 23);
    power.unwrap_or(1.0) * two_to_n
}

/// The mean over the batch, whose gradient takes the place of the logits.
#[inline(always)]
pub fn cross_entropy<const O: usize>(logits: &mut [f32], labels: &[u32], batch: usize) -> f32 {
    let (rows, _) = logits.as_chunks_mut::<O>();
    let mut loss = 0.0;
    for (row, &label) in rows.iter_mut().zip(labels) {
        let most = row.iter().fold(f32::NEG_INFINITY, |a, &b| a.max(b));
        row.iter_mut().for_each(|z| *z -= most);
        loss -= row[label as usize];
    }
    logits.iter_mut().for_each(|z| *z = exp(*z));
    let (rows, _) = logits.as_chunks_mut::<O>();
    let share = 1.0 / batch as f32;
    for (row, &label) in rows.iter_mut().zip(labels) {
        let sum: f32 = row.iter().sum();
        loss += sum.ln();
        row.iter_mut().for_each(|p| *p *= share / sum);
        row[label as usize] -= share;
    }
    loss * share
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exp_is_right() {
        for i in 0..2000 {
            let x = -0.04 * i as f32;
            let want = f64::from(x).exp();
            let limit = (2.0 + f64::from(x.abs())) * 1e-7 * want;
            assert!((f64::from(exp(x)) - want).abs() <= limit, "{x}");
        }
    }
}
