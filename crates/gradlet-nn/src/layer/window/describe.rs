//! The settings of kernels and windows, as layers print them.

use std::fmt::Write;

use gradlet_tensor::{Convolution, Sliding, Window};

/// The sizes for each axis: `3x5`.
fn sizes(sizes: &[usize]) -> String {
    let sizes: Vec<_> = sizes.iter().map(ToString::to_string).collect();
    sizes.join("x")
}

/// The channels and the kernel of a weight `[out, in / groups, ...]`, and the settings that are not the default:
/// `4 -> 8, 3x3, stride 2, padding 0x1, 2 groups`.
pub(crate) fn convolution<const N: usize>(weight: &[usize], options: Convolution<N>) -> String {
    let (is, plain) = (options.sliding, Sliding::default());
    let (inputs, outputs) = (weight[1] * options.groups, weight[0]);
    let mut text = format!("{inputs} -> {outputs}, {}", sizes(&weight[2..]));
    for (name, is, plain) in [
        ("stride", is.stride, plain.stride),
        ("padding", is.padding, plain.padding),
        ("dilation", is.dilation, plain.dilation),
    ] {
        // One size where all are the same.
        let shown = if is == [is[0]; N] { &is[..1] } else { &is };
        if is != plain {
            let _ = write!(text, ", {name} {}", sizes(shown));
        }
    }
    if options.groups != 1 {
        let _ = write!(text, ", {} groups", options.groups);
    }
    text
}

/// The size and the stride of windows: `3x3, stride 2x2`.
pub(crate) fn window<const N: usize>(window: Window<N>) -> String {
    let [kernel, stride] = [window.kernel, window.sliding.stride].map(|of| sizes(&of));
    format!("{kernel}, stride {stride}")
}
