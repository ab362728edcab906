//! Initial weights, as in PyTorch's `nn.init`. Each function returns a tensor, whose numbers come from the caller's
//! generator in row-major order: the same on any number of threads.
//!
//! Weights have PyTorch's layout: `[out, in]`, or `[out, in, ..]` with the sizes of the receptive field at the end.
//!
//! | PyTorch | here |
//! |---|---|
//! | `xavier_uniform_`, `xavier_normal_` | [`xavier_uniform`], [`xavier_normal`] |
//! | `kaiming_uniform_`, `kaiming_normal_` | [`kaiming_uniform`], [`kaiming_normal`], with a [`Fan`] and a gain |
//! | `calculate_gain` | [`Nonlinearity::gain`] |
//! | a new layer's weight and bias | [`fan_in_uniform`] |
//! | `trunc_normal_`, `orthogonal_`, `dirac_` | [`truncated_normal`], [`orthogonal`], [`dirac`] |
//! | `uniform_`, `normal_` | [`uniform`], [`normal`] |
//! | `constant_`, `zeros_`, `ones_`, `eye_` | [`constant`], [`zeros`], [`ones`], [`eye`] |
//!
//! # Example
//!
//! New weights for a whole model, by the paths of its parameters:
//!
//! ```
//! use gradlet_nn::{Linear, Module, Relu, init, sequential};
//! use gradlet_tensor::rng;
//!
//! let mut rng = rng(7);
//! let mut model = sequential![Linear::new(64, 32, &mut rng)?, Relu::new(), Linear::new(32, 10, &mut rng)?];
//! model.visit_parameters_mut(&mut |path, parameter| {
//!     let Some(parameter) = parameter.downcast_mut::<f32>() else { return Ok(()) };
//!     let shape = *parameter.shape();
//!     *parameter.tensor_mut() = match path.to_string().as_str() {
//!         bias if bias.ends_with("bias") => init::zeros(shape)?,
//!         "2.weight" => init::orthogonal(shape, 1.0, &mut rng)?,
//!         _ => init::kaiming_normal(shape, init::Fan::In, init::Nonlinearity::Relu.gain(), &mut rng)?,
//!     };
//!     Ok(())
//! })?;
//! # Ok::<(), gradlet_tensor::Error>(())
//! ```

mod plain;
mod scaled;
mod structured;
mod truncated;

pub use plain::{constant, eye, normal, ones, uniform, zeros};
pub use scaled::{
    Fan, Nonlinearity, fan_in_uniform, kaiming_normal, kaiming_uniform, xavier_normal,
    xavier_uniform,
};
pub use structured::{dirac, orthogonal};
pub use truncated::truncated_normal;
