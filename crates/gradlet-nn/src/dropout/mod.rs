//! Dropout in all its forms, one in each file; its layers and functions, its random streams, and Monte Carlo sampling.

mod alpha;
mod drop_connect;
mod elements;
mod form;
pub mod functional;
mod gaussian;
mod layer;
mod monte_carlo;
mod saved;
mod schedule;
mod source;
mod stream;

pub use gradlet_autograd::{dropout_owned, dropout_with};
pub use gradlet_tensor::{DrawKey, Mask};

pub use alpha::{Alpha, AlphaChannels, alpha_dropout_with};
pub use drop_connect::DropConnect;
pub use elements::{Channels, Elements, Scaling};
pub use form::Form;
pub(crate) use form::apply;
pub use gaussian::Gaussian;
pub use layer::{
    AlphaDropout, Dropout, Dropout1d, Dropout2d, Dropout3d, FeatureAlphaDropout, GaussianDropout,
    Noise,
};
pub use monte_carlo::{Moments, monte_carlo};
pub use saved::{load_state, state};
pub use schedule::Schedule;
pub(crate) use source::check;
pub use source::{Source, twin};
pub use stream::Stream;
