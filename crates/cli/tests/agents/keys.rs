//! Key files: made at first use, shared by both ends, refused with unsafe permissions (row 31).

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
    early.failed(2, "/key'; copy the key file of the primary to it");
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
