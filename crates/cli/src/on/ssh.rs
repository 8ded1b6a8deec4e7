//! Start of an agent by ssh: the words of ssh, and the script that the shell of the host gets.

use super::agent_call::AgentCall;
use super::copies::Copies;
use super::places::SshHost;
use evenly::internal::{Bootstrap, Launch};
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::rc::Rc;

/// The variable with another ssh, and options for it.
const PROGRAM: &str = "EVENLY_SSH";

/// Options of ssh. As scp, it forwards nothing and runs no other command, whatever the configuration says. It never asks
/// for a password, and ends when the host does not answer.
const OPTIONS: [&str; 18] = [
    "-T",
    "-x",
    "-o",
    "BatchMode=yes",
    "-o",
    "ClearAllForwardings=yes",
    "-o",
    "PermitLocalCommand=no",
    "-o",
    "RemoteCommand=none",
    "-o",
    "ControlMaster=no",
    "-o",
    "ConnectTimeout=20",
    "-o",
    "ServerAliveInterval=5",
    "-o",
    "ServerAliveCountMax=3",
];

/// The script without the words of this call.
const SCRIPT: &str = include_str!("remote.sh");

/// The words before the host, for all hosts.
///
/// # Errors
/// If EVENLY_SSH has no words.
pub(super) fn program() -> Result<Vec<OsString>, String> {
    let typed = std::env::var_os(PROGRAM).unwrap_or_else(|| "ssh".into());
    let words = typed.to_str().and_then(shlex::split).filter(|words| !words.is_empty());
    let words = words.ok_or_else(|| {
        format!("{PROGRAM} is not the words of a command; write it as in: {PROGRAM}='ssh -F FILE'")
    })?;
    Ok(words.into_iter().map(OsString::from).chain(OPTIONS.map(OsString::from)).collect())
}

/// The start of an agent on this host.
pub(super) fn launch(
    host: &SshHost,
    program: &[OsString],
    (call, copies): (&AgentCall, &Copies),
) -> Launch {
    let script = script(host, call, copies);
    let mut words = program.to_vec();
    words.push(host.host.clone().into());
    // One line with neither a quote nor a backslash within, so that csh and fish read it as sh does. `head` takes no
    // more than is sent before the script answers.
    words.push(
        format!(
            "exec /bin/sh -c 'echo evenly-launch ready; s=$(head -c {}); eval \"$s\"'",
            script.len()
        )
        .into(),
    );
    let bootstrap = Bootstrap { script: Rc::from(script), files: copies.files() };
    Launch { name: format!("ssh:{}", host.host), words, joins_at: None, bootstrap: Some(bootstrap) }
}

fn script(host: &SshHost, call: &AgentCall, copies: &Copies) -> Vec<u8> {
    let mut script = SCRIPT.as_bytes().to_vec();
    let mut line = |words: &[&OsStr]| {
        let quoted: Vec<Vec<u8>> = words.iter().map(|word| quoted(word)).collect();
        script.extend_from_slice(&quoted.join(&b' '));
        script.push(b'\n');
    };
    let system = rustix::system::uname();
    let (os, machine) = (system.sysname().to_bytes(), system.machine().to_bytes());
    line(&["check".as_ref(), OsStr::from_bytes(os), OsStr::from_bytes(machine)]);
    for (hash, length) in copies.listed() {
        line(&["copy".as_ref(), hash.as_ref(), length.to_string().as_ref()]);
    }
    line(&["enter".as_ref(), call.directory.as_os_str()]);
    let mut words: Vec<OsString> = vec!["join".into(), "stdio:".into()];
    if let Some(workers) = host.workers {
        words.extend(["-j".into(), workers.to_string().into()]);
    }
    words.push(if call.is_verbose { "-v" } else { "-q" }.into());
    if let Some(silence) = &call.silence {
        words.push(format!("--silence={silence}").into());
    }
    let mut start = b"start ".to_vec();
    start.extend_from_slice(copies.program().as_bytes());
    let mut push = |word: &[u8]| {
        start.push(b' ');
        start.extend_from_slice(word);
    };
    words.iter().for_each(|word| push(&quoted(word)));
    if let Some((hash, symbol)) = copies.library() {
        push(b"--lib");
        push(&[&in_cache(hash)[..], b":", &quoted(OsStr::new(symbol))].concat());
    }
    for hash in copies.depends() {
        push(b"--depends");
        push(&in_cache(hash));
    }
    if !call.cmd.is_empty() {
        push(b"--");
        call.cmd.iter().for_each(|word| push(&quoted(word)));
    }
    start.push(b'\n');
    script.extend_from_slice(&start);
    script
}

/// The path of a copy there, for the shell.
fn in_cache(hash: &str) -> Vec<u8> {
    format!("\"$cache\"/{hash}/evenly").into_bytes()
}

/// A word that any POSIX shell reads as it is.
fn quoted(word: &OsStr) -> Vec<u8> {
    let mut quoted = vec![b'\''];
    for byte in word.as_bytes() {
        match byte {
            b'\'' => quoted.extend_from_slice(br"'\''"),
            byte => quoted.push(*byte),
        }
    }
    quoted.push(b'\'');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::ffi::OsStringExt;
    use std::path::Path;
    use std::process::Command;

    #[test]
    fn the_shell_reads_every_word_as_it_is() {
        for word in [&b"a b"[..], b"it's", b"$HOME `x` \\n \"q\" !", b"line\nline", b"\xff*?", b""]
        {
            let word = OsString::from_vec(word.to_vec());
            let mut script = b"printf %s ".to_vec();
            script.extend_from_slice(&quoted(&word));
            let output =
                Command::new("sh").arg("-c").arg(OsString::from_vec(script)).output().unwrap();
            assert_eq!(output.stdout, word.as_bytes());
        }
    }

    #[test]
    fn the_words_for_a_login_shell_hold_nothing_that_one_of_them_changes() {
        let host = SshHost { host: "a".to_owned(), workers: None };
        let call = AgentCall { directory: Path::new("/it's").into(), ..AgentCall::default() };
        let launch = launch(&host, &["ssh".into()], (&call, &Copies::default()));
        let last = launch.words.last().unwrap().to_str().unwrap();
        let (before, inside) = last.split_once('\'').unwrap();
        let inside = inside.strip_suffix('\'').unwrap();
        assert_eq!(before, "exec /bin/sh -c ");
        assert!(!inside.contains(['\'', '\\', '!', '\n']), "{inside}");
    }
}
