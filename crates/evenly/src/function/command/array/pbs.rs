//! Variables of PBS Professional (qsub(1B), "ENVIRONMENT VARIABLES"), and those that Torque names otherwise.

use super::system::{QUEUE, System, Task, number, text};
use std::env::var_os;
use std::ffi::OsString;

pub(super) const PBS: System = System {
    prefixes: &["PBS_"],
    kept: &["PBS_CONF_FILE", "PBS_DEFAULT", "PBS_SERVER", "PBS_EXEC", "PBS_HOME"],
    variables: &[
        ("PBS_ARRAY_INDEX", |task| number(task.n)),
        ("PBS_ARRAYID", |task| number(task.n)),
        ("PBS_ARRAY_ID", |task| Some(identifier(task, "[]"))),
        ("PBS_JOBID", |task| Some(identifier(task, &format!("[{}]", task.n)))),
        ("PBS_JOBNAME", |task| Some(task.submission().name.clone())),
        ("PBS_ENVIRONMENT", |_| text("PBS_BATCH")),
        ("PBS_QUEUE", |_| text(QUEUE)),
        ("PBS_O_QUEUE", |_| text(QUEUE)),
        ("PBS_O_WORKDIR", |task| Some(task.submission().directory.clone())),
        ("PBS_O_HOST", |task| Some(task.submission().host.clone())),
        ("PBS_O_LOGNAME", |task| Some(task.machine().user.clone())),
        ("PBS_O_SYSTEM", |_| text("Linux")),
        ("PBS_O_HOME", |_| var_os("HOME")),
        ("PBS_O_PATH", |_| var_os("PATH")),
        ("PBS_O_SHELL", |_| var_os("SHELL")),
        ("PBS_O_LANG", |_| var_os("LANG")),
        ("PBS_O_MAIL", |_| var_os("MAIL")),
        ("PBS_O_TZ", |_| var_os("TZ")),
        ("PBS_NODEFILE", |task| Some(task.files.hosts.clone().into_os_string())),
        ("PBS_NUM_NODES", |_| number(1)),
        ("PBS_NUM_PPN", |task| number(task.job.cpus())),
        ("PBS_NP", |task| number(task.job.cpus())),
        ("NCPUS", |task| number(task.job.cpus())),
        ("PBS_NODENUM", |_| number(0)),
        ("PBS_VNODENUM", |_| number(0)),
        ("PBS_TASKNUM", |_| number(1)),
        ("TMPDIR", |task| Some(task.directory())),
    ],
};

/// The identifier of a job: its number with what follows it, and the host of its server.
fn identifier(task: &Task<'_>, behind: &str) -> OsString {
    let mut text = OsString::from(format!("{}{behind}.", task.job.id()));
    text.push(&task.submission().host);
    text
}
