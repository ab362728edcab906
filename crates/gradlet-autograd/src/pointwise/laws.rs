//! What holds of every pointwise operation.
