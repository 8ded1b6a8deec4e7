//! Braces in a word: which are placeholders with a width, and which belong to a shell or another language.

/// Names of the placeholders that may have a width, as `{n:04}`; variables of a grid may, too.
pub(super) const PADDED: [&str; 3] = ["n", "start", "end"];

/// Most digits of a width: file names end at 255 bytes.
const WIDTH_DIGITS: usize = 2;

/// The name and the width of `n:04`.
pub(super) fn padded(inside: &str) -> Option<(&str, usize)> {
    let (name, width) = inside.split_once(":0")?;
    let is_width =
        (1..=WIDTH_DIGITS).contains(&width.len()) && is_digits(width) && !width.starts_with('0');
    Some((name, width.parse().ok().filter(|_| is_width)?))
}

/// Whether the word holds a format string of Python, whose braces are its own.
pub(super) fn is_formatted(word: &[u8]) -> bool {
    let has = |text: &str| word.windows(text.len()).any(|window| window == text.as_bytes());
    ["f\"", "f'", ".format(", ".format_map("].into_iter().any(has)
}

/// Whether the braces are no part of what stands before them.
pub(super) fn stands_alone(before: &[u8], inside: &str) -> bool {
    let Some(last) = before.last() else { return true };
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    // Variables of shells, Ruby, Git and TeX; a block behind a condition; a field of Perl.
    let is_sigil = matches!(last, b'$' | b'#' | b'@' | b'^');
    let name = before.iter().rev().take_while(|byte| is_word(byte)).count();
    let is_field =
        before.ends_with(b"->") || (name > 0 && before[..before.len() - name].ends_with(b"$"));
    if is_sigil || is_field || before.trim_ascii_end().ends_with(b")") {
        return false;
    }
    // A digit repeats in a regular expression what stands before it.
    let is_count = is_digits(inside);
    !(is_count && (is_word(last) || matches!(last, b']' | b')' | b'}' | b'.' | b'\\')))
}

pub(super) fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}
