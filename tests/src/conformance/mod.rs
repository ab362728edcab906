//! Runs the cases that PyTorch computed through gradlet's own methods, and compares.

mod arrange;
mod case;
mod compare;
mod elementwise;
mod linalg;
mod loss;
mod normalize;
mod pick;
mod reduce;
mod rounding;
mod second_order;
mod view;
mod window;

pub use case::{Case, Layout, Out};
pub use compare::{Bound, Outcome, agree};
pub(crate) use rounding::values_and_loss;
pub use rounding::{run_f32, run_f64};
pub use second_order::second_order;
pub(crate) use window::each;

use gradlet::Float;

/// What went wrong in a case.
pub type Failure = Box<dyn std::error::Error>;

/// What a case's operation gives here; `None` where there is no such operation.
///
/// # Errors
/// What the operation returns, or arguments that nobody reads.
pub fn call<T: Float>(case: &Case<'_, T>) -> Result<Option<Vec<Out<T>>>, Failure> {
    let families = [
        elementwise::call,
        reduce::call,
        view::call,
        arrange::call,
        pick::call,
        linalg::call,
        window::call,
        normalize::call,
        loss::call,
    ];
    for family in families {
        if let Some(outs) = family(case)? {
            case.all_read()?;
            return Ok(Some(outs));
        }
    }
    Ok(None)
}
