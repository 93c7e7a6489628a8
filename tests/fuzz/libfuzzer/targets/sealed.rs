//! Bytes for `targets::sealed`, guided by the code that they reach.

#![no_main]

#[path = "../../targets.rs"]
#[allow(dead_code, reason = "each binary tries one of the targets")]
mod targets;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    targets::sealed(bytes);
});
