//! Start of agents by srun: the nodes of the Slurm job that this process belongs to, and the words of srun.

use super::agent_call::AgentCall;
use super::places::SlurmNode;
use crate::keys::KeySource;
use evenly::internal::{Launch, quoted};
use evenly::{Address, AddressKind, Key};
use std::ffi::OsString;
use std::path::absolute;
use std::process::{Command, Stdio};

/// Where a job listens for its agents on the nodes, if no `--listen tcp:` says it.
pub(super) const LISTEN: &str = "tcp:0.0.0.0:0";

/// Time that an agent looks for a lost primary. One that was started again has another port, and starts agents itself.
const RECONNECT: &str = "--reconnect=10s";

/// The first nodes of the job of this process, as many as WHERE says behind `slurm`.
///
/// # Errors
/// If this process belongs to no job, or the job has fewer nodes.
pub(super) fn nodes(most: Option<u32>) -> Result<Vec<SlurmNode>, String> {
    let variable = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
    let Some(list) = variable("SLURM_JOB_ID").and(variable("SLURM_JOB_NODELIST")) else {
        return Err(
            "this process is in no Slurm job; submit a script for this call (evenly slurm-script --nodes 4 CALL… > \
             job.sbatch; sbatch job.sbatch), or start within salloc"
                .to_owned(),
        );
    };
    let names = scontrol(&["show", "hostnames", &list])?;
    let names: Vec<&str> = names.split_whitespace().collect();
    let there = u32::try_from(names.len()).unwrap_or(u32::MAX);
    if let Some(most) = most.filter(|most| *most > there) {
        return Err(format!(
            "the Slurm job has {there} nodes and not {most}; leave out :{most}, or ask Slurm for more (--nodes {most})"
        ));
    }
    let cpus = variable("SLURM_JOB_CPUS_PER_NODE");
    let cpus = cpus.and_then(|text| repeated(&text)).unwrap_or_default();
    let nodes = names.iter().enumerate().map(|(index, name)| SlurmNode {
        name: (*name).to_owned(),
        workers: cpus.get(index).copied(),
    });
    Ok(nodes.take(most.unwrap_or(there) as usize).collect())
}

/// Reads `72(x2),36` as 72, 72, 36; `None` for another text.
fn repeated(text: &str) -> Option<Vec<u32>> {
    let mut numbers = Vec::new();
    for word in text.split(',') {
        let (number, times) = match word.split_once("(x") {
            Some((number, times)) => (number, times.strip_suffix(')')?.parse().ok()?),
            None => (word, 1),
        };
        let number = number.parse::<u32>().ok().filter(|number| *number > 0)?;
        numbers.extend(std::iter::repeat_n(number, times));
    }
    Some(numbers)
}

/// Standard output of scontrol.
fn scontrol(words: &[&str]) -> Result<String, String> {
    let cannot = |cause: &dyn std::fmt::Display| {
        format!("cannot ask for the nodes of the job: scontrol: {cause}")
    };
    let output = Command::new("scontrol").args(words).stdin(Stdio::null()).output();
    let output =
        output.map_err(|error| cannot(&format!("{error}; put the programs of Slurm into PATH")))?;
    match String::from_utf8(output.stdout) {
        Ok(text) if output.status.success() && !text.trim().is_empty() => Ok(text),
        _ => {
            let said = evenly::printable(output.stderr.trim_ascii(), 300);
            Err(cannot(&format!("{said} ({})", output.status)))
        }
    }
}

/// What the agents of all nodes are started with.
pub(super) struct SlurmCall<'a> {
    pub(super) call: &'a AgentCall,
    pub(super) key: &'a KeySource,
    /// Where the job listens.
    pub(super) listen: &'a [Address],
    /// The name of this machine for the nodes, if it is given.
    pub(super) advertise: Option<&'a str>,
}

impl SlurmCall<'_> {
    /// The start of an agent on each of these nodes.
    ///
    /// # Errors
    /// If the program, the key or the address cannot be named.
    pub(super) fn launches(&self, nodes: &[SlurmNode]) -> Result<Vec<Launch>, String> {
        let program = std::env::current_exe();
        let program = program.map_err(|error| format!("cannot find this program: {error}"))?;
        let address = self.address()?;
        let (option, key) = self.key_words()?;
        // A cluster without a plugin for it prints a line about each --cpu-bind.
        let config = scontrol(&["show", "config"]).unwrap_or_default();
        let binds = config.lines().all(|line| {
            let setting = line.split_once('=').map(|(name, value)| (name.trim(), value.trim()));
            setting != Some(("TaskPlugin", "task/none"))
        });
        let launch = |node: &SlurmNode| {
            // Each node has a step of its own, beside others of the job, with all CPUs that the job has there.
            let mut words: Vec<OsString> =
                ["srun", "--job-name=evenly", "--nodes=1", "--ntasks=1", "--ntasks-per-node=1"]
                    .map(OsString::from)
                    .into();
            words.push(format!("--nodelist={}", node.name).into());
            words.extend(
                ["--overlap", "--mpi=none", "--export=ALL", "--input=none"].map(OsString::from),
            );
            if binds {
                words.push("--cpu-bind=none".into());
            }
            let mut directory = OsString::from("--chdir=");
            directory.push(&self.call.directory);
            words.extend([directory, program.clone().into(), "join".into()]);
            let joins_at = Some((words.len(), address.clone()));
            words.extend([OsString::new(), option.into(), key.clone(), RECONNECT.into()]);
            if let Some(workers) = node.workers {
                words.extend(["-j".into(), workers.to_string().into()]);
            }
            self.call.push_words(&mut words);
            Launch { name: format!("slurm:{}", node.name), words, joins_at, bootstrap: None }
        };
        Ok(nodes.iter().map(launch).collect())
    }

    /// Where the nodes reach this job; the port is not known yet.
    fn address(&self) -> Result<Address, String> {
        let listens = self.listen.iter().find(|address| address.kind() == AddressKind::Tcp);
        let listens = listens.map_or_else(|| LISTEN.to_owned(), ToString::to_string);
        let host = listens.trim_start_matches("tcp:").rsplit_once(':').map_or("", |(host, _)| host);
        let name = rustix::system::uname();
        let host = match (self.advertise, host) {
            (Some(host), _) if host.contains(':') && !host.starts_with('[') => format!("[{host}]"),
            (None, "0.0.0.0" | "[::]") => name.nodename().to_string_lossy().into_owned(),
            (Some(host), _) | (None, host) => host.to_owned(),
        };
        let address = format!("tcp:{host}:0").parse::<Address>();
        address.map_err(|_| {
            let host = quoted(&host);
            format!(
                "{host} is not the name of a host; give one that the nodes know by --advertise HOST"
            )
        })
    }

    /// The option of `join` and its value that name the key. The file must be on the nodes, too.
    fn key_words(&self) -> Result<(&'static str, OsString), String> {
        let file = match self.key {
            KeySource::Variable(name) => return Ok(("--key-env", name.into())),
            KeySource::Files(files) => files.first().cloned(),
            KeySource::Default => None,
        };
        let file = match file {
            Some(file) => file,
            None => Key::default_path().map_err(|error| error.to_string())?,
        };
        let file = absolute(&file).map_err(|error| format!("{}: {error}", quoted(&file)))?;
        Ok(("--key-file", file.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpus_of_nodes_are_counted_as_slurm_writes_them() {
        for (text, numbers) in [
            ("4", Some(vec![4])),
            ("72(x2),36", Some(vec![72, 72, 36])),
            ("2(x0)", Some(vec![])),
            ("4(x2", None),
            ("", None),
            ("0", None),
        ] {
            assert_eq!(repeated(text), numbers, "{text}");
        }
    }

    #[test]
    fn nodes_join_at_a_name_that_they_know() {
        let (call, key) = (AgentCall::default(), KeySource::Variable("KEY".to_owned()));
        let at = |listen: &[&str], advertise| {
            let listen: Vec<Address> = listen.iter().map(|text| text.parse().unwrap()).collect();
            let call = SlurmCall { call: &call, key: &key, listen: &listen, advertise };
            call.address().map(|address| address.to_string())
        };
        let here = rustix::system::uname().nodename().to_str().unwrap().to_owned();
        assert_eq!(at(&[], None).unwrap(), format!("tcp:{here}:0"));
        assert_eq!(at(&["unix:s", "tcp:[::]:7"], None).unwrap(), format!("tcp:{here}:0"));
        assert_eq!(at(&["tcp:10.0.0.1:7000"], None).unwrap(), "tcp:10.0.0.1:0");
        assert_eq!(at(&["tcp:10.0.0.1:7000"], Some("node1-ib")).unwrap(), "tcp:node1-ib:0");
        assert_eq!(at(&[], Some("fe80::1")).unwrap(), "tcp:[fe80::1]:0");
        assert!(at(&[], Some("a b")).unwrap_err().contains("--advertise HOST"));
    }
}
