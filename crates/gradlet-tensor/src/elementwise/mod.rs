//! Operations on each element by itself: maps, arithmetic, comparisons, functions, choices.

mod arith;
mod bits;
mod checked;
mod choose;
mod compare;
mod divide;
mod functions;
mod logical;
mod map;
mod math;
mod polar;
mod sign;
mod walk;

pub(crate) use divide::Division;
