//! A Slurm cluster on this machine, for tests: `munged`, `slurmctld` and a `slurmd` for each node, with all their files
//! in one directory. Needs the user root.

use crate::watch::PATIENCE;
use rustix::process::Pid;
use std::io::Write;
use std::net::TcpListener;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// What [`needing`](crate::needs::needing) has to find for it.
pub const NEEDS: [&str; 5] = ["root", "slurmctld", "slurmd", "munged", "sbatch"];

/// CPUs of each node, as Slurm has it.
const CPUS: u32 = 4;

/// Seconds before a requeued job starts again, and in which a step must start.
const CREDENTIAL_EXPIRES: u32 = 15;

/// Time for the steps of jobs to end before they are killed.
const STEPS_END_WITHIN: Duration = Duration::from_secs(10);

/// A running cluster. Dropped, its processes are killed.
pub struct Slurm {
    directory: PathBuf,
    daemons: Vec<Child>,
    nodes: Vec<Node>,
}

/// A virtual machine: its name, and the port of its daemon.
struct Node {
    name: String,
    port: u16,
}

impl Slurm {
    /// Starts a cluster whose node has the name of this machine, and waits until the node takes jobs.
    ///
    /// # Panics
    /// If it does not start.
    #[must_use]
    pub fn start(directory: &Path) -> Self {
        Self::with_nodes(directory, vec![this_machine()])
    }

    /// Starts a cluster with the nodes n1, n2 and so on, as many as this.
    ///
    /// # Panics
    /// If it does not start.
    #[must_use]
    pub fn start_nodes(directory: &Path, count: usize) -> Self {
        Self::with_nodes(directory, (1..=count).map(|number| format!("n{number}")).collect())
    }

    fn with_nodes(directory: &Path, names: Vec<String>) -> Self {
        // Bound together, so that no two are the same.
        let bound: Vec<_> =
            (0..=names.len()).map(|_| TcpListener::bind("127.0.0.1:0").unwrap()).collect();
        let mut ports = bound.iter().map(|socket| socket.local_addr().unwrap().port());
        let controller = ports.next().unwrap();
        let nodes = names.into_iter().zip(ports).map(|(name, port)| Node { name, port }).collect();
        drop(bound);
        let mut cluster = Self { directory: directory.to_owned(), daemons: Vec::new(), nodes };
        std::fs::create_dir_all(cluster.path("state")).unwrap();
        let mut key = std::fs::OpenOptions::new();
        let mut key =
            key.write(true).create_new(true).mode(0o600).open(cluster.path("key")).unwrap();
        let seed = std::fs::read("/proc/sys/kernel/random/uuid").unwrap();
        key.write_all(&seed.repeat(4)).unwrap();
        let of_munge = ["--foreground", "--force", "--num-threads=1"].map(str::to_owned);
        let files = ["socket", "key-file", "pid-file", "log-file", "seed-file"];
        let files = files.map(|file| match file {
            "key-file" => format!("--key-file={}", cluster.path("key").display()),
            _ => format!("--{file}={}", cluster.path(&format!("munge-{file}")).display()),
        });
        cluster.daemon("munged", of_munge.into_iter().chain(files));
        let socket = cluster.path("munge-socket");
        wait_for("munged", || socket.exists());
        std::fs::write(cluster.path("slurm.conf"), cluster.settings(controller)).unwrap();
        let file = cluster.path("slurm.conf").display().to_string();
        cluster.daemon("slurmctld", ["-D", "-f", &file].map(str::to_owned));
        for index in 0..cluster.nodes.len() {
            let name = cluster.nodes[index].name.clone();
            cluster.daemon("slurmd", ["-D", "-f", &file, "-N", &name].map(str::to_owned));
        }
        wait_for("the nodes", || {
            let output = cluster.command("sinfo").args(["-h", "-o", "%t %D"]).output().unwrap();
            output.stdout == format!("idle {}\n", cluster.nodes.len()).into_bytes()
        });
        cluster
    }

    /// The text of slurm.conf.
    fn settings(&self, controller: u16) -> String {
        let (host, at) = (this_machine(), self.directory.display());
        let socket = self.path("munge-socket");
        let mut settings = format!(
            "ClusterName=test\nSlurmctldHost={host}(127.0.0.1)\nSlurmUser=root\nSlurmdUser=root\n\
             AuthType=auth/munge\nAuthInfo=socket={socket},cred_expire={CREDENTIAL_EXPIRES}\nCredType=cred/munge\n\
             ProctrackType=proctrack/linuxproc\nTaskPlugin=task/none\nMpiDefault=none\n\
             SelectType=select/cons_tres\nSelectTypeParameters=CR_CPU\nKillWait=5\n\
             SchedulerParameters=sched_interval=1,batch_sched_delay=0\nJobAcctGatherType=jobacct_gather/none\n\
             AccountingStorageType=accounting_storage/none\nSlurmdParameters=config_overrides\n\
             StateSaveLocation={at}/state\nSlurmdSpoolDir={at}/spool-%n\nSlurmctldPidFile={at}/controller.pid\n\
             SlurmdPidFile={at}/%n.pid\nSlurmctldLogFile={at}/controller.log\nSlurmdLogFile={at}/%n.log\n\
             SlurmctldPort={controller}\nReturnToService=2\n\
             PartitionName=main Nodes=ALL Default=YES State=UP\n",
            socket = socket.display(),
        );
        for Node { name, port } in &self.nodes {
            settings += &format!(
                "NodeName={name} NodeHostname={host} NodeAddr=127.0.0.1 Port={port} CPUs={CPUS} RealMemory=500\n"
            );
        }
        settings
    }

    /// Kills the daemon of a node, by its place from 0.
    ///
    /// # Panics
    /// If there is no such node.
    pub fn kill_daemon_of(&mut self, node: usize) {
        // munged and slurmctld stand before those of the nodes.
        let daemon = &mut self.daemons[2 + node];
        daemon.kill().unwrap();
        daemon.wait().unwrap();
    }

    /// A command of Slurm, for this cluster.
    #[must_use]
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env("SLURM_CONF", self.configuration());
        command
    }

    /// The file that `SLURM_CONF` names for programs of Slurm.
    #[must_use]
    pub fn configuration(&self) -> PathBuf {
        self.path("slurm.conf")
    }

    /// Processes of this cluster with a name.
    fn processes(&self, name: &str) -> Vec<Pid> {
        let mark = format!("SLURM_CONF={}", self.path("slurm.conf").display());
        let is_ours = |pid: &Pid| {
            let file = |of: &str| {
                std::fs::read(format!("/proc/{}/{of}", pid.as_raw_nonzero())).unwrap_or_default()
            };
            file("comm").trim_ascii_end() == name.as_bytes()
                && file("environ").split(|byte| *byte == 0).any(|one| one == mark.as_bytes())
        };
        let entries = std::fs::read_dir("/proc").unwrap();
        let pids = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
        pids.filter_map(Pid::from_raw).filter(is_ours).collect()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    fn daemon(&mut self, program: &str, arguments: impl IntoIterator<Item = String>) {
        let name = format!("{program}-{}.out", self.daemons.len());
        let output = std::fs::File::create(self.path(&name)).unwrap();
        let mut command = self.command(program);
        command.args(arguments).stdin(Stdio::null()).stderr(output.try_clone().unwrap());
        self.daemons.push(command.stdout(output).spawn().unwrap());
    }
}

impl Drop for Slurm {
    fn drop(&mut self) {
        // A step that has ended reports to its daemons, and stays for ever if they are gone.
        let began = Instant::now();
        while !self.processes("slurmstepd").is_empty() && began.elapsed() < STEPS_END_WITHIN {
            std::thread::sleep(Duration::from_millis(20));
        }
        for daemon in self.daemons.iter_mut().rev() {
            let _ = daemon.kill();
            let _ = daemon.wait();
        }
        for step in self.processes("slurmstepd") {
            let _ = rustix::process::kill_process(step, rustix::process::Signal::KILL);
        }
    }
}

fn this_machine() -> String {
    rustix::system::uname().nodename().to_str().unwrap().to_owned()
}

fn wait_for(what: &str, is_there: impl Fn() -> bool) {
    let began = Instant::now();
    while !is_there() {
        assert!(began.elapsed() < PATIENCE, "{what} is not ready");
        std::thread::sleep(Duration::from_millis(50));
    }
}
