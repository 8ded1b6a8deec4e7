//! Tests of primaries and agents over each transport: same answers as over pipes, and the rows of docs/faults.md
//! about agents.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "agents/answers.rs"]
mod answers;
#[path = "agents/called.rs"]
mod called;
#[path = "agents/called_datagrams.rs"]
mod called_datagrams;
#[path = "agents/called_faults.rs"]
mod called_faults;
#[path = "agents/called_names.rs"]
mod called_names;
#[path = "agents/called_paths.rs"]
mod called_paths;
#[path = "agents/datagrams.rs"]
mod datagrams;
#[path = "agents/endings.rs"]
mod endings;
#[path = "agents/everywhere.rs"]
mod everywhere;
#[path = "agents/failing.rs"]
mod failing;
#[path = "agents/few_descriptors.rs"]
mod few_descriptors;
#[path = "agents/keys.rs"]
mod keys;
#[path = "agents/long_sets.rs"]
mod long_sets;
#[path = "agents/lost.rs"]
mod lost;
#[path = "agents/machines.rs"]
mod machines;
#[path = "agents/once.rs"]
mod once;
#[path = "agents/output.rs"]
mod output;
#[path = "agents/paths.rs"]
mod paths;
#[path = "agents/programs.rs"]
mod programs;
#[path = "agents/questions.rs"]
mod questions;
#[path = "agents/reconnecting.rs"]
mod reconnecting;
#[path = "agents/relayed.rs"]
mod relayed;
#[path = "agents/slurm.rs"]
mod slurm;
#[path = "agents/slurm_scripts.rs"]
mod slurm_scripts;
#[path = "agents/ssh.rs"]
mod ssh;
#[path = "agents/ssh_links.rs"]
mod ssh_links;
#[path = "agents/standing.rs"]
mod standing;
#[path = "agents/storm.rs"]
mod storm;
#[path = "agents/strangers.rs"]
mod strangers;
mod support;
#[path = "agents/texts.rs"]
mod texts;
#[path = "agents/versions.rs"]
mod versions;
#[path = "agents/whose_work.rs"]
mod whose_work;

use Transport::{Tcp, Unix};
use libtest_mimic::{Failed, Trial};
use support::needing;
use support::site::{Site, TRANSPORTS, Transport};

/// A test on a site of its own, on which nothing may be left. It fails by panicking.
fn on_site(name: &str, needs: &[&str], test: impl FnOnce(&Site) + Send + 'static) -> Trial {
    needing(needs, name, move || {
        let site = Site::new();
        test(&site);
        site.check_is_clean();
        Ok::<(), Failed>(())
    })
}

/// The same over each of these transports.
fn over(
    transports: &[Transport],
    name: &str,
    test: fn(&Site, Transport),
) -> impl Iterator<Item = Trial> {
    over_with(transports, name, &[], test)
}

/// The same with what it needs.
fn over_with(
    transports: &[Transport],
    name: &str,
    needs: &[&str],
    test: fn(&Site, Transport),
) -> impl Iterator<Item = Trial> {
    transports.iter().map(move |transport| {
        let transport = *transport;
        let name = format!("{name}_over_{}", transport.name());
        on_site(&name, needs, move |site| test(site, transport))
    })
}

/// Those over which machines are connected.
const NETWORKS: &[Transport] = &[Tcp, Transport::Udp];
/// What makes machines.
const MACHINES: &[&str] = &["root", "ip", "ss", "unshare", "network-namespaces"];

/// The streams, which [`Relay`](evenly_testkit::stream_relay::Relay) carries; datagrams have a
/// [relay of their own](evenly_testkit::datagram_relay).
const STREAMS: &[Transport] = &[Unix, Tcp];

fn everything() -> Vec<Trial> {
    let all = [
        over(TRANSPORTS, "the_answers_of_pipes", answers::those_of_pipes).collect(),
        over(TRANSPORTS, "the_same_bytes", questions::the_same_bytes).collect(),
        over(TRANSPORTS, "an_agent_needs_no_file_of_lines", texts::an_agent_needs_no_file)
            .collect(),
        over(TRANSPORTS, "lines_and_a_killed_agent", texts::a_killed_agent).collect(),
        over(
            TRANSPORTS,
            "failures_behind_agents_name_number_and_text",
            texts::failures_name_number_and_text,
        )
        .collect(),
        over(TRANSPORTS, "lines_that_change_before_an_agent_gets_them", texts::a_file_that_changes)
            .collect(),
        over(TRANSPORTS, "a_long_set_gives_the_same_bytes", long_sets::a_long_set).collect(),
        over(TRANSPORTS, "a_long_set_and_a_killed_agent", long_sets::a_long_set_and_a_killed_agent)
            .collect(),
        over(TRANSPORTS, "agents_come_late", answers::agents_come_late).collect(),
        over(TRANSPORTS, "json_events_and_joblog", answers::json_events_and_joblog).collect(),
        over(TRANSPORTS, "an_agent_leaves", endings::an_agent_leaves).collect(),
        over(TRANSPORTS, "a_primary_is_interrupted", endings::a_primary_is_interrupted).collect(),
        over(TRANSPORTS, "an_agent_pauses", endings::an_agent_pauses).collect(),
        over(TRANSPORTS, "row_04_a_number_that_crashes", failing::a_number_that_crashes).collect(),
        over(TRANSPORTS, "flaky_numbers", failing::flaky_numbers).collect(),
        over(STREAMS, "row_39_memory", failing::a_number_that_takes_too_much_memory).collect(),
        over_with(TRANSPORTS, "the_same_library", &["cc"], programs::the_same_library).collect(),
        over_with(TRANSPORTS, "the_sum_of_doubles", &["cc"], programs::the_sum_of_doubles)
            .collect(),
        over_with(STREAMS, "row_06_failures_of_a_library", &["cc"], programs::failures).collect(),
        over_with(TRANSPORTS, "the_same_command", &[], programs::the_same_command).collect(),
        over(TRANSPORTS, "the_primary_shows_what_commands_printed", programs::printed_values)
            .collect(),
        over(TRANSPORTS, "a_coprocess_says_too_much", programs::a_coprocess_that_says_too_much)
            .collect(),
        over_with(STREAMS, "output_of_commands", &[], programs::output_of_commands).collect(),
        over(&[Tcp], "chunks_of_an_agent_have_the_fewest_numbers", programs::fewest_numbers)
            .collect(),
        over_with(
            &[Unix],
            "errors_of_every_attempt_by_the_agents_own_verbose",
            &[],
            programs::errors_of_every_attempt_by_the_agents_own_verbose,
        )
        .collect(),
        over(STREAMS, "row_36_once_a_worker_of_an_agent", once::a_worker_of_an_agent).collect(),
        over(STREAMS, "row_36_once_an_agent", once::an_agent).collect(),
        output::trials().collect(),
        ssh::trials().collect(),
        ssh_links::trials(),
        slurm::trials().collect(),
        slurm_scripts::trials().collect(),
        standing::trials(),
        called::trials(),
        called_datagrams::trials(),
        called_faults::trials(),
        called_names::trials(),
        called_paths::trials(),
        everywhere::trials(),
        storm::trials(),
        over(TRANSPORTS, "deadline", failing::deadline).collect(),
        over(TRANSPORTS, "row_36_killed", lost::killed).collect(),
        over(TRANSPORTS, "row_36_its_worker_killed", lost::its_worker_killed).collect(),
        over(TRANSPORTS, "row_36_stopped_for_ever", lost::stopped_for_ever).collect(),
        over(TRANSPORTS, "row_36_stopped_and_continued", lost::stopped_and_continued).collect(),
        over(TRANSPORTS, "a_new_primary", reconnecting::a_new_primary).collect(),
        over(TRANSPORTS, "no_new_primary", reconnecting::no_new_primary).collect(),
        over(STREAMS, "row_27_silent_and_healed", relayed::silent_and_healed).collect(),
        over(STREAMS, "row_27_dead_towards_the_agent", relayed::dead_towards_the_agent).collect(),
        over(STREAMS, "row_28_split_and_joined", relayed::split_and_joined).collect(),
        over(STREAMS, "row_28_reset_in_a_frame", relayed::reset_in_a_frame).collect(),
        over(STREAMS, "two_hundred_times", relayed::two_hundred_times).collect(),
        over(
            TRANSPORTS,
            "each_machine_is_named_and_the_numbers_add_up",
            whose_work::each_machine_is_named_and_the_numbers_add_up,
        )
        .collect(),
        over(
            TRANSPORTS,
            "a_run_that_waits_says_how_to_join_it",
            whose_work::a_run_that_waits_says_how_to_join_it,
        )
        .collect(),
        over_with(NETWORKS, "row_26_machines", MACHINES, machines::cut_lost_and_reset).collect(),
        over_with(&[Tcp], "row_33_narrow_links", MACHINES, machines::narrow).collect(),
        vec![
            on_site("row_27_given_up_and_healed", &[], datagrams::given_up_and_healed),
            on_site("row_30_spoilt_datagrams", &[], datagrams::spoilt),
            on_site("row_32_lost_and_repeated", &[], datagrams::lost_repeated_and_reordered),
            on_site("lines_over_a_lossy_path", &[], texts::a_lossy_path),
            on_site("row_32_delayed", &[], datagrams::delayed),
            on_site("row_33_narrow_links_over_udp", MACHINES, datagrams::narrow),
            on_site("row_34_strangers", &[], datagrams::strangers),
            on_site(
                "port_0_is_reported_as_the_port_in_use",
                &[],
                keys::port_0_is_reported_as_the_port_in_use,
            ),
            on_site("keys_are_made_and_used", &[], keys::made_and_used),
            on_site("a_key_is_shown_and_added", &[], keys::shown_and_added),
            on_site("a_key_in_a_variable", &[], keys::in_a_variable),
            on_site("keys_are_rotated", &[], keys::rotated),
            on_site("row_31_keys_that_are_none", &["root"], keys::that_are_none),
            on_site("two_addresses", &[], answers::two_addresses),
            on_site(
                "a_quiet_run_prints_no_table_and_a_local_one_only_with_verbose",
                &[],
                whose_work::a_quiet_run_prints_no_table_and_a_local_one_only_with_verbose,
            ),
            on_site(
                "usr1_is_answered_by_a_primary_and_an_agent_and_ends_no_worker",
                &[],
                whose_work::usr1_is_answered_by_a_primary_and_an_agent_and_ends_no_worker,
            ),
            on_site("halt", &[], failing::halt),
            on_site("no_first_primary", &[], reconnecting::no_first_primary),
            on_site("row_28_spoilt", &[], relayed::spoilt),
            on_site(
                "row_29_an_agent_joins_beside_a_silent_crowd",
                &[],
                strangers::an_agent_joins_beside_a_silent_crowd,
            ),
            on_site("row_29_a_silent_crowd_is_cut", &[], strangers::a_silent_crowd_is_cut),
            on_site(
                "row_29_silent_connections_where_few_files_may_be_open",
                &[],
                few_descriptors::silent_connections,
            ),
            on_site(
                "agents_beyond_the_limit_on_open_files_are_refused_with_the_reason",
                &[],
                few_descriptors::too_many_agents,
            ),
            on_site("row_30_wrong_key", &[], strangers::wrong_key),
            on_site("row_30_wrong_key_over_udp", &[], strangers::wrong_key_over_udp),
            on_site("row_30_repeated_and_flipped", &[], strangers::repeated_and_flipped),
            on_site("row_30_no_key", &[], strangers::no_key),
            on_site("row_35_stale_file", &[], paths::stale_file),
            on_site("row_35_long_path", &[], paths::long_path),
            on_site("row_35_taken", &[], paths::taken),
            on_site("row_35_of_another_user", &["root", "setpriv"], paths::of_another),
            on_site("row_37_another_program", &["cc"], programs::others),
            on_site("row_37_another_command", &[], programs::other_commands),
            on_site(
                "agents_with_other_scripts_or_data_are_refused",
                &[],
                programs::agents_with_other_scripts_or_data_are_refused,
            ),
            on_site(
                "an_agent_whose_script_changes_leaves",
                &[],
                programs::an_agent_whose_script_changes_leaves,
            ),
            on_site("row_36_agent_killed_with_its_commands", &[], programs::killed),
            on_site("row_37_another_agent", &[], versions::another_agent),
            on_site("row_37_another_agent_a_hundred_times", &[], versions::refused_a_hundred_times),
            on_site("row_37_another_primary", &[], versions::another_primary),
            on_site(
                "the_name_of_a_machine_is_escaped_and_shortened_or_refused",
                &[],
                versions::a_strange_host,
            ),
            on_site("a_quiet_primary_says_the_port_that_was_chosen", &[], endings::quiet_port),
            on_site("an_interrupted_agent_says_that_it_has_left", &[], endings::interrupted_agent),
        ],
    ];
    all.into_iter().flatten().collect()
}

fn main() {
    support::inherited::with_default_signals();
    // They wait most of the time: for silence to last, for agents to look for a primary.
    let arguments = evenly_testkit::harness::arguments(20);
    libtest_mimic::run(&arguments, everything()).exit();
}
