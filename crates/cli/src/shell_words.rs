//! Advice for commands that are meant for a shell, which `evenly` never starts by itself.

use evenly::internal::quoted;
use std::borrow::Cow;
use std::ffi::OsString;
use std::path::Path;

/// Programs that take a word behind `-c` for code.
const SHELLS: [&str; 6] = ["sh", "bash", "dash", "ash", "zsh", "ksh"];

/// Characters that a shell takes for operators, quotes or expansions. Braces may be placeholders.
const SIGNS: &str = "|;&<>()$`\\\"'*?[]~#!\n";

/// Longest code that a hint repeats, in characters.
const LONGEST_CODE: usize = 80;

/// The words to write in place of one word that a shell would take apart, such as `echo {} | wc -c`; `None` if a
/// shell leaves the word whole. The texts of lines need quotes in code, and numbers do not.
pub(crate) fn instead_of(word: &str, has_texts: bool) -> Option<String> {
    let pieces = pieces(word);
    let is_assignment = word.split(' ').next()?.contains('=');
    let has_signs = is_assignment
        || pieces.iter().any(
            |piece| matches!(piece, Piece::Plain(text) if text.contains(|c| SIGNS.contains(c))),
        );
    let has_blanks = word.trim().contains([' ', '\t']);
    if has_blanks && !is_assignment {
        // Code for a shell in double quotes would lose its variables to the shell that reads the line.
        let is_shell =
            SHELLS.iter().any(|shell| word.trim_start().starts_with(&format!("{shell} -")));
        let single =
            if is_shell && !word.contains('\'') { word.replace('"', "'") } else { word.to_owned() };
        if has_only_quotes(&single) {
            // A shell that reads the line takes the quotes away.
            return Some(single.trim().to_owned());
        }
    }
    if !has_signs {
        return has_blanks.then(|| word.split_whitespace().collect::<Vec<_>>().join(" "));
    }
    let is_operator = |c: char| "|;&<>\n$`".contains(c);
    let is_code = has_blanks
        || pieces
            .iter()
            .any(|piece| matches!(piece, Piece::Plain(text) if text.contains(is_operator)));
    is_code.then(|| with_shell(&pieces, has_texts))
}

/// Whether all that a shell would take apart in a word is its pairs of single quotes, as in `sh -c 'echo $1' sh {}`.
fn has_only_quotes(word: &str) -> bool {
    let outside = word.split('\'').step_by(2);
    word.matches('\'').count().is_multiple_of(2)
        && word.contains('\'')
        && !outside.into_iter().any(|text| text.contains(|c| SIGNS.contains(c)))
}

/// Why one word is no command, and what to write; `None` if there are several, or it may be the name of a file.
pub(crate) fn refusal(words: &[OsString], has_texts: bool) -> Option<String> {
    if words.iter().any(|word| word.to_string_lossy().starts_with("{=")) {
        let item = if has_texts { "\"$1\"" } else { "$(($1 * 2))" };
        return Some(format!(
            "{{= … =}} is Perl of GNU parallel; compute in a shell: sh -c 'echo {item}' sh {{}}"
        ));
    }
    let [word] = words else { return None };
    let word = word.to_str()?;
    let is_file = |text: &str| Path::new(text).is_file();
    let first = word.split(|c: char| c.is_whitespace() || SIGNS.contains(c)).next()?;
    // A path may have blanks and placeholders in it, as './my tools/{}'.
    if is_file(word) || (first.contains('/') && !is_file(first)) {
        return None;
    }
    let right = instead_of(word, has_texts)?;
    Some(format!(
        "there is no shell, and {} is one word; write: -- {right}",
        evenly::printable(quoted(word).as_bytes(), 200)
    ))
}

/// What a shell in the command does with its words that may not be meant.
pub(crate) fn hint(words: &[OsString], has_texts: bool) -> Option<String> {
    let words: Vec<_> = words.iter().map(|word| word.to_string_lossy()).collect();
    let shell = Path::new(&**words.first()?).file_name()?.to_str()?;
    if !SHELLS.contains(&shell) {
        return operator_hint(shell, &words, has_texts);
    }
    let is_c = |word: &str| word.starts_with('-') && !word.starts_with("--") && word.ends_with('c');
    let place = words.iter().skip(1).position(|word| is_c(word))? + 2;
    let (code, behind) = (words.get(place)?, &words[place + 1..]);
    let marks = |word: &str| {
        let marks = pieces(word).into_iter().filter_map(|piece| match piece {
            Piece::Mark(mark) => Some(mark.to_owned()),
            Piece::Plain(_) => None,
        });
        marks.collect::<Vec<_>>()
    };
    if has_texts && let Some(mark) = marks(code).into_iter().find(|mark| is_text(mark)) {
        if code.trim() == mark {
            return Some(format!(
                "each line is taken for code; if the lines are commands, write: {shell} -c 'eval \"$1\"' {shell} {mark}"
            ));
        }
        return Some(format!(
            "{shell} takes the text in the place of {mark} for code: a line 'x; rm -r y' would remove y; write: {shell} -c \
             '… \"$1\" …' {shell} {mark}"
        ));
    }
    let first = behind.first().filter(|word| !marks(word).is_empty())?;
    let uses = |names: &[&str]| names.iter().any(|name| has_variable(code, name));
    if uses(&["0"]) || !uses(&["1", "2", "@", "*"]) {
        return None;
    }
    let shown =
        if code.chars().count() > LONGEST_CODE { "'…'".to_owned() } else { quoted(&**code) };
    let then = if behind.len() > 1 { "not $1" } else { "and $1 is empty" };
    let behind: Vec<_> = behind.iter().map(|word| quoted(&**word)).collect();
    Some(format!(
        "{first} is $0 here, {then}; write: {shell} -c {shown} {shell} {}",
        behind.join(" ")
    ))
}

/// What to say of a word that is an operator of shells, as in `echo {} '|' wc`, which GNU parallel gives to one.
fn operator_hint(program: &str, words: &[Cow<'_, str>], has_texts: bool) -> Option<String> {
    // Programs that have such words themselves.
    if ["expr", "test", "[", "find", "jq"].contains(&program) {
        return None;
    }
    let is_operator = |word: &&Cow<'_, str>| ["|", "||", "&&", ">", ">>"].contains(&&***word);
    let operator = words.iter().find(is_operator)?;
    let right = instead_of(&words.join(" "), has_texts)?;
    Some(format!(
        "there is no shell, and '{operator}' is a word for {program}; if it is meant for a shell, write: -- {right}"
    ))
}

/// Whether code has `$NAME` or `${NAME…}`, without a backslash before it.
fn has_variable(code: &str, name: &str) -> bool {
    code.match_indices('$').any(|(at, _)| {
        let rest = &code[at + 1..];
        let rest = rest.strip_prefix('{').unwrap_or(rest);
        !code[..at].ends_with('\\') && rest.starts_with(name)
    })
}

/// A part of a word.
enum Piece<'a> {
    Plain(&'a str),
    /// A placeholder with its braces.
    Mark(&'a str),
}

/// A word, taken apart at its placeholders.
fn pieces(word: &str) -> Vec<Piece<'_>> {
    let (mut pieces, mut rest) = (Vec::new(), 0);
    for (at, _) in word.match_indices('{') {
        let Some(length) = word[at..].find('}') else { break };
        let inside = &word[at + 1..at + length];
        if at < rest || word[..at].ends_with('$') || !is_mark(inside) {
            continue;
        }
        pieces.push(Piece::Plain(&word[rest..at]));
        rest = at + length + 1;
        pieces.push(Piece::Mark(&word[at..rest]));
    }
    pieces.push(Piece::Plain(&word[rest..]));
    pieces
}

/// Whether this can stand between the braces of a placeholder. A variable of a grid is taken for one if it is a letter.
fn is_mark(inside: &str) -> bool {
    let name = inside.split_once(":0").map_or(inside, |(name, _)| name);
    let is_short = name.len() == 1 && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_short || matches!(name, "" | "n" | "#" | "." | "/" | "//" | "/." | "start" | "end")
}

/// Whether the placeholder stands for the text of a line or a part of it.
fn is_text(mark: &str) -> bool {
    matches!(mark, "{}" | "{.}" | "{/}" | "{//}" | "{/.}")
}

/// `sh -c CODE sh {}…`, with the variable `$1` for the first placeholder.
fn with_shell(pieces: &[Piece<'_>], has_texts: bool) -> String {
    let (mut code, mut marks) = (String::new(), Vec::<&str>::new());
    let (mut quote, mut sums) = (None, 0_usize);
    for piece in pieces {
        match piece {
            Piece::Plain(text) => {
                code.push_str(text);
                sums += text.matches("$((").count();
                sums = sums.saturating_sub(text.matches("))").count());
                for sign in text.chars().filter(|sign| matches!(sign, '"' | '\'')) {
                    quote = match quote {
                        None => Some(sign),
                        Some(open) if open == sign => None,
                        open => open,
                    };
                }
            }
            Piece::Mark(mark) => {
                let known = marks.iter().position(|known| known == mark);
                let place = known.unwrap_or_else(|| {
                    marks.push(*mark);
                    marks.len() - 1
                });
                let variable = if place < 9 {
                    format!("${}", place + 1)
                } else {
                    format!("${{{}}}", place + 1)
                };
                code += &match quote {
                    Some('\'') => format!("'\"{variable}\"'"),
                    None if has_texts && sums == 0 => format!("\"{variable}\""),
                    _ => variable,
                };
            }
        }
    }
    if marks.is_empty() {
        marks.push("{}");
    }
    format!("sh -c {} sh {}", quoted(code), marks.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_for_a_shell_becomes_the_words_that_start_one() {
        for (word, numbers, texts) in [
            ("echo {}", "echo {}", "echo {}"),
            (
                "echo {} | wc -c",
                "sh -c 'echo $1 | wc -c' sh {}",
                "sh -c 'echo \"$1\" | wc -c' sh {}",
            ),
            (
                "echo $(({} * {}))",
                "sh -c 'echo $(($1 * $1))' sh {}",
                "sh -c 'echo $(($1 * $1))' sh {}",
            ),
            (
                "cp {} d/{/}; f \"{n:04}\" \"{}\"",
                "sh -c 'cp $1 d/$2; f \"$3\" \"$1\"' sh {} {/} {n:04}",
                "sh -c 'cp \"$1\" d/\"$2\"; f \"$3\" \"$1\"' sh {} {/} {n:04}",
            ),
            ("a>b", "sh -c 'a>b' sh {}", "sh -c 'a>b' sh {}"),
            (
                "sh -c 'echo $1 | wc -c' sh {}",
                "sh -c 'echo $1 | wc -c' sh {}",
                "sh -c 'echo $1 | wc -c' sh {}",
            ),
            ("sh -c \"echo $1\" sh {}", "sh -c 'echo $1' sh {}", "sh -c 'echo $1' sh {}"),
            ("grep 'a b' {}", "grep 'a b' {}", "grep 'a b' {}"),
            (
                "echo {1} {2}&",
                "sh -c 'echo $1 $2&' sh {1} {2}",
                "sh -c 'echo \"$1\" \"$2\"&' sh {1} {2}",
            ),
        ] {
            assert_eq!(instead_of(word, false).as_deref(), Some(numbers));
            assert_eq!(instead_of(word, true).as_deref(), Some(texts));
        }
        for word in ["echo", "{}", "./run-{}.sh", "x{n:04}", "a[1]", "it's"] {
            assert_eq!(instead_of(word, true), None, "{word}");
        }
    }

    #[test]
    fn a_path_with_a_blank_is_no_code() {
        let refusal = |word: &str| refusal(&[word.into()], false);
        assert_eq!(refusal("./my tools/{}"), None);
        assert_eq!(refusal("{}"), None);
        assert!(refusal("/bin/sh x > {}").is_some());
        assert!(refusal("cd {} && ls").is_some());
    }

    #[test]
    fn a_forgotten_word_for_the_name_of_the_shell_is_noticed() {
        let hint = |line: &[&str]| {
            let words: Vec<OsString> = line.iter().map(OsString::from).collect();
            super::hint(&words, false)
        };
        assert_eq!(
            hint(&["sh", "-c", "echo x$1", "{}"]).unwrap(),
            "{} is $0 here, and $1 is empty; write: sh -c 'echo x$1' sh {}"
        );
        assert_eq!(
            hint(&["/bin/bash", "-euc", "seq $1 ${2}", "{start}", "{end}"]).unwrap(),
            "{start} is $0 here, not $1; write: bash -c 'seq $1 ${2}' bash {start} {end}"
        );
        assert!(hint(&["bash", "-e", "-c", "f \"$@\"", "a{}"]).is_some());
        let commands = ["sh", "-c", "{}"].map(OsString::from);
        assert_eq!(super::hint(&commands, false), None);
        let of_lines = super::hint(&commands, true).unwrap();
        assert!(of_lines.ends_with("write: sh -c 'eval \"$1\"' sh {}"), "{of_lines}");
        assert_eq!(
            hint(&["echo", "{}", "|", "wc"]).unwrap(),
            "there is no shell, and '|' is a word for echo; if it is meant for a shell, write: -- sh -c 'echo $1 | wc' sh {}"
        );
        for line in [
            &["sh", "-c", "echo $1", "sh", "{}"][..],
            &["sh", "-c", "echo $0", "{}"],
            &["sh", "-c", "echo $0 $1", "{}", "{}"],
            &["sh", "-c", "awk {print\\$1}", "{}"],
            &["sh", "-c", "echo {}"],
            &["sh", "script", "{}"],
            &["awk", "-c", "$1", "{}"],
            &["expr", "{}", ">", "3"],
        ] {
            assert_eq!(hint(line), None, "{line:?}");
        }
    }
}
