//! Pages from logs that a test writes: what they say, and how large they are.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use evenly_report::{AnswerFacts, JournalFacts, JournalWindow, ReportPage, SourceError};
use std::fmt::Write;

/// Most bytes of a page. docs/report.md and the help say so.
const MOST: usize = 300_000;

fn started(range: &str, unix: u64) -> String {
    let (start, end) = range.split_once("..").unwrap();
    format!(
        r#"{{"version":1,"time_s":0.0,"event":"started","unix_time_s":{unix}.0,"pid":7,"command":"count","function":"odd","range":["{start}","{end}"],"workers":2,"split":"timed","host":"node7","processors":8,"program_version":"0.1.0"}}
"#
    )
}

fn event(time: f64, rest: &str) -> String {
    format!("{{\"version\":1,\"time_s\":{time},\"event\":{rest}}}\n")
}

fn page_of_events(text: &str) -> String {
    let mut page = ReportPage::new();
    page.read_events("events", text.as_bytes()).unwrap();
    plain(&page.html())
}

/// A page with plain spaces in its numbers.
fn plain(html: &str) -> String {
    html.replace('\u{202f}', " ")
}

fn has(page: &str, expected: &[&str]) {
    for text in expected {
        assert!(page.contains(text), "'{text}' is missing in:\n{page}");
    }
}

fn journal(answer: AnswerFacts) -> JournalFacts {
    JournalFacts {
        command: "run".to_owned(),
        function: "command".to_owned(),
        program: "abc".to_owned(),
        version: "0.1.0".to_owned(),
        part: None,
        items: "0..1000".parse().unwrap(),
        changes: 0,
        call: Some(("evenly run 0..1000 -- ./x {}".to_owned(), "/data".to_owned())),
        resume: "evenly resume j".to_owned(),
        retry_failed: "evenly resume j --retry-failed".to_owned(),
        done: 990,
        failed: 10,
        missing: 0,
        is_complete: false,
        answer,
    }
}

#[test]
fn a_finished_run_says_its_answer_and_its_rate() {
    let mut text = started("0..1000", 1_700_000_000);
    text += &event(0.1, r#""worker_started","worker":1,"pid":8"#);
    text += &event(1.0, r#""progress","covered":"400","total":"1000","failed":"0","workers":1"#);
    text += &event(
        2.0,
        r#""finished","answer":"500","complete":true,"failed":"0","workers":1,"losses":0,"elapsed_s":2.0,"status":0"#,
    );
    let page = page_of_events(&text);
    has(
        &page,
        &[
            "<title>evenly count odd 0..1000</title>",
            ">Complete</span>",
            "<p class=answer>500</p>",
            "<b>500 /s</b>",
            "400 /s done",
            "node7",
            "2023-11-14 22:13:20 UTC",
            "100 % done",
            "<code>--joblog FILE</code>",
        ],
    );
    assert!(!page.contains("<script"), "{page}");
}

#[test]
fn losses_are_counted_by_their_reason_with_what_went_to_others() {
    let mut text = started("0..1000", 0);
    for worker in 1..=2 {
        text += &event(0.0, &format!(r#""worker_started","worker":{worker},"pid":{worker}"#));
    }
    for time in [1.0, 2.0] {
        text += &event(
            time,
            r#""worker_lost","worker":2,"pid":2,"signal":9,"reason":null,"chunks":3,"numbers":"30""#,
        );
        text += &event(time, r#""worker_started","worker":2,"pid":9"#);
    }
    text += &event(4.0, r#""ended","why":"deadline","error":"the deadline passed","status":124"#);
    let page = page_of_events(&text);
    has(
        &page,
        &[
            ">Ended early</span>deadline, exit status 124. the deadline passed",
            "2 losses (signal 9): 6 chunks with 60 numbers went to others.",
            "<td>signal 9</td><td class=n>2</td><td class=n>6</td><td class=n>60</td>",
            "worker 2, 2 losses",
        ],
    );
}

#[test]
fn failures_have_the_lines_that_run_them_again() {
    let mut text = started("0..1000000", 0);
    for n in 0..2000 {
        let rest = format!(
            r#""failed","first":"{n}","last":"{n}","cause":"exit {}","rerun":"evenly count odd {n}..={n} <b>""#,
            n % 2
        );
        text += &event(f64::from(n) / 1000.0, &rest);
    }
    let page = page_of_events(&text);
    has(
        &page,
        &[
            "2 000 numbers failed",
            "exit 1 <span class=where>1 000 numbers, 50 %</span>",
            "evenly count odd 1..=1 &lt;b&gt;\nevenly count odd 3..=3 &lt;b&gt;",
            "and 995 other places",
            ">No end</span>The events have no end: the run is at work, or it was killed.",
        ],
    );
}

#[test]
fn a_log_that_is_cut_or_has_foreign_lines_is_read_as_far_as_it_goes() {
    let text =
        started("0..10", 0) + "nonsense\n{\"time_s\":1}\n{\"event\":7}\n\n{\"version\":1,\"time";
    let page = page_of_events(&text);
    has(
        &page,
        &[
            "The last line of &#39;events&#39; is cut",
            "4 lines of &#39;events&#39; could not be read",
        ],
    );
    for text in ["", "{\"event\":\"progress\"}\n", "nonsense"] {
        let mut page = ReportPage::new();
        let refused = page.read_events("x", text.as_bytes()).unwrap_err();
        assert!(matches!(refused, SourceError::NotEvents { .. }), "{refused}");
        assert!(refused.to_string().starts_with("'x' has no events"), "{refused}");
    }
}

#[test]
fn files_of_two_jobs_are_refused() {
    let mut page = ReportPage::new();
    page.set_journal("j", journal(AnswerFacts::None));
    let refused = page.read_events("e", started("0..1000", 0).as_bytes()).unwrap_err();
    let expected = "'e' is of another job: 'count odd' there, 'run command' in the other files";
    assert!(refused.to_string().starts_with(expected), "{refused}");
}

#[test]
fn an_empty_range_and_the_whole_of_64_bits_have_pages() {
    let end = event(0.1, r#""finished","answer":"0","complete":true,"failed":"0","status":0"#);
    let page = page_of_events(&(started("5..5", 0) + &end));
    has(&page, &[">Complete</span>The range is empty: there was nothing to do."]);
    let whole = "-9223372036854775808..9223372036854775808";
    let page = page_of_events(&(started(whole, 0) + &end));
    has(&page, &["9.223e18", "100 % done"]);
}

/// A job log in which every 1000th chunk was lost at first, and numbers above the middle cost ten times as much.
fn joblog(chunks: u64) -> String {
    let mut text =
        "Seq\tHost\tStarttime\tJobRuntime\tSend\tReceive\tExitval\tSignal\tCommand\n".to_owned();
    let mut began = 1_700_000_000.0;
    let mut seq = 0;
    for chunk in 0..chunks {
        let took = if chunk < chunks / 2 { 0.001 } else { 0.01 };
        let (first, end) = (chunk * 10, chunk * 10 + 10);
        for signal in [9, 0].into_iter().skip(usize::from(chunk % 1000 != 0)) {
            seq += 1;
            let _ = writeln!(
                text,
                "{seq}\tnode{}\t{began:.3}\t{took:10.3}\t0\t0\t0\t{signal}\tevenly count odd {first}..{end}",
                chunk % 3
            );
            began += took / 2.0;
        }
    }
    text
}

/// Pieces of the page that are marks of a chart.
fn marks(page: &str) -> usize {
    page.matches("<rect").count()
}

#[test]
fn the_size_of_a_page_does_not_depend_on_the_number_of_chunks() {
    let html = |chunks: u64| {
        let mut text = started(&format!("0..{}", chunks * 10), 1_700_000_000);
        for worker in 1..=100 {
            text += &event(0.0, &format!(r#""worker_started","worker":{worker},"pid":{worker}"#));
        }
        for loss in 0..chunks / 20 {
            let (time, worker) = (loss as f64 / 10.0, loss % 100 + 1);
            let rest = format!(
                r#""worker_lost","worker":{worker},"pid":2,"signal":{},"reason":null,"chunks":3,"numbers":"30""#,
                loss % 64
            );
            text += &event(time, &rest);
            text += &event(time, &format!(r#""worker_started","worker":{worker},"pid":9"#));
            let rest = format!(
                r#""failed","first":"{loss}","last":"{loss}","cause":"exit {}","rerun":"evenly count odd {loss}""#,
                loss % 200
            );
            text += &event(time, &rest);
        }
        let mut page = ReportPage::new();
        page.read_events("events", text.as_bytes()).unwrap();
        page.read_joblog("joblog", joblog(chunks).as_bytes()).unwrap();
        page.html()
    };
    let (small, large, huge) = (html(10), html(40_000), html(200_000));
    assert!(small.len() < 60_000, "{}", small.len());
    assert!(huge.len() < MOST, "{}", huge.len());
    assert!(huge.len() < large.len() * 5 / 4, "{} {}", large.len(), huge.len());
    assert!(marks(&huge) < 4000, "{}", marks(&huge));
}

#[test]
fn a_job_log_alone_says_cost_coverage_and_the_slowest() {
    let mut page = ReportPage::new();
    page.read_joblog("joblog", joblog(2000).as_bytes()).unwrap();
    let page = plain(&page.html());
    has(
        &page,
        &[
            "job log joblog",
            "Cost of a number",
            "0..128: mean 100 µs, in the dearest chunk 100 µs each",
            "<td class=n>10 ms</td><td class=n>1 ms</td><td>node2</td>",
            "in chunks that failed or were lost (11 ms)",
            "It does not say how the run ended.",
            "<code>--events FILE</code>",
        ],
    );
}

#[test]
fn a_journal_says_coverage_failures_windows_and_answer() {
    let mut page = ReportPage::new();
    page.set_journal("j", journal(AnswerFacts::Histogram(vec![("1".to_owned(), 990)])));
    page.add_done(0, 499);
    page.add_done(510, 999);
    page.add_failed((500, 509), "signal 11", || Some("evenly run 500..=509".to_owned()));
    for window in 0..100 {
        page.add_window(&JournalWindow {
            positions: (window * 10, window * 10 + 9),
            times: Some((1_700_000_000_000 + window, 1_700_000_000_005 + window)),
            is_done: window != 50,
        });
    }
    let page = plain(&page.html());
    has(
        &page,
        &[
            ">Failures</span>10 numbers failed; all others are done.",
            "<b>1</b><u style=\"width:100.00%\"></u><span>990</span>",
            "evenly run 500..=509",
            "evenly resume j --retry-failed",
            "505..510: 0 % done, 5 failed",
            "The slowest windows",
            "<th>directory</th><td class=code>/data</td>",
        ],
    );
}

#[test]
fn the_calls_of_a_resumed_run_follow_each_other() {
    let mut text = started("0..100", 1_000);
    text += &event(2.0, r#""ended","why":"signal 2","status":130"#);
    text += &started("0..100", 90_000);
    text += &event(0.0, r#""journal_resumed","path":"j","done":"50","failed":"0""#);
    text += &event(
        3.0,
        r#""finished","answer":"50","complete":true,"failed":"0","elapsed_s":3.0,"status":0"#,
    );
    let page = page_of_events(&text);
    has(&page, &["<b>5 s</b><span>in 2 calls</span>", "path class=call", ">Complete</span>"]);
}
