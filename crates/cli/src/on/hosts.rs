//! Parser of WHERE: hosts for ssh as `HOST/WORKERS`, addresses of agents, and files of them in the syntax of GNU parallel's `--sshlogin`.

use super::places::{SshHost, Where};
use evenly::{Address, AddressError};
use std::path::Path;

/// The longest file of hosts in bytes.
const LONGEST: u64 = 1 << 20;

/// The places of all `--on` options, in the order in which they are given.
///
/// # Errors
/// One line that names the option or the line of the file, and says what is wrong with it.
pub(super) fn parse(options: &[String]) -> Result<Vec<Where>, String> {
    let mut places = Vec::new();
    for typed in options {
        let found = match typed.strip_prefix('@') {
            Some(file) => in_file(Path::new(file))?,
            None => {
                place(typed).map_err(|cause| format!("bad value '{typed}' for --on: {cause}"))?
            }
        };
        for place in found {
            let is_slurm = |place: &Where| matches!(place, Where::Slurm(_));
            if is_slurm(&place) && places.iter().any(is_slurm) {
                return Err("--on slurm is given twice; leave one out".to_owned());
            }
            if places.contains(&place) {
                let advice = match place {
                    Where::Agent(_) => {
                        "an agent works for one job at a time; name it once".to_owned()
                    }
                    _ => format!("give it more workers, as in {place}/8"),
                };
                return Err(format!("--on names {place} twice; {advice}"));
            }
            places.push(place);
        }
    }
    Ok(places)
}

/// The places in one WHERE that is no file.
fn place(typed: &str) -> Result<Vec<Where>, String> {
    match typed.split_once(':') {
        Some(("ssh", hosts)) => {
            hosts.split(',').map(|host| Ok(Where::Ssh(ssh_host(host)?))).collect()
        }
        Some(("tcp" | "udp" | "unix" | "unixgram", _)) => {
            let address: Address = typed.parse().map_err(|error: AddressError| error.to_string())?;
            match address.port() {
                Some(0) => Err("port 0 is for listening only; write the port of the agent".to_owned()),
                _ => Ok(vec![Where::Agent(address)]),
            }
        }
        None if typed == "slurm" => Ok(vec![Where::Slurm(None)]),
        Some(("slurm", nodes)) => {
            let nodes = positive(nodes)
                .ok_or_else(|| format!("'{nodes}' is not a number of nodes; write slurm, or slurm:4"))?;
            Ok(vec![Where::Slurm(Some(nodes))])
        }
        _ => Err("it is ssh:HOST, ssh:HOST/WORKERS, tcp:HOST:PORT (where evenly agent listens), slurm, slurm:NODES, or \
                  @FILE with a host on each line"
            .to_owned()),
    }
}

/// The places in a file: one on each line, as `HOST`, `USER@HOST`, `WORKERS/HOST`, `:` for this machine, or another
/// WHERE. What follows `#` is a comment.
///
/// # Errors
/// One line that names the file and the line.
fn in_file(path: &Path) -> Result<Vec<Where>, String> {
    let shown = path.display();
    let cannot = |cause: &dyn std::fmt::Display| {
        format!("cannot read '{shown}' (--on @FILE): {cause}; it has one host on each line")
    };
    let length = std::fs::metadata(path).map_err(|error| cannot(&error))?.len();
    if length > LONGEST {
        return Err(cannot(&"it is longer than 1 MiB"));
    }
    let text = std::fs::read_to_string(path).map_err(|error| cannot(&error))?;
    let mut places = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.split('#').next().unwrap_or_default().trim();
        if line.is_empty() {
            continue;
        }
        let found = in_line(line).map_err(|cause| {
            let number = index + 1;
            format!("bad host '{line}' in line {number} of '{shown}' (--on @FILE): {cause}")
        })?;
        places.extend(found);
    }
    if places.is_empty() {
        return Err(format!("'{shown}' (--on @FILE) has no host; it has one on each line"));
    }
    Ok(places)
}

fn in_line(line: &str) -> Result<Vec<Where>, String> {
    if line.starts_with('@') {
        return Err("groups of hosts (@GROUP/HOST) are not known; leave the group out".to_owned());
    }
    let (workers, host) = match line.split_once('/') {
        Some((workers, host)) if is_number(workers) => (Some(number(workers)?), host.trim()),
        _ => (None, line),
    };
    match host {
        ":" => Ok(vec![Where::Here(workers)]),
        "-" | ".." => Err("write --on @FILE for each further file of hosts".to_owned()),
        _ if workers.is_none() && line.contains(':') => place(line),
        _ => {
            let host = ssh_host(host)?;
            Ok(vec![Where::Ssh(SshHost { workers: workers.or(host.workers), ..host })])
        }
    }
}

/// `HOST`, `HOST/WORKERS` or, as in GNU parallel, `WORKERS/HOST`.
///
/// # Errors
/// The cause and the next step.
fn ssh_host(typed: &str) -> Result<SshHost, String> {
    let (host, workers) = match typed.split_once('/') {
        Some((workers, host)) if is_number(workers) => (host, Some(number(workers)?)),
        Some((host, workers)) => (host, Some(number(workers)?)),
        None => (typed, None),
    };
    let is_good = |letter: char| letter.is_alphanumeric() || "@-_.:%[]".contains(letter);
    if host.is_empty() {
        return Err("a host is missing; write ssh:HOST".to_owned());
    }
    // ssh would take it for an option.
    if host.starts_with('-') || !host.chars().all(is_good) {
        return Err(format!(
            "'{host}' is not the name of a host; put options of ssh into its configuration, or into EVENLY_SSH"
        ));
    }
    Ok(SshHost { host: host.to_owned(), workers })
}

fn is_number(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit())
}

fn number(word: &str) -> Result<u32, String> {
    positive(word)
        .ok_or_else(|| format!("'{word}' is not a number of workers; it is from 1 to 4294967295"))
}

fn positive(word: &str) -> Option<u32> {
    let number = Some(word).filter(|word| is_number(word)).and_then(|word| word.parse().ok());
    number.filter(|number| *number > 0)
}
