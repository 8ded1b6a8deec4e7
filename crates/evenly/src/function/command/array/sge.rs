//! Variables of Grid Engine (qsub(1), "ENVIRONMENTAL VARIABLES").

use super::system::{QUEUE, System, number, text};
use std::env::var_os;

/// All tasks of an array have one `JOB_ID`; `SGE_TASK_ID` tells them apart.
pub(super) const SGE: System = System {
    prefixes: &["SGE_", "PE_"],
    kept: &[
        "SGE_ROOT",
        "SGE_CELL",
        "SGE_CLUSTER_NAME",
        "SGE_QMASTER_PORT",
        "SGE_EXECD_PORT",
        "SGE_BINARY_PATH",
    ],
    variables: &[
        ("SGE_TASK_ID", |task| number(task.n)),
        ("SGE_TASK_FIRST", |task| number(task.job.first())),
        ("SGE_TASK_LAST", |task| number(task.job.last())),
        ("SGE_TASK_STEPSIZE", |task| number(task.job.step())),
        ("JOB_ID", |task| number(task.job.id())),
        ("JOB_NAME", |task| Some(task.submission().name.clone())),
        ("REQUEST", |task| Some(task.submission().name.clone())),
        ("QUEUE", |_| text(QUEUE)),
        ("NSLOTS", |task| number(task.job.cpus())),
        ("NHOSTS", |_| number(1)),
        ("NQUEUES", |_| number(1)),
        ("RESTARTED", |task| number(u8::from(task.attempt > 1))),
        ("SGE_O_WORKDIR", |task| Some(task.submission().directory.clone())),
        ("SGE_CWD_PATH", |task| Some(task.submission().directory.clone())),
        ("SGE_O_HOST", |task| Some(task.submission().host.clone())),
        ("SGE_O_LOGNAME", |task| Some(task.machine().user.clone())),
        ("SGE_O_HOME", |_| var_os("HOME")),
        ("SGE_O_PATH", |_| var_os("PATH")),
        ("SGE_O_SHELL", |_| var_os("SHELL")),
        ("SGE_O_MAIL", |_| var_os("MAIL")),
        ("SGE_O_TZ", |_| var_os("TZ")),
        ("ENVIRONMENT", |_| text("BATCH")),
        ("HOSTNAME", |task| Some(task.machine().host.clone())),
        ("TMPDIR", |task| Some(task.directory())),
        ("TMP", |task| Some(task.directory())),
    ],
};
