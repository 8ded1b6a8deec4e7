//! Parser for length-prefixed messages that finds their boundaries in a byte stream.

/// Where one way of a connection stands in its messages.
#[derive(Default)]
pub(crate) struct Place {
    /// Which message it is at, from 0.
    pub(crate) message: usize,
    /// The bytes of its length that have passed.
    length: Vec<u8>,
    /// How many bytes of it have passed.
    passed: usize,
}

impl Place {
    /// Whether this byte, the next one, is the first of a message.
    pub(crate) fn pass(&mut self, byte: u8) -> bool {
        let whole = match self.length[..] {
            [low, high] => usize::from(u16::from_le_bytes([low, high])),
            _ => usize::MAX,
        };
        if whole == usize::MAX || self.passed == whole {
            if whole == self.passed {
                self.message += 1;
                (self.length, self.passed) = (vec![], 0);
            }
            self.length.push(byte);
            return false;
        }
        self.passed += 1;
        self.passed == 1
    }
}
