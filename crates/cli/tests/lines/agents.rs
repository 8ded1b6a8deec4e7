//! Agents bring the same lines, by their bytes.

use super::{Folder, ended};
use crate::support::start_command;

#[test]
fn an_agent_needs_the_same_lines() {
    let folder = Folder::new(b"a b\n\xffc\n\nd");
    let echo = ["--", "printf", "%s:%s\\n", "{n}", "{}"];
    let address = format!("unix:{}", folder.path("socket").display());
    let words = ["run", "--lines", "f", "-k", "-j", "0", "--listen", &address];
    let primary = start_command(folder.command(&[&words[..], &echo].concat()));
    folder.write("other", b"a b\n\xffc\n\nD");
    for lines in [&[][..], &["--lines", "other"], &["--lines0", "f"]] {
        let words = [&["join", &address], lines, &echo].concat();
        let (status, _, said) = ended(&folder.run(&words));
        assert_eq!(status, Some(2), "{lines:?}: {said}");
        assert!(said.contains("refuses this agent"), "{lines:?}: {said}");
    }
    folder.write("copy", b"a b\n\xffc\n\nd");
    let words = [&["join", &address, "--lines", "copy"], &echo[..]].concat();
    let (status, _, said) = ended(&folder.run(&words));
    assert_eq!(status, Some(0), "{said}");
    let output = primary.output();
    assert_eq!(output.stdout, b"1:a b\n2:\xffc\n3:\n4:d\n", "{output:?}");
}
