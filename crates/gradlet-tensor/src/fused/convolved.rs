//! The sizes of a convolution, from its settings and two of its three shapes.

use crate::error::{Error, ErrorKind, Result, out_of_range};
use crate::fused::settings::{Convolution, Outputs, Rounding, Window};
use crate::kernel::conv::Convolved;
use crate::kernel::window as kernel;
use crate::shape::Shape;

impl Convolution<2> {
    /// The sizes of this convolution and the shape of its result.
    #[track_caller]
    pub(crate) fn sizes(
        &self,
        op: &'static str,
        x: Shape,
        weight: Shape,
    ) -> Result<(Convolved, Shape)> {
        expect_four_axes(op, x, weight, "a weight [out, in / groups, h, w]")?;
        let (channels, outputs, groups) = (x[1], weight[0], self.groups);
        if groups == 0 || !outputs.is_multiple_of(groups) {
            let expected = "a divisor of both numbers of channels";
            let remedy = format!("; there are {channels} in and {outputs} out");
            return Err(out_of_range(op, "groups", expected, groups, remedy));
        }
        let expected = weight[1].saturating_mul(groups);
        expect_channels(op, x, weight, expected)?;
        let windows = self.windows(op, x, [weight[2], weight[3]])?;
        let [height, width] = windows.map(|window| window.output);
        let sizes = Convolved {
            images: x[0],
            groups,
            inputs: weight[1],
            outputs: outputs / groups,
            windows,
        };
        Ok((sizes, Shape::from([sizes.images, outputs, height, width])))
    }

    #[track_caller]
    fn windows(
        &self,
        op: &'static str,
        x: Shape,
        kernel: [usize; 2],
    ) -> Result<[kernel::Window; 2]> {
        let (mut sliding, rounding) = (self.sliding, Rounding::Floor);
        let reach = |i: usize| sliding.dilation[i].saturating_mul(kernel[i].saturating_sub(1));
        let reaches = [reach(0), reach(1)];
        if self.outputs == Outputs::Same {
            if let Some(&stride) = sliding.stride.iter().find(|&&stride| stride != 1) {
                let remedy = "; as many outputs as inputs need it".to_owned();
                return Err(out_of_range(op, "stride", "1", stride, remedy));
            }
            sliding.padding = reaches.map(|reach| reach.div_ceil(2));
        }
        let window = Window {
            kernel,
            sliding,
            rounding,
        };
        let mut windows = window.over(op, &x)?;
        for (i, window) in windows.iter_mut().enumerate() {
            let outputs = match self.outputs {
                Outputs::Fit => continue,
                Outputs::Same => window.input,
                Outputs::First(outputs) => outputs[i],
            };
            if outputs == 0 || outputs > window.output {
                let expected = "at least 1 and at most as many as fit";
                let remedy = format!("; {} fit into axis {} of {x}", window.output, i + 2);
                return Err(out_of_range(op, "outputs", expected, outputs, remedy));
            }
            window.output = outputs;
            if self.outputs == Outputs::Same {
                // The odd zero is at the second end.
                window.padding = reaches[i] / 2;
            }
        }
        Ok(windows)
    }
}

/// The shape of a transposed convolution's result, and the settings of the convolution that it is the transpose of: this
/// one makes the input's sizes of the result's.
///
/// # Shape
///
/// `x: [n, o, p, q], weight: [o, c / groups, i, j] -> [n, c, h, w]`,
/// `h = (p - 1) * stride - 2 * padding + dilation * (i - 1) + output_padding + 1`
///
/// # Errors
///
/// If shapes do not fit, `groups` does not divide the number of input channels, a setting is 0 where that is meaningless,
/// the output padding is neither below the stride nor below the dilation, the number of outputs is set, or the result
/// would have no elements along an axis; the message begins with `op`.
///
/// # Example
///
/// ```
/// # use gradlet_tensor::{Convolution, Shape, fused};
/// # fn main() -> gradlet_tensor::Result<()> {
/// let (x, weight) = (Shape::from([1, 2, 4, 4]), Shape::from([2, 3, 3, 3]));
/// let options = Convolution::default().stride(2);
/// assert_eq!(fused::transposed("transpose", x, weight, options, [0, 1])?.0, [1, 3, 9, 10]);
/// # Ok(())
/// # }
/// ```
#[track_caller]
pub fn transposed(
    op: &'static str,
    x: Shape,
    weight: Shape,
    options: Convolution<2>,
    output_padding: [usize; 2],
) -> Result<(Shape, Convolution<2>)> {
    expect_four_axes(op, x, weight, "a weight [in, out / groups, h, w]")?;
    expect_channels(op, x, weight, weight[0])?;
    let groups = options.groups;
    if groups == 0 || !weight[0].is_multiple_of(groups) {
        let (expected, remedy) = ("a divisor of the number of input channels", String::new());
        return Err(out_of_range(op, "groups", expected, groups, remedy));
    }
    if options.outputs != Outputs::Fit {
        let (expected, remedy) = (
            "as many as fit",
            "; the output padding chooses the size".to_owned(),
        );
        return Err(out_of_range(op, "outputs", expected, x[2], remedy));
    }
    let mut images = x;
    images[1] = weight[1].saturating_mul(groups);
    let [stride, padding, dilation] = [
        options.sliding.stride,
        options.sliding.padding,
        options.sliding.dilation,
    ];
    for (i, &more) in output_padding.iter().enumerate() {
        let (size, kernel, axis) = (x[i + 2], weight[i + 2], i + 2);
        for (name, size) in [
            ("kernel size", kernel),
            ("stride", stride[i]),
            ("dilation", dilation[i]),
            ("input size", size),
        ] {
            if size == 0 {
                let remedy = format!("; axis {axis} of input {x}");
                return Err(out_of_range(op, name, "at least 1", 0, remedy));
            }
        }
        if more >= stride[i].max(dilation[i]) {
            let remedy = format!("; they are {} and {}", stride[i], dilation[i]);
            let expected = "smaller than the stride or the dilation";
            return Err(out_of_range(op, "output_padding", expected, more, remedy));
        }
        let product = |a: usize, b: usize| (a as i128).saturating_mul(b as i128);
        let whole = product(size - 1, stride[i]).saturating_add(product(kernel - 1, dilation[i]));
        let length = whole.saturating_add(1 + more as i128) - product(padding[i], 2);
        images[axis] = match usize::try_from(length) {
            Ok(length) if length > 0 => length,
            _ => {
                let remedy = format!("; axis {axis} of input {x} would have {length} elements");
                let expected = "such that elements remain";
                return Err(out_of_range(op, "padding", expected, padding[i], remedy));
            }
        };
    }
    let outputs = Outputs::First([x[2], x[3]]);
    Ok((images, Convolution { outputs, ..options }))
}

#[track_caller]
fn expect_four_axes(
    op: &'static str,
    x: Shape,
    weight: Shape,
    expected: &'static str,
) -> Result<()> {
    for (shape, expected) in [(x, "images [n, c, h, w]"), (weight, expected)] {
        if shape.rank() != 4 {
            return Err(Error::new(ErrorKind::Rank {
                op,
                expected,
                shape,
            }));
        }
    }
    Ok(())
}

#[track_caller]
fn expect_channels(op: &'static str, input: Shape, weight: Shape, expected: usize) -> Result<()> {
    let channels = input[1];
    if channels == expected {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Channels {
        op,
        input,
        weight,
        channels,
        expected,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Tensor, fused, tensor};

    #[test]
    fn the_odd_zero_is_at_the_second_end() -> Result<()> {
        let x = tensor![[1.0, 2.0, 3.0]].reshape([1, 1, 1, 3])?;
        let weight = tensor![10.0, 1.0].reshape([1, 1, 1, 2])?;
        let same = Convolution::default().padding_same();
        let run = |options| x.conv2d(&weight, None, options).map(|y| y.to_vec());
        assert_eq!(run(same)?, [12.0, 23.0, 30.0]);
        assert_eq!(run(same.dilation(2))?, [2.0, 13.0, 20.0]);
        assert_eq!(run(same.dilation(3))?, [3.0, 10.0, 20.0]);
        let one = tensor![4.0].reshape([1, 1, 1, 1])?;
        assert_eq!(one.conv2d(&weight, None, same)?.to_vec(), [40.0]);
        let message = run(same.stride([1, 2])).unwrap_err().to_string();
        let start = "conv2d: stride must be 1, got 2; as many outputs as inputs need it (at ";
        assert!(message.starts_with(start), "{message}");
        let none = Tensor::zeros([1, 1, 1, 0])?;
        assert!(none.conv2d(&weight, None, same).is_err());
        Ok(())
    }

    #[test]
    fn only_the_first_outputs_are_computed_where_told() -> Result<()> {
        let x = Tensor::arange(0.0, 6.0, 1.0)?.reshape([1, 1, 2, 3])?;
        let weight = Tensor::ones([1, 1, 1, 1])?;
        let with = |outputs| Convolution {
            outputs,
            ..Convolution::default()
        };
        let first = with(Outputs::First([2, 2]));
        let y = x.conv2d(&weight, None, first)?;
        assert_eq!(y, tensor![[[[0.0, 1.0], [3.0, 4.0]]]]);
        let dx = fused::conv_transpose2d(&y, &weight, Some(&tensor![0.5]), *x.shape(), first)?;
        assert_eq!(dx.to_vec(), [0.5, 1.5, 0.5, 3.5, 4.5, 0.5]);
        let dweight = fused::conv2d_weight_gradient(&x, &y, *weight.shape(), first)?;
        assert_eq!(dweight.item()?, 26.0);
        for outputs in [[0, 1], [3, 1], [1, 4]] {
            assert!(
                x.conv2d(&weight, None, with(Outputs::First(outputs)))
                    .is_err()
            );
        }
        Ok(())
    }

    #[test]
    fn a_transposed_result_that_cannot_be_is_named() -> Result<()> {
        let (x, weight) = (Shape::from([1, 2, 4, 4]), Shape::from([2, 3, 3, 3]));
        let plain = Convolution::default().stride(2);
        let run = |x, options, more| transposed("op", x, weight, options, more);
        assert_eq!(run(x, plain.dilation([4, 1]), [3, 1])?.0, [1, 3, 18, 10]);
        let starts = |result: Result<_>, start: &str| {
            let message = result.unwrap_err().to_string();
            assert!(message.starts_with(start), "{message}");
        };
        starts(
            run(x, plain, [2, 0]),
            "op: output_padding must be smaller than the stride or the dilation, got 2; they are 2 and 1 (at ",
        );
        starts(
            run(x, plain.padding([0, 5]), [0, 0]),
            "op: padding must be such that elements remain, got 5; axis 3 of input [1, 2, 4, 4] would have -1 elements",
        );
        starts(
            run(Shape::from([1, 3, 4, 4]), plain, [0, 0]),
            "op: input [1, 3, 4, 4] has 3 channels, weight [2, 3, 3, 3] takes 2",
        );
        starts(
            run(x, plain.groups(3), [0, 0]),
            "op: groups must be a divisor of the number of input channels, got 3",
        );
        starts(
            run(Shape::from([1, 2, 0, 4]), plain, [0, 0]),
            "op: input size must be at least 1, got 0; axis 2 of input [1, 2, 0, 4]",
        );
        for (x, options) in [
            (x, plain.stride(0)),
            (x, plain.dilation(0)),
            (x, plain.groups(0)),
            (x, plain.stride(usize::MAX).dilation(usize::MAX)),
            (x, plain.padding(usize::MAX)),
            (x, Convolution::default().padding_same()),
            (Shape::from([2, 4, 4]), plain),
        ] {
            assert!(run(x, options, [0, 0]).is_err());
        }
        Ok(())
    }
}
