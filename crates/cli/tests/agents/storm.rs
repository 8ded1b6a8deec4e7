//! Longer: agents by ssh, on the nodes of a Slurm job and of a pool, while random processes of the job are killed.

use crate::called::{agent, end};
use crate::on_site;
use crate::slurm::{SLURM, cluster, command};
use crate::support::process::Process;
use crate::support::site::{Site, Transport};
use crate::support::sshd::{SSH, Sshd};
use crate::support::{PATIENCE, children_of, figure};
use evenly_testkit::Random;
use evenly_testkit::slurm::Slurm;
use libtest_mimic::Trial;
use rustix::process::{Pid, Signal, kill_process};
use std::fs;
use std::time::{Duration, Instant};

/// Seconds of kills, unless the variable says another number.
const SECONDS: u64 = 20;
const VARIABLE: &str = "EVENLY_STORM_SECONDS";

/// Of each run, the numbers and how many are even.
const NUMBERS: u64 = 200_000;

pub(crate) fn trials() -> Vec<Trial> {
    let needs: Vec<&'static str> = [SLURM, SSH].concat();
    let trial = on_site("agents_of_each_launcher_under_random_kills", needs.leak(), storm);
    vec![trial.with_ignored_flag(true)]
}

/// What of a job is killed.
#[derive(Clone, Copy, Debug)]
enum Target {
    /// One process: a worker, an agent, an ssh, an srun or the primary.
    Any,
    Primary,
    /// All that runs on one node.
    Node,
}

/// The processes of the job, without those that must live for the next one.
fn processes(site: &Site, apart: &[u32]) -> Vec<u32> {
    let mut all = site.processes();
    all.retain(|pid| !apart.contains(pid));
    all
}

fn kill(pid: u32) {
    // It may have ended by itself.
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    let _ = pid.map(|pid| kill_process(pid, Signal::KILL));
}

fn is_on(pid: u32, node: u64) -> bool {
    let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
    let variable = format!("SLURMD_NODENAME=n{node}");
    environment.split(|byte| *byte == 0).any(|one| one == variable.as_bytes())
}

fn blow(site: &Site, salloc: &Process, waiting: &Process, random: &mut Random) {
    let job = processes(site, &[salloc.pid(), waiting.pid()]);
    match random.pick(&[Target::Any, Target::Any, Target::Any, Target::Node, Target::Primary]) {
        Target::Any => random.choose(&job).into_iter().for_each(kill),
        Target::Primary => children_of(salloc.pid()).first().copied().into_iter().for_each(kill),
        Target::Node => {
            let node = random.between(1, 4);
            job.into_iter().filter(|pid| is_on(*pid, node)).for_each(kill);
        }
    }
}

fn storm(site: &Site) {
    let seconds = std::env::var(VARIABLE).ok().and_then(|typed| typed.parse().ok());
    let until = Instant::now() + Duration::from_secs(seconds.unwrap_or(SECONDS));
    let mut random = Random::new(19);
    let sshd = Sshd::start(site);
    let slurm = cluster(site);
    let (waiting, address) = agent(site, Transport::Tcp, "-j 1 --silence 2s");
    let (mut blows, mut runs, mut answers) = (0_u64, 0_u64, 0_u64);
    while Instant::now() < until {
        let mut salloc = resume(site, (&slurm, &sshd), &address);
        runs += 1;
        while salloc.runs() && Instant::now() < until {
            std::thread::sleep(random.duration_ms(100, 1500));
            blow(site, &salloc, &waiting, &mut random);
            blows += 1;
        }
        if salloc.runs() {
            children_of(salloc.pid()).into_iter().for_each(kill);
        }
        answers += u64::from(is_answered(site, salloc));
    }
    // What was begun is finished without a blow.
    let began = Instant::now();
    while !is_answered(site, resume(site, (&slurm, &sshd), &address)) {
        assert!(began.elapsed() < PATIENCE, "no answer");
    }
    figure(&format!("{blows} blows in {runs} runs; {} right answers", answers + 1));
    end(waiting);
}

/// The job with its journal, from where the last run of it ended.
fn resume(site: &Site, (slurm, sshd): (&Slurm, &Sshd<'_>), address: &str) -> Process {
    let journal = site.own("journal").display().to_string();
    let words = format!(
        "count test:slow=100 0..{NUMBERS} -j 1 --split fixed:50 --silence 2s --progress none --journal {journal} \
         --resume --listen tcp:127.0.0.1:0 --on slurm --on ssh:a/1,b/1 --on {address}"
    );
    let mut command = command(site, slurm, &words);
    command.env("EVENLY_SSH", sshd.client());
    Process::start(command)
}

/// Whether the run has given the answer, which must be right. Its journal is removed then.
fn is_answered(site: &Site, salloc: Process) -> bool {
    let ended = salloc.ended();
    if ended.stdout.is_empty() {
        // A killed primary, for which salloc may end with 0, or one that finds the journal in use: workers of the one before
        // hold its lock for a moment. Or its sha256sum was killed before it began.
        let is_refused = [2, 3, 4, 70, 101].contains(&ended.status);
        assert!(!is_refused || ended.stderr.contains("sha256sum failed"), "{ended:?}");
        return false;
    }
    assert_eq!((ended.status, ended.stdout), (0, format!("{}\n", NUMBERS / 2)));
    fs::remove_file(site.own("journal")).unwrap();
    true
}
