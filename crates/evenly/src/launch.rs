//! What a job starts to get agents on other machines: a program for each host, and what it brings there.

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
    /// What the other machine needs before the agent starts. The standard streams of the program are the connection to the agent
    /// then; without it the agent joins at an address.
    pub bootstrap: Option<Bootstrap>,
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
