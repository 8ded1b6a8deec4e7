//! Answer of a primary to the agent that it called, on its way in supplements.
//!
//! ```text
//! size
//!    1  1 admitted, 0 refused
//!  2+t  t, then the welcome or the refusal, t bytes
//! ```
//!
//! It is the first that a called agent gets after its hello. The supplement of the welcome follows in frames of the same
//! kind, after the first frame of the agent.

use super::admission::LONGEST_HELLO;
use evenly_core::frame::Malformed;

/// Bytes before the text.
const HEAD: usize = 3;

/// The bytes of an answer.
pub(crate) fn encode(is_admitted: bool, text: &[u8]) -> Vec<u8> {
    debug_assert!(text.len() <= LONGEST_HELLO);
    let mut bytes = vec![u8::from(is_admitted)];
    bytes.extend_from_slice(&(text.len() as u16).to_le_bytes());
    bytes.extend_from_slice(text);
    bytes
}

/// An answer of which a part may have arrived.
#[derive(Debug, Default)]
pub(crate) struct CallAnswer {
    bytes: Vec<u8>,
}

impl CallAnswer {
    /// Takes the next part; whether it admits, and the text, once all of it is there.
    ///
    /// # Errors
    /// If it is no answer, or something follows it.
    pub(crate) fn take(&mut self, part: &[u8]) -> Result<Option<(bool, &[u8])>, Malformed> {
        if self.bytes.len() + part.len() > HEAD + LONGEST_HELLO {
            return Err(Malformed::Entry);
        }
        self.bytes.extend_from_slice(part);
        let Some(([word, low, high], text)) = self.bytes.split_first_chunk() else {
            return Ok(None);
        };
        let length = usize::from(u16::from_le_bytes([*low, *high]));
        match (*word, text.len().cmp(&length)) {
            (0 | 1, std::cmp::Ordering::Less) => Ok(None),
            (0 | 1, std::cmp::Ordering::Equal) => Ok(Some((*word == 1, text))),
            _ => Err(Malformed::Entry),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_whole_with_its_last_byte_and_nothing_may_follow_it() {
        for (is_admitted, text) in [(true, &b"welcome"[..]), (false, b"no"), (true, b"")] {
            let bytes = encode(is_admitted, text);
            let mut answer = CallAnswer::default();
            let (last, before) = bytes.split_last().unwrap();
            for byte in before {
                assert_eq!(answer.take(&[*byte]), Ok(None));
            }
            assert_eq!(answer.take(&[*last]), Ok(Some((is_admitted, text))));
            assert_eq!(answer.take(b"x"), Err(Malformed::Entry));
        }
        assert_eq!(CallAnswer::default().take(&[2, 0, 0]), Err(Malformed::Entry));
        assert_eq!(CallAnswer::default().take(&[0; 2000]), Err(Malformed::Entry));
    }
}
