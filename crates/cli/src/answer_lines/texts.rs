//! Answer lines that begin with the number of a line of a file, with the text of that line behind them.

use crate::rerun::Rerun;

/// The lines of find and map, each with a tab and the text that its number stands for.
pub(super) fn with_texts(rerun: &Rerun, lines: &[u8]) -> Vec<u8> {
    let mut all = Vec::with_capacity(lines.len() * 4);
    for line in lines.split_inclusive(|byte| *byte == b'\n') {
        let whole = line.strip_suffix(b"\n").unwrap_or(line);
        all.extend_from_slice(whole);
        let number = whole.split(|byte| *byte == b'\t').next().unwrap_or_default();
        let n = std::str::from_utf8(number).ok().and_then(|number| number.parse().ok());
        if let Some(text) = n.and_then(|n| rerun.whole_text_of(n)) {
            all.push(b'\t');
            all.extend_from_slice(text.as_bytes());
        }
        all.extend_from_slice(&line[whole.len()..]);
    }
    all
}
