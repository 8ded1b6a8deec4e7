//! Help texts: their form, their examples, manual pages and completions.

use super::support::{self, EVENLY, answer, stderr};
use super::verbs;
use std::process::Command;

/// Widths of terminals.
const WIDTHS: [usize; 3] = [80, 100, 120];

#[test]
fn help_is_wrapped_once_at_every_width() {
    let others = [
        "run",
        "sbatch",
        "slurm-script",
        "join",
        "agent",
        "keygen",
        "key",
        "resume",
        "verify",
        "settle",
        "inspect",
        "status",
        "report",
        "lab",
    ];
    for verb in verbs().chain(others).chain([""]) {
        for width in WIDTHS {
            let mut command = support::evenly(&format!("{verb} --help"));
            let output = command.env("COLUMNS", width.to_string()).output().unwrap();
            let text = String::from_utf8(output.stdout).unwrap();
            let lines: Vec<&str> = text.lines().collect();
            for pair in lines.windows(2) {
                assert!(pair[0].len() <= width, "{verb} at {width}: {}", pair[0]);
                let is_example = pair[0].starts_with("  evenly");
                assert!(
                    !is_example || pair[1].is_empty() || pair[1].starts_with("  evenly"),
                    "{pair:?}"
                );
                let indent = |line: &str| line.len() - line.trim_start().len();
                let is_continued = match indent(pair[1]) {
                    0 => indent(pair[0]) == 0 && !pair[0].ends_with(':'),
                    6.. => {
                        indent(pair[0]) == indent(pair[1])
                            || pair[0][..indent(pair[1])].ends_with("  ")
                    }
                    _ => false,
                };
                let next = pair[1].trim_start().split(' ').next().unwrap();
                let begins = next.starts_with('-') || next.is_empty() || next == "evenly";
                if is_continued && !pair[0].is_empty() && !begins {
                    let joined = pair[0].len() + 1 + next.len();
                    assert!(joined > width, "{verb} at {width}: {pair:?}");
                }
            }
        }
    }
}

#[test]
fn functions_completions_and_manual_pages() {
    let functions = answer("functions");
    for name in ["even", "odd", "prime"] {
        assert!(functions.lines().any(|line| line.starts_with(name)), "{functions}");
    }
    let (builtins, operations) = functions.split_once("\n\n").unwrap();
    for line in builtins.lines() {
        let (example, count) = line.split_once("evenly ").unwrap().1.rsplit_once(' ').unwrap();
        assert_eq!(answer(example).trim_end(), count);
    }
    for line in operations.lines() {
        // Columns stand at least two blanks apart.
        let columns: Vec<&str> = line.split("  ").filter(|column| !column.is_empty()).collect();
        let [_, _, example, value] = columns[..] else { panic!("{line}") };
        let output = Command::new(EVENLY).args(["map", example.trim(), "0..1"]).output().unwrap();
        let value = value.trim().replace("true", "1").replace("false", "0");
        assert_eq!(String::from_utf8(output.stdout).unwrap(), format!("0\t{value}\n"), "{line}");
        assert_eq!(output.stderr, b"", "{line}");
    }
    for shell in ["bash", "zsh", "fish"] {
        let script = answer(&format!("completions {shell}"));
        assert!(script.contains("evenly") && script.contains("wiring"), "{shell}");
    }
    assert!(answer("man").contains(".TH evenly 1"));
    let script = answer("completions bash");
    for verb in verbs() {
        let page = answer(&format!("man {verb}"));
        assert!(page.contains("\\-\\-wiring") && page.contains(".SH EXTRA"), "{verb}");
        assert!(script.contains(&format!("evenly__subcmd__{verb}")), "{verb}");
    }
    assert!(answer("man find").contains("\\-\\-first"));
}

/// Each example in a help text is a call that would run.
#[test]
fn the_examples_of_each_verb_are_calls_that_would_run() {
    for verb in verbs() {
        let help = answer(&format!("{verb} --help"));
        let examples = help.lines().filter(|line| line.starts_with("  evenly "));
        let examples: Vec<&str> = examples.collect();
        assert!(examples.len() >= 2, "{verb}");
        for line in examples {
            // What stands apart, or behind a pipe, is not the call.
            let call = line.trim_start().split("   ").next().unwrap().split(" | ").next().unwrap();
            let call = format!("{EVENLY} {} --dry-run", call.strip_prefix("evenly ").unwrap());
            let output = Command::new("sh").args(["-c", &call]).output().unwrap();
            assert!(output.status.success(), "{call}: {}", stderr(&output));
            let text = String::from_utf8(output.stdout).unwrap();
            assert!(text.contains(verb), "{call}: {text}");
        }
    }
}

/// The help texts are files, so that a change of them is seen in review. To take over a wanted
/// change: `EVENLY_BLESS=1 cargo test`.
#[test]
fn help_texts_are_as_committed() {
    let others = [
        "run",
        "slurm-script",
        "join",
        "agent",
        "keygen",
        "key",
        "resume",
        "verify",
        "settle",
        "inspect",
        "status",
        "report",
        "lab",
    ];
    let commands = verbs().chain(others);
    let texts = commands.map(|name| (format!("{name} --help"), format!("evenly-{name}.txt")));
    for (words, file) in texts.chain([("--help".to_owned(), "evenly.txt".to_owned())]) {
        let path = format!("{}/../../docs/help/{file}", env!("CARGO_MANIFEST_DIR"));
        let output = support::evenly(&words).env("COLUMNS", "100").output().unwrap();
        assert!(output.status.success() && output.stderr.is_empty());
        let text = String::from_utf8(output.stdout).unwrap();
        if std::env::var_os("EVENLY_BLESS").is_some() {
            std::fs::write(&path, &text).unwrap();
        }
        assert_eq!(text, std::fs::read_to_string(&path).unwrap(), "{path}");
    }
}

#[test]
fn each_verb_lists_only_the_options_that_it_takes() {
    let takes = |verb: &str, option: &str| {
        let texts = [answer(&format!("{verb} --help")), answer(&format!("man {verb}"))];
        let listed = texts.map(|text| text.replace('\\', "").contains(option));
        assert_eq!(listed[0], listed[1], "{verb} {option}");
        listed[0]
    };
    for option in ["[FUNCTION]", "--lib ", "--partial", "--no-status", "--format"] {
        assert!(!takes("run", option), "{option}");
    }
    let script = answer("completions bash");
    let run = script.split("evenly__subcmd__run)").nth(1).unwrap();
    let run = run.split(";;").next().unwrap();
    assert!(run.contains("--keep-order") && !run.contains("--lib"), "{run}");
    for verb in verbs() {
        assert!(takes(verb, "--partial") && takes(verb, "--format"), "{verb}");
        let asks_truth = ["count", "find", "any", "all"].contains(&verb);
        assert_eq!(takes(verb, "--no-status"), asks_truth, "{verb}");
    }
}

/// `evenly --help` has its own list of commands, because clap has no groups of them.
#[test]
fn each_command_stands_in_the_list_of_all_with_its_summary() {
    let all = answer("--help");
    let list = all.split_once("\nQuestions:\n").unwrap().1.split_once("\nOptions:\n").unwrap().0;
    let lines: Vec<&str> = list.lines().filter(|line| line.starts_with("  ")).collect();
    let script = answer("completions bash");
    let names = script.lines().filter_map(|line| line.trim().strip_prefix("evenly,"));
    let names: Vec<&str> = names.filter_map(|name| name.strip_suffix(")")).collect();
    assert!(names.len() > 20 && names.len() == lines.len(), "{names:?} {lines:?}");
    for name in names {
        let help = answer(&format!("{name} --help"));
        let expected = format!("  {name:<12}  {}", help.lines().next().unwrap());
        assert!(lines.contains(&&*expected), "{expected}");
    }
}

/// A question has some options of its own; all that it shares with the others stand under headings.
#[test]
fn options_stand_under_headings() {
    const HEADINGS: [&str; 8] = [
        "Items",
        "Commands",
        "Journal",
        "Workers and machines",
        "Chunks and pace",
        "Limits",
        "Logs and messages",
        "Wiring",
    ];
    for verb in verbs().chain(["run"]) {
        let help = answer(&format!("{verb} --help"));
        let headings = help.lines().filter(|line| {
            line.ends_with(':') && line.matches(':').count() == 1 && !line.starts_with(' ')
        });
        let mut headings: Vec<&str> = headings.map(|line| line.trim_end_matches(':')).collect();
        headings.retain(|heading| !["Arguments", "Options", "Examples"].contains(heading));
        headings.retain(|heading| *heading != "Output of commands" || verb != "run");
        assert_eq!(headings, HEADINGS, "{verb}");
        let own = help.split_once("\nOptions:\n").unwrap().1.split_once("\n\n").unwrap().0;
        let own = own.lines().filter_map(|line| line.trim().split_once("--")).map(|(_, it)| it);
        let own: Vec<&str> = own.map(|it| it.split([' ', '[']).next().unwrap()).collect();
        let known = ["first", "bins", "lib", "partial", "format", "no-status", "help"];
        assert!(own.iter().all(|option| known.contains(option)), "{verb}: {own:?}");
    }
}

#[test]
fn help_is_a_command_too() {
    assert_eq!(answer("help run"), answer("run --help"));
    assert_eq!(answer("help"), answer("--help"));
}
