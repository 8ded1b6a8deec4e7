//! Tests of `evenly sbatch`: array scripts of the kinds that research groups publish, as they are, and the options of
//! sbatch(1) beside the real Slurm.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "sbatch/options.rs"]
mod options;
#[path = "sbatch/scripts.rs"]
mod scripts;
mod support;
#[path = "commands/yard.rs"]
#[expect(dead_code, reason = "other tests use the rest")]
mod yard;

use libtest_mimic::{Failed, Trial};

/// A test that fails by panicking, if what it needs is there.
fn test(name: &str, needs: &[&str], test: fn()) -> Trial {
    support::needing(needs, name, move || {
        test();
        Ok::<(), Failed>(())
    })
}

fn main() {
    support::inherited::with_default_signals();
    let arguments = evenly_testkit::harness::arguments(8);
    let slurm = evenly_testkit::slurm::NEEDS;
    let tests = vec![
        test("a_script_runs_as_under_slurm", &slurm, options::a_script_runs_as_under_slurm),
        test(
            "parts_of_a_slurm_array_are_one_answer",
            &slurm,
            options::parts_of_a_slurm_array_are_one_answer,
        ),
        test(
            "the_command_line_replaces_directives",
            &["bash"],
            options::the_command_line_replaces_directives,
        ),
        test(
            "a_failed_task_is_named_and_run_again",
            &["bash"],
            options::a_failed_task_is_named_and_run_again,
        ),
        test(
            "options_in_the_environment_replace_directives",
            &["bash"],
            options::options_in_the_environment_replace_directives,
        ),
        test(
            "srun_runs_a_command_where_slurm_is_not_there",
            &["bash"],
            options::srun_runs_a_command_where_slurm_is_not_there,
        ),
        test(
            "srun_runs_where_tmpdir_is_mounted_noexec",
            &["mount-namespaces"],
            options::srun_runs_where_tmpdir_is_mounted_noexec,
        ),
        test(
            "only_the_tasks_of_a_list_are_counted",
            &["bash"],
            options::only_the_tasks_of_a_list_are_counted,
        ),
        test(
            "a_script_may_change_while_it_runs",
            &["bash"],
            options::a_script_may_change_while_it_runs,
        ),
        test("limits_are_those_of_each_task", &["bash"], options::limits_are_those_of_each_task),
        test("exported_variables_are_chosen", &["bash"], options::exported_variables_are_chosen),
        test(
            "what_cannot_be_is_refused_before_a_task_starts",
            &["bash"],
            options::what_cannot_be_is_refused_before_a_task_starts,
        ),
        test("each_task_has_a_line_of_a_list", &["bash"], scripts::each_task_has_a_line_of_a_list),
        test(
            "each_task_has_a_file_of_a_directory",
            &["bash"],
            scripts::each_task_has_a_file_of_a_directory,
        ),
        test(
            "each_task_has_a_row_of_a_table",
            &["bash", "awk"],
            scripts::each_task_has_a_row_of_a_table,
        ),
        test("each_task_has_a_window", &["bash"], scripts::each_task_has_a_window),
        test(
            "each_task_has_a_point_of_a_grid",
            &["bash", "awk"],
            scripts::each_task_has_a_point_of_a_grid,
        ),
        test("each_task_has_a_seed", &["python3"], scripts::each_task_has_a_seed),
        test("each_task_has_a_command_of_a_file", &[], scripts::each_task_has_a_command_of_a_file),
        test(
            "a_task_goes_on_from_its_checkpoint",
            &["bash"],
            scripts::a_task_goes_on_from_its_checkpoint,
        ),
        test("each_task_has_a_shard", &["perl"], scripts::each_task_has_a_shard),
        test(
            "a_script_without_an_array_is_one_job",
            &["bash"],
            scripts::a_script_without_an_array_is_one_job,
        ),
    ];
    let conclusion = libtest_mimic::run(&arguments, tests);
    yard::tidy_up();
    conclusion.exit();
}
