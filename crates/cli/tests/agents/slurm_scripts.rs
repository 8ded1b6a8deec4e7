//! Scripts for sbatch that `evenly slurm-script` prints: what is in them, and jobs of the real Slurm that are requeued,
//! cancelled, or reach their time limit.

use crate::on_site;
use crate::slurm::{SLURM, cluster};
use crate::support::process::{Ended, Process};
use crate::support::site::Site;
use crate::support::until;
use evenly_testkit::slurm::Slurm;
use libtest_mimic::Trial;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

pub(crate) fn trials() -> impl Iterator<Item = Trial> {
    let alone = [
        on_site("a_slurm_script_has_the_call_its_journal_and_resume", &[], has_the_call),
        on_site("a_call_that_no_slurm_job_can_run_is_refused", &[], refused),
    ];
    let jobs = [
        on_site("a_slurm_job_continues_after_requeue_and_scancel", SLURM, requeued_and_cancelled),
        on_site("a_slurm_job_continues_after_its_time_limit", SLURM, time_limit),
    ];
    alone.into_iter().chain(jobs)
}

/// The end of `slurm-script` with these words, called in the directory of the test's own files.
fn print(site: &Site, words: &[&str]) -> Ended {
    let mut command = site.command("slurm-script");
    command.args(words).current_dir(site.own(""));
    Process::start(command).ended()
}

fn has_the_call(site: &Site) {
    let words = ["-N", "4", "-t", "1:00:00", "--mail-type=END", "count", "n % 7 == 3", "0..1000"];
    let ended = print(site, &[&words[..], &["--where", "it's"]].concat());
    ended.failed(2, "--where");
    let ended = print(site, &[&words[..], &["-j4"]].concat());
    assert_eq!((ended.status, &*ended.stderr), (0, ""), "{ended:?}");
    let text = &ended.stdout;
    let (_, stem) = text.split_once("--job-name=").unwrap();
    let stem = stem.lines().next().unwrap();
    let directory = site.own("");
    let directory = fs::canonicalize(directory).unwrap();
    let evenly = fs::canonicalize(crate::support::EVENLY).unwrap();
    let expected = format!(
        "#!/bin/bash
#SBATCH --job-name={stem}
#SBATCH --dependency=singleton
#SBATCH --ntasks-per-node=1
#SBATCH --exclusive
#SBATCH --no-kill
#SBATCH --requeue
#SBATCH --signal=B:TERM@60
#SBATCH --output={stem}.log
#SBATCH --open-mode=append
#SBATCH --chdir={}
#SBATCH --time=1:00:00
#SBATCH --mail-type=END
#SBATCH --nodes=4
# The answer is in {stem}.out, and messages are in {stem}.log.
# TERM comes before the time limit: then finished work is in the journal. Submit this script again to continue.
exec {} count 'n % 7 == 3' 0..1000 -j 4 --on slurm --journal {stem}.journal --resume > {stem}.out
",
        directory.display(),
        evenly.display()
    );
    assert_eq!(*text, expected);
    // The same call has the same files, and another one others.
    assert_eq!(print(site, &[&words[..], &["-j4"]].concat()).stdout, *text);
    assert!(!print(site, &words).stdout.contains(stem));
    // What the call says itself is not added.
    let words = ["-c", "8", "-o", "a b", "run", "0..9", "--journal", "j", "--on", "slurm:2"];
    let text = print(site, &[&words[..], &["--", "echo", "{}", "--", "x y"]].concat()).stdout;
    let last = text.lines().last().unwrap();
    let call = "run 0..9 --journal j --on slurm:2 --resume -- echo {} -- 'x y'";
    assert!(last.ends_with(call), "{text}");
    assert!(text.contains("#SBATCH --output='a b'\n") && text.contains("--open-mode=append"));
    assert!(!text.contains("--exclusive") && text.contains("#SBATCH --cpus-per-task=8\n"));
}

fn refused(site: &Site) {
    for (words, cause) in [
        (&["-N", "4"][..], "no call is given"),
        (&["--frob", "count", "even", "0..9"], "--frob before the call is no option of sbatch"),
        (&["-N"], "a value is required for '--nodes"),
        (&["sbatch", "x.sh"], "submit it to Slurm by the sbatch of Slurm"),
        (&["-N", "4", "cuont", "even", "0..9"], "did you mean 'count'?"),
        (&["count", "evn", "0..9"], "did you mean 'even'?"),
        (&["join", "tcp:a:7"], "join starts no job"),
        (&["-a", "1-9", "count", "even", "0..9"], "--part auto"),
        (&["count", "even", "--from", "-"], "no standard input"),
        (&["-J", "a\nb", "count", "even", "0..9"], "a control character"),
    ] {
        let ended = print(site, words);
        ended.failed(2, cause);
        assert_eq!((&*ended.stdout, ended.stderr.lines().count()), ("", 1), "{words:?}: {ended:?}");
    }
    let outside = site.start("count even 0..9 --on slurm").ended();
    outside.failed(2, "this process is in no Slurm job");
    outside.failed(2, "evenly slurm-script --nodes 4 CALL");
    assert_eq!(outside.stderr.lines().count(), 1, "{outside:?}");
    let alone = site.start("count even 0..9 --advertise a").ended();
    alone.failed(2, "--advertise is only used with --on slurm");
}

/// A script of a call, submitted to a cluster.
struct Job<'a> {
    site: &'a Site,
    slurm: &'a Slurm,
    script: PathBuf,
    stem: String,
}

impl<'a> Job<'a> {
    fn new(site: &'a Site, slurm: &'a Slurm, options: &[&str], call: &str) -> Self {
        let words: Vec<&str> = options.iter().copied().chain(call.split(' ')).collect();
        let text = print(site, &words).stdout;
        let (_, stem) = text.split_once("--job-name=").unwrap();
        let stem = stem.lines().next().unwrap().to_owned();
        let script = site.own("job.sbatch");
        fs::write(&script, text).unwrap();
        Self { site, slurm, script, stem }
    }

    fn command(&self, program: &str, words: &[&str]) -> Command {
        let mut command = self.slurm.command(program);
        // Processes of the test are known by this variable: see Site.
        command.args(words).env("XDG_CONFIG_HOME", self.site.configuration());
        command
    }

    fn does(&self, program: &str, words: &[&str]) -> String {
        let output = self.command(program, words).output().unwrap();
        assert!(output.status.success(), "{program} {words:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Submits the script, and gives the id.
    fn submit(&self, options: &[&str]) -> String {
        let words = [options, &["--parsable", self.script.to_str().unwrap()]].concat();
        self.does("sbatch", &words).trim().to_owned()
    }

    fn file(&self, ending: &str) -> String {
        fs::read_to_string(self.site.own(&format!("{}.{ending}", self.stem))).unwrap_or_default()
    }

    /// Waits until agents have joined `count` times, in all starts together.
    fn wait_for_agents(&self, count: usize) {
        until("the agents have joined", || {
            (self.file("log").matches(" joined with ").count() >= count).then_some(())
        });
    }

    /// Waits until no job is there any more.
    fn wait_for_end(&self) {
        until("no job is there", || self.does("squeue", &["-h"]).is_empty().then_some(()));
    }

    /// Waits until another agent did some numbers, and those are in the journal.
    fn wait_for_work(&self) {
        let journal = self.site.own(&format!("{}.journal", self.stem));
        until("something is done", || (fs::metadata(&journal).ok()?.len() > 0).then_some(()));
        std::thread::sleep(std::time::Duration::from_secs(1));
    }

    /// How many numbers each start found done.
    fn found(&self) -> Vec<u64> {
        let log = self.file("log");
        let lines = log.lines().filter_map(|line| line.split_once("resumes journal "));
        let done = |(_, rest): (&str, &str)| {
            rest.split_once("': ")?.1.split(' ').next()?.replace('_', "").parse().ok()
        };
        lines.map(|line| done(line).unwrap()).collect()
    }
}

/// Ten seconds for four workers, on loopback.
const CALL: &str = "count test:slow=1000 0..40000 --split fixed:20 --listen tcp:127.0.0.1:0 -v";

fn requeued_and_cancelled(site: &Site) {
    let slurm = cluster(site);
    let job = Job::new(site, &slurm, &["-N", "4", "-c", "1"], CALL);
    let id = job.submit(&[]);
    job.wait_for_agents(4);
    job.wait_for_work();
    job.does("scontrol", &["requeue", &id]);
    job.wait_for_agents(8);
    job.wait_for_work();
    job.does("scancel", &[&id]);
    job.wait_for_end();
    assert!(job.file("log").contains("stopped by SIGTERM"), "{}", job.file("log"));
    assert_eq!(job.file("out"), "");
    job.submit(&[]);
    job.wait_for_end();
    assert_eq!(job.file("out"), "20000\n", "{}", job.file("log"));
    let found = job.found();
    assert!(found.len() == 2 && 0 < found[0] && found[0] < found[1], "{found:?}");
}

fn time_limit(site: &Site) {
    let slurm = cluster(site);
    let call = CALL.replace("40000", "200000");
    let job = Job::new(site, &slurm, &["-N", "4", "-c", "1", "-t", "60"], &call);
    let id = job.submit(&[]);
    job.wait_for_agents(4);
    job.wait_for_work();
    // Slurm looks twice a minute. The limit is 60 s away or less now, so TERM is due.
    job.does("scontrol", &["update", &format!("JobId={id}"), "TimeLimit=1"]);
    job.wait_for_end();
    assert!(job.file("log").contains("stopped by SIGTERM"), "{}", job.file("log"));
    assert!(!job.file("log").contains("DUE TO TIME LIMIT"), "{}", job.file("log"));
    assert_eq!(job.file("out"), "");
    // More workers, so that the test does not wait as long again.
    job.submit(&["-c", "4"]);
    job.wait_for_end();
    assert_eq!(job.file("out"), "100000\n", "{}", job.file("log"));
    assert!(job.found()[0] > 0, "{:?}", job.found());
}
