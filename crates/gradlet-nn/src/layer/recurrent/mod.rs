//! Recurrent layers and their cells.

mod cell;
mod form;
mod layer;
#[cfg(test)]
mod tests;
mod weights;

pub use cell::{GruCell, LstmCell, RecurrentCell, RnnCell};
pub use form::{Elman, Gated, LongShortTerm, RecurrentForm};
pub use layer::{Directions, Gru, Lstm, Recurrent, Rnn};
pub use weights::RecurrentWeights;
