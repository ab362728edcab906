//! Copies of as many bytes as a workload has to read and write: ew_fb_1m, bcast_fb, softmax_fb.

use crate::team::Team;

/// The elements that are copied: three arrays and their gradients, one and its gradient, logits and their gradient.
/// Anything else that the workload reads or writes is a thousandth of it.
pub const SIZES: [(&str, usize); 3] = [
    ("ew_fb_1m", 3 << 20),
    ("bcast_fb", 1 << 20),
    ("softmax_fb", 4096 * 1000),
];

pub struct Copy {
    team: Team,
    from: Vec<f32>,
    to: Vec<f32>,
}

impl Copy {
    pub fn new(n: usize, threads: usize) -> Self {
        Self {
            team: Team::new(threads),
            from: crate::inputs(n),
            to: vec![0.0; n],
        }
    }

    pub fn run(&mut self) -> &[f32] {
        let (from, parts) = (&self.from, self.team.parts());
        self.team.share_rows(&mut self.to, 1, |part, to| {
            let start = crate::team::piece(part, parts, from.len()).start;
            to.copy_from_slice(&from[start..start + to.len()]);
        });
        &self.to
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_copied() {
        for threads in [1, 2] {
            let mut copy = Copy::new(1001, threads);
            assert_eq!(copy.run(), crate::inputs(1001));
        }
    }
}
