//! BLAKE2b digests of programs, by which a primary and an agent compare their libraries and commands.

use blake2::digest::consts::U32;
use blake2::{Blake2b, Digest};

/// BLAKE2b over these parts, 256 bits; each is preceded by its length, so that no two lists are alike.
pub(crate) fn digest(parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = Blake2b::<U32>::new();
    for part in parts {
        hasher.update((part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    hasher.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_divided_otherwise_is_something_else() {
        assert_eq!(digest(&[b"ab", b"c"]), digest(&[b"ab", b"c"]));
        assert_ne!(digest(&[b"ab", b"c"]), digest(&[b"a", b"bc"]));
        assert_ne!(digest(&[b""]), digest(&[]));
    }
}
