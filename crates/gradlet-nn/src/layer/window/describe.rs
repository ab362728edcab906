//! The settings of kernels and windows, as layers print them.

use std::fmt::Write;

use gradlet_tensor::{Convolution, Outputs, Sliding, Window};

/// The name of a layer over N axes, of those for one axis and for two.
pub(super) const fn kind(axes: usize, names: [&'static str; 2]) -> &'static str {
    names[axes - 1]
}

/// The sizes for each axis: `3x5`.
pub(super) fn sizes(sizes: &[usize]) -> String {
    let sizes: Vec<_> = sizes.iter().map(ToString::to_string).collect();
    sizes.join("x")
}

/// The sizes for each axis, or one of them where all are the same.
pub(super) fn setting(each: &[usize]) -> String {
    let same = each.windows(2).all(|pair| pair[0] == pair[1]);
    sizes(if same { &each[..1] } else { each })
}

/// The numbers of channels and the kernel's size, and the settings that are not the default:
/// `4 -> 8, 3x3, stride 2, padding 0x1, 2 groups`.
pub(super) fn convolution<const N: usize>(
    [inputs, outputs]: [usize; 2],
    kernel: &[usize],
    options: Convolution<N>,
) -> String {
    let (is, plain) = (options.sliding, Sliding::default());
    let mut text = format!("{inputs} -> {outputs}, {}", sizes(kernel));
    for (name, is, plain) in [
        ("stride", is.stride, plain.stride),
        ("padding", is.padding, plain.padding),
        ("dilation", is.dilation, plain.dilation),
    ] {
        if name == "padding" && options.outputs == Outputs::Same {
            text += ", padding same";
        } else if is != plain {
            let _ = write!(text, ", {name} {}", setting(&is));
        }
    }
    if options.groups != 1 {
        let _ = write!(text, ", {} groups", options.groups);
    }
    text
}

/// The size and the stride of windows: `3x3, stride 2x2`.
pub(super) fn window<const N: usize>(window: Window<N>) -> String {
    let [kernel, stride] = [window.kernel, window.sliding.stride].map(|of| sizes(&of));
    format!("{kernel}, stride {stride}")
}
