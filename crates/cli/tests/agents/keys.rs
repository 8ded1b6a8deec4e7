//! Key files: made at first use, shared by both ends, refused with unsafe permissions (row 31).

use crate::support::process::Process;
use crate::support::site::{Site, Transport};
use std::fs;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

/// Writes a key of 32 equal bytes, for its owner only.
pub(crate) fn make(path: &Path, byte: u8) {
    use std::io::Write;
    let mut options = fs::OpenOptions::new();
    let mut file = options.write(true).create_new(true).mode(0o600).open(path).unwrap();
    file.write_all(&[byte; 32]).unwrap();
}

pub(crate) fn port_0_is_reported_as_the_port_in_use(site: &Site) {
    for host in ["127.0.0.1", "[::1]", "localhost"] {
        let words = format!("count even 0..100 -j 0 --listen tcp:{host}:0 --progress none");
        let mut primary = site.start(&words);
        let address = crate::support::site::listens_at(&mut primary);
        let port: u16 = address.rsplit_once(':').unwrap().1.parse().unwrap();
        assert_eq!(address, format!("tcp:{host}:{port}"));
        let agent = site.agent(&address, "-j 1");
        primary.ended().answers("50\n");
        agent.ended().answers("");
    }
}

/// The first primary that listens on a network makes the key file; agents and later primaries only read it.
pub(crate) fn made_and_used(site: &Site) {
    let (primary, address) = site.primary(Transport::Unix, "count even 0..100 -j 0");
    let agent = site.agent(&address, "-j 1");
    primary.ended().answers("50\n");
    agent.ended().answers("");
    assert!(!site.configuration().exists(), "a socket within the machine needs no key");

    let early = site.agent("tcp:127.0.0.1:1", "-j 1").ended();
    early.failed(2, "evenly: there is no key file '");
    early.failed(2, "/key'; on the machine of the primary run 'evenly key show'");
    assert!(!early.stderr.contains("keygen"), "a key made here opens nothing there: {early:?}");
    assert!(!site.configuration().exists(), "an agent makes no key");

    let mut before = vec![];
    for _ in 0..2 {
        let (primary, address) = site.primary(Transport::Tcp, "count even 0..100 -j 0");
        let agent = site.agent(&address, "-j 1");
        primary.ended().answers("50\n");
        agent.ended().answers("");
        let path = site.configuration().join("evenly/key");
        let (file, directory) = (fs::metadata(&path).unwrap(), path.parent().unwrap());
        assert_eq!((file.mode() & 0o777, file.len()), (0o600, 32));
        assert_eq!(fs::metadata(directory).unwrap().mode() & 0o777, 0o700);
        let key = fs::read(&path).unwrap();
        assert!(key.iter().any(|byte| *byte != key[0]), "{key:?}");
        assert!(before.is_empty() || before == key, "it is made once");
        before = key;
    }
}

/// The line of `key show`, run by a shell on another machine, gives that machine the key.
pub(crate) fn shown_and_added(site: &Site) {
    let (primary, address) = site.primary(Transport::Tcp, "count even 0..100 -j 0");
    let line = site.start("key show").ended();
    assert!(line.stdout.starts_with("evenly key add evenly-key-"), "{line:?}");
    let text = site.start("key show --text").ended().stdout;
    assert_eq!(line.stdout, format!("evenly key add {text}"));

    let home = site.own("other");
    let added = |words: &[&str], input: &str| {
        let mut command = site.command("key add");
        command.args(words).env("XDG_CONFIG_HOME", &home);
        // A shell gives it, as the start of a process sets its standard input.
        let mut shell = std::process::Command::new("sh");
        shell.args(["-c", r#"printf %s "$INPUT" | "$0" "$@""#]).arg(command.get_program());
        shell.args(command.get_args()).env("INPUT", input);
        shell.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        Process::start(shell).ended()
    };
    let word = text.trim_end();
    added(&[&word[..word.len() - 1]], "").failed(2, "damaged or cut off; copy the whole line");
    added(&["-"], "nonsense").failed(2, "evenly: this is not the text of a key; ");
    assert!(!home.exists(), "a refused key makes nothing");
    // The same key may be added again.
    for (words, input) in [(&["-"], &*line.stdout), (&[word], "")] {
        let ended = added(words, input);
        ended.answers("");
        assert!(ended.stderr.contains("evenly: the key is in "), "{ended:?}");
    }
    let path = home.join("evenly/key");
    assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
    assert_eq!(fs::metadata(path.parent().unwrap()).unwrap().mode() & 0o777, 0o700);
    make(&site.own("another"), 7);
    let another = format!("key show --text --key-file {}", site.own("another").display());
    let another = site.start(&another).ended().stdout;
    added(&[another.trim_end()], "").failed(2, "' holds another key and is not overwritten; ");
    let second = site.own("second");
    added(&[another.trim_end(), "--key-file", second.to_str().unwrap()], "").answers("");

    let mut command = site.command(&format!("join {address} -j 1"));
    command.env("XDG_CONFIG_HOME", &home);
    Process::start(command).ended().answers("");
    primary.ended().answers("50\n");
}

/// An environment variable can hold the key, as in a container.
pub(crate) fn in_a_variable(site: &Site) {
    let file = site.own("key");
    make(&file, 5);
    let text = site.start(&format!("key show --text --key-file {}", file.display())).ended().stdout;
    let start = |words: &str, text: &str| {
        let mut command = site.command(words);
        command.env("EVENLY_TEST_KEY", text);
        Process::start(command)
    };
    let words = "count even 0..100 -j 0 --listen tcp:127.0.0.1:0 --key-env EVENLY_TEST_KEY";
    let mut primary = start(words, text.trim_end());
    let address = crate::support::site::listens_at(&mut primary);
    let join = format!("join {address} -j 1 --key-env EVENLY_TEST_KEY");
    start(&join, "evenly-key-00").ended().failed(2, "'EVENLY_TEST_KEY' of --key-env: ");
    let unset = format!("join {address} -j 1 --key-env EVENLY_NO_KEY");
    site.start(&unset).ended().failed(2, "'EVENLY_NO_KEY' of --key-env is not set; ");
    start(&join, text.trim_end()).ended().answers("");
    primary.ended().answers("50\n");
    assert!(!site.configuration().exists(), "no key file is made");
    start("count even 0..9 --key-env EVENLY_TEST_KEY", "")
        .ended()
        .failed(2, "--key-env is only used with --listen ADDR");
}

/// Both keys are taken while one is replaced by the other.
pub(crate) fn rotated(site: &Site) {
    let keys = [1, 2, 3].map(|number| {
        let path = site.own(&format!("key{number}"));
        make(&path, number);
        format!("--key-file {}", path.display())
    });
    let words = format!("count test:slow=1000 0..2000 -j 0 {} {}", keys[1], keys[0]);
    let (mut primary, address) = site.primary(Transport::Tcp, &words);
    let agents = [0, 1].map(|key| site.agent(&address, &format!("-j 1 {}", keys[key])));
    primary.lines(" joined with ", 2);
    primary.ended().answers("1000\n");
    agents.into_iter().for_each(|agent| agent.ended().answers(""));

    let three = format!("count even 0..9 --listen tcp:127.0.0.1:0 {}", keys.join(" "));
    site.start(&three).ended().failed(2, "--key-file is given more than twice");
}

pub(crate) fn that_are_none(site: &Site) {
    let path = |name: &str| site.own(name);
    make(&path("short"), 1);
    fs::write(path("short"), [1; 31]).unwrap();
    make(&path("long"), 1);
    fs::write(path("long"), [1; 33]).unwrap();
    make(&path("open"), 1);
    fs::set_permissions(path("open"), fs::Permissions::from_mode(0o640)).unwrap();
    make(&path("theirs"), 1);
    std::os::unix::fs::chown(path("theirs"), Some(61237), None).unwrap();
    fs::create_dir(path("directory")).unwrap();
    make(&path("good"), 1);
    std::os::unix::fs::symlink(path("good"), path("link")).unwrap();
    let cases = [
        ("missing", "there is no key file '"),
        ("short", "holds 31 bytes and a key has 32"),
        ("long", "holds 33 bytes and a key has 32"),
        ("open", "other users can use the key file '"),
        ("theirs", "belongs to user 61237, and this is user 0"),
        ("directory", "is not a regular file"),
    ];
    let unix = site.address(Transport::Unix);
    for (name, said) in cases {
        let key = path(name);
        let words = [
            format!("count even 0..9 -j 1 --listen {unix} --listen tcp:127.0.0.1:0"),
            "join tcp:127.0.0.1:1 -j 1".to_owned(),
        ];
        for words in words {
            let ended = site.start(&format!("{words} --key-file {}", key.display())).ended();
            ended.failed(2, said);
            assert!(ended.stderr.contains(&format!("{}'", key.display())), "{ended:?}");
            assert_eq!(ended.stderr.lines().count(), 1, "nothing was listened at: {ended:?}");
        }
    }
}
