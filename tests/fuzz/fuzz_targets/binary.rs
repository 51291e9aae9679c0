//! Feeds bytes to `portcullis_fuzz::binary`, which says what must hold.
#![no_main]

libfuzzer_sys::fuzz_target!(init: portcullis_fuzz::only_others_may_panic(), |data: &[u8]| portcullis_fuzz::binary(data));
