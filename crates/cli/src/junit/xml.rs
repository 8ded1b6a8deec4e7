//! Text of any bytes as XML 1.0, for elements and attributes.

use std::fmt::Write;

/// The bytes with markup escaped. Bytes that are not UTF-8, and characters that XML 1.0 excludes (section 2.2), become
/// U+FFFD.
pub(super) fn escaped(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for letter in String::from_utf8_lossy(bytes).chars() {
        match letter {
            '&' => text += "&amp;",
            '<' => text += "&lt;",
            '>' => text += "&gt;",
            '"' => text += "&quot;",
            // Parsers turn them into spaces or newlines otherwise (sections 2.11 and 3.3.3).
            '\t' | '\n' | '\r' => {
                let _ = write!(text, "&#{};", u32::from(letter));
            }
            '\0'..='\x1f' | '\u{fffe}' | '\u{ffff}' => text.push('\u{fffd}'),
            other => text.push(other),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_bytes_become_characters_of_xml() {
        assert_eq!(escaped(b"a <b> & \"c\" 'd'"), "a &lt;b&gt; &amp; &quot;c&quot; 'd'");
        assert_eq!(escaped(b"x\ny\t\r"), "x&#10;y&#9;&#13;");
        assert_eq!(escaped(b"\x1b[31m\0\xff"), "\u{fffd}[31m\u{fffd}\u{fffd}");
        assert_eq!(escaped("\u{ffff}é]]>".as_bytes()), "\u{fffd}é]]&gt;");
    }
}
