//! The first words: whatever is understood says the same again.
#![no_main]

use evenly_core::hello::{Call, Hello, Refusal, RefusalReason, Welcome};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(hello) = Hello::decode(bytes) {
        assert_eq!(hello.encode(), bytes);
    }
    if let Ok(call) = Call::decode(bytes) {
        assert_eq!(call.encode(), bytes);
    }
    if let Ok(welcome) = Welcome::decode(bytes) {
        assert_eq!(welcome.encode(), bytes);
    }
    // One of another version is understood, too, and told in our own words.
    if let Ok(refusal) = Refusal::decode(bytes)
        && refusal.why != RefusalReason::Version
    {
        assert_eq!(refusal.encode(), bytes);
    }
});
