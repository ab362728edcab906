//! Operations on each element by itself: maps, arithmetic, comparisons, functions, choices.

mod arith;
mod choose;
mod compare;
mod functions;
mod map;
mod math;
mod polar;
mod remainder;
