//! Script files of a command: the arguments that a known interpreter executes.
//!
//! Only the place where an interpreter expects its script counts, never an argument of the script: that may be
//! a data file which the command changes.

use super::template::named_file;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// An argument of a command.
type Argument = Vec<u8>;

/// Where an interpreter expects its script.
#[derive(Clone, Copy)]
struct Grammar {
    /// Letters of options that take the program as text, or from elsewhere: then there is no script.
    inline: &'static str,
    /// Letters of options that take a value: the rest of the word, or the next one.
    valued: &'static str,
    /// Letters of options whose value, if any, is the rest of the word.
    attached: &'static str,
    /// Letters of options that take a script.
    script: &'static str,
    /// Long options of the first, second and fourth kind.
    long_inline: &'static [&'static str],
    long_valued: &'static [&'static str],
    long_script: &'static [&'static str],
    /// Whether the first word that is no option is the script.
    is_first: bool,
}

const PLAIN: Grammar = Grammar {
    inline: "",
    valued: "",
    attached: "",
    script: "",
    long_inline: &[],
    long_valued: &[],
    long_script: &[],
    is_first: true,
};

const SHELL: Grammar = Grammar {
    inline: "cs",
    valued: "oO",
    long_valued: &["rcfile", "init-file", "init-command"],
    long_inline: &["command"],
    ..PLAIN
};

/// By the name of the interpreter, without its version.
fn grammar(name: &str) -> Option<Grammar> {
    Some(match name {
        "sh" | "bash" | "dash" | "ash" | "ksh" | "mksh" | "zsh" | "fish" => SHELL,
        "python" | "pypy" => {
            Grammar { inline: "cm", valued: "WX", long_valued: &["check-hash-based-pycs"], ..PLAIN }
        }
        "perl" => Grammar { inline: "eE", valued: "I", attached: "0CDFMTVdilmx", ..PLAIN },
        "ruby" => Grammar { inline: "e", valued: "ICEr", attached: "0FKTWix", ..PLAIN },
        "node" | "nodejs" => Grammar {
            inline: "ep",
            valued: "rC",
            long_inline: &["eval", "print"],
            long_valued: &["require", "import", "conditions", "loader", "experimental-loader"],
            ..PLAIN
        },
        "Rscript" => Grammar { inline: "e", ..PLAIN },
        "R" => Grammar {
            valued: "dg",
            script: "f",
            inline: "e",
            long_script: &["file"],
            is_first: false,
            ..PLAIN
        },
        "awk" | "gawk" | "mawk" | "nawk" => Grammar {
            valued: "vFil",
            script: "fE",
            long_valued: &["assign", "field-separator", "include", "load"],
            long_script: &["file", "exec"],
            is_first: false,
            ..PLAIN
        },
        "sed" => Grammar {
            valued: "el",
            attached: "i",
            script: "f",
            long_valued: &["expression", "line-length"],
            long_script: &["file"],
            is_first: false,
            ..PLAIN
        },
        "lua" | "luajit" => Grammar { valued: "el", ..PLAIN },
        "php" => Grammar {
            inline: "rRB",
            valued: "cdz",
            script: "fF",
            long_inline: &["run"],
            long_valued: &["php-ini", "define"],
            long_script: &["file"],
            ..PLAIN
        },
        "julia" => Grammar {
            inline: "eE",
            valued: "JptHC",
            script: "L",
            long_inline: &["eval", "print"],
            long_valued: &["sysimage", "procs", "threads", "project"],
            long_script: &["load"],
            ..PLAIN
        },
        "octave" | "octave-cli" => Grammar {
            valued: "p",
            long_inline: &["eval"],
            long_valued: &["path", "exec-path", "image-path"],
            ..PLAIN
        },
        "gp" => {
            Grammar { valued: "psD", long_valued: &["primelimit", "stacksize", "default"], ..PLAIN }
        }
        "tclsh" => PLAIN,
        _ => return None,
    })
}

/// Programs that execute the command behind their options: letters of options with a value, the same of long
/// options, and how many words of their own stand before the command.
fn wrapper(name: &str) -> Option<(&'static str, &'static [&'static str], usize)> {
    Some(match name {
        "env" => ("uCSa", &["unset", "chdir", "split-string", "argv0"], 0),
        "nice" => ("n", &["adjustment"], 0),
        "ionice" => ("cn", &["class", "classdata"], 0),
        "stdbuf" => ("ioe", &["input", "output", "error"], 0),
        "timeout" => ("ks", &["kill-after", "signal"], 1),
        "time" => ("fo", &["format", "output"], 0),
        "taskset" => ("", &[], 1),
        "nohup" | "setsid" => ("", &[], 0),
        _ => return None,
    })
}

/// The script files of a command, beside its program: regular files that are there.
pub(super) fn of(words: &[Argument]) -> Vec<PathBuf> {
    let mut scripts = Vec::new();
    look(words, PathBuf::new(), &mut scripts);
    let named = scripts.iter().filter_map(|script| named_file(script.as_os_str().as_bytes()));
    named.filter(|script| script.is_file()).collect()
}

/// Notes the scripts of a command that is executed in this directory.
fn look(words: &[Argument], directory: PathBuf, scripts: &mut Vec<PathBuf>) {
    let Some(program) = words.first() else { return };
    let name = name_of(program);
    if let Some(wrapper) = wrapper(&name) {
        let (inner, directory) = unwrapped(&name, wrapper, &words[1..], directory);
        if let Some(program) = inner.first()
            && program.contains(&b'/')
        {
            scripts.push(directory.join(path(program)));
        }
        return look(&inner, directory, scripts);
    }
    let version = |letter: char| letter.is_ascii_digit() || letter == '.';
    if let Some(grammar) = grammar(&name).or_else(|| grammar(name.trim_end_matches(version))) {
        let found = grammar.scripts(&words[1..]);
        scripts.extend(found.iter().map(|script| directory.join(path(script))));
    }
}

fn path(bytes: &[u8]) -> &Path {
    Path::new(OsStr::from_bytes(bytes))
}

fn name_of(program: &[u8]) -> String {
    let name = path(program).file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

/// The command that a wrapper executes, and in which directory.
fn unwrapped(
    name: &str,
    (valued, long_valued, own): (&str, &[&str], usize),
    words: &[Argument],
    mut directory: PathBuf,
) -> (Vec<Argument>, PathBuf) {
    let is_env = name == "env";
    let mut at = 0;
    while let Some(word) = words.get(at) {
        let Some((option, mut value)) = WrapperOption::of(word, valued, long_valued) else { break };
        at += 1;
        if option == WrapperOption::End {
            break;
        }
        if option.takes_value() && value.is_none() {
            value = words.get(at).cloned();
            at += 1;
        }
        match (option, value) {
            (WrapperOption::Valued('C'), Some(value)) if is_env => directory.push(path(&value)),
            (WrapperOption::Long("chdir"), Some(value)) if is_env => directory.push(path(&value)),
            (WrapperOption::Valued('S') | WrapperOption::Long("split-string"), Some(value))
                if is_env =>
            {
                // What is in the text comes before the other words, and may have options of env itself.
                let split = shlex::bytes::split(&value).unwrap_or_default();
                let words: Vec<Argument> =
                    split.into_iter().chain(words[at.min(words.len())..].to_vec()).collect();
                return unwrapped(name, (valued, long_valued, own), &words, directory);
            }
            _ => {}
        }
    }
    let is_variable = |word: &Argument| word.contains(&b'=');
    let skipped = match is_env {
        true => words.iter().skip(at).take_while(|word| is_variable(word)).count(),
        false => own,
    };
    (words.get(at + skipped..).unwrap_or_default().to_vec(), directory)
}

/// An option of a wrapper.
#[derive(Clone, Copy, PartialEq, Eq)]
enum WrapperOption<'a> {
    End,
    Plain,
    Valued(char),
    Long(&'a str),
}

impl<'a> WrapperOption<'a> {
    /// An option and the value within its word; `None` if the word is no option.
    fn of(word: &[u8], valued: &str, long_valued: &[&'a str]) -> Option<(Self, Option<Vec<u8>>)> {
        if word == b"--" {
            return Some((Self::End, None));
        }
        if let Some(long) = word.strip_prefix(b"--") {
            let (name, value) = split_at_equals(long);
            let long = long_valued.iter().find(|long| long.as_bytes() == name);
            return Some((long.map_or(Self::Plain, |long| Self::Long(long)), value));
        }
        let letters = word.strip_prefix(b"-")?;
        for (at, letter) in letters.iter().enumerate() {
            let letter = char::from(*letter);
            if valued.contains(letter) {
                let rest = &letters[at + 1..];
                return Some((Self::Valued(letter), (!rest.is_empty()).then(|| rest.to_vec())));
            }
        }
        Some((Self::Plain, None))
    }

    fn takes_value(self) -> bool {
        matches!(self, Self::Valued(_) | Self::Long(_))
    }
}

fn split_at_equals(long: &[u8]) -> (&[u8], Option<Vec<u8>>) {
    match long.iter().position(|byte| *byte == b'=') {
        Some(at) => (&long[..at], Some(long[at + 1..].to_vec())),
        None => (long, None),
    }
}

impl Grammar {
    /// The scripts among the words behind the interpreter.
    fn scripts(&self, words: &[Argument]) -> Vec<Vec<u8>> {
        let mut scripts = Vec::new();
        let mut words = words.iter();
        let mut is_ended = false;
        while let Some(word) = words.next() {
            let is_option = !is_ended && word.len() > 1 && matches!(word[0], b'-' | b'+');
            if !is_option {
                if self.is_first && word != b"-" {
                    scripts.push(word.clone());
                }
                break;
            }
            if word == b"--" {
                is_ended = true;
                continue;
            }
            let (value, is_script) = match self.option(word) {
                OptionMeaning::Inline => return Vec::new(),
                OptionMeaning::Plain => continue,
                OptionMeaning::Valued(value) => (value, false),
                OptionMeaning::Script(value) => (value, true),
            };
            let Some(value) = value.or_else(|| words.next().cloned()) else { break };
            if is_script {
                scripts.push(value);
            }
        }
        scripts
    }

    fn option(&self, word: &[u8]) -> OptionMeaning {
        if let Some(long) = word.strip_prefix(b"--") {
            let (name, value) = split_at_equals(long);
            let is = |names: &[&str]| names.iter().any(|known| known.as_bytes() == name);
            return match () {
                () if is(self.long_inline) => OptionMeaning::Inline,
                () if is(self.long_script) => OptionMeaning::Script(value),
                () if is(self.long_valued) => OptionMeaning::Valued(value),
                () => OptionMeaning::Plain,
            };
        }
        for (at, letter) in word.iter().enumerate().skip(1) {
            let rest = || Some(word[at + 1..].to_vec()).filter(|rest| !rest.is_empty());
            match char::from(*letter) {
                letter if self.inline.contains(letter) => return OptionMeaning::Inline,
                letter if self.script.contains(letter) => return OptionMeaning::Script(rest()),
                letter if self.valued.contains(letter) => return OptionMeaning::Valued(rest()),
                letter if self.attached.contains(letter) => return OptionMeaning::Plain,
                _ => {}
            }
        }
        OptionMeaning::Plain
    }
}

/// Meaning of an option for an interpreter.
enum OptionMeaning {
    Inline,
    Plain,
    Valued(Option<Vec<u8>>),
    Script(Option<Vec<u8>>),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_script_of_a_known_interpreter_is_found() {
        for (line, found) in [
            ("sh x.sh {}", "x.sh"),
            ("/bin/bash -e ./x {}", "./x"),
            ("bash -eo pipefail x.sh data {}", "x.sh"),
            ("bash --rcfile rc x.sh", "x.sh"),
            ("bash +x -- x.sh", "x.sh"),
            ("python3 x.py {}", "x.py"),
            ("/usr/bin/python3.11 -u -W ignore -Xdev x.py {} out.txt", "x.py"),
            ("Rscript --vanilla x.R {}", "x.R"),
            ("perl -w -I lib x.pl {}", "x.pl"),
            ("ruby -rjson x.rb", "x.rb"),
            ("node --require ./pre.js x.js {}", "x.js"),
            ("awk -v n={} -f x.awk data", "x.awk"),
            ("gawk -F: -fx.awk --file=y.awk data", "x.awk y.awk"),
            ("sed -n -f x.sed data", "x.sed"),
            ("lua5.4 -l mod x.lua", "x.lua"),
            ("gp -q x.gp", "x.gp"),
            ("env python3 -u x.py", "x.py"),
            ("env -i VAR=1 N={} python3 x.py {}", "x.py"),
            ("env -u HOME -C dir sh x.sh", "dir/x.sh"),
            ("env -S 'python3 -u' x.py {}", "x.py"),
            ("env '-Spython3 -u x.py' {}", "x.py"),
            ("env A=1 ./x.sh {}", "./x.sh"),
            ("nice -n 5 timeout -k 1 10 bash x.sh", "x.sh"),
            ("stdbuf -oL ./filter {}", "./filter"),
        ] {
            assert_eq!(scripts(line), found, "{line}");
        }
    }

    #[test]
    fn nothing_else_is_taken_for_a_script() {
        for line in [
            "./x.sh data",
            "cat data",
            "sh -c 'cat data' x",
            "bash -ec 'cat data' data",
            "bash -s data",
            "python3 -c 'print(1)' data",
            "python3 -um module data",
            "python3 - data",
            "perl -ne 'print' data",
            "perl -i.bak -pe 's/a/b/' data",
            "ruby -e 1 data",
            "node -pe 1 data",
            "Rscript -e 1 data",
            "awk '{print}' data",
            "sed s/a/b/ data",
            "sh x{}.sh data",
            "env",
            "env A=1",
            "env -S",
            "{}",
            "",
        ] {
            assert_eq!(scripts(line), "", "{line}");
        }
    }

    fn scripts(line: &str) -> String {
        let words = shlex::split(line).unwrap();
        let words: Vec<Argument> = words.into_iter().map(String::into_bytes).collect();
        let mut scripts = Vec::new();
        look(&words, PathBuf::new(), &mut scripts);
        scripts.retain(|script| named_file(script.as_os_str().as_bytes()).is_some());
        let scripts: Vec<_> = scripts.iter().map(|path| path.to_str().unwrap()).collect();
        scripts.join(" ")
    }
}
