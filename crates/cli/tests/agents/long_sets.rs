//! Sets of items that are too long for a welcome reach each agent in frames behind it.

use crate::support::site::{Site, Transport};
use crate::support::{kill, run};
use evenly_testkit::random::Random;
use std::fmt::Write;

/// A file of scattered numbers, about 1 MB as text.
fn scattered(site: &Site, count: usize) -> String {
    let mut random = Random::new(17);
    let mut text = String::new();
    for _ in 0..count {
        writeln!(text, "{}", random.next() % 1_000_000_000).unwrap();
    }
    let path = site.own("numbers");
    std::fs::write(&path, text).unwrap();
    path.display().to_string()
}

pub(crate) fn a_long_set(site: &Site, transport: Transport) {
    let file = scattered(site, 100_000);
    for question in ["sum n*n", "max n%1000003", "find n%1000==7"] {
        let words = format!("{question} --from {file} --split fixed:500");
        let expected = run(&format!("{words} -q -j 2 --progress none"));
        let (primary, address) = site.primary(transport, &format!("{words} -j 0"));
        let agents = [site.agent(&address, "-j 1"), site.agent(&address, "-j 2")];
        primary.ended().answers(std::str::from_utf8(&expected.stdout).unwrap());
        drop(agents);
    }
}

/// The set is sent to the second agent as to the first, and no number counts twice.
pub(crate) fn a_long_set_and_a_killed_agent(site: &Site, transport: Transport) {
    let file = scattered(site, 100_000);
    let words = format!("sum test:slow=30 --from {file} --split fixed:200");
    let expected = run(&format!("sum even --from {file} -q"));
    let (mut primary, address) = site.primary(transport, &format!("{words} -j 0 --silence 1s"));
    let first = site.agent(&address, "-j 2");
    primary.line(" joined with ");
    kill("KILL", first.pid());
    drop(first.ended());
    let second = site.agent(&address, "-j 2");
    primary.ended().answers(std::str::from_utf8(&expected.stdout).unwrap());
    drop(second);
}
