//! Memory stays flat over a long training run. Alone in its file, so that no other test's memory counts.
#![cfg(target_os = "linux")]

use gradlet::prelude::*;
use gradlet_tests::nets::Tiny;

/// Resident pages of this process.
fn resident_pages() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    statm.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[test]
fn ten_thousand_steps_need_no_more_memory_than_a_hundred() -> Result<()> {
    let mut tiny = Tiny::new()?;
    tiny.steps(100)?;
    let before = resident_pages();
    tiny.steps(10_000)?;
    // A leak of one 64-byte block a step would be 156 pages.
    let after = resident_pages();
    assert!(after < before + 128, "{before} pages, then {after}");
    Ok(())
}
