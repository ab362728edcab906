//! Any bytes as a table.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| gradlet_tests::hostile::CSV.run(bytes));
