//! Tensors as pictures.

use gradlet_tensor::{Element, Tensor};

use super::message::Message;
use super::png;
use crate::reason::Reasoned;

/// More than a message can hold.
const MOST_BYTES: u128 = 1 << 31;

/// TensorBoard's `Image`.
pub(super) fn picture<T: Element>(x: &Tensor<T>) -> Reasoned<Message> {
    let (channels, height, width) = match x.shape()[..] {
        [height, width] => (1, height, width),
        [channels @ (1 | 3), height, width] => (channels, height, width),
        _ => {
            let shape = x.shape();
            return Err(format!(
                "expected [height, width], [1, height, width] or [3, height, width], got shape {shape}"
            ));
        }
    };
    // A view may have more elements than there is memory.
    let sizes = [channels, height, width].map(|size| size as u128);
    let bytes = sizes.iter().product::<u128>() + sizes[1];
    if x.is_empty() || bytes >= MOST_BYTES {
        let shape = x.shape();
        return Err(format!(
            "a picture of shape {shape} is empty or takes 2 GiB or more"
        ));
    }
    let plane = height * width;
    let mut pixels = vec![0; channels * plane];
    for (i, x) in x.iter().enumerate() {
        // From one channel after the other to one pixel after the other.
        pixels[i % plane * channels + i / plane] = level(x)?;
    }
    let (width, height) = (width as u32, height as u32);
    let encoded = png::encode(width, height, channels, &pixels);
    let encoded = encoded.map_err(|error| format!("cannot be compressed: {error}"))?;
    let message = Message::default().integer(1, height.into());
    let message = message.integer(2, width.into());
    Ok(message.integer(3, channels as u64).bytes(4, encoded))
}

/// The brightness of a number.
fn level<T: Element>(x: T) -> Reasoned<u8> {
    let value = x.to_f64();
    match T::NAME {
        "u8" => Ok(value as u8),
        "f32" | "f64" if (0.0..=1.0).contains(&value) => Ok((255.0 * value).round() as u8),
        "f32" | "f64" => Err(format!(
            "the number {value} is not in [0, 1]; scale the picture, or use clamp(0.0, 1.0)"
        )),
        element => Err(format!(
            "expected numbers of type u8, f32 or f64, got {element}; convert them by cast()"
        )),
    }
}
