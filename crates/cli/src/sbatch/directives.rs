//! Reader of the `#SBATCH` lines of a script.

use super::options::SlurmOptions;

/// The options in a script. Reading ends at the first line that is neither empty nor a comment, as under Slurm.
///
/// # Errors
/// One line that names the line of the script and what is wrong with it.
pub(super) fn read_directives(text: &[u8]) -> Result<SlurmOptions, String> {
    let mut options = SlurmOptions::default();
    for (at, line) in text.split(|byte| *byte == b'\n').enumerate() {
        let line = String::from_utf8_lossy(line);
        let Some(directive) = line.strip_prefix("#SBATCH") else {
            if line.trim().is_empty() || line.starts_with('#') {
                continue;
            }
            break;
        };
        let bad = |cause: String| format!("line {}: {cause}", at + 1);
        if !directive.starts_with([' ', '\t']) {
            continue;
        }
        let words = split(directive).map_err(bad)?;
        // A later line replaces an earlier one.
        options = SlurmOptions::of_words(words).map_err(bad)?.or(options);
    }
    Ok(options)
}

/// Splits a line at spaces; quotes and backslashes keep them, and a `#` at the start of a word begins a comment.
fn split(line: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut rest = line.trim_end_matches('\r').chars();
    while let Some(char) = rest.next() {
        match (char, quote) {
            (_, Some(open)) if char == open => quote = None,
            ('\\', None | Some('"')) => {
                word.get_or_insert_default().extend(rest.next());
            }
            ('"' | '\'', None) => {
                quote = Some(char);
                word.get_or_insert_default();
            }
            ('#', None) if word.is_none() => break,
            (char, None) if char.is_whitespace() => words.extend(word.take()),
            _ => word.get_or_insert_default().push(char),
        }
    }
    if quote.is_some() {
        return Err("a quotation mark is not closed".to_owned());
    }
    words.extend(word);
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directives_stand_before_the_first_command() {
        let text = b"#!/bin/bash -l\n# a comment\n#SBATCH --array=1-10:2%3  # ten\n\n   \n#SBATCH -J 'a b' -c4\n\
            ##SBATCH -J no\n#SBATCHED\n#SBATCH --job-name=c -t 5 --mail-type ALL --exclusive\n#SBATCH --cpus=8\n\
            module load R\n#SBATCH -J late\n";
        let options = read_directives(text).unwrap();
        let values = ["array", "job-name", "time", "cpus-per-task", "mail-type", "exclusive"];
        let found = values.map(|long| options.value(long).unwrap());
        assert_eq!(found, ["1-10:2%3", "c", "5", "8", "ALL", ""]);
        assert_eq!(options.value("output"), None);
    }

    #[test]
    fn a_directive_that_is_none_is_named_with_its_line() {
        for (line, hint) in [
            ("--foo=1", "'--foo'"),
            ("-J", "value"),
            ("-J x y", "'y'"),
            ("-J 'x", "quotation mark"),
        ] {
            let refusal = read_directives(format!("#!/bin/sh\n#SBATCH {line}\n").as_bytes());
            let refusal = refusal.unwrap_err();
            assert!(refusal.starts_with("line 2: ") && refusal.contains(hint), "{refusal}");
        }
    }
}
