//! Seeds that once failed, with what was wrong then. They are tied to what is drawn from a seed: where
//! that changes, they are runs like any other, and the tests of the core beside each fix remain.

use evenly_core::Aggregate;
use evenly_sim::{SimOptions, run};

/// Before other questions were asked, a count was the only one; so these are the runs that they were.
const COUNT: SimOptions = SimOptions {
    transport: None,
    agents: None,
    question: Some(Aggregate::Count),
    crash_reports: Some(false),
    once: Some(false),
    do_numbers_fail: false,
    are_values_real: false,
    are_faults_wanted: true,
};

/// And before workers could say at which number they are.
const MUTE: SimOptions = SimOptions { question: None, do_numbers_fail: true, ..COUNT };

/// And with them.
const SPEAKING: SimOptions = SimOptions { crash_reports: None, ..MUTE };

fn hold(seeds: &[u64]) {
    hold_under(seeds, &COUNT);
}

fn hold_with_agents(seeds: &[u64]) {
    hold_under(seeds, &SimOptions { agents: Some(true), ..COUNT });
}

fn hold_under(seeds: &[u64], options: &SimOptions) {
    for seed in seeds {
        if let Err(failure) = run(*seed, options) {
            panic!("{failure}");
        }
    }
}

/// The answer to a chunk that had been announced waited in its worker while the next chunk killed it:
/// the finished chunk was blamed, and an innocent number failed.
#[test]
fn a_chunk_is_blamed_only_while_its_worker_is_at_it() {
    hold(&[349, 12_753, 16_988, 22_258]);
}

/// A number that was left alone because the rest of its chunk was given away kept the losses of the
/// chunk, and failed after fewer of its own.
#[test]
fn a_number_alone_gets_all_its_tries() {
    hold(&[1_036_043]);
}

/// An agent that lost its workers while it had nothing to do made no others when work came, and held
/// its chunks for ever.
#[test]
fn work_that_comes_in_is_a_reason_to_fill_empty_seats() {
    hold_with_agents(&[5]);
}

/// An agent whose only worker was stopped for ever looked for a worker to replace when it had no work, and never
/// again.
#[test]
fn a_stopped_worker_is_replaced_when_there_is_work_again() {
    hold_with_agents(&[8_470]);
}

/// A number that was done and had no lines took the lines of its neighbour with it, if those had been kept
/// by a journal.
#[test]
fn lines_that_are_resumed_are_passed_on() {
    hold_under(&[395], &MUTE);
}

/// Agents did not report the time of answers in parts, so their chunks stayed short.
#[test]
fn an_agent_is_measured_by_answers_in_parts() {
    hold_under(&[3_624], &MUTE);
}

/// What an agent was given for the lowest number it spent on others.
#[test]
fn the_last_of_the_credit_is_for_the_lowest_lease() {
    hold_under(&[112_328], &MUTE);
}

/// While lines were on their way to the journal, each worker in turn got more credit.
#[test]
fn what_is_being_recorded_is_no_reason_for_credit() {
    hold_under(&[125_458], &MUTE);
}

/// The halves of a chunk were tried behind all others that had come back with it.
#[test]
fn the_lowest_chunk_that_came_back_goes_out_first() {
    hold_under(&[2_136], &MUTE);
}

/// What an agent that left had not done went out behind all that remained, and the lines of the rest of
/// the range waited for it.
#[test]
fn what_was_given_back_goes_out_from_below() {
    hold_under(&[5_062_120], &MUTE);
}

/// A number whose workers had been killed from outside failed of its first crash, because it named itself.
#[test]
fn a_number_that_names_itself_does_not_answer_for_others() {
    hold_under(&[1_933], &SPEAKING);
}

/// An agent reported a number as recovered after its primary had withdrawn every lease.
#[test]
fn a_forgotten_number_is_not_reported_as_recovered() {
    hold_under(&[7_036_227], &SPEAKING);
}

/// A number that had ended workers was lent to an agent, which left: what it had cost was forgotten.
#[test]
fn a_number_that_is_given_back_keeps_its_losses() {
    hold_under(&[7_037_846], &SPEAKING);
}

/// A worker that was ended for nonsense when the run was over had sent more of it: the simulator took that for the
/// frame of an honest worker.
#[test]
fn frames_of_a_worker_that_was_ended_at_the_close_accuse_no_worker() {
    hold_under(&[5_888_832_461_955_774_170], &SimOptions::default());
}
