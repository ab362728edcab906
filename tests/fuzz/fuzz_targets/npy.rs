//! Any bytes as an npy file.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| gradlet_tests::hostile::NPY.run(bytes));
