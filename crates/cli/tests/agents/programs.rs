//! Agents that are started with a command or a shared library, and jobs that need the same one or another.

use crate::support::process::Process;
use crate::support::site::{Site, Transport, listens_at};
use crate::support::{kill, until};
use std::path::PathBuf;
use std::process::Command;

/// A library of one function, built from this source.
fn built(site: &Site, name: &str, source: &str) -> PathBuf {
    let (source_file, library) = (site.own(&format!("{name}.c")), site.own(name));
    std::fs::write(&source_file, format!("#include <stdint.h>\n{source}\n")).unwrap();
    let mut cc = Command::new("cc");
    cc.args(["-O2", "-shared", "-fPIC", "-o"]).arg(&library).arg(&source_file);
    let output = cc.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    library
}

const SQUARE: &str = "int64_t f(int64_t n) { return n * n; } int64_t g(int64_t n) { return n; }";

pub(crate) fn the_same_library(site: &Site, transport: Transport) {
    let library = built(site, "square.so", SQUARE);
    let elsewhere = site.own("copy.so");
    std::fs::copy(&library, &elsewhere).unwrap();
    let words = format!("sum --lib {}:f 0..2000000 -j 0 --split fixed:1000", library.display());
    let (primary, address) = site.primary(transport, &words);
    // The same file under another name is the same program.
    let agent = site.agent(&address, &format!("-j 2 --lib {}:f", elsewhere.display()));
    primary.ended().answers("2666664666667000000\n");
    agent.ended().answers("");
}

/// The sum of these in doubles depends on their order.
const WILD: &str = "double f(int64_t n) {
    switch (n % 5) { case 0: return 1e308; case 1: return 0.1 * n; case 2: return 1e-300 * n;
        case 3: return -1e308; default: return n / 7.0; } }";

/// By Python's `fractions`.
const BINS: &str = "-inf\t10001\n0\t12430\n714.3571428571429\t2429\n1428.7142857142858\t2428\n\
    2143.0714285714284\t2429\n2857.4285714285716\t2429\n3571.785714285714\t2429\n\
    4286.142857142857\t2428\n5000.5\t13002\n";

/// The same bytes as without agents, by the test of libraries.
pub(crate) fn the_sum_of_doubles(site: &Site, transport: Transport) {
    let library = built(site, "wild.so", WILD);
    for (verb, bins, answer) in [
        ("sum", "", "60727072.1\n"),
        ("mean", "", "1214.42\n"),
        ("min", "", "-1e308\t3\n"),
        ("hist", "--bins 0..5000.5/7", BINS),
    ] {
        let call = format!("--lib {}:f:f64", library.display());
        let words = format!("{verb} {bins} {call} 0..50005 -j 0 --split fixed:500");
        let (primary, address) = site.primary(transport, &words);
        let agent = site.agent(&address, &format!("-j 2 {call}"));
        primary.ended().answers(answer);
        agent.ended().answers("");
    }
}

/// What crashes or hangs there is named here.
pub(crate) fn failures(site: &Site, transport: Transport) {
    let source = "int64_t f(int64_t n) { if (n == 7) __builtin_trap(); \
                  while (n == 8) __asm__ volatile (\"\"); return n; }";
    let library = built(site, "fragile.so", source);
    let library = library.display();
    let words = format!("failures --lib {library}:f 0..1000 -j 0 --timeout 100ms");
    let (primary, address) = site.primary(transport, &words);
    let agent = site.agent(&address, &format!("-j 2 --lib {library}:f"));
    let ended = primary.ended();
    ended.failed(1, "");
    assert_eq!(ended.stdout, "7\tsignal 4\n8\ttimeout\n", "{ended:?}");
    let agent = agent.ended();
    agent.answers("");
    assert!(agent.stderr.contains(" killed by signal 4 (at n = 7); "), "{agent:?}");
    assert!(agent.stderr.contains(" killed by signal 9 (n = 8 took too long); "), "{agent:?}");
}

/// Refused with both named; who has the right one is let in all the same.
pub(crate) fn others(site: &Site) {
    let square = built(site, "square.so", SQUARE);
    let other = built(site, "other.so", "int64_t f(int64_t n) { return n + 1; }");
    let [f, g, other] = [(&square, 'f'), (&square, 'g'), (&other, 'f')]
        .map(|(library, symbol)| format!("--lib {}:{symbol}", library.display()));
    let words = format!("count {f} 0..1000 -j 0");
    let (mut primary, address) = site.primary(Transport::Unix, &words);
    for (brought, said) in [
        (other.clone(), format!("the agent was started with {other}, and this job needs {f}")),
        (g.clone(), format!("the agent was started with {g}, and this job needs {f}")),
        (String::new(), format!("the agent was started without a program, and this job needs {f}")),
    ] {
        let refused = site.agent(&address, &format!("-j 1 {brought}")).ended();
        refused.failed(2, &format!("{address} refuses this agent: {said}"));
        primary.line(&said);
    }
    let agent = site.agent(&address, &format!("-j 1 {f}"));
    primary.ended().answers("999\n");
    agent.ended().answers("");

    // Another file of the same name, as on another machine.
    let (mut primary, address) = site.primary(Transport::Unix, &words);
    let kept = std::fs::read(&square).unwrap();
    std::fs::remove_file(&square).unwrap();
    built(site, "square.so", "int64_t f(int64_t n) { return 3; }");
    let refused = site.agent(&address, &format!("-j 1 {f}")).ended();
    let said = format!("{f} is not the same file for the agent as for this job");
    refused.failed(2, &said);
    primary.line(&said);
    std::fs::remove_file(&square).unwrap();
    std::fs::write(&square, kept).unwrap();
    let agent = site.agent(&address, &format!("-j 1 {f}"));
    primary.ended().answers("999\n");
    agent.ended().answers("");

    let (mut primary, address) = site.primary(Transport::Unix, "count even 0..1000 -j 0");
    let refused = site.agent(&address, &format!("-j 1 {f}")).ended();
    let said = format!(
        "the agent was started with {f}, and this job asks for even, which needs no program"
    );
    refused.failed(2, &said);
    primary.line(&said);
    let agent = site.agent(&address, "-j 1");
    primary.ended().answers("500\n");
    agent.ended().answers("");
}

/// A script of the test's own, which can be executed.
pub(crate) fn script(site: &Site, name: &str, text: &str) -> String {
    use std::os::unix::fs::PermissionsExt;
    let path = site.own(name);
    std::fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path.display().to_string()
}

/// A primary that asks a command, and where it listens.
pub(crate) fn asking(
    site: &Site,
    transport: Transport,
    question: &str,
    cmd: &str,
) -> (Process, String) {
    let listen = site.address(transport);
    let words = format!("{question} -j 0 --listen {listen} --progress none -- {cmd}");
    let mut primary = site.start(&words);
    let address = listens_at(&mut primary);
    (primary, address)
}

/// How it is run is for the primary to say: the agent only has the words.
pub(crate) fn the_same_command(site: &Site, transport: Transport) {
    let each = script(site, "each.sh", "exit $(( $1 % 3 * 3 ))");
    let chunk = script(site, "chunk.sh", "echo $(( $2 - $1 ))");
    let lines = script(site, "lines.sh", "while read start end; do echo $(( end - start )); done");
    for (question, cmd, expected) in [
        ("count 0..60 --no-status 3 --partial", format!("{each} {{}}"), "20\n"),
        ("find 0..9 --partial", format!("{each} {{}}"), "0\n3\n6\n"),
        ("failures 0..9 --halt never", format!("{each} {{}}"), ""),
        ("sum 0..5000", format!("{chunk} {{start}} {{end}}"), "5000\n"),
        ("sum 0..5000 --coprocess", lines, "5000\n"),
    ] {
        let (primary, address) = asking(site, transport, question, &cmd);
        let agent = site.agent(&address, &format!("-j 2 -- {cmd}"));
        let ended = primary.ended();
        if expected.is_empty() {
            let failed: String =
                [1, 2, 4, 5, 7, 8].iter().map(|n| format!("{n}\texit {}\n", n % 3 * 3)).collect();
            assert_eq!(ended.stdout, failed, "{question}: {ended:?}");
        } else {
            assert_eq!(ended.stdout, expected, "{question}: {ended:?}");
        }
        agent.ended().answers("");
    }
}

/// The primary shows what a command of an agent's worker printed, escaped, for more numbers than fit one page.
pub(crate) fn printed_values(site: &Site, transport: Transport) {
    let odd = script(site, "odd.sh", r"test $(($1 % 2)) = 0 && echo $1 || printf 'odd\033[31m'");
    let cmd = format!("{odd} {{}}");
    let (primary, address) = asking(site, transport, "sum 0..200", &cmd);
    let agent = site.agent(&address, &format!("-j 2 -- {cmd}"));
    let ended = primary.ended();
    let shown = r" failed: printed 'odd\x1b[31m', which is not an integer or a decimal; rerun: ";
    assert_eq!((ended.status, ended.stderr.matches(shown).count()), (3, 100), "{ended:?}");
    agent.ended().answers("");
}

/// What an agent told before cannot be trusted either.
pub(crate) fn a_coprocess_that_says_too_much(site: &Site, transport: Transport) {
    let text = "while read start end; do echo $start; test $start = 60 && echo 7; sleep 0.01; done";
    let cmd = script(site, "more.sh", text);
    let question = "sum 0..100 --chunk 1 --coprocess";
    let (primary, address) = asking(site, transport, question, &cmd);
    let agent = site.agent(&address, &format!("-j 1 -- {cmd}"));
    let ended = primary.ended();
    ended.failed(4, "stopped: agent 1 says that its answers cannot be trusted; ");
    assert_eq!(ended.stdout, "", "{ended:?}");
    let agent = agent.ended();
    assert!(agent.stderr.contains("the coprocess printed more lines than it read"), "{agent:?}");
}

/// What one command prints stands together, wherever it ran.
pub(crate) fn output_of_commands(site: &Site, transport: Transport) {
    let block = script(site, "block.sh", "for i in 1 2 3; do echo $1 $i; sleep 0.01; done");
    for (options, is_in_order) in [("--keep-order", true), ("", false)] {
        let question = format!("run 0..12 {options}");
        let cmd = format!("{block} {{}}");
        let (primary, address) = asking(site, transport, &question, &cmd);
        let agents = [(); 2].map(|()| site.agent(&address, &format!("-j 2 -- {cmd}")));
        let ended = primary.ended();
        let lines: Vec<&str> = ended.stdout.lines().collect();
        let mut blocks: Vec<i32> = lines
            .chunks(3)
            .map(|block| {
                let n = block[0].split(' ').next().unwrap();
                let expected: Vec<String> = (1..=3).map(|i| format!("{n} {i}")).collect();
                assert_eq!(block, expected, "{ended:?}");
                n.parse().unwrap()
            })
            .collect();
        assert!(!is_in_order || blocks.is_sorted(), "{blocks:?}");
        blocks.sort_unstable();
        assert_eq!(blocks, (0..12).collect::<Vec<_>>());
        // One that came when everything was over was told so.
        agents.into_iter().for_each(|agent| drop(agent.ended()));
    }
}

/// `--chunk-min` of the primary holds for the workers of an agent.
pub(crate) fn fewest_numbers(site: &Site, transport: Transport) {
    let window = script(site, "window.sh", "echo $(($2 - $1)); sleep 0.01");
    let cmd = format!("{window} {{start}} {{end}}");
    let (primary, address) = asking(site, transport, "run 0..3333 --chunk-min 50", &cmd);
    let agent = site.agent(&address, &format!("-j 3 -- {cmd}"));
    let ended = primary.ended();
    let lengths: Vec<u32> = ended.stdout.lines().map(|line| line.parse().unwrap()).collect();
    assert_eq!(lengths.iter().sum::<u32>(), 3333, "{ended:?}");
    // The rest of each chunk that the agent divides may be shorter.
    let short = lengths.iter().filter(|length| **length < 50).count();
    assert!(short <= lengths.len() / 4, "{lengths:?}");
    assert!(lengths[..3].iter().all(|length| *length >= 50), "{lengths:?}");
    drop(agent.ended());
}

/// The primary's `-v` does not reach the workers of an agent.
pub(crate) fn errors_of_every_attempt_by_the_agents_own_verbose(site: &Site, transport: Transport) {
    let text = "echo attempt $EVENLY_ATTEMPT >&2; test $EVENLY_ATTEMPT = 2 || exit 3";
    let cmd = script(site, "second.sh", text);
    for (of_primary, of_agent, expected) in
        [("", "-v", &["attempt 1", "attempt 2"][..]), ("-v", "", &["attempt 2"])]
    {
        let question = format!("count 0..1 --retries 1 {of_primary}");
        let (primary, address) = asking(site, transport, &question, &format!("{cmd} {{}}"));
        let agent = site.agent(&address, &format!("-j 1 {of_agent} -- {cmd} {{}}"));
        assert_eq!(primary.ended().stdout, "1\n");
        let agent = agent.ended();
        let attempts = agent.stderr.lines().filter(|it| it.starts_with("attempt "));
        assert_eq!(attempts.collect::<Vec<_>>(), expected, "{agent:?}");
    }
}

/// Refused with both named; and with the file that a path leads to.
pub(crate) fn other_commands(site: &Site) {
    let each = script(site, "each.sh", "exit 0");
    let cmd = format!("{each} {{}}");
    let (mut primary, address) = asking(site, Transport::Unix, "count 0..10", &cmd);
    let other = format!("{each} x{{}}");
    let refused = site.agent(&address, &format!("-j 1 -- {other}")).ended();
    let said = format!("the agent was started with -- {other}, and this job needs -- {cmd}");
    refused.failed(2, &format!("{address} refuses this agent: {said}"));
    primary.line(&said);

    script(site, "each.sh", "exit 1");
    let refused = site.agent(&address, &format!("-j 1 -- {cmd}")).ended();
    let said = format!("-- {cmd} is not the same file for the agent as for this job");
    refused.failed(2, &said);
    primary.line(&said);
    script(site, "each.sh", "exit 0");
    let agent = site.agent(&address, &format!("-j 1 -- {cmd}"));
    primary.ended().answers("10\n");
    agent.ended().answers("");

    let missing = site.agent(&address, "-j 1 -- ./no-such-program {}").ended();
    missing.failed(2, "cannot execute './no-such-program'");
}

/// Scripts behind an interpreter and files of `--depends` are compared by their bytes.
pub(crate) fn agents_with_other_scripts_or_data_are_refused(site: &Site) {
    let (each, data) = (script(site, "each.sh", "exit 0"), script(site, "data", "1"));
    let copy = script(site, "copy", "1");
    let cmd = format!("sh {each} {{}}");
    let question = format!("count 0..10 --depends {data}");
    let (mut primary, address) = asking(site, Transport::Unix, &question, &cmd);
    let said = format!("-- {cmd} is not the same file for the agent as for this job");
    let brought = |depends: &str| format!("-j 1 {depends} -- {cmd}");
    for (text, depends) in [("exit 1", format!("--depends {copy}")), ("exit 0", String::new())] {
        script(site, "each.sh", text);
        let refused = site.agent(&address, &brought(&depends)).ended();
        refused.failed(2, &said);
        primary.line(&said);
    }
    let agent = site.agent(&address, &brought(&format!("--depends {copy}")));
    primary.ended().answers("10\n");
    agent.ended().answers("");
}

/// An agent whose script changes leaves before it says what the new version did, and others do its work.
pub(crate) fn an_agent_whose_script_changes_leaves(site: &Site) {
    let each = script(site, "each.sh", "sleep 0.02; echo 1");
    let cmd = format!("sh {each} {{}}");
    let (primary, address) = asking(site, Transport::Unix, "sum 0..300", &cmd);
    let agent = site.agent(&address, &format!("-j 2 -- {cmd}"));
    agent.workers(2);
    std::thread::sleep(std::time::Duration::from_millis(300));
    script(site, "each.sh", "sleep 0.02; echo 1000");
    agent.ended().failed(4, "each.sh' changed while the job ran");
    script(site, "each.sh", "sleep 0.02; echo 1");
    let other = site.agent(&address, &format!("-j 2 -- {cmd}"));
    let ended = primary.ended();
    assert_eq!((ended.status, &*ended.stdout), (0, "300\n"), "{ended:?}");
    other.ended().answers("");
}

/// An agent that is killed takes its commands with it, and what they started; the site is clean afterwards.
pub(crate) fn killed(site: &Site) {
    let slow = script(site, "slow.sh", "sleep 1000 & [ -e $1 ] && exit 0; touch $1; wait");
    let mark = site.own("begun");
    let cmd = format!("{slow} {} {{}}", mark.display());
    let (primary, address) = asking(site, Transport::Unix, "count 0..1", &cmd);
    let agent = site.agent(&address, &format!("-j 1 -- {cmd}"));
    until("the command runs", || mark.exists().then_some(()));
    kill("KILL", agent.pid());
    drop(agent.ended());
    let other = site.agent(&address, &format!("-j 1 -- {cmd}"));
    primary.ended().answers("1\n");
    other.ended().answers("");
}
