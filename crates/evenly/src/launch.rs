//! What a job starts to get agents on other machines: a program for each host, and what it brings there.

use crate::transport::Address;
use std::ffi::OsString;
use std::fs::File;
use std::rc::Rc;

/// A program that starts an agent elsewhere, as `ssh` does. It is started again whenever it ends before the job.
#[derive(Clone, Debug)]
pub struct Launch {
    /// What messages call it.
    pub name: String,
    /// The program and its arguments.
    pub words: Vec<OsString>,
    /// The index of the word that becomes the address at which the agent joins, and that address. Its port is
    /// replaced by that of the first address of its kind at which the job listens.
    pub joins_at: Option<(usize, Address)>,
    /// What the other machine needs before the agent starts. The standard streams of the program are the connection to the agent
    /// then; without it the agent joins at an address.
    pub bootstrap: Option<Bootstrap>,
}

impl Launch {
    /// The same, with the address at which its agent joins in its words. `listening`: the addresses of the job.
    pub(crate) fn resolved(&self, listening: &[Address]) -> Self {
        let mut resolved = self.clone();
        if let Some((index, address)) = &self.joins_at
            && let Some(word) = resolved.words.get_mut(*index)
        {
            let port = listening.iter().find(|one| one.kind() == address.kind());
            let port = port.and_then(Address::port);
            *word = port
                .map_or_else(|| address.clone(), |port| address.with_port(port))
                .to_string()
                .into();
        }
        resolved
    }
}

/// A shell script for the other machine, and the files that it asks for.
///
/// The program first prints `evenly-launch ready`, and then gets the script. The script prints lines that begin with
/// `evenly-launch ` and one of these words; all other lines are ignored.
///
/// ```text
/// send HASH     gets the bytes of that file
/// say TEXT      for the user
/// stop TEXT     this machine cannot work for the job
/// fail TEXT     it cannot now; it is tried again later
/// join          what follows is the connection of the agent
/// ```
#[derive(Clone, Debug)]
pub struct Bootstrap {
    /// The script.
    pub script: Rc<[u8]>,
    /// The files that it may ask for.
    pub files: Rc<[SentFile]>,
}

/// A file that is copied to other machines.
#[derive(Debug)]
pub struct SentFile {
    /// By which the script asks for it.
    pub hash: String,
    /// The open file.
    pub file: File,
    /// How many bytes of it are sent.
    pub length: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word_of_an_address_gets_the_port_at_which_the_job_listens() {
        let address = |text: &str| text.parse::<Address>().unwrap();
        let launch = Launch {
            name: "a".to_owned(),
            words: ["srun", "join", "", "-q"].map(OsString::from).into(),
            joins_at: Some((2, address("tcp:node1:0"))),
            bootstrap: None,
        };
        let listening = ["unix:socket", "udp:0.0.0.0:5", "tcp:0.0.0.0:7000", "tcp:127.0.0.1:7001"];
        let words = launch.resolved(&listening.map(address)).words;
        assert_eq!(words, ["srun", "join", "tcp:node1:7000", "-q"]);
    }
}
