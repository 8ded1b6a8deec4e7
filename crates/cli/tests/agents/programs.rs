//! Agents that bring a function of a shared library, for jobs that ask for it; and others.

use crate::support::site::{Site, Transport};
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
