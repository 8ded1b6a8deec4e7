//! Items as typed: any text is refused with one line, or it is a set whose text is read back as the same set.
#![no_main]

use evenly_core::Items;
use libfuzzer_sys::fuzz_target;

// The command line is no library. Its modules are compiled here a second time.
#[path = "../../crates/cli/src/constant.rs"]
mod constant;
#[path = "../../crates/cli/src/items.rs"]
#[expect(dead_code, reason = "only the parser is fuzzed")]
mod items;
#[path = "../../crates/cli/src/number.rs"]
#[expect(dead_code, reason = "options have numbers of their own")]
mod number;
#[path = "../../crates/cli/src/range.rs"]
mod range;

/// Most pieces of a set that is written out and read back. Larger sets take too long.
const PIECES: usize = 10_000;

fuzz_target!(|text: &str| {
    let items = match items::parse_items(text) {
        Ok(items) => items,
        Err(error) => {
            assert!(text.contains('\n') || error.lines().count() == 1, "{error}");
            return;
        }
    };
    let pieces = items.positions().interval().map_or(0, |all| items.runs(all).take(PIECES).count());
    if pieces < PIECES {
        let text = items.to_string();
        assert_eq!(text.parse::<Items>().as_ref(), Ok(&items), "{text}");
        assert_eq!(items::parse_items(&text).as_ref(), Ok(&items), "{text}");
    }
});
