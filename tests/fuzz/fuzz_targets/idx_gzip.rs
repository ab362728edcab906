//! Any bytes as a packed IDX file.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| gradlet_tests::hostile::IDX_GZIP.run(bytes));
