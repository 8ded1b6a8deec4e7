//! What a run without workers of its own waits for: its addresses, and the command that joins it.

use crate::arguments::JobArguments;
use crate::keys::KeySource;
use crate::short;
use crate::throttle::Throttle;
use evenly::Address;
use evenly::internal::quoted;
use std::ffi::OsStr;
use std::time::{Duration, Instant};

/// Shortest time between two hints.
const PERIOD: Duration = Duration::from_secs(60);

/// The words of `evenly join` behind the address: what the agent has to bring.
pub(crate) fn words(arguments: &JobArguments) -> String {
    let mut words = String::new();
    for file in &arguments.depends {
        words += &format!(" --depends {}", quoted(file));
    }
    if let Some(spec) = &arguments.lib {
        words += &format!(" --lib {}", quoted(OsStr::new(spec)));
    }
    if !arguments.cmd.is_empty() {
        words += " --";
        arguments.cmd.iter().for_each(|word| words += &format!(" {}", quoted(word)));
    }
    words
}

/// Hint for the user of a run in which no worker is.
pub(crate) struct JoinHint {
    /// Addresses of this run, with the ports that the system chose.
    addresses: Vec<String>,
    words: String,
    key: KeySource,
    /// Whether the run starts agents that join at these addresses.
    starts_agents: bool,
    throttle: Throttle,
    /// Since when no worker is in.
    since: Option<Instant>,
}

impl JoinHint {
    pub(crate) fn new(words: String, key: KeySource) -> Self {
        let throttle = Throttle::new(PERIOD);
        Self { addresses: Vec::new(), words, key, starts_agents: false, throttle, since: None }
    }

    /// The run starts agents itself, so it has no hint at its start.
    pub(crate) fn starts_agents(self, starts_agents: bool) -> Self {
        Self { starts_agents, ..self }
    }

    /// The period at which this hint needs progress.
    pub(crate) fn period(&self) -> Duration {
        self.throttle.period()
    }

    /// The run listens at this address.
    pub(crate) fn add(&mut self, address: &str) {
        self.addresses.push(address.to_owned());
    }

    /// The hint at the start of the run, if agents can join it by themselves.
    pub(crate) fn first(&mut self) -> Option<String> {
        self.since = Some(Instant::now());
        let is_needed = !self.addresses.is_empty() && !self.starts_agents;
        is_needed.then(|| self.line(""))
    }

    /// The hint now, if no worker is in and a minute has passed since the last one.
    pub(crate) fn again(&mut self, workers: u32) -> Option<String> {
        if workers > 0 {
            self.since = None;
            return None;
        }
        let since = *self.since.get_or_insert_with(Instant::now);
        let waited = since.elapsed();
        let is_due = !self.addresses.is_empty() && waited >= PERIOD / 2 && self.throttle.is_due();
        is_due.then(|| self.line(&format!(" for {}", short::time(waited.as_secs_f64()))))
    }

    fn line(&self, waited: &str) -> String {
        let (key, option) = match &self.key {
            _ if !self.needs_key() => (String::new(), String::new()),
            KeySource::Default => (" (with its key: evenly key show)".to_owned(), String::new()),
            KeySource::Files(files) => {
                let file = files.first().map(|file| file.display().to_string());
                let file = file.unwrap_or_default();
                (format!(" (with a copy of the key file '{file}')"), " --key-file FILE".to_owned())
            }
            KeySource::Variable(name) => {
                (format!(" (with its key in ${name})"), format!(" --key-env {name}"))
            }
        };
        let command = |at: &String| format!("evenly join {}{option}{}", reachable(at), self.words);
        let commands: Vec<String> = self.addresses.iter().map(command).collect();
        let commands = commands.join("  or  ");
        format!("evenly: no worker is in{waited}; to add some{key}: {commands}\n")
    }

    fn needs_key(&self) -> bool {
        let addresses = self.addresses.iter().filter_map(|at| at.parse::<Address>().ok());
        addresses.into_iter().any(|address| address.needs_key())
    }
}

/// The address as another machine knows it: that of all interfaces is no address of a peer.
fn reachable(address: &str) -> String {
    let name = || rustix::system::uname().nodename().to_string_lossy().into_owned();
    for everywhere in [":0.0.0.0:", ":[::]:"] {
        if let Some((kind, port)) = address.split_once(everywhere) {
            return format!("{kind}:{}:{port}", name());
        }
    }
    quoted(OsStr::new(address))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hint_has_the_command_to_join_with() {
        let mut hint = JoinHint::new(" -- sh -c 'exit 1' {}".to_owned(), KeySource::Default);
        hint.add("unix:/tmp/a b");
        assert_eq!(
            hint.first().unwrap(),
            "evenly: no worker is in; to add some: evenly join 'unix:/tmp/a b' -- sh -c 'exit 1' {}\n"
        );
        assert_eq!(hint.again(0), None);
        let mut hint = JoinHint::new(String::new(), KeySource::Default).starts_agents(true);
        hint.add("unix:/tmp/a");
        assert_eq!(hint.first(), None);
        let mut hint = JoinHint::new(String::new(), KeySource::Files(vec!["k".into()]));
        hint.add("tcp:0.0.0.0:7000");
        let line = hint.first().unwrap();
        assert!(line.contains("(with a copy of the key file 'k'): evenly join tcp:"), "{line}");
        assert!(line.ends_with(":7000 --key-file FILE\n") && !line.contains("0.0.0.0"), "{line}");
    }
}
