//! Tests of journals: runs that are killed at random and at each system call and then resumed, full disks, two
//! primaries, journals of other jobs, `verify`.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "journal/automatic.rs"]
mod automatic;
#[path = "journal/backfill.rs"]
mod backfill;
#[path = "journal/commands.rs"]
mod commands;
#[path = "journal/disks.rs"]
mod disks;
#[path = "journal/files.rs"]
mod files;
#[path = "journal/grown.rs"]
mod grown;
#[path = "journal/house.rs"]
mod house;
#[path = "journal/injected.rs"]
mod injected;
#[path = "journal/killed.rs"]
mod killed;
#[path = "journal/once.rs"]
mod once;
#[path = "journal/parts.rs"]
mod parts;
#[path = "journal/parts_of_items.rs"]
mod parts_of_items;
#[path = "journal/refused.rs"]
mod refused;
#[path = "journal/settle.rs"]
mod settle;
mod support;
#[path = "journal/together.rs"]
mod together;
#[path = "journal/unanswered.rs"]
mod unanswered;

use libtest_mimic::{Failed, Trial};
use support::needing;

/// A test by its row in the table; it fails by panicking.
fn row(name: &str, needs: &[&str], test: fn()) -> Trial {
    needing(needs, name, move || {
        test();
        Ok::<(), Failed>(())
    })
}

/// One that takes minutes: run by name, or with `--ignored`.
fn longer(name: &str, needs: &[&str], test: fn()) -> Trial {
    row(name, needs, test).with_ignored_flag(true)
}

fn main() {
    support::inherited::with_default_signals();
    let arguments = evenly_testkit::harness::arguments(8);
    let tests = vec![
        row("row_16_killed_at_random", &[], killed::at_random),
        row("row_16_a_stopped_run_goes_on", &[], killed::a_stopped_run_goes_on),
        row("row_16_killed_at_calls", &["strace"], injected::killed_at_some_calls),
        longer("row_16_killed_at_every_call", &["strace"], injected::killed_at_every_call),
        row("row_20_errors_at_calls", &["strace"], injected::errors_at_some_calls),
        longer("row_20_errors_at_every_call", &["strace"], injected::errors_at_every_call),
        row("row_20_full_disk", &["root", "mount"], disks::full_disk),
        row("row_20_limit_of_files", &[], disks::limit_of_files),
        row(
            "a_journal_that_is_removed_or_renamed_ends_the_run_by_name",
            &[],
            disks::a_journal_that_is_removed_or_renamed_ends_the_run_by_name,
        ),
        row("row_21_two_primaries", &[], refused::two_primaries),
        row("row_22_another_job", &[], refused::another_job),
        row(
            "an_answer_over_two_functions_is_said_to_be_one",
            &[],
            refused::an_answer_over_two_functions_is_said_to_be_one,
        ),
        row("what_is_there_is_not_overwritten", &[], refused::what_is_there),
        row(
            "a_journal_that_cannot_be_read_is_named_with_the_cause",
            &["root", "setpriv"],
            refused::a_journal_that_cannot_be_read_is_named_with_the_cause,
        ),
        row("parts_of_every_verb_are_one_answer", &[], parts::parts_of_every_verb_are_one_answer),
        row(
            "sixteen_parts_with_kills_are_one_answer",
            &[],
            parts::sixteen_parts_with_kills_are_one_answer,
        ),
        row("a_missing_part_is_named", &[], parts::a_missing_part_is_named),
        row(
            "parts_are_merged_when_none_is_missing",
            &[],
            parts::parts_are_merged_when_none_is_missing,
        ),
        row(
            "a_part_of_another_job_is_refused_by_name",
            &[],
            parts::a_part_of_another_job_is_refused_by_name,
        ),
        row("a_part_that_ran_twice_counts_once", &[], parts::a_part_that_ran_twice_counts_once),
        row("two_writers_of_one_part_do_not_mix", &[], parts::two_writers_of_one_part_do_not_mix),
        row(
            "a_part_is_resumed_outside_of_its_array_task",
            &[],
            parts::a_part_is_resumed_outside_of_its_array_task,
        ),
        row("journals_of_different_steps_merge", &[], parts::journals_of_different_steps_merge),
        row("parts_of_doubles_are_one_exact_sum", &[], parts::parts_of_doubles_are_one_exact_sum),
        row("parts_of_lines_run_each_line_once", &[], parts::parts_of_lines_run_each_line_once),
        row(
            "parts_of_all_kinds_of_items_are_one_answer",
            &[],
            parts_of_items::parts_of_all_kinds_of_items_are_one_answer,
        ),
        row(
            "a_missing_part_of_any_items_is_named",
            &[],
            parts_of_items::a_missing_part_of_any_items_is_named,
        ),
        row(
            "a_part_of_any_items_that_ran_twice_is_compared",
            &[],
            parts_of_items::a_part_of_any_items_that_ran_twice_is_compared,
        ),
        row(
            "two_writers_of_a_part_of_lines_or_of_a_grid_do_not_mix",
            &[],
            parts_of_items::two_writers_of_a_part_of_lines_or_of_a_grid_do_not_mix,
        ),
        row(
            "tasks_of_each_array_engine_do_the_whole",
            &[],
            parts_of_items::tasks_of_each_array_engine_do_the_whole,
        ),
        row(
            "the_script_for_mpi_does_a_part_in_each_rank",
            &[],
            parts::the_script_for_mpi_does_a_part_in_each_rank,
        ),
        row(
            "the_manifests_have_the_fields_on_which_parts_depend",
            &["python3"],
            parts::the_manifests_have_the_fields_on_which_parts_depend,
        ),
        row("failures_are_known", &[], killed::failures_are_known),
        row("commands_are_not_run_again", &[], killed::commands_are_not_run_again),
        row("row_16_once_killed_at_random", &[], once::killed_at_random),
        row("row_16_once_what_had_begun_is_listed", &[], once::what_had_begun_is_listed),
        row("once_what_is_given_back", &[], once::what_is_given_back_is_not_unknown),
        row(
            "windows_of_unknown_fate_are_settled_one_by_one",
            &[],
            settle::windows_of_unknown_fate_are_settled_one_by_one,
        ),
        row(
            "items_that_are_settled_may_be_a_list_or_have_a_step",
            &[],
            settle::items_that_are_settled_may_be_a_list_or_have_a_step,
        ),
        row(
            "a_failed_window_is_settled_by_itself",
            &[],
            settle::a_failed_window_is_settled_by_itself,
        ),
        row("values_are_not_settled_as_done", &[], settle::values_are_not_settled_as_done),
        row(
            "the_audit_has_each_attempt_of_each_window",
            &[],
            settle::the_audit_has_each_attempt_of_each_window,
        ),
        row(
            "a_window_of_a_lost_worker_is_unknown_by_itself",
            &[],
            settle::a_window_of_a_lost_worker_is_unknown_by_itself,
        ),
        row("a_damaged_audit_is_refused", &[], settle::a_damaged_audit_is_refused),
        row("a_journal_in_use_is_not_settled", &[], settle::a_journal_in_use_is_not_settled),
        row(
            "settle_that_is_killed_has_decided_or_not",
            &["strace"],
            settle::killed_at_every_call_it_has_decided_or_not,
        ),
        row(
            "a_backfill_is_complete_after_kills_of_database_primary_and_workers",
            &evenly_testkit::postgres::NEEDS,
            backfill::a_backfill_is_complete_after_kills_of_database_primary_and_workers,
        ),
        row(
            "a_window_with_a_row_of_its_own_is_done_once_after_the_same_kills",
            &evenly_testkit::postgres::NEEDS,
            backfill::a_window_with_a_row_of_its_own_is_done_once_after_the_same_kills,
        ),
        row(
            "windows_of_unknown_fate_are_settled_by_what_the_database_has",
            &evenly_testkit::postgres::NEEDS,
            backfill::windows_of_unknown_fate_are_settled_by_what_the_database_has,
        ),
        row("automatic", &[], automatic::kept_and_removed),
        row("automatic_and_killed", &[], automatic::killed_and_gone_on_with),
        row("automatic_nowhere", &[], automatic::nowhere_to_keep_it),
        row("workers_do_not_have_it", &[], automatic::workers_do_not_have_it),
        row("no_value_is_an_answer", &[], commands::no_value_is_an_answer),
        row("a_coprocess_that_says_too_much", &[], commands::a_coprocess_that_says_too_much),
        row("locked_at_the_end", &["python3", "setsid"], commands::locked_at_the_end),
        row("failures_above_what_decides", &[], commands::failures_above_what_decides),
        row("several_together", &[], together::several),
        row("a_larger_range_goes_on", &[], grown::a_larger_range_goes_on),
        row("a_killed_run_goes_on_with_a_larger_range", &[], grown::killed),
        row("lines_below_and_above_are_in_order", &[], grown::lines_below_and_above_are_in_order),
        row("items_grow_above_the_highest", &[], grown::items_grow_above_the_highest),
        row(
            "an_answer_that_is_decided_may_change",
            &[],
            grown::an_answer_that_is_decided_may_change,
        ),
        row("the_lowest_failures_of_several", &[], together::the_lowest_failures_of_several),
        row("merged_and_gone_on_with", &[], together::merged_and_gone_on_with),
        row("one_file_for_two_options_is_refused", &[], files::one_file_for_two_options_is_refused),
        row("a_refused_call_changes_no_file", &[], files::a_refused_call_changes_no_file),
        row("a_resumed_run_appends_to_its_logs", &[], files::a_resumed_run_appends_to_its_logs),
        row(
            "resume_takes_the_options_of_its_own_call",
            &[],
            files::resume_takes_the_options_of_its_own_call,
        ),
        row("resume_of_a_run_refuses_a_format", &[], files::resume_of_a_run_refuses_a_format),
        row(
            "a_closed_standard_output_is_no_success",
            &[],
            files::a_closed_standard_output_is_no_success,
        ),
        row(
            "a_closed_standard_error_or_input_costs_no_file",
            &[],
            files::a_closed_standard_error_or_input_costs_no_file,
        ),
        row("a_plus_appends_to_the_job_log", &[], files::a_plus_appends_to_the_job_log),
        row(
            "verify_answers_any_and_all_only_when_decided",
            &[],
            unanswered::verify_answers_any_and_all_only_when_decided,
        ),
        row(
            "a_sum_beyond_128_bits_has_an_object_and_no_advice_to_resume",
            &[],
            unanswered::a_sum_beyond_128_bits_has_an_object_and_no_advice_to_resume,
        ),
        row(
            "a_histogram_has_its_limit_by_every_way",
            &[],
            unanswered::a_histogram_has_its_limit_by_every_way,
        ),
        row(
            "without_a_state_directory_one_line_says_so",
            &[],
            unanswered::without_a_state_directory_one_line_says_so,
        ),
        row(
            "refusals_name_a_next_step_that_exists",
            &[],
            unanswered::refusals_name_a_next_step_that_exists,
        ),
        row(
            "a_resumed_run_takes_a_deadline_of_its_own",
            &[],
            unanswered::a_resumed_run_takes_a_deadline_of_its_own,
        ),
        row(
            "of_two_resumed_runs_at_once_one_goes_on",
            &[],
            unanswered::of_two_resumed_runs_at_once_one_goes_on,
        ),
    ];
    libtest_mimic::run(&arguments, tests).exit();
}
