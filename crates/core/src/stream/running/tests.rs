//! Output of running commands: what leaves at once, what waits, and what a lost worker leaves behind.

use super::*;
use crate::aggregate::{Aggregate, Value};
use crate::interval::Interval;
use crate::partial::Partial;
use crate::stream::StreamOutput;
use proptest::prelude::*;
use std::string::String;
use std::vec;

const A: WorkerId = WorkerId(0);
const B: WorkerId = WorkerId(1);

struct Output(Stream);

impl Output {
    fn new(in_order: bool) -> Self {
        Self(Stream::new(Aggregate::Run { in_order }, Some(0)))
    }

    fn text(&mut self, n: i64, worker: WorkerId, text: &str, is_open: bool) {
        self.0.put_text((n, worker), text.as_bytes(), is_open);
    }

    /// The answer of a command with the rest of its output.
    fn end(&mut self, n: i64, worker: WorkerId, text: &str) {
        let value =
            Value::Lines { lines: u64::from(!text.is_empty()), text: text.as_bytes().to_vec() };
        let mut record = Record::of(Partial::over(Interval::single(n), value), worker);
        self.0.answered(Interval::single(n), worker, &mut record);
        self.0.put(&mut record);
    }

    /// What has left, and the bytes for which each worker gets credit.
    fn passed(&mut self) -> (String, [u64; 3]) {
        let (mut text, mut merged) = (String::new(), [0; 3]);
        while let Some(passed) = self.0.pass() {
            match passed {
                StreamOutput::Lines(lines) => text += core::str::from_utf8(&lines).unwrap(),
                StreamOutput::Merged(worker, bytes) => merged[worker.0 as usize] += bytes,
            }
        }
        (text, merged)
    }
}

#[test]
fn whole_lines_leave_at_once_in_any_order() {
    let mut output = Output::new(false);
    output.text(5, A, "a\n", false);
    output.text(2, B, "b\nc\n", false);
    assert_eq!(output.passed(), ("a\nb\nc\n".into(), [2, 4, 0]));
    output.end(2, B, "");
    output.end(5, A, "rest");
    assert_eq!(output.passed().0, "rest");
    assert!(output.0.is_empty());
}

#[test]
fn output_that_must_stand_together_holds_back_that_of_others() {
    let mut output = Output::new(false);
    output.text(0, A, "one ", true);
    output.text(1, B, "two ", true);
    output.text(1, B, "three\n", true);
    output.end(2, B, "small\n");
    assert!(output.0.holds_back(B) && !output.0.holds_back(A));
    output.text(0, A, "line", true);
    assert_eq!(output.passed(), ("one line".into(), [8, 0, 0]));
    assert!(!output.0.is_empty(), "output of a command that is done waits");
    output.end(0, A, "\n");
    let (text, _) = output.passed();
    assert_eq!(text, "\nsmall\ntwo three\n");
    // That command holds the stream in its turn.
    output.text(3, A, "x\n", false);
    assert_eq!(output.passed().0, "");
    output.end(1, B, "four\n");
    assert_eq!(output.passed().0, "four\nx\n");
    assert!(output.0.is_empty());
}

#[test]
fn in_order_the_lowest_flows_and_the_others_wait() {
    let mut output = Output::new(true);
    output.text(1, B, "b\n", false);
    output.text(0, A, "a\n", false);
    assert_eq!(output.passed().0, "a\n");
    output.end(2, B, "c\n");
    output.text(0, A, "aa\n", false);
    output.end(0, A, "");
    assert_eq!(output.passed().0, "aa\nb\n");
    output.text(1, B, "bb\n", false);
    assert_eq!(output.passed().0, "bb\n");
    output.end(1, B, "bbb\n");
    assert_eq!(output.passed().0, "bbb\nc\n");
}

#[test]
fn a_lost_worker_ends_its_line_and_what_was_held_of_it_is_dropped() {
    for in_order in [false, true] {
        let mut output = Output::new(in_order);
        output.text(0, A, "half", true);
        output.text(1, B, "other\n", false);
        output.0.drop_text(A);
        output.end(1, B, "");
        let expected = if in_order { "half\n" } else { "half\nother\n" };
        assert_eq!(output.passed().0, expected);
        output.text(2, A, "held\n", true);
        output.0.drop_text(A);
        output.text(0, B, "half again\n", true);
        output.end(0, B, "");
        let after = output.passed();
        let expected = if in_order { "half again\nother\n" } else { "held\nhalf again\n" };
        assert_eq!(after.0, expected);
        assert!(output.0.is_empty());
    }
}

#[test]
fn an_answer_that_arrived_before_its_worker_was_lost_counts() {
    let mut output = Output::new(false);
    output.text(0, A, "half", true);
    let value = Value::Lines { lines: 1, text: b" whole\n".to_vec() };
    let mut record = Record::of(Partial::over(Interval::single(0), value), A);
    output.0.answered(Interval::single(0), A, &mut record);
    output.0.drop_text(A);
    output.0.put(&mut record);
    assert_eq!(output.passed().0, "half whole\n");
}

#[test]
fn commands_ended_by_force_pass_on_their_rest_behind_what_they_printed() {
    for in_order in [false, true] {
        let mut output = Output::new(in_order);
        output.text(0, A, "be", true);
        output.text(1, B, "x\n", false);
        output.0.put_interrupted(0, b"gun\n");
        output.0.put_interrupted(1, b"y\n");
        output.0.pass_over_gaps(&[]);
        output.0.pass_interrupted(|_| false);
        assert_eq!(output.passed().0, "begun\nx\ny\n");
    }
}

/// What one of several commands does next: prints a part (open or not), ends, or loses its worker.
type Step = (usize, u8, bool);

proptest! {
    /// Three workers run commands that print lines of their own; each line of the output is whole and of one command,
    /// and the answer of a command ends its output.
    #[test]
    fn no_line_is_mixed_and_no_output_of_a_finished_command_is_missing(
        steps in prop::collection::vec((0usize..3, 0u8..8, any::<bool>()), 1..200), in_order: bool,
    ) {
        let mut output = Output::new(in_order);
        let mut next = 3;
        // Of each worker: its number, how many lines it has printed, and whether it is in a line.
        let mut commands = [(0, 0, false), (1, 0, false), (2, 0, false)];
        let mut waiting: Vec<i64> = vec![];
        let mut ended = vec![];
        let line = |n: i64, at: u32| std::format!("{n}:{at};");
        for (index, step, is_open) in steps {
            let step: Step = (index, step, is_open);
            let worker = WorkerId(step.0 as u32);
            let (n, lines, is_in_line) = &mut commands[step.0];
            match step.1 {
                0 => {
                    // Lost in any state; the number is run again.
                    output.0.drop_text(worker);
                    waiting.push(*n);
                }
                1 => {
                    output.end(*n, worker, if *is_in_line { "\n" } else { "" });
                    ended.push((*n, *lines));
                }
                _ if *is_in_line => {
                    output.text(*n, worker, "\n", step.2);
                    *is_in_line = false;
                    continue;
                }
                _ => {
                    *is_in_line = step.2;
                    let end = if step.2 { "" } else { "\n" };
                    output.text(*n, worker, &(line(*n, *lines) + end), step.2);
                    *lines += 1;
                    continue;
                }
            }
            let following = waiting.pop().unwrap_or_else(|| { next += 1; next - 1 });
            commands[step.0] = (following, 0, false);
        }
        for (index, (n, lines, is_in_line)) in commands.into_iter().enumerate() {
            output.end(n, WorkerId(index as u32), if is_in_line { "\n" } else { "" });
            ended.push((n, lines));
        }
        output.0.pass_over_gaps(&[]);
        let (text, _) = output.passed();
        prop_assert!(output.0.is_empty());
        let mut printed: Vec<&str> = text.split_terminator('\n').collect();
        prop_assert!(printed.iter().all(|line| line.ends_with(';') && line.matches(';').count() == 1), "{text:?}");
        printed.sort_unstable();
        for (n, lines) in ended {
            for at in 0..lines {
                prop_assert!(printed.binary_search(&line(n, at).as_str()).is_ok(), "{n}:{at} in {text}");
            }
        }
    }
}
