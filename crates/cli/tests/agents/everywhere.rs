//! One job on pipes, over ssh, on the nodes of a Slurm job, on agents that wait, and in 16 parts: the same bytes.

use crate::called::{agent, end, primary};
use crate::on_site;
use crate::slurm::{SLURM, cluster, start};
use crate::support::process::Ended;
use crate::support::site::{Site, Transport};
use crate::support::sshd::{SSH, Sshd};
use libtest_mimic::Trial;

pub(crate) fn trials() -> Vec<Trial> {
    let needs: Vec<&'static str> = [SLURM, SSH].concat();
    vec![on_site("the_same_job_by_each_launcher_and_in_parts", needs.leak(), the_same_bytes)]
}

fn the_same_bytes(site: &Site) {
    let sshd = Sshd::start(site);
    let slurm = cluster(site);
    let [one, two] = [Transport::Tcp, Transport::Unix].map(|kind| agent(site, kind, "-j 1"));
    for (number, words) in
        ["find n%99991==7 0..3000000", "hist n%7 1..1000000:3", "failures 1000/(n-500) 0..1000"]
            .into_iter()
            .enumerate()
    {
        let pipes = site.start(&format!("{words} -j 2 -q")).ended();
        let same = |name: &str, other: &Ended| {
            let (pipes, found) = ((pipes.status, &pipes.stdout), (other.status, &other.stdout));
            assert_eq!(found, pipes, "{words} {name}: {other:?}");
        };
        let job = format!("{words} -q --split fixed:1000");
        same("ssh", &sshd.run(&format!("{job} -j 0 --on ssh:a/1,b/2")).ended());
        let nodes = format!("{job} --on slurm --listen tcp:127.0.0.1:0");
        same("slurm", &start(site, &slurm, &nodes).ended());
        same("agents that wait", &primary(site, &job, &[&one.1, &two.1]).ended());
        let journal = |name: &str| site.own(&format!("{name}.{number}")).display().to_string();
        let mut parts = Vec::new();
        for part in 1..=16 {
            let file = journal(&format!("part{part}"));
            let part = format!("{words} -j 1 -q --part {part}/16 --journal {file}");
            let ended = site.start(&part).ended();
            assert!(ended.status < 2, "{ended:?}");
            parts.push(file);
        }
        let whole = journal("whole");
        let merged = site.start(&format!("verify --merge {whole} {}", parts.join(" "))).ended();
        assert!(merged.stdout.contains("missing\t0\n"), "{merged:?}");
        let answer = format!("{words} -q --journal {whole} --resume");
        same("parts", &site.start(&answer).ended());
    }
    end(one.0);
    end(two.0);
}
