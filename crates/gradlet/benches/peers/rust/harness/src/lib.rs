//! What the peers' programs share: arguments, timing, JSON lines, input data.

mod args;
mod bench;
mod data;

pub use args::Args;
pub use bench::Bench;
pub use data::{classes, uniform};

#[cfg(feature = "count-allocs")]
#[global_allocator]
static ALLOCATOR: &stats_alloc::StatsAlloc<std::alloc::System> = &stats_alloc::INSTRUMENTED_SYSTEM;
