//! Tests of `evenly report`: pages of real runs, refused files, and pages in a browser.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "report/browser.rs"]
mod browser;
#[path = "report/pages.rs"]
mod pages;
mod support;

use libtest_mimic::{Failed, Trial};
use std::path::PathBuf;
use std::process::Output;

/// A directory for the files of one test, removed afterwards.
struct RunFolder(PathBuf);

impl RunFolder {
    fn new(name: &str) -> Self {
        let path = evenly_testkit::directory::in_memory()
            .join(format!("evenly-report-{}-{name}", std::process::id()));
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn run(&self, words: &[&str]) -> Output {
        let mut command = support::evenly("");
        command.args(words).current_dir(&self.0).env("XDG_STATE_HOME", &self.0).output().unwrap()
    }

    /// The page of these files, with plain spaces in its numbers.
    fn page(&self, files: &str) -> String {
        let mut words = vec!["report"];
        words.extend(files.split(' '));
        words.extend(["-o", "page.html"]);
        let output = self.run(&words);
        assert!(output.status.success(), "{}", support::stderr(&output));
        assert!(output.stdout.is_empty());
        assert!(support::stderr(&output).starts_with("evenly: wrote page.html ("));
        std::fs::read_to_string(self.path("page.html")).unwrap().replace('\u{202f}', " ")
    }
}

impl Drop for RunFolder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A test that fails by panicking, if what it needs is there.
fn test(name: &str, needs: &[&str], test: fn()) -> Trial {
    support::needing(needs, name, move || {
        test();
        Ok::<(), Failed>(())
    })
}

fn main() {
    support::inherited::with_default_signals();
    let arguments = evenly_testkit::harness::arguments(4);
    let tests = vec![
        test("one_page_has_what_three_files_know", &[], pages::one_page_has_what_three_files_know),
        test("a_journal_alone_has_a_page", &[], pages::a_journal_alone_has_a_page),
        test(
            "failures_of_a_journal_have_rerun_lines_that_work",
            &["sh"],
            pages::failures_of_a_journal_have_rerun_lines_that_work,
        ),
        test("a_killed_run_has_a_page", &["sh"], pages::a_killed_run_has_a_page),
        test("items_with_a_step_have_a_page", &[], pages::items_with_a_step_have_a_page),
        test(
            "other_files_are_refused_in_one_line",
            &[],
            pages::other_files_are_refused_in_one_line,
        ),
        test(
            "a_page_replaces_no_file_that_it_reads",
            &[],
            pages::a_page_replaces_no_file_that_it_reads,
        ),
        test("events_may_come_through_a_pipe", &["bash"], pages::events_may_come_through_a_pipe),
        test(
            "no_page_is_wider_than_its_window",
            &["chromium", "sh"],
            browser::no_page_is_wider_than_its_window,
        ),
    ];
    libtest_mimic::run(&arguments, tests).exit();
}
