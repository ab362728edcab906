//! Convolution, pooling, resizing.

use gradlet::{Conv2d, Float};

use super::run::{Made, forward};
use crate::conformance::{Case, each};

pub(super) fn make<T: Float>(settings: &Case<'_, T>) -> Made<T> {
    Ok(Some(match settings.op() {
        "Conv2d" if settings.text(4, "padding", "").is_empty() => {
            let [inputs, outputs, groups] =
                [(0, "in_channels"), (1, "out_channels"), (6, "groups")]
                    .map(|(place, name)| settings.int(place, name, 1) as usize);
            let kernel = each(settings.list(2, "kernel_size"), [1; 2]);
            let layer = Conv2d::new_of(inputs, outputs, kernel, groups, &mut gradlet::rng(1))?
                .stride(each(settings.list(3, "stride"), [1; 2]))
                .padding(each(settings.list(4, "padding"), [0; 2]))
                .dilation(each(settings.list(5, "dilation"), [1; 2]));
            forward(if settings.flag(7, "bias", true) {
                layer
            } else {
                layer.without_bias()
            })
        }
        _ => return Ok(None),
    }))
}
