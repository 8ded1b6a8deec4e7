//! Datagrams: whatever is valid is written the same again.
#![no_main]

use evenly_core::datagram::Datagram;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Some(datagram) = Datagram::parse(bytes) {
        let mut again = Vec::new();
        datagram.write(&mut again);
        assert_eq!(again, bytes);
    }
});
