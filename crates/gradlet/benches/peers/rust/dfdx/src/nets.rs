//! The nets of the workloads, in dfdx's words.

use dfdx::prelude::{Dropout, Linear, ReLU};

pub type Classifier<const I: usize, const H: usize, const O: usize> =
    (Linear<I, H>, ReLU, Dropout, Linear<H, O>);

pub type Wide = (
    Dropout,
    (Linear<784, 1024>, ReLU, Dropout),
    (Linear<1024, 1024>, ReLU, Dropout),
    Linear<1024, 10>,
);

pub type TwoLayer = (
    (Linear<256, 512>, ReLU, Dropout),
    (Linear<512, 256>, ReLU, Dropout),
);
