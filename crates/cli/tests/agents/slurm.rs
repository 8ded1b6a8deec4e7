//! Agents that the primary starts by srun (`--on slurm`), on four nodes of a real Slurm within salloc.

use crate::on_site;
use crate::support::process::Process;
use crate::support::site::Site;
use crate::support::{children_of, is_alive, kill, state_and_parent, until};
use evenly_testkit::slurm::{NEEDS, Slurm};
use libtest_mimic::Trial;
use std::fs;
use std::process::Command;

type Test = fn(&Site);

/// What these tests need.
pub(crate) const SLURM: &[&str] =
    &[NEEDS[0], NEEDS[1], NEEDS[2], NEEDS[3], NEEDS[4], "salloc", "srun", "scontrol"];

pub(crate) fn trials() -> impl Iterator<Item = Trial> {
    let tests: [(&str, Test); 7] = [
        ("slurm_nodes_give_the_answers_of_pipes", answers_of_pipes),
        ("row_36_agent_of_slurm_killed", agent_killed),
        ("row_36_agent_of_slurm_stopped", agent_stopped),
        ("row_36b_srun_killed", srun_killed),
        ("row_26_node_of_slurm_lost", node_lost),
        ("slurm_steps_end_in_order_when_the_primary_is_interrupted", interrupted),
        ("row_36b_primary_of_slurm_killed", primary_killed),
    ];
    tests.map(|(name, test)| on_site(name, SLURM, test)).into_iter()
}

/// The four nodes.
pub(crate) fn cluster(site: &Site) -> Slurm {
    Slurm::start_nodes(&site.own("cluster"), 4)
}

/// A call in a job with two CPUs on each node.
pub(crate) fn command(site: &Site, slurm: &Slurm, words: &str) -> Command {
    let salloc = ["salloc", "-Q", "-N", "4", "--ntasks-per-node=1", "-c", "2"];
    let mut command = site.command_through(&salloc, words);
    command.env("SLURM_CONF", slurm.configuration());
    command
}

pub(crate) fn start(site: &Site, slurm: &Slurm, words: &str) -> Process {
    Process::start(command(site, slurm, words))
}

/// Five seconds for the workers of four nodes, all on loopback.
const SLOW: &str =
    "count test:slow=1000 0..40000 --split fixed:20 --listen tcp:127.0.0.1:0 --on slurm";

/// The primary that salloc started.
fn primary_of(salloc: &Process) -> u32 {
    until("salloc has started the primary", || children_of(salloc.pid()).first().copied())
}

/// The number of the process of an agent, from the line about its joining.
fn pid_in(line: &str) -> u32 {
    let (_, rest) = line.split_once("(pid ").unwrap();
    rest.split(' ').next().unwrap().parse().unwrap()
}

/// The agents of these lines that are on a node.
fn on_node(joined: &[String], node: &str) -> u32 {
    let variable = format!("SLURMD_NODENAME={node}");
    let is_there = |pid: &u32| {
        let environment = fs::read(format!("/proc/{pid}/environ")).unwrap();
        environment.split(|byte| *byte == 0).any(|one| one == variable.as_bytes())
    };
    joined.iter().map(|line| pid_in(line)).find(is_there).unwrap()
}

fn answers_of_pipes(site: &Site) {
    let slurm = cluster(site);
    let on = "--on slurm --listen tcp:127.0.0.1:0";
    for words in [
        "count prime 0..20000000",
        "find n%99991==7 0..3000000",
        "map n*n 0..3000",
        "hist n%7 0..1000000",
        "any n>700000 0..1000000",
        "failures 1000/(n-500) 0..1000",
    ] {
        let alone = site.start(&format!("{words} -j 2 -q")).ended();
        let nodes = start(site, &slurm, &format!("{words} {on} -q --split fixed:1000")).ended();
        assert_eq!(
            (nodes.status, &nodes.stdout),
            (alone.status, &alone.stdout),
            "{words}: {nodes:?}"
        );
    }
    // A command has its words, and the directory of the call.
    let mut command = command(site, &slurm, &format!("map 0..40 {on} --split fixed:1 --"));
    command.args(["sh", "-c", "sleep 0.1; pwd >&2; echo \"$1$2\"", "sh", "{}", "'\\ $HOME;"]);
    command.current_dir("/usr");
    let ended = Process::start(command).ended();
    ended.failed(3, "'\\ $HOME;', which is not an integer");
    assert!(ended.stderr.contains("/usr"), "{ended:?}");
    // The nodes of the job, or the first of them.
    let plan = start(site, &slurm, "count even 0..9 --on slurm:3 --dry-run").ended();
    assert!(plan.stdout.contains("workers 0"), "{plan:?}");
    assert!(plan.stdout.contains("may join at tcp:0.0.0.0:0\n"), "{plan:?}");
    for (node, times) in [("n1", 1), ("n3", 1), ("n4", 0)] {
        let line = format!("agents  are started by slurm:{node}\n");
        assert_eq!(plan.stdout.matches(&line).count(), times, "{plan:?}");
    }
    let many = start(site, &slurm, "count even 0..9 --on slurm:5").ended();
    many.failed(2, "the Slurm job has 4 nodes and not 5");
}

fn agent_killed(site: &Site) {
    let slurm = cluster(site);
    let mut salloc = start(site, &slurm, SLOW);
    let joined = salloc.lines(" joined with 2 workers", 4);
    kill("KILL", on_node(&joined, "n2"));
    salloc.line(" is gone: ");
    salloc.line("slurm:n2: ended: exit 137; tries again in 1 s");
    salloc.lines(" joined with 2 workers", 5);
    salloc.ended().answers("20000\n");
}

fn agent_stopped(site: &Site) {
    let slurm = cluster(site);
    let words = SLOW.replace("0..40000", "0..10000000");
    let mut salloc = start(site, &slurm, &format!("{words} --silence 500ms"));
    let joined = salloc.lines(" joined with 2 workers", 4);
    let stopped = on_node(&joined, "n2");
    kill("STOP", stopped);
    salloc.line("has sent nothing for 0.5 s");
    kill("CONT", stopped);
    salloc.line("sends again");
    kill("TERM", primary_of(&salloc));
    assert!(salloc.ended().stderr.contains("stopped by SIGTERM"));
}

fn srun_killed(site: &Site) {
    let slurm = cluster(site);
    let mut salloc = start(site, &slurm, SLOW);
    let joined = salloc.lines(" joined with 2 workers", 4);
    let agents: Vec<_> = joined.iter().map(|line| pid_in(line)).collect();
    kill("KILL", children_of(primary_of(&salloc))[0]);
    salloc.line("ended: signal 9; tries again in 1 s");
    until("its agent is gone", || agents.iter().any(|pid| !is_alive(*pid)).then_some(()));
    salloc.lines(" joined with 2 workers", 5);
    salloc.ended().answers("20000\n");
}

/// All that runs on a node is killed at once, and the node stays away.
fn node_lost(site: &Site) {
    let mut slurm = cluster(site);
    let mut salloc = start(site, &slurm, SLOW);
    let joined = salloc.lines(" joined with 2 workers", 4);
    let agent = on_node(&joined, "n3");
    let (_, step) = state_and_parent(agent).unwrap();
    slurm.kill_daemon_of(2);
    kill("KILL", step);
    kill("KILL", agent);
    salloc.line(" is gone: ");
    salloc.ended().answers("20000\n");
}

fn interrupted(site: &Site) {
    let slurm = cluster(site);
    let mut salloc = start(site, &slurm, SLOW);
    salloc.lines(" joined with 2 workers", 4);
    kill("TERM", primary_of(&salloc));
    let ended = salloc.ended();
    assert!(ended.stderr.contains("stopped by SIGTERM"), "{ended:?}");
    assert!(!ended.stderr.contains("tries again"), "{ended:?}");
}

fn primary_killed(site: &Site) {
    let slurm = cluster(site);
    let mut salloc = start(site, &slurm, SLOW);
    salloc.lines(" joined with 2 workers", 4);
    kill("KILL", primary_of(&salloc));
    // Slurm ends the steps with the job.
    until("nothing is left", || site.processes().is_empty().then_some(()));
    salloc.ended();
}
