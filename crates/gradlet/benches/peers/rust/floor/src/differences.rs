//! Gradients beside differences of the loss.

/// Far enough apart that the loss, near 2 and good to 2e-7, gives a gradient good to 1e-4.
const STEP: f32 = 4e-3;
const TOLERANCE: f32 = 3e-4;

#[derive(Default)]
pub struct Differences {
    compared: usize,
    left_out: usize,
    largest: f32,
}

impl Differences {
    /// Panics if the gradient is not the slope of the loss, which is a function of the number added to a parameter.
    /// Leaves it out if the slopes to both sides differ, for then a unit turns on or off between them.
    pub fn compare(&mut self, gradient: f32, loss: impl Fn(f32) -> f32) {
        let here = loss(0.0);
        let (up, down) = ((loss(STEP) - here) / STEP, (here - loss(-STEP)) / STEP);
        self.compared += 1;
        if (up - down).abs() > TOLERANCE {
            self.left_out += 1;
            return;
        }
        let slope = (up + down) / 2.0;
        self.largest = self.largest.max(slope.abs());
        let number = self.compared;
        assert!(
            (gradient - slope).abs() < TOLERANCE,
            "parameter {number}: {gradient}, not {slope}"
        );
    }

    /// Panics if too many were left out, or if all gradients are so small that nothing would have been found.
    pub fn are_enough(&self) {
        let Self {
            compared,
            left_out,
            largest,
        } = *self;
        assert!(left_out < compared / 5, "{left_out} of {compared}");
        assert!(largest > 20.0 * TOLERANCE, "{largest}");
    }
}
