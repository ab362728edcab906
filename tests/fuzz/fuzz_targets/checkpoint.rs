//! Any bytes as a checkpoint file.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| gradlet_tests::hostile::CHECKPOINT.run(bytes));
