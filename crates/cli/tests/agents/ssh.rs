//! Agents that the primary starts by ssh (`--on ssh:HOST`), over a real server on loopback.

use crate::on_site;
use crate::support::process::Process;
use crate::support::site::Site;
use crate::support::sshd::{SSH, Sshd};
use crate::support::wire::{framed, hello};
use crate::support::{answer, children_of, is_alive, kill, until};
use evenly_core::hello::{PROGRAM, PROTOCOL};
use libtest_mimic::Trial;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

type Test = fn(&Site);

const SSH_AND_CC: &[&str] = &["sshd", "ssh", "ssh-keygen", "sha256sum", "cc"];

pub(crate) fn trials() -> impl Iterator<Item = Trial> {
    let tests: [(&str, Test); 18] = [
        ("ssh_hosts_give_the_answers_of_pipes", answers_of_pipes),
        ("ssh_passes_on_a_command_with_any_words", commands),
        ("row_36b_ssh_killed", ssh_killed),
        ("row_36_agent_of_ssh_killed", agent_killed),
        ("row_36_agent_of_ssh_stopped", agent_stopped),
        ("row_36b_primary_of_ssh_killed", primary_killed),
        ("ssh_hosts_end_in_order_when_the_primary_is_interrupted", interrupted),
        ("an_unreachable_host_costs_one_line", unreachable),
        ("without_a_worker_the_primary_says_which_hosts_it_waits_for", waits),
        ("a_host_of_another_architecture_is_given_up", strange),
        ("the_binary_is_copied_if_it_is_missing_or_damaged", copied),
        ("another_binary_is_copied_if_the_variable_names_one", named_binary),
        ("row_37_agent_of_ssh_of_another_version", another_version),
        ("a_flood_of_remote_messages_is_bounded", flood),
        ("a_missing_working_directory_is_said", no_directory),
        ("a_file_of_hosts_names_two", file_of_hosts),
        ("resume_takes_hosts", resumed),
        ("a_host_without_ssh_is_said", no_ssh),
    ];
    let over_ssh = tests.map(|(name, test)| on_site(name, SSH, test));
    let alone = [
        on_site("ssh_copies_the_library_and_what_it_depends_on", SSH_AND_CC, libraries),
        on_site("an_agent_of_stdio_ends_with_its_input", &[], ends_with_stdin),
        on_site("stdio_needs_a_connection", &[], needs_a_connection),
    ];
    over_ssh.into_iter().chain(alone)
}

/// The number of the process of an agent, from the line about its joining.
fn pid_in(line: &str) -> u32 {
    let (_, rest) = line.split_once("(pid ").unwrap();
    rest.split(' ').next().unwrap().parse().unwrap()
}

fn lines_with(stderr: &str, with: &str) -> usize {
    stderr.lines().filter(|line| line.contains(with)).count()
}

fn answers_of_pipes(site: &Site) {
    let sshd = Sshd::start(site);
    for words in [
        "count prime 0..20000000",
        "find n%99991==7 0..3000000",
        "map n*n 0..3000",
        "hist n%7 0..1000000",
        "any n>700000 0..1000000",
        "failures 1000/(n-500) 0..1000",
        "count n%3==0 --where n%2==0 1..100000:5",
    ] {
        let alone = site.start(&format!("{words} -j 2 -q")).ended();
        let hosts = sshd.run(&format!("{words} -j 0 --on ssh:a/2,b/1 -q --split fixed:1000"));
        let hosts = hosts.ended();
        assert_eq!(
            (hosts.status, &hosts.stdout),
            (alone.status, &alone.stdout),
            "{words}: {hosts:?}"
        );
    }
    // Beside the workers of this machine.
    sshd.run("count even 0..1000 -j 1 --on ssh:a").ended().answers("500\n");
}

fn commands(site: &Site) {
    let sshd = Sshd::start(site);
    let mut command = sshd.command("map 0..3 -j 0 --on ssh:a/1 --");
    command.args(["sh", "-c", "echo \"$2\" >&2; pwd >&2; echo $(($1 + 1))", "sh", "{}"]);
    command.arg("it's $HOME \\ `x` !\n*").current_dir("/usr");
    let ended = Process::start(command).ended();
    ended.answers("0\t1\n1\t2\n2\t3\n");
    assert_eq!(lines_with(&ended.stderr, "ssh:a: it's $HOME \\ `x` !"), 3, "{ended:?}");
    assert_eq!(lines_with(&ended.stderr, "ssh:a: /usr"), 3, "{ended:?}");
    let mut command = sshd.command("run 0..3 -k -j 0 --on ssh:b/2 --");
    command.args(["printf", "%s.\n", "{}"]);
    Process::start(command).ended().answers("0.\n1.\n2.\n");
}

fn libraries(site: &Site) {
    let sshd = Sshd::start(site);
    let (source, library, data) = (site.own("f.c"), site.own("f.so"), site.own("data"));
    fs::write(&source, "#include <stdint.h>\nint64_t f(int64_t n) { return n * n; }\n").unwrap();
    let mut cc = Command::new("cc");
    cc.args(["-O2", "-shared", "-fPIC", "-o"]).arg(&library).arg(&source);
    assert!(cc.status().unwrap().success());
    fs::write(&data, "data").unwrap();
    let words = format!(
        "sum --lib {}:f --depends {} 0..1000 -j 0 --on ssh:a/1",
        library.display(),
        data.display()
    );
    sshd.run(&words).ended().answers("332833500\n");
    assert_eq!(sshd.copies().len(), 3, "{:?}", sshd.copies());
}

/// About ten seconds for one worker.
const SLOW: &str = "count test:slow=1000 0..10000 -j 0 --split fixed:20 --on ssh:a/1,b/1";

/// A job that cannot be over before the file is there, however slowly another agent is started.
fn start_gated(site: &Site, sshd: &Sshd<'_>) -> (Process, PathBuf) {
    let gate = site.own("gate");
    let mut command = sshd.command("count 0..40 -j 0 --on ssh:a/1,b/1 --");
    command.args(["sh", "-c", r#"until [ -e "$0" ]; do sleep 0.1; done; exit $(($1 % 2))"#]);
    command.arg(&gate).arg("{}");
    (Process::start(command), gate)
}

fn ssh_killed(site: &Site) {
    let sshd = Sshd::start(site);
    let (mut primary, gate) = start_gated(site, &sshd);
    let joined = primary.lines(" joined with 1 worker", 2);
    let agents: Vec<_> = joined.iter().map(|line| pid_in(line)).collect();
    let launched = children_of(primary.pid());
    assert_eq!(launched.len(), 2);
    kill("KILL", launched[0]);
    primary.line(" is gone: ");
    primary.line("ended: signal 9; tries again in 1 s");
    // Its agent is gone, and another one joins.
    until("the agent is gone", || agents.iter().any(|pid| !is_alive(*pid)).then_some(()));
    primary.lines(" joined with 1 worker", 3);
    fs::write(gate, "").unwrap();
    primary.ended().answers("20\n");
}

fn agent_killed(site: &Site) {
    let sshd = Sshd::start(site);
    let (mut primary, gate) = start_gated(site, &sshd);
    let joined = primary.lines(" joined with 1 worker", 2);
    kill("KILL", pid_in(&joined[0]));
    primary.line(" is gone: ");
    primary.lines(" joined with 1 worker", 3);
    fs::write(gate, "").unwrap();
    primary.ended().answers("20\n");
}

fn agent_stopped(site: &Site) {
    let sshd = Sshd::start(site);
    let mut primary = sshd.run(&format!("{SLOW} --silence 500ms"));
    let joined = primary.lines(" joined with 1 worker", 2);
    let stopped = pid_in(&joined[0]);
    kill("STOP", stopped);
    primary.line("has sent nothing for 0.5 s");
    kill("CONT", stopped);
    primary.line("sends again");
    primary.ended().answers("5000\n");
}

fn primary_killed(site: &Site) {
    let sshd = Sshd::start(site);
    let mut primary = sshd.run(SLOW);
    primary.lines(" joined with 1 worker", 2);
    kill("KILL", primary.pid());
    until("nothing is left", || site.processes().is_empty().then_some(()));
    primary.ended().failed(137, "");
}

fn interrupted(site: &Site) {
    let sshd = Sshd::start(site);
    let mut primary = sshd.run(SLOW);
    primary.lines(" joined with 1 worker", 2);
    // To the group, as the terminal sends it: ssh is not in it.
    let group = format!("-{}", primary.pid());
    assert!(Command::new("kill").args(["-s", "INT", "--", &group]).status().unwrap().success());
    let ended = primary.ended();
    ended.failed(130, "stopped by SIGINT");
    assert_eq!(lines_with(&ended.stderr, "is gone"), 0, "{ended:?}");
    assert_eq!(lines_with(&ended.stderr, "tries again"), 0, "{ended:?}");
}

fn unreachable(site: &Site) {
    let sshd = Sshd::start(site);
    let words = "count test:slow=1000 0..4000 -j 1 --split fixed:20 --on ssh:refused,a/1";
    let ended = sshd.run(words).ended();
    ended.answers("2000\n");
    assert_eq!(lines_with(&ended.stderr, "ssh:refused"), 1, "{ended:?}");
    assert_eq!(lines_with(&ended.stderr, "Connection refused"), 1, "{ended:?}");
    assert!(ended.stderr.contains("tries again in 1 s"), "{ended:?}");
}

fn waits(site: &Site) {
    let sshd = Sshd::start(site);
    let mut primary = sshd.run("count even 0..1000 -j 0 --on ssh:refused");
    primary.line("evenly: no worker yet: waits for ssh:refused");
    assert!(primary.runs());
    kill("INT", primary.pid());
    primary.ended().failed(130, "SIGINT");
}

fn strange(site: &Site) {
    let sshd = Sshd::start(site);
    // Its `uname` says that it is another machine.
    let bin = site.own("bin");
    fs::create_dir(&bin).unwrap();
    fs::write(
        bin.join("uname"),
        "#!/bin/sh\ncase $1 in -m) echo sparc64 ;; *) echo Solaris ;; esac\n",
    )
    .unwrap();
    fs::set_permissions(bin.join("uname"), fs::Permissions::from_mode(0o755)).unwrap();
    let script = format!(
        "for last; do :; done\nexec $ssh a \"PATH={}:\\$PATH; export PATH; $last\"",
        bin.display()
    );
    let given_up = "evenly: ssh:strange is given up: it has Solaris on sparc64, and this evenly is for Linux on";
    let words = "count even 0..1000 --split fixed:1 --on ssh:strange";
    let beside = sshd.command_by(&script, &format!("{words} -j 1"));
    Process::start(beside).ended().answers("500\n");
    let ended = Process::start(sshd.command_by(&script, &format!("{words} -j 0"))).ended();
    ended.failed(4, given_up);
    ended.failed(4, "no host of --on can work for this job");
    assert_eq!(lines_with(&ended.stderr, "given up"), 1, "{ended:?}");
    assert!(!site.own("cache").exists());
}

fn copied(site: &Site) {
    let sshd = Sshd::start(site);
    let job = "count even 0..1000 -j 0 --on ssh:a/1";
    sshd.run(job).ended().answers("500\n");
    let [copy] = &sshd.copies()[..] else { panic!("{:?}", sshd.copies()) };
    let whole = fs::read(copy).unwrap();
    let before = fs::metadata(copy).unwrap();
    assert_eq!(before.permissions().mode() & 0o777, 0o700);
    let name = copy.parent().unwrap().file_name().unwrap().to_str().unwrap().to_owned();
    let sum = Command::new("sha256sum").arg(copy).output().unwrap().stdout;
    assert!(sum.starts_with(name.as_bytes()));
    // It stays as long as it is whole.
    sshd.run(job).ended().answers("500\n");
    assert_eq!(fs::metadata(copy).unwrap().ino(), before.ino());
    for damage in [&whole[..whole.len() / 2], &[&whole[..whole.len() - 1], b"x"].concat()] {
        fs::write(copy, damage).unwrap();
        sshd.run(job).ended().answers("500\n");
        assert!(fs::read(copy).unwrap() == whole);
    }
    assert_eq!(sshd.copies().len(), 1, "{:?}", sshd.copies());
}

/// As a static build: other bytes that run as well.
fn named_binary(site: &Site) {
    let sshd = Sshd::start(site);
    let binary = site.own("static");
    let mut bytes = fs::read(crate::support::EVENLY).unwrap();
    bytes.extend_from_slice(b"other");
    fs::write(&binary, &bytes).unwrap();
    let call = |binary: &std::path::Path| {
        let mut command = sshd.command("count even 0..1000 -j 0 --on ssh:a/1");
        command.env("EVENLY_SSH_BINARY", binary);
        Process::start(command).ended()
    };
    call(&binary).answers("500\n");
    let [copy] = &sshd.copies()[..] else { panic!("{:?}", sshd.copies()) };
    assert!(fs::read(copy).unwrap() == bytes);
    let missing = site.own("missing");
    call(&missing).failed(2, &format!("cannot copy {} to the hosts of --on", missing.display()));
}

/// The binary that the variable names is of another version, which its hello says.
fn another_version(site: &Site) {
    let sshd = Sshd::start(site);
    let hello = framed(&hello(PROTOCOL, "0.0.77"));
    let hello: String = hello.iter().map(|byte| format!("\\{byte:03o}")).collect();
    let binary = site.own("old");
    let script = format!("[ \"$1\" = --version ] || {{ printf '{hello}'; cat > /dev/null; }}");
    fs::write(&binary, format!("#!/bin/sh\n{script}\n")).unwrap();
    let mut command = sshd.command("count test:slow=1000 0..10000000 -j 1 --on ssh:a/1");
    command.env("EVENLY_SSH_BINARY", &binary);
    let mut primary = Process::start(command);
    let us = format!("this is evenly {PROGRAM} (protocol {PROTOCOL})");
    let both = format!("it is evenly 0.0.77 (protocol {PROTOCOL}); {us}");
    primary.line(&format!("ssh:a was refused: {both}"));
    kill("TERM", primary.pid());
    assert_eq!(primary.ended().status, 143);
}

fn flood(site: &Site) {
    let sshd = Sshd::start(site);
    let mut command = sshd.command("run 0..1 -j 0 --on ssh:a/1 --");
    command.args(["sh", "-c", "yes \"$(printf 'drift \\033[2J')\" | head -n 200000 >&2; echo {}"]);
    let ended = Process::start(command).ended();
    ended.answers("0\n");
    let shown = lines_with(&ended.stderr, "ssh:a: drift \\x1b[2J");
    assert!((1..20_000).contains(&shown), "{shown} lines");
    assert!(ended.stderr.contains("more than can be shown"), "{shown} lines");
    assert!(!ended.stderr.contains('\x1b'));
}

fn no_directory(site: &Site) {
    let sshd = Sshd::start(site);
    let gone = site.own("gone");
    fs::create_dir(&gone).unwrap();
    // The directory disappears between the start and the connection.
    let script = format!("rmdir {}; exec $ssh \"$@\"", gone.display());
    let mut command = sshd.command_by(&script, "count even 0..1000 -j 0 --on ssh:a/1");
    command.current_dir(&gone);
    let ended = Process::start(command).ended();
    ended.answers("500\n");
    let said = format!("ssh:a: there is no directory {}; works in /", gone.display());
    assert_eq!(lines_with(&ended.stderr, &said), 1, "{ended:?}");
}

fn file_of_hosts(site: &Site) {
    let sshd = Sshd::start(site);
    let file = site.own("hosts");
    fs::write(&file, "# two\n1/a\n2/b # more\n1/:\n").unwrap();
    let on = format!("--on @{}", file.display());
    sshd.run(&format!("count even 0..1000 {on}")).ended().answers("500\n");
    let words = format!("count test:slow=1000 0..1000000 --split fixed:20 {on}");
    let mut primary = sshd.run(&words);
    let joined = primary.lines(") joined with ", 2).concat();
    for expected in ["at ssh:a) joined with 1 worker", "at ssh:b) joined with 2 workers"] {
        assert!(joined.contains(expected), "{joined}");
    }
    kill("TERM", primary.pid());
    primary.ended();
    let plan = sshd.run(&format!("{words} --dry-run")).ended();
    assert!(plan.stdout.contains("workers 1, forked"), "{plan:?}");
    assert!(plan.stdout.contains("agents  are started by ssh:b"), "{plan:?}");
    fs::write(&file, "a b\n").unwrap();
    sshd.run(&words).ended().failed(2, "bad host 'a b' in line 1");
}

fn resumed(site: &Site) {
    let sshd = Sshd::start(site);
    let journal = site.own("journal");
    let words = format!("{SLOW} --journal {}", journal.display());
    let mut primary = sshd.run(&words);
    primary.lines(" joined with 1 worker", 2);
    until("something is done", || (fs::metadata(&journal).ok()?.len() > 0).then_some(()));
    std::thread::sleep(Duration::from_secs(1));
    kill("KILL", primary.pid());
    primary.ended().failed(137, "");
    // With the hosts of the first call, then with others.
    let mut primary = sshd.run(&format!("resume {}", journal.display()));
    primary.lines(" joined with 1 worker", 2);
    kill("KILL", primary.pid());
    primary.ended().failed(137, "");
    let ended = sshd.run(&format!("resume {} --on ssh:c/2", journal.display())).ended();
    ended.answers("5000\n");
    assert_eq!(lines_with(&ended.stderr, "at ssh:c) joined with 2 workers"), 1, "{ended:?}");
    assert_eq!(lines_with(&ended.stderr, "ssh:a"), 0, "{ended:?}");
}

fn no_ssh(site: &Site) {
    let sshd = Sshd::start(site);
    let mut command = sshd.command("count even 0..1000 -j 1 --on ssh:a --split fixed:1");
    command.env("EVENLY_SSH", "/nonexistent/ssh");
    let ended = Process::start(command).ended();
    ended.answers("500\n");
    assert_eq!(
        lines_with(&ended.stderr, "ssh:a: cannot start /nonexistent/ssh: No such file"),
        1,
        "{ended:?}"
    );
}

/// It says hello on its standard output and nothing else, and ends when its input does.
fn ends_with_stdin(site: &Site) {
    let mut command = site.command("join stdio: -j 1");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut agent = command.spawn().unwrap();
    std::thread::sleep(Duration::from_millis(300));
    assert!(agent.try_wait().unwrap().is_none());
    drop(agent.stdin.take());
    let output = agent.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(4), "{output:?}");
    let length = u16::from_le_bytes([output.stdout[0], output.stdout[1]]);
    assert_eq!(output.stdout.len(), usize::from(length) + 2);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(said, "evenly: lost the primary at stdio:: the connection ended\n");
}

fn needs_a_connection(site: &Site) {
    site.start("join stdio:").ended().failed(2, "stdio: needs a pipe or a socket");
    site.start("join stdio:x").ended().failed(2, "stdio: has nothing behind it");
    let listens = site.start("count even 0..10 --listen stdio:").ended();
    listens.failed(2, "stdio: is for evenly join only");
    assert_eq!(answer("count even 0..10"), "5\n");
}
