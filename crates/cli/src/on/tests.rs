//! Tests of the parser of `--on`.

use super::hosts::parse;
use super::places::{SshHost, Where};

fn ssh(host: &str, workers: Option<u32>) -> Where {
    Where::Ssh(SshHost { host: host.to_owned(), workers })
}

fn parsed(words: &[&str]) -> Result<Vec<Where>, String> {
    parse(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>())
}

#[test]
fn hosts_have_workers_before_or_behind_them() {
    assert_eq!(parsed(&["ssh:a"]).unwrap(), [ssh("a", None)]);
    assert_eq!(parsed(&["ssh:me@a.example/8"]).unwrap(), [ssh("me@a.example", Some(8))]);
    assert_eq!(
        parsed(&["ssh:a,4/b,c/2", "ssh:d"]).unwrap(),
        [ssh("a", None), ssh("b", Some(4)), ssh("c", Some(2)), ssh("d", None)]
    );
}

#[test]
fn an_address_is_that_of_an_agent_to_call() {
    let at = |address: &str| Where::Agent(address.parse().unwrap());
    assert_eq!(
        parsed(&["tcp:a:7000", "unix:/run/pool.sock", "ssh:b"]).unwrap(),
        [at("tcp:a:7000"), at("unix:/run/pool.sock"), ssh("b", None)]
    );
    let twice = parsed(&["tcp:a:7000", "tcp:a:7000"]).unwrap_err();
    assert!(twice.contains("tcp:a:7000 twice; an agent works for one job"), "{twice}");
}

#[test]
fn a_slurm_job_may_have_a_number_of_nodes() {
    assert_eq!(parsed(&["slurm", "ssh:a"]).unwrap(), [Where::Slurm(None), ssh("a", None)]);
    assert_eq!(parsed(&["slurm:2"]).unwrap(), [Where::Slurm(Some(2))]);
    assert!(parsed(&["slurm", "slurm:2"]).unwrap_err().contains("given twice"));
}

#[test]
fn a_bad_host_is_refused_with_its_cause() {
    for (typed, cause) in [
        ("ssh:", "a host is missing"),
        ("ssh:a,", "a host is missing"),
        ("ssh:-oProxyCommand=x", "is not the name of a host"),
        ("ssh:a b", "is not the name of a host"),
        ("ssh:a;b", "is not the name of a host"),
        ("ssh:a/0", "is not a number of workers"),
        ("ssh:a/x", "is not a number of workers"),
        ("ssh:a/4294967296", "is not a number of workers"),
        ("tcp:a", "names no port"),
        ("tcp:a:0", "port 0 is for listening only"),
        ("unix:", "path"),
        ("a", "it is ssh:HOST"),
        ("rsh:a", "it is ssh:HOST"),
        ("", "it is ssh:HOST"),
        ("slurm:", "is not a number of nodes"),
        ("slurm:0", "is not a number of nodes"),
        ("slurm:n1", "is not a number of nodes"),
    ] {
        let said = parsed(&[typed]).unwrap_err();
        assert!(said.contains(cause) && said.contains(&format!("'{typed}'")), "{typed}: {said}");
    }
    assert!(parsed(&["ssh:a", "ssh:a"]).unwrap_err().contains("ssh:a twice"));
}

#[test]
fn a_file_has_hosts_in_the_syntax_of_gnu_parallel() {
    let path = std::env::temp_dir().join(format!("evenly-hosts-{}", std::process::id()));
    let at = format!("@{}", path.display());
    std::fs::write(&path, "# ours\n8/a\n  me@b  # slow\n\n2/:\n:\nssh:c/3\n").unwrap();
    let here = [Where::Here(Some(2)), Where::Here(None)];
    let [two, one] = here;
    assert_eq!(
        parsed(&[&at]).unwrap(),
        [ssh("a", Some(8)), ssh("me@b", None), two, one, ssh("c", Some(3))]
    );
    for (text, cause) in [
        ("# nothing\n", "has no host"),
        ("a\n0/b\n", "bad host '0/b' in line 2"),
        ("4/ssh -p 22 a\n", "is not the name of a host"),
        ("@group/a\n", "groups of hosts"),
        ("..\n", "--on @FILE for each"),
    ] {
        std::fs::write(&path, text).unwrap();
        let said = parsed(&[&at]).unwrap_err();
        assert!(said.contains(cause), "{text}: {said}");
    }
    std::fs::remove_file(&path).unwrap();
    assert!(parsed(&[&at]).unwrap_err().contains("cannot read"));
}
