//! Tests of commands as functions: answers against a plain loop, the rows of docs/faults.md about commands, and the
//! programs in examples/commands.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "commands/agree.rs"]
mod agree;
#[path = "commands/array.rs"]
mod array;
#[path = "commands/container.rs"]
mod container;
#[path = "library/endless.rs"]
mod endless;
#[path = "commands/ends.rs"]
mod ends;
#[path = "commands/examples.rs"]
mod examples;
#[path = "commands/failing.rs"]
mod failing;
#[path = "commands/files.rs"]
mod files;
#[path = "commands/grace.rs"]
mod grace;
#[path = "commands/hanging.rs"]
mod hanging;
#[path = "commands/inside.rs"]
mod inside;
#[path = "commands/junit.rs"]
mod junit;
#[path = "commands/large_output.rs"]
mod large_output;
#[path = "commands/lines.rs"]
mod lines;
#[path = "commands/live_lines.rs"]
mod live_lines;
#[path = "commands/memory.rs"]
mod memory;
#[path = "commands/missing.rs"]
mod missing;
#[path = "commands/once.rs"]
mod once;
#[path = "commands/output.rs"]
mod output;
#[path = "commands/pace.rs"]
mod pace;
#[path = "verbs/plain.rs"]
mod plain;
#[path = "commands/reals.rs"]
mod reals;
#[path = "commands/results.rs"]
mod results;
mod support;
#[path = "commands/timeouts.rs"]
mod timeouts;
#[path = "commands/yard.rs"]
mod yard;

use libtest_mimic::{Failed, Trial};

/// A test that fails by panicking, if what it needs is there.
fn test(name: &str, needs: &[&str], test: fn()) -> Trial {
    let needs: Vec<&str> = needs.iter().copied().chain(["cc"]).collect();
    support::needing(&needs, name, move || {
        test();
        Ok::<(), Failed>(())
    })
}

fn main() {
    support::inherited::with_default_signals();
    // They wait most of the time: for commands that rest.
    let arguments = evenly_testkit::harness::arguments(12);
    let groups = [
        // First, because they wait for the longest time.
        endless::trials(),
        pacing(),
        arrays(),
        live_lines::trials(),
        large_output::trials(),
        answers(),
        passing_on(),
        result_files(),
        junit_reports(),
        faults(),
        once(),
        timeouts(),
        endings(),
        graces(),
        example_programs(),
        changed_files(),
    ];
    let tests = groups.into_iter().flatten().collect();
    let conclusion = libtest_mimic::run(&arguments, tests);
    yard::tidy_up();
    conclusion.exit();
}

fn answers() -> Vec<Trial> {
    vec![
        test("each_n_agrees", &[], agree::each_n),
        test("each_chunk_agrees", &[], agree::each_chunk),
        test("coprocesses_agree", &[], agree::coprocesses),
        test("anything_agrees_anywhere", &["python3"], agree::anything_anywhere),
        test("inside_as_from_a_shell", &[], inside::as_from_a_shell),
        test(
            "inside_as_from_a_shell_in_the_background_of_a_script",
            &[],
            inside::in_the_background_of_a_script,
        ),
        test("inside_no_inherited_descriptor_is_open", &[], inside::what_was_inherited),
        test("inside_the_environment", &[], inside::the_environment),
        test(
            "inside_the_variables_of_the_array_task_that_evenly_runs_in",
            &[],
            inside::the_variables_of_the_array_task_that_evenly_runs_in,
        ),
        test(
            "inside_a_task_that_is_run_again_finds_the_array_that_it_had",
            &[],
            inside::a_task_that_is_run_again_finds_the_array_that_it_had,
        ),
        test("inside_the_words", &[], inside::the_words),
        test("inside_nothing_is_kept", &[], inside::nothing_is_kept),
    ]
}

fn passing_on() -> Vec<Trial> {
    vec![
        test("output_is_never_mixed", &[], output::is_never_mixed),
        test("output_of_a_repeated_command_is_printed_once", &[], output::stands_once),
        test("output_is_in_order", &[], output::is_in_order),
        test("output_a_worker_too_far_ahead_waits", &[], output::a_worker_too_far_ahead_waits),
        test("output_is_tagged", &[], output::is_tagged),
        test("output_is_tagged_on_standard_error", &[], output::is_tagged_on_standard_error),
        test("output_is_passed_on_byte_by_byte", &[], output::is_passed_on_byte_by_byte),
        test("output_that_is_a_value_is_limited", &[], output::that_is_a_value_is_limited),
        test("output_ends_with_its_reader", &[], output::ends_with_its_reader),
        test("output_waits_for_its_reader", &[], output::waits_for_its_reader),
        test("output_does_not_wait_for_errors", &[], output::does_not_wait_for_errors),
        test("output_errors_are_limited", &[], output::errors_are_limited),
        test("output_errors_of_the_last_attempt", &[], output::errors_of_the_last_attempt),
        test(
            "output_errors_of_every_attempt_with_verbose",
            &[],
            output::errors_of_every_attempt_with_verbose,
        ),
    ]
}

fn junit_reports() -> Vec<Trial> {
    let python = &["python3"];
    vec![
        test("junit_each_n_is_a_test_case", python, junit::each_n_is_a_test_case),
        test("junit_each_chunk_is_a_test_case", python, junit::each_chunk_is_a_test_case),
        test(
            "junit_is_written_when_a_run_is_interrupted",
            python,
            junit::is_written_when_a_run_is_interrupted,
        ),
        test(
            "junit_a_refused_call_changes_no_report",
            python,
            junit::a_refused_call_changes_no_report,
        ),
    ]
}

fn result_files() -> Vec<Trial> {
    vec![
        test("results_each_n_has_its_files", &[], results::each_n_has_its_files),
        test("results_each_chunk_has_its_files", &[], results::each_chunk_has_its_files),
        test("results_only_failures_have_files", &[], results::only_failures_have_files),
        test(
            "results_the_last_attempt_is_kept_whole",
            &[],
            results::the_last_attempt_is_kept_whole,
        ),
        test(
            "results_a_killed_run_leaves_no_half_file",
            &[],
            results::a_killed_run_leaves_no_half_file,
        ),
        test(
            "results_a_directory_without_room_ends_the_run",
            &[],
            results::a_directory_without_room_ends_the_run,
        ),
    ]
}

fn faults() -> Vec<Trial> {
    vec![
        test("row_04_by_a_signal_or_a_status", &[], failing::by_a_signal_or_a_status),
        test("row_08_by_what_it_prints", &[], failing::by_what_it_prints),
        test("row_04_in_a_chunk", &[], failing::in_a_chunk),
        test("failed_and_tried_again", &[], failing::and_tried_again),
        test("failed_too_often", &[], failing::too_often),
        test("row_11_missing_from_the_start", &[], missing::from_the_start),
        test("row_11_missing_as_the_kernel_finds_it", &[], missing::as_the_kernel_finds_it),
        test("row_11_missing_after_a_while", &[], missing::after_a_while),
        test(
            "row_11_missing_and_not_while_it_is_written",
            &[],
            missing::and_not_while_it_is_written,
        ),
        test(
            "reals_a_seed_sweep_gives_the_same_bytes_on_any_number_of_workers",
            &["python3"],
            reals::a_seed_sweep_gives_the_same_bytes_on_any_number_of_workers,
        ),
        test(
            "reals_integers_may_be_printed_as_decimals",
            &[],
            reals::integers_may_be_printed_as_decimals,
        ),
        test("reals_nan_is_a_failure_of_its_number", &[], reals::nan_is_a_failure_of_its_number),
        test("reals_chunks_answer_with_decimals", &[], reals::chunks_answer_with_decimals),
        test("coprocess_in_python", &["python3"], lines::in_python),
        test(
            "coprocess_is_started_as_often_as_it_leaves",
            &[],
            lines::is_started_as_often_as_it_leaves,
        ),
        test("coprocess_may_close_its_input", &[], lines::may_close_its_input),
        test("coprocess_is_tried_again", &[], lines::is_tried_again),
        test("coprocess_dies_with_its_worker", &[], lines::dies_with_its_worker),
        test("coprocess_names_the_culprit", &[], lines::names_the_culprit),
        test("coprocess_of_run_repeats_nothing", &[], lines::run_repeats_nothing_that_ended),
        test(
            "coprocess_must_not_say_more_than_it_is_asked",
            &[],
            lines::must_not_say_more_than_it_is_asked,
        ),
        test(
            "coprocess_is_started_again_when_it_is_killed",
            &[],
            lines::is_started_again_when_it_is_killed,
        ),
        test("coprocess_shares_what_it_has_not_begun", &[], lines::shares_what_it_has_not_begun),
        test(
            "coprocess_keeps_its_answers_to_itself",
            &["python3"],
            lines::keeps_its_answers_to_itself,
        ),
    ]
}

fn once() -> Vec<Trial> {
    vec![
        test("once_changes_nothing_without_a_loss", &[], once::changes_nothing_without_a_loss),
        test(
            "once_a_worker_killed_in_a_condition",
            &[],
            once::a_worker_killed_in_a_condition_leaves_nothing_unknown,
        ),
        test("row_01_once_a_killed_worker", &[], once::a_killed_worker_leaves_it_unknown),
        test("row_02_once_a_stopped_worker", &[], once::a_stopped_worker_leaves_it_unknown),
        test("row_23_once_an_end_at_once", &[], once::an_end_at_once_leaves_it_unknown),
        test("row_01_once_of_chunks", &[], once::of_chunks),
        test("row_01_once_workers_killed_at_random", &[], once::workers_killed_at_random),
    ]
}

fn timeouts() -> Vec<Trial> {
    vec![
        test("row_06_each_n", &[], timeouts::each_n),
        test("row_06_asked_to_end_it_floods", &["python3"], timeouts::asked_to_end_it_floods),
        test("row_06_asked_before_it_is_killed", &[], timeouts::asked_before_it_is_killed),
        test("row_06_chunks_and_coprocesses", &[], timeouts::chunks_and_coprocesses),
        test("row_06_time_that_does_not_count", &[], timeouts::time_that_does_not_count),
        test("row_06_chunks_stay_short", &[], timeouts::chunks_stay_short),
        test("a_time_limit_of_the_median_ends_what_hangs", &[], timeouts::of_the_median),
        test("row_39_memory_of_each_n", &["setsid"], memory::each_n),
        test("row_39_memory_in_python", &["python3"], memory::in_python),
        test("row_39_memory_in_a_chunk", &[], memory::in_a_chunk),
        test("row_39_memory_of_coprocesses", &[], memory::coprocesses),
        test("row_39_memory_that_is_shared", &[], memory::what_is_shared),
        test("row_39_memory_behind_a_wall", &["memory-cgroup"], memory::a_wall),
    ]
}

fn graces() -> Vec<Trial> {
    vec![
        test(
            "output_of_the_background_is_read_to_its_end",
            &["bash"],
            grace::output_of_the_background_is_read_to_its_end,
        ),
        test(
            "a_process_that_holds_output_is_ended_after_the_grace",
            &[],
            grace::a_process_that_holds_output_is_ended_after_the_grace,
        ),
        test("no_grace_kills_at_once", &[], grace::no_grace_kills_at_once),
        test(
            "a_second_signal_terminates_before_it_kills",
            &[],
            grace::a_second_signal_terminates_before_it_kills,
        ),
        test(
            "a_deadline_terminates_before_it_kills",
            &[],
            grace::a_deadline_terminates_before_it_kills,
        ),
        test(
            "halt_now_passes_on_what_commands_printed",
            &[],
            grace::a_halt_passes_on_what_was_printed,
        ),
        test(
            "memory_terminates_before_it_kills",
            &["python3"],
            grace::memory_terminates_before_it_kills,
        ),
        test(
            "a_lost_primary_terminates_before_it_kills",
            &[],
            grace::a_lost_primary_terminates_before_it_kills,
        ),
        test(
            "a_command_that_ignores_term_is_killed_after_the_grace",
            &[],
            grace::a_command_that_ignores_term_is_killed_after_the_grace,
        ),
        test("a_third_signal_kills", &[], grace::a_third_signal_kills),
        test(
            "everything_that_ends_a_command_begins_with_term",
            &["python3"],
            grace::everything_that_ends_a_command_begins_with_term,
        ),
        test(
            "a_resumed_run_prints_in_order_what_a_halt_held_back",
            &[],
            grace::a_resumed_run_prints_in_order_what_a_halt_held_back,
        ),
        test(
            "a_command_that_hangs_is_named_without_a_timeout",
            &[],
            hanging::a_command_that_hangs_is_named_without_a_timeout,
        ),
        test(
            "a_command_that_hangs_behind_an_agent_is_named_by_both",
            &[],
            hanging::a_command_that_hangs_behind_an_agent_is_named_by_both,
        ),
        test(
            "a_command_that_stops_its_worker_is_named",
            &[],
            hanging::a_command_that_stops_its_worker_is_named,
        ),
        test("the_grace_is_about_commands", &[], grace::the_grace_is_about_commands),
    ]
}

fn endings() -> Vec<Trial> {
    vec![
        test(
            "row_07_a_background_process_that_holds_output_is_not_waited_for",
            &["setsid"],
            ends::a_background_process_that_holds_output_is_not_waited_for,
        ),
        test(
            "row_07_a_command_that_closes_its_output_continues",
            &[],
            ends::a_command_that_closes_its_output_continues,
        ),
        test("row_01_a_worker_is_killed", &["setsid"], ends::a_worker_is_killed),
        test("row_16_the_primary_is_killed", &["setsid"], ends::the_primary_is_killed),
        test("row_16_all_of_ours_are_killed", &[], ends::all_of_ours_are_killed),
        test("row_23_the_first_signal_drains", &[], ends::the_first_signal_drains),
        test("row_23_the_second_signal_ends", &["setsid"], ends::the_second_signal_ends),
        test("row_24_all_of_it_is_paused", &[], ends::all_of_it_is_paused),
        test(
            "commands_above_the_deciding_number_are_ended",
            &[],
            ends::what_is_not_wanted_any_more_is_ended,
        ),
        test("ended_at_a_deadline", &[], ends::at_a_deadline),
        test(
            "left_behind_on_its_own",
            &["setsid"],
            ends::what_is_on_its_own_lives_as_long_as_the_job,
        ),
        test("left_behind_and_reaped", &[], ends::what_is_left_behind_is_reaped),
        test("there_is_no_terminal", &["python3"], ends::there_is_no_terminal),
        test("the_worker_is_asked_to_leave", &[], ends::the_worker_is_asked_to_leave),
        test(
            "in_a_container_others_are_left_alone",
            &["root", "unshare", "nsenter"],
            container::what_others_started_is_left_alone,
        ),
        test("a_terminal_stops_no_worker", &["python3", "stty"], ends::a_terminal_stops_no_worker),
        test("commands_do_not_read_standard_input", &[], ends::commands_do_not_read_standard_input),
    ]
}

fn arrays() -> Vec<Trial> {
    vec![
        test(
            "a_task_has_the_environment_that_it_has_under_slurm",
            &evenly_testkit::slurm::NEEDS,
            array::a_task_has_the_environment_that_it_has_under_slurm,
        ),
        test(
            "a_task_keeps_its_id_when_it_runs_again",
            &[],
            array::a_task_keeps_its_id_when_it_runs_again,
        ),
        test(
            "tasks_of_a_list_are_told_how_many_they_are",
            &[],
            array::tasks_of_a_list_are_told_how_many_they_are,
        ),
        test(
            "each_attempt_has_a_temporary_directory_that_is_removed",
            &[],
            array::each_attempt_has_a_temporary_directory_that_is_removed,
        ),
        test(
            "scripts_of_other_batch_systems_find_their_variables",
            &[],
            array::scripts_of_other_batch_systems_find_their_variables,
        ),
        test(
            "tasks_at_an_agent_get_the_variables_of_the_job",
            &[],
            array::tasks_at_an_agent_get_the_variables_of_the_job,
        ),
    ]
}

fn pacing() -> Vec<Trial> {
    vec![
        test(
            "starts_are_held_back_while_the_machine_is_busy",
            &[],
            pace::starts_are_held_back_while_the_machine_is_busy,
        ),
        test(
            "short_and_long_commands_are_shared_evenly",
            &[],
            pace::short_ones_and_long_ones_are_shared,
        ),
        test("chunks_of_commands_take_the_chunk_time", &[], pace::chunks_take_their_time),
        test("a_fixed_cost_makes_chunks_longer", &[], pace::a_fixed_cost_makes_chunks_longer),
        test(
            "a_resumed_run_begins_with_the_length_of_before",
            &[],
            pace::a_resumed_run_begins_with_the_length_of_before,
        ),
        test("max_rate_limits_starts_per_second", &[], pace::max_rate_limits_starts_per_second),
    ]
}

fn example_programs() -> Vec<Trial> {
    vec![
        test("example_a_shell_script_for_each_n", &[], examples::a_shell_script_for_each_n),
        test("example_a_coprocess_in_python", &["python3"], examples::a_coprocess_in_python),
        test("example_a_program_in_c_for_each_chunk", &[], examples::a_program_in_c_for_each_chunk),
        test("example_a_slurm_array_script", &["bash", "awk"], examples::a_slurm_array_script),
        test("example_a_backfill_of_a_database", &["python3"], examples::a_backfill_of_a_database),
        test("each_example_says_how_it_is_called", &[], examples::each_says_how_it_is_called),
    ]
}

fn changed_files() -> Vec<Trial> {
    vec![
        test(
            "a_script_that_changes_while_the_job_runs_withholds_the_answer",
            &["python3", "awk"],
            files::a_script_that_changes_while_the_job_runs_withholds_the_answer,
        ),
        test(
            "a_journal_is_of_one_version_of_a_script",
            &[],
            files::a_journal_is_of_one_version_of_a_script,
        ),
        test(
            "a_resumed_run_compares_scripts_and_what_else_it_depends_on",
            &["python3"],
            files::a_resumed_run_compares_scripts_and_what_else_it_depends_on,
        ),
        test(
            "a_data_file_that_a_command_changes_is_not_guessed_to_be_a_script",
            &["python3", "awk"],
            files::a_data_file_that_a_command_changes_is_not_guessed_to_be_a_script,
        ),
        test(
            "literal_braces_survive_resume_and_the_job_log",
            &[],
            files::literal_braces_survive_resume_and_the_job_log,
        ),
        test(
            "a_dry_run_names_the_files_of_the_fingerprint",
            &[],
            files::a_dry_run_names_the_files_of_the_fingerprint,
        ),
        test("a_file_to_depend_on_must_be_there", &[], files::a_file_to_depend_on_must_be_there),
    ]
}
