//! A PostgreSQL server on this machine, for tests: a cluster in a directory of its own, on a unix socket.

use crate::watch::until;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

/// What [`needing`](crate::needs::needing) has to find for it.
pub const NEEDS: [&str; 2] = ["postgresql", "setpriv"];

/// The user `nobody`: initdb and postgres refuse to run as root, and initdb looks the user up.
const NOBODY: u32 = 65534;

/// A running server. Dropped, it ends.
pub struct Postgres {
    programs: PathBuf,
    directory: PathBuf,
    server: Child,
}

/// The directory of the server's programs: one of `PATH`, or where packages put them.
pub(crate) fn programs() -> Option<PathBuf> {
    let is_whole = |directory: &PathBuf| {
        ["initdb", "postgres", "psql"].iter().all(|name| directory.join(name).is_file())
    };
    let path = std::env::var_os("PATH").unwrap_or_default();
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut packaged: Vec<_> = versions.map(|version| version.path().join("bin")).collect();
    packaged.sort_unstable();
    std::env::split_paths(&path).chain(packaged).find(is_whole)
}

impl Postgres {
    /// Makes a cluster, and waits until its server answers.
    ///
    /// # Panics
    /// If it does not start.
    #[must_use]
    pub fn start() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("evenly-postgres-{}-{number}", std::process::id());
        let directory = std::env::temp_dir().join(name);
        std::fs::create_dir(&directory).unwrap();
        let programs = programs().unwrap();
        let mut initdb = plain_user(&directory, &programs.join("initdb"));
        initdb.args(["--username=owner", "--auth=trust", "--no-sync", "--no-locale", "-D"]);
        let made = initdb.arg(directory.join("data")).output().unwrap();
        assert!(made.status.success(), "{made:?}");
        let server = serve(&programs, &directory);
        let mut postgres = Self { programs, directory, server };
        postgres.wait_until_it_answers();
        postgres
    }

    /// Sets the variables by which clients find the server, and puts its programs first in `PATH`.
    pub fn offer_to(&self, command: &mut Command) {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let paths = [self.programs.clone()].into_iter().chain(std::env::split_paths(&path));
        command.env("PATH", std::env::join_paths(paths).unwrap());
        command.env("PGHOST", &self.directory).env("PGUSER", "owner").env("PGDATABASE", "postgres");
    }

    /// Runs SQL; the rows that it gives, their columns separated by `|`.
    ///
    /// # Panics
    /// If the server refuses it.
    #[must_use]
    pub fn rows(&self, text: &str) -> Vec<String> {
        let output = self.query(text);
        assert!(output.status.success(), "{text}: {output:?}");
        String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
    }

    /// Runs SQL that gives no row.
    ///
    /// # Panics
    /// If the server refuses it.
    pub fn execute(&self, text: &str) {
        let rows = self.rows(text);
        assert!(rows.is_empty(), "{text}: {rows:?}");
    }

    /// Kills the process that accepts connections, which ends the others, and starts the server again.
    ///
    /// # Panics
    /// If it does not start.
    pub fn kill_and_restart(&mut self) {
        self.server.kill().unwrap();
        self.server.wait().unwrap();
        self.server = serve(&self.programs, &self.directory);
        self.wait_until_it_answers();
    }

    /// Waits while it recovers, and starts it again if processes of the killed one were still there.
    pub fn wait_until_it_answers(&mut self) {
        until("the database answers", || {
            if self.server.try_wait().unwrap().is_some() {
                self.server = serve(&self.programs, &self.directory);
            }
            self.query("SELECT 1").status.success().then_some(())
        });
    }

    fn query(&self, text: &str) -> std::process::Output {
        let mut command = Command::new(self.programs.join("psql"));
        self.offer_to(&mut command);
        let options = ["--no-psqlrc", "--no-align", "--tuples-only", "--quiet", "--command", text];
        command.args(options).stdin(Stdio::null()).output().unwrap()
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // SIGQUIT: its processes end at once. Killed, it would leave memory of the system.
        let pid = rustix::process::Pid::from_child(&self.server);
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::QUIT);
        let _ = self.server.wait();
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

fn serve(programs: &Path, directory: &Path) -> Child {
    let log = std::fs::File::options().append(true).create(true).open(directory.join("log"));
    let log = log.unwrap();
    let mut command = plain_user(directory, &programs.join("postgres"));
    command.arg("-D").arg(directory.join("data")).arg("-k").arg(directory);
    for setting in ["listen_addresses=", "shared_buffers=16MB", "autovacuum=off"] {
        command.args(["-c", setting]);
    }
    let command = command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
    command.spawn().unwrap()
}

/// A program of the server, which ends with the test: as this user, or as `nobody` if this user is root.
fn plain_user(directory: &Path, program: &Path) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "QUIT"]).current_dir(directory);
    if rustix::process::geteuid().is_root() {
        std::os::unix::fs::chown(directory, Some(NOBODY), Some(NOBODY)).unwrap();
        let nobody = NOBODY.to_string();
        command.args(["--reuid", &nobody, "--regid", &nobody, "--clear-groups"]);
    }
    command.arg("--").arg(program);
    command
}
