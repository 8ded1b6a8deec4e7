//! Runs the first command of each row of docs/questions.md, and with `--ignored` the longer one too.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use libtest_mimic::{Failed, Trial};
use std::path::Path;
use std::process::Command;
use support::EVENLY;

fn main() {
    support::inherited::with_default_signals();
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/questions.md");
    let page = std::fs::read_to_string(page).unwrap();
    let rows: Vec<Row> = page.lines().filter_map(Row::parse).collect();
    let mut trials = vec![Trial::test("the_page_has_28_questions", {
        let count = rows.len();
        move || if count >= 28 { Ok(()) } else { Err(format!("{count} questions").into()) }
    })];
    for row in rows {
        let Row { question, verb, expression, short, long } = row;
        let ask = |(range, answer): (String, String)| {
            let words = [verb.clone(), expression.clone(), range];
            move || check(&words, &answer)
        };
        trials.push(Trial::test(&question, ask(short)));
        trials.push(Trial::test(format!("{question}, longer"), ask(long)).with_ignored_flag(true));
    }
    libtest_mimic::run(&evenly_testkit::harness::arguments(4), trials).exit();
}

/// One line of the table: a question over two ranges, with their answers.
struct Row {
    question: String,
    verb: String,
    expression: String,
    short: (String, String),
    long: (String, String),
}

impl Row {
    /// Of a line with a command; `None` for another line.
    fn parse(line: &str) -> Option<Self> {
        let cells: Vec<&str> = line.strip_prefix("| ")?.strip_suffix(" |")?.split(" | ").collect();
        let [question, command, answer, range, long_answer, _] = cells[..] else { return None };
        let command = command.strip_prefix("`evenly ")?.strip_suffix('`')?;
        let (verb, rest) = command.split_once(" '")?;
        let (expression, short_range) = rest.split_once("' ")?;
        let long_range = range.trim_matches('`');
        Some(Self {
            question: question.to_owned(),
            verb: verb.to_owned(),
            expression: expression.to_owned(),
            short: (short_range.to_owned(), answer.to_owned()),
            long: (long_range.to_owned(), long_answer.to_owned()),
        })
    }
}

fn check(words: &[String], answer: &str) -> Result<(), Failed> {
    let output = Command::new(EVENLY).args(words).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let given: Vec<&str> = text.split_whitespace().collect();
    let given = given.join(" ");
    if given == answer && output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!("{words:?} gives '{given}', not '{answer}'; {said}").into())
}
