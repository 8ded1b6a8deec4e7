//! `ssh HOST 'CMD &'`: the client waits, since the background process holds the output of the remote command.

use crate::hanging::directory;
use crate::{findings, inspect_by};
use libtest_mimic::Failed;
use serde_json::Value;
use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

pub(crate) const NEEDS: &[&str] = &["sshd", "ssh", "ssh-keygen", "bash", "setpriv"];

/// Processes that are killed at the end of the test.
struct Started(Vec<Child>);

impl Drop for Started {
    fn drop(&mut self) {
        for child in &mut self.0 {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// As the user of the server: another user may not read the descriptors of sshd.
pub(crate) fn with_a_background_job() -> Result<(), Failed> {
    let folder = directory().join("ssh.folder");
    fs::create_dir_all(&folder)?;
    let own = |name: &str| folder.join(name).display().to_string();
    for key in ["host-key", "user-key"] {
        let mut keygen = Command::new("ssh-keygen");
        let made = keygen.args(["-q", "-t", "ed25519", "-N", "", "-f", &own(key)]).status()?;
        assert!(made.success(), "{key}");
    }
    // A server that root starts needs it.
    let _ = fs::create_dir_all("/run/sshd");
    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let settings = format!(
        "Port {port}\nListenAddress 127.0.0.1\nHostKey {}\nAuthorizedKeysFile {}\nPidFile none\n\
         UsePAM no\nStrictModes no\nPasswordAuthentication no\nPermitRootLogin yes\n\
         SetEnv HOME={}\n",
        own("host-key"),
        own("user-key.pub"),
        // Startup files of the user may take any time.
        folder.display(),
    );
    fs::write(folder.join("settings"), settings)?;
    // sshd is started by its whole path only.
    let mut server = Command::new(path("sshd"));
    server.args(["-D", "-e", "-f", &own("settings")]).stdin(Stdio::null()).stderr(Stdio::null());
    let mut started = Started(vec![server.spawn()?]);
    evenly_testkit::watch::until("sshd answers", || TcpStream::connect(("127.0.0.1", port)).ok());
    let mut client = Command::new("ssh");
    client.args(["-F", "none", "-n", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=no"]);
    client.args(["-o", "UserKnownHostsFile=/dev/null", "-o", "IdentitiesOnly=yes"]);
    client.args(["-i", &own("user-key"), "-p", &port.to_string(), "127.0.0.1"]);
    client.arg("sleep 600 & echo $! >&2");
    client.stdin(Stdio::null()).stdout(Stdio::null());
    let said = folder.join("said");
    let client = client.stderr(fs::File::create(&said)?).spawn()?;
    let pid = client.id();
    started.0.push(client);
    let mut last = Value::Null;
    let found = (0..300).find_map(|_| {
        last = inspect_by(&mut Command::new(directory().join("inspect")), pid);
        let found = findings(&last).find(|one| one["kind"] == "inherited-output").cloned();
        if found.is_none() {
            std::thread::sleep(Duration::from_millis(100));
        }
        found
    });
    // The number of the background process is the last line that came over the connection.
    let said = fs::read_to_string(&said)?;
    let left = said.lines().last().unwrap_or_default().trim().to_owned();
    if left.parse::<u32>().is_ok() {
        Command::new("kill").arg(&left).status()?;
    }
    drop(started);
    fs::remove_dir_all(&folder)?;
    let found = found.ok_or_else(|| format!("no verdict: {last:#}"))?;
    let cause = found["cause"].as_str().unwrap_or_default();
    let says = ["sshd", "All write ends are held by sleep", "fd 1, 2"];
    assert!(says.iter().all(|part| cause.contains(part)), "{cause}");
    assert!(cause.contains(&left), "{cause}: {said}");
    let waits = found["also_waiting"].as_array().into_iter().flatten();
    assert!(waits.into_iter().any(|one| *one == pid), "{found:#}");
    Ok(())
}

fn path(program: &str) -> PathBuf {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let mut paths = std::env::split_paths(&paths).map(|path| path.join(program));
    paths.find(|path| path.is_file()).unwrap_or_else(|| Path::new(program).to_owned())
}
