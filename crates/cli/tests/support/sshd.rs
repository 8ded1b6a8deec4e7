//! An ssh server on loopback for one test, with keys and settings of its own.

use super::PATIENCE;
use super::network::Network;
use super::process::Process;
use super::site::Site;
use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// What [`needing`](super::needing) has to find for it.
pub(crate) const SSH: &[&str] = &["sshd", "ssh", "ssh-keygen", "sha256sum"];

/// A port at which nothing listens (tcpmux, RFC 1078). A free port above 1023 may be taken by the server of another test.
const REFUSED: u16 = 1;

/// A running server. All hosts lead to it but `refused`, at which nothing listens.
pub(crate) struct Sshd<'a> {
    site: &'a Site,
    server: Child,
    port: u16,
}

impl<'a> Sshd<'a> {
    pub(crate) fn start(site: &'a Site) -> Self {
        Self::start_at(site, "127.0.0.1", &[])
    }

    /// On a machine of a network.
    pub(crate) fn start_on(site: &'a Site, network: &Network, machine: usize) -> Self {
        Self::start_at(site, &network.address(machine), &network.on(machine))
    }

    fn start_at(site: &'a Site, address: &str, through: &[String]) -> Self {
        let own = |name: &str| site.own(name).display().to_string();
        for key in ["host-key", "user-key"] {
            let mut keygen = Command::new("ssh-keygen");
            let made = keygen.args(["-q", "-t", "ed25519", "-N", "", "-f", &own(key)]).status();
            assert!(made.unwrap().success());
        }
        // A server that root starts needs it.
        let _ = fs::create_dir_all("/run/sshd");
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        // Processes of the test are known by XDG_CONFIG_HOME: see Site. Startup files of the user may
        // wait for anything.
        let configuration = site.configuration();
        let settings = format!(
            "Port {port}\nListenAddress {address}\nHostKey {}\nAuthorizedKeysFile {}\nPidFile none\n\
             UsePAM no\nStrictModes no\nPasswordAuthentication no\nPermitRootLogin yes\n\
             MaxStartups 100\nSetEnv HOME={} XDG_CACHE_HOME={} XDG_CONFIG_HOME={}\n",
            own("host-key"),
            own("user-key.pub"),
            own("home"),
            own("cache"),
            configuration.display(),
        );
        fs::write(own("sshd_config"), settings).unwrap();
        let client = format!(
            "Host refused\n Port {REFUSED}\n\
             Host *\n HostName {address}\n Port {port}\n IdentityFile {}\n IdentitiesOnly yes\n\
             StrictHostKeyChecking no\n UserKnownHostsFile {}\n LogLevel ERROR\n",
            own("user-key"),
            own("known-hosts"),
        );
        fs::write(own("ssh_config"), client).unwrap();
        let mut words = through.to_vec();
        words.push(paths("sshd").display().to_string());
        let mut server = Command::new(&words[0]);
        server.args(&words[1..]).args(["-D", "-e", "-f", &own("sshd_config")]).stdin(Stdio::null());
        let log = own("sshd.log");
        server.stderr(fs::File::create(&log).unwrap());
        let server = server.spawn().unwrap();
        let began = Instant::now();
        while !fs::read_to_string(&log).unwrap().contains("Server listening on ") {
            assert!(began.elapsed() < PATIENCE, "sshd does not listen");
            std::thread::sleep(Duration::from_millis(20));
        }
        Self { site, server, port }
    }

    /// Where it listens.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// The ssh that knows the hosts.
    pub(crate) fn client(&self) -> String {
        format!("ssh -F {}", self.site.own("ssh_config").display())
    }

    /// A call of the binary with these words, split at spaces, whose ssh knows the hosts.
    pub(crate) fn command(&self, words: &str) -> Command {
        let mut command = self.site.command(words);
        command.env("EVENLY_SSH", self.client());
        command
    }

    /// The same through a script in the place of ssh, which has the words of ssh in `$ssh`.
    pub(crate) fn command_by(&self, script: &str, words: &str) -> Command {
        let wrapper = self.site.own("ssh");
        let ssh = format!("ssh='{}'", self.client());
        fs::write(&wrapper, format!("#!/bin/sh\n{ssh}\n{script}\n")).unwrap();
        fs::set_permissions(&wrapper, fs::Permissions::from_mode(0o755)).unwrap();
        let mut command = self.site.command(words);
        command.env("EVENLY_SSH", wrapper);
        command
    }

    pub(crate) fn run(&self, words: &str) -> Process {
        Process::start(self.command(words))
    }

    /// The copies of the binary and of other files on the hosts.
    pub(crate) fn copies(&self) -> Vec<PathBuf> {
        let folders = fs::read_dir(self.site.own("cache").join("evenly")).unwrap();
        let files = folders.flat_map(|folder| fs::read_dir(folder.unwrap().path()).unwrap());
        files.map(|file| file.unwrap().path()).collect()
    }
}

impl Drop for Sshd<'_> {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// The path of a program: sshd is started by its whole path only.
fn paths(program: &str) -> PathBuf {
    let paths = std::env::var_os("PATH").unwrap();
    std::env::split_paths(&paths)
        .map(|path| path.join(program))
        .find(|path| path.is_file())
        .unwrap()
}
