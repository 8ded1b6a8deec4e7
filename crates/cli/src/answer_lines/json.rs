//! Streaming converter from answer lines to the elements of a JSON array.

use crate::rerun::Rerun;
use evenly::Interval;

/// The JSON form of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ElementForm {
    /// `3` becomes `"3"`.
    Number,
    /// `3<tab>9` becomes `["3","9"]`.
    Pair,
    /// `3<tab>signal 11` becomes `{"first":"3","last":"3","cause":"signal 11","rerun":…}`, and so do its neighbours
    /// with it if theirs is the same cause. `3<tab>signal 11<tab>TEXT` has `"text":"TEXT"`, and no neighbours.
    Failure,
}

/// State of the converter.
pub(super) struct JsonLines {
    /// The text before the first element, until it is written.
    head: Option<String>,
    entry: ElementForm,
    rerun: Rerun,
    has_elements: bool,
    /// Neighbouring failures of one cause that are not written yet.
    run: Option<FailureRun>,
    text: Vec<u8>,
}

/// Numbers in a row that failed of the same cause.
struct FailureRun {
    first: i64,
    last: i64,
    cause: Vec<u8>,
    /// The text that the one number stands for.
    text: Option<String>,
}

impl JsonLines {
    pub(super) fn new(head: String, entry: ElementForm, rerun: Rerun) -> Self {
        Self { head: Some(head), entry, rerun, has_elements: false, run: None, text: vec![] }
    }

    /// Whether anything is written.
    pub(super) fn has_begun(&self) -> bool {
        self.head.is_none()
    }

    /// Converts whole lines.
    pub(super) fn add<'a>(&'a mut self, lines: &[u8]) -> &'a [u8] {
        if lines.is_empty() {
            return &[];
        }
        self.begin();
        for line in lines.split_inclusive(|byte| *byte == b'\n') {
            let line = line.strip_suffix(b"\n").unwrap_or(line);
            match self.entry {
                ElementForm::Number => self.element(b"\"", &[line], b"\""),
                ElementForm::Pair => {
                    let (n, value) = halves(line);
                    self.element(b"[\"", &[n, value], b"\"]");
                }
                ElementForm::Failure => self.failure(line),
            }
        }
        &self.text
    }

    /// The rest of the elements, and the end of the object.
    pub(super) fn end(&mut self, tail: &str) -> Vec<u8> {
        self.begin();
        self.end_run();
        self.text.extend_from_slice(tail.as_bytes());
        std::mem::take(&mut self.text)
    }

    fn begin(&mut self) {
        self.text.clear();
        if let Some(head) = self.head.take() {
            self.text.extend_from_slice(head.as_bytes());
        }
    }

    /// Adds an element. Numbers and causes contain no characters that JSON escapes.
    fn element(&mut self, before: &[u8], parts: &[&[u8]], after: &[u8]) {
        if std::mem::replace(&mut self.has_elements, true) {
            self.text.push(b',');
        }
        self.text.extend_from_slice(before);
        for (place, part) in parts.iter().enumerate() {
            if place > 0 {
                self.text.extend_from_slice(b"\",\"");
            }
            self.text.extend_from_slice(part);
        }
        self.text.extend_from_slice(after);
    }

    fn failure(&mut self, line: &[u8]) {
        let (n, cause) = halves(line);
        let tab = cause.iter().position(|byte| *byte == b'\t');
        let text = tab.map(|tab| String::from_utf8_lossy(&cause[tab + 1..]).into_owned());
        let cause = &cause[..tab.unwrap_or(cause.len())];
        let n = std::str::from_utf8(n).ok().and_then(|n| n.parse::<i64>().ok()).unwrap_or_default();
        if let Some(run) = &mut self.run
            && run.last.checked_add(1) == Some(n)
            && run.cause == cause
            && run.text.is_none()
            && text.is_none()
        {
            run.last = n;
            return;
        }
        self.end_run();
        self.run = Some(FailureRun { first: n, last: n, cause: cause.to_vec(), text });
    }

    fn end_run(&mut self) {
        if let Some(FailureRun { first, last, cause, text }) = self.run.take() {
            let before = format!("{{\"first\":\"{first}\",\"last\":\"{last}\",\"cause\":\"");
            let again = Interval::new(first, last).map(|interval| self.rerun.closed(interval));
            // A string is always valid JSON.
            let again = serde_json::to_string(&again).unwrap_or_default();
            let text = text.and_then(|text| serde_json::to_string(&text).ok());
            let text = text.map_or_else(String::new, |text| format!("\"text\":{text},"));
            let after = format!("\",{text}\"rerun\":{again}}}");
            self.element(before.as_bytes(), &[&cause], after.as_bytes());
        }
    }
}

/// The parts of a line before and after its first tab.
fn halves(line: &[u8]) -> (&[u8], &[u8]) {
    let tab = line.iter().position(|byte| *byte == b'\t').unwrap_or(line.len());
    (&line[..tab], line.get(tab + 1..).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(entry: ElementForm, pieces: &[&str]) -> serde_json::Value {
        let mut lines = JsonLines::new("{\"answer\":[".to_owned(), entry, rerun());
        let mut text = vec![];
        for piece in pieces {
            text.extend_from_slice(lines.add(piece.as_bytes()));
        }
        text.extend(lines.end("]}"));
        serde_json::from_slice::<serde_json::Value>(&text).unwrap()["answer"].clone()
    }

    fn rerun() -> Rerun {
        Rerun::new("failures", evenly::function::named("even").unwrap().typed())
    }

    #[test]
    fn numbers_and_pairs() {
        let expected = serde_json::json!(["-3", "5", "7"]);
        assert_eq!(object(ElementForm::Number, &["-3\n5\n", "7\n"]), expected);
        let expected =
            serde_json::json!([["0", "1"], ["1", "-170141183460469231731687303715884105728"]]);
        let lines = ["0\t1\n", "1\t-170141183460469231731687303715884105728\n"];
        assert_eq!(object(ElementForm::Pair, &lines), expected);
        assert_eq!(object(ElementForm::Pair, &[]), serde_json::json!([]));
    }

    #[test]
    fn failures_in_a_row_of_the_same_cause_are_one() {
        let failed = |first: &str, last: &str, cause: &str| serde_json::json!({"first": first, "last": last, "cause": cause, "rerun": format!("evenly failures even {first}..={last}")});
        let pieces = ["-1\toverflow\n0\toverflow\n", "1\toverflow\n2\texit 9\n", "4\texit 9\n"];
        let expected = [failed("-1", "1", "overflow"), failed("2", "2", "exit 9")];
        let expected = serde_json::json!([expected[0], expected[1], failed("4", "4", "exit 9")]);
        assert_eq!(object(ElementForm::Failure, &pieces), expected);
        let texts = object(ElementForm::Failure, &["1\texit 9\ta \"b\n2\texit 9\t\n"]);
        assert_eq!((&texts[0]["text"], &texts[1]["text"]), (&"a \"b".into(), &"".into()));
    }

    #[test]
    fn nothing_begins_before_the_first_line() {
        let mut lines = JsonLines::new("{".to_owned(), ElementForm::Number, rerun());
        assert!(!lines.has_begun());
        assert_eq!(lines.add(b"1\n"), b"{\"1\"");
        assert!(lines.has_begun());
    }
}
