//! Agents get the lines from their primary, by any bytes.

use super::{Folder, ended};
use crate::support::start_command;

#[test]
fn an_agent_gets_any_bytes_and_needs_no_file() {
    let folder = Folder::new(b"a b\n\xffc\n\nd");
    let echo = ["--", "printf", "%s:%s\\n", "{n}", "{}"];
    for (option, expected) in
        [("--lines", &b"1:a b\n2:\xffc\n3:\n4:d\n"[..]), ("--lines0", b"1:a b\n\xffc\n\nd\n")]
    {
        let address = format!("unix:{}", folder.path("socket").display());
        let words = ["run", option, "f", "-k", "-j", "0", "--listen", &address];
        let primary = start_command(folder.command(&[&words[..], &echo].concat()));
        // The command is compared as before.
        let (status, _, said) =
            ended(&folder.run(&["join", &address, "--", "printf", "%s\\n", "{}"]));
        assert_eq!(status, Some(2), "{said}");
        assert!(said.contains("refuses this agent"), "{said}");
        let words = [&["join", &address], &echo[..]].concat();
        let (status, _, said) = ended(&folder.run(&words));
        assert_eq!(status, Some(0), "{said}");
        let output = primary.output();
        assert_eq!(output.stdout, expected, "{output:?}");
    }
}
