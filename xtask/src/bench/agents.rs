//! Benchmark of agents: throughput over sockets, and time until a lost agent is noticed.

use std::process::Child;
use std::time::{Duration, Instant};

use super::contender::{Answer, Contender};
use super::findings::Findings;
use super::joined::Listening;
use super::memory;
use super::options::Options;
use super::rivals::Rivals;
use super::timed::{Unit, timed};
use crate::paths::Paths;
use crate::table::{Table, significant};

/// The kinds of sockets, each with an address to listen at.
const TRANSPORTS: [(&str, &str); 4] = [
    ("unix", "unix:{}/socket"),
    ("tcp", "tcp:127.0.0.1:0"),
    ("unixgram", "unixgram:{}/socket"),
    ("udp", "udp:127.0.0.1:0"),
];

/// One-number chunks through one agent with one worker, beside pipes.
pub(crate) fn dispatch(paths: &Paths, options: &Options) -> Findings {
    let (numbers, range) = match options.quick {
        true => (1_000_000_u64, "0..1e6"),
        false => (10_000_000, "0..1e7"),
    };
    let words = format!("count even {range} --split fixed:1 --progress none");
    let even = || Answer::Integer(u128::from(numbers / 2));
    let mut contenders = vec![Contender::evenly(&paths.evenly, &format!("{words} -j 1"), even())];
    for (_, address) in TRANSPORTS {
        let through = Contender::evenly(&paths.evenly, &format!("{words} -j 0"), even());
        contenders.push(through.with_agent(address, paths.bench.clone()));
    }
    let title = "Agents: one-number chunks through one agent with one worker, whole process";
    let unit = Unit::Rate { work: numbers as f64, scale: 1e6, name: "M chunks/s" };
    timed(title.into(), unit, &contenders, options.rounds())
}

/// What each medium carries of the same bytes, one message at a time.
pub(crate) fn ping_pong(rivals: &Rivals, options: &Options) -> Findings {
    let trips = if options.quick { 20_000_u64 } else { 100_000 };
    let contender = |kind| {
        let (name, words) = (format!("ping-pong in C over {kind}"), format!("{kind} {trips}"));
        let answer = Answer::Integer(u128::from(trips));
        Contender::peer(name, rivals.ping_pong.as_ref(), &words, answer)
    };
    let contenders = ["pipe", "unix", "tcp", "unixgram", "udp"].map(contender);
    let title = "Agents: 24 bytes there and 16 back, one at a time, without evenly";
    let unit = Unit::Rate { work: trips as f64, scale: 1e6, name: "M round trips/s" };
    timed(title.into(), unit, &contenders, options.rounds())
}

/// What happens around agents: how long it takes, and what a hundred of them occupy.
pub(crate) fn events(paths: &Paths, options: &Options) -> Findings {
    let title = "Agents: how long it takes, over tcp on one machine";
    let mut table = Table::new(title, "", &["what", "median", "min–max"]);
    let mut failures = Vec::new();
    let rounds = if options.quick { 1 } else { 3 };
    let mut measure = |what: &str, unit: &str, once: &dyn Fn() -> Result<f64, String>| {
        let mut figures = Vec::new();
        for _ in 0..rounds {
            match once() {
                Ok(figure) => figures.push(figure),
                Err(failure) => failures.push(format!("{what}: {failure}")),
            }
        }
        figures.sort_unstable_by(f64::total_cmp);
        let (Some(least), Some(most)) = (figures.first(), figures.last()) else { return };
        let median = significant(figures[figures.len() / 2]);
        let spread = format!("{}–{}", significant(*least), significant(*most));
        table.rows.push(vec![what.into(), format!("{median} {unit}"), format!("{spread} {unit}")]);
    };
    measure("one agent: from its start until it has joined", "ms", &|| joining(paths, 1));
    measure("100 agents, started one after the other: until all have joined", "ms", &|| {
        joining(paths, 100)
    });
    measure("memory (PSS) of the primary with 100 agents at work", "MiB", &|| occupied(paths));
    measure("an agent that is killed: until its chunks are taken back", "ms", &|| {
        noticing(paths, "KILL", "is gone")
    });
    measure("an agent that stops, or vanishes without a word", "ms", &|| {
        noticing(paths, "STOP", "has not been heard")
    });
    Findings { table, failures }
}

/// Agents that are killed and waited for when they are dropped.
struct Agents(Vec<Child>);

impl Drop for Agents {
    fn drop(&mut self) {
        for agent in &mut self.0 {
            // Each was started here; that it may be gone already is no error.
            let _ = agent.kill();
            let _ = agent.wait();
        }
    }
}

fn endless(paths: &Paths, agents: usize) -> Result<(Listening, Agents, Duration), String> {
    let words = "count prime 0..1e15 -j 0 --progress none";
    let mut listening = Listening::start(&paths.evenly, words, "tcp:127.0.0.1:0", &paths.bench)?;
    let started = Instant::now();
    let mut joined = Agents(Vec::new());
    for _ in 0..agents {
        joined.0.push(listening.join("-j 1")?);
    }
    for _ in 0..agents {
        listening.wait_for(" joined with ")?;
    }
    Ok((listening, joined, started.elapsed()))
}

fn joining(paths: &Paths, agents: usize) -> Result<f64, String> {
    let (listening, agents, took) = endless(paths, agents)?;
    end(listening, agents);
    Ok(took.as_secs_f64() * 1e3)
}

fn occupied(paths: &Paths) -> Result<f64, String> {
    let (listening, agents, _) = endless(paths, 100)?;
    std::thread::sleep(Duration::from_secs(1));
    let kib = memory::pss_kib(listening.primary.id());
    end(listening, agents);
    Ok(kib.ok_or("its memory cannot be read")? as f64 / 1024.0)
}

/// From a signal to an agent until the primary says what it makes of it.
fn noticing(paths: &Paths, signal: &str, said: &str) -> Result<f64, String> {
    let (mut listening, agents, _) = endless(paths, 2)?;
    std::thread::sleep(Duration::from_millis(500));
    let pid = agents.0[0].id().to_string();
    let started = Instant::now();
    let status = std::process::Command::new("kill").args(["-s", signal, &pid]).status();
    if !status.is_ok_and(|status| status.success()) {
        return Err(format!("kill -s {signal} failed"));
    }
    listening.wait_for(said)?;
    let took = started.elapsed();
    end(listening, agents);
    Ok(took.as_secs_f64() * 1e3)
}

fn end(mut listening: Listening, agents: Agents) {
    // The primary first, or it would tell of each agent.
    let _ = listening.primary.kill();
    let _ = listening.primary.wait();
    drop(agents);
}
