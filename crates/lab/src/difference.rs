//! The lines that differ between two texts, by a longest common subsequence.

use std::fmt::Write;

/// Unchanged lines around a change that are shown.
const CONTEXT: usize = 2;

/// The changed lines with `-` and `+`, and some lines around them.
pub(crate) fn difference(old: &str, new: &str) -> String {
    let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    let lines = aligned(&old, &new);
    let is_near = |at: usize| {
        let around = at.saturating_sub(CONTEXT)..lines.len().min(at + CONTEXT + 1);
        lines[around].iter().any(|(sign, _)| *sign != ' ')
    };
    let mut text = String::new();
    let mut last = None;
    for (at, (sign, line)) in lines.iter().enumerate().filter(|(at, _)| is_near(*at)) {
        if text.is_empty() && line.is_empty() {
            continue;
        }
        if last.is_some_and(|last: usize| last + 1 < at) {
            text.push_str("  …\n");
        }
        let _ = writeln!(text, "{}", format!("{sign} {line}").trim_end());
        last = Some(at);
    }
    text
}

/// All lines of both, each with `-`, `+` or a space.
fn aligned<'a>(old: &[&'a str], new: &[&'a str]) -> Vec<(char, &'a str)> {
    // common[i][j]: the most lines that old[i..] and new[j..] have in common, in order.
    let mut common = vec![vec![0_usize; new.len() + 1]; old.len() + 1];
    for (i, line) in old.iter().enumerate().rev() {
        for (j, other) in new.iter().enumerate().rev() {
            common[i][j] = match line == other {
                true => common[i + 1][j + 1] + 1,
                false => common[i + 1][j].max(common[i][j + 1]),
            };
        }
    }
    let (mut i, mut j, mut lines) = (0, 0, Vec::new());
    while i < old.len() || j < new.len() {
        if i < old.len() && j < new.len() && old[i] == new[j] {
            lines.push((' ', old[i]));
            (i, j) = (i + 1, j + 1);
        } else if i < old.len() && (j == new.len() || common[i + 1][j] >= common[i][j + 1]) {
            lines.push(('-', old[i]));
            i += 1;
        } else {
            lines.push(('+', new[j]));
            j += 1;
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changed_lines_stand_with_two_lines_around_them() {
        let old = "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n";
        let new = "1\n2\n3\nfour\n5\n6\n7\n8\n9\n10\n11\n12\n";
        let expected = "  2\n  3\n- 4\n+ four\n  5\n  6\n  …\n  10\n  11\n+ 12\n";
        assert_eq!(difference(old, new), expected);
        assert_eq!(difference(old, old), "");
    }
}
