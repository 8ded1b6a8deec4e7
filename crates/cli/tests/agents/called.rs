//! Agents that wait to be called (`evenly agent`): the answers of pipes, one primary after the other, what is allowed.

use crate::keys;
use crate::support::kill;
use crate::support::process::Process;
use crate::support::site::{Site, TRANSPORTS, Transport, listens_at};
use crate::support::sshd::{SSH, Sshd};
use crate::{on_site, over};
use libtest_mimic::Trial;
use std::fs;
use std::process::Command;

pub(crate) fn trials() -> Vec<Trial> {
    let mut trials: Vec<Trial> =
        over(TRANSPORTS, "called_agents_give_the_answers_of_pipes", answers_of_pipes).collect();
    trials.extend(over(
        TRANSPORTS,
        "a_called_agent_refuses_a_second_primary_and_serves_it_next",
        second_primary,
    ));
    trials.extend([
        on_site("called_agents_work_beside_ssh_and_workers_of_this_machine", SSH, beside_ssh),
        on_site("a_called_agent_runs_allowed_commands_only", &[], commands),
        on_site("a_called_agent_gets_texts_only_if_that_is_allowed", &[], texts),
        on_site("a_called_agent_computes_allowed_libraries_only", &["cc"], libraries),
        on_site("a_file_of_hosts_names_called_agents", &[], file_of_hosts),
        on_site("bad_calls_of_agent_are_refused_in_one_line", &[], bad_calls),
    ]);
    trials
}

/// Starts an agent that waits at an address of its own; also gives where.
pub(crate) fn agent(site: &Site, transport: Transport, words: &str) -> (Process, String) {
    let key = site.configuration().join("evenly/key");
    if transport.is_of_a_network() && !key.exists() {
        fs::create_dir_all(key.parent().unwrap()).unwrap();
        keys::make(&key, 7);
    }
    // Several may wait at the same time.
    let name = site.own(&format!("s{}", fs::read_dir(site.own("")).unwrap().count()));
    let listen = match transport {
        Transport::Unix | Transport::Unixgram => {
            format!("{}:{}", transport.name(), name.display())
        }
        _ => site.address(transport),
    };
    let mut agent = site.start(&format!("agent --listen {listen} {words}"));
    let address = listens_at(&mut agent);
    (agent, address)
}

/// Starts a primary that calls these agents, without workers of its own unless the words give it some.
pub(crate) fn primary(site: &Site, words: &str, addresses: &[&str]) -> Process {
    let on: String = addresses.iter().map(|address| format!(" --on {address}")).collect();
    let workers = if words.contains(" -j ") { "" } else { " -j 0" };
    site.start(&format!("{words}{workers} --progress none{on}"))
}

/// Ends an agent that waits: a signal, and nothing else, ends it.
pub(crate) fn end(mut agent: Process) -> String {
    assert!(agent.runs(), "{}", agent.said());
    kill("TERM", agent.pid());
    let ended = agent.ended();
    ended.failed(143, "evenly: stopped by SIGTERM");
    ended.stderr
}

fn answers_of_pipes(site: &Site, transport: Transport) {
    let [one, two] = ["-j 2", "-j 1"].map(|words| agent(site, transport, words));
    let questions = [
        "count prime 0..2000000",
        "find n%99991==7 0..300000",
        "map n*n 0..3000",
        "hist n%7 0..100000",
        "any n>70000 0..100000",
        "failures 1000/(n-500) 0..1000",
        "count n%3==0 --where n%2==0 1..100000:5",
    ];
    for words in questions {
        let alone = site.start(&format!("{words} -j 2 -q")).ended();
        let called = format!("{words} -q --split fixed:1000");
        let called = primary(site, &called, &[&one.1, &two.1]).ended();
        assert_eq!(
            (called.status, &called.stdout),
            (alone.status, &alone.stdout),
            "{words}: {called:?}"
        );
    }
    for (agent, _) in [one, two] {
        let said = end(agent);
        assert!(said.contains("evenly: works for "), "{said}");
    }
}

fn beside_ssh(site: &Site) {
    let sshd = Sshd::start(site);
    let (waiting, address) = agent(site, Transport::Tcp, "-j 1");
    for words in ["count test:slow=100 0..20000", "map n*n 0..3000", "find n%997==7 0..100000"] {
        let alone = site.start(&format!("{words} -j 2 -q")).ended();
        let all =
            format!("{words} -j 1 --split fixed:50 --progress none --on {address} --on ssh:b/1");
        let all = sshd.run(&all).ended();
        assert_eq!((all.status, &all.stdout), (0, &alone.stdout), "{words}: {all:?}");
    }
    end(waiting);
}

fn second_primary(site: &Site, transport: Transport) {
    let (mut agent, address) = agent(site, transport, "-j 1 --silence 1s");
    let mut first = primary(site, "count test:slow=1000 0..1000000 --silence 1s", &[&address]);
    first.line(" joined with 1 worker");
    let mut second = primary(site, "sum n*n 0..=10", &[&address]);
    let said = second.line("it works for another primary (process ");
    assert!(said.contains(&format!("{address}: ")), "{said}");
    assert!(said.contains(&format!("(process {} on ", first.pid())), "{said}");
    assert!(said.ends_with("; tries again in 1 s"), "{said}");
    assert!(agent.runs() && second.runs());
    kill("INT", first.pid());
    first.ended().failed(130, "");
    let ended = second.ended();
    ended.answers("385\n");
    assert_eq!(ended.stderr.matches("another primary").count(), 1, "{ended:?}");
    agent.line("over 0..=10");
    end(agent);
}

fn commands(site: &Site) {
    let mut waiting = site.command("agent -j 1 --listen");
    let address = format!("unix:{}", site.own("pool").display());
    waiting.arg(&address).args(["--allow", "test {} -lt 5", "--allow=expr {} '*' 2"]);
    let mut waiting = Process::start(waiting);
    listens_at(&mut waiting);
    let call = |words: &str, command: &[&str]| {
        let mut primary = site.command(&format!("{words} -j 0 --progress none --on {address} --"));
        primary.args(command);
        Process::start(primary)
    };
    call("count 0..10", &["test", "{}", "-lt", "5"]).ended().answers("5\n");
    call("sum 1..=4", &["expr", "{}", "*", "2"]).ended().answers("20\n");
    call("find 0..10", &["test", "{}", "-lt", "5"]).ended().answers("0\n1\n2\n3\n4\n");
    // Each word counts, and no other program runs.
    let marker = site.own("marker");
    let touch = marker.display().to_string();
    for other in
        [&["test", "{}", "-lt", "6"][..], &["touch", &touch, "{}"], &["sh", "-c", "exit {}"]]
    {
        let ended = call("count 0..10", other).ended();
        ended.failed(4, "is given up: this agent does not allow ");
        ended.failed(4, "start it with --allow 'CMD...'");
        ended.failed(4, "no host of --on can work for this job");
        assert!(!ended.stderr.contains("tries again"), "{ended:?}");
    }
    assert!(!marker.exists());
    waiting.lines(" was refused: this agent does not allow ", 3);
    // What needs no program needs no permission.
    primary(site, "count even 0..10", &[&address]).ended().answers("5\n");
    end(waiting);
}

fn texts(site: &Site) {
    let lines = site.own("lines");
    fs::write(&lines, "a b\n$(touch x)\n").unwrap();
    let question = format!("map --lines {} -j 0 --progress none --on", lines.display());
    for (option, is_allowed) in [("-q", false), ("--allow-texts", true)] {
        let address = format!("unix:{}", site.own(if is_allowed { "a" } else { "b" }).display());
        let mut waiting = site.command(&format!("agent -j 1 --listen {address} {option}"));
        waiting.args(["--allow", "expr length {}"]);
        let waiting = Process::start(waiting);
        let mut primary = site.command(&format!("{question} {address} --"));
        primary.args(["expr", "length", "{}"]);
        let ended = Process::start(primary).ended();
        if is_allowed {
            ended.answers("1\t3\ta b\n2\t10\t$(touch x)\n");
        } else {
            ended.failed(4, "this agent lets no primary send texts to its commands");
            ended.failed(4, "--allow-texts");
        }
        end(waiting);
    }
}

fn libraries(site: &Site) {
    for (name, body) in [("f", "n * n"), ("g", "n + 1")] {
        let source = format!("#include <stdint.h>\nint64_t f(int64_t n) {{ return {body}; }}\n");
        fs::write(site.own(&format!("{name}.c")), source).unwrap();
        let mut cc = Command::new("cc");
        cc.args(["-O2", "-shared", "-fPIC", "-o"]).arg(site.own(&format!("{name}.so")));
        assert!(cc.arg(site.own(&format!("{name}.c"))).status().unwrap().success());
    }
    let [f, g] = ["f", "g"].map(|name| format!("{}:f", site.own(&format!("{name}.so")).display()));
    let (waiting, address) = agent(site, Transport::Unix, &format!("-j 1 --allow-lib {f}"));
    for _ in 0..2 {
        let job = primary(site, &format!("sum --lib {f} 0..1000"), &[&address]);
        job.ended().answers("332833500\n");
    }
    let other = primary(site, &format!("sum --lib {g} 0..1000"), &[&address]).ended();
    other.failed(4, "is given up: this agent does not allow the library of ");
    end(waiting);
}

fn file_of_hosts(site: &Site) {
    let (waiting, address) = agent(site, Transport::Tcp, "-j 1");
    let hosts = site.own("hosts");
    fs::write(&hosts, format!("# a pool\n{address}  # the first\n")).unwrap();
    let at = format!("@{}", hosts.display());
    primary(site, "count even 0..1000", &[&at]).ended().answers("500\n");
    let dry = primary(site, "count even 0..1000 --dry-run", &[&at]).ended();
    assert!(dry.stdout.contains(&address), "{dry:?}");
    end(waiting);
}

fn bad_calls(site: &Site) {
    let unix = format!("--listen unix:{}", site.own("a").display());
    for (words, said) in [
        ("--listen stdio:".to_owned(), "stdio:"),
        ("--listen nowhere".to_owned(), "'nowhere' is not an address"),
        ("--listen tcp:127.0.0.1:0".to_owned(), "there is no key file '"),
        (format!("{unix} --allow {{}}"), "its first word must name the program"),
        (format!("{unix} --allow '"), "it is not the words of a command"),
        (format!("{unix} --allow /no/such/program"), "bad value '/no/such/program' for --allow: "),
        (format!("{unix} --allow-lib /no/such.so:f"), "for --allow-lib: "),
        (format!("{unix} --depends /dev/null"), "this agent allows neither"),
        (format!("{unix} --allow-texts"), "--allow"),
    ] {
        let ended = site.start(&format!("agent {words}")).ended();
        ended.failed(2, said);
        assert_eq!(ended.stderr.lines().count(), 1, "{ended:?}");
    }
    let unused = site.start("count even 0..10 --key-file k --on unix:/a").ended();
    unused.failed(2, "k");
    let key = site.configuration().join("evenly/key");
    fs::create_dir_all(key.parent().unwrap()).unwrap();
    let twice = format!("count even 0..10 --on tcp:127.0.0.1:1 --events {}", key.display());
    site.start(&twice).ended().failed(2, "the key file");
    assert!(!key.exists());
    let alone = site.start("count even 0..10 --key-file k").ended();
    alone.failed(2, "--key-file is only used with --listen ADDR or --on tcp:HOST:PORT");
}
