//! `--wiring` with `--listen` shows the listening socket, the connections with both addresses, and the agents with
//! their workers and pipes, and does not change the answer.

use crate::support::{Running, evenly, start_command, stderr, until};
use serde_json::Value;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// A directory for the sockets and the key of one test.
struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Self {
        let path =
            std::env::temp_dir().join(format!("evenly-wiring-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    /// A call there, with the key that is kept there.
    fn evenly(&self, words: &str) -> Command {
        let mut command = evenly(words);
        command.current_dir(&self.0).env("XDG_CONFIG_HOME", &self.0);
        command
    }

    fn join(&self, address: &str, workers: u32) -> Running {
        start_command(self.evenly(&format!("join {address} -j {workers} --silence 1s")))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A job that is gone through by hand.
struct Job {
    running: Running,
    enter: std::process::ChildStdin,
    shown: std::io::Lines<BufReader<std::process::ChildStderr>>,
    /// What was said beside the pictures.
    said: Vec<String>,
}

impl Job {
    /// Starts it, goes on to the pipes, and gives that picture and where it listens.
    fn start(place: &Place, words: &str) -> (Self, Value, String) {
        let (mut job, made) = Self::start_at_socket(place, words);
        assert_eq!(made["stage"], "socket_made");
        let first = job.until("pipes_made");
        let address = job.said[0].strip_prefix("evenly: listening at ").unwrap().to_owned();
        (job, first, address)
    }

    /// Starts it, and gives the first picture.
    fn start_at_socket(place: &Place, words: &str) -> (Self, Value) {
        let mut command = place.evenly(&format!("{words} --wiring --step --format json"));
        command.stdin(Stdio::piped());
        let mut running = start_command(command);
        let enter = running.child().stdin.take().unwrap();
        let shown = BufReader::new(running.child().stderr.take().unwrap()).lines();
        let mut job = Self { running, enter, shown, said: vec![] };
        let first = job.picture();
        (job, first)
    }

    /// The next picture; the job stands still then.
    fn picture(&mut self) -> Value {
        loop {
            let line = self.shown.next().unwrap().unwrap();
            match serde_json::from_str(&line) {
                Ok(picture) => return picture,
                Err(_) => self.said.push(line),
            }
        }
    }

    fn press_enter(&mut self) {
        self.enter.write_all(b"\n").unwrap();
    }

    /// Goes on until a stage.
    fn until(&mut self, stage: &str) -> Value {
        loop {
            self.press_enter();
            let picture = self.picture();
            if picture["stage"] == stage {
                return picture;
            }
        }
    }

    /// Goes on to the end; the answer, and what was said.
    fn end(mut self) -> (String, Vec<String>) {
        drop(self.enter);
        self.said.extend(self.shown.map(Result::unwrap));
        let output = self.running.output();
        assert!(output.status.success(), "{:?}", self.said);
        let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
        (answer["answer"].as_str().unwrap().to_owned(), self.said)
    }
}

fn list<'a>(of: &'a Value, what: &str) -> &'a [Value] {
    of[what].as_array().unwrap()
}

/// The one thing of its kind in a picture with this role or purpose.
#[track_caller]
fn one<'a>(picture: &'a Value, what: &str, key: &str, name: &str) -> &'a Value {
    let mut found = list(picture, what).iter().filter(|one| one[key] == name);
    let one = found.next().unwrap_or_else(|| panic!("no {name} in {picture:#}"));
    assert!(found.next().is_none(), "two of {name} in {picture:#}");
    one
}

fn socket<'a>(picture: &'a Value, purpose: &str) -> &'a Value {
    one(picture, "sockets", "purpose", purpose)
}

fn holders(of: &Value, ends: &str) -> Vec<u64> {
    list(of, ends).iter().map(|end| end["pid"].as_u64().unwrap()).collect()
}

/// Each worker of an agent reads a pipe of its own and writes that of the agent.
fn has_workers(picture: &Value, agent: u64, pid: u32, workers: u64) {
    let results = one(picture, "pipes", "purpose", &format!("results {agent}"));
    assert_eq!(holders(results, "readers"), [u64::from(pid)]);
    assert_eq!(results["write_ends_open"], workers);
    for worker in 1..=workers {
        let role = format!("worker {agent}.{worker}");
        let process = one(picture, "processes", "role", &role);
        assert_eq!(process["parent"], pid);
        let pipe = one(picture, "pipes", "purpose", &format!("to {role}"));
        let number = process["pid"].as_u64().unwrap();
        assert_eq!(holders(pipe, "writers"), [u64::from(pid)]);
        assert_eq!(holders(pipe, "readers"), [number]);
        assert!(holders(results, "writers").contains(&number));
    }
}

#[test]
fn an_agent_over_tcp_is_shown_with_its_connection_and_its_workers() {
    let place = Place::new("tcp");
    // Not over before the agent is there.
    let (mut job, first, at) =
        Job::start(&place, "count test:slow=1000 0..4000 -j 1 --listen tcp:127.0.0.1:0");
    assert_eq!(first["stage"], "pipes_made");
    let listening = socket(&first, "for agents");
    assert_eq!((&listening["kind"], &listening["state"]), (&"tcp".into(), &"listening".into()));
    assert_eq!(listening["address"], at.as_str());
    assert_eq!(listening["peer_address"], Value::Null);

    let agent = place.join(&at, 2);
    let joined = job.until("agent_joined");
    let ours = socket(&joined, "to agent 2");
    let theirs = socket(&joined, "from agent 2");
    for (one, other) in [(ours, theirs), (theirs, ours)] {
        assert_eq!((&one["kind"], &one["state"]), (&"tcp".into(), &"connected".into()));
        assert_eq!(one["address"], other["peer_address"]);
        assert_eq!(one["peer_inode"], other["inode"]);
    }
    assert_eq!(ours["address"], at.as_str());
    assert_eq!(holders(ours, "holders"), [u64::from(job.running.pid())]);
    assert_eq!(holders(theirs, "holders"), [u64::from(agent.pid())]);
    assert_eq!(socket(&joined, "for agents")["state"], "listening");
    has_workers(&joined, 2, agent.pid(), 2);
    // The workers of this machine have not a single socket.
    let sockets = list(&joined, "sockets").iter();
    let holders_of_all: Vec<_> = sockets.flat_map(|socket| holders(socket, "holders")).collect();
    let worker = one(&joined, "processes", "role", "worker 1")["pid"].as_u64().unwrap();
    assert!(!holders_of_all.contains(&worker));
    let told = &list(&joined, "agents")[0];
    assert_eq!((&told["pid"], &told["is_here"]), (&agent.pid().into(), &true.into()));
    assert_eq!(told["address"], theirs["address"]);
    assert_eq!(list(told, "worker_pids").len(), 2);

    let (answer, _) = job.end();
    assert_eq!(answer, "2000");
    assert!(agent.output().status.success());
}

#[test]
fn a_job_without_local_workers_has_the_stages_of_the_primary() {
    let place = Place::new("unix");
    let (mut job, first, at) = Job::start(&place, "count even 0..1e6 -j 0 --listen unix:board");
    assert_eq!((first["stage"].as_str(), at.as_str()), (Some("pipes_made"), "unix:board"));
    job.press_enter();
    let closed = job.picture();
    assert_eq!(closed["stage"], "closed");
    assert_eq!(list(&closed, "pipes").len(), 1);
    assert_eq!(list(&closed, "processes").len(), 1);

    let agent = place.join(&at, 2);
    job.press_enter();
    let connecting = job.picture();
    assert_eq!(connecting["stage"], "agent_connecting");
    assert_eq!(socket(&connecting, "for agents")["to_accept"], 1);
    job.press_enter();
    let joined = job.picture();
    assert_eq!(joined["stage"], "agent_joined");
    let (ours, theirs) = (socket(&joined, "to agent 1"), socket(&joined, "from agent 1"));
    assert_eq!((&ours["address"], &ours["peer_address"]), (&"unix:board".into(), &Value::Null));
    assert_eq!((&theirs["address"], &theirs["peer_address"]), (&Value::Null, &"unix:board".into()));
    assert_eq!((&ours["peer_inode"], &theirs["peer_inode"]), (&theirs["inode"], &ours["inode"]));
    has_workers(&joined, 1, agent.pid(), 2);

    job.press_enter();
    let sent = job.picture();
    assert_eq!((&sent["stage"], &sent["agent"]), (&"agent_range_sent".into(), &1.into()));
    let range = &list(&sent, "agents")[0]["range"];
    assert_eq!(range[0], "0");
    // The agent answers while the job stands still.
    job.press_enter();
    let answered = job.picture();
    assert_eq!((&answered["stage"], &answered["agent"]), (&"agent_answered".into(), &1.into()));
    let waiting = socket(&answered, "to agent 1")["bytes_to_read"].as_u64().unwrap();
    assert!(waiting > 0, "{answered:#}");

    let waited = job.until("waited");
    assert!(list(&waited, "sockets").iter().all(|socket| socket["state"] != "connected"));
    assert_eq!(job.end().0, "500000");
    assert!(agent.output().status.success());
}

#[test]
fn a_socket_is_shown_after_each_of_its_calls() {
    for (kind, address, calls) in [
        ("unix", "unix:board", &["unbound", "bound", "listening"][..]),
        ("tcp", "tcp:127.0.0.1:0", &["unbound", "bound", "listening"]),
        ("udp", "udp:127.0.0.1:0", &["unbound", "bound"]),
        ("unixgram", "unixgram:board", &["unbound", "bound"]),
    ] {
        let place = Place::new(&format!("calls-{kind}"));
        let words = format!("count even 0..100 -j 1 --listen {address}");
        let (mut job, mut picture) = Job::start_at_socket(&place, &words);
        let stages = ["socket_made", "socket_bound", "listening"];
        for (state, stage) in calls.iter().zip(stages) {
            assert_eq!(picture["stage"], stage, "{kind}");
            let [socket] = list(&picture, "sockets") else { panic!("{picture:#}") };
            assert_eq!((&socket["kind"], &socket["state"]), (&kind.into(), &(*state).into()));
            assert_eq!(socket["purpose"], "for agents", "{picture:#}");
            assert_eq!(list(&picture, "pipes").len(), 0, "{picture:#}");
            job.press_enter();
            picture = job.picture();
        }
        assert_eq!(picture["stage"], "pipes_made", "{kind}");
        assert_eq!(job.end().0, "50", "{kind}");
    }
}

#[test]
fn agents_keep_their_connection_at_a_long_stage() {
    let place = Place::new("long");
    let (mut job, _, at) = Job::start(
        &place,
        "count test:slow=1000 0..1000 -j 1 --deadline 3s --silence 1s --listen tcp:127.0.0.1:0 --listen unix:board",
    );
    let agents = [place.join(&at, 1), place.join("unix:board", 1)];
    job.until("agent_joined");
    // Longer than the deadline, and than the limit after which either end gives up a silent connection.
    std::thread::sleep(Duration::from_millis(3500));
    let both = job.until("agent_joined");
    assert_eq!(list(&both, "agents").len(), 2);
    std::thread::sleep(Duration::from_millis(1500));
    let (answer, said) = job.end();
    assert_eq!(answer, "500");
    let lost = ["sent nothing", "is gone", "sends again", "lost"];
    assert!(!said.iter().any(|line| lost.iter().any(|word| line.contains(word))), "{said:?}");
    for agent in agents {
        let output = agent.output();
        assert!(output.status.success(), "{output:?}");
        assert!(!stderr(&output).contains("lost"), "{output:?}");
    }
}

#[test]
fn the_text_fits_on_a_page_with_any_path() {
    let place = Place::new("text");
    let long = "a".repeat(100);
    let words = format!("count even 0..1e6 -j 0 --listen unix:{long} --wiring");
    let mut command = place.evenly(&words);
    command.env("LC_ALL", "C");
    let job = start_command(command);
    until("it listens", || place.0.join(&long).exists().then_some(()));
    let agents = [1, 2].map(|workers| place.join(&format!("unix:{long}"), workers));
    let output = job.output();
    assert_eq!(output.stdout, b"500000\n");
    let said = stderr(&output);
    for words in [
        "1. socket(): the primary has",
        "2. bind(): the socket has",
        "3. listen(): the kernel",
        "connect(): an agent called",
        "accept(): an agent joined",
        "write(): the range of agent 1",
        "   agent 1: 0..",
        "read(): the answer of agent 1",
        "for agents",
        "listening",
        "from agent 1",
        "to worker 1.1",
    ] {
        assert!(said.contains(words), "{words} is missing in {said}");
    }
    let is_ours = |line: &&str| !line.starts_with("evenly: ");
    let too_wide = |line: &str| line.chars().count() > 80;
    assert!(!said.lines().filter(is_ours).any(too_wide), "{said}");
    // No worker here writes results, so the pipe is not at its end.
    assert!(said.contains("0: no worker") && !said.contains("end of file"), "{said}");
    for agent in agents {
        drop(agent.output());
    }
    assert!(!Path::new(&place.0).join(&long).exists());
}
