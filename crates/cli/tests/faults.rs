//! Tests of the rows of docs/faults.md about workers that are killed, stopped, exit early or send garbage, about
//! signals and about limits.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "faults/crash_reports.rs"]
mod crash_reports;
#[path = "faults/deaths.rs"]
mod deaths;
#[path = "faults/limits.rs"]
mod limits;
#[path = "faults/lost.rs"]
mod lost;
#[path = "faults/memory.rs"]
mod memory;
#[path = "faults/signals.rs"]
mod signals;
mod support;

use libtest_mimic::{Failed, Trial};
use support::needing;

/// A test by its row in the table; it fails by panicking.
fn row(name: &str, needs: &[&str], test: fn()) -> Trial {
    needing(needs, name, move || {
        test();
        Ok::<(), Failed>(())
    })
}

fn main() {
    support::inherited::with_default_signals();
    // They wait most of the time: for silence to last, for pauses to end.
    let arguments = evenly_testkit::harness::arguments(10);
    let tests = vec![
        row("row_01_random_kills", &[], lost::random_kills),
        row("row_02_all_killed_at_once", &[], lost::all_killed_at_once),
        row("row_03_stopped_and_continued", &[], lost::stopped_and_continued),
        row("row_03_stopped_for_ever", &[], lost::stopped_for_ever),
        row("row_03_the_only_one_stopped", &[], lost::the_only_one_stopped),
        row("row_03_stopped_under_wiring", &[], lost::stopped_under_wiring),
        row("a_long_chunk_is_shared", &[], lost::a_long_chunk_is_shared),
        row("row_04_a_number_that_crashes", &[], lost::a_number_that_crashes),
        row("row_04_every_number_crashes", &[], lost::every_number_crashes),
        row("row_04_a_number_costs_its_tries", &[], crash_reports::a_number_costs_its_tries),
        row("row_04_deaths_of_numbers_that_speak", &[], deaths::of_numbers_that_speak),
        row("row_04_deaths_of_numbers_that_do_not", &[], deaths::of_numbers_that_do_not),
        row("row_04_every_tenth_number_crashes", &[], crash_reports::every_tenth_number_crashes),
        row("row_05_a_fault_from_outside", &[], crash_reports::a_fault_from_outside),
        row("row_06_a_number_that_hangs", &[], crash_reports::a_number_that_hangs),
        row(
            "row_06_a_number_that_hangs_and_hears_nothing",
            &[],
            crash_reports::a_number_that_hangs_and_hears_nothing,
        ),
        row("row_06_what_takes_its_time", &[], crash_reports::what_takes_its_time),
        row("row_05_a_number_that_crashes_once", &[], lost::a_number_that_crashes_once),
        row("row_07_left_early", &[], lost::left_early),
        row("row_07_closed_its_pipes", &[], lost::closed_its_pipes),
        row("row_08_garbage", &[], lost::garbage),
        row("row_09_contradiction", &[], lost::contradiction),
        row("row_12_few_descriptors", &["prlimit"], limits::few_descriptors),
        row("row_14_small_pipes", &["setpriv", "root"], limits::small_pipes),
        row("row_23_first_drains_second_kills", &[], signals::first_drains_second_kills),
        row("row_23_hangup", &["nohup"], signals::hangup),
        row("row_23_on_a_terminal", &["python3"], signals::on_a_terminal),
        row("row_24_paused_and_resumed", &[], signals::paused_and_resumed),
        row("row_24_paused_on_a_terminal", &["python3"], signals::paused_on_a_terminal),
        row("status_on_request", &[], signals::status_on_request),
        row("deadline", &[], signals::deadline),
        row("row_38_all_stopped", &[], limits::all_stopped),
        row("row_38_the_wall_clock_steps", &["faketime"], limits::the_wall_clock_steps),
        row("row_39_numbers_that_take_too_much", &[], memory::numbers_that_take_too_much),
        row("row_39_a_worker_that_leaks", &[], memory::a_worker_that_leaks),
        row("row_39_what_fits", &[], memory::what_fits),
        row("row_39_a_wall", &["memory-cgroup"], memory::a_wall),
        row("row_39_walls_left_behind", &["memory-cgroup"], memory::walls_left_behind),
        row("row_39_out_of_memory", &["memory-cgroup"], limits::out_of_memory),
        row("row_39_no_more_address_space", &["prlimit"], limits::no_more_address_space),
    ];
    libtest_mimic::run(&arguments, tests).exit();
}
