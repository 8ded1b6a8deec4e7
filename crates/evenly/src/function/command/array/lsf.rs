//! Variables of IBM Spectrum LSF ("Environment variables set for job execution").

use super::system::{QUEUE, System, number, text};
use std::ffi::OsString;

/// All tasks of an array have one `LSB_JOBID`; `LSB_JOBINDEX` tells them apart.
pub(super) const LSF: System = System {
    prefixes: &["LSB_", "LS_"],
    kept: &[],
    variables: &[
        ("LSB_JOBINDEX", |task| number(task.n)),
        ("LSB_JOBINDEX_END", |task| number(task.job.last())),
        ("LSB_JOBINDEX_STEP", |task| number(task.job.step())),
        ("LSB_JOBID", |task| number(task.job.id())),
        ("LSB_BATCH_JID", |task| Some(format!("{}[{}]", task.job.id(), task.n).into())),
        ("LSB_JOBNAME", |task| {
            let mut name = task.submission().name.clone();
            name.push(format!("[{}]", task.n));
            Some(name)
        }),
        ("LSB_QUEUE", |_| text(QUEUE)),
        ("LSB_SUB_HOST", |task| Some(task.submission().host.clone())),
        ("LSB_JOB_EXECUSER", |task| Some(task.machine().user.clone())),
        ("LSFUSER", |task| Some(task.machine().user.clone())),
        ("LSB_HOSTS", |task| {
            let cpus = task.job.cpus() as usize;
            Some(vec![task.machine().host.clone(); cpus.min(1 << 10)].join(" ".as_ref()))
        }),
        ("LSB_MCPU_HOSTS", |task| {
            let mut text = OsString::from(&task.machine().host);
            text.push(format!(" {} ", task.job.cpus()));
            Some(text)
        }),
        ("LSB_DJOB_HOSTFILE", |task| Some(task.files.hosts.clone().into_os_string())),
        ("LSB_DJOB_NUMPROC", |task| number(task.job.cpus())),
        ("LSB_MAX_NUM_PROCESSORS", |task| number(task.job.cpus())),
        ("LSB_RESTART", |task| (task.attempt > 1).then(|| "Y".into())),
        ("LS_SUBCWD", |task| Some(task.submission().directory.clone())),
        ("LS_EXECCWD", |task| Some(task.submission().directory.clone())),
        ("TMPDIR", |task| Some(task.directory())),
    ],
};
