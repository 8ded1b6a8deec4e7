//! Variables of Slurm (sbatch(1), "OUTPUT ENVIRONMENT VARIABLES").

use super::system::{QUEUE, System, number, text};

/// One node, one task on it. As under Slurm, `SLURM_RESTART_COUNT` is there from the second attempt on.
pub(super) const SLURM: System = System {
    prefixes: &["SLURM_", "SLURMD_"],
    kept: &["SLURM_CONF"],
    variables: &[
        ("SLURM_ARRAY_JOB_ID", |task| task.of_array(task.job.id())),
        ("SLURM_ARRAY_TASK_ID", |task| task.of_array(task.n)),
        ("SLURM_ARRAY_TASK_COUNT", |task| task.of_array(task.job.count())),
        ("SLURM_ARRAY_TASK_MIN", |task| task.of_array(task.job.first())),
        ("SLURM_ARRAY_TASK_MAX", |task| task.of_array(task.job.last())),
        ("SLURM_ARRAY_TASK_STEP", |task| task.of_array(task.job.step())),
        ("SLURM_JOB_ID", |task| number(task.id())),
        ("SLURM_JOBID", |task| number(task.id())),
        ("SLURM_JOB_NAME", |task| Some(task.submission().name.clone())),
        ("SLURM_JOB_PARTITION", |task| Some(task.details().partition.clone())),
        ("SLURM_JOB_USER", |task| Some(task.machine().user.clone())),
        ("SLURM_JOB_UID", |task| number(task.machine().uid)),
        ("SLURM_JOB_GID", |task| number(task.machine().gid)),
        ("SLURM_SUBMIT_DIR", |task| Some(task.submission().directory.clone())),
        ("SLURM_SUBMIT_HOST", |task| Some(task.submission().host.clone())),
        ("SLURM_CLUSTER_NAME", |_| text(QUEUE)),
        ("SLURM_CPUS_PER_TASK", |task| number(task.submission().cpus)),
        ("SLURM_CPUS_ON_NODE", |task| number(task.job.cpus())),
        ("SLURM_JOB_CPUS_PER_NODE", |task| number(task.job.cpus())),
        ("SLURM_NTASKS", |task| number(task.details().processes)),
        ("SLURM_NPROCS", |task| number(task.details().processes)),
        ("SLURM_TASKS_PER_NODE", |task| number(task.details().processes)),
        ("SLURM_PROCID", |_| number(0)),
        ("SLURM_LOCALID", |_| number(0)),
        ("SLURM_GTIDS", |_| number(0)),
        ("SLURM_NODEID", |_| number(0)),
        ("SLURM_NNODES", |_| number(1)),
        ("SLURM_JOB_NUM_NODES", |_| number(1)),
        ("SLURM_NODELIST", |task| Some(task.machine().host.clone())),
        ("SLURM_JOB_NODELIST", |task| Some(task.machine().host.clone())),
        ("SLURMD_NODENAME", |task| Some(task.machine().host.clone())),
        ("SLURM_RESTART_COUNT", |task| {
            task.attempt.checked_sub(1).filter(|restarts| *restarts > 0).and_then(number)
        }),
        ("SLURM_MEM_PER_NODE", |task| task.details().memory.and_then(number)),
        ("SLURM_MEM_PER_CPU", |task| task.details().memory_per_cpu.and_then(number)),
        ("SLURM_EXPORT_ENV", |task| task.details().exported.clone()),
        ("SLURM_GET_USER_ENV", |task| {
            let exported = task.details().exported.as_ref()?;
            (exported != "ALL").then(|| "1".into())
        }),
        ("ENVIRONMENT", |_| text("BATCH")),
        ("HOSTNAME", |task| Some(task.machine().host.clone())),
        ("TMPDIR", |task| Some(task.directory())),
    ],
};
