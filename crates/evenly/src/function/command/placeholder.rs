//! Placeholders of other tools, and misspelt ones: text in braces that no number replaces.

use super::braces::{PADDED, is_digits, is_formatted, padded, stands_alone};
use super::template::Placeholders;

/// Names that mean a number, or a bound of a chunk.
const NAMES: [&str; 16] = [
    "n", "i", "num", "number", "idx", "index", "stop", "begin", "first", "last", "from", "to",
    "start", "end", "finish", "seq#",
];

/// Placeholders of GNU parallel, xargs, fd and rush that are signs.
const SIGNS: [&str; 12] = ["#", "%", "##", "0#", "0%", ".", "/", "//", "/.", "+/", "+.", "+/."];

/// The first placeholder in a word that evenly does not replace, with its braces.
///
/// Braces mean much else, so only text is found that has no other use where it stands: `${i}` is a
/// variable, `[0-9]{3}` repeats, `f"{n}"` is Python.
pub(super) fn unknown<'w>(word: &'w [u8], known: Placeholders<'_>) -> Option<&'w str> {
    if is_formatted(word) {
        return None;
    }
    let mut openings = (0..word.len()).filter(|at| word[*at] == b'{');
    openings.find_map(|at| {
        let length = word[at..].iter().position(|byte| *byte == b'}')?;
        let text = std::str::from_utf8(&word[at..=at + length]).ok()?;
        let (before, inside) = (&word[..at], &text[1..length]);
        // {{n}} is a placeholder of a template.
        let is_doubled = before.ends_with(b"{");
        let is_meant =
            is_placeholder(inside) || known.is_like_a_name(inside, text.len() == word.len());
        let is_unknown = stands_alone(before, inside) && is_meant && !known.has(text);
        (!is_doubled && is_unknown).then_some(text)
    })
}

/// What to write in place of a placeholder of GNU parallel, to follow a list of all placeholders.
pub(super) fn instead_of(placeholder: &str) -> &'static str {
    match placeholder {
        "{%}" => {
            "; the number of the worker is EVENLY_WORKER: sh -c 'echo $EVENLY_WORKER $1' sh {}"
        }
        "{#}" => "; a number has no other number: {} is n, and so is EVENLY_INDEX",
        "{1}" | "{2}" | "{3}" => {
            "; the item is {}, with --grid a=1..=3 --grid b=10,20 it is {a} {b}; columns of a line are: sh -c \
             'IFS=,; set -f; set -- $1; echo \"$2\"' sh {}"
        }
        _ => "",
    }
}

fn is_placeholder(inside: &str) -> bool {
    if padded(inside).is_some_and(|(name, _)| PADDED.contains(&name)) {
        return false;
    }
    let lower = inside.to_ascii_lowercase();
    let (name, format) =
        lower.split_once(':').map_or((&lower[..], None), |(name, format)| (name, Some(format)));
    let is_name = NAMES.contains(&name) && !matches!(inside, "start" | "end");
    match format {
        // {:04}, {:05d}, {n:04}, {#:04}
        Some(format) => (name.is_empty() || name == "#" || is_name) && is_width(format),
        None => is_name || SIGNS.contains(&name) || is_position(name) || is_aligned(name),
    }
}

/// `1`, and `1.`, `1/`, `1//`, `1/.` of GNU parallel.
fn is_position(name: &str) -> bool {
    let rest = name.trim_start_matches(|letter: char| letter.is_ascii_digit());
    name.len() - rest.len() <= 2
        && matches!(name.as_bytes(), [b'1'..=b'9', ..])
        && (rest.is_empty() || SIGNS.contains(&rest))
}

/// `0>4`: a number of this width.
fn is_aligned(name: &str) -> bool {
    name.find(['<', '>', '^']).is_some_and(|at| at <= 1 && is_digits(&name[at + 1..]))
}

/// `04`, `>4`, `05d`: a format of a width.
fn is_width(format: &str) -> bool {
    let format = format.trim_end_matches(['d', 'x']);
    is_digits(format) || is_aligned(format)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_of_other_tools_are_found() {
        for text in [
            "{n}", "{i}", "{N}", "{num}", "{index}", "{#}", "{%}", "{.}", "{/}", "{//}", "{/.}",
            "{1}", "{9}", "{1.}", "{2/.}", "{stop}", "{begin}", "{first}", "{last}", "{from}",
            "{to}", "{Start}", "{END}", "{0>4}", "{0>10}", "{:04}", "{:05d}", "{:>4}", "{n:3}",
            "{n:03d}", "{i:03}", "{n:0123}", "{seq#}", "{#:04}", "{#:4}",
        ] {
            for (word, is_digit) in [
                (text.to_owned(), false),
                (format!("--seed={text}"), false),
                (format!("./{text}/out"), false),
                (format!("{{}} a{text}.png"), true),
                (format!("echo {text} {{}}"), false),
                (format!("{{\"a\": {text}}}"), false),
            ] {
                let is_digit = is_digit && is_digits(&text[1..text.len() - 1]);
                let unknown = |known| unknown(word.as_bytes(), known);
                assert_eq!(unknown(Placeholders::Numbers), (!is_digit).then_some(text), "{word}");
                let is_known = Placeholders::Lines.has(text);
                let expected = (!is_digit && !is_known).then_some(text);
                assert_eq!(unknown(Placeholders::Lines), expected, "{word}");
            }
        }
    }

    #[test]
    fn names_of_texts_are_found_beside_lines() {
        for (word, expected) in [
            ("{line}", Some("{line}")),
            ("--name={file}.out", Some("{file}")),
            ("{x}", Some("{x}")),
            ("/x/{p}", None),
            ("{print}", None),
            ("{name}", None),
            ("${file}", None),
            ("{{line}}", None),
        ] {
            assert_eq!(unknown(word.as_bytes(), Placeholders::Lines), expected, "{word}");
            assert_eq!(unknown(word.as_bytes(), Placeholders::Numbers), None, "{word}");
        }
    }

    #[test]
    fn other_braces_are_left_alone() {
        for word in [
            "{}",
            "{start}..{end}",
            "{{}}",
            "{{n}}",
            "${x}",
            "${1}",
            "${n}",
            "${#}",
            "{print $1}",
            "{print n}",
            "{ cmd; }",
            "{ n }",
            "{\"a\":1}",
            "{\"n\": {}}",
            "{1..3}",
            "{a,b}",
            "{1,3}",
            "s/x{2}/y/",
            "a{2}",
            "[0-9]{3}",
            "(ab){2}",
            ".{4}",
            "\\d{1,3}",
            "\\d{3}",
            "\\{3}",
            "a{2}{3}",
            "{",
            "}",
            "{n",
            "n}",
            "HEAD@{1}",
            "puts \"#{i}\"",
            "x^{n}",
            "$count{n}++",
            "$x->{first}",
            "if (/x/) {last}",
            "print(f\"{n} {i}\")",
            "'{i}'.format(i=1)",
            "{name}",
            "{x}",
            "{path}",
            "",
            "{0}",
            "%{http_code}",
            "{:?}",
            "{item:}",
            "{n:04}",
            "{start:08}-{end:08}",
        ] {
            assert_eq!(unknown(word.as_bytes(), Placeholders::Numbers), None, "{word}");
        }
        assert_eq!(unknown(b"\xff{\xff} {n}", Placeholders::Numbers), Some("{n}"));
    }
}
