//! Convolution and pooling.

use gradlet::window::{Align, Convolution, Divisor, Rounding, Window};
use gradlet::{Float, Var};

use super::Failure;
use super::case::{Case, Out};

pub(super) fn call<T: Float>(case: &Case<'_, T>) -> Result<Option<Vec<Out<T>>>, Failure> {
    let y = match case.op() {
        "max_pool2d" => return max_pool2d(case).map(Some),
        "conv1d" => convolution(case, Var::conv1d)?,
        "conv2d" => convolution(case, Var::conv2d)?,
        "avg_pool2d" => avg_pool2d(case)?,
        "unfold" => case.var(0, "input")?.unfold(columns(case, 1))?,
        "fold" => {
            let sizes = each(case.list(1, "output_size"), [1; 2]);
            case.var(0, "input")?.fold(sizes, columns(case, 2))?
        }
        "interpolate_bilinear" | "interpolate_nearest" => interpolate(case)?,
        "adaptive_avg_pool2d" => {
            let sizes = case.value(1, "output_size").cloned().unwrap_or_default();
            let x = case.var(0, "input")?;
            let size = |i: usize| {
                let size = if sizes.is_array() { &sizes[i] } else { &sizes };
                // None keeps an axis as it is.
                let kept = || x.shape()[x.rank() - 2 + i];
                size.as_u64().map_or_else(kept, |size| size as usize)
            };
            x.adaptive_avg_pool2d([size(0), size(1)])?
        }
        _ => return Ok(None),
    };
    Ok(Some(vec![Out::Var(y)]))
}

/// One number for all axes, or one for each.
pub(crate) fn each<const N: usize>(list: Option<Vec<isize>>, default: [usize; N]) -> [usize; N] {
    match list.as_deref() {
        Some(&[all]) => [all as usize; N],
        Some(list) if list.len() == N => std::array::from_fn(|axis| list[axis] as usize),
        _ => default,
    }
}

type Convolve<T, const N: usize> =
    fn(&Var<T>, &Var<T>, Option<&Var<T>>, Convolution<N>) -> gradlet::Result<Var<T>>;

fn convolution<T: Float, const N: usize>(
    case: &Case<'_, T>,
    convolve: Convolve<T, N>,
) -> Result<Var<T>, Failure> {
    let (mut x, weight) = (case.var(0, "input")?, case.var(1, "weight")?);
    let bias = case.maybe_var(2, "bias")?;
    let dilation = each(case.list(5, "dilation"), [1; N]);
    let mut options = Convolution::default()
        .stride(each(case.list(3, "stride"), [1; N]))
        .dilation(dilation)
        .groups(case.int(6, "groups", 1) as usize);
    match case.text(4, "padding", "") {
        "same" => {
            // What the kernel spans less one, half of it before and the rest after.
            let mut pairs = Vec::new();
            for axis in (0..N).rev() {
                let span = dilation[axis] * (weight.shape()[axis + 2] - 1);
                pairs.push(((span / 2) as isize, (span - span / 2) as isize));
            }
            x = x.pad(&pairs, T::of(0.0))?;
        }
        _ => options = options.padding(each(case.list(4, "padding"), [0; N])),
    }
    Ok(convolve(&x, &weight, bias.as_ref(), options)?)
}

/// The windows of `fold` and `unfold`, whose settings begin at a place.
fn columns<T: Float>(case: &Case<'_, T>, at: usize) -> Window<2> {
    Window::new(each(case.list(at, "kernel_size"), [1; 2]))
        .dilation(each(case.list(at + 1, "dilation"), [1; 2]))
        .padding(each(case.list(at + 2, "padding"), [0; 2]))
        .stride(each(case.list(at + 3, "stride"), [1; 2]))
}

fn interpolate<T: Float>(case: &Case<'_, T>) -> Result<Var<T>, Failure> {
    let x = case.var(0, "input")?;
    let planes = &x.shape()[2..];
    let factor = case.float(2, "scale_factor", 1.0);
    let sizes: Vec<usize> = match case.list(1, "size") {
        Some(sizes) => sizes.iter().map(|&size| size as usize).collect(),
        None => planes
            .iter()
            .map(|&size| (size as f64 * factor) as usize)
            .collect(),
    };
    let _ratio_of_sizes = case.flag(5, "recompute_scale_factor", true);
    let mode = case.text(3, "mode", "nearest");
    let align = if case.flag(4, "align_corners", false) {
        Align::Corners
    } else {
        Align::Edges
    };
    Ok(match (mode, &sizes[..]) {
        ("nearest", sizes) => x.interpolate_nearest(sizes)?,
        ("bilinear", &[p, q]) => x.interpolate_bilinear([p, q], align)?,
        _ => return Err(format!("no mode {mode} of {} axes", sizes.len()).into()),
    })
}

fn rounding<T: Float>(case: &Case<'_, T>, place: usize) -> Rounding {
    if case.flag(place, "ceil_mode", false) {
        Rounding::Ceil
    } else {
        Rounding::Floor
    }
}

fn max_pool2d<T: Float>(case: &Case<'_, T>) -> Result<Vec<Out<T>>, Failure> {
    let kernel = each(case.list(1, "kernel_size"), [1; 2]);
    let window = Window::new(kernel)
        .stride(each(case.list(2, "stride"), kernel))
        .padding(each(case.list(3, "padding"), [0; 2]))
        .dilation(each(case.list(4, "dilation"), [1; 2]))
        .rounding(rounding(case, 5));
    let x = case.var(0, "input")?;
    if case.flag(6, "return_indices", false) {
        let (y, places) = x.max_pool2d_with_indices(window)?;
        return Ok(vec![Out::Var(y), Out::Ints(places)]);
    }
    Ok(vec![Out::Var(x.max_pool2d(window)?)])
}

fn avg_pool2d<T: Float>(case: &Case<'_, T>) -> Result<Var<T>, Failure> {
    let kernel = each(case.list(1, "kernel_size"), [1; 2]);
    let divisor = match case.maybe_int(6, "divisor_override") {
        Some(number) => Divisor::Fixed(number),
        None if case.flag(5, "count_include_pad", true) => Divisor::WithPadding,
        None => Divisor::WithoutPadding,
    };
    let _overridden = case.flag(5, "count_include_pad", true);
    let window = Window::new(kernel)
        .stride(each(case.list(2, "stride"), kernel))
        .padding(each(case.list(3, "padding"), [0; 2]))
        .rounding(rounding(case, 4));
    Ok(case.var(0, "input")?.avg_pool2d(window, divisor)?)
}
